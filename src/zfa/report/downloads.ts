/**
 * What was downloaded in a month, from the records of the service. Pure.
 *
 * Each record counts in one month: in that in which it became complete, and as long as it is not,
 * in that in which it began. Its octets go with it. So the number of complete downloads of a month
 * that is over never changes any more.
 */

/** A record of a download (database/schema.ts, `downloads`). */
export interface DownloadRow {
  readonly holder: string;
  /** `czds/com`, `bundle/20261122`, `files/com/com.zone.gz`. */
  readonly file: string;
  /** Seconds since 1970. */
  readonly began: number;
  /** When it was complete; undefined: it is not. */
  readonly ended: number | undefined;
  /** Octets. */
  readonly sent: number;
}

export interface DownloadFigures {
  /** That became complete. */
  readonly complete: number;
  /** That were begun and are not complete. */
  readonly unfinished: number;
  /** Octets sent for downloads that were begun or became complete. */
  readonly bytes: number;
  /** Holders that downloaded anything. */
  readonly holders: number;
}

/** Figures by what was downloaded, sorted by name. */
export type DownloadsBy = Readonly<Record<string, DownloadFigures>>;

export interface DownloadCount {
  readonly all: DownloadFigures;
  /** By a zone's label; `bundles`: those of all days, which hold several zones. */
  readonly by: DownloadsBy;
  /** By file: `czds/com`, `files/com/com.zone.gz`, `bundles` (of all days). */
  readonly files: DownloadsBy;
}

/** The name for bundles among zones and files; no zone can have it (config.ts). */
const BUNDLES = 'bundles';

/**
 * Counts the records of the time from `from` to before `to`.
 *
 * @param now what became complete after it was not complete then.
 */
export function countDownloads(
  rows: readonly DownloadRow[],
  from: number,
  to: number,
  now: number = to,
): DownloadCount {
  const all = newTally();
  const by = new Map<string, Tally>();
  const files = new Map<string, Tally>();
  for (const row of rows) {
    const complete = row.ended !== undefined && row.ended <= now;
    const time = complete ? row.ended : row.began;
    if (time === undefined || time < from || time >= to) continue;
    const [kind, zone] = row.file.split('/');
    const bundle = kind === 'bundle';
    count(all, row, complete);
    count(tallyOf(by, bundle ? BUNDLES : zone), row, complete);
    count(tallyOf(files, bundle ? BUNDLES : row.file), row, complete);
  }
  return { all: figuresOf(all), by: sorted(by), files: sorted(files) };
}

/** Figures that are being counted. */
interface Tally {
  complete: number;
  unfinished: number;
  bytes: number;
  readonly holders: Set<string>;
}

function newTally(): Tally {
  return { complete: 0, unfinished: 0, bytes: 0, holders: new Set() };
}

function tallyOf(tallies: Map<string, Tally>, name: string): Tally {
  const tally = tallies.get(name) ?? newTally();
  tallies.set(name, tally);
  return tally;
}

function count(tally: Tally, { holder, sent }: DownloadRow, complete: boolean): void {
  if (complete) tally.complete++;
  else tally.unfinished++;
  tally.bytes += sent;
  tally.holders.add(holder);
}

function figuresOf({ holders, ...counts }: Tally): DownloadFigures {
  return { ...counts, holders: holders.size };
}

function sorted(tallies: ReadonlyMap<string, Tally>): DownloadsBy {
  const names = [...tallies].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(names.map(([name, tally]) => [name, figuresOf(tally)]));
}
