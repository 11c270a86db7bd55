/** The bundles: all of a holder's zones of a day in one file. */

import { html, join, type Markup } from '../../present/markup.js';
import type { HomePage, PortalBundle } from './model.js';
import { dateAttribute, dateText, listed, plural, sizeText } from './numbers.js';

/** The section; the newest bundle stands out. */
export function bundleSection({ bundles, holder, keepDays }: HomePage): Markup {
  const [latest, ...earlier] = bundles;
  return html`<section aria-labelledby="bundles">
<h2 id="bundles">Bundles</h2>
<p class="dim">All your zones of a day in one tar file, with checksums and a signed manifest. Each is kept for ${plural(keepDays, 'day')}.</p>
${latest === undefined ? empty() : latestBundle(latest)}
${earlier.length > 0 && earlierBundles(earlier)}
${
  !holder.hasAgeKey &&
  html`<p class="dim hint">Bundles can also be encrypted for you alone: give the registry an <a href="https://age-encryption.org" rel="noreferrer">age</a> public key.</p>`
}
</section>`;
}

function empty(): Markup {
  return html`<p class="empty">No bundle yet. The nightly build makes one a day for every holder; yours appears here after the next one. The single files of what is published already are below.</p>`;
}

function dayTag(date: string): Markup {
  return html`<time datetime="${dateAttribute(date)}">${dateText(date)}</time>`;
}

const about = (date: string): Markup => html`<span class="vh">, bundle of ${dateText(date)}</span>`;

function latestBundle({ date, zones, href, bytes, encrypted }: PortalBundle): Markup {
  return html`<div class="latest">
<div>
<p class="latest-day">${dayTag(date)} <span class="tag">latest</span></p>
<p class="dim">${listed(zones)}</p>
</div>
<p class="actions"><a class="button primary" href="${href}">Download <span class="size">${sizeText(bytes)}</span>${about(date)}</a>${
    encrypted !== undefined &&
    html` <a class="button" href="${encrypted.href}">Encrypted <span class="size">${sizeText(encrypted.bytes)}</span>${about(date)}</a>`
  }</p>
</div>`;
}

function earlierBundles(bundles: readonly PortalBundle[]): Markup {
  const encrypted = bundles.some((bundle) => bundle.encrypted !== undefined);
  const rows = bundles.map(
    (bundle) =>
      html`<tr><th scope="row">${dayTag(bundle.date)}</th><td class="wide-only">${listed(bundle.zones)}</td><td class="num">${sizeText(bundle.bytes)}</td><td class="links"><a href="${bundle.href}">tar${about(bundle.date)}</a>${
        bundle.encrypted !== undefined &&
        html` <a href="${bundle.encrypted.href}">tar.age${about(bundle.date)}</a>`
      }</td></tr>`,
  );
  return html`<table class="earlier">
<caption>Earlier days</caption>
<thead><tr><th scope="col">Day</th><th scope="col" class="wide-only">Zones</th><th scope="col" class="num">Size</th><th scope="col">Download${encrypted && html`<span class="vh">, also encrypted</span>`}</th></tr></thead>
<tbody>
${join(rows)}
</tbody>
</table>`;
}
