/** Who is signed in, until when access holds, and under which rules. */

import { dayText, distanceText } from '../../present/calendar.js';
import { html, join, type Markup, type Part } from '../../present/markup.js';
import type { HomePage, PortalHolder } from './model.js';
import { dateAttribute, listed, plural } from './numbers.js';
import { facts, notice } from './page.js';

const DAY = 86_400;
/** The end of access is told this long ahead. */
const WARN_AHEAD = 30 * DAY;

/** In the bar at the top: the account, and the way out. */
export function accountBar({ id }: PortalHolder): Markup {
  return html`<div class="who"><p>Signed in as <b>${id}</b></p>
<form method="post" action="/sign-out"><button type="submit">Sign out</button></form></div>`;
}

/** The facts of the account. */
export function accountFacts({ holder, now, zones, agreement, limitHours }: HomePage): Markup {
  const { expires, allow } = holder;
  const list: (readonly [string, Part])[] = [
    ['Holder', holder.organisation ?? holder.name],
    [
      'Access until',
      expires === undefined
        ? 'no end is set'
        : html`${dayTag(expires)} <span class="dim">(${endText(expires, now)})</span>`,
    ],
    ['Zones', zones.length === 0 ? 'none' : listed(zones.map(({ zone }) => zone))],
    ...(allow.length === 0 ? [] : [['From', allow.join(', ')] as const]),
    ['Limit', limitHours === 0 ? 'none' : `each file once in ${plural(limitHours, 'hour')}`],
  ];
  if (agreement?.accepted !== undefined) {
    list.push(['Agreement', html`${agreement.version}, accepted ${dayTag(agreement.accepted)}`]);
  }
  return facts(list);
}

/** Told for the last thirty days; undefined before. */
export function expiryNotice({ holder: { expires }, now }: HomePage): Markup | undefined {
  if (expires === undefined || expires - now > WARN_AHEAD) return undefined;
  return notice(
    'warning',
    `Your access ends on ${dayText(expires)}, ${endText(expires, now)}`,
    'Ask the registry to renew it in time. Account and password stay the same when it is renewed; without that, downloads and this page stop working on that day.',
  );
}

/** @example 'in 12 days', and 'today' */
function endText(expires: number, now: number): string {
  return expires - now < DAY && Math.floor(expires / DAY) === Math.floor(now / DAY)
    ? 'today'
    : distanceText(expires, now);
}

function dayTag(at: number): Markup {
  const date = new Date(at * 1000).toISOString().slice(0, 10).replaceAll('-', '');
  return html`<time datetime="${dateAttribute(date)}">${dayText(at)}</time>`;
}

/** The agreement to be accepted: all else waits for it. */
export function agreementForm(agreement: NonNullable<HomePage['agreement']>): Markup {
  const { version, text, before, unticked } = agreement;
  if (text === undefined) return agreementAway(version);
  return html`<section class="agreement" aria-labelledby="agreement">
<h2 id="agreement">Agreement ${version}</h2>
<p>${
    before === undefined
      ? 'Before the first download, read the agreement and accept it.'
      : `The agreement has changed since you accepted version ${before}. Read the new one and accept it to go on.`
  } Until then no file can be downloaded, neither here nor by a program.</p>
${unticked && html`<div id="unticked">${notice('error', 'The box is not ticked', 'Tick it if you accept the agreement; without it nothing is accepted.', 'alert')}</div>`}
<div class="agreement-text" role="region" aria-label="Text of the agreement" tabindex="0">
${paragraphs(text)}
</div>
<form method="post" action="/agreement">
<input type="hidden" name="version" value="${version}"/>
<p class="tick"><input type="checkbox" id="accept" name="accept" value="yes" required=""${unticked && html` aria-invalid="true" aria-describedby="unticked"`}/> <label for="accept">I have read the agreement and accept it on behalf of this account’s holder.</label></p>
<p><button type="submit" class="primary">Accept the agreement</button></p>
</form>
</section>`;
}

/** Nobody can accept what he can't read. */
function agreementAway(version: string): Markup {
  return html`<section class="agreement" aria-labelledby="agreement">
<h2 id="agreement">Agreement ${version}</h2>
${notice('error', 'The agreement can’t be shown at the moment', 'It has to be read and accepted before anything can be downloaded. The registry has been told; try again later.', 'alert')}
</section>`;
}

/** Plain text by its empty lines; single line ends stay. */
function paragraphs(text: string): Markup {
  const parts = text
    .replaceAll('\r\n', '\n')
    .split(/\n[ \t]*\n+/)
    .map((part) => part.replace(/^\n+|\s+$/g, ''))
    .filter((part) => part !== '');
  if (parts.length === 0) return html`<p class="empty">The agreement has no text.</p>`;
  return join(parts.map((part) => html`<p>${join(part.split('\n'), '<br/>')}</p>`));
}
