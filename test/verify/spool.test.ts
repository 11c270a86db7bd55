/** Input that comes but once is kept for a second look, in memory or in a file. */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { spool } from '#zonewright/verify/spool.js';
import { tempDir } from '../tools/cli.js';

async function* source(pieces: number, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < pieces; i++) yield new Uint8Array(size).fill(i + 1);
}

async function shape(text: AsyncIterable<Uint8Array>): Promise<string> {
  const seen: number[] = [];
  let octets = 0;
  for await (const piece of text) {
    octets += piece.length;
    for (const c of piece.length === 0 ? [] : [piece[0], piece[piece.length - 1]]) {
      if (seen.at(-1) !== c) seen.push(c);
    }
  }
  return `${octets}: ${seen.join()}`;
}

describe('spool', () => {
  for (const [where, size, files] of [
    ['memory', 1000, 0],
    ['a file', 9 << 20, 1],
  ] as const) {
    it(`gives a second look from ${where}, also when the first was given up`, async () => {
      const folder = tempDir('spool');
      for (const looks of [0, 1, 2, 3, 4]) {
        const kept = spool(source(4, size), folder);
        for (let i = 0; i < looks; i++) await kept.text.next();
        await kept.text.return(undefined);
        if (looks > 1) expect(readdirSync(folder)).toHaveLength(files);
        expect(await shape(kept.again())).toBe(`${4 * size}: 1,2,3,4`);
        await kept.close();
        expect(readdirSync(folder)).toEqual([]);
      }
    });
  }
});
