/** Cutting CSV text (RFC 4180): wherever it is cut, the records are those of the whole. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lastRecordEnd } from '#zonewright/read/csv-cut.js';

const end = (text: string): number => {
  const bytes = Buffer.from(text);
  return lastRecordEnd(bytes, bytes.length, 0x2c);
};

/** The ends of all whole records, octet by octet. */
function recordEnds(text: string): number[] {
  const ends: number[] = [];
  let quoted = false;
  let fieldStart = true;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c !== '"') continue;
      if (text[i + 1] === '"') i++;
      else quoted = false;
      continue;
    }
    if (c === '"' && fieldStart) quoted = true;
    if (c === '\n') ends.push(i + 1);
    fieldStart = c === ',' || c === '\n';
  }
  return ends;
}

describe('lastRecordEnd', () => {
  it('cuts behind the last line feed that ends a record', () => {
    expect(end('')).toBe(0);
    expect(end('a,b')).toBe(0);
    expect(end('a,b\nc')).toBe(4);
    expect(end('a,"x\ny"\nb')).toBe(8);
    expect(end('a,"x\ny')).toBe(0);
    expect(end('a\nb,"x\ny')).toBe(2);
    expect(end('a\nb,"x\n""\n')).toBe(2);
    expect(end('a 5" disk\nb')).toBe(10);
    expect(end('"a"\n"b')).toBe(4);
  });

  it('agrees with reading octet by octet', () => {
    const text = fc.array(fc.constantFrom('a', ',', '"', '\n', '""', '\r\n', '"x'), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(text, (parts) => {
        const whole = parts.join('');
        const found = end(whole);
        const ends = recordEnds(whole);
        // A quote at the very end may turn out to be the first of two: then less is cut.
        const open = whole.endsWith('"');
        if (open) expect([0, ...ends]).toContain(found);
        else expect(found).toBe(ends.at(-1) ?? 0);
      }),
      { numRuns: 2000 },
    );
  });
});
