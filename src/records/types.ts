/**
 * Resource record types: numbers, mnemonics and the `TYPEnnn` form.
 *
 * Numbers are those of the IANA registry "Resource Record (RR) TYPEs" (RFC 6895 §3.1); the
 * form for types without a mnemonic is RFC 3597 §5. The byte functions make no strings, so
 * that they serve every record of a large zone.
 */

/** The types that have a mnemonic here. Values are the numbers on the wire. */
export const TYPE = {
  A: 1,
  NS: 2,
  MD: 3,
  MF: 4,
  CNAME: 5,
  SOA: 6,
  MB: 7,
  MG: 8,
  MR: 9,
  NULL: 10,
  WKS: 11,
  PTR: 12,
  HINFO: 13,
  MINFO: 14,
  MX: 15,
  TXT: 16,
  RP: 17,
  AFSDB: 18,
  X25: 19,
  ISDN: 20,
  RT: 21,
  NSAP: 22,
  'NSAP-PTR': 23,
  SIG: 24,
  KEY: 25,
  PX: 26,
  GPOS: 27,
  AAAA: 28,
  LOC: 29,
  NXT: 30,
  EID: 31,
  NIMLOC: 32,
  SRV: 33,
  ATMA: 34,
  NAPTR: 35,
  KX: 36,
  CERT: 37,
  A6: 38,
  DNAME: 39,
  SINK: 40,
  OPT: 41,
  APL: 42,
  DS: 43,
  SSHFP: 44,
  IPSECKEY: 45,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  DHCID: 49,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  SMIMEA: 53,
  HIP: 55,
  NINFO: 56,
  RKEY: 57,
  TALINK: 58,
  CDS: 59,
  CDNSKEY: 60,
  OPENPGPKEY: 61,
  CSYNC: 62,
  ZONEMD: 63,
  SVCB: 64,
  HTTPS: 65,
  DSYNC: 66,
  SPF: 99,
  NID: 104,
  L32: 105,
  L64: 106,
  LP: 107,
  EUI48: 108,
  EUI64: 109,
  NXNAME: 128,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  MAILB: 253,
  MAILA: 254,
  ANY: 255,
  URI: 256,
  CAA: 257,
  AVC: 258,
  DOA: 259,
  AMTRELAY: 260,
  RESINFO: 261,
  WALLET: 262,
  CLA: 263,
  TA: 32768,
  DLV: 32769,
} as const;

/** Types whose mnemonic few programs read yet: they are written `TYPEnnn`, which all read. */
const WRITTEN_AS_NUMBER: ReadonlySet<string> = new Set([
  'DSYNC',
  'NXNAME',
  'RESINFO',
  'WALLET',
  'CLA',
]);

/** Octets kept for a mnemonic in the tables below; the longest is `openpgpkey`, `nsec3param`. */
const WIDTH = 16;
const BUCKETS = 1024;

/** Octet → the same letter in lower case. */
const LOWER = new Uint8Array(256);
for (let i = 0; i < 256; i++) LOWER[i] = i >= 0x41 && i <= 0x5a ? i + 32 : i;

/** Type number → slot in the tables below; 0 for a type without a mnemonic. */
const SLOT = new Uint8Array(65536);
const names = Object.entries(TYPE);
const lowerText = new Uint8Array((names.length + 1) * WIDTH);
const upperText = new Uint8Array((names.length + 1) * WIDTH);
const textLength = new Uint8Array(names.length + 1);
const number = new Uint16Array(names.length + 1);
/** Open-addressed hash of the lower-case mnemonic → slot. */
const bucket = new Uint8Array(BUCKETS);

function hash(text: Uint8Array, start: number, end: number): number {
  let h = 0;
  for (let i = start; i < end; i++) h = (Math.imul(h, 37) + LOWER[text[i]]) | 0;
  return (h ^ (h >>> 10)) & (BUCKETS - 1);
}

for (let s = 1; s <= names.length; s++) {
  const [name, type] = names[s - 1];
  SLOT[type] = s;
  number[s] = type;
  textLength[s] = name.length;
  for (let i = 0; i < name.length; i++) {
    upperText[s * WIDTH + i] = name.charCodeAt(i);
    lowerText[s * WIDTH + i] = LOWER[name.charCodeAt(i)];
  }
  let b = hash(lowerText, s * WIDTH, s * WIDTH + name.length);
  while (bucket[b] !== 0) b = (b + 1) & (BUCKETS - 1);
  bucket[b] = s;
}
// Written as a number from here on; the mnemonic above stays readable.
for (const [name, type] of names) if (WRITTEN_AS_NUMBER.has(name)) SLOT[type] = 0;

/**
 * The type that `text[start, end)` names: a mnemonic or `TYPEnnn`, in any case.
 *
 * @returns the type number, or -1 when the text is neither.
 */
export function typeFromText(text: Uint8Array, start: number, end: number): number {
  const n = end - start;
  if (n === 0 || n > WIDTH) return -1;
  for (let b = hash(text, start, end); ; b = (b + 1) & (BUCKETS - 1)) {
    const s = bucket[b];
    if (s === 0) break;
    if (textLength[s] === n && sameText(text, start, s * WIDTH, n)) return number[s];
  }
  return numericType(text, start, n);
}

function sameText(text: Uint8Array, start: number, at: number, n: number): boolean {
  for (let i = 0; i < n; i++) if (LOWER[text[start + i]] !== lowerText[at + i]) return false;
  return true;
}

/** Reads `TYPEnnn` (RFC 3597 §5), nnn from 0 to 65535. */
function numericType(text: Uint8Array, start: number, n: number): number {
  if (n < 5 || n > 9) return -1;
  if (LOWER[text[start]] !== 0x74 || LOWER[text[start + 1]] !== 0x79) return -1;
  if (LOWER[text[start + 2]] !== 0x70 || LOWER[text[start + 3]] !== 0x65) return -1;
  let type = 0;
  for (let i = start + 4; i < start + n; i++) {
    const d = text[i] - 0x30;
    if (d < 0 || d > 9) return -1;
    type = type * 10 + d;
  }
  return type <= 65535 ? type : -1;
}

/**
 * Writes the type in lower case (`ns`, `type65534`), as it stands in the type field of our
 * zone files. `out` must have room for 16 octets.
 *
 * @returns the offset after the text.
 */
export function writeType(type: number, out: Uint8Array, o: number): number {
  const s = SLOT[type];
  if (s === 0) {
    out[o] = 0x74;
    out[o + 1] = 0x79;
    out[o + 2] = 0x70;
    out[o + 3] = 0x65;
    return writeTypeNumber(type, out, o + 4);
  }
  const n = textLength[s];
  for (let i = 0; i < n; i++) out[o + i] = lowerText[s * WIDTH + i];
  return o + n;
}

/**
 * Writes the type in upper case (`NS`, `TYPE65534`), as it stands inside RDATA (type
 * covered, type bitmaps), where some readers know no lower case. Room as in {@link writeType}.
 */
export function writeTypeUpper(type: number, out: Uint8Array, o: number): number {
  const s = SLOT[type];
  if (s === 0) {
    out[o] = 0x54;
    out[o + 1] = 0x59;
    out[o + 2] = 0x50;
    out[o + 3] = 0x45;
    return writeTypeNumber(type, out, o + 4);
  }
  const n = textLength[s];
  for (let i = 0; i < n; i++) out[o + i] = upperText[s * WIDTH + i];
  return o + n;
}

function writeTypeNumber(type: number, out: Uint8Array, o: number): number {
  const digits = type < 10 ? 1 : type < 100 ? 2 : type < 1000 ? 3 : type < 10000 ? 4 : 5;
  let n = type;
  for (let p = o + digits - 1; p >= o; p--) {
    const q = (n / 10) | 0;
    out[p] = 0x30 + n - q * 10;
    n = q;
  }
  return o + digits;
}

/** The type as upper-case text, e.g. `NS` or `TYPE65534`; for messages and JSON. */
export function typeToText(type: number): string {
  return SLOT[type] === 0 ? `TYPE${type}` : names[SLOT[type] - 1][0];
}

/**
 * Is this a type that no zone file may hold: OPT, the query and meta types 128–255, and the
 * reserved numbers 0 and 65535 (RFC 6895 §3.1)?
 */
export function isMetaType(type: number): boolean {
  return type === 0 || type === 41 || (type >= 128 && type <= 255) || type === 65535;
}

/**
 * Does a signer make records of this type, so that those of an earlier signing are left out: RRSIG,
 * NSEC, NSEC3, and the apex's NSEC3PARAM, ZONEMD, DNSKEY, CDS and CDNSKEY?
 */
export function isMadeBySigner(type: number, atApex: boolean): boolean {
  switch (type) {
    case TYPE.RRSIG:
    case TYPE.NSEC:
    case TYPE.NSEC3:
      return true;
    case TYPE.NSEC3PARAM:
    case TYPE.ZONEMD:
    case TYPE.DNSKEY:
    case TYPE.CDS:
    case TYPE.CDNSKEY:
      return atApex;
    default:
      return false;
  }
}
