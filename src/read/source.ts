/**
 * Opens an input as a stream of octets: a plain file, a gzip file (told by its first octets,
 * not by its name) or standard input (`-`). Truncated and oversized gzip data end the run as
 * bad input.
 */

import { open, stat } from 'node:fs/promises';
import { inputError } from '../errors.js';
import { isGzip, unpack } from './unpack.js';

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

/** What gzip makes of the text of zones and exports: about so many octets for each of its own. */
const UNPACKED = 4;

/** Octets of the text behind an input, about, packed (by its name) or not; undefined for a pipe. */
export async function textSize(path: string): Promise<number | undefined> {
  const size = await sourceSize(path);
  return size === undefined ? undefined : size * unpacking(path);
}

/** By how much a file grows when it is read, about. */
export function unpacking(path: string): number {
  return /\.t?gz$/.test(path) ? UNPACKED : 1;
}

/**
 * The octets of an input, unpacked.
 *
 * @param lent a piece is the receiver's only until it asks for the next one; otherwise for good.
 */
export async function* openSource(path: string, lent = false): AsyncGenerator<Uint8Array> {
  // What is unpacked is held by zlib for a while.
  const use = { again: false };
  const raw = path === '-' ? pipe() : file(path, use);
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
  const whole = prepend(head, raw);
  if (!isGzip(head)) {
    use.again = lent;
    yield* whole;
    return;
  }
  // Copies: zlib hands out slices of memory that is not the receiver's to give away.
  for await (const piece of unpack(whole, path)) yield lent ? piece : new Uint8Array(piece);
}

/** `head` and what follows; a receiver that has read enough leaves no open file behind. */
async function* prepend(
  head: Uint8Array,
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield head;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}

async function* pipe(): AsyncGenerator<Uint8Array> {
  for await (const piece of process.stdin) {
    yield typeof piece === 'string' ? Buffer.from(piece) : new Uint8Array(piece as Buffer);
  }
}

/** @param use `again`: the memory of a piece may be used for the next. */
async function* file(path: string, use: { readonly again: boolean }): AsyncGenerator<Uint8Array> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    throw unreadable(path, error);
  }
  const read = (block: Uint8Array): Promise<{ readonly bytesRead: number }> =>
    handle.read(block, 0, BLOCK, null).catch((error: unknown) => {
      throw unreadable(path, error);
    });
  let ahead: ReturnType<typeof read> | undefined;
  try {
    let block = new Uint8Array(BLOCK);
    let next = new Uint8Array(BLOCK);
    ahead = read(block);
    for (;;) {
      const { bytesRead } = await ahead;
      if (bytesRead === 0) return;
      // The next piece is read while this one is worked on.
      ahead = read(next);
      ahead.catch(() => undefined);
      yield bytesRead === BLOCK ? block : block.subarray(0, bytesRead);
      const done = block;
      block = next;
      next = use.again ? done : new Uint8Array(BLOCK);
    }
  } finally {
    await ahead?.catch(() => undefined);
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
