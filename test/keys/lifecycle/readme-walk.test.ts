/**
 * The operator's walk through README, "Rolling a KSK": every command in it is run, at the time that
 * it says, and prints what it says, but for the keys' tags and octets.
 */
import { expect, it } from 'vitest';
import { zonewrightOk } from '../../tools/cli.js';
import { newZone } from './small-zone.js';
import { matchesLines, readWalk, withoutTags } from './walk.js';

it('rolls a KSK as the README tells', { timeout: 120_000 }, async () => {
  const folder = await newZone('', 'a.example. 3600 in ns ns1.example.\n');
  const run = async (now: string, ...args: readonly string[]): Promise<string> =>
    (await zonewrightOk([...args, '--now', now], { cwd: folder })).stdout;
  const ksks = async (): Promise<number[]> => {
    const { keys } = JSON.parse(await run('2026-02-20', 'keys', 'list', '--json')) as {
      keys: { role: string; tag: number }[];
    };
    return keys.filter(({ role }) => role === 'ksk').map(({ tag }) => tag);
  };

  // The zone is secure since January.
  for (const day of ['2026-01-01', '2026-01-03', '2026-01-04']) await run(day, 'build', '-q');
  const [old] = await ksks();
  await run('2026-01-04T12:00:00Z', 'keys', 'ds-seen', '--zone', 'example', '--tag', `${old}`);
  await run('2026-01-06', 'build', '-q');

  const steps = readWalk('### Rolling a KSK');
  expect(steps.map(({ args }) => args.join(' '))).toContainEqual(
    'keys roll --zone example --role ksk',
  );
  const expectedTags = new Map<string, number>();
  const actualTags = new Map<string, number>();
  for (const { now, args, output } of steps) {
    // The tags of the README stand for those that the keys have here.
    const tags = await ksks();
    const own = args.map((arg, i) => {
      if (args[i - 1] !== '--tag') return arg;
      const which = args.includes('ds-gone') ? old : tags.find((tag) => tag !== old);
      return String(which);
    });
    const printed = (await run(now, ...own)).split('\n').slice(0, -1);
    const actual = withoutTags(printed, actualTags);
    const expected = withoutTags(output, expectedTags);
    expect(matchesLines(actual, expected), `${args.join(' ')}\n${actual.join('\n')}`).toBe(true);
  }
});
