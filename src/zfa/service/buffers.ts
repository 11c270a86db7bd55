/**
 * The memory that downloads are sent from: one piece of it, made once and divided, so that it is
 * bounded however many downloads run, and none of it waits for a garbage collection.
 *
 * Few downloads get large pieces, because those are what makes them fast; many get small ones.
 */

export interface Buffers {
  /** Octets of the pieces to be used while so many downloads run. */
  pieceSize(downloads: number): number;
  /** A piece of this size, or of a smaller one where there is no room. */
  take(size: number): Piece;
}

export interface Piece {
  readonly buffer: Buffer;
  /** Gives it back; nothing may read or write it afterwards. */
  release(): void;
}

export const SMALLEST = 16 << 10;
export const LARGEST = 1 << 20;

/** @param total octets that all pieces have together; the least that is ever given is beyond it. */
export function createBuffers(total: number): Buffers {
  // Memory that is never written to takes none of the machine's.
  const slab = Buffer.allocUnsafeSlow(total);
  const units = Math.floor(total / SMALLEST);
  const used = new Uint8Array(units);

  const find = (count: number): number | undefined => {
    // Pieces lie at multiples of their size, which keeps room for large ones together.
    for (let at = 0; at + count <= units; at += count) {
      let free = true;
      for (let i = at; free && i < at + count; i++) free = used[i] === 0;
      if (free) return at;
    }
    return undefined;
  };
  return {
    pieceSize: (downloads) => {
      const share = total / (4 * Math.max(1, downloads));
      return Math.min(LARGEST, Math.max(SMALLEST, 2 ** Math.floor(Math.log2(share))));
    },
    take: (size) => {
      for (let count = size / SMALLEST; count >= 1; count /= 2) {
        const at = find(count);
        if (at === undefined) continue;
        used.fill(1, at, at + count);
        return {
          buffer: slab.subarray(at * SMALLEST, (at + count) * SMALLEST),
          release: () => {
            used.fill(0, at, at + count);
          },
        };
      }
      return { buffer: Buffer.allocUnsafeSlow(SMALLEST), release: () => undefined };
    },
  };
}
