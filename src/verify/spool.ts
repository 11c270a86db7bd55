/**
 * Input that can be read but once (standard input, a named pipe), kept for a second look: a
 * little of it in memory, more in a file that is removed in any case.
 */

import { rmSync } from 'node:fs';
import { type FileHandle, mkdtemp, open } from 'node:fs/promises';
import { join } from 'node:path';
import { onExit } from '../cleanup.js';
import { openSource } from '../read/source.js';

/** Octets kept in memory. */
const IN_MEMORY = 16 << 20;

export interface Spool {
  /** The input, for the first look. Pieces must not be changed. */
  readonly text: AsyncGenerator<Uint8Array>;
  /** The input from its beginning, at the latest when the first look is given up. */
  again(): AsyncGenerator<Uint8Array>;
  /** Removes the file. */
  close(): Promise<void>;
}

/**
 * @param tmpDir where the file goes.
 * @throws the error of the file system when there is no room, while `text` is read.
 */
export function spool(source: AsyncGenerator<Uint8Array>, tmpDir: string): Spool {
  const kept: Uint8Array[] = [];
  let held = 0;
  let handle: FileHandle | undefined;
  let file = '';
  let remove = (): void => undefined;

  const write = async (to: FileHandle, piece: Uint8Array): Promise<void> => {
    for (let at = 0; at < piece.length; ) {
      at += (await to.write(piece, at, piece.length - at, null)).bytesWritten;
    }
  };

  const keep = async (piece: Uint8Array): Promise<void> => {
    held += piece.length;
    if (handle === undefined) {
      kept.push(piece);
      if (held <= IN_MEMORY) return;
      const folder = await mkdtemp(join(tmpDir, 'zonewright-verify-'));
      const unlink = (): void => rmSync(folder, { recursive: true, force: true });
      const forget = onExit(unlink);
      remove = () => {
        unlink();
        forget();
      };
      file = join(folder, 'zone');
      handle = await open(file, 'wx', 0o600);
      for (const one of kept) await write(handle, one);
      kept.length = 0;
      return;
    }
    await write(handle, piece);
  };

  /** The source is left open when a reader stops: the rest is still wanted. */
  const unread = async function* (): AsyncGenerator<Uint8Array> {
    for (let next = await source.next(); next.done !== true; next = await source.next()) {
      yield next.value;
    }
  };

  return {
    text: (async function* () {
      for await (const piece of unread()) {
        await keep(piece);
        yield piece;
      }
    })(),
    async *again() {
      if (handle === undefined) yield* kept;
      else yield* openSource(file);
      yield* unread();
    },
    async close() {
      await handle?.close();
      remove();
      await source.return(undefined);
    },
  };
}
