/** The worker's side of packing: one gzip member of text. */

import { gzipSync } from 'node:zlib';
import { Moved } from '../threads/pool.js';

/** Packs a piece of text as a gzip member of its own (RFC 1952 §2.2). */
export function packMember({
  text,
  level,
}: {
  text: Uint8Array;
  level: number;
}): Moved<Uint8Array> {
  // zlib writes no time stamp: the same text gives the same octets.
  const packed = new Uint8Array(gzipSync(text, { level }));
  return new Moved(packed, [packed.buffer]);
}
