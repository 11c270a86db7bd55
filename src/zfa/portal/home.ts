/** The page of a holder who is signed in: the account, the bundles, each zone, and commands. */

import { clockText, dayText } from '../../present/calendar.js';
import { html, join, type Markup } from '../../present/markup.js';
import { accountBar, accountFacts, agreementForm, expiryNotice } from './account.js';
import { bundleSection } from './bundles.js';
import { commandSection } from './commands.js';
import type { HomePage } from './model.js';
import { page } from './page.js';
import { zoneId, zoneSection } from './zones.js';

/** The page. While an agreement waits for being accepted it shows that, and no files. */
export function renderHome(model: HomePage): string {
  const { agreement, zones, now, holder } = model;
  const waits = agreement !== undefined && agreement.accepted === undefined;
  return page({
    title: `${waits ? 'Agreement' : 'Your zone files'} · Zone file access`,
    kind: 'home',
    bar: accountBar(holder),
    main: join([
      html`<h1>Your zone files</h1>`,
      expiryNotice(model),
      accountFacts(model),
      ...(waits
        ? [agreementForm(agreement)]
        : [
            zones.length > 1 && contents(model),
            bundleSection(model),
            ...zones.map(zoneSection),
            zones.length === 0 && noZones(),
            commandSection(model),
          ]),
    ]),
    footer: html`<p>As of ${dayText(now)}, ${clockText(now - (now % 60))} UTC. All days and times are UTC. Zone data is the same for every holder.</p>`,
  });
}

function contents({ zones }: HomePage): Markup {
  return html`<nav class="contents" aria-label="On this page"><ul>
<li><a href="#bundles">Bundles</a></li>
${join(zones.map(({ zone }, i) => html`<li><a href="#${zoneId(i)}">${zone}</a></li>`))}
<li><a href="#commands">Commands</a></li>
</ul></nav>`;
}

function noZones(): Markup {
  return html`<p class="empty">No zone is named in your approval. The registry can add one; it appears here at once.</p>`;
}
