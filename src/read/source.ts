/**
 * Opens an input as a stream of octets: a plain file, a gzip file (told by its first octets,
 * not by its name) or standard input (`-`). Truncated and oversized gzip data end the run as
 * bad input.
 */

import { open, stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { inputError } from '../errors.js';

/** Octets that a gzip stream may unpack to: a fixed allowance plus a multiple of its size.
 * Zone data packs by a factor of 4 to 20. */
const GZIP_ALLOWANCE = 64 << 20;
const GZIP_RATIO = 200;

const BLOCK = 1 << 20;
/** Octets of the first piece at least, unless the input is shorter. */
const HEAD = 3;

/** Size in octets of the file behind an input as it lies there, undefined for a pipe. */
export async function sourceSize(path: string): Promise<number | undefined> {
  if (path === '-') return undefined;
  try {
    const info = await stat(path);
    return info.isFile() ? info.size : undefined;
  } catch {
    return undefined;
  }
}

/** The octets of an input, unpacked. Each piece is the receiver's own. */
export async function* openSource(path: string): AsyncGenerator<Uint8Array> {
  const raw = path === '-' ? pipe() : file(path);
  const first = await raw.next();
  if (first.done === true) return;
  let head = first.value;
  // A pipe may hand out single octets: gzip and a byte order mark are told by two and three.
  while (head.length < HEAD) {
    const more = await raw.next();
    if (more.done === true) break;
    const both = new Uint8Array(head.length + more.value.length);
    both.set(head);
    both.set(more.value, head.length);
    head = both;
  }
  if (head.length >= 2 && head[0] === 0x1f && head[1] === 0x8b) {
    yield* gunzip(path, head, raw);
    return;
  }
  try {
    yield head;
    yield* raw;
  } finally {
    // A receiver that has read enough leaves no open file behind.
    await raw.return(undefined);
  }
}

async function* pipe(): AsyncGenerator<Uint8Array> {
  for await (const piece of process.stdin) {
    yield typeof piece === 'string' ? Buffer.from(piece) : new Uint8Array(piece as Buffer);
  }
}

async function* file(path: string): AsyncGenerator<Uint8Array> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    for (;;) {
      const block = new Uint8Array(BLOCK);
      let bytesRead: number;
      try {
        ({ bytesRead } = await handle.read(block, 0, BLOCK, null));
      } catch (error) {
        throw unreadable(path, error);
      }
      if (bytesRead === 0) return;
      yield bytesRead === BLOCK ? block : block.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

const READ_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
};

function unreadable(path: string, error: unknown): Error {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  return inputError(`can't read it: ${READ_FAULTS[code] ?? code}`, {
    place: { file: path },
    hint: 'Check the path and the permissions.',
    cause: error,
  });
}

async function* gunzip(
  path: string,
  head: Uint8Array,
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const stream = createGunzip({ chunkSize: BLOCK });
  let packed = 0;
  let feeding: unknown;
  const feed = async (): Promise<void> => {
    const write = (piece: Uint8Array): Promise<void> | undefined => {
      packed += piece.length;
      if (stream.write(piece)) return undefined;
      return new Promise((resolve) => {
        stream.once('drain', resolve);
        stream.once('close', resolve);
      });
    };
    await write(head);
    for await (const piece of rest) {
      if (stream.destroyed) return;
      await write(piece);
    }
    stream.end();
  };
  const fed = feed().catch((error: unknown) => {
    feeding = error;
    stream.destroy(error as Error);
  });
  let unpacked = 0;
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      unpacked += piece.length;
      if (unpacked > GZIP_ALLOWANCE + GZIP_RATIO * packed) {
        throw inputError(`unpacks to more than ${GZIP_RATIO} times its size`, {
          place: { file: path },
          hint: 'This is no zone data. Unpack it by hand if you trust it.',
        });
      }
      // A copy: zlib hands out slices of memory that is not the receiver's to give away.
      yield new Uint8Array(piece);
    }
    await fed;
  } catch (error) {
    if (feeding !== undefined) throw feeding;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'Z_BUF_ERROR') {
      throw inputError('the gzip data ends too early', {
        place: { file: path },
        hint: 'The file was cut off. Fetch or write it again.',
      });
    }
    if (code?.startsWith('Z_') === true) {
      throw inputError(`the gzip data is damaged (${(error as Error).message})`, {
        place: { file: path },
        hint: 'Fetch or write the file again.',
      });
    }
    throw error;
  } finally {
    stream.destroy();
    await rest.return(undefined);
  }
}
