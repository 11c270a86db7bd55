/**
 * The glue table of 03-zone, row by row, on a deposit written by hand: what the reference derives
 * and what a build publishes are both compared with records written out here.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { tempDir } from '../tools/cli.js';
import { writeDeposit } from '../tools/deposit.js';
import { build, makeRegistry, publishedZone, type Registry, testZones } from '../tools/registry.js';
import { lineOf, readZoneText, unsignedOf } from '../tools/zone-text.js';
import { expectOrphansAsReference } from './build.js';
import { readDeposit, referenceZones } from './reference.js';

const DS = 'AB'.repeat(32);

/** `name,ROID,address…` of each host. */
const HOSTS: readonly (readonly string[])[] = [
  ['ns1.indomain.com', '192.0.2.1', '2001:DB8:0::1'],
  ['ns1.sibling.com', '192.0.2.2'],
  ['ns1.crosszone.net', '192.0.2.3'],
  ['unused.indomain.com', '192.0.2.4'],
  ['ns1.held.com', '192.0.2.5'],
  ['stray.held.com', '192.0.2.6'],
  ['NS1.Gone.com.', '192.0.2.7'],
  ['a.gtld-servers.net', '192.0.2.8'],
  ['b.gtld-servers.net', '192.0.2.9'],
  ['ns1.noaddress.com'],
  ['ns.elsewhere.org', '192.0.2.10'],
  ['heldonly.indomain.com', '192.0.2.11'],
];

const DELEGATIONS: readonly (readonly [string, string, readonly string[]])[] = [
  ['indomain.com', 'ok', ['ns1.indomain.com', 'ns.elsewhere.org']],
  ['sibling.com', 'ok', ['ns1.indomain.com']],
  ['user.com', 'clientTransferProhibited', ['ns1.sibling.com', 'ns1.crosszone.net']],
  ['crosszone.net', 'ok', ['ns1.sibling.com']],
  ['held.com', 'serverHold', ['ns1.held.com', 'heldonly.indomain.com']],
  ['usesheld.com', 'ok', ['ns1.held.com']],
  ['usesgone.net', 'ok', ['ns1.gone.com']],
  ['noaddress.com', 'ok', ['ns1.noaddress.com']],
  ['redemption.com', 'pendingDelete,redemptionPeriod', ['ns1.indomain.com']],
  ['secure.com', 'ok', ['ns1.indomain.com']],
  ['noservers.com', 'inactive', []],
];

const ROWS = {
  domain: DELEGATIONS.map(([name], i) => `${name},D${i}-TEST,registrar`),
  domainStatuses: DELEGATIONS.map(
    ([name, status]) => `${name},${status.includes(',') ? status : `${status},`}`,
  ),
  domainNameServers: DELEGATIONS.flatMap(([name, , hosts]) =>
    hosts.map((host) => `${name},${host}`),
  ),
  dnssec: [`secure.com,4711,13,2,${DS}`, `held.com,4712,13,2,${DS}`],
  host: HOSTS.map(([name], i) => `${name},H${i}-TEST,registrar`),
  hostAddresses: HOSTS.flatMap(([, ...addresses], i) =>
    addresses.map((one) => `H${i}-TEST,${one},${one.includes(':') ? 'v6' : 'v4'}`),
  ),
};

const COM = [
  'com. 172800 NS a.gtld-servers.net.',
  'com. 172800 NS b.gtld-servers.net.',
  'indomain.com. 172800 NS ns.elsewhere.org.',
  'indomain.com. 172800 NS ns1.indomain.com.',
  'noaddress.com. 172800 NS ns1.noaddress.com.',
  'ns1.indomain.com. 172800 A 192.0.2.1',
  'ns1.indomain.com. 172800 AAAA 2001:db8::1',
  'ns1.sibling.com. 172800 A 192.0.2.2',
  `secure.com. 86400 DS 4711 13 2 ${DS}`,
  'secure.com. 172800 NS ns1.indomain.com.',
  'sibling.com. 172800 NS ns1.indomain.com.',
  'user.com. 172800 NS ns1.crosszone.net.',
  'user.com. 172800 NS ns1.sibling.com.',
  'usesheld.com. 172800 NS ns1.held.com.',
];

const NET = [
  // No cut and named by the apex: authoritative. gtld-servers.net is not registered here.
  'a.gtld-servers.net. 172800 A 192.0.2.8',
  'b.gtld-servers.net. 172800 A 192.0.2.9',
  'crosszone.net. 172800 NS ns1.sibling.com.',
  'net. 172800 NS a.gtld-servers.net.',
  'net. 172800 NS b.gtld-servers.net.',
  // Named by a delegation of the other zone of the build only: sibling.
  'ns1.crosszone.net. 172800 A 192.0.2.3',
  'usesgone.net. 172800 NS ns1.gone.com.',
];

/** host, class, references and example of each orphan of com. */
const ORPHANS = [
  'ns1.gone.com. sac048 1 usesgone.net.',
  'ns1.held.com. sac048 1 usesheld.com.',
  'stray.held.com. unreferenced 0 ',
  // A held name's delegation is not published, so it references nobody.
  'heldonly.indomain.com. unreferenced 0 ',
  'unused.indomain.com. unreferenced 0 ',
].sort();

/** With narrow glue a host that only other delegations name is left out. */
const NARROW = COM.filter((line) => !line.startsWith('ns1.sibling.com.'));

describe('reference', () => {
  for (const [glue, com] of [
    ['wide', COM],
    ['narrow', NARROW],
  ] as const) {
    it(`derives the records of the glue table, ${glue}`, () => {
      const folder = tempDir('deposit');
      writeDeposit(folder, ['com', 'net'], ROWS);
      const zones = referenceZones(readDeposit(folder), testZones(undefined, glue));
      expect(zones.get('com.')?.records.map(lineOf).sort()).toEqual([...com].sort());
      expect(zones.get('com.')?.missingGlue).toEqual(['ns1.noaddress.com.']);
      expect(
        zones
          .get('com.')
          ?.orphans.map((one) => `${one.host} ${one.class} ${one.references} ${one.example}`)
          .sort(),
      ).toEqual(ORPHANS);
    });
  }
});

describe('build', () => {
  let registry: Registry;

  beforeAll(async () => {
    registry = await makeRegistry({
      export: (folder) => writeDeposit(folder, ['com', 'net'], ROWS),
    });
    await build(registry);
  });

  for (const [zone, records] of [
    ['com', COM],
    ['net', NET],
  ] as const) {
    it(`publishes the records of the glue table for ${zone}`, () => {
      const lines = unsignedOf(readZoneText(publishedZone(registry, zone)))
        .filter((record) => record.type !== 'SOA')
        .map((record) =>
          lineOf(record.type === 'DS' ? { ...record, rdata: record.rdata.toUpperCase() } : record),
        );
      expect(lines.sort()).toEqual([...records].sort());
    });
  }

  it('signs the authoritative addresses and not the glue', () => {
    const signed = new Set(
      [
        ...readZoneText(publishedZone(registry, 'net')),
        ...readZoneText(publishedZone(registry, 'com')),
      ]
        .filter((record) => record.type === 'RRSIG')
        .map((record) => `${record.owner} ${record.rdata.split(' ')[0]?.toUpperCase()}`),
    );
    expect(signed.has('a.gtld-servers.net. A')).toBe(true);
    expect(signed.has('secure.com. DS')).toBe(true);
    for (const one of ['ns1.crosszone.net. A', 'ns1.indomain.com. A', 'secure.com. NS']) {
      expect(signed.has(one), one).toBe(false);
    }
  });

  it('lists the orphans', () => {
    const reference = referenceZones(readDeposit(registry.exportFolder), registry.zones);
    expectOrphansAsReference(registry, reference);
  });
});
