/** The benchmark's arithmetic and its report: medians, ratios, stages, the lower bound. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createMeter, median, medianKnown, parseTimeNote } from '#zonewright/bench/measure.js';
import { parseRates } from '#zonewright/bench/openssl.js';
import { CONTESTANTS, isOwn, isSigner } from '#zonewright/bench/peers.js';
import {
  type Findings,
  lowerBound,
  markdown,
  type Result,
  ratios,
  stageMedians,
} from '#zonewright/bench/table.js';
import { completeGlue } from '#zonewright/bench/zone.js';

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
  },
  { name: 'kzonesign', runs: [run(12, 400), run(11, 400), run(40, 400)], stages: [] },
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
    algorithm: 'ECDSAP256SHA256',
    optOut: true,
    zonemd: true,
  },
  threads: 2,
  results: RESULTS,
  missing: [{ name: 'ldns-verify-zone', reason: 'stopped after 15 minutes' }],
  checkedBy: ['dnssec-verify'],
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
      { what: 'peak memory', of: 'sign-no-verify', to: 'kzonesign', ratio: 0.5 },
    ]);
  });
});

describe('the lower bound', () => {
  it('counts signing, verifying, or both', () => {
    const rates = { sign: 1000, verify: 500 };
    expect(lowerBound('sign-no-verify', 3000, rates)).toBe(3);
    expect(lowerBound('verify', 3000, rates)).toBe(6);
    expect(lowerBound('sign', 3000, rates)).toBe(9);
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
    ]);
    expect(CONTESTANTS.filter(isOwn)).toEqual(['sign-no-verify', 'sign', 'verify']);
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
    expect(text).toContain('| read | 2.00 | 1.00 |');
    expect(text).toContain('| `zonewright sign --no-verify` | 1.50 | 2.00 × |');
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
  });
});

describe('the zone', () => {
  it('gets an address for each name server in its own delegation that has none', async () => {
    const file = join(folder, 'com.zone');
    const text = [
      'a.com.\t172800\tin\tns\tns1.a.com.',
      'a.com.\t172800\tin\tns\tns2.a.com.',
      'ns2.a.com.\t172800\tin\taaaa\t2001:db8::2',
      'b.com.\t172800\tin\tns\tns3.a.com.',
      'c.com.\t172800\tin\tns\tc.com.',
      'aa.com.\t172800\tin\tns\tns.elsewhere.net.',
      '',
    ].join('\n');
    writeFileSync(file, text);
    expect(await completeGlue(file)).toBe(2);
    expect(readFileSync(file, 'utf8')).toBe(
      `${text}ns1.a.com.\t172800\tin\ta\t198.18.0.53\nc.com.\t172800\tin\ta\t198.18.0.53\n`,
    );
  });
});
