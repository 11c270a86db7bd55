/**
 * The memory that downloads are sent from: one piece of it, made once and divided, so that it is
 * bounded however many downloads run, and none of it waits for a garbage collection.
 *
 * Few downloads get large pieces, two in turn, because that is what makes them fast; many get small
 * ones, and one each: while one download reads, others write.
 */

export interface Buffers {
  /** How many pieces a download uses, and of how many octets, while so many run. */
  share(downloads: number): { readonly pieces: 1 | 2; readonly size: number };
  /** A piece of this size, or of a smaller one where there is no room. */
  take(size: number): Piece;
}

export interface Piece {
  readonly buffer: Buffer;
  /** Gives it back; nothing may read or write it afterwards. */
  release(): void;
}

const SMALLEST = 8 << 10;
const LARGEST = 512 << 10;
/** More downloads than this have one piece each. */
const MANY = 64;

/**
 * @param total octets that all pieces have together. Shares are made of two thirds: the rest is for
 *   those that begin while slow ones still hold the large pieces of quieter times. Should all be
 *   taken, the least piece is made anew.
 */
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
    share: (downloads) => {
      const pieces = downloads > MANY ? 1 : 2;
      const most = (total * 2) / 3 / (pieces * Math.max(1, downloads));
      const size = Math.min(LARGEST, Math.max(SMALLEST, 2 ** Math.floor(Math.log2(most))));
      return { pieces, size };
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
