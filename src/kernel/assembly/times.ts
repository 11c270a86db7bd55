/** Times of signatures as text: YYYYMMDDHHMMSS in UTC (RFC 4034 §3.2). */

const digitsOfDay = memory.data(16, 16);
let dayWritten: u32 = ~0;

function two(o: usize, n: u32): void {
  store<u8>(o, <u8>(0x30 + n / 10));
  store<u8>(o, <u8>(0x30 + (n % 10)), 1);
}

/** Works the date out: the years begin in March, so that a leap day is the last one. */
function setDay(day: u32): void {
  dayWritten = day;
  const z = day + 719468;
  const era = z / 146097;
  const dayOfEra = z - era * 146097;
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const month = (5 * dayOfYear + 2) / 153;
  const dayOfMonth = dayOfYear - (153 * month + 2) / 5 + 1;
  const calendarMonth = month < 10 ? month + 3 : month - 9;
  const year = yearOfEra + era * 400 + (calendarMonth <= 2 ? 1 : 0);
  two(digitsOfDay, year / 100);
  two(digitsOfDay + 2, year % 100);
  two(digitsOfDay + 4, calendarMonth);
  two(digitsOfDay + 6, dayOfMonth);
}

/** Writes a time given in seconds since 1970. */
export function putTime(o: usize, seconds: u32): usize {
  const day = seconds / 86400;
  if (day !== dayWritten) setDay(day);
  store<u64>(o, load<u64>(digitsOfDay));
  const s = seconds - day * 86400;
  two(o + 8, s / 3600);
  two(o + 10, (s / 60) % 60);
  two(o + 12, s % 60);
  return o + 14;
}
