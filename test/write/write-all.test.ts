/** Files that are written piece by piece get every octet, also when the system takes few at once. */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeAll } from '#zonewright/write/gzip.js';
import { tempDir } from '../tools/cli.js';

/** The file, which takes three octets at a time. */
const reluctant = (handle: FileHandle): FileHandle =>
  ({
    write: (bytes: Uint8Array, at: number, length: number, position: number | null) =>
      handle.write(bytes, at, Math.min(3, length), position),
  }) as unknown as FileHandle;

it('writes all of it, at the end or into its place', async () => {
  const handle = await open(join(tempDir('pack'), 'file'), 'w+');
  try {
    const file = reluctant(handle);
    await writeAll(file, Buffer.from('the digest is not known'));
    await writeAll(file, Buffer.from(', yet'));
    await writeAll(file, Buffer.from('the sum '), 0);
    await writeAll(file, Buffer.from('known now,'), 14);
    await writeAll(file, new Uint8Array(0), 3);
    const { buffer } = await handle.read(Buffer.alloc(28), 0, 28, 0);
    expect(buffer.toString()).toBe('the sum st is known now, yet');
  } finally {
    await handle.close();
  }
});
