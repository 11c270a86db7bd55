/**
 * Writes gzip files with all threads: the text is cut into pieces of 1 MiB, each packed as a
 * member of its own. A file of several members unpacks to their texts in order (RFC 1952 §2.2).
 */

import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Pool, Task } from '../threads/pool.js';

const PACK: Task = { module: new URL('./gzip.task.js', import.meta.url).href, name: 'packMember' };

/** Octets of text in a member. */
const MEMBER = 1 << 20;
const LEVEL = 6;

export interface GzipFile {
  /** Appends text; waits when the threads are behind. */
  write(text: Uint8Array): Promise<void>;
  /** Writes what is left and closes the file. `md5` is that of the packed file, hexadecimal. */
  close(): Promise<{ readonly bytes: number; readonly md5: string; readonly sha256: string }>;
  /** Closes the file as it is, after a failure. */
  abandon(): Promise<void>;
}

/**
 * Opens a gzip file, which must not be there yet.
 *
 * @throws the error of the file system.
 */
export async function createGzip(path: string, pool: Pool): Promise<GzipFile> {
  const handle = await open(path, 'wx', 0o644);
  const md5 = createHash('md5');
  const sha256 = createHash('sha256');
  const pending: Promise<Uint8Array>[] = [];
  let bytes = 0;
  let member = new Uint8Array(MEMBER);
  let held = 0;
  let members = 0;

  const takeOldest = async (): Promise<void> => {
    const packed = await pending.shift();
    if (packed === undefined) return;
    md5.update(packed);
    sha256.update(packed);
    for (let at = 0; at < packed.length; ) {
      at += (await handle.write(packed, at, packed.length - at, null)).bytesWritten;
    }
    bytes += packed.length;
  };
  const submit = (): void => {
    const packed = pool.run<Uint8Array>(
      PACK,
      { text: held === MEMBER ? member : member.slice(0, held), level: LEVEL },
      held === MEMBER ? [member.buffer] : [],
    );
    // A failure is seen when its turn comes.
    packed.catch(() => undefined);
    pending.push(packed);
    members++;
    member = new Uint8Array(MEMBER);
    held = 0;
  };
  return {
    async write(text) {
      for (let at = 0; at < text.length; ) {
        const n = Math.min(text.length - at, MEMBER - held);
        member.set(text.subarray(at, at + n), held);
        held += n;
        at += n;
        if (held < MEMBER) continue;
        submit();
        while (pending.length > pool.slots * 2) await takeOldest();
      }
    },
    async close() {
      try {
        // No text at all is one empty member.
        if (held > 0 || members === 0) submit();
        while (pending.length > 0) await takeOldest();
      } finally {
        await Promise.allSettled(pending);
        await handle.close();
      }
      return { bytes, md5: md5.digest('hex'), sha256: sha256.digest('hex') };
    },
    async abandon() {
      await Promise.allSettled(pending);
      await handle.close();
    },
  };
}
