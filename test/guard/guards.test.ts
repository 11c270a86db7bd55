/** The publication guards, each at its limit; overrides and the refusal. */
import { describe, expect, it } from 'vitest';
import { makeDnskey, revokeDnskey } from '#zonewright/dnssec/dnskey.js';
import { dsRdata } from '#zonewright/dnssec/ds.js';
import { keyTag } from '#zonewright/dnssec/keytag.js';
import * as guards from '#zonewright/guard/guards.js';
import {
  checkOverrides,
  GUARDS,
  judge,
  needlessOverrides,
  refusalOf,
} from '#zonewright/guard/judge.js';
import { verifiedFindings } from '#zonewright/guard/verified.js';
import { nameFromText } from '#zonewright/names/name.js';
import { rdataFromText } from '#zonewright/records/rdata.js';
import { TYPE } from '#zonewright/records/types.js';

const COM = nameFromText('com.');
const NOW = 1795305600;
const key = (n: number, flags = 257, algorithm = 13): Uint8Array =>
  makeDnskey(flags, algorithm, new Uint8Array(64).fill(n));

describe('max-removed and max-change', () => {
  const change = (added: number, removed: number, changed: number, previous?: number | null) => ({
    added,
    removed,
    changed,
    previous,
  });

  it('pass at the limit and fail one above it', () => {
    expect(guards.maxRemoved(change(0, 10, 0, 1000), 0.01).ok).toBe(true);
    const over = guards.maxRemoved(change(0, 11, 0, 1000), 0.01);
    expect(over).toMatchObject({ ok: false, figure: '1.1%', limit: '1%' });
    expect(over.message).toContain('11 of 1000');
    expect(guards.maxChange(change(20, 10, 20, 1000), 0.05).ok).toBe(true);
    expect(guards.maxChange(change(20, 10, 21, 1000), 0.05)).toMatchObject({ figure: '5.1%' });
  });

  it('.de, May 2010: 3.84 of 13.67 million names', () => {
    expect(guards.maxRemoved(change(0, 9_830_000, 0, 13_670_000), 0.01).ok).toBe(false);
  });

  it('a limit of 0% lets nothing go', () => {
    expect(guards.maxRemoved(change(0, 1, 0, 160_000_000), 0)).toMatchObject({
      ok: false,
      figure: '<0.0001%',
    });
  });

  it('fail when there is something to compare with, and it can not be read', () => {
    expect(guards.maxRemoved(change(9, 0, 0, null), 1)).toMatchObject({
      ok: false,
      figure: 'not known',
    });
    expect(guards.maxChange(change(9, 0, 0, null), 1).ok).toBe(false);
  });

  it('pass with a note when there is nothing to compare with', () => {
    expect(guards.maxRemoved(change(9, 0, 0), 0)).toMatchObject({
      ok: true,
      figure: 'first generation',
    });
    expect(guards.maxChange(change(9, 0, 0, 0), 0).ok).toBe(true);
  });
});

describe('export-counts', () => {
  it('passes when the counts agree, or none is declared', () => {
    expect(guards.exportCounts([{ what: 'domains', declared: 5, read: 5 }]).ok).toBe(true);
    expect(guards.exportCounts([]).ok).toBe(true);
  });

  it('names the count that does not agree', () => {
    const finding = guards.exportCounts([
      { what: 'domains', declared: 13_670_000, read: 3_840_000 },
      { what: 'hosts', declared: 5, read: 5 },
    ]);
    expect(finding).toMatchObject({ ok: false, figure: '3840000 of 13670000 domains' });
  });
});

describe('zone-name-twice', () => {
  it('allows 0.1% of the name servers', () => {
    expect(guards.zoneNameTwice(1, 1000).ok).toBe(true);
    expect(guards.zoneNameTwice(2, 1000)).toMatchObject({ ok: false, figure: '0.2%' });
    expect(guards.zoneNameTwice(0, 0).ok).toBe(true);
  });
});

describe('signature-life', () => {
  it('wants more than SOA expire and a build interval', () => {
    const least = 604_800 + guards.BUILD_INTERVAL;
    expect(guards.signatureLife(NOW + least + 1, NOW, least).ok).toBe(true);
    expect(guards.signatureLife(NOW + least, NOW, least)).toMatchObject({
      ok: false,
      figure: 'P8D',
      limit: 'longer than P8D',
    });
    expect(guards.signatureLife(NOW - 1, NOW, least)).toMatchObject({ ok: false, figure: '-PT1S' });
    expect(guards.signatureLife(undefined, NOW, least).ok).toBe(false);
  });
});

describe('parent-ds', () => {
  const ksk = key(1);
  const zsk = key(2, 256);
  const ds = dsRdata(COM, ksk, 2);

  it('passes when each DS leads to a key that signs the DNSKEY RRset', () => {
    const both = [ds, dsRdata(COM, ksk, 4)];
    expect(guards.parentDs(COM, both, [ksk], [ksk, zsk])).toMatchObject({
      ok: true,
      figure: '2 of 2 DS',
    });
    expect(guards.parentDs(COM, [], [ksk], [ksk]).ok).toBe(true);
    expect(guards.parentDs(COM, undefined, [ksk], [ksk]).ok).toBe(true);
  });

  it('fails for a key that is not published, or does not sign', () => {
    const gone = guards.parentDs(COM, [ds], [key(3)], [key(3)]);
    expect(gone).toMatchObject({ ok: false, figure: '0 of 1 DS' });
    expect(gone.message).toContain('no published key');
    const idle = guards.parentDs(COM, [dsRdata(COM, zsk, 2)], [ksk], [ksk, zsk]);
    expect(idle.ok).toBe(false);
    expect(idle.message).toContain('does not sign the DNSKEY RRset');
  });

  it('fails for a digest of another zone', () => {
    expect(guards.parentDs(COM, [dsRdata(nameFromText('net.'), ksk, 2)], [ksk], [ksk]).ok).toBe(
      false,
    );
  });

  it('knows a digest type that it cannot compute by tag and algorithm', () => {
    const gost = ds.slice(0, 36);
    gost[3] = 3;
    expect(guards.parentDs(COM, [gost], [ksk], [ksk]).ok).toBe(true);
    gost[2] = 8;
    expect(guards.parentDs(COM, [gost], [ksk], [ksk]).ok).toBe(false);
  });
});

describe('key-tags', () => {
  it('refuses two keys with one tag, also in revoked form', () => {
    const one = key(1);
    const swapped = one.slice();
    // The tag is a sum of 16-bit words: their order does not matter to it.
    swapped.set([9, 9, 1, 1], 4);
    const other = one.slice();
    other.set([1, 1, 9, 9], 4);
    expect(keyTag(swapped)).toBe(keyTag(other));
    expect(guards.keyTags([swapped, other])).toMatchObject({ ok: false });
    expect(guards.keyTags([swapped, revokeDnskey(other)]).ok).toBe(false);
    expect(guards.keyTags([key(1), key(2, 256)]).ok).toBe(true);
  });
});

describe('algorithms', () => {
  it('.gov, August 2013: an algorithm in DNSKEY that does not sign', () => {
    const keys = [key(1, 257, 8), key(2, 257, 13)];
    expect(guards.algorithmsAtApex(keys, new Set([8, 13])).ok).toBe(true);
    const finding = guards.algorithmsAtApex(keys, new Set([8]));
    expect(finding).toMatchObject({ ok: false, figure: '1 of 2 algorithms sign' });
    expect(finding.message).toContain('13');
    expect(guards.algorithmsAtApex([], new Set([8])).ok).toBe(false);
  });
});

describe('serial', () => {
  it('must advance, or stay for the same zone', () => {
    expect(guards.serialAdvances(5, 4, false).ok).toBe(true);
    expect(guards.serialAdvances(5, undefined, false).ok).toBe(true);
    expect(guards.serialAdvances(5, 5, true).ok).toBe(true);
    expect(guards.serialAdvances(5, 5, false).ok).toBe(false);
    expect(guards.serialAdvances(4, 5, true).ok).toBe(false);
    expect(guards.serialAdvances(2, 4294967290, false).ok).toBe(true);
  });
});

describe('clock', () => {
  it('allows a day back, and no more', () => {
    expect(guards.clock(NOW, NOW + 86_400).ok).toBe(true);
    expect(guards.clock(NOW, NOW + 86_401).ok).toBe(false);
    expect(guards.clock(NOW, undefined).ok).toBe(true);
  });
});

describe('zonemd', () => {
  it('must be there where the policy wants it', () => {
    expect(guards.zonemdPresent(true, true).ok).toBe(true);
    expect(guards.zonemdPresent(false, false).ok).toBe(true);
    expect(guards.zonemdPresent(true, false).ok).toBe(false);
  });
});

describe('apex', () => {
  const soa = {
    mname: nameFromText('a.gtld-servers.net.'),
    rname: nameFromText('nstld.verisign-grs.com.'),
    refresh: 1800,
    retry: 900,
    expire: 604800,
    minimum: 86400,
    ttl: 900,
  };
  const ns = [nameFromText('a.gtld-servers.net.'), nameFromText('b.gtld-servers.net.')];
  const rdata = (numbers: string) =>
    rdataFromText(TYPE.SOA, `a.gtld-servers.net. nstld.verisign-grs.com. ${numbers}`);
  const good = rdata('7 1800 900 604800 86400');

  it('passes for SOA and NS as configured', () => {
    const records = { soa: [{ ttl: 900, rdata: good }], ns: [...ns].reverse() };
    expect(guards.apexAsConfigured(records, soa, ns, 7).ok).toBe(true);
    expect(guards.apexAsConfigured(records, undefined, undefined, 7).ok).toBe(true);
  });

  it.each([
    ['another serial', [{ ttl: 900, rdata: good }], ns, 8, 'serial 7 instead of 8'],
    ['another TTL', [{ ttl: 901, rdata: good }], ns, 7, 'TTL 901'],
    [
      'another expire',
      [{ ttl: 900, rdata: rdata('7 1800 900 604801 86400') }],
      ns,
      7,
      'expire 604801',
    ],
    ['no SOA', [], ns, 7, '0 SOA'],
    ['a name server too few', [{ ttl: 900, rdata: good }], [ns[0]], 7, 'b.gtld-servers.net.'],
    [
      'a name server too many',
      [{ ttl: 900, rdata: good }],
      [...ns, nameFromText('c.gtld-servers.net.')],
      7,
      'c.gtld-servers.net. is not meant',
    ],
  ])('fails for %s', (_name, records, servers, serial, message) => {
    const finding = guards.apexAsConfigured({ soa: records, ns: servers }, soa, ns, serial);
    expect(finding.ok).toBe(false);
    expect(finding.message).toContain(message);
  });
});

describe('verification', () => {
  const example = {
    fault: 'bad-signature' as const,
    owner: 'a.com.',
    type: 'DS',
    message: 'does not verify',
  };

  it('faults fail the guard that they concern, and no other', () => {
    const findings = verifiedFindings({
      counts: { 'bad-signature': 3, 'wrong-nsec3-next': 1, 'zonemd-mismatch': 1 },
      examples: [example],
      signatures: 10,
    });
    const failed = findings.filter((finding) => !finding.ok);
    expect(failed.map(({ name, figure }) => [name, figure])).toEqual([
      ['signatures', '3 faults'],
      ['denial-chain', '1 fault'],
      ['zonemd', '1 fault'],
    ]);
    expect(failed[0].message).toContain('a.com. DS: does not verify (bad-signature)');
  });

  it('what the configuration tolerates is no fault', () => {
    const verified = {
      counts: { 'missing-glue': 4 },
      examples: [],
      signatures: 10,
    };
    expect(verifiedFindings(verified).find((f) => f.name === 'zone-data')?.ok).toBe(false);
    const tolerant = verifiedFindings(verified, new Set(['missing-glue'] as const));
    expect(tolerant.every((finding) => finding.ok)).toBe(true);
  });
});

describe('overrides', () => {
  const failed = guards.maxRemoved({ added: 0, removed: 2, changed: 0, previous: 10 }, 0.01);
  const passed = guards.serialAdvances(5, 4, false);

  it('an unknown guard is refused with exit 2 and a suggestion', () => {
    expect(() => checkOverrides(['max-remove'], 'why')).toThrow(
      expect.objectContaining({ exitCode: 2, hint: 'did you mean "max-removed"?' }),
    );
    for (const name of Object.keys(GUARDS)) checkOverrides([name], 'why');
  });

  it('a refusal names zone, guard, figure, limit and the override to type, with exit 6', () => {
    const judged = judge([failed, passed], checkOverrides(['serial'], 'why'));
    const error = refusalOf(new Map([['com', judged]]), 'serial 4 stays');
    expect(error?.exitCode).toBe(6);
    expect(error?.message).toMatch(/com: guard max-removed: 20%; limit: 1%/);
    expect(error?.hint).toContain('--override max-removed --reason "…"');
    expect(error?.hint).toContain('serial 4 stays');
  });

  it('an overridden failure is recorded with its reason and refuses nothing', () => {
    const overrides = checkOverrides(['max-removed', 'clock'], 'registrar X left');
    const judged = judge([failed, passed], overrides);
    expect(judged[0]).toMatchObject({ ok: false, overridden: true, reason: 'registrar X left' });
    expect(judged[1]).toBe(passed);
    expect(refusalOf(new Map([['com', judged]]), '')).toBeUndefined();
    expect(needlessOverrides(overrides, [judged])).toEqual(['clock']);
  });

  it('several failures of several zones are all named', () => {
    const late = guards.clock(NOW, NOW + 1e6);
    const error = refusalOf(
      new Map([
        ['com', [failed]],
        ['net', [failed, late]],
      ]),
      '',
    );
    expect(error?.message).toContain('3 guards refuse');
    expect(error?.hint).toContain('net: guard clock');
    expect(error?.hint).toContain('--override max-removed --override clock');
  });
});
