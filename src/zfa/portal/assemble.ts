/** From what is on the disk and in the database to what the page shows. Pure. */

import { parseTime } from '../../config/time.js';
import type { Holder } from '../holders/model.js';
import type {
  GrowthDay,
  HomePage,
  PortalAgreement,
  PortalBundle,
  PortalFile,
  PortalZone,
  PortalZoneDay,
} from './model.js';

/** A day of a zone, as the database keeps it: what was bundled. */
export interface ZoneDay {
  /** YYYYMMDD. */
  readonly date: string;
  readonly generation: string;
  readonly serial: number;
  readonly delegations: number | undefined;
  readonly added: number | undefined;
  readonly removed: number | undefined;
  /** Octets of the packed zone file, and its SHA-256. */
  readonly packed: number;
  readonly sha256: string;
}

/** What is published of a zone now. */
export interface CurrentZone {
  readonly generation: string;
  readonly serial: number;
  readonly buildTime: number;
  /** As in manifest.json. */
  readonly counts: Readonly<Record<string, unknown>>;
  readonly files: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly sha256: string;
    readonly href: string;
  }[];
}

/** All that is known of a zone. */
export interface ZoneSources {
  /** undefined: nothing is published yet. */
  readonly current: CurrentZone | undefined;
  /** Oldest first. */
  readonly days: readonly ZoneDay[];
}

/** All that a holder's page is made of. */
export interface PageSources {
  readonly origin: string;
  readonly now: number;
  readonly holder: Holder;
  readonly limitHours: number;
  readonly keepDays: number;
  /** What is to be agreed to; undefined: nothing. */
  readonly agreement:
    | {
        readonly version: string;
        readonly text: string | undefined;
        /** Has the holder accepted this version? */
        readonly agreed: boolean;
      }
    | undefined;
  readonly unticked: boolean;
  readonly publicKey: string | undefined;
  zone(label: string): ZoneSources;
  /** The bundles that are there, in any order. */
  readonly bundles: readonly PortalBundle[];
}

/** The page's model: of the holder's zones only. */
export function assemblePage(sources: PageSources): HomePage {
  const { holder } = sources;
  return {
    origin: sources.origin,
    now: sources.now,
    holder: {
      id: holder.id,
      name: holder.name,
      organisation: holder.organisation,
      expires: holder.expires,
      allow: holder.allow,
      hasAgeKey: holder.ageKey !== undefined,
    },
    agreement: agreementOf(sources),
    limitHours: sources.limitHours,
    keepDays: sources.keepDays,
    publicKey: sources.publicKey,
    zones: holder.zones.map((zone) => assembleZone(zone, sources)),
    bundles: [...sources.bundles].sort((a, b) => (a.date < b.date ? 1 : -1)),
  };
}

function agreementOf({ agreement, holder, unticked }: PageSources): PortalAgreement | undefined {
  if (agreement === undefined) return undefined;
  const { version, text, agreed } = agreement;
  return {
    version,
    text,
    accepted: agreed ? holder.agreement?.date : undefined,
    before: agreed ? undefined : holder.agreement?.version,
    unticked,
  };
}

function assembleZone(zone: string, sources: PageSources): PortalZone {
  const { current, days } = sources.zone(zone);
  const bundles = new Map(sources.bundles.map((bundle) => [bundle.date, bundle]));
  const newest = current && currentDay(zone, current);
  // The newest is the day's own, also when it was bundled already, or was published after that.
  const earlier = days.filter((day) => day.date !== newest?.date);
  const history = newest === undefined ? earlier : [...earlier, newest];
  const kept = earlier
    .filter(({ date }) => bundles.get(date)?.zones.includes(zone))
    .map((day): PortalZoneDay => {
      const { date, serial, delegations, packed, sha256 } = day;
      const bundle = bundles.get(date)!;
      return {
        date,
        serial,
        built: buildTimeOf(day.generation),
        delegations,
        ...changesOf(day),
        bytes: packed,
        sha256,
        files: [
          { what: 'in the bundle', name: bundle.name, href: bundle.href, bytes: bundle.bytes },
        ],
      };
    });
  return {
    zone,
    days: [...(newest === undefined ? [] : [newest]), ...kept.reverse()],
    history: history.map((day): GrowthDay => {
      const { date, delegations } = day;
      return { date, delegations, ...changesOf(day) };
    }),
  };
}

function currentDay(zone: string, current: CurrentZone): PortalZoneDay {
  const { buildTime, serial, counts, files } = current;
  const packed = files.find(({ name }) => name === `${zone}.zone.gz`);
  const count = (name: string): number | undefined => {
    const n = counts[name];
    return typeof n === 'number' && Number.isSafeInteger(n) && n >= 0 ? n : undefined;
  };
  const delegations = count('delegations');
  return {
    date: new Date(buildTime * 1000).toISOString().slice(0, 10).replaceAll('-', ''),
    serial,
    built: buildTime,
    delegations,
    ...changesOf({ delegations, added: count('added'), removed: count('removed') }),
    bytes: packed?.bytes,
    sha256: packed?.sha256,
    files: files
      .map(
        ({ name, href, bytes }): PortalFile => ({ what: fileKind(zone, name), name, href, bytes }),
      )
      .sort((a, b) => order(a) - order(b)),
  };
}

type Changes = Pick<GrowthDay, 'delegations' | 'added' | 'removed'>;

/**
 * What was added and removed. Where all names are new there was no generation before to compare with;
 * beside such a bar those of all other days would be nothing.
 */
function changesOf({ delegations, added, removed }: Changes): Omit<Changes, 'delegations'> {
  const first = added !== undefined && added > 0 && added === delegations && (removed ?? 0) === 0;
  return first ? { added: undefined, removed: undefined } : { added, removed };
}

/** The time in a generation's name, `20261122T000000Z-1795305600`. */
function buildTimeOf(generation: string): number | undefined {
  return parseTime(generation.slice(0, generation.indexOf('-')));
}

/** What the files of a zone are called on the page, in this order; others go by their name. */
const KINDS: readonly (readonly [ending: string, what: string])[] = [
  ['zone.gz', 'zone file'],
  ['zone.gz.md5', 'MD5'],
  ['added.txt.gz', 'added'],
  ['removed.txt.gz', 'removed'],
];

/** With or without the zone's label before it. */
function fileKind(zone: string, name: string): string {
  return KINDS.find(([kind]) => kind === name || `${zone}.${kind}` === name)?.[1] ?? name;
}

function order({ what }: PortalFile): number {
  const at = KINDS.findIndex(([, kind]) => kind === what);
  return at === -1 ? KINDS.length : at;
}
