/** Small signed zones by the plain signer, whatever names they shall have. */
import type { Denial } from './broken.js';
import {
  cutsOf,
  isSigned,
  makeKey,
  nsec3Chain,
  nsecChain,
  type Rec,
  rrsets,
  signRRset,
  zoneDigest,
  zoneText,
} from './plain-signer.js';

const KEYS = [makeKey(257), makeKey(256)] as const;
export const SOME_DS = `1 13 2 ${'ab'.repeat(32)}`;

export const rec = (owner: string, type: string, rdata: string): Rec => ({
  owner,
  ttl: 3600,
  type,
  rdata,
});

/** A signed zone with these names: delegations, secure ones, addresses. */
export function zoneOf(
  apex: string,
  contents: readonly Rec[],
  denial: Denial,
  options: { readonly zonemd?: boolean; readonly flagged?: boolean } = {},
): string {
  const at = `${apex}.`;
  const records: Rec[] = [
    rec(at, 'SOA', `ns.elsewhere.test. h.elsewhere.test. 1 1800 900 604800 900`),
    rec(at, 'NS', 'ns.elsewhere.test.'),
    ...KEYS.map((key) => rec(at, 'DNSKEY', key.dnskey)),
    ...contents,
  ];
  const zonemd = rec(at, 'ZONEMD', `1 1 1 ${'00'.repeat(48)}`);
  if (options.zonemd === true) records.push(zonemd);
  if (denial !== 'nsec') records.push({ ...rec(at, 'NSEC3PARAM', '1 0 0 -'), ttl: 0 });
  records.push(
    ...(denial === 'nsec'
      ? nsecChain(records, at, 900)
      : nsec3Chain(records, at, { optOut: denial === 'opt-out', ttl: 900 }).map((one) =>
          options.flagged === true ? { ...one, rdata: one.rdata.replace(/^1 0/, '1 1') } : one,
        )),
  );
  const cuts = cutsOf(records, at);
  for (const rrset of rrsets(records)) {
    const [first] = rrset;
    if (!isSigned(first, at, cuts) || first.type === 'ZONEMD') continue;
    records.push(signRRset(rrset, at, KEYS[first.type === 'DNSKEY' ? 0 : 1]));
  }
  if (options.zonemd !== true) return zoneText(records);
  const whole = records.filter((one) => one !== zonemd);
  const digest = rec(at, 'ZONEMD', `1 1 1 ${zoneDigest(whole, at)}`);
  return zoneText([...whole, digest, signRRset([digest], at, KEYS[1])]);
}

/** Delegations below `example.`, every third secure, some with glue. */
export function delegations(count: number, under = 'example.'): Rec[] {
  return Array.from({ length: count }, (_, i) => {
    const owner = `name${i}.${under}`;
    const list = [rec(owner, 'NS', `ns1.${owner}`), rec(`ns1.${owner}`, 'A', '192.0.2.1')];
    list.push(rec(owner, 'NS', 'a.elsewhere.test.'));
    if (i % 3 === 0) list.push(rec(owner, 'DS', SOME_DS));
    return list;
  }).flat();
}
