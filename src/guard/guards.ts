/**
 * The publication guards: pure functions from what was observed of a new zone to a finding. Each
 * stands for an outage that happened (README, "Guards"), and none knows how its figures came to
 * be. Overrides and exit codes are judge.ts's business.
 */

import { formatDuration } from '../config/duration.js';
import type { SoaConfig } from '../config/model.js';
import { isoTime } from '../config/time.js';
import { dsDigest, dsMatches } from '../dnssec/ds.js';
import { keyTag, revokedKeyTag } from '../dnssec/keytag.js';
import { equalBytes, nameToText } from '../names/name.js';
import { serialGreater } from '../zone/serial.js';
import type { Finding, GuardName } from './judge.js';

/** Share of name servers that may end in the zone's name twice (.se, October 2009). */
export const MAX_ZONE_NAME_TWICE = 0.001;
/** A build may be this much before the published one, in seconds: clocks are corrected. */
export const MAX_CLOCK_BACK = 86_400;
/** What `guards.min-signature-life` is beyond SOA expire, in seconds: one build interval. */
export const BUILD_INTERVAL = 86_400;

function finding(
  name: GuardName,
  ok: boolean,
  figure: string,
  limit: string,
  message: string,
): Finding {
  return { name, ok, figure, limit, message };
}

/** `1.52%`; never rounded onto or over the limit it is compared with. */
export function percent(share: number): string {
  const text = (share * 100).toFixed(4).replace(/\.?0+$/, '');
  return text === '0' && share > 0 ? '<0.0001%' : `${text}%`;
}

/** The two zones' delegations, as diff/compare.ts counts them. */
export interface DelegationChange {
  /** Delegations in the published generation; undefined: there is none; null: its zone file is
   * gone or damaged. */
  readonly previous: number | undefined | null;
  readonly added: number;
  readonly removed: number;
  /** Delegations in both whose NS or DS set differs. */
  readonly changed: number;
}

/** Not too many delegations go (.de, May 2010). */
export function maxRemoved(change: DelegationChange, limit: number): Finding {
  return shareOf('max-removed', change.removed, change.previous, limit, 'removed');
}

/** Not too many delegations come, go or change. */
export function maxChange(change: DelegationChange, limit: number): Finding {
  const { added, removed, changed, previous } = change;
  return shareOf('max-change', added + removed + changed, previous, limit, 'changed');
}

function shareOf(
  name: 'max-removed' | 'max-change',
  count: number,
  previous: number | undefined | null,
  limit: number,
  what: string,
): Finding {
  const most = percent(limit);
  if (previous === null) {
    const note = 'The zone file of the published generation is gone or damaged.';
    return finding(name, false, 'not known', most, note);
  }
  if (previous === undefined) {
    const note = 'There is no published generation to compare with.';
    return finding(name, true, 'first generation', most, note);
  }
  if (previous === 0) {
    const note = 'The published generation has no delegations.';
    return finding(name, true, `${count} of 0`, most, note);
  }
  const share = count / previous;
  return finding(
    name,
    share <= limit,
    percent(share),
    most,
    `${count} of ${previous} delegations were ${what}.`,
  );
}

/** A number that the export says of itself, and what was read. */
export interface DeclaredCount {
  /** `domains`, `hosts`, … */
  readonly what: string;
  readonly declared: number;
  readonly read: number;
}

/** The export is whole by its own account (.de, May 2010). */
export function exportCounts(counts: readonly DeclaredCount[]): Finding {
  const name = 'export-counts';
  const limit = 'equal';
  if (counts.length === 0) {
    return finding(name, true, 'none declared', limit, 'The export declares no counts.');
  }
  const text = (c: DeclaredCount) => `${c.read} of ${c.declared} ${c.what}`;
  const wrong = counts.filter((count) => count.read !== count.declared);
  const shown = wrong.length === 0 ? counts : wrong;
  const message =
    wrong.length === 0
      ? 'What was read agrees with what the export declares.'
      : 'The export declares other numbers than were read: it may be cut off.';
  return finding(name, wrong.length === 0, shown.map(text).join(', '), limit, message);
}

/** Name servers that end in the zone's name twice, of all name servers. */
export function zoneNameTwice(
  count: number,
  nameServers: number,
  examples: readonly string[] = [],
): Finding {
  const share = nameServers === 0 ? 0 : count / nameServers;
  const such = count === 0 || examples.length === 0 ? '' : ` (such as ${examples[0]})`;
  return finding(
    'zone-name-twice',
    share <= MAX_ZONE_NAME_TWICE,
    percent(share),
    percent(MAX_ZONE_NAME_TWICE),
    `${count} of ${nameServers} name servers end in the zone's name twice${such}.`,
  );
}

/**
 * The signature that expires first outlives what secondaries and the next build need (.mm, 2016).
 *
 * @param earliest expiration of the signature that expires first, seconds since 1970; undefined:
 *   there is no signature.
 * @param least seconds of life wanted.
 */
export function signatureLife(earliest: number | undefined, now: number, least: number): Finding {
  const limit = formatDuration(least);
  if (earliest === undefined) {
    return finding('signature-life', false, 'no signature', limit, 'The zone is not signed.');
  }
  const life = earliest - now;
  return finding(
    'signature-life',
    life > least,
    formatDuration(life),
    `longer than ${limit}`,
    `The first signature expires at ${isoTime(earliest)}.`,
  );
}

/**
 * Every DS at the parent leads to a published key that signs the DNSKEY RRset (.fj 2022,
 * e164.arpa 2011, dlv.isc.org 2009). A digest of an unknown type is compared by tag and
 * algorithm.
 *
 * @param owner the zone's wire name.
 * @param parent DS RDATA at the parent; undefined: not known.
 * @param signers DNSKEY RDATA of the published keys that sign the DNSKEY RRset.
 * @param published DNSKEY RDATA of all published keys.
 */
export function parentDs(
  owner: Uint8Array,
  parent: readonly Uint8Array[] | undefined,
  signers: readonly Uint8Array[],
  published: readonly Uint8Array[],
): Finding {
  const name = 'parent-ds';
  const limit = 'all';
  if (parent === undefined) {
    return finding(name, true, 'not given', limit, 'No DS at the parent was given or looked up.');
  }
  if (parent.length === 0) {
    return finding(name, true, '0 DS', limit, 'The parent has no DS: the zone is not chained yet.');
  }
  const leadsTo = (ds: Uint8Array, keys: readonly Uint8Array[]): boolean =>
    keys.some((key) =>
      dsDigest(owner, key, ds[3]) === undefined
        ? ((ds[0] << 8) | ds[1]) === keyTag(key) && ds[2] === key[3]
        : dsMatches(ds, owner, key),
    );
  const broken = parent.filter((ds) => !leadsTo(ds, signers));
  const reasons = broken.map((ds) => {
    const tag = (ds[0] << 8) | ds[1];
    return `DS ${tag} leads to ${leadsTo(ds, published) ? 'a key that does not sign the DNSKEY RRset' : 'no published key'}`;
  });
  const message =
    broken.length === 0
      ? 'Each DS at the parent leads to a key that signs the DNSKEY RRset.'
      : `${reasons.join('; ')}.`;
  const figure = `${parent.length - broken.length} of ${parent.length} DS`;
  return finding(name, broken.length === 0, figure, limit, message);
}

/** Key tags differ, each key as it is and as it would be when revoked (.ru, January 2024). */
export function keyTags(dnskeys: readonly Uint8Array[]): Finding {
  const name = 'key-tags';
  const limit = 'all different';
  const tags = dnskeys.map((key) => new Set([keyTag(key), revokedKeyTag(key)]));
  for (let i = 0; i < tags.length; i++) {
    for (let j = 0; j < i; j++) {
      const both = [...tags[i]].find((tag) => tags[j].has(tag));
      if (both === undefined) continue;
      const message = 'Two published keys share a tag: a signature would not tell which made it.';
      return finding(name, false, `tag ${both} twice`, limit, message);
    }
  }
  const figure = dnskeys.map((key) => keyTag(key)).join(', ');
  return finding(name, true, figure, limit, 'The tags of the published keys differ.');
}

/** The algorithms that sign, as seen at the apex (.gov, August 2013); see also `verified`. */
export function algorithmsAtApex(
  dnskeys: readonly Uint8Array[],
  signing: ReadonlySet<number>,
): Finding {
  const published = [...new Set(dnskeys.map((key) => key[3]))].sort((a, b) => a - b);
  const idle = published.filter((algorithm) => !signing.has(algorithm));
  const message =
    idle.length === 0
      ? 'Each algorithm in the DNSKEY RRset signs SOA and DNSKEY.'
      : `Algorithm ${idle.join(', ')} is in the DNSKEY RRset and does not sign.`;
  const figure = `${published.length - idle.length} of ${published.length} algorithms sign`;
  return finding('algorithms', published.length > 0 && idle.length === 0, figure, 'all', message);
}

/**
 * The serial advances in the arithmetic of RFC 1982, or stays for the very same zone.
 *
 * @param published the last serial that was published; undefined: none.
 * @param same the new zone is octet for octet the published one.
 */
export function serialAdvances(
  serial: number,
  published: number | undefined,
  same: boolean,
): Finding {
  const limit = published === undefined ? 'any' : `after ${published}`;
  const ok =
    published === undefined || serialGreater(serial, published) || (serial === published && same);
  const message =
    published === undefined
      ? 'No serial was published before.'
      : serial === published
        ? `The last serial published is the same, and the zone is ${same ? 'the same, too' : 'not'}.`
        : `The last serial published is ${published}.`;
  return finding('serial', ok, String(serial), limit, message);
}

/**
 * The clock was not set back far: signatures made then would have expired already.
 *
 * @param published build time of the published generation, seconds since 1970.
 */
export function clock(now: number, published: number | undefined): Finding {
  const limit = `at most ${formatDuration(MAX_CLOCK_BACK)} before`;
  if (published === undefined) {
    return finding('clock', true, isoTime(now), limit, 'There is no published generation.');
  }
  const message = `The published generation is of ${isoTime(published)}.`;
  return finding('clock', published - now <= MAX_CLOCK_BACK, isoTime(now), limit, message);
}

/**
 * There is a ZONEMD digest that could be checked, where the policy wants one. A digest that does
 * not agree is a fault of verification (verified.ts).
 */
export function zonemdPresent(wanted: boolean, checked: boolean): Finding {
  const message = checked
    ? 'The ZONEMD digest agrees with the zone.'
    : wanted
      ? 'The policy wants a ZONEMD record, and there is none that could be checked.'
      : 'The policy wants no ZONEMD record.';
  const figure = checked ? 'checked' : 'none';
  return finding('zonemd', checked || !wanted, figure, wanted ? 'checked' : 'none', message);
}

/** SOA and NS at the apex, as they stand in the new zone. */
export interface ApexRecords {
  /** SOA RDATA of each SOA record. */
  readonly soa: readonly { readonly ttl: number; readonly rdata: Uint8Array }[];
  /** Wire names of the apex name servers. */
  readonly ns: readonly Uint8Array[];
}

/**
 * One SOA and the NS set are at the apex, as configured.
 *
 * @param soa undefined: the input's SOA is used, any will do; as with `ns`.
 * @param serial the serial that was chosen.
 */
export function apexAsConfigured(
  apex: ApexRecords,
  soa: SoaConfig | undefined,
  ns: readonly Uint8Array[] | undefined,
  serial: number,
): Finding {
  const faults: string[] = [];
  if (apex.soa.length !== 1) faults.push(`${apex.soa.length} SOA records`);
  for (const record of apex.soa) faults.push(...soaFaults(record, soa, serial));
  if (apex.ns.length === 0) faults.push('no name server');
  if (ns !== undefined) {
    const has = (list: readonly Uint8Array[], name: Uint8Array) =>
      list.some((other) => equalBytes(other, name));
    for (const name of ns) if (!has(apex.ns, name)) faults.push(`${nameToText(name)} is missing`);
    for (const name of apex.ns) if (!has(ns, name)) faults.push(`${nameToText(name)} is not meant`);
  }
  const figure = faults.length === 0 ? 'as configured' : `${faults.length} differences`;
  const message =
    faults.length === 0 ? 'SOA and NS at the apex are as configured.' : `${faults.join('; ')}.`;
  return finding('apex', faults.length === 0, figure, 'as configured', message);
}

function soaFaults(
  { ttl, rdata }: { readonly ttl: number; readonly rdata: Uint8Array },
  soa: SoaConfig | undefined,
  serial: number,
): string[] {
  const faults: string[] = [];
  const view = new DataView(rdata.buffer, rdata.byteOffset, rdata.byteLength);
  const numbers = rdata.length - 20;
  const found = view.getUint32(numbers);
  if (found !== serial) faults.push(`SOA serial ${found} instead of ${serial}`);
  if (soa === undefined) return faults;
  const names = new Uint8Array([...soa.mname, ...soa.rname]);
  if (!equalBytes(rdata.subarray(0, numbers), names)) faults.push('SOA MNAME or RNAME differs');
  if (ttl !== soa.ttl) faults.push(`SOA TTL ${ttl} instead of ${soa.ttl}`);
  for (const [i, key] of (['refresh', 'retry', 'expire', 'minimum'] as const).entries()) {
    const value = view.getUint32(numbers + 4 + 4 * i);
    if (value !== soa[key]) faults.push(`SOA ${key} ${value} instead of ${soa[key]}`);
  }
  return faults;
}
