/**
 * The names of the sample export. Name number `index` has a label made of a word and eight
 * letters that no other index has; a few places of every thousand have the awkward kinds of
 * label instead (IDN, 63 octets, a leading digit, the look of an NSEC3 hash).
 */
import { domainToASCII } from 'node:url';
import { PLACE, PLACES, placeOf } from './places.js';
import { mix, permute } from './random.js';

const encoder = new TextEncoder();

/** 128 different pairs of letters; four of them spell 28 bits. */
const PAIRS: Uint8Array = (() => {
  const pairs: string[] = [];
  for (const consonant of 'bcdfghjklmnprstvwyzq') {
    for (const vowel of 'aeiou') pairs.push(consonant + vowel);
  }
  for (const vowel of 'aeiou') for (const end of 'nrlst') pairs.push(vowel + end);
  pairs.push('xa', 'xi', 'xo');
  return encoder.encode(pairs.join(''));
})();

const WORDS: readonly Uint8Array[] = [
  ...['', '', '', 'my', 'the', 'go', 'e', 'i', 'get', 'pro', 'top', 'best', 'web', 'shop', 'home'],
  ...['news', 'auto', 'data', 'blue', 'green', 'smart', 'cloud', 'media', 'online', 'travel'],
  ...['health', 'digital', 'design-', 'hotel-', 'city-', 'casa', '4', '1a'],
].map((word) => encoder.encode(word));

const U_WORDS = ['münchen', 'élan', 'señor', '日本', 'россия', 'ελλάδα', 'smörgås', 'straße'];

const BASE32HEX = encoder.encode('0123456789abcdefghijklmnopqrstuv');

/** The label of the name in place {@link PLACE.gtldServers} of the first thousand. */
const GTLD_SERVERS = encoder.encode('gtld-servers');

function writeSuffix(x: number, out: Uint8Array, at: number): number {
  for (let shift = 21, o = at; shift >= 0; shift -= 7, o += 2) {
    const pair = ((x >>> shift) & 127) << 1;
    out[o] = PAIRS[pair];
    out[o + 1] = PAIRS[pair + 1];
  }
  return at + 8;
}

function writeDecimal(n: number, out: Uint8Array, at: number): number {
  let o = at;
  if (n >= 10) o = writeDecimal(Math.floor(n / 10), out, o);
  out[o] = 0x30 + (n % 10);
  return o + 1;
}

const scratch = new Uint8Array(8);

/** The U-label of an IDN place, in lower case. */
export function uLabel(seed: number, index: number): string {
  writeSuffix(permute(seed, index), scratch, 0);
  return U_WORDS[mix(seed, index) % U_WORDS.length] + new TextDecoder().decode(scratch);
}

/** The A-label of a U-label. */
export function aLabel(text: string): string {
  return domainToASCII(text);
}

/**
 * Writes the label of name number `index` (lower-case ASCII, without a dot) to `out[at]`.
 *
 * @param owner how many names had the number before; ordinary places only.
 * @returns the offset after the label.
 */
export function writeLabel(
  seed: number,
  index: number,
  out: Uint8Array,
  at: number,
  owner = 0,
): number {
  const place = placeOf(index);
  const x = permute(seed, index);
  let o = at;
  switch (place < PLACES ? place : -1) {
    case PLACE.gtldServers:
      if (index >= 1000) break;
      out.set(GTLD_SERVERS, at);
      return at + GTLD_SERVERS.length;
    case PLACE.idn:
    case PLACE.idnAsU:
    case PLACE.idnMixedCase: {
      const label = encoder.encode(aLabel(uLabel(seed, index)));
      out.set(label, at);
      return at + label.length;
    }
    case PLACE.longLabel:
      for (; o < at + 55; o++)
        out[o] = o - at === 20 || o - at === 40 ? 0x2d : 0x61 + ((o - at) % 26);
      return writeSuffix(x, out, o);
    case PLACE.digits:
      out[o++] = 0x30 + (index % 10);
      out[o++] = 0x32;
      return writeSuffix(x, out, o);
    case PLACE.hashLike: {
      // 28 unique bits first, then as many random characters as an NSEC3 owner name has.
      for (let shift = 25; shift >= 0; shift -= 5) out[o++] = BASE32HEX[(x >>> shift) & 31];
      while (o < at + 32) {
        const random = mix(seed + o - at, index);
        for (let k = 0; k < 6 && o < at + 32; k++) out[o++] = BASE32HEX[(random >>> (5 * k)) & 31];
      }
      return o;
    }
    default:
      break;
  }
  const word = WORDS[(mix(seed + owner, index) >>> 8) % WORDS.length];
  for (let i = 0; i < word.length; i++) out[o++] = word[i];
  if (owner > 0) {
    // Keeps it apart from all names that the number had before.
    o = writeDecimal(owner, out, o);
    out[o++] = 0x2d;
  }
  return writeSuffix(x, out, o);
}
