/** Several sources, or parts of them, one behind the other as one source. */

import type { ByteSource } from './byte-source.js';

/** Octets of a source. */
export interface SourcePart {
  readonly source: ByteSource;
  /** The first octet that is meant. */
  readonly at: number;
  readonly length: number;
}

/**
 * Joins parts. The sources stay the caller's: one may be in several parts.
 *
 * @param close called once when the joined source is closed.
 */
export function joinedSource(parts: readonly SourcePart[], close: () => Promise<void>): ByteSource {
  /** Where each part begins in the whole; at the end the size. */
  const starts: number[] = [0];
  for (const { length } of parts) starts.push(starts[starts.length - 1] + length);
  const size = starts[starts.length - 1];
  let closed: Promise<void> | undefined;

  /** The part with the octet at this place, which is below the size. */
  const partAt = (at: number): number => {
    let low = 0;
    let high = parts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  };

  return {
    size,
    read: async (into, at) => {
      const wanted = Math.min(into.length, size - at);
      if (wanted <= 0) return 0;
      let done = 0;
      let i = partAt(at);
      while (done < wanted) {
        const { source, at: first, length } = parts[i];
        const skip = at + done - starts[i];
        const n = Math.min(length - skip, wanted - done);
        if (n > 0) {
          const got = await source.read(into.subarray(done, done + n), first + skip);
          if (got === 0) throw new Error('a part ends before its length');
          done += got;
        }
        if (at + done >= starts[i + 1]) i++;
      }
      return done;
    },
    fileAt: (at) => {
      if (at >= size) return undefined;
      const i = partAt(at);
      const { source, at: first, length } = parts[i];
      const skip = at - starts[i];
      const place = source.fileAt?.(first + skip);
      return place && { ...place, length: Math.min(place.length, length - skip) };
    },
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}

/** Octets in memory as a part, all of them. */
export function octetsPart(octets: Uint8Array): SourcePart {
  return { source: memorySource(octets), at: 0, length: octets.length };
}

/** Octets in memory as a source. */
export function memorySource(octets: Uint8Array): ByteSource {
  return {
    size: octets.length,
    read: async (into, at) => {
      const piece = octets.subarray(at, at + into.length);
      into.set(piece);
      return piece.length;
    },
    close: async () => undefined,
  };
}
