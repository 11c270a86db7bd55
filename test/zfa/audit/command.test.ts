/** `zfa log` as an operator types it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { appendAudit } from '#zonewright/zfa/audit/log.js';
import { openDatabase } from '#zonewright/zfa/database/open.js';
import { copyOfSite, FIELDS, makeSite, tryZfa, zfa, zfaJson } from '../holders/site.js';

describe('zfa log', () => {
  let site = '';
  beforeAll(async () => {
    site = makeSite();
    await zfa(site, 'add', 'acme', ...FIELDS);
    await zfa(site, 'add', 'other', ...FIELDS, '--now', '2026-11-26');
    await zfa(site, 'deny', 'acme', '--reason', 'no purpose', '--now', '2026-11-27');
  });

  it('shows lines of a holder, or from a time on', async () => {
    expect(await zfa(site, 'log', 'acme')).toMatch(
      /^2026-11-25T12:00:00Z {2}added {2}acme {2}name=Acme .*\n2026-11-27T00:00:00Z {2}denied {2}acme {2}reason=no purpose .*\n$/,
    );
    const since = ['log', '--since', '2026-11-26'];
    const { lines } = await zfaJson<{ lines: { n: number }[] }>(site, ...since);
    expect(lines.map(({ n }) => n)).toEqual([2, 3]);
    expect(await zfa(site, 'log', 'acme', '--since', '2027-01-01')).toBe('');
    expect(await tryZfa(site, 'log', 'nobody')).toMatchObject({ status: 2, stdout: '' });
  });

  it('a terminal is not driven by what somebody wrote into a line', async () => {
    const own = copyOfSite(site);
    const db = openDatabase(join(own, 'state'));
    appendAudit(db, join(own, 'state'), [{ at: 0, event: 'x', file: '\u001b[2J\nfake' }]);
    db.close();
    expect(await zfa(own, 'log')).toMatch(/x {2}- {2}file=\\x1b\[2J\\x0afake\n$/);
  });

  it('--check: how many lines hold; exit 6 with file and line of each fault', async () => {
    const good = await tryZfa(site, 'log', '--check');
    expect(good).toMatchObject({ status: 0, stdout: '' });
    expect(good.stderr).toContain('audit.jsonl: 3 lines, none changed and none missing');
    const own = copyOfSite(site);
    const log = join(own, 'state/zfa/audit.jsonl');
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
    writeFileSync(log, `${lines[0].replace('Acme', 'Evil')}\n${lines[1]}\n`);
    const bad = await tryZfa(own, 'log', '--check');
    expect(bad.status).toBe(6);
    expect(bad.stdout).toMatch(
      /audit\.jsonl:1: was changed.*\n.*audit\.jsonl:2: is the last one, but line 3 is missing after it\n$/,
    );
    expect(bad.stderr).toContain('2 faults in 2 lines: somebody has changed the log');
    const json = await tryZfa(own, 'log', '--check', '--json');
    expect(json.status).toBe(6);
    expect(JSON.parse(json.stdout)).toMatchObject({
      version: 1,
      lines: 2,
      faults: [{ line: 1 }, { line: 2 }],
    });
  });

  it('exit 2 where zone file access was never used', async () => {
    expect(await tryZfa(makeSite(), 'log', '--check')).toMatchObject({ status: 2, stdout: '' });
  });
});
