/** What `verify` says and how: counts, places, limits, tolerated faults, DS files, exit codes. */

import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { nameFromText } from '#zonewright/names/name.js';
import { readDsFile } from '#zonewright/verify/trust.js';
import { zonewright } from '../tools/cli.js';
import { BROKEN, goodDs, goodZone } from './broken.js';
import { check, faultsOf, fileOf } from './check.js';
import { makeKey, rdataWire } from './plain-signer.js';

const ZONE = ['--zone', 'example'];

function broken(title: string): string {
  const found = BROKEN.find((one) => one.title === title);
  if (found === undefined) throw new Error(`no case "${title}"`);
  return found.make().text;
}

describe('the report', () => {
  it('counts', async () => {
    const report = await check(goodZone('opt-out'));
    expect(report).toMatchObject({
      ok: true,
      zone: 'example',
      serial: 2026112201,
      faultCount: 0,
      faultsByCode: {},
      warnings: [],
      denial: 'nsec3',
      order: 'canonical',
      zonemd: true,
    });
    expect(report.counts).toMatchObject({ delegations: 4, secureDelegations: 2, glue: 2 });
    const left = (report.earliestExpiration ?? 0) - Date.now() / 1000;
    expect(left / 86_400).toBeCloseTo(14, 1);
    expect(report.greatestTtl).toBe(3600);
  });

  it('names file and line', async () => {
    const text = broken('a corrupted signature');
    const [fault] = (await check(text)).faults;
    const line = text.split('\n')[(fault.line ?? 0) - 1];
    expect(fault).toMatchObject({ fault: 'bad-signature', owner: 'secure.example.', type: 'DS' });
    expect(fault.file).toMatch(/\.zone$/);
    expect(line).toMatch(/^secure\.example\.\t3600\tin\trrsig\tDS /);
  });

  it('reports as many faults as asked for, and counts all', async () => {
    const text = broken('all signatures expired');
    const all = await check(text);
    const few = await check(text, 'example', { maxErrors: 3 });
    expect(few.faults).toHaveLength(3);
    expect(few.faultCount).toBe(all.faultCount);
    expect(few.faultsByCode).toEqual(all.faultsByCode);
    expect(all.faults).toHaveLength(all.faultCount);
  });

  it('does not let one kind of fault hide another', async () => {
    const lines = broken('all signatures expired').split('\n');
    const text = lines.filter((line) => !line.startsWith('ns1.insecure.example.')).join('\n');
    const { examples, faults } = await check(text, 'example', { maxErrors: 1 });
    expect(faults).toHaveLength(1);
    expect(examples.map(({ fault }) => fault)).toContain('missing-glue');
    expect(examples.map(({ fault }) => fault)).toContain('expired-signature');
  });

  it('tolerates what it is told to, with a warning', async () => {
    const text = broken('no glue for an in-domain name server');
    expect(faultsOf(await check(text))).toEqual(['ns1.insecure.example. A missing-glue']);
    const report = await check(text, 'example', { tolerate: ['missing-glue'] });
    expect(report).toMatchObject({ ok: true, faults: [], faultCount: 0 });
    expect(report.faultsByCode).toEqual({ 'missing-glue': 1 });
    expect(report.warnings.join()).toMatch(/1 × missing-glue.*ns1\.insecure\.example\./);
  });

  it('tolerates nothing else by that', async () => {
    const text = broken('a corrupted signature');
    const report = await check(text, 'example', { tolerate: ['missing-glue'] });
    expect(report.ok).toBe(false);
  });
});

describe('signatures by a key that is not published', () => {
  const ed = makeKey(256, 15);
  const text = goodZone('nsec3', ed);
  const signers = [rdataWire('DNSKEY', ed.dnskey)];

  it('are no fault where no DNSKEY has their algorithm, and are told of', async () => {
    const report = await check(text);
    expect(report.faults).toEqual([]);
    expect(report.warnings).toEqual([expect.stringContaining('algorithm that no DNSKEY has')]);
    expect(report.counts.signatures).toBeGreaterThan(20);
  });

  it('are verified where the key is known', async () => {
    for (const rangeOwners of [undefined, 2]) {
      expect(await check(text, 'example', { signers, rangeOwners })).toMatchObject({
        ok: true,
        warnings: [],
      });
      // One octet of one signature of the key.
      const line = text.split('\n').find((one) => /\trrsig\tds 15 /i.test(one));
      const wrong = (line as string).replace(/(.)(.{9})$/, (_, c: string, rest: string) =>
        c === 'A' ? `B${rest}` : `A${rest}`,
      );
      const bad = await check(text.replace(line as string, wrong), 'example', {
        signers,
        rangeOwners,
      });
      expect(bad.faultsByCode).toMatchObject({ 'bad-signature': 1 });
      const stranger = [rdataWire('DNSKEY', makeKey(256, 15).dnskey)];
      const other = await check(text, 'example', { signers: stranger, rangeOwners });
      expect(Object.keys(other.faultsByCode)).toEqual(['unknown-key-tag']);
    }
  });

  it('are a fault where a DNSKEY has their algorithm', async () => {
    const besides = makeKey(256);
    const known = [rdataWire('DNSKEY', besides.dnskey)];
    const report = await check(goodZone('nsec3', besides), 'example', { signers: known });
    expect(Object.keys(report.faultsByCode)).toEqual(['unknown-key-tag']);
  });
});

describe("the holders' copy and the order", () => {
  const good = goodZone('nsec3');
  const [soa] = good.split('\n');

  it('accepts the SOA repeated as the last line', async () => {
    const report = await check(`${good}${soa}\n`);
    expect(report.faults).toEqual([]);
    expect(report.order).toBe('canonical');
  });

  it('takes any order from a file that is not in our layout', async () => {
    const lines = good.trimEnd().split('\n').reverse();
    const ours = await check(`${lines.join('\n')}\n`);
    expect(Object.keys(ours.faultsByCode)).toEqual(['wrong-order']);
    const others = await check(lines.map((line) => line.replaceAll('\t', ' ')).join('\n'));
    expect(others).toMatchObject({ ok: true, order: 'other' });
  });
});

describe('--ds', () => {
  const zone = nameFromText('example');

  it('reads DS without TTL, and DNSKEY in their place', async () => {
    const [ds] = await readDsFile(fileOf(goodDs()), zone);
    expect(ds).toHaveLength(36);
    const bare = goodDs().replace(/\t86400\t/, ' ');
    expect(await readDsFile(fileOf(bare), zone)).toEqual([ds]);
    const keys = goodZone('nsec')
      .split('\n')
      .filter((line) => /\tdnskey\t257 /.test(line));
    expect(await readDsFile(fileOf(keys.join('\n')), zone)).toEqual([ds]);
    expect((await check(goodZone('nsec'), 'example', { ds: [ds] })).faults).toEqual([]);
  });

  it('refuses a file without a DS of the zone', async () => {
    const file = fileOf(`other. 3600 IN DS 1 13 2 ${'ab'.repeat(32)}`);
    await expect(readDsFile(file, zone)).rejects.toMatchObject({ exitCode: 3 });
  });

  it('passes over a DS of an algorithm that is not in DNSKEY: it leads nowhere', async () => {
    const other = Uint8Array.from([0, 1, 15, 2, ...new Uint8Array(32)]);
    const [ds] = await readDsFile(fileOf(goodDs()), zone);
    const report = await check(goodZone('nsec'), 'example', { ds: [ds, other] });
    expect(faultsOf(report)).toEqual(['example. DS ds-without-key']);
  });
});

describe('the command', () => {
  it('exits 0 and prints one object for a good zone, also packed', async () => {
    const file = fileOf('');
    writeFileSync(file, gzipSync(goodZone('nsec3')));
    const done = await zonewright(['verify', file, ...ZONE, '--json']);
    expect(done.status, done.stderr).toBe(0);
    const report = JSON.parse(done.stdout) as Record<string, unknown>;
    expect(report).toMatchObject({ version: 1, ok: true, zone: 'example', faults: [] });
    expect(report.earliestExpiration).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  });

  it('reads standard input', async () => {
    const done = await zonewright(['verify', '-', ...ZONE, '--json'], { input: goodZone('nsec') });
    expect(done.status, done.stderr).toBe(0);
  });

  it('exits 6 for a faulty zone and prints each fault on a line', async () => {
    const file = fileOf(broken('no glue for an in-domain name server'));
    const done = await zonewright(['verify', file, ...ZONE]);
    expect(done.status).toBe(6);
    expect(done.stdout).toBe('');
    expect(done.stderr).toMatch(/^ns1\.insecure\.example\. A missing-glue: /m);
    const warned = await zonewright(['verify', file, ...ZONE, '--missing-glue', 'warn']);
    expect(warned.status).toBe(0);
    expect(warned.stderr).toMatch(/warning:.*missing-glue/);
  });

  it('exits 3 for a file that is no zone file, with its line', async () => {
    const file = fileOf(`${goodZone('nsec')}www.example.\t300\tin\ta\t192.0.2.256\n`);
    const done = await zonewright(['verify', file, ...ZONE]);
    expect(done.status).toBe(3);
    expect(done.stderr).toMatch(/\.zone:\d+/);
    expect(done.stderr).toContain('192.0.2.256');
  });

  it('exits 3 for a file of another zone', async () => {
    const done = await zonewright(['verify', fileOf(goodZone('nsec')), '--zone', 'test']);
    expect(done.status).toBe(3);
    expect(done.stderr).toMatch(/none of its records is in the zone test\./);
  });
});
