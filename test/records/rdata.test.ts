/** RDATA in both forms: examples that the specifications give, and our written form. */
import { describe, expect, it } from 'vitest';
import { nameFromText, nameToText } from '#zonewright/names/name.js';
import {
  checkRdata,
  MAX_RDATA,
  rdataFromText,
  rdataNames,
  rdataTextRoom,
  rdataToText,
} from '#zonewright/records/rdata.js';
import { TYPE } from '#zonewright/records/types.js';

type Name = keyof typeof TYPE;

const EXAMPLE = nameFromText('example.');
const hex = (wire: Uint8Array) => Buffer.from(wire).toString('hex');
const toHex = (type: Name, text: string) => hex(rdataFromText(TYPE[type], text, EXAMPLE));
const rewrite = (type: Name, text: string) =>
  rdataToText(TYPE[type], rdataFromText(TYPE[type], text, EXAMPLE));
const wireOf = (text: string) => hex(nameFromText(text));

describe('wire forms given by the specifications', () => {
  it('NSEC: RFC 4034 §4.3', () => {
    expect(toHex('NSEC', 'host.example.com. A MX RRSIG NSEC TYPE1234')).toBe(
      `04686f7374076578616d706c6503636f6d000006400100000003041b${'00'.repeat(26)}20`,
    );
  });

  it('DS: RFC 4034 §5.4, the digest in two tokens', () => {
    expect(toHex('DS', '60485 5 1 2BB183AF5F22588179A53B0A\n 98631FAD1A292118')).toBe(
      'ec4505012bb183af5f22588179a53b0a98631fad1a292118',
    );
  });

  it('NSEC3: RFC 5155 appendix A, opt-out and an empty bitmap', () => {
    const apex =
      '1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS SOA NSEC3PARAM RRSIG';
    expect(toHex('NSEC3', apex)).toBe(
      '0101000c04aabbccdd14174eb2409fe28bcb4887a1836f957f0a8425e27b000722010000000290',
    );
    const ent = '1 1 12 aabbccdd k8udemvp1j2f7eg6jebps17vp3n8i58h';
    expect(rewrite('NSEC3', ent)).toBe('1 1 12 AABBCCDD k8udemvp1j2f7eg6jebps17vp3n8i58h');
  });

  it('ZONEMD: RFC 8976 A.1, the digest in six tokens', () => {
    const digest =
      'c68090d90a7aed71 6bc459f9340e3d7c 1370d4d24b7e2fc3 a1ddc0b9a87153b9 a9713b3c9ae5cc27 777f98b8e730044c';
    expect(toHex('ZONEMD', `2018031900 1 1 ${digest}`)).toBe(
      `7848b91c0101${digest.replaceAll(' ', '')}`,
    );
  });

  it('unknown types: RFC 3597 §5', () => {
    expect(hex(rdataFromText(731, '\\# 6 abcdef 01 2345'))).toBe('abcdef012345');
    expect(hex(rdataFromText(62347, '\\# 0'))).toBe('');
    expect(rdataToText(731, Uint8Array.of(0xab, 1))).toBe('\\# 2 AB01');
    expect(rdataToText(62347, new Uint8Array(0))).toBe('\\# 0');
  });

  it('known types as octets: RFC 3597 §5, decoded and brought into canonical form', () => {
    expect(toHex('A', '\\# 4 0A000001')).toBe('0a000001');
    expect(toHex('NS', '\\# 5 0341424300')).toBe('0361626300');
    expect(toHex('TXT', '\\# 4 03414243')).toBe('03414243');
    expect(toHex('HTTPS', '\\# 7 0000 03414243 00')).toBe('00000341424300');
  });

  it('LOC: RFC 1876 §4', () => {
    // 42 21 54 N = 2^31 + 152514000, 71 06 18 W = 2^31 - 255978000, -24 m = 9997600 cm
    expect(toHex('LOC', '42 21 54 N 71 06 18 W -24m 30m')).toBe('0033161389172dd070be15f000988d20');
    const loiosh = '42 21 43.952 N 71 5 6.344 W -24m 1m 200m';
    expect(rewrite('LOC', loiosh)).toBe('42 21 43.952 N 71 5 6.344 W -24.00m 1.00m 200.00m 10.00m');
    expect(rewrite('LOC', '32 7 19 S 116 2 25 E 10m')).toBe(
      '32 7 19.000 S 116 2 25.000 E 10.00m 1.00m 10000.00m 10.00m',
    );
    expect(rewrite('LOC', '90 N 180 E 42849672.95 90000000 0 0.01m')).toBe(
      '90 0 0.000 N 180 0 0.000 E 42849672.95m 90000000.00m 0.00m 0.01m',
    );
  });

  it('APL: RFC 3123 §4, trailing zero octets left out', () => {
    expect(toHex('APL', '1:192.168.32.0/21 !1:192.168.38.0/28')).toBe(
      '00011503c0a82000011c83c0a826',
    );
    expect(rewrite('APL', '1:224.0.0.0/4 2:FF00:0:0:0:0:0:0:0/8')).toBe('1:224.0.0.0/4 2:ff00::/8');
  });

  it('CAA: RFC 8659 §4.1.1', () => {
    expect(toHex('CAA', '0 issue "ca1.example.net"')).toBe(
      `00056973737565${Buffer.from('ca1.example.net').toString('hex')}`,
    );
  });

  it('EUI48 and EUI64: RFC 7043 §§3.2, 4.2', () => {
    expect(toHex('EUI48', '00-00-5e-00-53-2a')).toBe('00005e00532a');
    expect(toHex('EUI64', '00-00-5E-EF-10-00-00-2A')).toBe('00005eef1000002a');
  });

  it('IPSECKEY: RFC 4025 §3', () => {
    expect(toHex('IPSECKEY', '10 1 2 192.0.2.38 AQNR')).toBe('0a0102c0000226010351');
    expect(toHex('IPSECKEY', '10 0 2 . AQNR')).toBe('0a0002010351');
    expect(toHex('IPSECKEY', '10 3 2 My.example. AQNR')).toBe(
      '0a0302024d79076578616d706c6500010351',
    );
    expect(rewrite('IPSECKEY', '10 2 0 2001:0DB8:0:8002::2000:1')).toBe(
      '10 2 0 2001:db8:0:8002::2000:1',
    );
  });

  it('L64 and NID: RFC 6742 §2', () => {
    expect(toHex('L64', '10 2001:0DB8:1140:1000')).toBe('000a20010db811401000');
    expect(rewrite('NID', '10 14:4fff:ff20:ee64')).toBe('10 0014:4fff:ff20:ee64');
  });

  it('NSAP: RFC 1706 §7, dots are only for the eye', () => {
    expect(rewrite('NSAP', '0x47.0005.80.005a00.0000.0001.e133.ffffff000161.00')).toBe(
      '0x47000580005A0000000001E133FFFFFF00016100',
    );
  });

  it('AMTRELAY: RFC 8777 §4.3', () => {
    expect(toHex('AMTRELAY', '128 1 3 amtrelays.example.com.')).toBe(
      `8083${wireOf('amtrelays.example.com.')}`,
    );
    expect(rewrite('AMTRELAY', '10 0 2 2001:DB8::15')).toBe('10 0 2 2001:db8::15');
  });

  it('HIP: RFC 8005 §6', () => {
    const text =
      '2 200100107B1A74DF365639CC39F1D578 AwEAAbdxyhNu rvs.example.com. rvs2.example.com.';
    expect(toHex('HIP', text)).toBe(
      '10020009200100107b1a74df365639cc39f1d57803010001b771ca136e' +
        wireOf('rvs.example.com.') +
        wireOf('rvs2.example.com.'),
    );
    expect(rewrite('HIP', text)).toBe(text);
  });
});

describe('IPv6 text (RFC 4291 §2.2 in, RFC 5952 out)', () => {
  it.each([
    ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:DB8::AbCd', '2001:db8::abcd'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['1:2:3:4:5:6::', '1:2:3:4:5:6::'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['::FFFF:C000:201', '::ffff:192.0.2.1'],
    ['2001:db8:122:344::192.0.2.33', '2001:db8:122:344::c000:221'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1:2:3:4:5:6:7.8.9.10', '1:2:3:4:5:6:708:90a'],
  ])('%s is %s', (text, expected) => {
    expect(rewrite('AAAA', text)).toBe(expected);
  });

  it.each([
    '',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '12345::',
    'g::',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    ':1::',
    '1::2:',
    '1.2.3.4',
    '::1.2.3',
    '::256.2.3.4',
    '1:2:3:4:5:6:7:1.2.3.4',
    '::1.2.3.4:5',
    'fe80::1%eth0',
  ])('"%s" is no address', (text) => {
    expect(() => rdataFromText(TYPE.AAAA, text === '' ? '""' : text)).toThrow(RangeError);
  });
});

describe('names in RDATA', () => {
  it('are completed by the origin', () => {
    expect(rewrite('MX', '10 Mail')).toBe('10 mail.example.');
    expect(rewrite('NS', '@')).toBe('example.');
    expect(() => rdataFromText(TYPE.NS, 'ns1')).toThrow('is relative, and no origin is known');
  });

  it('are lower case for the types of RFC 4034 §6.2 and the signer of an RRSIG', () => {
    const rows: [Name, string, string][] = [
      ['NS', 'A.B.', 'a.b.'],
      ['SOA', 'A. B. 1 2 3 4 5', 'a. b. 1 2 3 4 5'],
      ['SRV', '1 2 3 A.', '1 2 3 a.'],
      ['NAPTR', '1 2 "S" "X" "!A!B!" R.', '1 2 "S" "X" "!A!B!" r.'],
      ['RP', 'A. B.', 'a. b.'],
      ['PX', '1 A. B.', '1 a. b.'],
      ['DNAME', 'A.', 'a.'],
      ['KX', '1 A.', '1 a.'],
      [
        'RRSIG',
        'soa 8 1 3600 20261122000000 1763683200 7 COM. AQID',
        'SOA 8 1 3600 20261122000000 20251121000000 7 com. AQID',
      ],
    ];
    for (const [type, text, expected] of rows) expect(rewrite(type, text)).toBe(expected);
  });

  it('keep their case for later types and NSEC (RFC 6840 §5.1)', () => {
    expect(rewrite('NSEC', 'Host.Example. a ns')).toBe('Host.Example. A NS');
    expect(rewrite('SVCB', '1 Svc.Example.')).toBe('1 Svc.Example.');
    expect(rewrite('LP', '10 L64-Sub.Example.')).toBe('10 L64-Sub.Example.');
  });

  it('are found by rdataNames', () => {
    const wire = rdataFromText(TYPE.SOA, 'ns.a. host.b. 1 2 3 4 5');
    const names = rdataNames(TYPE.SOA, wire, 0, wire.length).map((at) => nameToText(wire, at));
    expect(names).toEqual(['ns.a.', 'host.b.']);
    expect(rdataNames(TYPE.A, Uint8Array.of(1, 2, 3, 4), 0, 4)).toEqual([]);
  });
});

describe('fields', () => {
  it('SOA timers take units, the serial does not', () => {
    expect(rewrite('SOA', 'a. b. 4294967295 30m 1h30m 1W2d 1d')).toBe(
      'a. b. 4294967295 1800 5400 777600 86400',
    );
    expect(() => rdataFromText(TYPE.SOA, 'a. b. 1d 2 3 4 5')).toThrow('serial is not a number');
    expect(() => rdataFromText(TYPE.SOA, 'a. b. 1 2x 3 4 5')).toThrow('refresh is not');
    expect(() => rdataFromText(TYPE.SOA, 'a. b. 1 2 1h30 4 5')).toThrow('retry is not');
    expect(() => rdataFromText(TYPE.SOA, 'a. b. 1 2 3 9999w 5')).toThrow('expire is not');
  });

  it('RRSIG times: both forms, leap days, the end of 32 bits (RFC 4034 §§3.1.5, 3.2)', () => {
    const times = (a: string, b: string) =>
      rewrite('RRSIG', `A 13 1 1 ${a} ${b} 1 . AA==`).split(' ').slice(4, 6);
    expect(times('0', '4294967295')).toEqual(['19700101000000', '21060207062815']);
    expect(times('20000229235959', '20240229000000')).toEqual(['20000229235959', '20240229000000']);
    expect(times('951868799', '2147483648')).toEqual(['20000229235959', '20380119031408']);
    // Past 2106 the number starts again: serial number arithmetic.
    expect(times('21060207062816', '1')).toEqual(['19700101000000', '19700101000001']);
    for (const bad of ['20230229000000', '20261301000000', '20260100000000', '20261122240000']) {
      expect(() => times(bad, '1')).toThrow('expiration is not a time');
    }
    for (const bad of ['2026112200000', '2026112200000x', '4294967296', '19691231235959', '-1']) {
      expect(() => times('1', bad)).toThrow('inception is not a time');
    }
  });

  it('mnemonics of algorithms and digests are read, numbers are written', () => {
    const digest = '00'.repeat(32);
    expect(rewrite('DS', `1 ECDSAP256SHA256 SHA-256 ${digest}`)).toBe(`1 13 2 ${digest}`);
    expect(rewrite('DNSKEY', '257 3 rsasha256 AQID')).toBe('257 3 8 AQID');
    expect(rewrite('CERT', 'PGP 0 0 AQID')).toBe('3 0 0 AQID');
    expect(() => rdataFromText(TYPE.DS, `1 toString 2 ${digest}`)).toThrow('algorithm is not');
  });

  it('character-strings: quoted or not, escapes, 255 octets, octets kept (RFC 1035 §5.1)', () => {
    expect(rewrite('TXT', 'a "b c" "" \\100\\"\\; "\\000\\255é"')).toBe(
      '"a" "b c" "" "d\\";" "\\000\\255\\195\\169"',
    );
    expect(toHex('TXT', `"${'x'.repeat(255)}"`).length).toBe(512);
    expect(() => rdataFromText(TYPE.TXT, 'x'.repeat(256))).toThrow('is longer than 255 octets');
    expect(rewrite('ISDN', '150862028003217')).toBe('"150862028003217"');
    expect(rewrite('ISDN', '150862028003217 004')).toBe('"150862028003217" "004"');
  });

  it('URI and CAA values may be longer than 255 octets', () => {
    const long = 'x'.repeat(1000);
    expect(rewrite('URI', `10 1 "${long}"`)).toBe(`10 1 "${long}"`);
    expect(rewrite('CAA', `128 tbs "${long}"`)).toBe(`128 tbs "${long}"`);
  });

  it('base64 and hexadecimal may be split anywhere, even inside a group or octet', () => {
    expect(rewrite('DNSKEY', '257 3 8 A QI DBA U=')).toBe('257 3 8 AQIDBAU=');
    expect(rewrite('TLSA', '3 1 1 ABC DE F')).toBe('3 1 1 ABCDEF');
  });

  it('the NSEC3 salt may be "-" (RFC 5155 §3.3)', () => {
    expect(toHex('NSEC3PARAM', '1 0 0 -')).toBe('0100000000');
    expect(rewrite('NSEC3PARAM', '1 0 10 ABcd')).toBe('1 0 10 ABCD');
  });

  it('RDATA of 65535 octets fits, one more does not (RFC 1035 §3.2.1)', () => {
    const text = (octets: number) =>
      Array.from({ length: 256 }, (_, i) => (i < 255 ? 'x'.repeat(255) : 'y'.repeat(octets))).join(
        ' ',
      );
    expect(rdataFromText(TYPE.TXT, text(254)).length).toBe(MAX_RDATA);
    expect(() => rdataFromText(TYPE.TXT, text(255))).toThrow('longer than 65535');
    expect(() => rdataFromText(TYPE.OPENPGPKEY, 'AAAA'.repeat(21846))).toThrow('65535');
    expect(() => rdataFromText(TYPE.SVCB, `1 . key7="${'x'.repeat(65536)}"`)).toThrow();
    expect(() => rdataFromText(TYPE.CAA, `0 issue ${'x'.repeat(65536)}`)).toThrow();
    expect(() =>
      rdataFromText(TYPE.HIP, `1 00 AAAA ${`${'x'.repeat(60)}. `.repeat(1200)}`),
    ).toThrow();
    expect(() => rdataFromText(65534, `\\# 65536 ${'00'.repeat(65536)}`)).toThrow();
  });
});

describe('malformed wire form', () => {
  it.each<[Name, string]>([
    ['A', '010203'],
    ['A', '0102030405'],
    ['NS', '0361'],
    ['NS', 'c00c'],
    ['NS', '0161000a'],
    ['MX', '00'],
    ['SOA', '0000'],
    ['TXT', ''],
    ['TXT', '0561'],
    ['DS', '00010d02aabb'],
    ['NSEC3', '0100000000140102'],
    ['NSEC', '0000024000'],
    ['LOC', '01121613800000008000000000989680'],
    ['SVCB', '0001000003000100'],
    ['CAA', '0000'],
    ['CAA', '00012d'],
    ['APL', '0001200501020304'],
    ['HIP', '00020001ff'],
    ['IPSECKEY', '0a0102c00002'],
    ['AMTRELAY', '0a04'],
  ])('%s %s is told, written as octets and refused as text', (type, octets) => {
    const wire = Uint8Array.from(Buffer.from(octets, 'hex'));
    expect(checkRdata(TYPE[type], wire, 0, wire.length)).toMatch(
      /malformed|cut short|after the last/,
    );
    expect(() => rdataFromText(TYPE[type], `\\# ${wire.length} ${octets}`)).toThrow(RangeError);
    const bytes = new Uint8Array(rdataTextRoom(TYPE[type], wire.length));
    expect(bytes.length).toBeGreaterThan(2 * wire.length);
    if (type !== 'DS') {
      expect(rdataToText(TYPE[type], wire)).toBe(
        `\\# ${wire.length} ${octets.toUpperCase()}`.trimEnd(),
      );
    }
  });
});
