/** The states of keys shared with BIND's tools: what each side writes, the other reads. */

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import type { GoalState, RecordState, StateFile } from '#zonewright/keys/statefile.js';
import { readKeys } from '#zonewright/keys/store.js';
import { stateFileOf, writeKey } from '#zonewright/keys/write.js';
import { describeWithTools, toolPath } from '../tools/judges.js';
import { ACTIVE, DAY, keyFolder, NOW, newKey, text, ZONE } from './helpers.js';

function bind(dir: string, tool: string, ...args: readonly string[]): string {
  return execFileSync(toolPath(tool), args, {
    cwd: dir,
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

const HOUR = 3600;

/** Every field that dnssec-settime can show or keep. */
const FULL: StateFile = {
  algorithm: 13,
  length: 256,
  lifetime: 90 * DAY,
  predecessor: 11,
  successor: 22,
  ksk: true,
  zsk: true,
  generated: NOW,
  published: NOW + HOUR,
  active: NOW + 2 * HOUR,
  retired: NOW + 3 * HOUR,
  revoked: NOW + 4 * HOUR,
  removed: NOW + 5 * HOUR,
  dsPublish: NOW + 6 * HOUR,
  dsRemoved: NOW + 7 * HOUR,
  publishCds: NOW + 8 * HOUR,
  deleteCds: NOW + 9 * HOUR,
  dsPubCount: 3,
  dnskeyChange: NOW + 11 * HOUR,
  zrrsigChange: NOW + 12 * HOUR,
  krrsigChange: NOW + 13 * HOUR,
  dsChange: NOW + 14 * HOUR,
  dnskey: 'rumoured',
  zrrsig: 'omnipresent',
  krrsig: 'unretentive',
  ds: 'hidden',
  goal: 'hidden',
};

const stamp = (time: number): string =>
  new Date(time * 1000).toISOString().replaceAll(/\D/g, '').slice(0, 14);

describeWithTools(['dnssec-keygen', 'dnssec-settime', 'dnssec-signzone'], 'BIND', () => {
  it('dnssec-settime shows every time that we write', () => {
    const dir = keyFolder();
    const key = newKey(dir, 'csk');
    writeKey(key, { state: FULL });
    const printed = bind(dir, 'dnssec-settime', '-u', '-p', 'all', basename(key.file));
    expect(printed.trimEnd().split('\n')).toEqual([
      `Created: ${FULL.generated}`,
      `Publish: ${FULL.published}`,
      `Activate: ${FULL.active}`,
      `Revoke: ${FULL.revoked}`,
      `Inactive: ${FULL.retired}`,
      `Delete: ${FULL.removed}`,
      `SYNC Publish: ${FULL.publishCds}`,
      `SYNC Delete: ${FULL.deleteCds}`,
      `DS Publish: ${FULL.dsPublish}`,
      `DS Delete: ${FULL.dsRemoved}`,
    ]);
  });

  it('dnssec-settime -s, which rewrites the file, leaves every field as we wrote it', () => {
    const dir = keyFolder();
    const key = newKey(dir, 'csk');
    writeKey(key, { state: FULL });
    const ours = text(stateFileOf(key));
    // More lines that BIND does not know must not push a state out of what it reads.
    writeFileSync(stateFileOf(key), `${ours}X-One: 1\nX-Two: 2\nX-Three: 3\n`);
    bind(dir, 'dnssec-settime', '-s', '-A', stamp(NOW + 10 * HOUR), basename(key.file));
    const [read] = readKeys(dir, ZONE);
    expect(text(stateFileOf(key))).not.toBe(ours);
    expect(read.state).toEqual({ ...FULL, active: NOW + 10 * HOUR });
    expect(read.timing.activate).toBe(NOW + 10 * HOUR);
  });

  it.each([
    [['hidden', 'hidden', 'hidden', 'hidden'], 'omnipresent'],
    [['rumoured', 'omnipresent', 'unretentive', 'hidden'], 'omnipresent'],
    [['unretentive', 'rumoured', 'omnipresent', 'rumoured'], 'hidden'],
    [['omnipresent', 'unretentive', 'rumoured', 'unretentive'], 'hidden'],
  ] as const)('states that dnssec-settime -s writes are read: %j, goal %s', (states, goal) => {
    const dir = keyFolder();
    const stem = bind(dir, 'dnssec-keygen', '-q', '-a', '13', '-f', 'KSK', 'example').trim();
    const [dnskey, zrrsig, krrsig, ds] = states;
    const change = (flag: string, state: string, hours: number): string[] => [
      flag,
      state,
      stamp(NOW + hours * HOUR),
    ];
    const args = [
      ...['-g', goal],
      ...change('-k', dnskey, 1),
      ...change('-z', zrrsig, 2),
      ...change('-r', krrsig, 3),
      ...change('-d', ds, 4),
      ...['-P', stamp(NOW), '-A', stamp(NOW + 5 * HOUR), '-R', stamp(NOW + 6 * HOUR)],
      ...['-I', stamp(NOW + 7 * HOUR), '-D', stamp(NOW + 8 * HOUR)],
      ...['-P', 'sync', stamp(NOW + 9 * HOUR), '-D', 'sync', stamp(NOW + 10 * HOUR)],
      ...['-P', 'ds', stamp(NOW + 11 * HOUR), '-D', 'ds', stamp(NOW + 12 * HOUR)],
    ];
    bind(dir, 'dnssec-settime', '-s', ...args, stem);
    const [read] = readKeys(dir, ZONE);
    expect(read.state).toEqual({
      algorithm: 13,
      length: 256,
      generated: read.timing.created,
      published: NOW,
      active: NOW + 5 * HOUR,
      revoked: NOW + 6 * HOUR,
      retired: NOW + 7 * HOUR,
      removed: NOW + 8 * HOUR,
      publishCds: NOW + 9 * HOUR,
      deleteCds: NOW + 10 * HOUR,
      dsPublish: NOW + 11 * HOUR,
      dsRemoved: NOW + 12 * HOUR,
      dnskey,
      dnskeyChange: NOW + HOUR,
      zrrsig,
      zrrsigChange: NOW + 2 * HOUR,
      krrsig,
      krrsigChange: NOW + 3 * HOUR,
      ds,
      dsChange: NOW + 4 * HOUR,
      goal,
    } satisfies StateFile);
    // And what we make of it, BIND takes back without a change.
    writeKey(read, { state: read.state });
    bind(dir, 'dnssec-settime', '-s', '-g', goal, stem);
    expect(readKeys(dir, ZONE)[0].state).toEqual(read.state);
  });

  it('a state that is taken out with "none" has no line, on both sides', () => {
    const dir = keyFolder();
    const key = newKey(dir, 'csk');
    writeKey(key, { state: FULL });
    bind(dir, 'dnssec-settime', '-s', '-d', 'none', 'none', '-g', 'none', basename(key.file));
    const { ds: _, dsChange: __, goal: ___, ...rest } = FULL;
    expect(readKeys(dir, ZONE)[0].state).toEqual(rest);
  });

  it('times in the state file count for more than those of the pair, as for dnssec-settime', () => {
    const dir = keyFolder();
    const key = newKey(dir, 'ksk');
    const file = key.privateFile ?? '';
    writeFileSync(file, text(file).replace(/Activate: .*/, 'Activate: 20300101000000'));
    const printed = bind(dir, 'dnssec-settime', '-u', '-p', 'A', basename(key.file));
    expect(printed.trim()).toBe(`Activate: ${NOW}`);
    expect(readKeys(dir, ZONE)[0].timing.activate).toBe(NOW);
  });

  it.each([8, 10, 13, 14, 15, 16])('states of every algorithm are taken: %i', (algorithm) => {
    const dir = keyFolder();
    const key = newKey(dir, 'zsk', ACTIVE, algorithm);
    bind(dir, 'dnssec-settime', '-s', '-g', 'omnipresent', basename(key.file));
    expect(readKeys(dir, ZONE)[0].state?.goal).toBe('omnipresent');
  });

  it('keys of dnssec-keygen -k are read with role, lifetime and goal', () => {
    const dir = keyFolder();
    const policy = (name: string, keys: string): string =>
      `dnssec-policy "${name}" { keys { ${keys} }; };\n`;
    writeFileSync(
      join(dir, 'policies'),
      policy('two', 'ksk lifetime P2Y algorithm 13; zsk lifetime P90D algorithm 13;') +
        policy('one', 'csk lifetime unlimited algorithm 15;'),
    );
    const made = (name: string) => {
      bind(dir, 'dnssec-keygen', '-q', '-k', name, '-l', 'policies', `${name}.example`);
      const zone = Buffer.from(`\x03${name}\x07example\0`, 'latin1');
      return readKeys(dir, new Uint8Array(zone));
    };
    const two = made('two').map((key) => [key.declaredRole, key.state?.lifetime]);
    expect(two.sort()).toEqual([
      ['ksk', 2 * 365 * DAY],
      ['zsk', 90 * DAY],
    ]);
    const [one] = made('one');
    expect(one.declaredRole).toBe('csk');
    expect(one.state).toMatchObject({ lifetime: 0, length: 256, generated: one.timing.created });
  });

  it.each([
    ['omnipresent', 'omnipresent', true, true],
    ['rumoured', 'hidden', true, false],
    ['hidden', 'hidden', false, false],
  ] as [RecordState, RecordState, boolean, boolean][])(
    'dnssec-signzone -S goes by our states: DNSKEY %s, ZRRSIG %s',
    (dnskey, zrrsig, published, signs) => {
      const dir = keyFolder();
      const timing = { created: 1e9, publish: 1e9, activate: 1e9 };
      newKey(dir, 'ksk', timing);
      newKey(dir, 'zsk', timing);
      const third = newKey(dir, 'zsk', timing);
      const goal: GoalState = 'omnipresent';
      writeKey(third, { state: { ...third.state, dnskey, zrrsig, goal } });
      writeFileSync(
        join(dir, 'zone'),
        'example. 60 IN SOA a.example. b.example. 1 60 60 60 60\nexample. 60 IN NS a.example.\na.example. 60 IN A 192.0.2.1\n',
      );
      const args = ['-S', '-q', '-O', 'full', '-o', 'example', '-f', 'signed', 'zone'];
      bind(dir, 'dnssec-signzone', ...args);
      const signed = readFileSync(join(dir, 'signed'), 'utf8');
      const field = Buffer.from(third.dnskey.subarray(4)).toString('base64');
      expect(signed.replaceAll(/\s/g, '').includes(field)).toBe(published);
      expect(new RegExp(`\\sRRSIG\\s+SOA 13 .* ${third.tag} example\\.`).test(signed)).toBe(signs);
    },
  );
});
