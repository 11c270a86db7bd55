import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareBytes,
  isAtOrBelow,
  keyFromName,
  nameFromKey,
  nameFromText,
  nameToText,
  ROOT,
} from '#zonewright/names/name.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Wire names of any octets, upper-case letters left out: wire forms here are lower case. */
const label = fc
  .array(
    fc.integer({ min: 0, max: 255 }).filter((c) => c < 0x41 || c > 0x5a),
    { minLength: 1, maxLength: 12 },
  )
  .map((octets) => [octets.length, ...octets]);
const name = fc
  .array(label, { maxLength: 6 })
  .map((labels) => Uint8Array.from([...labels.flat(), 0]));

/** RFC 4034 §6.1 by its words: labels from the right, as octets, absence first. */
function canonicalOrder(a: Uint8Array, b: Uint8Array): number {
  const labels = (wire: Uint8Array): string[] => {
    const list: string[] = [];
    for (let p = 0; wire[p] !== 0; p += wire[p] + 1)
      list.push(hex(wire.slice(p + 1, p + 1 + wire[p])));
    return list.reverse();
  };
  const x = labels(a);
  const y = labels(b);
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    if (x[i] !== y[i]) return x[i] < y[i] ? -1 : 1;
  }
  return x.length - y.length;
}

describe('canonical order', () => {
  it('is the one of the example in RFC 4034 §6.1', () => {
    const sorted = [
      'example.',
      'a.example.',
      'yljkjljk.a.example.',
      'Z.a.example.',
      'zABC.a.EXAMPLE.',
      'z.example.',
      '\\001.z.example.',
      '*.z.example.',
      '\\200.z.example.',
    ];
    const shuffled = [...sorted].reverse();
    shuffled.sort((a, b) => {
      const x = keyFromName(nameFromText(a));
      const y = keyFromName(nameFromText(b));
      return compareBytes(x, 0, x.length, y, 0, y.length);
    });
    expect(shuffled).toEqual(sorted);
  });

  it('is that of the sort keys, for names of any octets', () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        const x = keyFromName(a);
        const y = keyFromName(b);
        expect(Math.sign(compareBytes(x, 0, x.length, y, 0, y.length))).toBe(
          Math.sign(canonicalOrder(a, b)),
        );
      }),
    );
  });
});

describe('the three forms of a name', () => {
  it('come back from text and from sort keys', () => {
    fc.assert(
      fc.property(name, (wire) => {
        expect(hex(nameFromText(nameToText(wire)))).toBe(hex(wire));
        expect(hex(nameFromKey(keyFromName(wire)))).toBe(hex(wire));
      }),
    );
  });

  it('have relative keys: one starts with another exactly when it is at or below it', () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        const x = hex(keyFromName(a));
        expect(x.startsWith(hex(keyFromName(b)))).toBe(isAtOrBelow(a, 0, b));
        const child = Uint8Array.from([1, 0x61, ...b]);
        expect(isAtOrBelow(child, 0, b)).toBe(true);
        expect(hex(keyFromName(child, b))).toBe('6100');
      }),
    );
  });

  it('escape what RFC 1035 §5.1 gives a meaning, and no more', () => {
    expect(nameToText(nameFromText('a\\.b.\\"\\;\\(\\)\\@\\$\\\\.\\000\\032x\\255.example'))).toBe(
      'a\\.b.\\"\\;\\(\\)\\@\\$\\\\.\\000\\032x\\255.example.',
    );
    expect(nameToText(nameFromText('_dmarc.*.Ex-1.COM'))).toBe('_dmarc.*.ex-1.com.');
    expect(nameToText(ROOT)).toBe('.');
  });

  it.each([
    ['a..b', 'empty label'],
    ['.a', 'empty label'],
    [`${'a'.repeat(64)}.com`, 'longer than 63'],
    [`${`${'a'.repeat(63)}.`.repeat(4)}com`, 'longer than 255'],
    ['a\\25', 'broken escape'],
    ['a\\256', 'broken escape'],
    ['a\\', 'broken escape'],
    ['', 'empty'],
  ])('refuse %j', (text, reason) => {
    expect(() => nameFromText(text)).toThrow(reason);
  });

  it('take a name of 255 octets and labels of 63', () => {
    const longest = `${`${'a'.repeat(63)}.`.repeat(3)}${'b'.repeat(61)}.`;
    expect(nameFromText(longest)).toHaveLength(255);
    expect(() => nameFromText(`c${longest}`)).toThrow('longer than 63');
    expect(() => nameFromText(`c.${longest}`)).toThrow('longer than 255');
  });
});
