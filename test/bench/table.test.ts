/** The benchmark's arithmetic and its report: medians, ratios, stages, the lower bound. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CONTESTANTS, isOfRegistry, isOwn, isSigner } from '#zonewright/bench/contestants.js';
import { createMeter, median, medianKnown, parseTimeNote } from '#zonewright/bench/measure.js';
import { parseRates } from '#zonewright/bench/openssl.js';
import { readSummary, zonewright } from '#zonewright/bench/own.js';
import { runAll } from '#zonewright/bench/rounds.js';
import {
  type Findings,
  lowerBound,
  markdown,
  operations,
  type Result,
  ratios,
  stageMedians,
} from '#zonewright/bench/table.js';
import { removeSignatures } from '#zonewright/bench/unsigned.js';

const folder = mkdtempSync(join(tmpdir(), 'zonewright-bench-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (seconds: number, peakMb: number | undefined = undefined) => ({
  seconds,
  cpuSeconds: undefined,
  peakBytes: peakMb === undefined ? undefined : peakMb * 1e6,
});

const RESULTS: readonly Result[] = [
  {
    name: 'sign-no-verify',
    runs: [run(9, 300), run(2, 200), run(3, 100)],
    stages: [
      { read: 5, total: 9 },
      { read: 1, total: 2 },
      { read: 2, total: 3 },
    ],
    signatures: { made: 90_000, reused: 0 },
  },
  { name: 'kzonesign', runs: [run(12, 400), run(11, 400), run(40, 400)], stages: [] },
  {
    name: 'next-day',
    runs: [run(1.5)],
    stages: [{ read: 1, total: 1.5 }],
    signatures: { made: 900, reused: 89_100 },
  },
  { name: 'verify', runs: [run(4)], stages: [{ read: 1, total: 4 }] },
];

const FINDINGS: Findings = {
  date: '2026-11-22T10:00:00Z',
  machine: {
    cpu: 'a processor',
    cores: 2,
    memoryBytes: 8e9,
    system: 'Linux 6.1',
    node: '20.0.0',
    load: 0.1,
    busy: false,
  },
  versions: ['Knot DNS 3.2.6'],
  method: 'GNU time',
  zone: {
    delegations: 1_000_000,
    secureDelegations: 45_000,
    records: 2_200_000,
    signatures: 90_000,
    unsignedBytes: 105e6,
    signedBytes: 130e6,
  },
  registry: undefined,
  signing: { algorithm: 'ECDSAP256SHA256', optOut: true, zonemd: true },
  threads: 2,
  memory: undefined,
  results: RESULTS,
  missing: [{ name: 'ldns-verify-zone', reason: 'stopped after 15 minutes' }],
  checkedBy: ['dnssec-verify'],
  check: true,
  rates: { sign: 60_000, verify: 30_000 },
};

describe('medians', () => {
  it('are the middle, or the mean of the middle two, in the order of numbers', () => {
    expect(median([10, 9, 100])).toBe(10);
    expect(median([4, 1, 2, 100])).toBe(3);
    expect(median([7])).toBe(7);
    expect(median([])).toBeNaN();
  });

  it('leave out what is not known', () => {
    expect(medianKnown([undefined, 3, 5])).toBe(4);
    expect(medianKnown([undefined])).toBeUndefined();
  });
});

describe('measured programs', () => {
  it('are read from the last line of GNU time', () => {
    const note = 'Command exited with non-zero status 6\n1.50 0.25 2048\n';
    expect(parseTimeNote(note)).toEqual({ cpuSeconds: 1.75, peakBytes: 2_097_152 });
    expect(() => parseTimeNote('')).toThrow();
  });

  it('give exit code and output', async () => {
    const meter = createMeter(folder);
    const script = 'console.log("out"); console.error("err"); process.exit(3)';
    const done = await meter.run({ file: process.execPath, args: ['-e', script] }, 60);
    expect(done).toMatchObject({ status: 3, stdout: 'out\n', stderr: 'err\n', timedOut: false });
    expect(done.seconds).toBeGreaterThan(0);
    if (meter.method === 'GNU time') expect(done.peakBytes).toBeGreaterThan(10e6);
  });

  it('are stopped when they take too long', async () => {
    const script = 'setTimeout(() => {}, 60_000)';
    const done = await createMeter(folder).run({ file: process.execPath, args: ['-e', script] }, 1);
    expect(done).toMatchObject({ status: null, timedOut: true });
    expect(done.seconds).toBeLessThan(30);
  });
});

describe('ratios', () => {
  it('are of medians, and only between contestants that have figures', () => {
    expect(ratios(RESULTS)).toEqual([
      { what: 'time', of: 'sign-no-verify', to: 'kzonesign', ratio: 3 / 12 },
      { what: 'time', of: 'next-day', to: 'sign-no-verify', ratio: 0.5 },
      { what: 'signatures made', of: 'next-day', to: 'sign-no-verify', ratio: 0.01 },
      { what: 'peak memory', of: 'sign-no-verify', to: 'kzonesign', ratio: 0.5 },
    ]);
  });
});

describe('the lower bound', () => {
  it('counts signing, verifying, or both', () => {
    const rates = { sign: 1000, verify: 500 };
    const bound = (name: Result['name'], signatures?: Result['signatures']): number =>
      lowerBound(operations({ name, runs: [], stages: [], signatures }, 3000), rates);
    expect(bound('sign-no-verify')).toBe(3);
    expect(bound('verify')).toBe(6);
    expect(bound('sign')).toBe(9);
    // What was kept is not made, but verified where anything is.
    expect(bound('next-day', { made: 500, reused: 2500 })).toBe(0.5);
    expect(bound('build', { made: 500, reused: 2500 })).toBe(6.5);
  });

  it('comes from the last line of openssl speed, the sum of its processes', () => {
    const said = `Forked child 0
Got: +F4:3:256:9019.801980:3382.000000 from 0
Got: +F4:3:256:9856.435644:3432.000000 from 1
+F4:3:256:18876.237624:6814.000000
`;
    expect(parseRates(said)).toEqual({ sign: 18876.237624, verify: 6814 });
    expect(parseRates('+F6:0:253:Ed25519:9871.5:3455.5\n')).toEqual({
      sign: 9871.5,
      verify: 3455.5,
    });
    expect(parseRates('unknown algorithm\n')).toBeUndefined();
  });
});

describe('contestants', () => {
  it('sign or verify', () => {
    expect(CONTESTANTS.filter(isSigner)).toEqual([
      'sign-no-verify',
      'kzonesign',
      'sign',
      'dnssec-signzone',
      'ldns-signzone',
      'next-day',
      'build',
      'kzonesign-build',
    ]);
    expect(CONTESTANTS.filter(isOwn)).toEqual([
      'sign-no-verify',
      'sign',
      'next-day',
      'verify',
      'build',
    ]);
    expect(CONTESTANTS.filter(isOfRegistry)).toEqual(['build', 'kzonesign-build']);
  });

  it('of several commands take what all take, until one fails', async () => {
    const program = (script: string) => ({ file: process.execPath, args: ['-e', script] });
    const meter = createMeter(folder);
    const one = await meter.run(program('setTimeout(() => {}, 200)'), 60);
    const both = ['setTimeout(() => {}, 200)', 'console.log("end")'].map(program);
    const done = await runAll(meter, both, 60);
    expect(done).toMatchObject({ status: 0, stdout: 'end\n' });
    expect(done.seconds).toBeGreaterThan(0.2);
    if (one.peakBytes !== undefined) expect(done.peakBytes).toBeLessThan(1.8 * one.peakBytes);
    const failed = await runAll(meter, [program('process.exit(3)'), ...both], 60);
    expect(failed).toMatchObject({ status: 3, stdout: '' });
  });

  it('of zonewright get threads, bound and folder, and tell stages and signatures', () => {
    const settings = { threads: 2, memory: undefined, spill: '/spill' };
    const { args } = zonewright(settings, 'verify', 'com.signed');
    expect(args.slice(1).join(' ')).toBe(
      'verify com.signed --threads 2 --tmp-dir /spill --json --quiet',
    );
    const bounded = zonewright({ ...settings, memory: 2 ** 29 }, 'verify', 'com.signed');
    expect(bounded.args.slice(-2)).toEqual(['--memory', String(2 ** 29)]);
    const signatures = { made: 10, reused: 2 };
    expect(readSummary({ seconds: { read: 1, total: 2 }, signatures })).toEqual({
      stages: { read: 1, total: 2 },
      signatures,
    });
    const zone = { timings: { sign: 1, verify: 2, total: 3 }, counts: { signatures } };
    expect(readSummary({ seconds: 10, zones: [zone, zone] })).toEqual({
      stages: { 'read, plan, publish': 4, sign: 2, verify: 4, total: 10 },
      signatures: { made: 20, reused: 4 },
    });
  });
});

describe('the report', () => {
  it('has stages by their medians', () => {
    expect([...stageMedians(RESULTS[0])]).toEqual([
      ['read', 2],
      ['total', 3],
    ]);
  });

  it('is Markdown with times, ratios, stages and the bound', () => {
    const text = markdown(FINDINGS);
    expect(text).toContain('1,000,000 delegations, 45,000 of them secure; NSEC3 with opt-out');
    expect(text).toContain('2026-11-22; a processor, 2 cores');
    expect(text).toContain('| `zonewright sign --no-verify` | 3.00 | 2.00–9.00 | ? | 200 |');
    expect(text).toContain('| `zonewright sign --no-verify` ÷ `kzonesign`, time | 0.25 |');
    expect(text).toContain('| read | 2.00 | 1.00 | 1.00 |');
    expect(text).toContain('| lower bound: OpenSSL alone | 1.50 | 0.01 | 3.00 |');
    expect(text).toContain('| taken ÷ lower bound | 2.00 | 100.00 | 1.33 |');
    expect(text).toContain('| to sign | 90,000 | 60,000 | 1.50 |');
    expect(text).toContain('| to verify | 90,000 | 30,000 | 3.00 |');
    expect(text).toContain('900 signatures made, 89,100 kept, 1.00% of a full signing');
    expect(text).toContain('No figures of `ldns-verify-zone`: stopped after 15 minutes.');
    expect(text).toContain('accepted by dnssec-verify.');
    expect(text).not.toContain('busy');
    // Every row of a table has as many cells as its head.
    for (const table of text.split('\n\n').filter((part) => part.startsWith('|'))) {
      const rows = table
        .trim()
        .split('\n')
        .filter((line) => line.startsWith('|'));
      expect(new Set(rows.map((row) => row.split('|').length)).size).toBe(1);
    }
  });

  it('says when it is not to be trusted', () => {
    const busy = { ...FINDINGS.machine, load: 2.5, busy: true };
    const text = markdown({ ...FINDINGS, machine: busy, checkedBy: [] });
    expect(text).toContain('Load average at the start: 2.50 (**busy');
    expect(text).toContain('nobody but zonewright has checked');
    expect(markdown({ ...FINDINGS, checkedBy: [], check: false })).toContain('(--no-check)');
  });

  it('says what memory zonewright was given, and what registry was built', () => {
    const registry = {
      zones: ['com', 'net'],
      domains: 1_000_000,
      exportBytes: 50e6,
      delegations: 988_000,
      secureDelegations: 45_000,
      records: 2_190_000,
      signatures: 90_000,
    };
    const results: Result[] = [{ name: 'build', runs: [run(9)], stages: [{ total: 9 }] }];
    const text = markdown({ ...FINDINGS, zone: undefined, registry, results, memory: 2 ** 29 });
    expect(text).toContain('2 threads, --memory 512MiB; medians of 1');
    expect(text).toContain('1,000,000 domains in com and net (rde-csv, 50 MB packed)');
    expect(text).toContain('| lower bound: OpenSSL alone | 4.50 |');
    expect(text).not.toContain('unsigned');
  });
});

describe('a published zone without its signatures', () => {
  it('is what was to be signed, whatever the blocks in which it is read', async () => {
    const line = (owner: string, type: string, rdata: string): string =>
      `${owner}\t900\tin\t${type}\t${rdata}\n`;
    const kept: string[] = [];
    const all: string[] = [];
    for (const type of ['soa', 'ns', 'a', 'aaaa', 'ds', 'txt', 'naptr', 'TYPE65534']) {
      const text = line('com.', type, 'some "data\\009" \t here');
      kept.push(text);
      all.push(text, line('com.', 'rrsig', 'NS 13'), line('com.', 'nsec3', '1 1 0 -'));
    }
    for (const type of ['nsec', 'nsec3param', 'dnskey', 'zonemd', 'cds', 'cdnskey']) {
      all.push(line('com.', type, 'x'));
    }
    // More than two blocks, cut within lines.
    const many = 20_000;
    for (let i = 0; i < many; i++) {
      all.push(
        line(`n${i}.com.`, 'ns', 'ns1.example.'),
        line(`n${i}.com.`, 'rrsig', 'X'.repeat(99)),
      );
      kept.push(line(`n${i}.com.`, 'ns', 'ns1.example.'));
    }
    const [from, to] = [join(folder, 'signed'), join(folder, 'unsigned')];
    writeFileSync(from, all.join(''));
    await removeSignatures(from, to);
    expect(readFileSync(to, 'utf8') === kept.join('')).toBe(true);
  });
});
