/**
 * What goes wrong with keys when nobody is at fault, or somebody is: lost private halves, clocks that
 * are set back, keys brought from elsewhere, wrong statements about the parent. No build may publish
 * what validators with older data call bogus, and no command may stop the builds that come.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keyTag } from '#zonewright/dnssec/keytag.js';
import { readKeys } from '#zonewright/keys/store.js';
import { writeKey } from '#zonewright/keys/write.js';
import { zonewright, zonewrightOk } from '../../tools/cli.js';
import { describeWithTools, judge, judges } from '../../tools/judges.js';
import { readZoneText } from '../../tools/zone-text.js';
import { ZONE } from '../helpers.js';
import { newZone, statusOf } from './small-zone.js';

const at = (day: string): string[] => ['--now', `2026-${day}`];
const zone = ['--zone', 'example'];

async function build(folder: string, ...days: string[]): Promise<void> {
  for (const day of days) await zonewrightOk(['build', ...at(day)], { cwd: folder });
}

async function keys(folder: string, day: string, ...args: string[]) {
  return zonewright(['keys', ...args, ...zone, ...at(day)], { cwd: folder });
}

async function keysOk(folder: string, day: string, ...args: string[]): Promise<string> {
  const { stdout } = await zonewrightOk(['keys', ...args, ...zone, ...at(day)], { cwd: folder });
  return stdout;
}

const published = (folder: string) =>
  readZoneText(join(folder, 'out', 'example', 'current', 'example.zone'));

/** The tags of the keys that sign a type at the apex. */
const signersOf = (folder: string, type: string): number[] =>
  published(folder)
    .filter((record) => record.type === 'RRSIG' && record.owner === 'example.')
    .map(({ rdata }) => rdata.split(' '))
    .filter(([covered]) => covered === type)
    .map((fields) => Number(fields[6]))
    .sort((a, b) => a - b);

/** The tags of the published keys. */
const dnskeyTags = (folder: string): number[] =>
  published(folder)
    .filter(({ type }) => type === 'DNSKEY')
    .map(({ rdata }) => {
      const [flags, protocol, algorithm, ...key] = rdata.split(' ');
      const head = [Number(flags) >> 8, Number(flags) & 255, Number(protocol), Number(algorithm)];
      return keyTag(new Uint8Array([...head, ...Buffer.from(key.join(''), 'base64')]));
    });

async function tagOf(folder: string, role: string, day: string, goal = 'omnipresent') {
  const found = (await statusOf(folder, `2026-${day}`)).find(
    (key) => key.role === role && key.goal === goal,
  );
  return found!.tag;
}

/** The names of a key's files. */
const filesOf = (dir: string, tag: number): string[] =>
  readdirSync(dir).filter((name) => name.includes(`+${String(tag).padStart(5, '0')}.`));

/** The `.state` file of a key. */
const stateOf = (folder: string, tag: number): string => {
  const dir = join(folder, 'keys');
  const name = filesOf(dir, tag).find((one) => one.endsWith('.state'));
  return readFileSync(join(dir, name as string), 'utf8');
};

/** A zone whose DS was seen and is known to all. */
async function settled(policy = ''): Promise<string> {
  const folder = await newZone(policy);
  await build(folder, '01-01', '01-04');
  const ksk = await tagOf(folder, policy.includes('csk') ? 'csk' : 'ksk', '01-04');
  await keysOk(folder, '01-05', 'ds-seen', '--tag', `${ksk}`);
  await build(folder, '01-08');
  return folder;
}

describe('keys in hand', { timeout: 120_000 }, () => {
  it('a private half that is lost in the middle of a roll ends the build', async () => {
    const folder = await settled();
    await keysOk(folder, '01-10', 'roll', '--role', 'ksk');
    await build(folder, '01-10');
    const old = await tagOf(folder, 'ksk', '01-10', 'hidden');
    const next = await tagOf(folder, 'ksk', '01-10');
    const file = readKeys(join(folder, 'keys'), ZONE).find(({ tag }) => tag === next)!.privateFile!;
    renameSync(file, join(folder, 'lost'));
    const { status, stderr } = await zonewright(['build', ...at('01-11')], { cwd: folder });
    expect(status).toBe(4);
    expect(stderr).toContain(`the KSK with tag ${next} of example signs`);
    expect(stderr).toContain(basename(file));
    expect(signersOf(folder, 'DNSKEY')).toEqual([old, next].sort((a, b) => a - b));
    const { stdout } = await zonewright(['doctor', ...at('01-11')], { cwd: folder });
    expect(stdout).toContain(`the KSK with tag ${next}`);
    renameSync(join(folder, 'lost'), file);
    await build(folder, '01-12');
  });

  it.each(['zsk', 'ksk', 'csk'])(
    'a %s that is lost for good is replaced in an emergency',
    async (role) => {
      const folder = await settled(role === 'csk' ? 'csk = true' : '');
      const old = await tagOf(folder, role, '01-08');
      const pair = readKeys(join(folder, 'keys'), ZONE).find(({ tag }) => tag === old)!;
      rmSync(pair.privateFile!);
      const refused = await zonewright(['build', ...at('01-09')], { cwd: folder });
      expect(refused.status).toBe(4);
      expect(refused.stderr).toContain('--emergency');
      const flags = ['--role', role, '--emergency', '--reason', 'lost'];
      await keysOk(folder, '01-09', 'roll', ...flags);
      await build(folder, '01-09T01:00:00Z', '01-09T02:00:00Z', '01-10');
      const next = await tagOf(folder, role, '01-10');
      expect(next).not.toBe(old);
      expect(signersOf(folder, role === 'ksk' ? 'DNSKEY' : 'SOA')).toEqual([next]);
      if (role === 'zsk') return;
      // The parent can follow.
      expect(signersOf(folder, 'DNSKEY')).toEqual([next]);
      const cds = published(folder).filter(({ type }) => type === 'CDS');
      expect(cds.map(({ rdata }) => rdata.split(' ')[0])).toContain(`${next}`);
      await keysOk(folder, '01-10', 'ds-seen', '--tag', `${next}`);
      await keysOk(folder, '01-10', 'ds-gone', '--tag', `${old}`);
      await build(folder, '01-11', '01-14', '01-17', '01-25');
      expect(dnskeyTags(folder)).not.toContain(old);
    },
  );

  it('a key that is imported into a zone in hand is known to nobody yet', async () => {
    const folder = await settled();
    const other = await newZone();
    const old = await tagOf(folder, 'zsk', '01-08');
    // From another store, whose files say that every cache has known it for long.
    await build(other, '01-01', '01-04');
    const stranger = await tagOf(other, 'zsk', '01-04');
    const from = join(folder, 'given');
    mkdirSync(from, { mode: 0o700 });
    for (const name of filesOf(join(other, 'keys'), stranger)) {
      cpSync(join(other, 'keys', name), join(from, name));
    }
    await keysOk(folder, '01-09', 'import', '--from', from);
    await keysOk(folder, '01-09', 'roll', '--role', 'zsk');
    await build(folder, '01-09T01:00:00Z');
    // Resolvers may hold the DNSKEY RRset without the stranger for two days more.
    expect(signersOf(folder, 'SOA')).toContain(old);
    await build(folder, '01-10');
    expect(signersOf(folder, 'SOA')).toContain(old);
    const tags = (await statusOf(folder, '2026-01-10')).map(({ tag, states }) => [tag, states]);
    expect(Object.fromEntries(tags)[stranger]).toMatchObject({ dnskey: 'rumoured' });
  });

  it("an old KSK that is brought back does not claim its DS, nor any other key's place", async () => {
    const folder = await settled();
    const old = await tagOf(folder, 'ksk', '01-08');
    cpSync(join(folder, 'keys'), join(folder, 'bak'), { recursive: true });
    await keysOk(folder, '01-10', 'roll', '--role', 'ksk');
    await build(folder, '01-10', '01-13');
    const next = await tagOf(folder, 'ksk', '01-13');
    await keysOk(folder, '01-14', 'ds-seen', '--tag', `${next}`);
    await keysOk(folder, '01-14', 'ds-gone', '--tag', `${old}`);
    await build(folder, '01-17', '01-20', '01-23', '02-20', '03-20');
    const left = (await statusOf(folder, '2026-03-20')).map(({ tag }) => tag);
    expect(left).not.toContain(old);
    rmSync(join(folder, 'keys', 'trash'), { recursive: true, force: true });
    await keysOk(folder, '03-21', 'import', '--from', join(folder, 'bak'));
    const ds = await keysOk(folder, '03-21', 'ds');
    expect(ds).not.toMatch(new RegExp(`key ${old} of example. at the parent`));
    const revoke = await keys(folder, '03-21', 'revoke', '--tag', `${next}`);
    expect(revoke.status).toBe(4);
  });

  it('impossible times of the DS are refused, and a wrong one can be corrected', async () => {
    const folder = await settled();
    const old = await tagOf(folder, 'ksk', '01-08');
    await keysOk(folder, '01-10', 'roll', '--role', 'ksk');
    await build(folder, '01-10', '01-13');
    const next = await tagOf(folder, 'ksk', '01-13');
    const made = await keys(folder, '01-14', 'ds-seen', '--tag', `${next}`, '--at', '2025-01-13');
    expect(made.status).toBe(4);
    expect(made.stderr).toContain('the key was made at 2026-01-10T00:00:00Z');
    const gone = await keys(folder, '01-14', 'ds-gone', '--tag', `${old}`, '--at', '2026-01-04');
    expect(gone.status).toBe(4);
    expect(gone.stderr).toContain('came there after 2026-01-05T00:00:00Z');
    const seen = (time: string) =>
      keysOk(folder, '01-14', 'ds-seen', '--tag', `${next}`, '--at', time);
    await seen('2026-01-13T06:00:00Z');
    expect(stateOf(folder, next)).toContain('DSPublish: 20260113060000');
    await seen('2026-01-13T09:00:00Z');
    expect(stateOf(folder, next)).toContain('DSPublish: 20260113090000');
    // Who says it again without a time has seen it again.
    await keysOk(folder, '01-14', 'ds-seen', '--tag', `${next}`);
    expect(stateOf(folder, next)).toContain('DSPublish: 20260113090000');
  });

  it('a clock that is set back for some hours takes nothing away', async () => {
    const folder = await settled();
    await keysOk(folder, '01-10', 'roll', '--role', 'zsk');
    await build(folder, '01-10', '01-14');
    const next = await tagOf(folder, 'zsk', '01-14');
    expect(stateOf(folder, next)).toContain('Active: 20260114000000');
    await build(folder, '01-13T22:00:00Z');
    expect(stateOf(folder, next)).toContain('Active: 20260114000000');
    expect(signersOf(folder, 'SOA')).toEqual([next]);
  });

  it('keys of another signer are published, and do no work of ours', async () => {
    const folder = await settled();
    const other = await newZone();
    const [stranger] = readKeys(join(other, 'keys'), ZONE).filter((key) => key.flags === 256);
    cpSync(stranger.file, join(folder, 'keys', basename(stranger.file)));
    await build(folder, '01-09');
    await keysOk(folder, '01-10', 'roll', '--role', 'zsk');
    const old = await tagOf(folder, 'zsk', '01-10');
    await build(folder, '01-10', '01-14', '01-20');
    expect(dnskeyTags(folder)).toContain(stranger.tag);
    expect(dnskeyTags(folder)).not.toContain(old);
    const [signer, ...others] = signersOf(folder, 'SOA');
    expect(others).toEqual([]);
    expect([old, stranger.tag]).not.toContain(signer);
    const { stdout } = await keys(folder, '01-20', 'list', '--json');
    const listed = (JSON.parse(stdout) as { keys: { tag: number }[] }).keys;
    expect(listed.map(({ tag }) => tag)).toContain(stranger.tag);
    // It may go as it came: nobody counts on it.
    rmSync(join(folder, 'keys', basename(stranger.file)));
    await build(folder, '01-21');
  });

  it('a roll that takes the place of one that was asked for says so', async () => {
    const folder = await settled();
    await keysOk(folder, '01-10', 'roll', '--role', 'ksk', '--at', '2026-02-01');
    const again = await keysOk(folder, '01-10', 'roll', '--role', 'ksk', '--at', '2026-03-01');
    expect(again).toContain('and not at 2026-02-01T00:00:00Z as was asked for');
  });

  it('a Revoke time to come is not followed, and that is said', async () => {
    const folder = await settled();
    const [pair] = readKeys(join(folder, 'keys'), ZONE).filter((key) => key.flags === 257);
    const state = pair.file.replace(/key$/, 'state');
    const text = readFileSync(pair.privateFile!, 'utf8');
    writeKey(pair, { state: pair.state, timing: { ...pair.timing, revoke: 1_772_323_200 } });
    expect(readFileSync(state, 'utf8')).toContain('Revoked: 20260301');
    expect(text).not.toContain('Revoke:');
    const { stderr } = await zonewrightOk(['build', ...at('01-09')], { cwd: folder });
    expect(stderr).toContain(`key ${pair.tag} has the Revoke time 2026-03-01T00:00:00Z`);
  });
});

describe('an offline KSK', { timeout: 120_000 }, () => {
  /** Where no configuration is, as on the offline machine. */
  const ELSEWHERE = '/';

  /** The KSK in the folder `offline` signs until March. */
  async function ceremony(folder: string, offline: string, day: string): Promise<void> {
    await keysOk(folder, day, 'request', '--to', '2026-03-01', '--out', 'a.ksr');
    const sign = ['keys', 'sign-request', join(folder, 'a.ksr'), ...zone, '--key-dir', offline];
    const out = ['--out', join(folder, 'a.skr'), '--yes', ...at(day)];
    await zonewrightOk([...sign, ...out], { cwd: ELSEWHERE });
    await keysOk(folder, day, 'import-response', 'a.skr');
  }

  /** A zone whose KSK is in the folder `ksk`, and has signed until March. */
  async function offlineZone(policy = ''): Promise<string> {
    const folder = await newZone(policy);
    rmSync(join(folder, 'keys'), { recursive: true });
    mkdirSync(join(folder, 'keys'), { mode: 0o700 });
    const ksk = join(folder, 'ksk');
    const made = ['--role', 'ksk', '--key-dir', ksk];
    await zonewrightOk(['keys', 'generate', ...zone, ...made, ...at('01-01')], { cwd: ELSEWHERE });
    for (const name of readdirSync(ksk)) {
      if (name.endsWith('.key')) cpSync(join(ksk, name), join(folder, 'keys', name));
    }
    // The KSK's .key is there first, as README has it; what lacks is the ZSK, and no CSK.
    const zsk = await keysOk(folder, '01-01', 'generate', '--role', 'zsk');
    expect(zsk.trim().split('\n')).toHaveLength(1);
    await ceremony(folder, ksk, '01-01');
    await build(folder, '01-02');
    return folder;
  }
  it('what is said of the parent changes no time that the KSK has signed for', async () => {
    const folder = await newZone('zsk-lifetime = "P20D"');
    await build(folder, '01-01', '01-04');
    const ksk = await tagOf(folder, 'ksk', '01-04');
    const offline = join(folder, 'ksk');
    mkdirSync(offline, { mode: 0o700 });
    for (const name of filesOf(join(folder, 'keys'), ksk)) {
      cpSync(join(folder, 'keys', name), join(offline, name));
      if (name.endsWith('.private')) rmSync(join(folder, 'keys', name));
    }
    await ceremony(folder, offline, '01-05');
    const times = () =>
      readKeys(join(folder, 'keys'), ZONE)
        .filter((key) => key.flags === 256)
        .map(({ tag, timing }) => ({ ...timing, tag }));
    const before = times();
    expect(before.some((timing) => timing.delete !== undefined)).toBe(true);
    await keysOk(folder, '01-05', 'ds-seen', '--tag', `${ksk}`);
    expect(times()).toEqual(before);
    await build(folder, '01-06', '01-10', '01-20', '01-22', '01-28', '02-02', '02-09');
  });

  it('what is said of the parent does not stop the builds', async () => {
    const folder = await offlineZone();
    const ksk = await tagOf(folder, 'ksk', '01-02');
    await keysOk(folder, '01-03', 'ds-seen', '--tag', `${ksk}`);
    await build(folder, '01-04', '01-05');
    // Also not where the states of all keys are gone.
    rmSync(join(folder, 'state'), { recursive: true });
    await build(folder, '01-06', '01-07');
    const [zsk] = readKeys(join(folder, 'keys'), ZONE).filter((key) => key.flags === 256);
    expect(zsk.timing.activate).toBe(1_767_225_600);
  });

  // Once right after the ZSKs have changed over, once when that falls to the first build with the KSK.
  it.each([['01-20', '01-22'], ['01-20']])(
    'can be brought back in the middle of a ZSK roll (last build before: %s %s)',
    async (...days) => {
      const folder = await offlineZone('zsk-lifetime = "P20D"');
      await build(folder, '01-10', ...days);
      const before = { signers: signersOf(folder, 'SOA'), dnskeys: dnskeyTags(folder) };
      expect(before.dnskeys).toHaveLength(3);
      const ksk = join(folder, 'ksk');
      for (const name of readdirSync(ksk)) {
        if (name.endsWith('.private')) cpSync(join(ksk, name), join(folder, 'keys', name));
      }
      for (const day of ['01-22T01:00:00Z', '01-23', '01-26', '01-30', '02-09', '02-12']) {
        await build(folder, day);
        const after = { signers: signersOf(folder, 'SOA'), dnskeys: dnskeyTags(folder) };
        // Resolvers may hold the DNSKEY RRset of the build before, or its signatures.
        expect(before.dnskeys, day).toEqual(expect.arrayContaining(after.signers));
        expect(after.dnskeys, day).toEqual(expect.arrayContaining(before.signers));
        Object.assign(before, after);
      }
    },
  );

  it('rolls are refused: no build would carry them out', async () => {
    const folder = await offlineZone();
    for (const role of ['zsk', 'ksk']) {
      const { status, stderr } = await keys(folder, '01-03', 'roll', '--role', role);
      expect(status).toBe(4);
      expect(stderr).toContain('the KSK of example is on another machine');
    }
  });
});

describeWithTools(['kzonecheck', 'kzonesign', 'dnssec-verify', 'faketime'], 'a revoked KSK', () => {
  it('signs the DNSKEY RRset and nothing else, and builds go on', {
    timeout: 180_000,
  }, async () => {
    const folder = await newZone('trust-anchor = true\nsignature-validity = "P30D"');
    await build(folder, '01-01', '01-04', '02-05');
    const old = await tagOf(folder, 'ksk', '02-05');
    await keysOk(folder, '02-06', 'roll', '--role', 'ksk');
    await build(folder, '02-06', '02-10', '02-20', '03-01', '03-10', '03-16', '03-17');
    const revoked = published(folder).filter(
      ({ type, rdata }) => type === 'DNSKEY' && rdata.startsWith('385 '),
    );
    expect(revoked).toHaveLength(1);
    const next = await tagOf(folder, 'ksk', '03-17');
    const tags = signersOf(folder, 'DNSKEY');
    expect(tags).toHaveLength(2);
    expect(tags).toContain(next);
    expect(tags).not.toContain(old);
    expect(signersOf(folder, 'CDS')).toEqual([next]);
    expect(signersOf(folder, 'CDNSKEY')).toEqual([next]);
    const file = join(folder, 'out', 'example', 'current', 'example.zone');
    const now = new Date('2026-03-17T01:00:00Z');
    expect(
      await judges({ zone: 'example.', file, now, only: ['kzonecheck', 'kzonesign'] }),
    ).toEqual([]);
    expect(await judge('dnssec-verify', { zone: 'example.', file, now })).toMatchObject({
      ok: true,
    });
    // A clock that is set back does not give trust again that validators have let go.
    await build(folder, '03-16T22:00:00Z');
    expect(stateOf(folder, old)).toContain('Revoked: ');
    await build(folder, '03-20', '04-20', '05-20');
  });
});
