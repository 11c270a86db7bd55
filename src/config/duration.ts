/**
 * Durations as configuration and flags write them: ISO 8601 (`PT1H`, `P14D`, `P2Y`, `P1W`).
 *
 * A year is 365 days and a month 31 days, as in BIND's dnssec-policy, so that a lifetime copied
 * from there keeps its length.
 */

const DAY = 86_400;
const UNITS = [365 * DAY, 31 * DAY, 7 * DAY, DAY, 3600, 60, 1];
const FORM =
  /^P(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})W)?(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?$/i;

/** What a duration looks like; for messages. */
export const DURATION_FORM = 'an ISO 8601 duration such as PT1H, P14D or P2Y';

/**
 * The seconds that an ISO 8601 duration stands for; whole numbers only.
 *
 * @returns undefined when `text` is not a duration.
 * @example parseDuration('P14D') // 1209600
 */
export function parseDuration(text: string): number | undefined {
  const parts = FORM.exec(text.trim());
  // `P`, `PT` and `P1DT` have the form but lack an amount.
  if (parts === null || !/\d[A-Z]$/i.test(text.trim())) return undefined;
  let seconds = 0;
  for (const [i, unit] of UNITS.entries()) seconds += Number(parts[i + 1] ?? 0) * unit;
  return Number.isSafeInteger(seconds) ? seconds : undefined;
}

/**
 * An ISO 8601 duration in days, hours, minutes and seconds.
 *
 * @example formatDuration(90000) // 'P1DT1H'
 */
export function formatDuration(seconds: number): string {
  const rest = Math.round(seconds);
  if (rest < 0) return `-${formatDuration(-rest)}`;
  const day = Math.floor(rest / DAY);
  const hour = Math.floor((rest % DAY) / 3600);
  const minute = Math.floor((rest % 3600) / 60);
  const second = rest % 60;
  const date = day > 0 ? `${day}D` : '';
  const time = `${hour > 0 ? `${hour}H` : ''}${minute > 0 ? `${minute}M` : ''}${second > 0 ? `${second}S` : ''}`;
  if (date === '' && time === '') return 'PT0S';
  return `P${date}${time === '' ? '' : `T${time}`}`;
}
