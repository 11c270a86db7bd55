/** Every field of every type: text that is not right gives a fault that names the token. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameFromText } from '#zonewright/names/name.js';
import { type Tokens, tokenize } from '#zonewright/records/fault.js';
import { checkRdata, parseRdata, rdataFault, rdataFromText } from '#zonewright/records/rdata.js';
import { TYPE } from '#zonewright/records/types.js';

type Name = keyof typeof TYPE;
const ORIGIN = nameFromText('example.');
const out = new Uint8Array(66100);

function tokensOf(text: string): Tokens {
  const tokens = tokenize(new TextEncoder().encode(text));
  if (tokens === undefined) throw new Error(`open quote in ${text}`);
  return tokens;
}

function fault(type: number, text: string): { token: number; message: string } | undefined {
  const tokens = tokensOf(text);
  if (parseRdata(type, tokens, 0, ORIGIN, out, 50) >= 0) return undefined;
  return { ...rdataFault };
}

const SIG = '20261122000000 20251122000000 7 com. AQID';
const SHA256 = 'ab'.repeat(32);
/** Type, RDATA, token at fault, what the message must say. */
const ROWS: [Name, string, number, string][] = [
  ['A', '192.0.2', 0, 'address is not an IPv4 address'],
  ['A', '192.0.2.256', 0, 'address is not an IPv4 address'],
  ['A', '192.0.2.01', 0, 'address is not an IPv4 address'],
  ['A', '192.0.2.1.', 0, 'address is not an IPv4 address'],
  ['A', '192.0..1', 0, 'address is not an IPv4 address'],
  ['A', '1922.0.2.1', 0, 'address is not an IPv4 address'],
  ['A', '3221225985', 0, 'address is not an IPv4 address'],
  ['A', '', 0, 'address is missing'],
  ['A', '192.0.2.1 192.0.2.2', 1, 'text comes after the address'],
  ['NS', 'a..b.', 0, 'name server has an empty label'],
  ['NS', `${'a'.repeat(64)}.`, 0, 'name server has a label longer than 63 octets'],
  ['NS', `${'abcdefg.'.repeat(32)}`, 0, 'name server is longer than 255 octets'],
  ['NS', 'a\\2', 0, 'name server has a broken escape'],
  ['NS', '""', 0, 'name server is empty'],
  ['NS', 'a. b.', 1, 'text comes after the name server'],
  ['MX', '65536 a.', 0, 'preference is not a number from 0 to 65535'],
  ['MX', 'a. 10', 0, 'preference is not a number from 0 to 65535'],
  ['MX', '10', 1, 'mail exchange is missing'],
  ['SOA', 'a. b. 4294967296 1 1 1 1', 2, 'serial is not a number'],
  ['SOA', 'a. b. 1 1 1 1', 6, 'minimum is missing'],
  ['SRV', '0 0 x a.', 2, 'port is not a number from 0 to 65535'],
  ['SRV', '-1 0 0 a.', 0, 'priority is not a number from 0 to 65535'],
  ['TXT', '', 0, 'text is missing'],
  ['TXT', 'a b\\', 1, 'text has a broken escape'],
  ['TXT', 'a "\\256"', 1, 'text has a broken escape'],
  ['TXT', '"\\2x5"', 0, 'text has a broken escape'],
  ['HINFO', 'PDP-11', 1, 'OS is missing'],
  ['NAPTR', '1 2 "S" "X"', 4, 'regexp is missing'],
  ['DS', `65536 8 2 ${SHA256}`, 0, 'key tag is not a number'],
  ['DS', `1 NOPE 2 ${SHA256}`, 1, 'algorithm is not an algorithm number'],
  ['DS', `1 8 256 ${SHA256}`, 2, 'digest type is not'],
  ['DS', '1 8 2', 3, 'digest is missing'],
  ['DS', `1 8 2 ${SHA256}a`, 3, 'digest is not hexadecimal'],
  ['DS', '1 8 2 zz', 3, 'digest is not hexadecimal'],
  ['DS', `1 8 1 ${SHA256}`, 3, 'digest has 32 octets, and needs 20'],
  ['DS', `1 8 4 ${SHA256}`, 3, 'digest has 32 octets, and needs 48'],
  ['ZONEMD', `1 1 1 ${SHA256}`, 3, 'digest has 32 octets, and needs 48'],
  ['ZONEMD', '1 1 240 abcd', 3, 'digest has 2 octets, and needs at least 12'],
  ['RRSIG', `NOPE 8 1 1 ${SIG}`, 0, 'type covered is not a type'],
  ['RRSIG', 'NS 8 1 1 20261122000000', 5, 'inception is missing'],
  ['RRSIG', `NS 8 256 1 ${SIG}`, 2, 'labels is not a number from 0 to 255'],
  ['RRSIG', `NS 8 1 x ${SIG}`, 3, 'original TTL is not a number of seconds'],
  ['RRSIG', `NS 8 1 1 ${SIG}A`, 8, 'signature is not base64'],
  ['DNSKEY', '257 3 8', 3, 'public key is missing'],
  ['DNSKEY', '257 3 8 A===', 3, 'public key is not base64'],
  ['DNSKEY', '257 3 8 AB==', 3, 'public key is not base64'],
  ['DNSKEY', '257 3 8 AQI=AQID', 3, 'public key is not base64'],
  ['DNSKEY', '257 3 8 AQ=D', 3, 'public key is not base64'],
  ['DNSKEY', '257 3 8 AQ-D', 3, 'public key is not base64'],
  ['NSEC', 'a. A NOPE NS', 2, 'type is unknown'],
  ['NSEC3', '1 0 0 abc 00', 3, 'salt is not'],
  ['NSEC3', '1 0 0 "" 00', 3, 'salt is not'],
  ['NSEC3', '1 0 0 - 0', 4, 'next hashed owner is not base32hex'],
  ['NSEC3', '1 0 0 - 01', 4, 'next hashed owner is not base32hex'],
  ['NSEC3', '1 0 0 - wwww', 4, 'next hashed owner is not base32hex'],
  ['NSEC3PARAM', '1 0 65536 -', 2, 'iterations is not a number'],
  ['CAA', '0 is-sue "x"', 1, 'tag is not one to 255 letters and digits'],
  ['CAA', '0 issue', 2, 'value is missing'],
  ['URI', '1 2 a\\', 2, 'broken escape'],
  ['EUI48', '00-00-5e-00-53', 0, 'address is not six octets'],
  ['EUI64', '00:00:5e:ef:10:00:00:2a', 0, 'address is not eight octets'],
  ['NID', '1 1:2:3', 1, 'node identifier is not four groups'],
  ['L32', '1 1.2.3', 1, 'locator is not an IPv4 address'],
  ['CERT', 'X 0 0 AQID', 0, 'type is not a certificate type'],
  ['NSAP', '47', 0, 'address is not 0x'],
  ['NSAP', '0x4', 0, 'address is not 0x'],
  ['APL', '3:1.2.3.4/8', 0, 'address prefix is not'],
  ['APL', '1:1.2.3.4/33', 0, 'address prefix is not'],
  ['APL', '1:1.2.3.4/8 2:1.2.3.4/8', 1, 'address prefix has no IPv6 address'],
  ['HIP', '2 zz AQID', 1, 'host identity tag is not hexadecimal'],
  ['HIP', '2 00 AQI', 2, 'public key is not base64'],
  ['HIP', '2 00 AQID a..', 3, 'rendezvous server has an empty label'],
  ['HIP', '2 00', 2, 'public key is missing'],
  ['IPSECKEY', '1 4 2 . AQID', 3, 'gateway has an unknown type'],
  ['IPSECKEY', '1 1 2 a. AQID', 3, 'gateway is not an IPv4 address'],
  ['IPSECKEY', '1 0 2 a. AQID', 3, 'gateway is not "."'],
  ['AMTRELAY', '1 2 0 .', 1, 'discovery optional is not'],
  ['AMTRELAY', '1 1 0', 3, 'relay is missing'],
  ['LOC', '91 N 0 E 0', 0, 'latitude is more than 90 degrees'],
  ['LOC', '90 0 0.001 N 0 E 0', 0, 'latitude is more than 90 degrees'],
  ['LOC', '1 60 N 0 E 0', 1, 'latitude is not degrees'],
  ['LOC', '1 1 1.0001 N 0 E 0', 2, 'latitude is not degrees'],
  ['LOC', '1 N 181 E 0', 2, 'longitude is not degrees'],
  ['LOC', '1 N 1 N 0', 3, 'longitude is not degrees'],
  ['LOC', '1 N 1 E', 4, 'altitude is missing'],
  ['LOC', '1 N 1 E -100000.01m', 4, 'altitude is not'],
  ['LOC', '1 N 1 E 0 90000000.01', 5, 'size is not'],
  ['LOC', '1 N 1 E 0 1 1 x', 7, 'vertical precision is not'],
  ['LOC', '1 N 1 E 0 1 1 1 1', 8, 'text comes after the vertical precision'],
  ['SVCB', '1', 1, 'target is missing'],
  ['SVCB', '1 . port=53 nonsense', 3, 'parameter key is unknown'],
  ['SVCB', '1 . alpn=h2 port=x', 3, 'parameter port is not a number'],
  ['SVCB', '1 . key9999=a mandatory=port', 3, 'which is missing'],
  ['NULL', 'x', 0, 'RDATA of NULL is not in the form \\# LENGTH HEX'],
  ['A', '\\# 3 0A0000', 2, 'address is cut short'],
  ['A', '\\# 5 0A00000001', 2, 'octets come after the last field'],
  ['A', '\\# 4 0A0000', 1, 'RDATA length is 4, but there are 3 octets'],
  ['A', '\\# 4 0A00000', 2, 'RDATA is not hexadecimal'],
  ['A', '\\# x', 1, 'RDATA length is not a number'],
  ['A', '\\#', 1, 'RDATA length is missing'],
  ['NS', '\\# 2 C00C', 2, 'name server is malformed'],
];

describe('faults', () => {
  it.each(ROWS)('%s %s: token %i %s', (type, text, token, message) => {
    const found = fault(TYPE[type], text);
    expect(found?.message).toContain(message);
    expect(found?.token).toBe(token);
  });

  it('leave nothing behind: a bad bitmap does not leak into the next one', () => {
    expect(fault(TYPE.NSEC, 'a. MX TYPE65000 NOPE')).toBeDefined();
    const end = parseRdata(TYPE.NSEC, tokensOf('a. NS'), 0, undefined, out, 0);
    expect(Buffer.from(out.subarray(0, end)).toString('hex')).toBe('016100000120');
  });

  it('an open quote is told by the convenience form', () => {
    expect(() => rdataFromText(TYPE.TXT, '"abc')).toThrow('open quote');
    expect(() => rdataFromText(TYPE.TXT, '"abc\\"')).toThrow('open quote');
    expect(() => rdataFromText(TYPE.SVCB, '1 . key7="abc')).toThrow('open quote');
  });

  it('a quoted \\# is text, not the generic form', () => {
    expect(fault(TYPE.TXT, '"\\#" 4')).toBeUndefined();
  });
});

const WORDS = [
  ...ROWS.flatMap(([, text]) => text.split(' ')),
  ...[
    '\\#',
    '0',
    '1',
    '4',
    '-',
    '.',
    '@',
    'a',
    'NS',
    'A',
    'N',
    'E',
    '"a b"',
    'AQID',
    'ab',
    '::',
    '1m',
  ],
  ...[
    'alpn="h2,h3"',
    'mandatory=alpn',
    '"',
    '\\',
    '',
    '(',
    '4294967295',
    '1:0.0.0.0/0',
    '!2:::/128',
  ],
];

describe('any text at all', () => {
  it('gives well-formed RDATA or a fault with a message and a token, and never throws', () => {
    const types = Object.values(TYPE);
    const word = fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(...WORDS) },
      fc.string({ unit: 'binary', maxLength: 12 }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.array(word, { maxLength: 10 }), (type, words) => {
        const tokens = tokenize(new TextEncoder().encode(words.join(' ')));
        if (tokens === undefined) return;
        rdataFault.message = '';
        const end = parseRdata(type, tokens, 0, ORIGIN, out, 50);
        if (end >= 0) {
          expect(checkRdata(type, out, 50, end - 50)).toBeUndefined();
        } else {
          expect(rdataFault.message).not.toBe('');
          expect(rdataFault.token).toBeGreaterThanOrEqual(0);
          expect(rdataFault.token).toBeLessThanOrEqual(tokens.count);
        }
      }),
      { numRuns: 5000 },
    );
  });
});
