/**
 * A build of a small sample export publishes what the reference derives from the same export
 * (03-zone: which names are delegated, the glue table).
 */
import { describe, expect, it } from 'vitest';
import { writeDeposit } from '../tools/deposit.js';
import { build, makeRegistry } from '../tools/registry.js';
import { expectOrphansAsReference, expectPublishedAsReference, referenceOf } from './build.js';

describe('build of 500 sample names', () => {
  for (const glue of ['wide', 'narrow'] as const) {
    it(`with glue = ${glue} publishes the reference's records and orphans`, async () => {
      const registry = await makeRegistry({ domains: 500, glue });
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

  it('follows the options for restored names, SAC048 orphans and missing glue', async () => {
    const registry = await makeRegistry({
      domains: 500,
      zoneLines: [
        'publish-pending-restore = true',
        'keep-sac048-orphans = true',
        'missing-glue = "drop"',
      ],
    });
    const reference = referenceOf(registry, {
      publishPendingRestore: true,
      keepSac048Orphans: true,
      dropMissingGlue: true,
    });
    // Each option makes a difference in this export.
    const size = (zones: ReturnType<typeof referenceOf>): number =>
      [...zones.values()].reduce((sum, zone) => sum + zone.records.length, 0);
    const plain = size(referenceOf(registry));
    expect(size(referenceOf(registry, { publishPendingRestore: true }))).toBeGreaterThan(plain);
    expect(size(referenceOf(registry, { keepSac048Orphans: true }))).toBeGreaterThan(plain);
    expect(size(referenceOf(registry, { dropMissingGlue: true }))).toBeLessThan(plain);
    await build(registry);
    expectPublishedAsReference(registry, reference);
    expectOrphansAsReference(registry, reference);
  });

  it('leaves out invalid name servers with invalid-ns = drop', async () => {
    const servers = [
      ['mixed', ['192.0.2.1', 'ns1.good.com', 'ns_1.good.com', 'ns1.good.com.com']],
      ['twice', ['ns1.good.com.com']],
      ['address', ['192.0.2.1']],
      ['good', ['ns1.good.com']],
    ] as const;
    const names = servers.map(([label]) => `${label}.com`);
    const hosts = [...new Set(servers.flatMap(([, list]) => list))];
    const registry = await makeRegistry({
      zoneLines: ['invalid-ns = "drop"'],
      export: (folder) =>
        writeDeposit(folder, ['com', 'net'], {
          domain: names.map((name, i) => `${name},D${i},registrar`),
          domainStatuses: names.map((name) => `${name},ok,`),
          domainNameServers: servers.flatMap(([label, list]) =>
            list.map((host) => `${label}.com,${host}`),
          ),
          host: hosts.map((host, i) => `${host},H${i},registrar`),
          hostAddresses: [`H${hosts.indexOf('ns1.good.com')},192.0.2.1,v4`],
        }),
    });
    const reference = referenceOf(registry, { dropInvalidNs: true });
    const published = reference.get('com.')?.records.filter((one) => one.owner !== 'com.') ?? [];
    expect(published.map((one) => `${one.owner} ${one.rdata}`).sort()).toEqual([
      'good.com. ns1.good.com.',
      'mixed.com. ns1.good.com.',
      'ns1.good.com. 192.0.2.1',
    ]);
    // So few names that one missing dot is above the guard's limit.
    await build(registry, '--override', 'zone-name-twice', '--reason', 'a test of invalid-ns');
    expectPublishedAsReference(registry, reference);
  });
});
