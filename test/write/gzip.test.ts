/** Packed files: members of fixed cuts, and room for text that comes at the end. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { createPool } from '#zonewright/threads/pool.js';
import { createGzip } from '#zonewright/write/gzip.js';
import { tempDir } from '../tools/cli.js';

const pool = createPool(2);
afterAll(() => pool.close());

/** Text that packs, larger than a member. */
const LINES = Array.from({ length: 90_000 }, (_, i) => `name-${(i * 48_271) % 65_537}.com.\n`);
const TEXT = Buffer.from(LINES.join(''));

/** Writes the text in pieces of `size` octets, with room for `late` at `at`. */
async function packed(size: number, at: number, late: Uint8Array): Promise<Buffer> {
  const file = join(tempDir('gzip'), 'packed.gz');
  const gzip = await createGzip(file, pool);
  const put = async (text: Uint8Array): Promise<void> => {
    for (let p = 0; p < text.length; p += size) await gzip.write(text.subarray(p, p + size));
  };
  await put(TEXT.subarray(0, at));
  await gzip.leaveRoom(late.length);
  await put(TEXT.subarray(at));
  await gzip.fill(late);
  await gzip.close();
  return readFileSync(file);
}

describe('a gzip file', () => {
  it('is the same whatever the pieces, and holds what came late in its place', async () => {
    const late = Buffer.from('com.\t86400\tin\tzonemd\t1 1 1 AB\n');
    for (const at of [0, 700, TEXT.length]) {
      const whole = Buffer.concat([TEXT.subarray(0, at), late, TEXT.subarray(at)]);
      const first = await packed(1 << 20, at, late);
      expect(gunzipSync(first).equals(whole)).toBe(true);
      expect((await packed(12_345, at, late)).equals(first)).toBe(true);
    }
  });

  it('takes no other length than room was left for', async () => {
    const gzip = await createGzip(join(tempDir('gzip'), 'packed.gz'), pool);
    await gzip.leaveRoom(10);
    await expect(gzip.fill(new Uint8Array(11))).rejects.toThrow('fit');
    await gzip.abandon();
  });

  it('of no text is one empty member', async () => {
    const file = join(tempDir('gzip'), 'packed.gz');
    await (await createGzip(file, pool)).close();
    expect(gunzipSync(readFileSync(file))).toHaveLength(0);
  });
});
