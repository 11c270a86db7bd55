/** The monthly figures as text: a table for people, and the activity report's field. */

import { countText } from '../../cli/output.js';
import { formatSize } from '../../config/size.js';
import { isoTime } from '../../config/time.js';
import type { DownloadFigures } from './downloads.js';
import { monthName } from './month.js';
import type { Report } from './report.js';

const UNKNOWN = 'unknown';

/** The figures as a table. */
export function reportText(report: Report): string {
  const { month, passwords, downloads, until } = report;
  const count = (n: number | undefined): string => (n === undefined ? UNKNOWN : countText(n));
  const rows: (readonly [string, string])[] = [
    ['Zone file access passwords previous month', count(passwords?.previous)],
    ['New zone file access passwords', count(passwords?.new)],
    ['Renewed after their end', count(passwords?.renewed)],
    ['Expired', count(passwords?.expired)],
    ['Revoked', count(passwords?.revoked)],
    ['Total zone file access passwords end of reporting month', count(passwords?.total)],
    ['Downloads, complete', count(downloads?.all.complete)],
    ['Downloads, begun and not complete', count(downloads?.all.unfinished)],
    ['Octets sent', downloads === undefined ? UNKNOWN : octets(downloads.all)],
    ['Holders that downloaded', count(downloads?.all.holders)],
    ...Object.entries(downloads?.by ?? {}).map(
      ([kind, figures]) =>
        [
          `  of ${kind === 'bundles' ? 'bundles' : `files of ${kind}`}`,
          `${countText(figures.complete)} complete, ${octets(figures)}`,
        ] as const,
    ),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const title = `Zone file access activity, ${monthName(month)}`;
  const soFar = until < month.to ? ` (so far, until ${isoTime(until)})` : '';
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  return `${title}${soFar}\n\n${lines.join('\n')}\n`;
}

function octets({ bytes }: DownloadFigures): string {
  return `${countText(bytes)} (${formatSize(bytes)})`;
}

/**
 * The field `zfa-passwords` of the monthly activity report (.com agreement, Appendix 4, field 04),
 * as CSV: a header and a row, empty when the number is not known.
 */
export function reportCsv({ passwords }: Report): string {
  return `zfa-passwords\n${passwords?.total ?? ''}\n`;
}
