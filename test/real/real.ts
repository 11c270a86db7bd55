/**
 * Real zones: signed with `zonewright sign`, compared with their input record for record, and
 * shown to the outside judges.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { normalAddress } from '../reference/reference.js';
import { zonewrightOk } from '../tools/cli.js';
import { judges, type Tool } from '../tools/judges.js';
import { bindKeys } from '../tools/outside-signers.js';
import {
  DNSSEC_TYPES,
  difference,
  lineOf,
  readZoneText,
  type TextRecord,
  unsignedOf,
} from '../tools/zone-text.js';

/** What named-checkzone says about these zones whoever signs them: it is in the input. */
export const ALLOWED =
  /has no (REQUIRED GLUE |SIBLING GLUE )?address records|deprecated (algorithm|digest type)|missing glue record/;

export interface RealZone {
  /** With the trailing dot. */
  readonly zone: string;
  /** A gzipped master file, one record a line. */
  readonly input: string;
  readonly algorithm: string;
  readonly flags: readonly string[];
  /** Leaves out input lines, e.g. records that a judge has no notion of. */
  readonly keep?: (line: string) => boolean;
  readonly judges?: readonly Tool[];
}

/** The records of a plain master file (one a line, absolute names), in comparable form. */
export function plainRecords(text: string): TextRecord[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith(';'))
    .map((line) => {
      const [owner = '', ttl, , type = '', ...rest] = line.trim().split(/\s+/);
      return comparable({
        owner: owner.toLowerCase(),
        ttl: Number(ttl),
        type: type.toUpperCase(),
        rdata: rest.join(' '),
      });
    });
}

/** One form of RDATA that may be written in several. */
function comparable(record: TextRecord): TextRecord {
  const { type, rdata } = record;
  if (type === 'DS') {
    const [tag, algorithm, digestType, ...digest] = rdata.toUpperCase().split(' ');
    return { ...record, rdata: `${tag} ${algorithm} ${digestType} ${digest.join('')}` };
  }
  if (type === 'A' || type === 'AAAA') return { ...record, rdata: normalAddress(rdata).text };
  if (type === 'NS' || type === 'SOA') return { ...record, rdata: rdata.toLowerCase() };
  return record;
}

/** Signs the zone in a folder; gives the signed file. */
export async function signReal(work: RealZone, folder: string): Promise<string> {
  const text = gunzipSync(readFileSync(work.input)).toString('latin1');
  const input = join(folder, 'input');
  writeFileSync(
    input,
    text
      .split('\n')
      .filter(work.keep ?? (() => true))
      .join('\n'),
  );
  const keys = join(folder, 'keys');
  await bindKeys(work.zone, work.algorithm, keys);
  const output = join(folder, 'signed');
  await zonewrightOk(
    ['sign', input, '--zone', work.zone, '--key-dir', keys, '--output', output, ...work.flags],
    { cwd: folder },
  );
  return output;
}

/** Every record of the input is in the output, and nothing else but what signing adds. */
export function expectSameRecords(signed: string, input: string): void {
  const before = plainRecords(readFileSync(input, 'latin1')).filter(
    (record) => !DNSSEC_TYPES.has(record.type),
  );
  const after = unsignedOf(readZoneText(signed)).map(comparable);
  const { missing, extra } = difference(after.map(lineOf), before.map(lineOf));
  expect(before.length).toBeGreaterThan(1000);
  expect({ missing: missing.slice(0, 10), extra: extra.slice(0, 10) }).toEqual({
    missing: [],
    extra: [],
  });
}

/** Signs, compares and asks the judges. */
export async function checkReal(work: RealZone, folder: string): Promise<void> {
  const file = await signReal(work, folder);
  expectSameRecords(file, join(folder, 'input'));
  const against = await judges({
    zone: work.zone,
    file,
    allow: ALLOWED,
    ...(work.judges === undefined ? {} : { only: work.judges }),
  });
  expect(against).toEqual([]);
}
