/** What was downloaded in a month, from the records of the service. Pure. */

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

/** Figures by what was downloaded: a zone's label, or `bundles`. */
export type DownloadsByKind = Readonly<Record<string, DownloadFigures>>;

/** A download counts in the month in which it became complete; one that did not, in that of its begin. */
export function countDownloads(
  rows: readonly DownloadRow[],
  from: number,
  to: number,
): { readonly all: DownloadFigures; readonly by: DownloadsByKind } {
  const counted = rows.filter(({ began, ended }) => {
    const time = ended ?? began;
    return time >= from && time < to;
  });
  const kinds = [...new Set(counted.map(({ file }) => kindOf(file)))].sort();
  return {
    all: sum(counted),
    by: Object.fromEntries(
      kinds.map((kind) => [kind, sum(counted.filter(({ file }) => kindOf(file) === kind))]),
    ),
  };
}

/** The zone of a file, or `bundles`. */
function kindOf(file: string): string {
  const [kind, zone] = file.split('/');
  return kind === 'bundle' ? 'bundles' : zone;
}

function sum(rows: readonly DownloadRow[]): DownloadFigures {
  const complete = rows.filter(({ ended }) => ended !== undefined).length;
  return {
    complete,
    unfinished: rows.length - complete,
    bytes: rows.reduce((total, { sent }) => total + sent, 0),
    holders: new Set(rows.map(({ holder }) => holder)).size,
  };
}
