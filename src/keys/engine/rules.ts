/**
 * The rules that no step may break: whatever mixture of old and new data a resolver holds, it
 * still validates. These are rules 1 to 3 of Schaeffer, Overeinder and Mekking, said as what they
 * mean: all versions of the DS RRset, the DNSKEY RRset and the zone's signatures that may be in
 * caches are put together from the states and their times, and every combination must validate.
 *
 * 1. There is a DS that can be followed (once the zone is secure, unless it goes insecure).
 * 2. Each DNSKEY RRset that may be held has, for each algorithm of each DS RRset that may be held, a
 *    key that this DS RRset names and that signs the DNSKEY RRset; and each of its algorithms signs it.
 *    (Of trust anchors that follow RFC 5011, any one leads to such a key.)
 * 3. For each algorithm of each DNSKEY RRset that may be held, each signature set that may be held
 *    has a signature by a key of that algorithm in that RRset (RFC 4035 §2.2).
 *
 * Validators that take any one good path (RFC 6840 §5.11) ask for less, strict ones for this.
 */

import { algorithmName } from '../../dnssec/algorithms.js';
import { type EngineKey, type EnginePolicy, keyName, type RecordName, stateOf } from './model.js';
import { type Due, dueAt, dueFrom, partsOf, retention } from './times.js';

/** A combination of cached data that does not validate. */
export interface Breakage {
  readonly rule: 1 | 2 | 3;
  readonly what: string;
  /** When the last cache has let go of it; undefined: it is in the zone, or at the parent, now. */
  readonly until: number | undefined;
  /** The sum that gives that time, with its numbers. */
  readonly formula: string | undefined;
}

/** What was, or is, in the zone from one change to the next: indexes of keys, as bits. */
interface Version {
  readonly keys: number;
  readonly signers: number;
  /** When the last cache lets go of it; undefined: it is in the zone now. */
  readonly end: Due | undefined;
}

/** The versions of an RRset that resolvers may hold; the last one is in the zone now. */
function versions(
  keys: readonly EngineKey[],
  record: RecordName,
  signature: RecordName | undefined,
  policy: EnginePolicy,
  now: number,
): Version[] {
  const records = signature === undefined ? [record] : [record, signature];
  const changes = new Set<number>();
  for (const key of keys) {
    for (const name of records) {
      const status = key.records[name];
      if (status === undefined) continue;
      if (status.state === 'rumoured' || status.state === 'unretentive') changes.add(status.since);
      if (status.state === 'unretentive' && status.from !== undefined) changes.add(status.from);
    }
  }
  const times = [...changes].sort((a, b) => a - b);
  const keep = retention(record, policy);
  const found: Version[] = [];
  for (let i = 0; i <= times.length; i++) {
    const ended = i < times.length ? times[i] : Number.POSITIVE_INFINITY;
    if (ended + keep <= now) continue;
    const at = i === 0 ? Number.NEGATIVE_INFINITY : times[i - 1];
    found.push({
      keys: present(keys, record, at),
      signers: signature === undefined ? 0 : present(keys, signature, at),
      end: i < times.length ? endOf(ended, record, policy) : undefined,
    });
  }
  return found;
}

const endOf = (ended: number, record: RecordName, policy: EnginePolicy): Due =>
  dueFrom({ at: ended, what: 'changed' }, partsOf(record, policy));

/** The keys whose record was there at a time; as bits. */
function present(keys: readonly EngineKey[], record: RecordName, at: number): number {
  let bits = 0;
  for (let i = 0; i < keys.length; i++) {
    const status = keys[i].records[record];
    if (status === undefined || status.state === 'hidden') continue;
    const inFrom =
      status.state === 'rumoured'
        ? status.since
        : status.state === 'unretentive'
          ? (status.from ?? Number.NEGATIVE_INFINITY)
          : Number.NEGATIVE_INFINITY;
    const outFrom = status.state === 'unretentive' ? status.since : Number.POSITIVE_INFINITY;
    if (inFrom <= at && at < outFrom) bits |= 1 << i;
  }
  return bits;
}

/** A DS RRset that resolvers may hold: indexes of keys, as bits. */
interface DsSet {
  readonly keys: number;
  /** When that ends, by the DS records that come or go. */
  readonly end: Due | undefined;
}

/** The DS RRsets that resolvers may hold: what is not certain may be there or not. Not the empty one. */
function dsSets(keys: readonly EngineKey[], policy: EnginePolicy): DsSet[] {
  let certain = 0;
  const open: number[] = [];
  for (let i = 0; i < keys.length; i++) {
    const state = stateOf(keys[i], 'ds');
    if (state === 'omnipresent') certain |= 1 << i;
    else if (state !== 'hidden') open.push(i);
  }
  const sets: DsSet[] = [];
  for (let n = 0; n < 1 << open.length; n++) {
    let set = certain;
    let end: Due | undefined;
    for (let b = 0; b < open.length; b++) {
      const key = keys[open[b]];
      const isIn = ((n >> b) & 1) === 1;
      if (isIn) set |= 1 << open[b];
      // With a record that goes it ends when that is gone, without one that comes when it is there.
      if (isIn !== (stateOf(key, 'ds') === 'unretentive')) continue;
      const due = dueAt(key, 'ds', policy);
      if (due !== undefined && (end === undefined || due.at < end.at)) end = due;
    }
    if (set !== 0) sets.push({ keys: set, end });
  }
  return sets;
}

/** Most keys that are looked at together: their sets are bits of a number. */
export const MAX_KEYS = 24;

/**
 * The combinations that do not validate.
 *
 * @param keys all keys of the zone of which anything is left; at most {@link MAX_KEYS}.
 */
export function breakages(
  keys: readonly EngineKey[],
  policy: EnginePolicy,
  now: number,
): Breakage[] {
  const live = keys.filter((key) =>
    Object.values(key.records).some((status) => status.state !== 'hidden'),
  );
  if (live.length > MAX_KEYS) throw new RangeError(`more than ${MAX_KEYS} keys are in motion`);
  const found = new Map<string, Breakage>();
  const add = (rule: 1 | 2 | 3, what: string, ends: readonly (Due | undefined)[]): void => {
    const [first] = ends.filter((end) => end !== undefined).sort((a, b) => a.at - b.at);
    const id = `${rule} ${what}`;
    const before = found.get(id);
    if (
      before !== undefined &&
      (before.until === undefined || before.until >= (first?.at ?? Infinity))
    ) {
      return;
    }
    found.set(id, { rule, what, until: first?.at, formula: first?.formula });
  };
  const sets = dsSets(live, policy);
  // Without a DS in anyone's cache nobody validates.
  if (sets.length === 0) return [];
  if (policy.algorithms.length > 0 && !live.some((key) => followed(key))) {
    add(1, 'no DS is at the parent that resolvers could follow', []);
  }
  const keySets = versions(live, 'dnskey', 'krrsig', policy, now);
  const signatureSets = versions(live, 'zrrsig', undefined, policy, now);
  for (const { keys: inSet, signers, end } of keySets) {
    const signing = inSet & signers;
    for (const ds of sets) {
      for (const same of followedTogether(live, ds.keys, policy)) {
        if ((same & signing) !== 0) continue;
        const names = tags(live, same);
        add(2, `the DS of ${names} leads to no key that signs the DNSKEY RRset`, [end, ds.end]);
      }
    }
    for (const algorithm of algorithmsOf(live, inSet)) {
      const mask = maskOf(live, algorithm);
      const name = algorithmName(algorithm);
      if ((signing & mask) === 0) add(2, `no key of ${name} signs the DNSKEY RRset`, [end]);
      for (const signatures of signatureSets) {
        if ((signatures.keys & inSet & mask) !== 0) continue;
        const what = `a DNSKEY RRset with ${tags(live, inSet & mask)} meets no signature by its keys of ${name}`;
        add(3, what, [end, signatures.end]);
      }
    }
  }
  return [...found.values()];
}

/**
 * The parts of a DS RRset each of which has to lead somewhere: its algorithms. Of trust anchors any
 * one does, whatever its algorithm (RFC 4035 §5).
 */
function followedTogether(
  keys: readonly EngineKey[],
  ds: number,
  { anchor }: EnginePolicy,
): readonly number[] {
  if (anchor === 'rfc5011') return [ds];
  return [...algorithmsOf(keys, ds)].map((algorithm) => ds & maskOf(keys, algorithm));
}

/** Is the key's DS at the parent, or wanted there? */
function followed(key: EngineKey): boolean {
  const state = stateOf(key, 'ds');
  return state === 'rumoured' || state === 'omnipresent';
}

function maskOf(keys: readonly EngineKey[], algorithm: number): number {
  let mask = 0;
  for (let i = 0; i < keys.length; i++) if (keys[i].algorithm === algorithm) mask |= 1 << i;
  return mask;
}

function algorithmsOf(keys: readonly EngineKey[], set: number): Set<number> {
  const found = new Set<number>();
  for (let i = 0; i < keys.length; i++) if ((set >> i) & 1) found.add(keys[i].algorithm);
  return found;
}

function tags(keys: readonly EngineKey[], set: number): string {
  return keys.flatMap((key, i) => ((set >> i) & 1 ? [keyName(key)] : [])).join(' and ');
}
