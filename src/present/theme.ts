/**
 * What all pages have in common: the colours of paper and ink, how a page follows the reader's light
 * or dark system, and the letters of code.
 */

/** Colours by name; `light` also on paper. */
export const GROUNDS = {
  light: { paper: '#ffffff', panel: '#f4f6f9', ink: '#18202b', dim: '#545e6e', line: '#dde2ea' },
  dark: { paper: '#12161c', panel: '#1a2029', ink: '#e8ecf2', dim: '#a7b1c0', line: '#2e3743' },
} as const;

type Colours = Readonly<Record<string, string>>;

/** The rules that make the colours variables (`--ink`), dark ones where the reader's system is dark. */
export function themeRules({
  light,
  dark,
}: {
  readonly light: Colours;
  readonly dark: Colours;
}): string {
  return `:root{color-scheme:light dark;${variables(light)}}
@media screen and (prefers-color-scheme:dark){:root{${variables(dark)}}}`;
}

const variables = (colours: Colours): string =>
  Object.entries(colours)
    .map(([name, colour]) => `--${name}:${colour}`)
    .join(';');

/** Font families of running text. */
export const SANS =
  'system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",sans-serif';
/** Font families of code. */
export const MONO = 'ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace';
