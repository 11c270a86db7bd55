/** The hashed owner names of NSEC3 (RFC 5155 §5), in base32 with extended hex (RFC 4648 §7). */

import { copy } from './bytes';
import { sha1 } from './sha1';

const salt = memory.data(256 + 16, 16);
let saltLength: usize = 0;
let iterations: i32 = 0;

const input = memory.data(1024, 16);
const digest = memory.data(32, 16);
/** `0`-`9`, `a`-`v`. */
const digits = memory.data(32, 16);
for (let i: usize = 0; i < 32; i++) store<u8>(digits + i, <u8>(i < 10 ? 0x30 + i : 0x57 + i));

export function setNsec3(saltAt: usize, length: usize, more: i32): void {
  copy(salt, saltAt, length);
  saltLength = length;
  iterations = more;
}

/** Writes the hash of the wire name, 20 octets. */
export function hashOctets(name: usize, length: usize, out: usize): void {
  memory.copy(input, name, length);
  memory.copy(input + length, salt, saltLength);
  sha1(input, length + saltLength, out);
  for (let i = 0; i < iterations; i++) {
    memory.copy(input, out, 20);
    memory.copy(input + 20, salt, saltLength);
    sha1(input, 20 + saltLength, out);
  }
}

/** Writes the hash of the wire name as 32 digits. */
export function hashName(name: usize, length: usize, out: usize): void {
  hashOctets(name, length, digest);
  for (let i: usize = 0; i < 20; i += 5) {
    // Five octets are eight digits.
    let bits = bswap(load<u64>(digest + i));
    for (const stop = out + 8; out < stop; out++) {
      store<u8>(out, load<u8>(digits + <usize>(bits >> 59)));
      bits <<= 5;
    }
  }
}

/** The value of a digit, in lower case; above 31 for what is none. */
function digitValue(c: u32): u32 {
  if (c - 0x30 < 10) return c - 0x30;
  return c - 0x61 < 22 ? c - 0x57 : 255;
}

/** Writes the 20 octets that 32 digits stand for. False when there is anything else among them. */
export function hashOfDigits(from: usize, out: usize): bool {
  for (let i: usize = 0; i < 32; i += 8) {
    let bits: u64 = 0;
    for (let k: usize = 0; k < 8; k++) {
      const value = digitValue(load<u8>(from + i + k));
      if (value > 31) return false;
      bits = (bits << 5) | value;
    }
    store<u8>(out, <u8>(bits >> 32));
    store<u32>(out, bswap(<u32>bits), 1);
    out += 5;
  }
  return true;
}
