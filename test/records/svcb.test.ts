/** SVCB and HTTPS parameters: the vectors of RFC 9460 appendix D, and what must be refused. */
import { describe, expect, it } from 'vitest';
import { rdataFromText, rdataToText } from '#zonewright/records/rdata.js';
import { TYPE } from '#zonewright/records/types.js';

const FOO_COM = '03666f6f076578616d706c6503636f6d00';
const FOO_ORG = '03666f6f076578616d706c65036f726700';
const hex = (text: string) => Buffer.from(rdataFromText(TYPE.SVCB, text)).toString('hex');
const rewrite = (text: string) => rdataToText(TYPE.SVCB, rdataFromText(TYPE.SVCB, text));

/** Presentation form, generic form's octets, and how we write it. */
const VECTORS: [string, string, string, string?][] = [
  ['D.1, figure 2', '0 foo.example.com.', `0000${FOO_COM}`],
  ['D.2, figure 3', '1 .', '000100'],
  ['D.2, figure 4', '16 foo.example.com. port=53', `0010${FOO_COM}000300020035`],
  [
    'D.2, figure 5',
    '1 foo.example.com. key667=hello',
    `0001${FOO_COM}029b000568656c6c6f`,
    '1 foo.example.com. key667="hello"',
  ],
  [
    'D.2, figure 6',
    '1 foo.example.com. key667="hello\\210qoo"',
    `0001${FOO_COM}029b000968656c6c6fd2716f6f`,
  ],
  [
    'D.2, figure 7',
    '1 foo.example.com. ipv6hint="2001:db8::1,2001:db8::53:1"',
    `0001${FOO_COM}0006002020010db800000000000000000000000120010db8000000000000000000530001`,
    '1 foo.example.com. ipv6hint=2001:db8::1,2001:db8::53:1',
  ],
  [
    'D.2, figure 8',
    '1 example.com. ipv6hint="2001:db8:122:344::192.0.2.33"',
    '0001076578616d706c6503636f6d000006001020010db80122034400000000c0000221',
    '1 example.com. ipv6hint=2001:db8:122:344::c000:221',
  ],
  [
    'D.2, figure 9',
    '16 foo.example.org. alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1',
    `0010${FOO_ORG}0000000400010004000100090268320568332d313900040004c0000201`,
    '16 foo.example.org. mandatory=alpn,ipv4hint alpn="h2,h3-19" ipv4hint=192.0.2.1',
  ],
  [
    'D.2, figure 10, quoted',
    '16 foo.example.org. alpn="f\\\\\\\\oo\\\\,bar,h2"',
    `0010${FOO_ORG}0001000c08665c6f6f2c626172026832`,
  ],
  [
    'D.2, figure 10, not quoted',
    '16 foo.example.org. alpn=f\\\\\\092oo\\092,bar,h2',
    `0010${FOO_ORG}0001000c08665c6f6f2c626172026832`,
    '16 foo.example.org. alpn="f\\\\\\\\oo\\\\,bar,h2"',
  ],
];

describe('RFC 9460 appendix D', () => {
  it.each(VECTORS)('%s', (_figure, text, octets, written = text) => {
    expect(hex(text)).toBe(octets);
    expect(rewrite(text)).toBe(written);
    expect(hex(written)).toBe(octets);
    expect(hex(`\\# ${octets.length / 2} ${octets}`)).toBe(octets);
  });

  it.each([
    ['figure 11', 'key123=abc key123=def', 'key123 stands twice'],
    ['figure 12', 'mandatory', 'mandatory has no value'],
    ['figure 12', 'alpn', 'alpn has no value'],
    ['figure 12', 'port', 'port is not a number'],
    ['figure 12', 'ipv4hint', 'ipv4hint has no value'],
    ['figure 12', 'ipv6hint', 'ipv6hint has no value'],
    ['figure 13', 'no-default-alpn=abc', 'no-default-alpn takes no value'],
    ['figure 14', 'mandatory=key123', 'mandatory names key123, which is missing'],
    ['figure 15', 'mandatory=mandatory', 'mandatory names itself'],
    ['figure 16', 'mandatory=key123,key123 key123=abc', 'mandatory names a key twice'],
  ])('D.3, %s: "%s" is refused', (_figure, parameters, reason) => {
    expect(() => hex(`1 foo.example.com. ${parameters}`)).toThrow(reason);
  });
});

describe('parameters', () => {
  it('of known keys may be written keyNNNNN, with the octets of the wire form (§2.1)', () => {
    expect(hex('1 . key3="\\0005"')).toBe(hex('1 . port=53'));
    expect(rewrite('1 . tls-supported-groups=29')).toBe('1 . key9="\\000\\029"');
    expect(() => hex('1 . key3=53000')).toThrow('port is not a number');
    expect(() => hex('1 . key2=x key1="\\001h"')).toThrow('no-default-alpn takes no value');
  });

  it('of later keys are read by name and written keyNNNNN', () => {
    expect(rewrite('1 . dohpath="/dns-query{?dns}" ohttp')).toBe(
      '1 . key7="/dns-query{?dns}" key8',
    );
    expect(hex('1 . tls-supported-groups=29,23')).toBe('00010000090004001d0017');
  });

  it('ech is base64', () => {
    expect(hex('1 . ech=AQID')).toBe('00010000050003010203');
    expect(() => hex('1 . ech=A')).toThrow('ech is not base64');
  });

  it.each([
    ['alpn=""', 'alpn has no value'],
    ['alpn=h2,,h3', 'an empty item'],
    ['alpn=h2,', 'an empty item'],
    ['alpn=h2\\092', 'broken escape'],
    [`alpn=${'x'.repeat(256)}`, 'longer than 255'],
    ['port=65536', 'port is not'],
    ['port=', 'port is not'],
    ['ipv4hint=1.2.3', 'ipv4hint is not'],
    ['ipv6hint=1.2.3.4', 'ipv6hint is not'],
    ['no-default-alpn', 'needs alpn'],
    ['key65535=x', 'key is unknown'],
    ['key07=x', 'key is unknown'],
    ['key=x', 'key is unknown'],
    ['mandatory=nonsense', 'names an unknown key'],
    ['nonsense=x', 'key is unknown'],
    ['key667="\\25"', 'broken escape'],
  ])('"%s" is refused', (parameters, reason) => {
    expect(() => hex(`1 . ${parameters}`)).toThrow(reason);
  });

  it('are refused with priority 0 (RFC 9460 §2.4.2)', () => {
    expect(() => hex('0 . port=53')).toThrow('not allowed with priority 0');
  });
});
