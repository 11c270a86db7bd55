/**
 * A small zone signer for tests: strings, Buffers and node:crypto, no code of the product. It
 * can sign what no honest signer would, so that a zone can be wrong in one place only, with valid
 * signatures everywhere else.
 *
 * RFC 4034 (wire forms, RRSIG, NSEC, canonical forms), RFC 5155 (NSEC3), RFC 6605 and 8080
 * (ECDSA P-256, Ed25519), RFC 8976 (ZONEMD). Names are plain ASCII, lower case and absolute.
 */
import { createHash, type KeyObject, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { makePair } from '../tools/key-pairs.js';

export interface Rec {
  readonly owner: string;
  readonly ttl: number;
  readonly type: string;
  readonly rdata: string;
}

const TYPE_NUMBERS: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  DS: 43,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  NSEC3: 50,
  NSEC3PARAM: 51,
  ZONEMD: 63,
};

function typeNumber(type: string): number {
  const number = TYPE_NUMBERS[type];
  if (number === undefined) throw new Error(`type ${type} is not known to the test's signer`);
  return number;
}

// --- Names ---

/** Labels from the left; none for the root. */
export function labelsOf(name: string): string[] {
  return name === '.' ? [] : name.slice(0, -1).split('.');
}

export function isBelow(name: string, upper: string): boolean {
  return upper === '.' ? name !== '.' : name.endsWith(`.${upper}`);
}

/** Canonical order of names (RFC 4034 section 6.1). */
export function compareNames(a: string, b: string): number {
  const x = labelsOf(a).reverse();
  const y = labelsOf(b).reverse();
  for (const [i, label] of x.entries()) {
    const other = y[i];
    if (other === undefined) return 1;
    const order = Buffer.compare(Buffer.from(label), Buffer.from(other));
    if (order !== 0) return order;
  }
  return x.length - y.length;
}

// --- Wire forms ---

function u16(n: number): Buffer {
  return Buffer.from([(n >> 8) & 255, n & 255]);
}

function u32(n: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(n >>> 0);
  return bytes;
}

export function nameWire(name: string): Buffer {
  return Buffer.concat([
    ...labelsOf(name).map((one) => Buffer.concat([Buffer.from([one.length]), Buffer.from(one)])),
    Buffer.from([0]),
  ]);
}

function addressWire(text: string): Buffer {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  const [left = '', right] = text.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const gap = Array<string>(right === undefined ? 0 : 8 - head.length - tail.length).fill('0');
  return Buffer.concat([...head, ...gap, ...tail].map((group) => u16(Number.parseInt(group, 16))));
}

/** Seconds since 1970 of YYYYMMDDHHMMSS, and back. */
function timeWire(text: string): Buffer {
  const [, y, mo, d, h, mi, s] = /^(....)(..)(..)(..)(..)(..)$/.exec(text) as RegExpExecArray;
  return u32(
    Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s)) / 1000,
  );
}

export function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace(/[-:T]/g, '');
}

const BASE32 = '0123456789abcdefghijklmnopqrstuv';

export function base32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? [])
    .map((group) => BASE32[Number.parseInt(group.padEnd(5, '0'), 2)])
    .join('');
}

function fromBase32(text: string): Buffer {
  const bits = [...text].map((c) => BASE32.indexOf(c).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

/** RFC 4034 section 4.1.2. */
function bitmapWire(types: readonly string[]): Buffer {
  const numbers = types.map(typeNumber);
  if (numbers.length === 0) return Buffer.alloc(0);
  // Every type the tests use is in window 0.
  const map = Buffer.alloc((Math.max(...numbers) >> 3) + 1);
  for (const n of numbers) map[n >> 3] = (map[n >> 3] as number) | (0x80 >> (n & 7));
  return Buffer.concat([Buffer.from([0, map.length]), map]);
}

function saltWire(text: string): Buffer {
  return text === '-' ? Buffer.alloc(0) : Buffer.from(text, 'hex');
}

/** RDATA in wire form, from presentation form. */
export function rdataWire(type: string, rdata: string): Buffer {
  const f = rdata.split(' ');
  const at = (i: number): string => f[i] ?? '';
  const num = (i: number): number => Number(at(i));
  switch (type) {
    case 'A':
    case 'AAAA':
      return addressWire(rdata);
    case 'NS':
    case 'CNAME':
      return nameWire(rdata);
    case 'SOA':
      return Buffer.concat([
        nameWire(at(0)),
        nameWire(at(1)),
        ...[2, 3, 4, 5, 6].map((i) => u32(num(i))),
      ]);
    case 'MX':
      return Buffer.concat([u16(num(0)), nameWire(at(1))]);
    case 'TXT': {
      const text = rdata.replace(/^"|"$/g, '');
      return Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
    }
    case 'DS':
      return Buffer.concat([u16(num(0)), Buffer.from([num(1), num(2)]), Buffer.from(at(3), 'hex')]);
    case 'DNSKEY':
      return Buffer.concat([
        u16(num(0)),
        Buffer.from([num(1), num(2)]),
        Buffer.from(at(3), 'base64'),
      ]);
    case 'RRSIG':
      return Buffer.concat([rrsigHead(rdata), Buffer.from(at(8), 'base64')]);
    case 'NSEC':
      return Buffer.concat([nameWire(at(0)), bitmapWire(f.slice(1))]);
    case 'NSEC3PARAM': {
      const salt = saltWire(at(3));
      return Buffer.concat([
        Buffer.from([num(0), num(1)]),
        u16(num(2)),
        Buffer.from([salt.length]),
        salt,
      ]);
    }
    case 'NSEC3': {
      const salt = saltWire(at(3));
      const next = fromBase32(at(4));
      return Buffer.concat([
        Buffer.from([num(0), num(1)]),
        u16(num(2)),
        Buffer.from([salt.length]),
        salt,
        Buffer.from([next.length]),
        next,
        bitmapWire(f.slice(5)),
      ]);
    }
    case 'ZONEMD':
      return Buffer.concat([u32(num(0)), Buffer.from([num(1), num(2)]), Buffer.from(at(3), 'hex')]);
    default:
      throw new Error(`no wire form for ${type}`);
  }
}

/** RRSIG RDATA without the signature (RFC 4034 section 3.1.8.1). */
function rrsigHead(rdata: string): Buffer {
  const [covered, alg, labels, ttl, expiration, inception, tag, signer] = rdata.split(' ');
  return Buffer.concat([
    u16(typeNumber(covered as string)),
    Buffer.from([Number(alg), Number(labels)]),
    u32(Number(ttl)),
    timeWire(expiration as string),
    timeWire(inception as string),
    u16(Number(tag)),
    nameWire(signer as string),
  ]);
}

/** A record in canonical form (RFC 4034 section 6.2). */
function recordWire(owner: string, type: string, ttl: number, rdata: Buffer): Buffer {
  return Buffer.concat([
    nameWire(owner),
    u16(typeNumber(type)),
    u16(1),
    u32(ttl),
    u16(rdata.length),
    rdata,
  ]);
}

// --- Keys ---

export interface Key {
  readonly flags: number;
  readonly algorithm: number;
  readonly tag: number;
  /** DNSKEY RDATA in presentation form. */
  readonly dnskey: string;
  readonly privateKey: KeyObject;
}

/** RFC 4034 appendix B. */
export function keyTag(rdata: Buffer): number {
  let sum = 0;
  for (const [i, byte] of rdata.entries()) sum += i % 2 === 0 ? byte * 256 : byte;
  return (sum + Math.floor(sum / 65536)) % 65536;
}

/** A new key; 257 is a KSK, 256 a ZSK. */
export function makeKey(flags: number, algorithm: 13 | 15 = 13, protocol = 3): Key {
  const pair = algorithm === 13 ? makePair('ec', { namedCurve: 'P-256' }) : makePair('ed25519');
  const jwk = pair.publicKey.export({ format: 'jwk' });
  const parts = [jwk.x, jwk.y].filter((part) => part !== undefined);
  const bytes = Buffer.concat(parts.map((part) => Buffer.from(part, 'base64url')));
  const dnskey = `${flags} ${protocol} ${algorithm} ${bytes.toString('base64')}`;
  const tag = keyTag(rdataWire('DNSKEY', dnskey));
  return { flags, algorithm, tag, dnskey, privateKey: pair.privateKey };
}

/** The DS of a key with SHA-256, as presentation RDATA. */
export function dsOf(owner: string, key: Pick<Key, 'dnskey' | 'tag' | 'algorithm'>): string {
  const rdata = rdataWire('DNSKEY', key.dnskey);
  const digest = createHash('sha256').update(nameWire(owner)).update(rdata).digest('hex');
  return `${key.tag} ${key.algorithm} 2 ${digest}`;
}

// --- Signatures ---

/** Fields of an RRSIG that a test may want to be wrong. The signature is valid over them. */
export interface RrsigFields {
  readonly inception?: number;
  readonly expiration?: number;
  readonly signer?: string;
  readonly labels?: number;
  readonly originalTtl?: number;
  readonly tag?: number;
  readonly algorithm?: number;
}

const HOUR = 3600;
const DAY = 86_400;

/** The RRSIG over an RRset (records of one owner and type), made now. */
export function signRRset(
  rrset: readonly Rec[],
  apex: string,
  key: Key,
  wrong: RrsigFields = {},
): Rec {
  const [first] = rrset;
  if (first === undefined) throw new Error('nothing to sign');
  const now = Math.floor(Date.now() / 1000);
  const own = labelsOf(first.owner).filter((label) => label !== '*').length;
  const ttl = Math.min(...rrset.map((record) => record.ttl));
  const labels = wrong.labels ?? own;
  const originalTtl = wrong.originalTtl ?? ttl;
  const head = [
    first.type,
    wrong.algorithm ?? key.algorithm,
    labels,
    originalTtl,
    timeText(wrong.expiration ?? now + 14 * DAY),
    timeText(wrong.inception ?? now - HOUR),
    wrong.tag ?? key.tag,
    wrong.signer ?? apex,
  ].join(' ');
  // Fewer labels than the owner has say that the record came from a wildcard.
  const owner =
    labels < own
      ? `*.${labelsOf(first.owner)
          .slice(own - labels)
          .join('.')}.`
      : first.owner;
  const rdatas = [...new Set(rrset.map((record) => record.rdata))]
    .map((rdata) => rdataWire(first.type, rdata))
    .sort(Buffer.compare);
  const data = Buffer.concat([
    rrsigHead(head),
    ...rdatas.map((rdata) => recordWire(owner, first.type, originalTtl, rdata)),
  ]);
  const signature =
    key.algorithm === 13
      ? sign('sha256', data, { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
      : sign(null, data, key.privateKey);
  return {
    owner: first.owner,
    ttl,
    type: 'RRSIG',
    rdata: `${head} ${signature.toString('base64')}`,
  };
}

/** The type that an RRSIG covers; for other records their own type. */
export function coveredType(record: Rec): string {
  return record.type === 'RRSIG' ? (record.rdata.split(' ')[0] as string) : record.type;
}

/** Records by owner and type. RRSIGs are not grouped: they are no RRset to sign. */
export function rrsets(records: readonly Rec[]): Rec[][] {
  const sets = new Map<string, Rec[]>();
  for (const record of records) {
    if (record.type === 'RRSIG') continue;
    const key = `${record.owner} ${record.type}`;
    const set = sets.get(key);
    if (set === undefined) sets.set(key, [record]);
    else set.push(record);
  }
  return [...sets.values()];
}

// --- What is where ---

/** The names with a delegation. */
export function cutsOf(records: readonly Rec[], apex: string): Set<string> {
  return new Set(records.filter((r) => r.type === 'NS' && r.owner !== apex).map((r) => r.owner));
}

/** Whether a name is below a cut: glue or occluded. */
export function isHidden(name: string, cuts: ReadonlySet<string>): boolean {
  return [...cuts].some((cut) => isBelow(name, cut));
}

/** Whether an honest signer signs this RRset. */
export function isSigned(record: Rec, apex: string, cuts: ReadonlySet<string>): boolean {
  if (record.owner !== apex && !isBelow(record.owner, apex)) return false;
  if (isHidden(record.owner, cuts)) return false;
  return !cuts.has(record.owner) || ['DS', 'NSEC', 'NSEC3'].includes(record.type);
}

/** The types that the bitmap of a name's NSEC or NSEC3 lists, with RRSIG where there are any. */
function typesAt(name: string, records: readonly Rec[], apex: string): string[] {
  const cuts = cutsOf(records, apex);
  const here = records.filter((record) => record.owner === name);
  const types = new Set(
    here
      .map((record) => record.type)
      .filter((type) => !cuts.has(name) || type === 'NS' || type === 'DS' || type === 'NSEC'),
  );
  if (here.some((record) => isSigned(record, apex, cuts))) types.add('RRSIG');
  return [...types].sort((a, b) => typeNumber(a) - typeNumber(b));
}

/** The authoritative names and delegations of a zone. */
function ownNames(records: readonly Rec[], apex: string): string[] {
  const cuts = cutsOf(records, apex);
  const names = new Set(records.map((record) => record.owner));
  return [...names].filter(
    (name) => (name === apex || isBelow(name, apex)) && !isHidden(name, cuts),
  );
}

// --- Denial ---

export interface Nsec3Options {
  readonly optOut: boolean;
  readonly iterations?: number;
  readonly salt?: string;
  readonly ttl: number;
}

/** RFC 5155 section 5. */
export function nsec3Hash(name: string, iterations = 0, salt = '-'): Buffer {
  let digest = nameWire(name);
  for (let i = 0; i <= iterations; i++) {
    digest = createHash('sha1').update(digest).update(saltWire(salt)).digest();
  }
  return digest;
}

export function nsec3Owner(name: string, apex: string, iterations = 0, salt = '-'): string {
  const label = base32(nsec3Hash(name, iterations, salt));
  return apex === '.' ? `${label}.` : `${label}.${apex}`;
}

/** The NSEC3 records of a zone (which must hold NSEC3PARAM already, for the bitmap). */
export function nsec3Chain(records: readonly Rec[], apex: string, options: Nsec3Options): Rec[] {
  const { optOut, iterations = 0, salt = '-', ttl } = options;
  const cuts = cutsOf(records, apex);
  const secure = new Set(records.filter((r) => r.type === 'DS').map((r) => r.owner));
  const names = new Set<string>();
  for (const name of ownNames(records, apex)) {
    if (optOut && cuts.has(name) && !secure.has(name)) continue;
    // The name and the empty non-terminals above it.
    for (let up = name; up !== apex; up = `${labelsOf(up).slice(1).join('.')}.`) names.add(up);
    names.add(apex);
  }
  const chain = [...names].map((name) => ({
    owner: nsec3Owner(name, apex, iterations, salt),
    ttl,
    type: 'NSEC3',
    rdata: [1, optOut ? 1 : 0, iterations, salt, '?', ...typesAt(name, records, apex)].join(' '),
  }));
  return relinkNsec3(chain);
}

/** Makes each NSEC3 point at the next one, the last at the first. */
export function relinkNsec3(chain: readonly Rec[]): Rec[] {
  const sorted = [...chain].sort((a, b) => compareNames(a.owner, b.owner));
  return sorted.map((record, i) => {
    const next = sorted[(i + 1) % sorted.length] as Rec;
    return withField(record, 4, labelsOf(next.owner)[0] as string);
  });
}

export function nsecChain(records: readonly Rec[], apex: string, ttl: number): Rec[] {
  const cuts = cutsOf(records, apex);
  const chain = ownNames(records, apex).map((owner) => {
    const types = new Set([...typesAt(owner, records, apex), 'RRSIG', 'NSEC']);
    const sorted = [...types].sort((a, b) => typeNumber(a) - typeNumber(b));
    return { owner, ttl, type: 'NSEC', rdata: ['?', ...sorted].join(' ') };
  });
  return relinkNsec(chain.filter((record) => !isHidden(record.owner, cuts)));
}

export function relinkNsec(chain: readonly Rec[]): Rec[] {
  const sorted = [...chain].sort((a, b) => compareNames(a.owner, b.owner));
  return sorted.map((record, i) => {
    const next = sorted[(i + 1) % sorted.length] as Rec;
    return withField(record, 0, next.owner);
  });
}

/** A record with one field of its RDATA replaced. */
export function withField(record: Rec, index: number, value: string | number): Rec {
  const fields = record.rdata.split(' ');
  fields[index] = String(value);
  return { ...record, rdata: fields.join(' ') };
}

// --- ZONEMD ---

/** The SIMPLE scheme's SHA-384 digest (RFC 8976 section 3), hexadecimal. */
export function zoneDigest(records: readonly Rec[], apex: string): string {
  const left = records.filter(
    (record) => !(record.owner === apex && coveredType(record) === 'ZONEMD'),
  );
  const wires = left
    .filter((record) => record.owner === apex || isBelow(record.owner, apex))
    .map((record) => ({ record, rdata: rdataWire(record.type, record.rdata) }))
    .sort(
      (a, b) =>
        compareNames(a.record.owner, b.record.owner) ||
        typeNumber(a.record.type) - typeNumber(b.record.type) ||
        Buffer.compare(a.rdata, b.rdata),
    )
    .map(({ record, rdata }) => recordWire(record.owner, record.type, record.ttl, rdata));
  const hash = createHash('sha384');
  for (const [i, wire] of wires.entries()) {
    // Duplicate records count once.
    if (i === 0 || !wire.equals(wires[i - 1] as Buffer)) hash.update(wire);
  }
  return hash.digest('hex');
}

// --- Text ---

/** The zone file in zonewright's layout: canonical order of owners, the SOA first. */
export function zoneText(records: readonly Rec[], sorted = true): string {
  const rank = (record: Rec): number =>
    record.type === 'SOA' ? 0 : typeNumber(coveredType(record));
  const ordered = sorted
    ? [...records].sort((a, b) => compareNames(a.owner, b.owner) || rank(a) - rank(b))
    : records;
  return ordered
    .map((r) => `${r.owner}\t${r.ttl}\tin\t${r.type.toLowerCase()}\t${r.rdata}\n`)
    .join('');
}
