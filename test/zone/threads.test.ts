/**
 * A signed zone depends on its records, not on how the work was divided: order, case, chunks of
 * the text, threads and ranges of names. The names share empty non-terminals across ranges.
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { APEX, CLOCK, exampleKeys } from '../sign/sign.js';
import { tempDir, zonewrightOk } from '../tools/cli.js';

/** More than one range of the second pass, 10,000 entries each. */
const NAMES = 24_000;

function lines(): string[] {
  const out: string[] = [];
  for (let i = 0; i < NAMES; i++) {
    const n = `d${String(i).padStart(5, '0')}`;
    if (i % 400 === 7) out.push(`x${i}.${n}.shared.ent TXT "${i}"`, `${n} TXT "a" "b"`);
    else if (i % 3 === 0) out.push(`${n}.shared.ent NS ns.other.`);
    else out.push(`${n} NS ns.${n}`, `${n} NS NS.other.`, `ns.${n} A 192.0.2.${i % 250}`);
  }
  return out;
}

it('is the same with any order, case, chunks and number of threads', async () => {
  const folder = tempDir('threads');
  const keys = exampleKeys(folder, 15);
  const sorted = lines();
  // A fixed shuffle, every third line in upper case and doubled; comments make more chunks.
  const mixed = sorted
    .map((line, i) => [(i * 48_271) % 2_147_483_647, line] as const)
    .sort((a, b) => (a[0] % 65_537) - (b[0] % 65_537) || a[0] - b[0])
    .flatMap(([, line], i) => {
      const twice = [line, line.replace(/^\S+/, (owner) => owner.toUpperCase())];
      return i % 3 === 0 ? [`; ${'-'.repeat(250)}`, ...twice] : [line];
    });
  const sums = new Set<string>();
  for (const [text, threads] of [
    [sorted, 1],
    [mixed, 1],
    [mixed, 3],
  ] as const) {
    const input = join(folder, 'zone');
    const output = join(folder, 'signed');
    writeFileSync(input, `${APEX}${text.join('\n')}\n`);
    // Below 4 MiB sign takes no threads.
    if (threads > 1) expect(statSync(input).size).toBeGreaterThan(4 << 20);
    await zonewrightOk([
      ...['sign', input, '--zone', 'example', '--key-dir', keys, '--output', output],
      ...['--now', CLOCK, '--opt-out', '--threads', `${threads}`],
    ]);
    sums.add(createHash('sha256').update(readFileSync(output)).digest('hex'));
  }
  expect(sums.size).toBe(1);
}, 60_000);
