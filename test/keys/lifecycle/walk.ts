/**
 * The walks in the README: fenced `console` blocks in which `# 2026-02-10` says what day it is,
 * `$ zonewright …` is what an operator types and the lines behind it are what is printed; a line
 * `…` stands for lines that are left out.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../tools/cli.js';

/** A command of a walk. */
export interface WalkStep {
  readonly now: string;
  readonly args: readonly string[];
  readonly output: readonly string[];
}

/** The steps in the part of the README with this heading. */
export function readWalk(heading: string): WalkStep[] {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const from = readme.indexOf(`\n${heading}\n`);
  if (from < 0) throw new Error(`README.md has no part "${heading}"`);
  const rest = readme.slice(from + heading.length + 2);
  const part = rest.slice(0, (rest.search(/\n##+ /) + 1 || rest.length + 1) - 1);
  let now = '';
  const steps: { now: string; args: string[]; output: string[] }[] = [];
  for (const [, block] of part.matchAll(/```console\n([\s\S]*?)```/g)) {
    for (const line of block.split('\n').slice(0, -1)) {
      if (/^# \d{4}-/.test(line)) now = line.slice(2);
      else if (line.startsWith('$ zonewright ')) {
        steps.push({ now, args: line.slice('$ zonewright '.length).split(' '), output: [] });
      } else steps.at(-1)?.output.push(line);
    }
  }
  return steps;
}

/** The lines with every key tag replaced by its number in the order in which tags come up. */
export function withoutTags(lines: readonly string[], tags: Map<string, number>): string[] {
  return lines.map((line) =>
    line
      .replace(/\b(?:in|IN)\s+(ds|dnskey)\s.*$/, '$1 …')
      .replace(/(\bkey |--tag |KSK |ZSK |\s{2})(\d{1,5})\b/g, (_, before: string, tag: string) => {
        if (!tags.has(tag)) tags.set(tag, tags.size + 1);
        return `${before}<${tags.get(tag)}>`;
      })
      .replace(/ +/g, ' ')
      .trimEnd(),
  );
}

/** Do the lines read as expected, where `…` stands for any number of lines? */
export function matchesLines(actual: readonly string[], expected: readonly string[]): boolean {
  const [head, ...rest] = expected;
  if (head === undefined) return actual.length === 0;
  if (head.trim() === '…') {
    for (let skip = 0; skip <= actual.length; skip++) {
      if (matchesLines(actual.slice(skip), rest)) return true;
    }
    return false;
  }
  return actual.length > 0 && actual[0] === head && matchesLines(actual.slice(1), rest);
}
