/** A source whose octets are compared with their SHA-256 while they are read. */

import { createHash } from 'node:crypto';
import type { ByteSource } from './byte-source.js';

/**
 * The same octets. They have to be read once, in order, and whoever reads them to the end learns of
 * damage there: what was read before must not be used, either.
 *
 * @param sha256 hexadecimal.
 * @param damaged the error to throw.
 */
export function verifiedSource(
  source: ByteSource,
  sha256: string,
  damaged: () => Error,
): ByteSource {
  const hash = createHash('sha256');
  let next = 0;
  return {
    size: source.size,
    read: async (into, at) => {
      if (at !== next) throw new Error(`octets from ${next} on are next, not from ${at} on`);
      const n = await source.read(into, at);
      if (n === 0) return 0;
      hash.update(into.subarray(0, n));
      next += n;
      if (next === source.size && hash.digest('hex') !== sha256) throw damaged();
      return n;
    },
    close: () => source.close(),
  };
}
