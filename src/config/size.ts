/**
 * Sizes in bytes (`512MiB`, `1GiB`, `1G`, `250MB`, `1048576`) and shares (`5%`), as
 * configuration and flags write them.
 *
 * `K`, `M`, `G`, `T` and `KiB`… are powers of 1024, `KB`, `MB`… powers of 1000 (IEC 80000-13;
 * the bare letters as sort(1) and systemd read them).
 */

const PREFIX = 'kmgt';
const FORM = /^(\d{1,15})(\.\d{1,6})? ?(?:([kmgt])(i?b)?|b)?$/i;

/** What a size looks like; for messages. */
export const SIZE_FORM = 'a size such as 512MiB, 1GiB or a number of bytes';
/** What a share looks like; for messages. */
export const PERCENT_FORM = 'a percentage from 0% to 100%, such as 5% or 0.5%';

/**
 * The bytes that a size stands for.
 *
 * @returns undefined when `text` is not a size.
 * @example parseSize('512MiB') // 536870912
 */
export function parseSize(text: string): number | undefined {
  const parts = FORM.exec(text.trim());
  if (parts === null) return undefined;
  const [, whole, fraction = '', prefix, unit] = parts;
  if (fraction !== '' && prefix === undefined) return undefined;
  const base = unit?.toLowerCase() === 'b' ? 1000 : 1024;
  const power = prefix === undefined ? 0 : PREFIX.indexOf(prefix.toLowerCase()) + 1;
  const bytes = Math.floor(Number(`${whole}${fraction}`) * base ** power);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/**
 * A size for people, in binary units with at most one decimal.
 *
 * @example formatSize(1572864) // '1.5 MiB'
 */
export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let value = bytes;
  let i = -1;
  do {
    value /= 1024;
    i++;
  } while (value >= 1023.95 && i < PREFIX.length - 1);
  return `${value.toFixed(value < 99.95 ? 1 : 0).replace(/\.0$/, '')} ${PREFIX[i].toUpperCase()}iB`;
}

/**
 * The fraction (0 to 1) that a percentage stands for.
 *
 * @returns undefined when `text` is not a percentage.
 * @example parsePercent('5%') // 0.05
 */
export function parsePercent(text: string): number | undefined {
  const parts = /^(\d{1,3}(?:\.\d{1,6})?) ?%$/.exec(text.trim());
  if (parts === null) return undefined;
  const percent = Number(parts[1]);
  return percent <= 100 ? percent / 100 : undefined;
}
