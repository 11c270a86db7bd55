/**
 * The monthly figures as text: a table for people, whose first lines have the names of table 3 of
 * VeriSign's report of November 2003, and the field of the activity report.
 */

import { countText } from '../../cli/output.js';
import { formatSize } from '../../config/size.js';
import { isoTime } from '../../config/time.js';
import type { DownloadFigures } from './downloads.js';
import { monthName } from './month.js';
import type { Report } from './report.js';

const UNKNOWN = 'unknown';

/** The figures as a table, and what to know about them. */
export function reportText(report: Report): string {
  const { month, until } = report;
  const rows = [...passwordRows(report), undefined, ...downloadRows(report)];
  const width = Math.max(...rows.map((row) => row?.[0].length ?? 0));
  const lines = rows.map((row) =>
    row === undefined ? '' : `${row[0].padEnd(width)}  ${row[1]}`.trimEnd(),
  );
  const soFar = until < month.to ? ` (so far, until ${isoTime(until)})` : '';
  const title = `Zone file access activity, ${monthName(month)}${soFar}`;
  const notes = notesOf(report).map((note) => `${note}\n`);
  return `${title}\n\n${lines.join('\n')}\n${notes.length > 0 ? '\n' : ''}${notes.join('')}`;
}

type TextRow = readonly [name: string, value: string];

function passwordRows({ passwords, byZone }: Report): TextRow[] {
  const zones = Object.entries(byZone ?? { 'each zone': undefined });
  return [
    ['Zone file access passwords previous month', number(passwords?.previous)],
    ['New zone file access passwords', number(passwords?.new)],
    ['Renewed after their end', number(passwords?.renewed)],
    ['Expired', number(passwords?.expired)],
    ['Revoked', number(passwords?.revoked)],
    ['Total zone file access approvals end of reporting month', number(passwords?.total)],
    ...zones.map(([zone, n]): TextRow => [`  for ${zone}`, number(n)]),
    ['zfa-passwords', number(passwords?.total)],
  ];
}

function downloadRows({ downloads }: Report): TextRow[] {
  const { complete, unfinished, holders } = downloads?.all ?? {};
  return [
    ['Downloads, complete', number(complete)],
    ['Downloads, begun and not complete', number(unfinished)],
    ['Octets sent', downloads === undefined ? UNKNOWN : octets(downloads.all)],
    ['Holders that downloaded', number(holders)],
    ...Object.entries(downloads?.by ?? {}).map(
      ([kind, figures]): TextRow => [
        `  ${kind === 'bundles' ? 'bundles' : `files of ${kind}`}`,
        `${countText(figures.complete)} complete, ${countText(figures.unfinished)} not, ${octets(figures)}`,
      ],
    ),
  ];
}

function notesOf({ month, until, knownSince, imported, downloads }: Report): string[] {
  const notes: string[] = [];
  if (knownSince === undefined) {
    notes.push('Nothing is written down of holders yet.');
  } else if (knownSince >= month.from) {
    const which = knownSince >= until ? 'unknown' : 'not counted';
    notes.push(`Holders are known from ${isoTime(knownSince)} on; what was before is ${which}.`);
  }
  if (imported > 0) {
    notes.push(
      `Holders imported after the month began: ${countText(imported)}; of them it is counted what their rows tell.`,
    );
  }
  if (downloads === undefined) {
    notes.push('The download service had not run by then.');
  } else if (downloads.since > month.from) {
    notes.push(`Downloads are known from ${isoTime(downloads.since)} on.`);
  }
  return notes;
}

function number(n: number | undefined): string {
  return n === undefined ? UNKNOWN : countText(n);
}

function octets({ bytes }: DownloadFigures): string {
  return `${countText(bytes)} (${formatSize(bytes)})`;
}

/**
 * The field `zfa-passwords` of the registry functions activity report, `<tld>-activity-yyyymm.csv`
 * (.com agreement, Appendix 4 (c), field 04): a header line and a row, with the line ends of
 * RFC 4180 as Appendix 4 has them.
 *
 * @param passwords undefined: not known; the field is empty.
 */
export function reportCsv(passwords: number | undefined): string {
  return `zfa-passwords\r\n${passwords ?? ''}\r\n`;
}
