/**
 * A zone: its newest generation in numbers, the picture of its growth, and each day that can be
 * downloaded, with serial, size, SHA-256 and files.
 *
 * On a narrow screen the table's rows become cards (style.ts), which takes the meaning from a table's
 * elements; the roles give it back.
 */

import { domainToUnicode } from 'node:url';
import { clockText, dayText } from '../../present/calendar.js';
import { html, join, type Markup, type Part } from '../../present/markup.js';
import { growthFigure } from './growth.js';
import type { PortalFile, PortalZone, PortalZoneDay } from './model.js';
import { changeText, countText, dateAttribute, dateText, plural, sizeText } from './numbers.js';

/** Hexadecimal digits of a checksum that are shown at first. */
const SHORT = 8;

/** The id of a zone's section. @param index of the zone on the page. */
export const zoneId = (index: number): string => `zone-${index + 1}`;

/** The section of a zone. */
export function zoneSection({ zone, days, history }: PortalZone, index: number): Markup {
  const id = zoneId(index);
  const [latest] = days;
  return html`<section class="zone" id="${id}" aria-labelledby="${id}-h">
<h2 id="${id}-h"><span class="vh">Zone </span>${zone}${unicodeName(zone)}</h2>
${latest === undefined ? notPublished(zone) : newest(latest)}
${(latest !== undefined || history.length > 0) && growthFigure(`${id}-growth`, zone, history)}
${latest !== undefined && dayTable(zone, days)}
</section>`;
}

/** An internationalised zone's name in its own writing. */
function unicodeName(zone: string): Markup | undefined {
  const name = zone.includes('xn--') ? domainToUnicode(zone) : '';
  return name === '' || name === zone ? undefined : html` <bdi class="dim">${name}</bdi>`;
}

function notPublished(zone: string): Markup {
  return html`<p class="empty">Nothing of ${zone} is published yet. After its first nightly build its files, checksums and numbers are here.</p>`;
}

/** The numbers of the newest day, large. */
function newest({ serial, built, delegations, added, removed, bytes }: PortalZoneDay): Markup {
  const published =
    built !== undefined &&
    html` of <time datetime="${new Date(built * 1000).toISOString()}">${dayText(built)}, ${clockText(built)} UTC</time>`;
  const stats: (readonly [name: string, value: Part, kind?: string])[] = [
    ['Names', delegations === undefined ? NOT_COUNTED : countText(delegations)],
    ['Added', added === undefined ? NOT_COUNTED : changeText(added, '+'), 'added'],
    ['Removed', removed === undefined ? NOT_COUNTED : changeText(removed, '-'), 'removed'],
    ['Zone file', bytes === undefined ? NOT_COUNTED : sizeText(bytes)],
  ];
  return html`<p class="dim">Serial ${serial}${published}</p>
<dl class="stats">
${join(stats.map(([name, value, kind = '']) => html`<div class="${kind}"><dt>${name}</dt><dd>${value}</dd></div>`))}
</dl>`;
}

const NOT_COUNTED = html`<span aria-hidden="true">–</span><span class="vh">not known</span>`;

const HEADS = ['Day', 'Serial', 'Names', 'Added', 'Removed', 'Size', 'SHA-256', 'Files'] as const;
const NUMERIC: ReadonlySet<string> = new Set(['Serial', 'Names', 'Added', 'Removed', 'Size']);

function dayTable(zone: string, days: readonly PortalZoneDay[]): Markup {
  const heads = HEADS.map(
    (head) =>
      html`<th scope="col" role="columnheader"${NUMERIC.has(head) && html` class="num"`}>${head}</th>`,
  );
  return html`<div class="days-box"><table class="days" role="table">
<caption>Files of ${zone}<span class="vh">, newest day first</span></caption>
<thead role="rowgroup"><tr role="row">${heads}</tr></thead>
<tbody role="rowgroup">
${join(days.map((day) => dayRow(zone, day)))}
</tbody>
</table></div>`;
}

function dayRow(zone: string, day: PortalZoneDay): Markup {
  const { date, serial, delegations, added, removed, bytes, files } = day;
  const number = (head: (typeof HEADS)[number], value: Part): Markup =>
    html`<td role="cell" class="num" data-head="${head}">${value}</td>`;
  const about = html`<span class="vh">, ${zone}, ${dateText(date)}</span>`;
  return html`<tr role="row"><th scope="row" role="rowheader"><time datetime="${dateAttribute(date)}">${dateText(date)}</time></th>${[
    number('Serial', String(serial)),
    number('Names', delegations === undefined ? NOT_COUNTED : countText(delegations)),
    number('Added', added === undefined ? NOT_COUNTED : changeText(added, '+')),
    number('Removed', removed === undefined ? NOT_COUNTED : changeText(removed, '-')),
    number('Size', bytes === undefined ? NOT_COUNTED : sizeText(bytes)),
  ]}<td role="cell" data-head="SHA-256">${checksum(zone, day)}</td><td role="cell" class="links" data-head="Files">${join(
    files.map((file) => fileLink(file, about)),
    ' ',
  )}</td></tr>`;
}

/** The beginning of a checksum, and all of it with the exact size when it is asked for. */
function checksum(zone: string, { date, bytes, sha256 }: PortalZoneDay): Markup {
  if (bytes === undefined || sha256 === undefined) return NOT_COUNTED;
  return html`<details class="hash"><summary><code>${sha256.slice(0, SHORT)}…</code><span class="vh"> the whole SHA-256 of ${zone}, ${dateText(date)}</span></summary>
<p><code data-copy="SHA-256 of ${zone}, ${dateText(date)}">${sha256}</code></p>
<p class="dim">${plural(bytes, 'byte')}</p></details>`;
}

function fileLink({ what, name, href, bytes }: PortalFile, about: Markup): Markup {
  return html`<a href="${href}" title="${name}, ${sizeText(bytes)}">${what}${about}</a>`;
}
