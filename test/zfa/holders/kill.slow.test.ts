/**
 * Kill −9 at every change of the disk, SQLite's own too, of every command that changes holders; every
 * other one in the middle of the write. Afterwards no holder is lost, the one that was changed is as
 * before or as after, whole; the audit log has each event once; and the next command succeeds.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { BIN, run } from '../../tools/cli.js';
import { compileDiskKill, describeWithDiskKill, diskKillEnv } from '../../tools/disk-kill.js';
import { sweepPoints } from '../../tools/lanes.js';
import { type Books, booksOf, copyOfSite, FIELDS, makeSite, NOW, zfa } from './site.js';

/** A holder as far as it does not depend on chance, and whether its password's hash is `old`. */
function stateOf(books: Books, id: string, old: Books): string {
  const holder = books.holders.get(id);
  const sameHash = books.hashes.get(id) === old.hashes.get(id);
  return JSON.stringify({ holder, sameHash });
}

describeWithDiskKill('killed at every change of the disk', () => {
  let library = '';
  /** Holders: `wait` is pending, `have` approved, `ended` was so and nobody has noted it. */
  let base = '';
  let points = 0;

  beforeAll(async () => {
    library = compileDiskKill();
    base = makeSite();
    for (const id of ['wait', 'have']) await zfa(base, 'add', id, ...FIELDS);
    await zfa(base, 'approve', 'have');
    const then = ['--now', '2026-01-01'];
    await zfa(base, 'add', 'ended', ...FIELDS, ...then);
    await zfa(base, 'approve', 'ended', '--expires', '2026-06-01', ...then);
  });

  /**
   * @param ids whom the command changes.
   * @param again exit code of the command when it was carried out already.
   * @param how.steps changes that the command makes of each of them, one after the other.
   */
  async function sweep(
    args: readonly string[],
    ids: readonly string[],
    again: number,
    { from = base, steps = 1 }: { from?: string; steps?: number } = {},
  ): Promise<void> {
    const command = ['zfa', ...args, '--now', NOW];
    const before = booksOf(copyOfSite(from));
    const whole = copyOfSite(from);
    await zfa(whole, ...args);
    const after = booksOf(whole);
    const statesOf = (books: Books): string[] => ids.map((id) => stateOf(books, id, before));
    points += await sweepPoints(1, async (point) => {
      const folder = copyOfSite(from);
      const path = join(folder, 'state');
      const torn = point % 2 === 1;
      const killed = await run(process.execPath, [BIN, ...command], {
        cwd: folder,
        env: diskKillEnv(library, { path, before: point, torn }),
      });
      const at = `${args[0]}, point ${point}${torn ? ', torn' : ''}`;
      // The next command finds what was left; the books are looked at before it in every third copy.
      const early = point % 3 === 0 ? booksOf(folder) : undefined;
      if (early !== undefined) {
        if (steps === 1) {
          expect([statesOf(before), statesOf(after)], at).toContainEqual(statesOf(early));
        }
        expect(early.logged, at).toEqual(early.events);
        expect(early.faults, at).toEqual([]);
      }
      const next = await run(process.execPath, [BIN, ...command], { cwd: folder });
      expect([0, again], `${at}: ${next.stderr}`).toContain(next.status);
      const books = booksOf(folder);
      const times = books.events.length - before.events.length;
      // What is allowed twice may have happened twice; everything else happens once.
      const once = ids.length * steps;
      expect(times, at).toBeGreaterThanOrEqual(once);
      expect(times, at).toBeLessThanOrEqual(again === 0 ? 2 * once : once);
      if (times === once) expect(statesOf(books), at).toEqual(statesOf(after));
      expect(books.logged, at).toEqual(books.events);
      expect(books.faults, at).toEqual([]);
      for (const [id, holder] of before.holders) {
        if (ids.includes(id)) continue;
        expect(books.holders.get(id), at).toEqual(holder);
        expect(books.hashes.get(id), at).toBe(before.hashes.get(id));
      }
      if (killed.signal === 'SIGKILL') return true;
      expect(killed, at).toMatchObject({ status: 0 });
      return false;
    });
  }

  it('add, also as the first of all', async () => {
    await sweep(['add', 'fresh', ...FIELDS], ['fresh'], 4);
    await sweep(['add', 'fresh', ...FIELDS], ['fresh'], 4, { from: makeSite() });
  });

  it('approve', () => sweep(['approve', 'wait'], ['wait'], 4));

  it('passwd', () => sweep(['passwd', 'have'], ['have'], 0));

  it('revoke', () => sweep(['revoke', 'have', '--reason', 'sold the data'], ['have'], 4));

  it('renew, which notes the end first', () =>
    sweep(['renew', 'ended', '--expires', '2028-01-01'], ['ended'], 0, { steps: 2 }));

  it('import', async () => {
    const ids = Array.from({ length: 40 }, (_, n) => `import${n}`);
    const rows = ids.map(
      (id) => `${id},Acme,a@acme.example,com net,approved,2026-01-01,2027-01-01`,
    );
    const header = 'id,name,email,zones,state,approved,expires';
    writeFileSync(join(base, 'holders.csv'), [header, ...rows, ''].join('\n'));
    await sweep(['import', 'holders.csv'], ids, 3);
  });

  it('was killed often enough', () => {
    expect(points).toBeGreaterThan(120);
  });
});
