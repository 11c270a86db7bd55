/**
 * HTML put together so that nothing can be forgotten: what is put into a template is text and is
 * escaped, unless it is markup made by a template itself.
 *
 *     html`<td title="${name}">${name}</td>`
 */

import { escapeText } from './escape.js';

/** Markup: a value that only {@link html} and {@link trusted} make. */
export interface Markup {
  readonly markup: string;
}

/** What a template takes. `undefined`, `false` and '' give nothing; arrays all their parts. */
export type Part = Markup | string | number | undefined | false | readonly Part[];

/** Markup from a template; its values are escaped, also for a quoted attribute. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let markup = strings[0];
  for (let i = 0; i < parts.length; i++) markup += textOf(parts[i]) + strings[i + 1];
  return { markup };
}

/** Text that is markup already and was made by zonewright itself. */
export function trusted(markup: string): Markup {
  return { markup };
}

/** Parts one after another. */
export function join(parts: readonly Part[], between = '\n'): Markup {
  return trusted(
    parts
      .map(textOf)
      .filter((text) => text !== '')
      .join(between),
  );
}

/** A text of several lines, which stay lines. */
export function lines(text: string): Markup {
  return trusted(text.split('\n').map(escapeText).join('\n'));
}

function textOf(part: Part): string {
  if (part === undefined || part === false) return '';
  if (typeof part === 'string') return escapeText(part);
  if (typeof part === 'number') return String(part);
  if ('markup' in part) return part.markup;
  return part.map(textOf).join('');
}
