/**
 * A build of a small sample export publishes what the reference derives from the same export
 * (03-zone: which names are delegated, the glue table).
 */
import { describe, expect, it } from 'vitest';
import { build, makeRegistry } from '../tools/registry.js';
import { expectOrphansAsReference, expectPublishedAsReference, referenceOf } from './build.js';

describe('build of 2,000 sample names', () => {
  for (const glue of ['wide', 'narrow'] as const) {
    it(`with glue = ${glue} publishes the reference's records and orphans`, async () => {
      const registry = await makeRegistry({ domains: 2000, glue });
      const reference = referenceOf(registry);
      // The sample has every class of orphan, or the comparison proves less than it says.
      const classes = [...reference.values()].flatMap((zone) =>
        zone.orphans.map((orphan) => orphan.class),
      );
      expect(new Set(classes)).toEqual(new Set(['unreferenced', 'sac048']));
      await build(registry);
      expectPublishedAsReference(registry, reference);
      expectOrphansAsReference(registry, reference);
    });
  }
});
