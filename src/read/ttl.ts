/** TTLs as master files write them. */

import { unitSeconds } from '../records/numbers.js';

/** A TTL in seconds from `86400` or `1w2d3h4m5s`, or -1 (RFC 2181 §8: at most 2^31-1). */
export function ttlFromText(text: Uint8Array, start: number, end: number): number {
  let total = 0;
  let number = 0;
  let digits = 0;
  let units = false;
  for (let i = start; i < end; i++) {
    const c = text[i];
    if (c >= 0x30 && c <= 0x39) {
      number = number * 10 + c - 0x30;
      if (++digits > 10) return -1;
      continue;
    }
    const unit = unitSeconds(c);
    if (unit === 0 || digits === 0) return -1;
    total += number * unit;
    number = 0;
    digits = 0;
    units = true;
  }
  if (digits === 0 && !units) return -1;
  total += number;
  return total > 0x7fffffff ? -1 : total;
}
