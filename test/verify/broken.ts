/**
 * A maker of broken zones: one good small signed zone (with NSEC, NSEC3 or NSEC3 with opt-out),
 * and some seventy ways to break it in one place. Unless the case is about signatures or ZONEMD,
 * all signatures and the zone's digest are made after the breaking and are valid, so that a
 * verifier has to find the fault itself.
 *
 * The codes are those that `zonewright verify --json` reports.
 */
import {
  base32,
  coveredType,
  cutsOf,
  dsOf,
  isSigned,
  type Key,
  keyTag,
  labelsOf,
  makeKey,
  nsec3Chain,
  nsec3Hash,
  nsec3Owner,
  nsecChain,
  type Rec,
  type RrsigFields,
  rdataWire,
  relinkNsec,
  relinkNsec3,
  rrsets,
  signRRset,
  withField,
  zoneDigest,
  zoneText,
} from './plain-signer.js';

export const APEX = 'example.';
const TTL = 3600;
/** The SOA's minimum, below its TTL: so it is the TTL of NSEC and NSEC3 (RFC 9077). */
const MINIMUM = 900;
const SERIAL = 2026112201;

export type Denial = 'nsec' | 'nsec3' | 'opt-out';

function rec(owner: string, type: string, rdata: string, ttl = TTL): Rec {
  return { owner, ttl, type, rdata };
}

function ds(n: number): string {
  return `${1000 + n} 13 2 ${n.toString(16).padStart(2, '0').repeat(32)}`;
}

const SOA = rec(APEX, 'SOA', `ns1.example. host.example. ${SERIAL} 1800 900 604800 ${MINIMUM}`);

/** The unsigned zone. */
const CONTENTS: readonly Rec[] = [
  SOA,
  rec(APEX, 'NS', 'ns1.example.'),
  rec(APEX, 'NS', 'ns.elsewhere.test.'),
  rec('ns1.example.', 'A', '192.0.2.1'),
  rec('ns1.example.', 'AAAA', '2001:db8::1'),
  rec('www.example.', 'A', '192.0.2.80'),
  rec('alias.example.', 'CNAME', 'www.example.'),
  rec('a.deep.example.', 'TXT', '"below-an-empty-non-terminal"'),
  rec('secure.example.', 'NS', 'ns1.secure.example.'),
  rec('secure.example.', 'DS', ds(1)),
  rec('ns1.secure.example.', 'A', '192.0.2.11'),
  rec('insecure.example.', 'NS', 'ns1.insecure.example.'),
  rec('insecure.example.', 'NS', 'ns.elsewhere.test.'),
  rec('ns1.insecure.example.', 'A', '192.0.2.21'),
  rec('plain.example.', 'NS', 'ns.elsewhere.test.'),
  rec('sub.ent.example.', 'NS', 'ns.elsewhere.test.'),
  rec('sub.ent.example.', 'DS', ds(2)),
];

/**
 * A fault that `verify` must name; where there are several lawful answers, all of them. An empty
 * list leaves the field open.
 */
export interface Expected {
  readonly faults: readonly string[];
  readonly owners: readonly string[];
  readonly types: readonly string[];
}

/** A zone file's text and what to say about it. */
export interface BrokenZone {
  readonly text: string;
  /** Text of a file for `--ds`. */
  readonly ds?: string;
}

export interface BrokenCase extends Expected {
  readonly title: string;
  /**
   * False where none of the outside judges minds, so that they can't confirm that the zone is
   * broken. (Each such case has its reason in the title or in the specification named there.)
   */
  readonly judged: boolean;
  make(): BrokenZone;
}

/** The stages of signing at which a case can interfere. */
interface Recipe {
  readonly denial?: Denial;
  readonly iterations?: number;
  readonly keys?: readonly Key[];
  /** Which keys sign an RRset; by default KSKs the DNSKEY RRset, ZSKs the rest. */
  readonly signers?: (rrset: Rec, keys: readonly Key[]) => readonly Key[];
  /** Before there is anything of DNSSEC but DNSKEY, NSEC3PARAM and ZONEMD. */
  readonly contents?: (records: readonly Rec[]) => readonly Rec[];
  /** After NSEC or NSEC3 are made, before signing. */
  readonly denied?: (records: readonly Rec[]) => readonly Rec[];
  /** Wrong fields of signatures. */
  readonly fields?: (rrset: Rec) => RrsigFields | undefined;
  /** After signing, before the zone's digest. */
  readonly signed?: (records: readonly Rec[], keys: readonly Key[]) => readonly Rec[];
  /** At the very end. */
  readonly done?: (records: readonly Rec[]) => readonly Rec[];
  /** Wrong RDATA of ZONEMD, from the right one; signed. */
  readonly zonemd?: (record: Rec) => readonly Rec[];
  /** In the order given, not canonical. */
  readonly unsorted?: boolean;
}

function isKsk(key: Key): boolean {
  return (key.flags & 1) === 1;
}

function defaultSigners(rrset: Rec, keys: readonly Key[]): readonly Key[] {
  return keys.filter((key) => isKsk(key) === (rrset.type === 'DNSKEY'));
}

/** One pair of keys for all zones: making them is the slow part. */
const KEYS: readonly Key[] = [makeKey(257), makeKey(256)];

function makeZone(recipe: Recipe): string {
  const keys = recipe.keys ?? KEYS;
  const denial = recipe.denial ?? 'nsec3';
  const iterations = recipe.iterations ?? 0;
  const digest = rec(APEX, 'ZONEMD', `${SERIAL} 1 1 ${'00'.repeat(48)}`);
  let records: readonly Rec[] = [
    ...CONTENTS,
    ...keys.map((key) => rec(APEX, 'DNSKEY', key.dnskey)),
    ...(denial === 'nsec' ? [] : [rec(APEX, 'NSEC3PARAM', `1 0 ${iterations} -`, 0)]),
    digest,
  ];
  records = recipe.contents?.(records) ?? records;
  records = [
    ...records,
    ...(denial === 'nsec'
      ? nsecChain(records, APEX, MINIMUM)
      : nsec3Chain(records, APEX, { optOut: denial === 'opt-out', iterations, ttl: MINIMUM })),
  ];
  records = recipe.denied?.(records) ?? records;

  const cuts = cutsOf(records, APEX);
  const signatures = (all: readonly Rec[]): Rec[] =>
    rrsets(all).flatMap((rrset) => {
      const first = rrset[0] as Rec;
      if (!isSigned(first, APEX, cuts)) return [];
      const by = (recipe.signers ?? defaultSigners)(first, keys);
      return by.map((key) => signRRset(rrset, APEX, key, recipe.fields?.(first)));
    });
  const body = records.filter((record) => record.type !== 'ZONEMD');
  records = [...records, ...signatures(body)];
  records = recipe.signed?.(records, keys) ?? records;

  // The digest is over all but itself, so it comes last.
  if (records.some((record) => record.type === 'ZONEMD')) {
    const right = withField(digest, 3, zoneDigest(records, APEX));
    const zonemd = recipe.zonemd?.(right) ?? [right];
    records = [
      ...records.filter((record) => record.type !== 'ZONEMD'),
      ...zonemd,
      ...signatures(zonemd),
    ];
  }
  records = recipe.done?.(records) ?? records;
  return zoneText(records, recipe.unsorted !== true);
}

/** The good zone; signed by another key besides, which it does not publish. */
export function goodZone(denial: Denial, besides?: Key): string {
  if (besides === undefined) return makeZone({ denial });
  return makeZone({
    denial,
    signers: (rrset, keys) =>
      rrset.type === 'DNSKEY'
        ? defaultSigners(rrset, keys)
        : [...defaultSigners(rrset, keys), besides],
  });
}

/** DS records of the good zone's KSK, for `--ds`. */
export function goodDs(): string {
  return `${APEX}\t86400\tin\tds\t${dsOf(APEX, KEYS[0] as Key)}\n`;
}

// --- Small tools for the cases ---

type Change = (records: readonly Rec[]) => readonly Rec[];

function without(owner: string, type: string): Change {
  return (records) => records.filter((r) => !(r.owner === owner && r.type === type));
}

/** Removes the signatures over an RRset. */
function unsigned(owner: string, type: string): Change {
  return (records) =>
    records.filter((r) => !(r.owner === owner && r.type === 'RRSIG' && coveredType(r) === type));
}

function adding(...more: readonly Rec[]): Change {
  return (records) => [...records, ...more];
}

/** Changes the records of an owner and type. */
function changing(owner: string, type: string, change: (record: Rec) => Rec): Change {
  return (records) => records.map((r) => (r.owner === owner && r.type === type ? change(r) : r));
}

/** Changes the signature over an RRset. */
function changingSignature(owner: string, type: string, change: (record: Rec) => Rec): Change {
  return (records) =>
    records.map((r) =>
      r.owner === owner && r.type === 'RRSIG' && coveredType(r) === type ? change(r) : r,
    );
}

function only(owner: string, type: string, fields: RrsigFields) {
  return (rrset: Rec): RrsigFields | undefined =>
    rrset.owner === owner && rrset.type === type ? fields : undefined;
}

const hashed = (name: string): string => nsec3Owner(name, APEX);

/** Takes NSEC3 records out, puts some in, and closes the chain over the rest. */
function relinked(change: (chain: readonly Rec[]) => readonly Rec[]): Change {
  return (records) => [
    ...records.filter((r) => r.type !== 'NSEC3'),
    ...relinkNsec3(change(records.filter((r) => r.type === 'NSEC3'))),
  ];
}

function relinkedNsec(change: (chain: readonly Rec[]) => readonly Rec[]): Change {
  return (records) => [
    ...records.filter((r) => r.type !== 'NSEC'),
    ...relinkNsec(change(records.filter((r) => r.type === 'NSEC'))),
  ];
}

/** NSEC3 records in the order of the chain. */
function chainOf(records: readonly Rec[]): Rec[] {
  return records.filter((r) => r.type === 'NSEC3').sort((a, b) => (a.owner < b.owner ? -1 : 1));
}

/** Adds a type to, or takes one from, the bitmap that begins at a field. */
function bitmap(record: Rec, from: number, change: (types: string[]) => string[]): Rec {
  const fields = record.rdata.split(' ');
  return {
    ...record,
    rdata: [...fields.slice(0, from), ...change(fields.slice(from))].join(' '),
  };
}

const DAY = 86_400;
const NOW = Math.floor(Date.now() / 1000);

/** Flips a bit in the middle of a signature. */
function corrupted(record: Rec): Rec {
  const bytes = Buffer.from(record.rdata.split(' ')[8] as string, 'base64');
  bytes[20] = (bytes[20] as number) ^ 1;
  return withField(record, 8, bytes.toString('base64'));
}

/** Two keys of one tag, the greater one first: among some hundreds two agree (birthdays). */
function twins(): readonly [Key, Key] {
  const seen = new Map<number, Key>();
  for (;;) {
    const key = makeKey(256);
    const twin = seen.get(key.tag);
    if (twin !== undefined) return twin.dnskey < key.dnskey ? [key, twin] : [twin, key];
    seen.set(key.tag, key);
  }
}

interface CaseOptions {
  readonly judged?: boolean;
  readonly ds?: () => string;
}

function list(one: string | readonly string[]): readonly string[] {
  return typeof one === 'string' ? [one] : one;
}

function broken(
  title: string,
  faults: string | readonly string[],
  owners: string | readonly string[],
  types: string | readonly string[],
  recipe: () => Recipe,
  options: CaseOptions = {},
): BrokenCase {
  return {
    title,
    faults: list(faults),
    owners: list(owners),
    types: list(types),
    judged: options.judged ?? true,
    make: () => ({
      text: makeZone(recipe()),
      ...(options.ds === undefined ? {} : { ds: options.ds() }),
    }),
  };
}

const SECURE = 'secure.example.';
const INSECURE = 'insecure.example.';
const WWW = 'www.example.';
/** An in-zone name that does not exist. */
const NOBODY = 'nobody.example.';

/** The owners of the good zone's NSEC3 chain, in its order. */
const LINKS: readonly string[] = nsec3Chain(CONTENTS, APEX, { optOut: false, ttl: MINIMUM }).map(
  (record) => record.owner,
);

function linkBefore(owner: string): string {
  return LINKS.at(LINKS.indexOf(owner) - 1) as string;
}

// --- The cases ---

const SIGNATURES: readonly BrokenCase[] = [
  broken('a signature that has expired', 'expired-signature', SECURE, 'DS', () => ({
    fields: only(SECURE, 'DS', { inception: NOW - 30 * DAY, expiration: NOW - DAY }),
  })),
  broken('all signatures expired', 'expired-signature', APEX, 'SOA', () => ({
    fields: () => ({ inception: NOW - 30 * DAY, expiration: NOW - DAY }),
  })),
  broken('a signature that is not valid yet', 'future-signature', SECURE, 'DS', () => ({
    fields: only(SECURE, 'DS', { inception: NOW + DAY }),
  })),
  broken(
    'a signature that expires before it begins',
    ['inverted-signature-times', 'expired-signature', 'future-signature'],
    WWW,
    'A',
    () => ({ fields: only(WWW, 'A', { inception: NOW + DAY, expiration: NOW - DAY }) }),
  ),
  broken('a wrong key tag', 'unknown-key-tag', SECURE, 'DS', () => ({
    fields: only(SECURE, 'DS', { tag: ((KEYS[1] as Key).tag + 1) % 65536 }),
  })),
  broken('a signature by a key that is not in DNSKEY', 'unknown-key-tag', SECURE, 'DS', () => ({
    signers: (rrset, keys) =>
      rrset.type === 'DS' && rrset.owner === SECURE ? [makeKey(256)] : defaultSigners(rrset, keys),
  })),
  broken("a signer's name that is not the apex", 'wrong-signer', SECURE, 'DS', () => ({
    fields: only(SECURE, 'DS', { signer: 'www.example.' }),
  })),
  broken('fewer labels than the owner has', 'wrong-labels', WWW, 'A', () => ({
    fields: only(WWW, 'A', { labels: 1 }),
  })),
  broken('more labels than the owner has', 'wrong-labels', WWW, 'A', () => ({
    fields: only(WWW, 'A', { labels: 3 }),
  })),
  broken("an original TTL that is not the RRset's", 'wrong-original-ttl', WWW, 'A', () => ({
    fields: only(WWW, 'A', { originalTtl: 2 * TTL }),
  })),
  broken('a corrupted signature', 'bad-signature', SECURE, 'DS', () => ({
    signed: changingSignature(SECURE, 'DS', corrupted),
  })),
  broken('a corrupted signature of an NSEC3', 'bad-signature', hashed(WWW), 'NSEC3', () => ({
    signed: changingSignature(hashed(WWW), 'NSEC3', corrupted),
  })),
  broken('a DS changed after signing', 'bad-signature', SECURE, 'DS', () => ({
    signed: changing(SECURE, 'DS', (record) => withField(record, 3, 'ff'.repeat(32))),
  })),
  broken('a record added after signing', 'bad-signature', APEX, 'NS', () => ({
    signed: adding(rec(APEX, 'NS', 'ns2.elsewhere.test.')),
  })),
  ...(
    [
      [APEX, 'SOA'],
      [APEX, 'NS'],
      [APEX, 'DNSKEY'],
      [APEX, 'NSEC3PARAM'],
      [SECURE, 'DS'],
      [hashed(SECURE), 'NSEC3'],
      [WWW, 'A'],
    ] as const
  ).map(([owner, type]) =>
    broken(
      `no signature over ${owner} ${type}`,
      type === 'DNSKEY' ? ['unsigned-rrset', 'dnskey-not-ksk-signed'] : 'unsigned-rrset',
      owner,
      type,
      () => ({ signed: unsigned(owner, type) }),
    ),
  ),
  broken('no signature over an NSEC', 'unsigned-rrset', INSECURE, 'NSEC', () => ({
    denial: 'nsec',
    signed: unsigned(INSECURE, 'NSEC'),
  })),
  broken('no signature over ZONEMD', 'unsigned-rrset', APEX, 'ZONEMD', () => ({
    done: unsigned(APEX, 'ZONEMD'),
  })),
  broken('signed glue', 'signed-glue', 'ns1.secure.example.', 'A', () => ({
    signed: (records, keys) => [
      ...records,
      signRRset([rec('ns1.secure.example.', 'A', '192.0.2.11')], APEX, keys[1] as Key),
    ],
  })),
  broken('a signed delegation NS RRset', 'signed-delegation-ns', SECURE, 'NS', () => ({
    signed: (records, keys) => [
      ...records,
      signRRset([rec(SECURE, 'NS', 'ns1.secure.example.')], APEX, keys[1] as Key),
    ],
  })),
  broken(
    'a signature over a type that is not there',
    'signature-without-rrset',
    WWW,
    'MX',
    () => ({
      signed: (records, keys) => [
        ...records,
        signRRset([rec(WWW, 'MX', '10 mail.elsewhere.test.')], APEX, keys[1] as Key),
      ],
    }),
    { judged: false },
  ),
  broken('DNSKEY signed by the ZSK only', 'dnskey-not-ksk-signed', APEX, 'DNSKEY', () => ({
    signers: (_rrset, keys) => keys.filter((key) => !isKsk(key)),
  })),
  broken(
    'a second algorithm in DNSKEY that signs nothing else',
    'missing-algorithm',
    SECURE,
    'DS',
    () => ({
      keys: [...KEYS, makeKey(257, 15), makeKey(256, 15)],
      signers: (rrset, keys) =>
        defaultSigners(rrset, keys).filter(
          (key) => key.algorithm === 13 || rrset.type === 'DNSKEY',
        ),
    }),
  ),
  broken('one RRset without the second algorithm', 'missing-algorithm', SECURE, 'DS', () => ({
    keys: [...KEYS, makeKey(257, 15), makeKey(256, 15)],
    signers: (rrset, keys) =>
      defaultSigners(rrset, keys).filter((key) => key.algorithm === 13 || rrset.owner !== SECURE),
  })),
];

const DNSKEYS: readonly BrokenCase[] = [
  broken('no DNSKEY', 'missing-dnskey', APEX, 'DNSKEY', () => ({
    contents: without(APEX, 'DNSKEY'),
  })),
  broken('a DNSKEY with protocol 4', 'bad-dnskey', APEX, 'DNSKEY', () => ({
    keys: [KEYS[0] as Key, makeKey(256, 13, 4)],
  })),
  broken('keys without the ZONE flag', 'no-zone-key', APEX, 'DNSKEY', () => ({
    keys: [makeKey(1), makeKey(0)],
  })),
  broken('keys of an unknown algorithm only', 'unsupported-algorithm', APEX, 'DNSKEY', () => {
    const keys = KEYS.map((key) => {
      const dnskey = key.dnskey.replace(' 3 13 ', ' 3 100 ');
      return { ...key, dnskey, algorithm: 100, tag: keyTag(rdataWire('DNSKEY', dnskey)) };
    });
    return {
      keys,
      // The signature's bits don't matter: nobody knows the algorithm.
      signers: (rrset, all) => defaultSigners(rrset, all).map((key) => ({ ...key, algorithm: 13 })),
      fields: () => ({ algorithm: 100 }),
    };
  }),
  broken('two keys with one tag', 'duplicate-key-tag', APEX, 'DNSKEY', () => {
    const [one, two] = twins();
    const ksk = KEYS[0] as Key;
    return {
      keys: [ksk, one, two],
      signers: (rrset) => (rrset.type === 'DNSKEY' ? [ksk] : [one]),
    };
  }),
  broken('a DS at the parent that matches no key', 'ds-without-key', APEX, 'DS', () => ({}), {
    judged: false,
    ds: () => `${APEX}\t86400\tin\tds\t${dsOf(APEX, makeKey(257))}\n`,
  }),
  broken(
    'a DS at the parent whose key does not sign DNSKEY',
    'ds-without-key',
    APEX,
    'DS',
    () => ({}),
    {
      judged: false,
      ds: () => `${APEX}\t86400\tin\tds\t${dsOf(APEX, KEYS[1] as Key)}\n`,
    },
  ),
];

const NSEC3S: readonly BrokenCase[] = [
  broken('no NSEC3 for a secure delegation', 'missing-nsec3', SECURE, 'NSEC3', () => ({
    denied: relinked((chain) => chain.filter((r) => r.owner !== hashed(SECURE))),
  })),
  broken('no NSEC3 for an empty non-terminal', 'missing-nsec3', 'deep.example.', 'NSEC3', () => ({
    denied: relinked((chain) => chain.filter((r) => r.owner !== hashed('deep.example.'))),
  })),
  broken(
    'no NSEC3 for an empty non-terminal above a secure delegation, opt-out',
    'missing-nsec3',
    'ent.example.',
    'NSEC3',
    () => ({
      denial: 'opt-out',
      denied: relinked((chain) => chain.filter((r) => r.owner !== hashed('ent.example.'))),
    }),
  ),
  broken('no NSEC3 for the apex', 'missing-nsec3', APEX, 'NSEC3', () => ({
    denied: relinked((chain) => chain.filter((r) => r.owner !== hashed(APEX))),
  })),
  broken('an opt-out span over a secure delegation', 'missing-nsec3', SECURE, 'NSEC3', () => ({
    denial: 'opt-out',
    denied: relinked((chain) => chain.filter((r) => r.owner !== hashed(SECURE))),
  })),
  broken(
    'an insecure delegation left out without opt-out',
    ['unlawful-opt-out', 'missing-nsec3'],
    INSECURE,
    ['NS', 'NSEC3'],
    () => ({
      denial: 'opt-out',
      denied: (records) => records.map((r) => (r.type === 'NSEC3' ? withField(r, 1, 0) : r)),
    }),
  ),
  broken('a hole in the chain', 'wrong-nsec3-next', linkBefore(hashed(SECURE)), 'NSEC3', () => ({
    denied: without(hashed(SECURE), 'NSEC3'),
  })),
  broken('an NSEC3 of a name that does not exist', 'extra-nsec3', hashed(NOBODY), 'NSEC3', () => ({
    denied: relinked((chain) => [
      ...chain,
      rec(hashed(NOBODY), 'NSEC3', '1 0 0 - ? A RRSIG', MINIMUM),
    ]),
  })),
  broken('an NSEC3 of glue', 'extra-nsec3', hashed('ns1.secure.example.'), 'NSEC3', () => ({
    denied: relinked((chain) => [
      ...chain,
      rec(hashed('ns1.secure.example.'), 'NSEC3', '1 0 0 - ? A', MINIMUM),
    ]),
  })),
  broken('an NSEC3 that points at itself', 'wrong-nsec3-next', hashed(WWW), 'NSEC3', () => ({
    denied: changing(hashed(WWW), 'NSEC3', (r) => withField(r, 4, labelsOf(r.owner)[0] as string)),
  })),
  broken(
    'a chain that turns back half-way',
    'wrong-nsec3-next',
    LINKS[3] as string,
    'NSEC3',
    () => ({
      denied: (records) => {
        const chain = chainOf(records);
        const first = labelsOf((chain[0] as Rec).owner)[0] as string;
        return changing((chain[3] as Rec).owner, 'NSEC3', (r) => withField(r, 4, first))(records);
      },
    }),
  ),
  broken(
    'a last NSEC3 that is not tied to the first',
    'wrong-nsec3-next',
    LINKS.at(-1) as string,
    'NSEC3',
    () => ({
      denied: (records) => {
        const chain = chainOf(records);
        const second = labelsOf((chain[1] as Rec).owner)[0] as string;
        const last = chain.at(-1) as Rec;
        return changing(last.owner, 'NSEC3', (r) => withField(r, 4, second))(records);
      },
    }),
  ),
  broken('a bitmap without DS', 'wrong-nsec3-bitmap', [SECURE, hashed(SECURE)], 'NSEC3', () => ({
    denied: changing(hashed(SECURE), 'NSEC3', (r) =>
      bitmap(r, 5, (types) => types.filter((type) => type !== 'DS')),
    ),
  })),
  broken(
    'a bitmap with a type too many',
    'wrong-nsec3-bitmap',
    [WWW, hashed(WWW)],
    'NSEC3',
    () => ({
      denied: changing(hashed(WWW), 'NSEC3', (r) =>
        bitmap(r, 5, ([a, ...rest]) => [a as string, 'MX', ...rest]),
      ),
    }),
  ),
  broken(
    'a bitmap of an empty non-terminal that is not empty',
    'wrong-nsec3-bitmap',
    ['deep.example.', hashed('deep.example.')],
    'NSEC3',
    () => ({
      denied: changing(hashed('deep.example.'), 'NSEC3', (r) => bitmap(r, 5, () => ['TXT'])),
    }),
  ),
  broken('an NSEC3 with a salt of its own', 'mixed-nsec3-parameters', hashed(WWW), 'NSEC3', () => ({
    denied: changing(hashed(WWW), 'NSEC3', (r) => withField(r, 3, 'abcd')),
  })),
  broken(
    'an NSEC3 with iterations of its own',
    'mixed-nsec3-parameters',
    hashed(WWW),
    'NSEC3',
    () => ({ denied: changing(hashed(WWW), 'NSEC3', (r) => withField(r, 2, 3)) }),
  ),
  broken('no NSEC3PARAM', 'missing-nsec3param', APEX, 'NSEC3PARAM', () => ({
    contents: without(APEX, 'NSEC3PARAM'),
  })),
  broken(
    'an NSEC3PARAM that is not of the chain',
    'nsec3param-mismatch',
    APEX,
    'NSEC3PARAM',
    () => ({ contents: changing(APEX, 'NSEC3PARAM', (r) => withField(r, 2, 5)) }),
  ),
  broken(
    'NSEC3PARAM with a flag',
    'nsec3param-flags',
    APEX,
    'NSEC3PARAM',
    () => ({
      contents: changing(APEX, 'NSEC3PARAM', (r) => withField(r, 1, 1)),
    }),
    { judged: false },
  ),
  broken(
    'an NSEC3 with an unknown hash algorithm',
    'nsec3-hash-algorithm',
    hashed(WWW),
    'NSEC3',
    () => ({ denied: changing(hashed(WWW), 'NSEC3', (r) => withField(r, 0, 2)) }),
  ),
  broken(
    'an NSEC3 with an unknown flag',
    'nsec3-flags',
    hashed(WWW),
    'NSEC3',
    () => ({
      denied: changing(hashed(WWW), 'NSEC3', (r) => withField(r, 1, 2)),
    }),
    { judged: false },
  ),
  broken(
    'an NSEC3 two labels below the apex',
    'nsec3-not-at-apex-level',
    `${base32(nsec3Hash(NOBODY))}.deep.example.`,
    'NSEC3',
    () => ({
      denied: adding(
        rec(
          `${base32(nsec3Hash(NOBODY))}.deep.example.`,
          'NSEC3',
          `1 0 0 - ${base32(nsec3Hash(APEX))} A RRSIG`,
          MINIMUM,
        ),
      ),
    }),
  ),
  broken(
    'an NSEC3 whose TTL is above the SOA minimum',
    'wrong-denial-ttl',
    hashed(WWW),
    'NSEC3',
    () => ({ denied: changing(hashed(WWW), 'NSEC3', (r) => ({ ...r, ttl: 86_400 })) }),
    { judged: false },
  ),
  broken(
    '150 iterations (RFC 9276)',
    'excessive-iterations',
    [APEX, nsec3Owner(APEX, APEX, 150)],
    ['NSEC3PARAM', 'NSEC3'],
    () => ({ iterations: 150 }),
    { judged: false },
  ),
];

const NSECS: readonly BrokenCase[] = [
  broken('NSEC and NSEC3', 'nsec-and-nsec3', [], ['NSEC', 'NSEC3'], () => ({
    denied: (records) => [
      ...records,
      ...nsecChain(
        records.filter((r) => r.type !== 'NSEC3'),
        APEX,
        MINIMUM,
      ),
    ],
  })),
  broken('neither NSEC nor NSEC3', 'missing-denial', APEX, 'NSEC', () => ({
    contents: without(APEX, 'NSEC3PARAM'),
    denied: (records) => records.filter((r) => r.type !== 'NSEC3'),
  })),
  broken('no NSEC for a secure delegation', 'missing-nsec', SECURE, 'NSEC', () => ({
    denial: 'nsec',
    denied: relinkedNsec((chain) => chain.filter((r) => r.owner !== SECURE)),
  })),
  broken('no NSEC for an insecure delegation', 'missing-nsec', INSECURE, 'NSEC', () => ({
    denial: 'nsec',
    denied: relinkedNsec((chain) => chain.filter((r) => r.owner !== INSECURE)),
  })),
  broken(
    'an NSEC of an empty non-terminal',
    'extra-nsec',
    'deep.example.',
    'NSEC',
    () => ({
      denial: 'nsec',
      denied: relinkedNsec((chain) => [
        ...chain,
        rec('deep.example.', 'NSEC', '? RRSIG NSEC', MINIMUM),
      ]),
    }),
    { judged: false },
  ),
  broken('an NSEC of glue', ['extra-nsec', 'occluded-data'], 'ns1.secure.example.', 'NSEC', () => ({
    denial: 'nsec',
    denied: relinkedNsec((chain) => [
      ...chain,
      rec('ns1.secure.example.', 'NSEC', '? A RRSIG NSEC', MINIMUM),
    ]),
  })),
  broken('an NSEC that skips a name', 'wrong-nsec-next', INSECURE, 'NSEC', () => ({
    denial: 'nsec',
    // ns1.example. stands between insecure.example. and plain.example.
    denied: changing(INSECURE, 'NSEC', (r) => withField(r, 0, 'plain.example.')),
  })),
  broken('a last NSEC that is not tied to the apex', 'wrong-nsec-next', WWW, 'NSEC', () => ({
    denial: 'nsec',
    denied: changing(WWW, 'NSEC', (r) => withField(r, 0, 'a.deep.example.')),
  })),
  broken('an NSEC bitmap without NS', 'wrong-nsec-bitmap', INSECURE, 'NSEC', () => ({
    denial: 'nsec',
    denied: changing(INSECURE, 'NSEC', (r) =>
      bitmap(r, 1, (types) => types.filter((type) => type !== 'NS')),
    ),
  })),
  broken('an NSEC bitmap with a type too many', 'wrong-nsec-bitmap', WWW, 'NSEC', () => ({
    denial: 'nsec',
    denied: changing(WWW, 'NSEC', (r) =>
      bitmap(r, 1, ([a, ...rest]) => [a as string, 'MX', ...rest]),
    ),
  })),
  broken(
    'an NSEC whose TTL is above the SOA minimum',
    'wrong-denial-ttl',
    WWW,
    'NSEC',
    () => ({
      denial: 'nsec',
      denied: changing(WWW, 'NSEC', (r) => ({ ...r, ttl: 86_400 })),
    }),
    { judged: false },
  ),
];

const CONTENT: readonly BrokenCase[] = [
  broken('no SOA', 'missing-soa', APEX, 'SOA', () => ({ contents: without(APEX, 'SOA') })),
  broken('two SOA records', 'multiple-soa', APEX, 'SOA', () => ({
    contents: adding(withField(SOA, 2, SERIAL + 1)),
  })),
  broken('no NS at the apex', 'missing-apex-ns', APEX, 'NS', () => ({
    contents: without(APEX, 'NS'),
  })),
  broken('a record out of the zone', 'out-of-zone', 'www.other.test.', 'A', () => ({
    contents: adding(rec('www.other.test.', 'A', '192.0.2.99')),
  })),
  broken(
    'a TXT below a cut',
    'occluded-data',
    'text.insecure.example.',
    'TXT',
    () => ({ contents: adding(rec('text.insecure.example.', 'TXT', '"hidden"')) }),
    { judged: false },
  ),
  broken(
    'a delegation below a cut',
    'occluded-data',
    'sub.insecure.example.',
    'NS',
    () => ({ contents: adding(rec('sub.insecure.example.', 'NS', 'ns.elsewhere.test.')) }),
    { judged: false },
  ),
  broken(
    'a DS without a delegation',
    'ds-without-delegation',
    WWW,
    'DS',
    () => ({ contents: adding(rec(WWW, 'DS', ds(9))) }),
    { judged: false },
  ),
  broken(
    'no glue for an in-domain name server',
    'missing-glue',
    ['ns1.insecure.example.', INSECURE],
    ['A', 'AAAA', 'NS'],
    () => ({ contents: without('ns1.insecure.example.', 'A') }),
  ),
  broken('a CNAME beside other data', 'cname-and-other-data', 'alias.example.', 'CNAME', () => ({
    contents: adding(rec('alias.example.', 'A', '192.0.2.98')),
  })),
  broken('two CNAME records', 'multiple-cname', 'alias.example.', 'CNAME', () => ({
    contents: adding(rec('alias.example.', 'CNAME', 'ns1.example.')),
  })),
  broken('an RRset with two TTLs', 'ttl-mismatch', INSECURE, 'NS', () => ({
    contents: (records) =>
      records.map((r) =>
        r.owner === INSECURE && r.rdata.startsWith('ns1') ? { ...r, ttl: 2 * TTL } : r,
      ),
  })),
  broken(
    'a record twice',
    'duplicate-record',
    INSECURE,
    'NS',
    () => ({
      contents: adding(rec(INSECURE, 'NS', 'ns.elsewhere.test.')),
    }),
    { judged: false },
  ),
  broken(
    'an owner out of canonical order',
    'wrong-order',
    INSECURE,
    ['NS', 'ANY'],
    () => ({
      unsorted: true,
      done: (records) => {
        // Sorted, but for one owner that is moved behind the first that follows it.
        const lines = zoneText(records).trimEnd().split('\n');
        const mine = lines.filter((line) => line.startsWith(`${INSECURE}\t`));
        const rest = lines.filter((line) => !line.startsWith(`${INSECURE}\t`));
        const place = rest.findIndex((line) => line.startsWith('plain.example.\t'));
        return [...rest.slice(0, place + 1), ...mine, ...rest.slice(place + 1)].map((line) => {
          const [owner = '', ttl, , type = '', rdata = ''] = line.split('\t');
          return { owner, ttl: Number(ttl), type: type.toUpperCase(), rdata };
        });
      },
    }),
    { judged: false },
  ),
];

const ZONEMDS: readonly BrokenCase[] = [
  broken('a wrong zone digest', 'zonemd-mismatch', APEX, 'ZONEMD', () => ({
    zonemd: (right) => [withField(right, 3, 'ab'.repeat(48))],
  })),
  broken('glue changed after the digest', 'zonemd-mismatch', APEX, 'ZONEMD', () => ({
    done: changing('ns1.secure.example.', 'A', (r) => ({ ...r, rdata: '192.0.2.66' })),
  })),
  broken("a ZONEMD serial that is not the SOA's", 'zonemd-serial', APEX, 'ZONEMD', () => ({
    zonemd: (right) => [withField(right, 0, SERIAL - 1)],
  })),
  broken('two ZONEMD of one scheme and hash', 'zonemd-duplicate', APEX, 'ZONEMD', () => ({
    zonemd: (right) => [right, withField(right, 3, 'ab'.repeat(48))],
  })),
];

export const BROKEN: readonly BrokenCase[] = [
  ...SIGNATURES,
  ...DNSKEYS,
  ...NSEC3S,
  ...NSECS,
  ...CONTENT,
  ...ZONEMDS,
];
