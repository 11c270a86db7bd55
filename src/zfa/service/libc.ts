/**
 * What the service calls of the C library itself (by koffi), because Node.js has no way to it. All of
 * it is optional: who calls has another way, or does without.
 */

import { loadKoffi } from '../../foreign.js';

export interface Libc {
  /** Another number for an open file (dup(2)); -1: there is none. */
  readonly dup: (fd: number) => number;
  /** sendfile(2), in a thread of libuv's; -1 sent: not now, or never. */
  readonly sendfile: {
    async(
      out: number,
      file: number,
      at: BigInt64Array,
      length: number,
      done: (error: unknown, sent: number) => void,
    ): void;
  };
  /** Gives memory that is free back to the system (malloc_trim(3)); undefined: it has no such call. */
  readonly mallocTrim: ((pad: number) => number) | undefined;
}

/** Loaded once; null: it can't be had. */
let loaded: Libc | null | undefined;

/** undefined: not on this system. */
export function loadLibc(): Libc | undefined {
  if (loaded === undefined) loaded = load() ?? null;
  return loaded ?? undefined;
}

function load(): Libc | undefined {
  const koffi = process.platform === 'linux' ? loadKoffi() : undefined;
  if (koffi === undefined) return undefined;
  try {
    // What this process is linked with already: glibc or musl.
    const library = koffi.load(null);
    const optional = (prototype: string): unknown => {
      try {
        return library.func(prototype);
      } catch {
        return undefined;
      }
    };
    return {
      dup: library.func('int dup(int fd)'),
      sendfile: library.func('int64_t sendfile(int out, int file, void *at, size_t length)'),
      mallocTrim: optional('int malloc_trim(size_t pad)'),
    } as unknown as Libc;
  } catch {
    return undefined;
  }
}
