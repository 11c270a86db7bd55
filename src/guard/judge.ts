/**
 * From what the guards found to the verdict on a build: which failures the operator overrides,
 * which ones end it (exit 6), and what goes into the manifest.
 */

import { nearest } from '../config/suggest.js';
import { guardError, usageError, type ZonewrightError } from '../errors.js';

/** The guards by name, with the question each one asks. Overrides go by these names. */
export const GUARDS = {
  signatures: 'does every signature verify with the published DNSKEYs, and is none missing?',
  'denial-chain': 'is the NSEC or NSEC3 chain closed, complete and exact?',
  'parent-ds': 'does every DS at the parent lead to a key that signs the DNSKEY RRset?',
  algorithms: 'does each algorithm in the DNSKEY RRset sign every RRset?',
  'key-tags': 'do the tags of the published keys differ, also in revoked form?',
  'max-removed': 'is the share of delegations removed within guards.max-removed?',
  'max-change': 'is the share of delegations changed within guards.max-change?',
  'export-counts': "do the export's own counts agree with what was read?",
  'signature-life': 'will the signatures outlive SOA expire and the next build?',
  'zone-name-twice': "do hardly any name servers end in the zone's name twice?",
  serial: 'does the serial advance?',
  zonemd: 'does the ZONEMD digest agree with the zone?',
  apex: 'are SOA and NS at the apex as configured?',
  'zone-data': 'is the rest of the zone in order: glue, occlusion, order of names?',
  clock: 'is the time of this build not before that of the published generation?',
} as const;

export type GuardName = keyof typeof GUARDS;

/** What a guard says: pure functions in guards.ts make these. */
export interface Finding {
  readonly name: GuardName;
  readonly ok: boolean;
  /** What was found, as a person reads it: `1.52%`, `12 faults`. */
  readonly figure: string;
  /** What would have been allowed. */
  readonly limit: string;
  /** One sentence, for the log. */
  readonly message: string;
}

/** A finding as the manifest records it. */
export interface Judgement extends Finding {
  /** The guard failed, and the operator let it. */
  readonly overridden?: true;
  readonly reason?: string;
}

/** The guards that an operator overrides, and why. */
export interface Overrides {
  readonly names: ReadonlySet<string>;
  readonly reason: string;
}

/**
 * Checks the names of `--override`.
 *
 * @throws ZonewrightError (exit 2) for a guard that there is not.
 */
export function checkOverrides(names: readonly string[], reason: string | undefined): Overrides {
  const known = Object.keys(GUARDS);
  for (const name of names) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    throw usageError(`there is no guard "${name}"`, {
      place: { file: '--override' },
      hint: near === undefined ? `guards: ${known.join(', ')}` : `did you mean "${near}"?`,
    });
  }
  return { names: new Set(names), reason: reason ?? '' };
}

/** Marks the failed guards that are overridden. */
export function judge(findings: readonly Finding[], overrides: Overrides): Judgement[] {
  return findings.map((finding) =>
    finding.ok || !overrides.names.has(finding.name)
      ? finding
      : { ...finding, overridden: true, reason: overrides.reason },
  );
}

/** Does this failure keep the zone from being published? */
export function refuses(judgement: Judgement): boolean {
  return !judgement.ok && judgement.overridden !== true;
}

/**
 * The error that ends a build whose guards refuse; undefined when none does.
 *
 * @param zones the judgements by zone label.
 * @param published says what is out now, e.g. `the published generations stay`.
 */
export function refusalOf(
  zones: ReadonlyMap<string, readonly Judgement[]>,
  published: string,
): ZonewrightError | undefined {
  const failed: { zone: string; judgement: Judgement }[] = [];
  for (const [zone, judgements] of zones) {
    for (const judgement of judgements) if (refuses(judgement)) failed.push({ zone, judgement });
  }
  if (failed.length === 0) return undefined;
  const lines = failed.map(
    ({ zone, judgement: { name, figure, limit, message } }) =>
      `${zone}: guard ${name}: ${figure}; limit: ${limit}. ${message}`,
  );
  const flags = [...new Set(failed.map(({ judgement }) => `--override ${judgement.name}`))];
  const first = lines.length === 1 ? lines[0] : `${lines.length} guards refuse: ${lines[0]}`;
  return guardError(first, {
    hint: [
      ...lines.slice(1),
      `nothing was published; ${published}`,
      `if the figures are right and meant: zonewright build ${flags.join(' ')} --reason "…"`,
    ].join('\n'),
  });
}

/** The overrides that had nothing to override. */
export function needlessOverrides(
  overrides: Overrides,
  all: readonly (readonly Judgement[])[],
): string[] {
  return [...overrides.names].filter(
    (name) => !all.some((judgements) => judgements.some((j) => j.name === name && j.overridden)),
  );
}
