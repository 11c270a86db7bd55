/**
 * A small reader of the zone files that zonewright writes: one record a line; owner, TTL, class,
 * type and RDATA between tabs. It is written apart from the product, on strings, so that a fault
 * of the product's reader does not hide a fault of its writer.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export interface TextRecord {
  readonly owner: string;
  readonly ttl: number;
  /** Upper case. */
  readonly type: string;
  readonly rdata: string;
}

/** Types that signing adds; what is left without them is the unsigned zone. */
export const DNSSEC_TYPES: ReadonlySet<string> = new Set([
  'RRSIG',
  'NSEC',
  'NSEC3',
  'NSEC3PARAM',
  'DNSKEY',
  'CDS',
  'CDNSKEY',
  'ZONEMD',
]);

/**
 * Parses the text of a zone file in zonewright's layout.
 *
 * @throws Error naming the line that is not in the layout: a directive, a comment, a blank line,
 *   upper case where lower case is promised, or a missing field.
 */
export function parseZoneText(text: string, file = 'zone'): TextRecord[] {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new Error(`${file}: the last line has no newline`);
  return lines.map((line, index) => {
    const parts = line.split('\t');
    const [owner, ttl, rrClass, type, rdata] = parts;
    if (
      parts.length !== 5 ||
      owner === undefined ||
      type === undefined ||
      rdata === undefined ||
      rrClass !== 'in' ||
      !owner.endsWith('.') ||
      owner !== owner.toLowerCase() ||
      !/^\d+$/.test(ttl ?? '') ||
      (type !== type.toLowerCase() && !/^TYPE\d+$/.test(type))
    ) {
      throw new Error(`${file}:${index + 1}: not in the layout: ${JSON.stringify(line)}`);
    }
    return { owner, ttl: Number(ttl), type: type.toUpperCase(), rdata };
  });
}

/** Reads a zone file in zonewright's layout, gzipped if its name says so. */
export function readZoneText(file: string): TextRecord[] {
  const bytes = readFileSync(file);
  return parseZoneText((file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1'), file);
}

/** The records that signing did not add. */
export function unsignedOf(records: readonly TextRecord[]): TextRecord[] {
  return records.filter((record) => !DNSSEC_TYPES.has(record.type));
}

/** `owner TTL TYPE rdata`: a record as one string, for comparing sets. */
export function lineOf(record: TextRecord): string {
  return `${record.owner} ${record.ttl} ${record.type} ${record.rdata}`;
}

/** What one list of strings has and the other has not; repeated strings count. */
export function difference(
  actual: Iterable<string>,
  expected: Iterable<string>,
): { readonly missing: string[]; readonly extra: string[] } {
  const counts = new Map<string, number>();
  for (const one of expected) counts.set(one, (counts.get(one) ?? 0) + 1);
  const extra: string[] = [];
  for (const one of actual) {
    const count = counts.get(one) ?? 0;
    if (count === 0) extra.push(one);
    else counts.set(one, count - 1);
  }
  const missing: string[] = [];
  for (const [one, count] of counts) for (let i = 0; i < count; i++) missing.push(one);
  return { missing, extra };
}
