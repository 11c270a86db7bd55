/**
 * Compares a build with the reference: what is published for each zone, without what signing
 * added, against the records that belong in it; and orphans.csv against the orphans.
 */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { published, publishedZone, type Registry, SOA } from '../tools/registry.js';
import {
  difference,
  lineOf,
  readZoneText,
  type TextRecord,
  unsignedOf,
} from '../tools/zone-text.js';
import {
  type Orphan,
  type ReferenceZone,
  readDeposit,
  referenceZones,
  type ZoneRules,
} from './reference.js';

/** A difference worth printing: the first lines of each side. */
function excerpt(lists: { readonly missing: string[]; readonly extra: string[] }): object {
  return {
    missing: lists.missing.length,
    extra: lists.extra.length,
    examples: [
      ...lists.missing.slice(0, 10).map((line) => `missing: ${line}`),
      ...lists.extra.slice(0, 10).map((line) => `extra: ${line}`),
    ],
  };
}

const SAME = { missing: 0, extra: 0, examples: [] };

/** Hexadecimal digits of a DS have no one case in zone files. */
function comparable(record: TextRecord): string {
  return lineOf(record.type === 'DS' ? { ...record, rdata: record.rdata.toUpperCase() } : record);
}

function orphanRow(orphan: Orphan): string {
  return [
    orphan.class,
    orphan.action,
    orphan.host,
    orphan.address,
    orphan.superordinate,
    orphan.references,
    orphan.example,
  ].join(',');
}

/** Options of all zones that are not in a test registry's own zone rules. */
export type RuleOptions = Pick<
  ZoneRules,
  'publishPendingRestore' | 'keepSac048Orphans' | 'dropMissingGlue' | 'dropInvalidNs'
>;

/** Derives the zones of a registry from its export with the reference. */
export function referenceOf(
  registry: Registry,
  options: RuleOptions = {},
): Map<string, ReferenceZone> {
  const zones = registry.zones.map((zone) => ({ ...zone, ...options }));
  return referenceZones(readDeposit(registry.exportFolder), zones);
}

/** Expects the published zones of a registry to be the reference's, record for record. */
export function expectPublishedAsReference(
  registry: Registry,
  reference: ReadonlyMap<string, ReferenceZone>,
): void {
  for (const { name } of registry.zones) {
    const zone = reference.get(name) as ReferenceZone;
    const records = unsignedOf(readZoneText(publishedZone(registry, name)));
    const soa = records[0];
    expect(soa).toMatchObject({ owner: name, type: 'SOA', ttl: SOA.ttl });
    expect(soa?.rdata).toMatch(/^\S+ \S+ \d+ 1800 900 604800 86400$/);
    expect(soa?.rdata.startsWith(SOA.before)).toBe(true);
    const lists = difference(records.slice(1).map(comparable), zone.records.map(lineOf));
    expect(excerpt(lists), `records of ${name}`).toEqual(SAME);
  }
}

/** Expects orphans.csv of each zone to hold the reference's orphans, in a fixed order. */
export function expectOrphansAsReference(
  registry: Registry,
  reference: ReadonlyMap<string, ReferenceZone>,
): void {
  for (const { name } of registry.zones) {
    const zone = reference.get(name) as ReferenceZone;
    const text = readFileSync(published(registry, name, 'orphans.csv'), 'utf8');
    const [header, ...rows] = text.trimEnd().split('\n');
    expect(header).toBe(
      'class,action,host,address,superordinate,referenced-by-count,example-reference',
    );
    const lists = difference(rows, zone.orphans.map(orphanRow));
    expect(excerpt(lists), `orphans of ${name}`).toEqual(SAME);
  }
}
