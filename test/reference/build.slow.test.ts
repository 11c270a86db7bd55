/**
 * A build of 100,000 sample names publishes what the reference derives from the same export, and
 * the outside judges accept it.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { describeWithTools, JUDGES, judges } from '../tools/judges.js';
import { build, makeRegistry, published, publishedZone, type Registry } from '../tools/registry.js';
import { readZoneText } from '../tools/zone-text.js';
import { expectOrphansAsReference, expectPublishedAsReference, referenceOf } from './build.js';
import { canonicalCompare, type ReferenceZone } from './reference.js';

let registry: Registry;
let reference: Map<string, ReferenceZone>;

beforeAll(async () => {
  registry = await makeRegistry({ domains: 100_000, seed: 7 });
  reference = referenceOf(registry);
  await build(registry);
}, 600_000);

describe('build of 100,000 sample names', () => {
  it("publishes the reference's records, all of them and no others", () => {
    expectPublishedAsReference(registry, reference);
  });

  it("lists the reference's orphans", () => {
    expectOrphansAsReference(registry, reference);
  });

  it('writes the records in canonical order (RFC 4034 section 6.1), SOA first', () => {
    for (const { name } of registry.zones) {
      const records = readZoneText(publishedZone(registry, name));
      expect(records[0]?.type).toBe('SOA');
      const wrong = records.find(
        (record, i) => i > 0 && canonicalCompare(records[i - 1]?.owner ?? '', record.owner) > 0,
      );
      expect(wrong).toBeUndefined();
    }
  });

  it('gives the holders the same text with the SOA repeated as the last line', () => {
    for (const { name } of registry.zones) {
      const served = readFileSync(publishedZone(registry, name), 'latin1');
      const file = `${name}zone.gz`;
      const held = gunzipSync(readFileSync(published(registry, name, file))).toString('latin1');
      expect(held).toBe(served + served.slice(0, served.indexOf('\n') + 1));
    }
  });
});

describeWithTools(JUDGES, 'the outside judges of 100,000 sample names', () => {
  for (const zone of ['com', 'net']) {
    it(`accept ${zone}`, async () => {
      const against = await judges({
        zone,
        file: publishedZone(registry, zone),
        // Name servers without address and SHA-1 digests are cases of the sample, kept as the
        // export has them.
        allow:
          /has no (REQUIRED GLUE |SIBLING GLUE )?address records|missing glue record|deprecated digest type/,
      });
      expect(against).toEqual([]);
    });
  }
});
