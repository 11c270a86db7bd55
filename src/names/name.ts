/**
 * The one codec for domain names: presentation text, wire form and sort key.
 *
 * - wire: uncompressed, lower case, ends in the root label (RFC 1035 §3.1).
 * - key: the labels in reverse order, relative to a zone's apex, each followed by 0x00;
 *   inside a label 0x00 is written 01 01 and 0x01 is written 01 02. Comparing keys as bytes
 *   gives the canonical order of RFC 4034 §6.1, a name is at or below another exactly when
 *   its key starts with the other's, and the apex is the empty key.
 * - text: presentation form with `\X` and `\DDD` escapes (RFC 1035 §5.1, RFC 4343 §2.1).
 *
 * The functions that take offsets are for the hot path: they write into the caller's array
 * and return the new offset, or a negative {@link NameFault} instead of throwing.
 */

/** Longest wire form of a name (RFC 1035 §2.3.4). */
export const MAX_WIRE = 255;
/** Longest sort key: each octet escaped, one separator a label. */
export const MAX_KEY = 2 * MAX_WIRE;

/** Why a text is not a domain name; returned as a negative number by the byte functions. */
export const NameFault = {
  emptyLabel: -1,
  longLabel: -2,
  longName: -3,
  badEscape: -4,
  relative: -5,
  empty: -6,
  notIdna: -7,
} as const;

const FAULT_TEXT: Record<number, string> = {
  [NameFault.emptyLabel]: 'has an empty label',
  [NameFault.longLabel]: 'has a label longer than 63 octets',
  [NameFault.longName]: 'is longer than 255 octets',
  [NameFault.badEscape]: 'has a broken escape (\\X or \\DDD with DDD up to 255)',
  [NameFault.relative]: 'is relative, and no origin is known',
  [NameFault.empty]: 'is empty',
  [NameFault.notIdna]: 'is not a name that IDNA 2008 allows, in UTF-8',
};

/** A sentence part for a negative result, e.g. `has an empty label`. */
export function nameFaultText(fault: number): string {
  return FAULT_TEXT[fault] ?? 'is not a domain name';
}

const LOWER = new Uint8Array(256);
for (let i = 0; i < 256; i++) LOWER[i] = i >= 0x41 && i <= 0x5a ? i + 32 : i;

/** How an octet is written inside a label: 0 as it is, 1 as `\X`, 2 as `\DDD`. */
const ESCAPE = new Uint8Array(256);
for (let i = 0; i < 256; i++) {
  if (i <= 0x20 || i >= 0x7f) ESCAPE[i] = 2;
  else if ('"$();@\\.'.includes(String.fromCharCode(i))) ESCAPE[i] = 1;
}

/**
 * Reads the presentation form in `text[start, end)` and writes the wire form at `out[at]`.
 * A name without a final dot is completed by `origin` (a wire form); `@` is the origin.
 *
 * @param keepCase keeps the case of the letters (only for names that have no canonical
 *   lower-case form, such as SVCB targets).
 * @returns the offset after the name, or a negative {@link NameFault}.
 */
export function textToWire(
  text: Uint8Array,
  start: number,
  end: number,
  origin: Uint8Array | undefined,
  out: Uint8Array,
  at: number,
  keepCase = false,
): number {
  if (start >= end) return NameFault.empty;
  if (end - start === 1) {
    const c = text[start];
    if (c === 0x2e) {
      out[at] = 0;
      return at + 1;
    }
    if (c === 0x40) {
      if (origin === undefined) return NameFault.relative;
      out.set(origin, at);
      return at + origin.length;
    }
  }
  const limit = at + MAX_WIRE;
  let label = at;
  let o = at + 1;
  let i = start;
  while (i < end) {
    let c = text[i++];
    if (c === 0x2e) {
      const n = o - label - 1;
      if (n === 0) return NameFault.emptyLabel;
      if (n > 63) return NameFault.longLabel;
      out[label] = n;
      label = o++;
      if (o > limit) return NameFault.longName;
      continue;
    }
    if (c === 0x5c) {
      if (i >= end) return NameFault.badEscape;
      const d = text[i] - 0x30;
      if (d >= 0 && d <= 9) {
        if (i + 3 > end) return NameFault.badEscape;
        const e = text[i + 1] - 0x30;
        const f = text[i + 2] - 0x30;
        if (e < 0 || e > 9 || f < 0 || f > 9) return NameFault.badEscape;
        c = d * 100 + e * 10 + f;
        if (c > 255) return NameFault.badEscape;
        i += 3;
      } else {
        c = text[i++];
      }
    }
    if (o >= limit) return o - label > 64 ? NameFault.longLabel : NameFault.longName;
    out[o++] = keepCase ? c : LOWER[c];
  }
  const n = o - label - 1;
  if (n === 0) {
    // The text ended in a dot: the place kept for the next label is the root label.
    out[label] = 0;
    return o;
  }
  if (n > 63) return NameFault.longLabel;
  out[label] = n;
  if (origin === undefined) return NameFault.relative;
  if (o + origin.length > limit) return NameFault.longName;
  for (let k = 0; k < origin.length; k++) out[o++] = origin[k];
  return o;
}

/** Length of the wire name at `wire[at]`, the root label included. */
export function wireLength(wire: Uint8Array, at: number): number {
  let p = at;
  for (let n = wire[p]; n !== 0; n = wire[p]) p += n + 1;
  return p + 1 - at;
}

/** Number of labels without the root label; the Labels field of an RRSIG (RFC 4034 §3.1.3)
 * for names without a leading `*` label. */
export function countLabels(wire: Uint8Array, at = 0): number {
  let labels = 0;
  let p = at;
  for (let n = wire[p]; n !== 0; n = wire[p]) {
    p += n + 1;
    labels++;
  }
  return labels;
}

/**
 * Writes the presentation form of the wire name at `wire[at]` to `out[o]`: fully qualified,
 * with a final dot. `out` must have room for 4 × 255 octets.
 *
 * @returns the offset after the text.
 */
export function wireToText(wire: Uint8Array, at: number, out: Uint8Array, o: number): number {
  let p = at;
  let n = wire[p++];
  if (n === 0) {
    out[o] = 0x2e;
    return o + 1;
  }
  while (n !== 0) {
    for (const end = p + n; p < end; p++) {
      const c = wire[p];
      const how = ESCAPE[c];
      if (how === 0) out[o++] = c;
      else o = writeEscaped(c, how, out, o);
    }
    out[o++] = 0x2e;
    n = wire[p++];
  }
  return o;
}

function writeEscaped(c: number, how: number, out: Uint8Array, at: number): number {
  let o = at;
  out[o++] = 0x5c;
  if (how === 1) {
    out[o++] = c;
  } else {
    out[o++] = 0x30 + ((c / 100) | 0);
    out[o++] = 0x30 + (((c / 10) | 0) % 10);
    out[o++] = 0x30 + (c % 10);
  }
  return o;
}

const labelStarts = new Uint8Array(128);

/**
 * Writes the sort key of the wire name at `wire[at]`, without its last `strip` labels
 * (the apex's), to `out[o]`. `out` must have room for {@link MAX_KEY} octets.
 *
 * @returns the offset after the key.
 */
export function wireToKey(
  wire: Uint8Array,
  at: number,
  strip: number,
  out: Uint8Array,
  o: number,
): number {
  let labels = 0;
  let p = at;
  for (let n = wire[p]; n !== 0; n = wire[p]) {
    labelStarts[labels++] = p - at;
    p += n + 1;
  }
  for (let l = labels - strip - 1; l >= 0; l--) {
    let q = at + labelStarts[l];
    for (const end = q + 1 + wire[q++]; q < end; q++) {
      const c = wire[q];
      if (c > 1) {
        out[o++] = c;
      } else {
        out[o++] = 1;
        out[o++] = c + 1;
      }
    }
    out[o++] = 0;
  }
  return o;
}

/**
 * Writes the wire name that has the sort key `key[start, end)` in the zone with the wire
 * name `apex` to `out[o]`. `out` must have room for {@link MAX_WIRE} octets.
 *
 * @returns the offset after the name.
 */
export function keyToWire(
  key: Uint8Array,
  start: number,
  end: number,
  apex: Uint8Array,
  out: Uint8Array,
  o: number,
): number {
  // The last label of the key is the first of the name: walk the separators backwards.
  let labelEnd = end - 1;
  while (labelEnd > start) {
    let s = labelEnd;
    while (s > start && key[s - 1] !== 0) s--;
    const lengthAt = o++;
    for (let p = s; p < labelEnd; p++) {
      const c = key[p];
      out[o++] = c === 1 ? key[++p] - 1 : c;
    }
    out[lengthAt] = o - lengthAt - 1;
    labelEnd = s - 1;
  }
  for (let k = 0; k < apex.length; k++) out[o++] = apex[k];
  return o;
}

/** Is the wire name `name[at…]` at or below `apex`? Both lower case. */
export function isAtOrBelow(name: Uint8Array, at: number, apex: Uint8Array): boolean {
  let p = at;
  const from = at + wireLength(name, at) - apex.length;
  if (from < at) return false;
  while (p < from) p += name[p] + 1;
  if (p !== from) return false;
  for (let i = 0; i < apex.length; i++) if (name[from + i] !== apex[i]) return false;
  return true;
}

/** Is the wire name `name[start, end)` at or below `other[0, length)`? Both lower case. */
export function isWithin(
  name: Uint8Array,
  start: number,
  end: number,
  other: Uint8Array,
  length: number,
): boolean {
  const from = end - length;
  if (from < start) return false;
  for (let i = 0; i < length; i++) if (name[from + i] !== other[i]) return false;
  // The tail agrees; it must begin where a label begins.
  let p = start;
  while (p < from) p += name[p] + 1;
  return p === from;
}

/** Compares `a[aStart, aEnd)` with `b[bStart, bEnd)` as unsigned octets, shorter first. */
export function compareBytes(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const n = Math.min(aEnd - aStart, bEnd - bStart);
  for (let i = 0; i < n; i++) {
    const d = a[aStart + i] - b[bStart + i];
    if (d !== 0) return d;
  }
  return aEnd - aStart - (bEnd - bStart);
}

/** Lower-cases the ASCII letters of `bytes[start, end)` in place. */
export function lowerCase(bytes: Uint8Array, start: number, end: number): void {
  for (let i = start; i < end; i++) bytes[i] = LOWER[bytes[i]];
}

// ---- convenience forms for the cold path -------------------------------------------------

const encoder = new TextEncoder();
const decoder = new TextDecoder('latin1');

/** The wire form of the root. */
export const ROOT: Uint8Array = new Uint8Array(1);

/**
 * The wire form of a name given as text. A name without final dot is taken as fully
 * qualified unless `origin` is given.
 *
 * @throws RangeError with the reason when `text` is not a domain name.
 * @example nameFromText('Example.COM') // 07 'example' 03 'com' 00
 */
export function nameFromText(text: string, origin: Uint8Array = ROOT): Uint8Array {
  const bytes = encoder.encode(text);
  const out = new Uint8Array(MAX_WIRE + 1);
  const end = textToWire(bytes, 0, bytes.length, origin, out, 0);
  if (end < 0) throw new RangeError(`"${text}" ${nameFaultText(end)}`);
  return out.slice(0, end);
}

/** The presentation form of a wire name, with a final dot. */
export function nameToText(wire: Uint8Array, at = 0): string {
  const out = new Uint8Array(4 * MAX_WIRE + 1);
  return decoder.decode(out.subarray(0, wireToText(wire, at, out, 0)));
}

/** The sort key of a wire name in the zone `apex` (by default in the root zone). */
export function keyFromName(wire: Uint8Array, apex: Uint8Array = ROOT): Uint8Array {
  const out = new Uint8Array(MAX_KEY);
  return out.slice(0, wireToKey(wire, 0, countLabels(apex), out, 0));
}

/** The wire name that a sort key stands for in the zone `apex`. */
export function nameFromKey(key: Uint8Array, apex: Uint8Array = ROOT): Uint8Array {
  const out = new Uint8Array(MAX_WIRE + 1);
  return out.slice(0, keyToWire(key, 0, key.length, apex, out, 0));
}

/** Are two byte strings equal? */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareBytes(a, 0, a.length, b, 0, b.length) === 0;
}

/** The zone's name as it stands in file names and JSON: without final dot, the root as `root`. */
export function zoneLabel(apex: Uint8Array): string {
  return apex.length === 1 ? 'root' : nameToText(apex).slice(0, -1);
}
