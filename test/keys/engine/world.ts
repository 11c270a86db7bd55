/**
 * The world that the key engine's decisions go out into, for the model check: name servers that lag
 * behind, a parent, and caches that hold whatever the TTLs allow. It knows nothing of the engine's
 * states and rules: only what was published, from when to when, and with which TTL.
 *
 * Keys are numbers, sets of them bits. Times are ticks from now: what is held is held for so many
 * ticks more, and what nobody can hold any more is forgotten. So a world is the same however late
 * it is, and the exploration ends by itself.
 *
 * An RRset that was replaced at time T is served by some secondary until T + propagation, and is in
 * some cache until T + propagation + TTL; which of them is asked, and when it fetched, is the
 * adversary's choice, for each RRset anew. So all combinations of held versions are checked.
 */

/** The DNSKEY RRset: its keys, those that sign it, and those that are in it in revoked form. */
export interface KeySet {
  readonly keys: number;
  readonly signers: number;
  readonly revoked: number;
}

/** A version that is published no longer, and for how many ticks more it is in some cache. */
export interface Held<T> {
  readonly content: T;
  readonly left: number;
}

/** An RRset: what is published now, with its TTL, and what else is held. */
export interface Versions<T> {
  readonly current: T;
  readonly ttl: number;
  readonly held: readonly Held<T>[];
}

/** All that matters of the world for a zone. */
export interface World {
  readonly dnskey: Versions<KeySet>;
  /** The keys that sign the zone's data. */
  readonly data: Versions<number>;
  /** The keys that have a DS at the parent. */
  readonly ds: Versions<number>;
  /** With RFC 5011: validators' trust anchors, in place of the DS. */
  readonly anchors: readonly Anchor[] | undefined;
}

/** How validators that follow RFC 5011 regard a key, from the most eager to the slowest of them. */
export interface Anchor {
  readonly key: number;
  /** Ticks until the first validator trusts it, and until the last one does; 0: it does. */
  readonly first: number;
  readonly last: number;
  /** Ticks until the last validator has seen its revocation; undefined: it is not revoked. */
  readonly leaving: number | undefined;
}

const sameKeySet = (a: KeySet, b: KeySet): boolean =>
  a.keys === b.keys && a.signers === b.signers && a.revoked === b.revoked;

/** Replaces what is published; `propagation` in ticks. */
export function published<T>(
  before: Versions<T>,
  content: T,
  ttl: number,
  propagation: number,
  same: (a: T, b: T) => boolean,
): Versions<T> {
  if (same(before.current, content) && before.ttl === ttl) return before;
  const left = before.ttl + propagation;
  // The same RRset with another TTL is one version more only for as long as it is held.
  const others = before.held.filter((one) => !same(one.content, before.current) || one.left > left);
  const known = others.some((one) => same(one.content, before.current));
  const held = known || left <= 0 ? others : [...others, { content: before.current, left }];
  return { current: content, ttl, held };
}

export const publishedKeys = (
  before: Versions<KeySet>,
  content: KeySet,
  ttl: number,
  propagation: number,
): Versions<KeySet> => published(before, content, ttl, propagation, sameKeySet);

export const publishedSet = (
  before: Versions<number>,
  content: number,
  ttl: number,
  propagation: number,
): Versions<number> => published(before, content, ttl, propagation, (a, b) => a === b);

/** A tick later. */
export function older(world: World): World {
  return {
    dnskey: olderVersions(world.dnskey),
    data: olderVersions(world.data),
    ds: olderVersions(world.ds),
    anchors: world.anchors?.map(olderAnchor).filter(({ leaving }) => leaving !== 0),
  };
}

function olderVersions<T>(versions: Versions<T>): Versions<T> {
  if (versions.held.length === 0) return versions;
  const held = versions.held
    .map(({ content, left }) => ({ content, left: left - 1 }))
    .filter(({ left }) => left > 0);
  return { ...versions, held };
}

const less = (ticks: number): number => Math.max(0, ticks - 1);
function olderAnchor({ key, first, last, leaving }: Anchor): Anchor {
  return {
    key,
    first: less(first),
    last: less(last),
    leaving: leaving === undefined ? undefined : less(leaving),
  };
}

/** Every version that a resolver may hold or fetch. */
function everyVersion<T>({ current, held }: Versions<T>): T[] {
  return [current, ...held.map(({ content }) => content)];
}

/** The sets of trust anchors that some validator may have: each uncertain one is there or not. */
function anchorSets(anchors: readonly Anchor[]): number[] {
  let sets = [0];
  for (const { key, first, last, leaving } of anchors) {
    if (first > 0) continue;
    const bit = 1 << key;
    const certain = last === 0 && leaving === undefined;
    sets = certain ? sets.map((set) => set | bit) : sets.flatMap((set) => [set, set | bit]);
  }
  return sets;
}

/** What a validator may take for trusted: DS RRsets, or sets of trust anchors. */
export function trustedSets(world: World): number[] {
  return world.anchors === undefined ? everyVersion(world.ds) : anchorSets(world.anchors);
}

/** Which validators fail, and at which link. */
export interface Failure {
  readonly link: 'ds-dnskey' | 'dnskey-data';
  /** Also those that are content with any one good path? */
  readonly lenient: boolean;
  readonly what: string;
}

/**
 * All that fails to validate for somebody. `algorithms`: that of each key.
 *
 * A strict validator wants each algorithm of the DS RRset to lead to the DNSKEY RRset, and each
 * algorithm of the DNSKEY RRset to sign it and the data (RFC 4035 §2.2); a lenient one takes any
 * one path (RFC 6840 §5.11). A revoked key proves its own revocation and nothing else: it is no key
 * of the RRset here. Of several trust anchors any one suffices everybody (RFC 4035 §5). Without a DS
 * a resolver does not validate at all.
 */
export function failures(world: World, algorithms: readonly number[]): Failure[] {
  const trusted = trustedSets(world).filter((set) => set !== 0);
  if (trusted.length === 0) return [];
  const found: Failure[] = [];
  const signatures = everyVersion(world.data);
  for (const { keys, signers } of everyVersion(world.dnskey)) {
    const signing = keys & signers;
    const add = (link: Failure['link'], lenient: boolean, what: string): void => {
      found.push({
        link,
        lenient,
        what: `DNSKEY ${bits(keys)} signed by ${bits(signers)}: ${what}`,
      });
    };
    for (const set of trusted) {
      const strict = world.anchors === undefined && strictly(set, signing, algorithms);
      if (strict || (set & signing) === 0) {
        add('ds-dnskey', (set & signing) === 0, `DS ${bits(set)}`);
      }
    }
    for (const algorithm of algorithmsIn(keys, algorithms)) {
      const own = ofAlgorithm(keys, algorithm, algorithms);
      if ((own & signing) === 0) add('ds-dnskey', signing === 0, `algorithm ${algorithm}`);
      for (const set of signatures) {
        if ((own & set) !== 0) continue;
        add('dnskey-data', (keys & set) === 0, `data by ${bits(set)}, algorithm ${algorithm}`);
      }
    }
  }
  return found;
}

/** Does an algorithm of a DS RRset lead to no signature over the DNSKEY RRset? */
function strictly(set: number, signing: number, algorithms: readonly number[]): boolean {
  return [...algorithmsIn(set, algorithms)].some(
    (algorithm) => (ofAlgorithm(set, algorithm, algorithms) & signing) === 0,
  );
}

function algorithmsIn(set: number, algorithms: readonly number[]): Set<number> {
  const found = new Set<number>();
  for (let key = 0; set >> key !== 0; key++) if ((set >> key) & 1) found.add(algorithms[key]);
  return found;
}

export function ofAlgorithm(set: number, algorithm: number, algorithms: readonly number[]): number {
  let own = 0;
  for (let key = 0; set >> key !== 0; key++) {
    if ((set >> key) & 1 && algorithms[key] === algorithm) own |= 1 << key;
  }
  return own;
}

function bits(set: number): string {
  const keys: number[] = [];
  for (let key = 0; set >> key !== 0; key++) if ((set >> key) & 1) keys.push(key);
  return `{${keys.join(',')}}`;
}
