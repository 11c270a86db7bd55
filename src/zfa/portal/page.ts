/**
 * What all pages of the portal have in common: the head, the way past the heading for those who use
 * a keyboard, the place that says when something was copied. Nothing is loaded from elsewhere, and
 * everything but the copying works without the script.
 */

import { html, join, type Markup, type Part, trusted } from '../../present/markup.js';
import { SCRIPT_PATH, STYLE_PATH } from './assets.js';

/** A picture of a zone cut from its parent, for the browser's tab. */
const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#3d4db3"/><path d="M4 4.5h8L4.5 11.5H12" fill="none" stroke="#fff" stroke-width="2"/></svg>',
)}`;

/** A whole page. */
export function page(parts: {
  readonly title: string;
  /** The name of the page's body, for the style sheet. */
  readonly kind: 'home' | 'sign-in';
  /** In the bar at the top, after the name of the service. */
  readonly bar: Part;
  readonly main: Part;
  readonly footer: Part;
}): string {
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<meta name="robots" content="noindex"/>
<title>${parts.title}</title>
<link rel="icon" href="${ICON}"/>
<link rel="stylesheet" href="${STYLE_PATH}"/>
<script src="${SCRIPT_PATH}" defer=""></script>
</head>
<body class="${parts.kind}">
<a class="skip" href="#main">Skip to the content</a>
<header class="bar">
<a class="brand" href="/">${LOGO}Zone file access</a>
${parts.bar}
</header>
<main id="main" tabindex="-1">
${parts.main}
</main>
<footer>
${parts.footer}
</footer>
<p class="vh" id="said" role="status" aria-live="polite"></p>
</body>
</html>
`.markup;
}

const LOGO = trusted(
  '<svg class="logo" width="22" height="22" viewBox="0 0 16 16" aria-hidden="true"><rect width="16" height="16" rx="3"/><path d="M4 4.5h8L4.5 11.5H12"/></svg>',
);

/** A message that stands out. @param role `alert` is read out at once. */
export function notice(
  kind: 'error' | 'warning' | 'good',
  title: string,
  text: Part,
  role?: 'alert' | 'status',
): Markup {
  return html`<div class="notice ${kind}"${role !== undefined && html` role="${role}"`}>
<p class="notice-title">${title}</p>
<p>${text}</p>
</div>`;
}

/** A list of facts: names and values. */
export function facts(list: readonly (readonly [name: string, value: Part])[]): Markup {
  return html`<dl class="facts">
${join(list.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`))}
</dl>`;
}
