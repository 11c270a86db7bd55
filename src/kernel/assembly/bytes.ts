/** Octets in the kernel's memory: copying and comparing, eight at a time. */

/**
 * Copies `n` octets. Up to seven octets behind the target are overwritten, too, so that what is
 * written must be written from front to back, into memory that has so much room to spare.
 */
export function copy(to: usize, from: usize, n: usize): void {
  if (n > 256) {
    memory.copy(to, from, n);
    return;
  }
  const end = to + n;
  while (to < end) {
    store<u64>(to, load<u64>(from));
    to += 8;
    from += 8;
  }
}

/** Compares `[a, aEnd)` with `[b, bEnd)` as octets; a proper beginning comes first. */
export function compare(a: usize, aEnd: usize, b: usize, bEnd: usize): i32 {
  const aLength = aEnd - a;
  const bLength = bEnd - b;
  const stop = a + min(aLength, bLength);
  while (a + 8 <= stop) {
    const x = load<u64>(a);
    const y = load<u64>(b);
    if (x !== y) return bswap(x) < bswap(y) ? -1 : 1;
    a += 8;
    b += 8;
  }
  while (a < stop) {
    const d = <i32>load<u8>(a) - <i32>load<u8>(b);
    if (d !== 0) return d;
    a++;
    b++;
  }
  return <i32>aLength - <i32>bLength;
}

/** Are the `n` octets at `a` and at `b` the same? */
export function same(a: usize, b: usize, n: usize): bool {
  const stop = a + n;
  while (a + 8 <= stop) {
    if (load<u64>(a) !== load<u64>(b)) return false;
    a += 8;
    b += 8;
  }
  while (a < stop) if (load<u8>(a++) !== load<u8>(b++)) return false;
  return true;
}
