/**
 * Where a chunk of input came from: turns the chunk and line that a fact carries
 * (records/entry.ts) back into file and line.
 */

import type { Place } from '../errors.js';

/** Chunks that the 16 bits of a fact can tell apart; later ones are named by file alone. */
const MAX_CHUNK = 0xffff;

/** A table of chunks, filled by a reader as it goes along. */
export interface Places {
  /** Opens a chunk of `file` and returns its number. */
  add(file: string): number;
  /** Says at which line of its file (from 1) a chunk begins, once that is known. */
  setLine(chunk: number, line: number): void;
  /** File and line of a fact. */
  place(chunk: number, line: number): Place;
}

/** An empty table. */
export function createPlaces(): Places {
  const files: string[] = [];
  const lines: number[] = [];
  return {
    add(file) {
      if (files.length >= MAX_CHUNK) return MAX_CHUNK;
      return files.push(file) - 1;
    },
    setLine(chunk, line) {
      lines[chunk] = line;
    },
    place(chunk, line) {
      const file = files[chunk];
      if (file === undefined) return { file: files.at(-1) ?? '(input)' };
      const start = lines[chunk];
      return start === undefined ? { file } : { file, line: start + line - 1 };
    },
  };
}
