/** How long starting takes, measured while no other test runs. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BIN, tempDir, zonewrightOk } from '../tools/cli.js';

const ROUNDS = 11;
/**
 * What `--help` may take (spec 07) on a machine where node itself takes some 50 ms; a slower one
 * takes as many times longer for our modules as for node's own. Which modules are loaded, the
 * fast test holds for every machine.
 */
const LIMIT_MS = 150;
const TIMES_BARE = 3;

/**
 * Milliseconds that each command takes: the least of rounds in which they run in turn. What others
 * do on the machine can only add to it.
 */
function measure(commands: ReadonlyArray<readonly string[]>): number[] {
  const times = commands.map(() => [] as number[]);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, args] of commands.entries()) {
      const began = performance.now();
      const { status } = spawnSync(process.execPath, args);
      times[i].push(performance.now() - began);
      expect(status, args.join(' ')).toBe(0);
    }
  }
  return times.map((list) => Math.min(...list));
}

test('help, version and small commands take less than 150 ms', async () => {
  const folder = tempDir('startup');
  const keys = join(folder, 'keys');
  await zonewrightOk(['keys', 'generate', '--zone', 'example', '--key-dir', keys, '--quiet']);
  const commands = [
    ['--help'],
    ['--version'],
    ['sign', '--help'],
    ['completion', 'bash'],
    ['keys', 'list', '--zone', 'example', '--key-dir', keys],
    ['sample', '--domains', '50', '--out', join(folder, 'export'), '--quiet'],
  ];
  const [bare, ...taken] = measure([['-e', '0'], ...commands.map((args) => [BIN, ...args])]);
  for (const [i, args] of commands.entries()) {
    const text = `${args.join(' ')}: ${taken[i].toFixed(0)} ms; node -e 0: ${bare.toFixed(0)} ms`;
    expect(taken[i], text).toBeLessThan(Math.max(LIMIT_MS, bare * TIMES_BARE));
  }
});
