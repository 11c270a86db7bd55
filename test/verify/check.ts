/** Verifies a zone given as text, in this process. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { nameFromText } from '#zonewright/names/name.js';
import { createPool } from '#zonewright/threads/pool.js';
import {
  type VerifyReport,
  type VerifyZoneOptions,
  verifyZone,
} from '#zonewright/verify/verify.js';
import { tempDir } from '../tools/cli.js';

const pool = createPool(0);
let folder: string | undefined;
let files = 0;

/** The file of a zone's text, in a folder that is removed after the tests. */
export function fileOf(text: string): string {
  folder ??= tempDir('verify');
  const file = join(folder, `${++files}.zone`);
  writeFileSync(file, text);
  return file;
}

/** The report on a zone's text. */
export function check(
  text: string,
  zone = 'example',
  more: Partial<VerifyZoneOptions> = {},
): Promise<VerifyReport> {
  return verifyZone({
    source: fileOf(text),
    zone: nameFromText(zone),
    now: Math.floor(Date.now() / 1000),
    threads: 1,
    pool,
    ...more,
  });
}

/** The faults as `owner type code`, sorted. */
export function faultsOf(report: VerifyReport): string[] {
  return report.faults.map(({ owner, type, fault }) => `${owner} ${type} ${fault}`).sort();
}

/** A zone's faults are the same wherever the ranges of the walk begin. */
export async function sameInRanges(text: string): Promise<void> {
  const whole = await check(text);
  for (const rangeOwners of [1, 2, 5]) {
    const parts = await check(text, 'example', { rangeOwners });
    expect(faultsOf(parts), `ranges of ${rangeOwners}`).toEqual(faultsOf(whole));
    expect(parts.counts).toEqual(whole.counts);
    expect(parts.faultsByCode).toEqual(whole.faultsByCode);
  }
}

/** What a report says that does not depend on the way it was come by. */
export function essence(report: VerifyReport): unknown {
  const { seconds: _, faults, examples, warnings, ...rest } = report;
  const line = (one: (typeof faults)[number]): string =>
    [one.owner, one.type, one.fault, one.message, one.line].join(' ');
  // Where one name comes twice in faults of one kind, the order of finding is nobody's business.
  return {
    ...rest,
    faults: faults.map(line).sort(),
    examples: [...new Set(examples.map(({ fault }) => fault))].sort(),
    warnings: [...warnings].sort(),
  };
}

/** Octets of parts, and of the first one: only a larger one shows an NSEC3 record. */
const SIZES = [
  [1, 1],
  [1, 2500],
  [900, 2500],
  [undefined, undefined],
] as const;

/** A zone is judged the same in one pass, wherever its parts begin, as when it is sorted. */
export async function sameInParts(
  text: string,
  zone = 'example',
  options: Partial<VerifyZoneOptions> = {},
): Promise<VerifyReport> {
  const more = { now: Math.floor(Date.now() / 1000), ...options };
  const sorted = await check(text, zone, { ...more, rangeOwners: 1 << 14 });
  for (const [partOctets, firstPartOctets] of SIZES) {
    const passed = await check(text, zone, { ...more, partOctets, firstPartOctets });
    const file = (report: VerifyReport): string =>
      JSON.stringify(essence(report)).replaceAll(/[^" ]*\d+\.zone/g, 'FILE');
    expect(JSON.parse(file(passed)), `parts of ${partOctets}`).toEqual(JSON.parse(file(sorted)));
  }
  return sorted;
}
