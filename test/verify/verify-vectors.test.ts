/**
 * The signed zones that the specifications print: RFC 4035 appendix A (NSEC, wildcard, glue),
 * RFC 5155 appendix A (NSEC3 with opt-out, and a hashed owner that holds data of its own),
 * RFC 8976 appendix A (ZONEMD). Both engines verify them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { check, faultsOf } from './check.js';

function vector(name: string): string {
  return readFileSync(join(import.meta.dirname, 'vectors', `${name}.zone`), 'utf8');
}

const at = (time: string) => ({ now: Date.parse(time) / 1000 });

describe.each(['openssl', 'noble'] as const)('verify with %s', (engine) => {
  it('accepts the zone of RFC 4035 appendix A in its time', async () => {
    const report = await check(vector('rfc4035-a'), 'example', { engine, ...at('2004-05-01') });
    expect(report.faults).toEqual([]);
    expect(report).toMatchObject({ ok: true, denial: 'nsec', order: 'canonical' });
    expect(report.counts).toMatchObject({
      signatures: 27,
      delegations: 2,
      secureDelegations: 1,
      glue: 4,
      nsec: 10,
    });
  });

  it('accepts the zone of RFC 5155 appendix A in its time', async () => {
    const report = await check(vector('rfc5155-a'), 'example', { engine, ...at('2010-01-01') });
    expect(report.faults).toEqual([]);
    expect(report).toMatchObject({ ok: true, denial: 'nsec3' });
    expect(report.counts).toMatchObject({ signatures: 30, delegations: 2, nsec3: 12 });
    expect(report.warnings.join('\n')).toMatch(/12 iterations/);
  });

  it('accepts uri.arpa of RFC 8976 appendix A.4: NSEC, RSASHA256 and ZONEMD', async () => {
    const report = await check(vector('rfc8976-a4'), 'uri.arpa', { engine, ...at('2021-02-01') });
    expect(report.faults).toEqual([]);
    expect(report).toMatchObject({ ok: true, zonemd: true, serial: 2018100702 });
  });
});

describe('verify of the zones of RFC 8976 appendix A', () => {
  // These are not signed, and that is all that is wrong with their digests' side.
  const unsigned = 'DNSKEY missing-dnskey';

  it.each([
    ['a1', 'example'],
    ['a3', 'example'],
    ['a5', 'root-servers.net'],
  ])('recomputes the digests of %s', async (name, zone) => {
    const report = await check(vector(`rfc8976-${name}`), zone);
    expect(report.zonemd).toBe(true);
    expect(faultsOf(report)).toEqual([`${zone}. ${unsigned}`]);
  });

  it('recomputes that of A.2, and names what is odd about its contents', async () => {
    const report = await check(vector('rfc8976-a2'), 'example');
    expect(report.zonemd).toBe(true);
    expect(faultsOf(report)).toEqual([
      'duplicate.example. TXT duplicate-record',
      `example. ${unsigned}`,
      'foo.test. TXT out-of-zone',
      'occluded.sub.example. TXT occluded-data',
    ]);
  });

  it('says of A.3 which schemes and hashes it does not know', async () => {
    const { warnings } = await check(vector('rfc8976-a3'), 'example');
    expect(warnings).toEqual([
      "ZONEMD of scheme 1 and hash 240 can't be checked",
      "ZONEMD of scheme 241 and hash 1 can't be checked",
    ]);
  });

  it('finds a changed octet', async () => {
    const text = vector('rfc8976-a1').replace('203.0.113.63', '203.0.113.64');
    expect(faultsOf(await check(text))).toContain('example. ZONEMD zonemd-mismatch');
  });

  it('finds a changed octet by the SHA-512 digest of A.3, too', async () => {
    const text = vector('rfc8976-a3').replace('08cfa111', '08cfa112');
    expect(faultsOf(await check(text))).toContain('example. ZONEMD zonemd-mismatch');
  });
});

describe('verify of the zone of RFC 5155 appendix A', () => {
  const text = vector('rfc5155-a');
  const then = at('2010-01-01');

  it('finds that a secure delegation is hidden in an opt-out span', async () => {
    // The record of a.example goes, and its forerunner points past it.
    const hash = '35mthgpgcu1qg68fab165klnsnk3dpvl';
    const after = 'b4um86eghhds6nea196smvmlo4ors995';
    const lines = text.split('\n');
    const from = lines.findIndex((line) => line.startsWith(hash));
    const to = lines.findIndex((line) => line.startsWith('a.example.'));
    const without = [...lines.slice(0, from), ...lines.slice(to)].join('\n');
    const report = await check(without.replace(hash, after), 'example', then);
    expect(faultsOf(report)).toContain('a.example. NSEC3 missing-nsec3');
    expect(faultsOf(report).join()).not.toMatch(/wrong-nsec3-next/);
  });

  it('finds that a span without the flag covers an insecure delegation', async () => {
    // c.example hashes to 4g6p9u5gvfshp30pqecj98b3maqbn1ck, behind 35mt….
    const line = /(35mthgpgcu1qg68fab165klnsnk3dpvl\.example\. NSEC3 1) 1/;
    const report = await check(text.replace(line, '$1 0'), 'example', then);
    expect(faultsOf(report)).toEqual([
      '35mthgpgcu1qg68fab165klnsnk3dpvl.example. NSEC3 bad-signature',
      'c.example. NSEC3 unlawful-opt-out',
    ]);
  });

  it('knows the time', async () => {
    const report = await check(text, 'example', at('2016-01-01'));
    expect(new Set(report.faults.map(({ fault }) => fault))).toEqual(
      new Set(['expired-signature']),
    );
    expect(report.faultCount).toBe(30);
    const before = await check(text, 'example', at('2005-01-01'));
    expect(before.faultsByCode).toEqual({ 'future-signature': 30 });
  });

  it('compares times in serial arithmetic (RFC 4034 section 3.1.5)', async () => {
    // 2^32 seconds later the signatures' times mean the same instants again.
    const now = Date.parse('2010-01-01') / 1000 + 2 ** 32;
    expect((await check(text, 'example', { now })).faults).toEqual([]);
  });
});
