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
