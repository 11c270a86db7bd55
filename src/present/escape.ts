/**
 * Text in HTML and SVG. Names of zones may come from anywhere: markup, control characters and
 * characters that turn the direction of writing are shown, never obeyed.
 */

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Control characters, bidirectional controls, halves of surrogate pairs and non-characters. */
const HIDDEN = /[\p{Cc}\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufffe\uffff]|\p{Cs}/gu;

/** A text for the inside of an element or of a quoted attribute. */
export function escapeText(text: string): string {
  return text
    .replaceAll(HIDDEN, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replaceAll(/[&<>"']/g, (c) => ENTITIES[c]);
}
