/**
 * `zonewright verify` rejects every zone of a set of broken ones and names the fault, its owner
 * and its type (04-dnssec, Verification); and the set is what it says: the outside judges accept
 * the good zones it starts from, and one of them at least rejects each broken one, except where
 * the case says that none of them looks for this.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { tempDir, zonewright } from '../tools/cli.js';
import { describeWithTools, JUDGES, judge, judges } from '../tools/judges.js';
import { APEX, BROKEN, type BrokenCase, goodDs, goodZone } from './broken.js';

interface Report {
  readonly version: number;
  readonly ok: boolean;
  readonly faults: readonly {
    readonly fault: string;
    readonly owner: string;
    readonly type: string;
    readonly message: string;
  }[];
}

const KINDS = ['nsec', 'nsec3', 'opt-out'] as const;
let folder = '';

beforeAll(() => {
  folder = tempDir('broken');
});

function zoneFile(text: string, name: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name.replace(/[^a-z0-9]+/gi, '-')}.zone`);
  writeFileSync(file, text);
  return file;
}

describe('zonewright verify', () => {
  for (const kind of KINDS) {
    it(`accepts the good zone with ${kind}`, async () => {
      const ds = zoneFile(goodDs(), 'good-ds');
      const file = zoneFile(goodZone(kind), `good ${kind}`);
      const done = await zonewright(['verify', file, '--zone', APEX, '--ds', ds, '--json']);
      expect(JSON.parse(done.stdout)).toMatchObject({ version: 1, ok: true, faults: [] });
      expect(done.status).toBe(0);
    });
  }

  for (const one of BROKEN) {
    it(`rejects ${one.title}`, async () => {
      const made = one.make();
      const file = zoneFile(made.text, one.title);
      const ds = made.ds === undefined ? [] : ['--ds', zoneFile(made.ds, `${one.title} ds`)];
      const done = await zonewright(['verify', file, '--zone', APEX, ...ds, '--json']);
      expect(done.status, done.stderr).toBe(6);
      const report = JSON.parse(done.stdout) as Report;
      expect(report.ok).toBe(false);
      const fits = (allowed: readonly string[], value: string): boolean =>
        allowed.length === 0 || allowed.includes(value);
      const named = report.faults.filter(
        (fault) =>
          fits(one.faults, fault.fault) &&
          fits(one.owners, fault.owner) &&
          fits(one.types, fault.type),
      );
      expect(
        named.length,
        `${one.faults} at ${one.owners} ${one.types}, not in:\n${report.faults
          .map((fault) => `${fault.fault} ${fault.owner} ${fault.type}: ${fault.message}`)
          .join('\n')}`,
      ).toBeGreaterThan(0);
    });
  }

  it('names the fault, the owner and the type to people too', async () => {
    const expired = BROKEN.find((one) => one.faults.includes('expired-signature')) as BrokenCase;
    const file = zoneFile(expired.make().text, 'for people');
    const done = await zonewright(['verify', file, '--zone', APEX]);
    expect(done.status).toBe(6);
    expect(done.stdout + done.stderr).toMatch(/secure\.example\.?\s+DS\b.*expired/);
  });

  it('says how a good zone was at another time', async () => {
    const file = zoneFile(goodZone('nsec3'), 'good later');
    const later = new Date(Date.now() + 30 * 86_400_000).toISOString();
    const done = await zonewright(['verify', file, '--zone', APEX, '--now', later, '--json']);
    expect(done.status).toBe(6);
    const report = JSON.parse(done.stdout) as Report;
    // Without a valid signature the DNSKEY RRset is not signed by a KSK either.
    const kinds = new Set(report.faults.map((fault) => fault.fault));
    kinds.delete('dnskey-not-ksk-signed');
    expect([...kinds]).toEqual(['expired-signature']);
  });
});

describeWithTools(JUDGES, 'the set of broken zones', () => {
  for (const kind of KINDS) {
    it(`starts from a zone with ${kind} that every judge accepts`, async () => {
      const file = zoneFile(goodZone(kind), `judged ${kind}`);
      expect(await judges({ zone: APEX, file })).toEqual([]);
    });
  }

  for (const one of BROKEN) {
    const title = one.judged ? 'is rejected by a judge' : 'has a fault that no judge looks for';
    it(`${title}: ${one.title}`, async () => {
      const file = zoneFile(one.make().text, `judged ${one.title}`);
      const against: string[] = [];
      // ldns-verify-zone never ends on some broken chains, so it is asked last: it alone checks
      // ZONEMD.
      const others = JUDGES.filter((each) => each !== 'ldns-verify-zone');
      for (const tool of [...others, 'ldns-verify-zone'] as const) {
        if (against.length > 0) break;
        const verdict = await judge(tool, { zone: APEX, file, timeout: 10_000 });
        if (!verdict.ok) against.push(`${tool}: ${verdict.output}`);
      }
      expect(against.length > 0, against.join('\n')).toBe(one.judged);
    });
  }
});
