/**
 * The table of RDATA layouts: which fields each type has, in the order of both the wire form
 * and the presentation form, and what a person calls them.
 *
 * Sources: RFC 1035 §3.3, RFC 1183, 1348, 1706, 1712, 1876, 2163, 2230, 2782, 3123, 3403, 4025,
 * 4034, 4255, 4398, 4701, 5155, 6672, 6698, 6742, 6844/8659, 7043, 7344, 7477, 7553, 7929,
 * 8005, 8162, 8777, 8976, 9460, 9859.
 */

import { TYPE } from './types.js';

/**
 * What a field is. Those below {@link FIELD.bitmap} take one token each and are always there;
 * the others take all the tokens that are left.
 */
export const FIELD = {
  none: 0,
  /** A name, lower case in canonical form (RFC 4034 §6.2, RFC 6840 §5.1). */
  name: 1,
  ipv4: 2,
  u16: 3,
  u8: 4,
  u32: 5,
  ipv6: 6,
  /** 32 bits, written in seconds, read with units. */
  period: 7,
  /** 32 bits, an RRSIG time. */
  time: 8,
  /** 16 bits, a type. */
  type: 9,
  /** 8 bits, a DNSSEC algorithm. */
  algorithm: 10,
  /** 8 bits, a DS digest type. */
  digesttype: 11,
  /** NSEC3 salt: a length octet and octets, in hexadecimal, `-` for none. */
  salt: 12,
  /** A length octet and at least one octet, in base32hex. */
  hash: 13,
  /** A name whose case is kept in canonical form. */
  casename: 14,
  /** A character-string. */
  string: 15,
  /** A CAA tag: a length octet and ASCII letters and digits (RFC 8659 §4.1). */
  tag: 16,
  /** 16 bits, a CERT type. */
  certtype: 17,
  /** 8 bits, a DSYNC scheme. */
  scheme: 18,
  eui48: 19,
  eui64: 20,
  /** 64 bits in four groups (RFC 6742). */
  locator: 21,
  /** The gateway of IPSECKEY; its form depends on the type two octets before it. */
  gateway: 22,
  /** Octets to the end as one string without a length octet (URI target, CAA value). */
  text: 23,
  /** A type bitmap; may be empty. */
  bitmap: 24,
  /** Octets to the end in hexadecimal, at least one. */
  hex: 25,
  /** Octets to the end in base64, at least one. */
  base64: 26,
  /** Character-strings to the end, at least one. */
  strings: 27,
  /** The digest of a DS, its length fixed by the digest type before it. */
  dsdigest: 28,
  /** The digest of a ZONEMD, its length fixed by the scheme and hash algorithm before it. */
  zonedigest: 29,
  /** Octets to the end in base64, possibly none. */
  optbase64: 30,
  /** At most one character-string. */
  optstring: 31,
  /** Octets to the end, in hexadecimal after `0x`, dots allowed (RFC 1706 §7). */
  nsap: 32,
  loc: 33,
  svcparams: 34,
  apl: 35,
  hip: 36,
  amtrelay: 37,
} as const;

/** Type(s): fields, each `what a person calls it:kind`. */
const TABLE: readonly (readonly [string, string])[] = [
  ['A', 'address:ipv4'],
  ['NS', 'name server:name'],
  ['MD MF', 'mail agent:name'],
  ['CNAME DNAME', 'target:name'],
  [
    'SOA',
    'primary name server:name, mailbox:name, serial:u32, refresh:period, retry:period, ' +
      'expire:period, minimum:period',
  ],
  ['MB MG MR', 'mailbox:name'],
  ['PTR NSAP-PTR', 'target:name'],
  ['HINFO', 'CPU:string, OS:string'],
  ['MINFO', 'responsible mailbox:name, error mailbox:name'],
  ['MX', 'preference:u16, mail exchange:name'],
  ['TXT SPF AVC NINFO RESINFO WALLET CLA', 'text:strings'],
  ['RP', 'mailbox:name, TXT name:name'],
  ['AFSDB', 'subtype:u16, host:name'],
  ['X25', 'PSDN address:string'],
  ['ISDN', 'ISDN address:string, subaddress:optstring'],
  ['RT', 'preference:u16, intermediate host:name'],
  ['NSAP', 'address:nsap'],
  [
    'SIG RRSIG',
    'type covered:type, algorithm:algorithm, labels:u8, original TTL:period, expiration:time, ' +
      "inception:time, key tag:u16, signer's name:name, signature:base64",
  ],
  ['KEY', 'flags:u16, protocol:u8, algorithm:algorithm, public key:optbase64'],
  ['DNSKEY CDNSKEY RKEY', 'flags:u16, protocol:u8, algorithm:algorithm, public key:base64'],
  ['PX', 'preference:u16, RFC 822 domain:name, X.400 domain:name'],
  ['GPOS', 'longitude:string, latitude:string, altitude:string'],
  ['AAAA', 'address:ipv6'],
  ['LOC', 'location:loc'],
  ['EID NIMLOC', 'identifier:hex'],
  ['SRV', 'priority:u16, weight:u16, port:u16, target:name'],
  [
    'NAPTR',
    'order:u16, preference:u16, flags:string, services:string, regexp:string, replacement:name',
  ],
  ['KX', 'preference:u16, exchanger:name'],
  ['CERT', 'type:certtype, key tag:u16, algorithm:algorithm, certificate:base64'],
  ['APL', 'address prefix:apl'],
  ['DS CDS TA DLV', 'key tag:u16, algorithm:algorithm, digest type:digesttype, digest:dsdigest'],
  ['SSHFP', 'algorithm:u8, fingerprint type:u8, fingerprint:hex'],
  [
    'IPSECKEY',
    'precedence:u8, gateway type:u8, algorithm:u8, gateway:gateway, public key:optbase64',
  ],
  ['NSEC', 'next name:casename, types:bitmap'],
  ['DHCID', 'identifier:base64'],
  [
    'NSEC3',
    'hash algorithm:u8, flags:u8, iterations:u16, salt:salt, next hashed owner:hash, types:bitmap',
  ],
  ['NSEC3PARAM', 'hash algorithm:u8, flags:u8, iterations:u16, salt:salt'],
  [
    'TLSA SMIMEA',
    'certificate usage:u8, selector:u8, matching type:u8, certificate association data:hex',
  ],
  ['HIP', 'host identity:hip'],
  ['TALINK', 'previous name:casename, next name:casename'],
  ['OPENPGPKEY', 'public key:base64'],
  ['CSYNC', 'serial:u32, flags:u16, types:bitmap'],
  ['ZONEMD', 'serial:u32, scheme:u8, hash algorithm:u8, digest:zonedigest'],
  ['SVCB HTTPS', 'priority:u16, target:casename, parameters:svcparams'],
  ['DSYNC', 'type:type, scheme:scheme, port:u16, target:casename'],
  ['NID', 'preference:u16, node identifier:locator'],
  ['L32', 'preference:u16, locator:ipv4'],
  ['L64', 'preference:u16, locator:locator'],
  ['LP', 'preference:u16, target:casename'],
  ['EUI48', 'address:eui48'],
  ['EUI64', 'address:eui64'],
  ['URI', 'priority:u16, weight:u16, target:text'],
  ['CAA', 'flags:u8, tag:tag, value:text'],
  ['AMTRELAY', 'relay:amtrelay'],
];

/** Type → index of its layout; 0 for a type that is only known as octets (RFC 3597). */
export const LAYOUT_OF: Uint8Array = new Uint8Array(65536);
/** Layout → kinds of its fields, in order. */
export const LAYOUTS: Uint8Array[] = [new Uint8Array(0)];
/** Layout → names of its fields. */
export const FIELD_NAMES: string[][] = [[]];

for (const [types, fields] of TABLE) {
  const kinds: number[] = [];
  const names: string[] = [];
  for (const field of fields.split(', ')) {
    const [name, kind] = field.split(':');
    names.push(name);
    kinds.push(FIELD[kind as keyof typeof FIELD]);
  }
  for (const type of types.split(' ')) LAYOUT_OF[TYPE[type as keyof typeof TYPE]] = LAYOUTS.length;
  LAYOUTS.push(Uint8Array.from(kinds));
  FIELD_NAMES.push(names);
}

/** Octets a DS digest of this type has; 0 when the type is not known. */
export function dsDigestLength(digestType: number): number {
  switch (digestType) {
    case 1:
      return 20;
    case 2:
    case 3:
    case 5:
    case 6:
      return 32;
    case 4:
      return 48;
    default:
      return 0;
  }
}

/** Octets a ZONEMD digest has; 0 when the scheme or hash algorithm is not known (RFC 8976). */
export function zoneDigestLength(scheme: number, hash: number): number {
  if (scheme !== 1) return 0;
  return hash === 1 ? 48 : hash === 2 ? 64 : 0;
}
