/** Damaged deposits: the reader ends with its own error or with rejects, never otherwise. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ZonewrightError } from '#zonewright/errors.js';
import { sampleCommand } from '#zonewright/sample/sample.js';
import { tempFolder } from './deposit.js';
import { readFacts } from './registry-facts.js';

describe('a damaged deposit', () => {
  it('gives facts and rejects, or an error that names what is wrong', async () => {
    const out = `${tempFolder()}/export`;
    await sampleCommand({ domains: 60, out });
    const files = readdirSync(out);
    const whole = new Map(files.map((file) => [file, readFileSync(join(out, file))]));
    const sound = (await readFacts(out, ['com', 'net'])).facts.length;
    const damage = fc.record({
      file: fc.constantFrom(...files),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      cut: fc.integer({ min: 0, max: 6 }),
      put: fc.oneof(
        fc.uint8Array({ maxLength: 6 }),
        fc
          .constantFrom('"', '\n', ',', '""', '\r', '.', '\0', '<', '&a;', '#', '*.')
          .map((s) => Buffer.from(s)),
      ),
    });
    let facts = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (all) => {
        for (const [file, bytes] of whole) writeFileSync(join(out, file), bytes);
        for (const { file, at, cut, put } of all) {
          const bytes = readFileSync(join(out, file));
          const offset = Math.floor(at * bytes.length);
          const parts = [bytes.subarray(0, offset), put, bytes.subarray(offset + cut)];
          writeFileSync(join(out, file), Buffer.concat(parts));
        }
        // Without checksums and counts the damage reaches what lies behind them.
        const xml = files.find((file) => file.endsWith('.xml')) as string;
        const text = readFileSync(join(out, xml), 'latin1')
          .replace(/ cksum="[^"]*"/g, '')
          .replace(/<rdeHeader:count.*/g, '');
        writeFileSync(join(out, xml), text, 'latin1');
        try {
          const read = await readFacts(out, ['com', 'net']);
          facts++;
          expect(read.facts.length).toBeLessThanOrEqual(sound + 12);
        } catch (error) {
          if (!(error instanceof ZonewrightError)) throw error;
          expect(error.exitCode).toBe(3);
          refused++;
        }
      }),
      { numRuns: 80 },
    );
    // The damage is neither always fatal nor always harmless.
    expect(facts).toBeGreaterThan(10);
    expect(refused).toBeGreaterThan(2);
  });
});
