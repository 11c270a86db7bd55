/** A zone signed within a bound on memory is octet for octet the zone signed in memory. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { exampleKeys } from '../sign/sign.js';
import { tempDir } from '../tools/cli.js';
import { countRuns, NO_OPT_OUT, signWithin } from './bounded.js';
import { zoneText } from './zone-lines.js';

it('is the same from files as from memory, and leaves nothing behind', async () => {
  const folder = tempDir('bounded');
  const tmpDir = tempDir('bounded-tmp');
  const keys = exampleKeys(folder, 15);
  const input = join(folder, 'zone');
  writeFileSync(input, zoneText(1500));
  const inMemory = join(folder, 'memory');
  const bounded = join(folder, 'bounded');
  const plain = { memory: 2 ** 30, threads: 1, tmpDir };
  expect(
    await countRuns(tmpDir, () => signWithin(plain, { input, output: inMemory, keys }, NO_OPT_OUT)),
  ).toBe(0);
  const tight = { memory: 100_000, threads: 2, tmpDir };
  expect(
    await countRuns(tmpDir, () => signWithin(tight, { input, output: bounded, keys }, NO_OPT_OUT)),
  ).toBeGreaterThan(4);
  expect(readFileSync(bounded).equals(readFileSync(inMemory))).toBe(true);
  expect(readdirSync(tmpDir)).toEqual([]);
});
