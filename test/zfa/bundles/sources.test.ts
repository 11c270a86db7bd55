/** Sources of octets: what is read at any place is what stands there in the whole. */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeSeal } from '#zonewright/zfa/bundles/age-header.js';
import { ageSource, sealedSize } from '#zonewright/zfa/bundles/age-source.js';
import { type BundleFile, layOut } from '#zonewright/zfa/bundles/layout.js';
import { pieceSource } from '#zonewright/zfa/bundles/open.js';
import { createHeaderMaker } from '#zonewright/zfa/bundles/tar-header.js';
import { writeSource } from '#zonewright/zfa/bundles/write-source.js';
import { type ByteSource, fileSource } from '#zonewright/zfa/stream/byte-source.js';
import { joinedSource, memorySource, octetsPart } from '#zonewright/zfa/stream/joined-source.js';
import { run, tempDir } from '../../tools/cli.js';
import { describeWithTools } from '../../tools/judges.js';

/** A source whose reads give less than was asked for. */
function meagre(octets: Uint8Array, most: number): ByteSource {
  const source = memorySource(octets);
  return { ...source, read: (into, at) => source.read(into.subarray(0, most), at) };
}

async function readAll(source: ByteSource, block = 1 << 16): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let at = 0; ; ) {
    const into = Buffer.alloc(block);
    const n = await source.read(into, at);
    if (n === 0) return Buffer.concat(pieces);
    pieces.push(into.subarray(0, n));
    at += n;
  }
}

/** Wants that any read gives what stands there, and no octet beyond. */
async function expectReadsAsWhole(source: ByteSource, whole: Buffer, at: number, length: number) {
  const into = Buffer.alloc(length + 8, 0xee);
  const n = await source.read(into.subarray(0, length), at);
  expect(n).toBeLessThanOrEqual(length);
  expect(n > 0).toBe(length > 0 && at < whole.length);
  expect(into.subarray(0, n).equals(whole.subarray(at, at + n))).toBe(true);
  expect(into.subarray(n).every((octet) => octet === 0xee)).toBe(true);
}

describe('joined sources', () => {
  it('read as the whole, at any place', async () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(parts, fc.nat(330), fc.nat(120), async (texts, at, length) => {
        const whole = Buffer.concat(texts);
        const joined = joinedSource(
          texts.map((text) => ({ source: meagre(text, 7), at: 0, length: text.length })),
          async () => undefined,
        );
        expect(joined.size).toBe(whole.length);
        await expectReadsAsWhole(joined, whole, at, length);
      }),
    );
  });

  it('take parts from the middle, and close once', async () => {
    let closed = 0;
    const source = memorySource(Buffer.from('0123456789'));
    const parts = [
      { source, at: 8, length: 2 },
      { source, at: 0, length: 3 },
    ];
    const joined = joinedSource(parts, async () => void closed++);
    expect((await readAll(joined)).toString()).toBe('89012');
    await Promise.all([joined.close(), joined.close()]);
    expect(closed).toBe(1);
  });

  it('say when a part is shorter than was promised', async () => {
    const parts = [{ source: memorySource(Buffer.alloc(3)), at: 0, length: 5 }];
    const joined = joinedSource(parts, async () => undefined);
    await expect(joined.read(Buffer.alloc(9), 0)).rejects.toThrow('ends before');
  });
});

describeWithTools(['tar'], 'tar files by reference', () => {
  /** Lays files out, shared contents as files of `folder`. */
  async function tarOf(folder: string, files: readonly BundleFile[]): Promise<ByteSource> {
    const { own, pieces, size } = await layOut(files, createHeaderMaker());
    const source = await pieceSource(pieces, octetsPart(own), (name) =>
      fileSource(join(folder, name)),
    );
    expect(source.size).toBe(size);
    return source;
  }

  it('are what GNU tar reads, files of any size', async () => {
    const sizes = [0, 1, 511, 512, 513, 1024, 70_000];
    const folder = tempDir('tar');
    const files = sizes.map((size, i): BundleFile => {
      const data = randomBytes(size);
      writeFileSync(join(folder, `s${i}`), data);
      const shared = { name: `s${i}`, bytes: size };
      const mtime = 1_700_000_000 + i;
      return { name: `f${i}`, mtime, contents: i % 2 === 0 ? [shared] : [data, shared] };
    });
    const source = await tarOf(folder, files);
    const whole = await readAll(source, 1000);
    for (let at = 0; at <= whole.length + 512; at += 509) {
      await expectReadsAsWhole(source, whole, at, 1500);
    }
    await source.close();
    const again = await tarOf(folder, files);
    expect((await readAll(again)).equals(whole)).toBe(true);
    await again.close();
    const out = join(folder, 'out');
    mkdirSync(out);
    writeFileSync(join(folder, 'x.tar'), whole);
    const check = [
      'tar -xf ../x.tar',
      ...sizes.map((_, i) =>
        i % 2 === 0 ? `cmp f${i} ../s${i}` : `cat ../s${i} ../s${i} | cmp - f${i}`,
      ),
    ];
    const done = await run('sh', ['-ec', check.join('\n')], { cwd: out });
    expect(done).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  it('hold files beyond 8 GiB', async () => {
    const folder = tempDir('tar');
    const bytes = 9 * 2 ** 30 + 5;
    const big = openSync(join(folder, 'big'), 'w');
    ftruncateSync(big, bytes);
    closeSync(big);
    const end = { name: 'end', mtime: 1_700_000_000, contents: [Buffer.from('the end')] };
    const files = [{ name: 'big', mtime: 1_700_000_000, contents: [{ name: 'big', bytes }] }, end];
    const source = await tarOf(folder, files);
    // 9 GiB of zeros need not be read: a sparse copy has them.
    const header = Buffer.alloc(512);
    await source.read(header, 0);
    const tail = await readAllFrom(source, 512 + bytes);
    await source.close();
    const tar = openSync(join(folder, 'x.tar'), 'w');
    writeFileSync(tar, header);
    ftruncateSync(tar, 512 + bytes);
    closeSync(tar);
    writeFileSync(join(folder, 'x.tar'), tail, { flag: 'a' });
    const list = await run('tar', ['--utc', '-tvf', 'x.tar'], { cwd: folder });
    expect(list).toMatchObject({ status: 0, stderr: '' });
    expect(list.stdout.split('\n').map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
      `-rw-r--r-- 0/0 ${bytes} 2023-11-14 22:13 big`,
      '-rw-r--r-- 0/0 7 2023-11-14 22:13 end',
      '',
    ]);
  });

  async function readAllFrom(source: ByteSource, at: number): Promise<Buffer> {
    const rest = Buffer.alloc(source.size - at);
    for (let done = 0; done < rest.length; )
      done += await source.read(rest.subarray(done), at + done);
    return rest;
  }
});

describeWithTools(['age', 'age-keygen'], 'the encrypted form', () => {
  async function identity(): Promise<{ file: string; recipient: string; folder: string }> {
    const folder = tempDir('age');
    const file = join(folder, 'key');
    const done = await run('age-keygen', ['-o', file]);
    return { folder, file, recipient: /age1[0-9a-z]+/.exec(done.stderr)![0] };
  }

  it('is opened by age: any size, in particular around whole chunks', async () => {
    const { folder, file, recipient } = await identity();
    const chunk = 64 * 1024;
    for (const size of [0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 2 * chunk + 1, 3 << 20]) {
      const text = randomBytes(size);
      const seal = await makeSeal(recipient);
      const sealed = ageSource(meagre(text, 50_000), seal);
      expect(sealed.size).toBe(sealedSize(size, seal));
      const output = join(folder, 'x.age');
      const { bytes } = await writeSource(sealed, output, () => undefined);
      expect(bytes).toBe(sealed.size);
      // With -o, age makes no file for no text.
      const open = `age -d -i '${file}' '${output}' > '${join(folder, 'x')}'`;
      expect(await run('sh', ['-c', open]), `${size}`).toMatchObject({ status: 0 });
      const opened = await fileSource(join(folder, 'x'), size);
      expect((await readAll(opened)).equals(text)).toBe(true);
      await opened.close();
    }
  });

  it('reads as the whole, at any place, and the same each time', async () => {
    const { recipient } = await identity();
    const text = randomBytes(200_000);
    const seal = await makeSeal(recipient);
    const sealed = ageSource(memorySource(text), seal);
    const whole = await readAll(ageSource(memorySource(text), seal), 777);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length + 10), fc.nat(150_000), (at, length) =>
        expectReadsAsWhole(sealed, whole, at, length),
      ),
    );
    for (const at of [0, seal.head.length - 1, seal.head.length, seal.head.length + 65_552]) {
      await expectReadsAsWhole(sealed, whole, at, 3);
    }
  });

  it('gives each text a key of its own', async () => {
    const { recipient } = await identity();
    const [a, b] = await Promise.all([makeSeal(recipient), makeSeal(recipient)]);
    expect(a.key.equals(b.key)).toBe(false);
    await expect(makeSeal('age1nonsense')).rejects.toThrow();
  });
});

describe('writing a source', () => {
  it('leaves nothing when the source fails, and what was there', async () => {
    const folder = tempDir('write');
    const output = join(folder, 'x');
    writeFileSync(output, 'before');
    const source: ByteSource = {
      size: 10,
      read: async (_, at) => {
        if (at > 0) throw new Error('gone');
        return 5;
      },
      close: async () => undefined,
    };
    await expect(writeSource(source, output, () => undefined)).rejects.toThrow('gone');
    const there = await fileSource(output, 6);
    await there.close();
    expect((await run('ls', ['-A', folder])).stdout).toBe('x\n');
    const good = await writeSource(memorySource(Buffer.from('abc')), output, () => undefined);
    const sha256 = createHash('sha256').update('abc').digest('hex');
    expect(good).toEqual({ bytes: 3, sha256 });
  });
});
