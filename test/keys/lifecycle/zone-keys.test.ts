/** Keys in hand: files to states and back, runs that were killed, keys that are lost, refusals. */
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EngineKey, RecordName, RecordStatus } from '#zonewright/keys/engine/model.js';
import { recordsOf } from '#zonewright/keys/engine/model.js';
import { engineKey, filesOf, keyId } from '#zonewright/keys/lifecycle/key-state.js';
import { NO_NOTE } from '#zonewright/keys/lifecycle/note.js';
import { type Role, stateRole } from '#zonewright/keys/statefile.js';
import { readKeys } from '#zonewright/keys/store.js';
import { writeKey } from '#zonewright/keys/write.js';
import { zonewright, zonewrightOk } from '../../tools/cli.js';
import { readZoneText } from '../../tools/zone-text.js';
import { DAY, keyFolder, NOW, newKey, ZONE } from '../helpers.js';
import { POLICY } from './policy.js';
import { newZone, statusOf, TEXT } from './small-zone.js';

const status: fc.Arbitrary<RecordStatus> = fc.record({
  state: fc.constantFrom('hidden', 'rumoured', 'omnipresent', 'unretentive'),
  since: fc.integer({ min: NOW - 100 * DAY, max: NOW }),
});

/** A key's records as the engine could have left them. */
function keyOf(role: Role): fc.Arbitrary<EngineKey> {
  return fc
    .record({
      statuses: fc.array(status, { minLength: 4, maxLength: 4 }),
      goal: fc.constantFrom('hidden' as const, 'omnipresent' as const),
      dsSeen: fc.option(fc.integer({ min: NOW - DAY, max: NOW }), { nil: undefined }),
      dsGone: fc.option(fc.integer({ min: NOW - DAY, max: NOW }), { nil: undefined }),
    })
    .map(({ statuses, goal, dsSeen, dsGone }) => {
      const records: Partial<Record<RecordName, RecordStatus>> = {};
      for (const [i, record] of recordsOf(role).entries()) records[record] = statuses[i];
      const active = recordsOf(role)
        .filter((record) => record === 'zrrsig' || record === 'krrsig')
        .some((record) => records[record]?.state !== 'hidden')
        ? NOW - 200 * DAY
        : undefined;
      const created = NOW - 300 * DAY;
      const key = { id: '', tag: 0, algorithm: 13, role, goal, records, created };
      return { ...key, active, dsSeen, dsGone };
    });
}

describe('states of a key through its files', () => {
  const dir = keyFolder();
  it.each(['ksk', 'zsk', 'csk'] as const)('%s: what is written is read', (role) => {
    const made = newKey(dir, role, { created: NOW - 300 * DAY });
    fc.assert(
      fc.property(keyOf(role), (states) => {
        const key = { ...states, id: keyId(made.dnskey), tag: made.tag };
        writeKey(made, filesOf(key, made, [key], POLICY, NOW));
        const [pair] = readKeys(dir, ZONE).filter(({ tag }) => tag === made.tag);
        expect(stateRole(pair.state)).toBe(role);
        const note = { ...NO_NOTE, known: [{ id: key.id, tag: key.tag, role }] };
        const again = engineKey(pair, role, [pair], note, POLICY, undefined, NOW);
        for (const record of recordsOf(role)) {
          expect(again.records[record]).toMatchObject(key.records[record]!);
        }
        expect(again).toMatchObject({ goal: key.goal, active: key.active, created: key.created });
        expect(again.dsSeen).toBe(key.dsSeen);
        expect(again.dsGone).toBe(key.dsGone);
      }),
      { numRuns: 60 },
    );
  });
});

describe('builds and keys', { timeout: 60_000 }, () => {
  it('a run killed between publication and key files is made good', async () => {
    const folder = await newZone();
    const before = join(folder, 'before');
    await zonewrightOk(['build', '--now', '2026-01-01'], { cwd: folder });
    cpSync(join(folder, 'keys'), join(before, 'keys'), { recursive: true });
    cpSync(join(folder, 'state', 'keys'), join(before, 'state'), { recursive: true });
    await zonewrightOk(['build', '--now', '2026-01-04'], { cwd: folder });
    const after = await statusOf(folder, '2026-01-04');
    expect(after.find(({ role }) => role === 'ksk')?.states.ds).toBe('rumoured');
    // As if the second run had been killed right after the switch.
    for (const [from, to] of [
      ['keys', 'keys'],
      ['state', 'state/keys'],
    ]) {
      rmSync(join(folder, to), { recursive: true });
      renameSync(join(before, from), join(folder, to));
    }
    expect(await statusOf(folder, '2026-01-04')).toEqual(after);
    const { stderr } = await zonewrightOk(['build', '--now', '2026-01-04T01:00:00Z'], {
      cwd: folder,
    });
    expect(stderr).toContain('brought to what was published');
    expect(await statusOf(folder, '2026-01-04T01:00:00Z')).toEqual(after);
  });

  it('a new algorithm signs before its keys are published, and an old one after', async () => {
    const folder = await newZone();
    await zonewrightOk(['build', '--now', '2026-01-01'], { cwd: folder });
    const config = join(folder, 'zonewright.toml');
    const text = readFileSync(config, 'utf8');
    writeFileSync(config, text.replace('[policy.p]', '[policy.p]\nalgorithm = "ED25519"'));
    await zonewrightOk(['build', '--now', '2026-01-04'], { cwd: folder });
    const zone = join(folder, 'out', 'example', 'current', 'example.zone');
    const records = readZoneText(zone);
    const algorithms = (type: string, field: number): Set<string> =>
      new Set(records.filter((one) => one.type === type).map((one) => one.rdata.split(' ')[field]));
    expect(algorithms('DNSKEY', 2)).toEqual(new Set(['13']));
    expect(algorithms('RRSIG', 1)).toEqual(new Set(['13', '15']));
    const verify = ['verify', zone, '--zone', 'example', '--now', '2026-01-04T01:00:00Z'];
    const { stderr } = await zonewrightOk(verify);
    expect(stderr).toContain('algorithm that no DNSKEY has');
  });

  it('double DS: CDS asks for the DS of a KSK that is not published yet', async () => {
    const folder = await newZone('ksk-roll = "double-ds"');
    const [at, build] = ['--now', 'build'];
    for (const day of ['01', '04']) {
      await zonewrightOk([build, at, `2026-01-${day}`], { cwd: folder });
    }
    const [old] = (await statusOf(folder, '2026-01-04')).filter(({ role }) => role === 'ksk');
    const zone = ['--zone', 'example'];
    const seen = ['keys', 'ds-seen', ...zone, '--tag', `${old?.tag}`, at, '2026-01-05'];
    await zonewrightOk(seen, { cwd: folder });
    await zonewrightOk([build, at, '2026-01-08'], { cwd: folder });
    const roll = ['keys', 'roll', ...zone, '--role', 'ksk', at, '2026-01-08T12:00:00Z'];
    await zonewrightOk(roll, { cwd: folder });
    await zonewrightOk([build, at, '2026-01-09'], { cwd: folder });
    const records = readZoneText(join(folder, 'out', 'example', 'current', 'example.zone'));
    const of = (type: string) => records.filter((record) => record.type === type);
    const ksks = (await statusOf(folder, '2026-01-09')).filter(({ role }) => role === 'ksk');
    expect(
      of('CDS')
        .map(({ rdata }) => Number(rdata.split(' ')[0]))
        .sort(),
    ).toEqual(ksks.map(({ tag }) => tag).sort());
    expect(of('CDNSKEY')).toHaveLength(2);
    expect(of('DNSKEY').filter(({ rdata }) => rdata.startsWith('257'))).toHaveLength(1);
  });

  it('a zone that goes insecure is built unsigned in the end, and can be signed again', async () => {
    const folder = await newZone();
    const build = (day: number) =>
      zonewrightOk(['build', '--now', `2026-01-${String(day).padStart(2, '0')}`], { cwd: folder });
    const types = (): Set<string> => {
      const file = join(folder, 'out', 'example', 'current', 'example.zone');
      return new Set(readZoneText(file).map(({ type }) => type));
    };
    await build(1);
    const config = join(folder, 'zonewright.toml');
    const text = readFileSync(config, 'utf8');
    writeFileSync(config, text.replace('[policy.p]', '[policy.p]\ninsecure = true'));
    // Its DS was never at the parent: nobody has to be waited for.
    for (const day of [2, 4, 6, 8]) await build(day);
    expect(types()).toEqual(new Set(['SOA', 'NS', 'A', 'ZONEMD']));
    expect(readdirSync(join(folder, 'keys')).filter((name) => name.startsWith('K'))).toEqual([]);
    await build(9);
    writeFileSync(config, text);
    const { status, stderr } = await zonewright(['build', '--now', '2026-01-10'], { cwd: folder });
    expect(status).toBe(4);
    expect(stderr).toContain('keys generate');
    await zonewrightOk(['keys', 'generate', '--now', '2026-01-10'], { cwd: folder });
    await build(10);
    for (const type of ['DNSKEY', 'RRSIG', 'NSEC3', 'NSEC3PARAM']) expect(types()).toContain(type);
  });

  it('waits for the greatest TTL that was published, also when that was long ago', async () => {
    const folder = await newZone('zsk-lifetime = "P20D"\nsignature-validity = "P30D"');
    const file = join(folder, 'example.zone');
    // A signed RRset of a delegation with nothing else to it.
    const ds = `ds.example. 864000 in ns ns.test.\nds.example. 864000 in ds 1 13 2 ${'AB'.repeat(32)}\n`;
    writeFileSync(file, TEXT + ds);
    await zonewrightOk(['build', '--now', '2026-01-01'], { cwd: folder });
    // The timer was off, and all the while the zone was served.
    writeFileSync(file, TEXT + ds.replaceAll('864000', '60'));
    await zonewrightOk(['build', '--now', '2026-01-19'], { cwd: folder });
    await zonewrightOk(['build', '--now', '2026-01-21'], { cwd: folder });
    await zonewrightOk(['build', '--now', '2026-01-23'], { cwd: folder });
    const { stdout } = await zonewrightOk(['keys', 'status', '--now', '2026-01-23'], {
      cwd: folder,
    });
    expect(stdout).toContain('waits until 2026-02-02T02:00:00Z: the set of zone signatures');
    expect(stdout).toContain('largest TTL of the zone as seen');
  });

  it('going insecure takes the DS away, and then keys and signatures', async () => {
    const folder = await newZone();
    for (const day of ['01', '04']) {
      await zonewrightOk(['build', '--now', `2026-01-${day}`], { cwd: folder });
    }
    const ksk = (await statusOf(folder, '2026-01-04')).find(({ role }) => role === 'ksk')!.tag;
    const note = (name: string, day: string) =>
      zonewrightOk(['keys', name, '--zone', 'example', '--tag', `${ksk}`, '--now', day], {
        cwd: folder,
      });
    await note('ds-seen', '2026-01-04');
    await zonewrightOk(['build', '--now', '2026-01-06'], { cwd: folder });
    const config = join(folder, 'zonewright.toml');
    const text = readFileSync(config, 'utf8');
    writeFileSync(config, text.replace('[policy.p]', '[policy.p]\ninsecure = true'));
    await zonewrightOk(['build', '--now', '2026-01-07'], { cwd: folder });
    const records = () => readZoneText(join(folder, 'out', 'example', 'current', 'example.zone'));
    const cds = records().filter(({ type }) => type === 'CDS' || type === 'CDNSKEY');
    expect(cds.map(({ rdata }) => rdata).sort()).toEqual(['0 0 0 00', '0 3 0 AA==']);
    await note('ds-gone', '2026-01-08');
    await zonewrightOk(['build', '--now', '2026-01-09'], { cwd: folder });
    expect(records().some(({ type }) => type === 'RRSIG')).toBe(true);
    for (const day of ['10', '14', '20']) {
      await zonewrightOk(['build', '--now', `2026-01-${day}`], { cwd: folder });
      const types = new Set(records().map(({ type }) => type));
      for (const type of ['RRSIG', 'DNSKEY', 'NSEC3', 'NSEC3PARAM', 'CDS']) {
        expect(types.has(type), `${type} on ${day}`).toBe(false);
      }
    }
  });

  it('a build that is refused changes no key', async () => {
    const folder = await newZone();
    await zonewrightOk(['build', '--now', '2026-01-01'], { cwd: folder });
    const files = (): string[] =>
      readdirSync(join(folder, 'keys'))
        .sort()
        .map((name) => `${name}\n${readFileSync(join(folder, 'keys', name), 'utf8')}`);
    const before = files();
    writeFileSync(join(folder, 'example.zone'), TEXT.replace(' soa ', ' txt '));
    const { status } = await zonewright(['build', '--now', '2026-01-04'], { cwd: folder });
    expect(status).toBe(3);
    expect(files()).toEqual(before);
  });

  it('a key that is lost ends the build, and no other is made in its place', async () => {
    const folder = await newZone();
    await zonewrightOk(['build', '--now', '2026-01-01'], { cwd: folder });
    const lost = readdirSync(join(folder, 'keys'));
    mkdirSync(join(folder, 'lost'));
    for (const name of lost) renameSync(join(folder, 'keys', name), join(folder, 'lost', name));
    const { status, stderr } = await zonewright(['build', '--now', '2026-01-02'], { cwd: folder });
    expect(status).toBe(4);
    expect(stderr).toMatch(/SK with tag \d+ is not in the key folder/);
    expect(readdirSync(join(folder, 'keys'))).toEqual([]);
  });

  it('a dry run makes no key and changes none', async () => {
    const folder = await newZone('zsk-lifetime = "P10D"');
    await zonewrightOk(['build', '--now', '2026-01-01'], { cwd: folder });
    const before = readdirSync(join(folder, 'keys')).sort();
    const { stderr } = await zonewrightOk(['build', '--dry-run', '--now', '2026-01-12'], {
      cwd: folder,
    });
    expect(stderr).toContain('would make a new ZSK');
    expect(readdirSync(join(folder, 'keys')).sort()).toEqual(before);
    await zonewrightOk(['build', '--now', '2026-01-12'], { cwd: folder });
    expect(readdirSync(join(folder, 'keys'))).toHaveLength(before.length + 3);
  });

  it('refusals name the earliest time and the rule; an emergency says what breaks', async () => {
    const folder = await newZone();
    await zonewrightOk(['build', '--now', '2026-01-01'], { cwd: folder });
    const ksk = (await statusOf(folder, '2026-01-01')).find(({ role }) => role === 'ksk')!.tag;
    const seen = ['keys', 'ds-seen', '--zone', 'example', '--tag', `${ksk}`];
    const early = await zonewright([...seen, '--now', '2026-01-01T06:00:00Z'], { cwd: folder });
    expect(early.status).toBe(4);
    expect(early.stderr).toContain('earliest lawful time is 2026-01-03T02:00:00Z');
    expect(early.stderr).toContain('rule 2');
    expect(early.stderr).toContain('2026-01-01T00:00:00Z + PT1H + P2D + PT1H');
    const future = await zonewright([...seen, '--at', '2026-02-01', '--now', '2026-01-05'], {
      cwd: folder,
    });
    expect(future.status).toBe(2);
    const roll = ['keys', 'roll', '--zone', 'example', '--role', 'zsk', '--now', '2026-01-05'];
    const silent = await zonewright([...roll, '--emergency'], { cwd: folder });
    expect(silent.status).toBe(2);
    await zonewrightOk(['build', '--now', '2026-01-04'], { cwd: folder });
    const loud = await zonewrightOk([...roll, '--emergency', '--reason', 'copied'], {
      cwd: folder,
    });
    expect(loud.stderr).toMatch(/breaks for resolvers that hold older data, until 2026-01-\d\dT/);
    const audit = readFileSync(join(folder, 'state', 'audit.jsonl'), 'utf8');
    expect(audit).toContain('"reason":"copied"');
  });

  it('a damaged note ends with exit 4 and what to do', async () => {
    const folder = await newZone();
    await zonewrightOk(['build', '--now', '2026-01-01'], { cwd: folder });
    writeFileSync(join(folder, 'state', 'keys', 'example.json'), '{"version":1');
    const { status, stderr } = await zonewright(['build', '--now', '2026-01-02'], { cwd: folder });
    expect(status).toBe(4);
    expect(stderr).toContain('example.json');
  });
});
