/** From what is on the disk and in the database to what the page shows. Pure. */

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

/** A zone as it was published on a day. */
export interface PublishedDay {
  /** YYYYMMDD. */
  readonly date: string;
  readonly zone: string;
  readonly serial: number;
  /** ISO 8601. */
  readonly buildTime: string;
  readonly delegations: number | undefined;
  readonly added: number | undefined;
  readonly removed: number | undefined;
  /** What can be downloaded of it. */
  readonly files: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly sha256: string;
    readonly href: string;
  }[];
}

/** All that a holder's page is made of. */
export interface PageSources {
  readonly origin: string;
  readonly now: number;
  readonly holder: Holder;
  readonly limitHours: number;
  readonly keepDays: number;
  /** What is to be agreed to; undefined: nothing. */
  readonly agreement: { readonly version: string; readonly text: string } | undefined;
  readonly unticked: boolean;
  readonly publicKey: string | undefined;
  /** In any order; also of zones that are none of the holder's. */
  readonly published: readonly PublishedDay[];
  readonly bundles: readonly PortalBundle[];
  /** By zone, oldest first. */
  readonly history: ReadonlyMap<string, readonly GrowthDay[]>;
}

/** Has the holder still to accept the agreement that is in force? The one place for this rule. */
export function agreementWaits(
  holder: Holder,
  agreement: { readonly version: string } | undefined,
): boolean {
  return agreement !== undefined && holder.agreement?.version !== agreement.version;
}

/** The page's model: of the holder's zones only. */
export function assemblePage(sources: PageSources): HomePage {
  const { holder, history, published } = sources;
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
    zones: holder.zones.map(
      (zone): PortalZone => ({
        zone,
        days: published
          .filter((day) => day.zone === zone)
          .sort((a, b) => (a.date < b.date ? 1 : -1))
          .map(zoneDay),
        history: history.get(zone) ?? [],
      }),
    ),
    bundles: [...sources.bundles].sort((a, b) => (a.date < b.date ? 1 : -1)),
  };
}

function agreementOf({ agreement, holder, unticked }: PageSources): PortalAgreement | undefined {
  if (agreement === undefined) return undefined;
  const waits = agreementWaits(holder, agreement);
  return {
    ...agreement,
    accepted: waits ? undefined : holder.agreement?.date,
    before: waits ? holder.agreement?.version : undefined,
    unticked,
  };
}

function zoneDay(day: PublishedDay): PortalZoneDay {
  const { date, zone, serial, delegations, added, removed, files } = day;
  const packed = files.find(({ name }) => name === `${zone}.zone.gz`);
  const built = Date.parse(day.buildTime) / 1000;
  return {
    date,
    serial,
    built: Number.isFinite(built) ? built : undefined,
    delegations,
    added,
    removed,
    bytes: packed?.bytes,
    sha256: packed?.sha256,
    files: files
      .map(
        ({ name, href, bytes }): PortalFile => ({ what: fileKind(zone, name), name, href, bytes }),
      )
      .sort((a, b) => order(a) - order(b)),
  };
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
