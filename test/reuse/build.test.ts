/** `build` keeps the signatures of the published generation, and compares with it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { tempDir, zonewright, zonewrightOk } from '../tools/cli.js';
import { publishedZone, type Registry } from '../tools/registry.js';
import { buildDay, daysRegistry, exportOf } from './days.js';

const at = (seconds: number): string =>
  new Date(Date.parse('2026-11-22T00:00:00Z') + seconds * 1000).toISOString().replace('.000', '');
const DAY = 86_400;

describe('the next day', () => {
  let registry: Registry;
  let now = at(0);
  beforeAll(async () => {
    registry = await daysRegistry(at(-DAY));
    await exportOf(registry, 0);
    for (const { counts } of await buildDay(registry, now)) {
      expect(counts.signatures.reused).toBe(0);
    }
  });

  it('makes few signatures anew, and counts what diff counts', async () => {
    await exportOf(registry, 1);
    now = at(DAY);
    for (const { counts } of await buildDay(registry, now)) {
      const { made, reused } = counts.signatures;
      expect(reused).toBeGreaterThan(made);
    }
  });

  it('is signed anew, with a warning, when a kept signature is bad', async () => {
    const file = publishedZone(registry, 'com');
    const text = readFileSync(file, 'latin1');
    const spoilt = text.replace(/(\trrsig\tDS .*?)(....)==\n/, (_, start: string, end: string) => {
      return `${start}${end.startsWith('AA') ? 'BB' : 'AA'}${end.slice(2)}==\n`;
    });
    expect(spoilt).not.toBe(text);
    writeFileSync(file, spoilt, 'latin1');
    const done = await zonewrightOk(['build', '--now', at(DAY + 60), '--json'], {
      cwd: registry.folder,
    });
    const summary = JSON.parse(done.stdout);
    expect(summary.warnings).toContainEqual(expect.stringContaining('the zone is made once more'));
    const [com, net] = summary.zones;
    expect(com.counts.signatures.reused).toBe(0);
    expect(com.counts).toMatchObject({ added: 0, removed: 0, changed: 0 });
    expect(net.counts.signatures.reused).toBeGreaterThan(0);
    const folder = tempDir('reuse-verify');
    const verified = await zonewright(['verify', file, '--zone', 'com', '--now', at(DAY + 60)], {
      cwd: folder,
    });
    expect(verified.status, verified.stderr).toBe(0);
  });

  it('is compared and kept as ever when the published file is in another order', async () => {
    const file = publishedZone(registry, 'com');
    const [soa, ...rest] = readFileSync(file, 'latin1').trimEnd().split('\n');
    writeFileSync(file, `${[soa, ...rest.reverse()].join('\n')}\n`, 'latin1');
    const [com] = await buildDay(registry, at(DAY + 120));
    expect(com.counts.signatures.reused).toBeGreaterThan(com.counts.signatures.made);
    expect(com.counts).toMatchObject({ added: 0, removed: 0, changed: 0 });
  });

  it('with a damaged published file is refused by the guards that compare with it', async () => {
    const file = publishedZone(registry, 'com');
    const text = readFileSync(file, 'latin1');
    writeFileSync(file, text.replace(/\tns\t/g, '\tn?\t'), 'latin1');
    const done = await zonewright(['build', '--now', at(DAY + 180)], { cwd: registry.folder });
    expect(done.status).toBe(6);
    expect(done.stderr).toContain('every signature is made anew');
    expect(done.stderr).toContain('max-removed');
  });
});
