/**
 * Verification in one pass: where it is enough, where it gives up, and that it never finds
 * anything else than verification by sorting does.
 */
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameFromText } from '#zonewright/names/name.js';
import { createPool } from '#zonewright/threads/pool.js';
import { createPartCutter } from '#zonewright/verify/part-cut.js';
import type { VerifyReport } from '#zonewright/verify/report.js';
import { openZoneStream } from '#zonewright/verify/stream.js';
import { createZoneVerifier } from '#zonewright/verify/verify.js';
import { zonewright } from '../tools/cli.js';
import { BROKEN, type Denial, goodZone } from './broken.js';
import { check, fileOf, sameInParts } from './check.js';
import { delegations, rec, SOME_DS, zoneOf } from './small-zone.js';

const DENIALS: readonly Denial[] = ['nsec', 'nsec3', 'opt-out'];
const NOW = Math.floor(Date.now() / 1000);
const pool = createPool(0);

/** Octets of a first part that shows an NSEC3 record. */
const FIRST = 2500;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const base = (text: string, zone = 'example') => ({
  source: fileOf(text),
  zone: nameFromText(zone),
  now: NOW,
  threads: 1,
  pool,
});

/** The parts of a zone's text. */
function partsOf(text: string, size: number, zone = 'example'): Uint8Array[] {
  const cutter = createPartCutter(nameFromText(zone), size, Math.max(size, FIRST));
  return [...cutter.push(bytes(text)), cutter.rest()];
}

/** Why one pass is not enough for a text; undefined: it is. */
async function whySorted(text: string, size = 500, zone = 'example'): Promise<string | undefined> {
  const stream = openZoneStream(pool, base(text, zone));
  try {
    const parts = partsOf(text, size, zone);
    for (const [i, part] of parts.entries()) await stream.feed(part, true, i === parts.length - 1);
    const done = await stream.finish();
    expect(done === undefined).toBe(stream.exact() !== undefined);
    return stream.exact();
  } finally {
    await stream.close();
  }
}

const broken = (title: RegExp): string => {
  const found = BROKEN.find((one) => title.test(one.title));
  if (found === undefined) throw new Error(`no case ${title}`);
  return found.make().text;
};

// ---- one pass ------------------------------------------------------------------------------

describe('one pass', () => {
  it.each(DENIALS)('is enough for the good zone with %s', async (denial) => {
    const text = goodZone(denial);
    for (const size of [1, 300, 2000, 1 << 20]) expect(await whySorted(text, size)).toBeUndefined();
    expect((await sameInParts(text)).ok).toBe(true);
  });

  it('is enough for faults that show where they stand', async () => {
    for (const title of [
      /a corrupted signature/,
      /no glue for an in-domain/,
      /all signatures exp/,
    ]) {
      const text = broken(title);
      expect(await whySorted(text)).toBeUndefined();
      expect((await sameInParts(text)).ok).toBe(false);
    }
  });

  it('finds the same in threads', async () => {
    const threads = createPool(2);
    try {
      const text = zoneOf('example', delegations(60), 'opt-out', { zonemd: true });
      const good = await sameInParts(text, 'example', { pool: threads });
      expect(good).toMatchObject({ ok: true, zonemd: true });
      expect(good.counts).toMatchObject({ delegations: 60, secureDelegations: 20, glue: 60 });
      await sameInParts(broken(/a corrupted signature/), 'example', { pool: threads });
    } finally {
      await threads.close();
    }
  });

  it('takes the SOA repeated as the last line', async () => {
    const text = goodZone('nsec3');
    const copy = `${text}${text.slice(0, text.indexOf('\n') + 1)}`;
    expect(await whySorted(copy)).toBeUndefined();
    expect((await sameInParts(copy)).ok).toBe(true);
  });

  it('works for the root, for deep zones and for odd names', async () => {
    const odd = [
      `${'l'.repeat(63)}.x.y.example.`,
      'under_score.x.y.example.',
      '*.x.y.example.',
      'a.b.c.x.y.example.',
    ];
    const contents = odd.map((owner) => rec(owner, 'NS', 'ns.elsewhere.test.'));
    for (const denial of DENIALS) {
      const text = zoneOf('x.y.example', contents, denial, { zonemd: true });
      expect((await sameInParts(text, 'x.y.example')).faults, denial).toEqual([]);
    }
    const escaped = [String.raw`a\.b.example.`, String.raw`\000\001.example.`, 'UPPER.example.'];
    const more = escaped.map((owner) => rec(owner, 'NS', 'ns.elsewhere.test.'));
    // The plain signer does not know escapes: such a zone has faults, and always the same.
    await sameInParts(zoneOf('example', more, 'nsec3'));
    const tld = [rec('com.', 'NS', 'ns.com.'), rec('ns.com.', 'A', '192.0.2.1')];
    const root = zoneOf('', [...tld, rec('org.', 'NS', 'ns.com.')], 'nsec');
    expect((await sameInParts(root, '.')).faults).toEqual([]);
  });

  it('judges random zones in random parts as sorting does', async () => {
    const label = fc.constantFrom('a', 'b', 'b-', 'c', 'ab');
    const name = fc
      .array(label, { minLength: 1, maxLength: 4 })
      .map((labels) => `${labels.join('.')}.example.`);
    const names = fc.dictionary(name, fc.constantFrom('secure', 'insecure', 'data'), {
      minKeys: 1,
      maxKeys: 12,
    });
    const drop = fc.option(fc.nat(), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(names, fc.constantFrom(...DENIALS), drop, async (zone, denial, lost) => {
        const contents = Object.entries(zone).flatMap(([owner, what]) => {
          if (what === 'data') return [rec(owner, 'TXT', '"x"')];
          const ns = rec(owner, 'NS', 'ns.elsewhere.test.');
          return what === 'secure' ? [ns, rec(owner, 'DS', SOME_DS)] : [ns];
        });
        const lines = zoneOf('example', contents, denial).trimEnd().split('\n');
        // Sometimes one line is lost; the apex's first lines are not, or nothing is a zone.
        if (lost !== undefined) lines.splice(1 + (lost % (lines.length - 1)), 1);
        await sameInParts(`${lines.join('\n')}\n`);
      }),
      { numRuns: 12 },
    );
  });
});

describe('sorting takes over', () => {
  it('when the order is broken, which is a fault in our layout', async () => {
    const lines = goodZone('nsec3').trimEnd().split('\n');
    const apex = lines.filter((line) => line.startsWith('example.'));
    const rest = lines.filter((line) => !line.startsWith('example.')).reverse();
    const text = `${[...apex, ...rest].join('\n')}\n`;
    expect(await whySorted(text)).toMatch(/order/);
    expect(await whySorted(text, 1 << 20)).toMatch(/order/);
    const report = await sameInParts(text);
    expect(Object.keys(report.faultsByCode)).toEqual(['wrong-order']);
    expect(report.order).toBe('other');
  });

  it('when the NSEC3 chain does not fit', async () => {
    const text = goodZone('nsec3');
    const lines = text.split('\n').filter((line) => !line.startsWith('plain.example.'));
    expect(await whySorted(lines.join('\n'))).toMatch(/does not fit/);
    const report = await sameInParts(lines.join('\n'));
    expect(report.faultsByCode).toMatchObject({ 'extra-nsec3': 1 });
  });

  it('when the beginning shows no NSEC3 record, and the zone is without opt-out', async () => {
    const text = goodZone('nsec3');
    const report = await check(text, 'example', { partOctets: 1, firstPartOctets: 1 });
    expect(report.ok).toBe(true);
  });

  it('when insecure delegations are in an opt-out chain, which is lawful', async () => {
    const text = zoneOf('example', delegations(9), 'nsec3', { flagged: true });
    expect(await whySorted(text)).toMatch(/does not fit/);
    expect((await sameInParts(text)).faults).toEqual([]);
  });

  it('when a line leans on others', async () => {
    const text = goodZone('nsec3');
    const bare = text.replace(
      'insecure.example.\t3600\tin\tns\tns.else',
      '\t3600\tin\tns\tns.else',
    );
    const split = text.replace(/(\nsecure\.example\.\t3600\tin\tds\t)(.*)/, '$1( $2\n)');
    expect(split).not.toBe(text);
    expect((await sameInParts(split)).faults).toEqual([]);
    const ttl = text.replace('\nwww.', '\n$TTL 3600\nwww.');
    for (const other of [bare, ttl]) {
      expect(other).not.toBe(text);
      expect(await whySorted(other)).toBeDefined();
      expect((await sameInParts(other)).faults).toEqual([]);
    }
  });

  it('when one name has too much below it', async () => {
    const text = zoneOf('uk', delegations(140, 'co.uk.'), 'nsec3', { zonemd: true });
    expect(text.length).toBeGreaterThan(1 << 16);
    const report = await sameInParts(text, 'uk');
    expect(report).toMatchObject({ ok: true, zonemd: true });
    expect(report.counts.delegations).toBe(140);
  });

  it('when a record can not be used: the error names file and line', async () => {
    const lines = goodZone('nsec').trimEnd().split('\n');
    const at = lines.findIndex((line) => line.startsWith('www.example.'));
    lines[at] = 'www.example.\t3600\tin\ta\t192.0.2.256';
    for (const partOctets of [100, undefined]) {
      const failed = check(`${lines.join('\n')}\n`, 'example', { partOctets });
      await expect(failed).rejects.toMatchObject({ exitCode: 3, place: { line: at + 1 } });
    }
  });

  it('when there is no zone in the file', async () => {
    expect((await sameInParts('')).faultsByCode).toMatchObject({ 'missing-soa': 1 });
  });
});

// ---- sources -----------------------------------------------------------------------------------

describe('the command in one pass', () => {
  it('judges packed files and standard input as plain files', async () => {
    const cases = [goodZone('opt-out'), broken(/a hole in the NSEC3 chain|hole/)];
    for (const text of cases) {
      const plain = await check(text, 'example');
      const packed = fileOf('');
      writeFileSync(packed, gzipSync(text));
      const runs = [
        await zonewright(['verify', packed, '--zone', 'example', '--json']),
        await zonewright(['verify', '-', '--zone', 'example', '--json'], { input: text }),
      ];
      for (const done of runs) {
        expect(done.status).toBe(plain.ok ? 0 : 6);
        const report = JSON.parse(done.stdout) as VerifyReport;
        expect(report.faultsByCode).toEqual(plain.faultsByCode);
        expect(report.counts).toEqual(plain.counts);
      }
    }
  });
});

// ---- text that is being written ----------------------------------------------------------------

describe('createZoneVerifier', () => {
  const text = zoneOf('example', delegations(40), 'opt-out', { zonemd: true });
  const wrongDigest = (from: string): string =>
    from.replace(/(\tzonemd\t1 1 1 )(\S+)/i, (_, head: string, hex: string) => {
      return head + hex.replaceAll(/./g, '0');
    });

  async function verify(
    whole: string,
    parts: readonly Uint8Array[],
    first?: Uint8Array,
  ): Promise<VerifyReport> {
    const verifier = createZoneVerifier(base(whole));
    for (const part of parts) await verifier.feed(part);
    if (first !== undefined) await verifier.replaceFirst(first);
    return verifier.finish();
  }

  it('says what verifyZone says', async () => {
    const report = await verify(text, partsOf(text, 900));
    expect(report.ok).toBe(true);
    const file = await check(text);
    expect(report.counts).toEqual(file.counts);
    expect(report.earliestExpiration).toBe(file.earliestExpiration);
    const faulty = broken(/a corrupted signature/);
    const found = await verify(faulty, partsOf(faulty, 300));
    const lines = found.faults.map(({ fault, line }) => [fault, line]);
    const { faults } = await check(faulty);
    expect(lines).toEqual(faults.map(({ fault, line }) => [fault, line]));
  });

  it('verifies the first part as it is in the end', async () => {
    const [first, ...rest] = partsOf(text, 900);
    const provisional = bytes(wrongDigest(new TextDecoder().decode(first)));
    expect(provisional).toHaveLength(first.length);
    expect(provisional).not.toEqual(first);
    const good = await verify(text, [provisional, ...rest], first);
    expect(good.faults).toEqual([]);
    const bad = await verify(wrongDigest(text), [first, ...rest], provisional);
    expect(Object.keys(bad.faultsByCode).sort()).toEqual(['bad-signature', 'zonemd-mismatch']);
  });

  it('reads the file when more than ZONEMD has changed, or a part begins where it must not', async () => {
    const [first, ...rest] = partsOf(text, 900);
    const other = text.replace('604800', '604801');
    const changed = bytes(new TextDecoder().decode(first).replace('604800', '604801'));
    const report = await verify(other, [first, ...rest], changed);
    expect(report.faultsByCode).toMatchObject({ 'bad-signature': 1, 'zonemd-mismatch': 1 });
    // Glue alone in a part, and parts out of order.
    const lines = text.match(/[^\n]*\n/g) ?? [];
    const at = lines.findIndex((line) => line.startsWith('ns1.name1.'));
    const split = [lines.slice(0, at).join(''), lines.slice(at).join('')].map(bytes);
    expect(await verify(text, split)).toMatchObject({ ok: true, order: 'canonical' });
    expect((await verify(text, [first, ...rest.reverse()])).ok).toBe(true);
  });

  it('can be abandoned', async () => {
    const verifier = createZoneVerifier(base(text));
    await verifier.feed(partsOf(text, 900)[0]);
    await verifier.abandon();
  });
});
