/**
 * Finds the line of a TOML document that sets a key, so that an error can name it.
 *
 * The parser (smol-toml) gives lines for its own errors only, and values lose their places. This
 * reads just enough of TOML 1.0 for that: table headers, arrays of tables, dotted and quoted
 * keys at the start of a line, and multi-line strings and arrays as things to step over.
 */

export type KeyPath = readonly (string | number)[];

const KEY = /\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*/y;

/**
 * The line (from 1) of the key at `path`, or of the nearest table or key that encloses it.
 *
 * @example lineOf('a = 1\n[b]\nc = 2\n', ['b', 'c']) // 3
 */
export function lineOf(toml: string, path: KeyPath): number | undefined {
  let best: number | undefined;
  let bestDepth = 0;
  let table: (string | number)[] = [];
  const counts = new Map<string, number>();
  let open: string | undefined;

  const offer = (found: KeyPath, line: number): void => {
    if (found.length > bestDepth && found.length <= path.length) {
      if (found.every((part, i) => part === path[i])) {
        best = line;
        bestDepth = found.length;
      }
    }
  };

  for (const [index, line] of toml.split('\n').entries()) {
    if (open !== undefined) {
      if (line.includes(open)) open = undefined;
      continue;
    }
    const header = /^\s*(\[\[?)(.*?)\]\]?\s*(?:#.*)?$/.exec(line);
    const keys = readKeys(header === null ? line : header[2]);
    if (keys === undefined) continue;
    if (header !== null) {
      const name = JSON.stringify(keys.parts);
      table = inArrays(keys.parts, counts);
      if (header[1] === '[[') {
        const at = counts.get(name) ?? 0;
        counts.set(name, at + 1);
        table = [...inArrays(keys.parts.slice(0, -1), counts), keys.parts.at(-1)!, at];
      }
      offer(table, index + 1);
    } else if (line[keys.end] === '=') {
      offer([...table, ...keys.parts], index + 1);
      const fence = /^\s*("""|''')/.exec(line.slice(keys.end + 1))?.[1];
      if (fence !== undefined && line.split(fence).length === 2) open = fence;
    }
  }
  return best;
}

/** A header's parts with the index of the latest element after each array of tables. */
function inArrays(parts: readonly string[], counts: Map<string, number>): (string | number)[] {
  const path: (string | number)[] = [];
  for (let i = 0; i < parts.length; i++) {
    path.push(parts[i]);
    const count = counts.get(JSON.stringify(parts.slice(0, i + 1)));
    if (count !== undefined) path.push(count - 1);
  }
  return path;
}

function readKeys(text: string): { parts: string[]; end: number } | undefined {
  const parts: string[] = [];
  let at = 0;
  for (;;) {
    KEY.lastIndex = at;
    const match = KEY.exec(text);
    if (match === null) return undefined;
    parts.push(match[1] ?? match[2] ?? match[3]);
    at = KEY.lastIndex;
    if (text[at] !== '.') return { parts, end: at };
    at++;
  }
}
