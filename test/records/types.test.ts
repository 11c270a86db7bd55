/** Type mnemonics and `TYPEnnn` (RFC 3597 §5), and type bitmaps (RFC 4034 §4.1.2). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitmapHas, isBitmap, readBitmap, writeBitmap } from '#zonewright/records/bitmap.js';
import {
  isMetaType,
  TYPE,
  typeFromText,
  typeToText,
  writeType,
  writeTypeUpper,
} from '#zonewright/records/types.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const read = (text: string) => typeFromText(bytes(`  ${text} `), 2, 2 + text.length);
const written = (write: typeof writeType, type: number) => {
  const out = new Uint8Array(20);
  return new TextDecoder().decode(out.subarray(1, write(type, out, 1)));
};

describe('types in text', () => {
  it('reads every mnemonic in any case', () => {
    for (const [name, type] of Object.entries(TYPE)) {
      expect(read(name)).toBe(type);
      expect(read(name.toLowerCase())).toBe(type);
      expect(read(name[0].toLowerCase() + name.slice(1))).toBe(type);
    }
  });

  it('has the numbers of the IANA registry', () => {
    expect([read('NS'), read('RRSIG'), read('NSEC3PARAM'), read('https'), read('caa')]).toEqual([
      2, 46, 51, 65, 257,
    ]);
  });

  it('reads TYPEnnn for known and unknown types (RFC 3597 §5)', () => {
    expect(read('TYPE65534')).toBe(65534);
    expect(read('type2')).toBe(2);
    expect(read('TyPe0')).toBe(0);
  });

  it.each(['', 'IN', 'N', 'NSX', 'TYPE', 'TYPE65536', 'TYPE-1', 'TYPE1x', 'TYPE000001', '3600'])(
    'does not take "%s" for a type',
    (text) => {
      expect(read(text)).toBe(-1);
    },
  );

  it('takes no control character for a letter or digit that differs in one bit', () => {
    expect(typeFromText(Uint8Array.of(0x0e, 0x13), 0, 2)).toBe(-1);
    expect(typeFromText(Uint8Array.of(0x6e, 0x53), 0, 2)).toBe(2);
  });

  it('writes lower and upper case, TYPEnnn where other programs may not know the name', () => {
    expect(written(writeType, TYPE.NS)).toBe('ns');
    expect(written(writeTypeUpper, TYPE.NSEC3PARAM)).toBe('NSEC3PARAM');
    expect(written(writeType, 65534)).toBe('type65534');
    expect(written(writeTypeUpper, TYPE.DSYNC)).toBe('TYPE66');
    expect(typeToText(48)).toBe('DNSKEY');
    expect(typeToText(0)).toBe('TYPE0');
  });

  it('reads back what it writes, for all 65536 types', () => {
    const out = new Uint8Array(20);
    for (let type = 0; type < 65536; type++) {
      for (const write of [writeType, writeTypeUpper]) {
        expect(typeFromText(out, 0, write(type, out, 0))).toBe(type);
      }
    }
  });

  it('knows which types no zone file holds (RFC 6895 §3.1)', () => {
    const meta = ['OPT', 'TSIG', 'TKEY', 'AXFR', 'IXFR', 'ANY', 'TYPE0', 'TYPE128', 'TYPE65535'];
    for (const text of meta) expect(isMetaType(read(text))).toBe(true);
    for (const text of ['A', 'NSEC3', 'URI', 'TYPE127', 'TYPE65534', 'DLV']) {
      expect(isMetaType(read(text))).toBe(false);
    }
  });
});

describe('type bitmaps', () => {
  it('is that of RFC 4034 §4.3', () => {
    const out = new Uint8Array(64);
    const end = writeBitmap([TYPE.A, TYPE.MX, TYPE.RRSIG, TYPE.NSEC, 1234], 5, out, 0);
    const expected = `0006400100000003041b${'00'.repeat(26)}20`;
    expect(Buffer.from(out.subarray(0, end)).toString('hex')).toBe(expected);
    expect(readBitmap(out, 0, end)).toEqual([1, 15, 46, 47, 1234]);
  });

  it('is empty for no types (RFC 5155 §7.1, empty non-terminals)', () => {
    expect(writeBitmap([], 0, new Uint8Array(4), 2)).toBe(2);
    expect(readBitmap(new Uint8Array(4), 2, 2)).toEqual([]);
  });

  it.each([
    ['windows out of order', [1, 1, 64, 0, 1, 64]],
    ['a window twice', [0, 1, 64, 0, 1, 64]],
    ['an empty window', [0, 0]],
    ['more than 32 octets', [0, 33, ...new Array<number>(33).fill(1)]],
    ['a trailing zero octet', [0, 2, 64, 0]],
    ['a block cut short', [0, 3, 64, 1]],
    ['half a header', [0]],
  ])('refuses %s', (_what, octets) => {
    expect(isBitmap(Uint8Array.from(octets), 0, octets.length)).toBe(false);
    expect(readBitmap(Uint8Array.from(octets), 0, octets.length)).toBeUndefined();
  });

  it('gives back any set of types, sorted, once each, and finds each of them', () => {
    const out = new Uint8Array(9000);
    const type = fc.oneof(fc.nat(65535), fc.nat(300));
    fc.assert(
      fc.property(fc.array(type, { maxLength: 40 }), type, (types, other) => {
        const end = writeBitmap(Uint16Array.from(types), types.length, out, 3);
        const set = [...new Set(types)].sort((a, b) => a - b);
        expect(readBitmap(out, 3, end)).toEqual(set);
        for (const t of set) expect(bitmapHas(out, 3, end, t)).toBe(true);
        expect(bitmapHas(out, 3, end, other)).toBe(set.includes(other));
      }),
    );
  });
});
