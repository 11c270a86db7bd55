/**
 * Numbers, periods and times in presentation form, on bytes.
 *
 * Plain decimal numbers; periods with units (`1w2d`, which name servers read although RFC 1035
 * §5.1 has plain seconds only); RRSIG times (RFC 4034 §3.2).
 */

/** The number in `text[start, end)`, digits only, or -1 when it is not one from 0 to `max`. */
export function parseNumber(text: Uint8Array, start: number, end: number, max: number): number {
  const n = end - start;
  if (n === 0 || n > 10) return -1;
  let v = 0;
  for (let i = start; i < end; i++) {
    const d = text[i] - 0x30;
    if (d < 0 || d > 9) return -1;
    v = v * 10 + d;
  }
  return v <= max ? v : -1;
}

/** Writes a whole number from 0 to 2^32-1 in decimal; returns the offset after it. */
export function writeNumber(n: number, out: Uint8Array, o: number): number {
  if (n < 10) {
    out[o] = 0x30 + n;
    return o + 1;
  }
  let digits = 2;
  for (let limit = 100; digits < 10 && n >= limit; limit *= 10) digits++;
  const end = o + digits;
  let p = end;
  let v = n;
  if (v > 0x7fffffff) {
    // One step beyond 31 bits; the rest is integer arithmetic.
    const q = Math.floor(v / 10);
    out[--p] = 0x30 + (v - q * 10);
    v = q;
  }
  while (p > o) {
    const q = (v / 10) | 0;
    out[--p] = 0x30 + v - q * 10;
    v = q;
  }
  return end;
}

/** Seconds of a unit letter, either case; 0 when it is none. */
export function unitSeconds(c: number): number {
  switch (c | 0x20) {
    case 0x73:
      return 1;
    case 0x6d:
      return 60;
    case 0x68:
      return 3600;
    case 0x64:
      return 86400;
    case 0x77:
      return 604800;
    default:
      return 0;
  }
}

/**
 * A TTL or SOA timer in `text[start, end)`: a number of seconds, or numbers that each have a
 * unit (`1d`, `1W2h30m`).
 *
 * @returns seconds from 0 to `max` (at most 2^32-1), or -1.
 */
export function parsePeriod(text: Uint8Array, start: number, end: number, max: number): number {
  const plain = parseNumber(text, start, end, max);
  if (plain >= 0 || start >= end) return plain;
  let total = 0;
  let i = start;
  while (i < end) {
    let v = 0;
    const from = i;
    for (; i < end; i++) {
      const d = text[i] - 0x30;
      if (d < 0 || d > 9) break;
      v = v * 10 + d;
    }
    if (i === from || i - from > 10 || i === end) return -1;
    const unit = unitSeconds(text[i++]);
    if (unit === 0) return -1;
    total += v * unit;
  }
  return total <= max ? total : -1;
}

/** Days from 1970-01-01 to a date of the Gregorian calendar, in integer arithmetic. */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const m = month <= 2 ? month + 9 : month - 3;
  const leaps = ((y / 4) | 0) - ((y / 100) | 0) + ((y / 400) | 0);
  return y * 365 + leaps + (((153 * m + 2) / 5) | 0) + day - 719469;
}

/** Two digits at `text[at]` as a number; far below zero when one of them is no digit. */
function twoDigits(text: Uint8Array, at: number): number {
  const a = text[at] - 0x30;
  const b = text[at + 1] - 0x30;
  return a >= 0 && a <= 9 && b >= 0 && b <= 9 ? a * 10 + b : -100000;
}

const MONTH_DAYS = Uint8Array.of(31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31);

/**
 * An RRSIG time in `text[start, end)`: YYYYMMDDHHMMSS in UTC, or seconds since 1970 as a
 * number (RFC 4034 §3.2).
 *
 * @returns seconds since 1970 modulo 2^32 (RFC 4034 §3.1.5), or -1.
 */
export function parseTime(text: Uint8Array, start: number, end: number): number {
  if (end - start !== 14) return parseNumber(text, start, end, 0xffffffff);
  const year = twoDigits(text, start) * 100 + twoDigits(text, start + 2);
  const month = twoDigits(text, start + 4);
  const day = twoDigits(text, start + 6);
  const hour = twoDigits(text, start + 8);
  const minute = twoDigits(text, start + 10);
  const second = twoDigits(text, start + 12);
  if (year < 1970 || month < 1 || month > 12 || day < 1 || day > MONTH_DAYS[month - 1]) return -1;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return -1;
  if (month === 2 && day === 29 && (year % 4 !== 0 || (year % 100 === 0 && year % 400 !== 0))) {
    return -1;
  }
  const seconds = daysFromCivil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
  return seconds % 4294967296;
}

/** The day last written, as its number and as eight digits: signatures share few days. */
let writtenDay = -1;
const dayDigits = new Uint8Array(8);

function two(n: number, out: Uint8Array, o: number): void {
  const q = (n / 10) | 0;
  out[o] = 0x30 + q;
  out[o + 1] = 0x30 + n - q * 10;
}

function setDay(day: number): void {
  const z = day + 719468;
  const era = Math.floor(z / 146097);
  const doe = z - era * 146097;
  const yoe = Math.floor(
    (doe - Math.floor(doe / 1460) + Math.floor(doe / 36524) - Math.floor(doe / 146096)) / 365,
  );
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100));
  const mp = Math.floor((5 * doy + 2) / 153);
  const month = mp < 10 ? mp + 3 : mp - 9;
  const year = yoe + era * 400 + (month <= 2 ? 1 : 0);
  two((year / 100) | 0, dayDigits, 0);
  two(year % 100, dayDigits, 2);
  two(month, dayDigits, 4);
  two(doy - Math.floor((153 * mp + 2) / 5) + 1, dayDigits, 6);
  writtenDay = day;
}

/** Writes seconds since 1970 (0 to 2^32-1) as YYYYMMDDHHMMSS; returns the offset after it. */
export function writeTime(seconds: number, out: Uint8Array, o: number): number {
  const day = Math.floor(seconds / 86400);
  if (day !== writtenDay) setDay(day);
  for (let i = 0; i < 8; i++) out[o + i] = dayDigits[i];
  const s = seconds - day * 86400;
  const hour = (s / 3600) | 0;
  const minute = ((s - hour * 3600) / 60) | 0;
  two(hour, out, o + 8);
  two(minute, out, o + 10);
  two(s - hour * 3600 - minute * 60, out, o + 12);
  return o + 14;
}

/** The 16-bit number at `wire[at]`. */
export function u16(wire: Uint8Array, at: number): number {
  return (wire[at] << 8) | wire[at + 1];
}

/** The 32-bit number at `wire[at]`, unsigned. */
export function u32(wire: Uint8Array, at: number): number {
  return ((wire[at] << 24) | (wire[at + 1] << 16) | (wire[at + 2] << 8) | wire[at + 3]) >>> 0;
}

/** Writes a 16-bit number; returns the offset after it. */
export function putU16(n: number, out: Uint8Array, o: number): number {
  out[o] = n >>> 8;
  out[o + 1] = n;
  return o + 2;
}

/** Writes a 32-bit number; returns the offset after it. */
export function putU32(n: number, out: Uint8Array, o: number): number {
  out[o] = n >>> 24;
  out[o + 1] = n >>> 16;
  out[o + 2] = n >>> 8;
  out[o + 3] = n;
  return o + 4;
}
