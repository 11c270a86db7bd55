/** `.state` files: every field there and back, what is kept, and what is refused. */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  parseStateFile,
  rewriteStateFile,
  type StateFile,
  stateFileText,
  stateRole,
  stateTiming,
  withTiming,
} from '#zonewright/keys/statefile.js';
import { readKeys } from '#zonewright/keys/store.js';
import { stateFileOf, writeKey } from '#zonewright/keys/write.js';
import { ACTIVE, bindLikeKey, DAY, keyFolder, NOW, newKey, refusalWith, ZONE } from './helpers.js';

const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const record = fc.constantFrom('hidden', 'rumoured', 'omnipresent', 'unretentive');

/** Every field that BIND 9.18 and 9.20 know; each may be there or not. */
const STATE: fc.Arbitrary<StateFile> = fc.record(
  {
    algorithm: fc.integer({ min: 0, max: 255 }),
    length: u32,
    lifetime: u32,
    predecessor: u32,
    successor: u32,
    ksk: fc.boolean(),
    zsk: fc.boolean(),
    generated: u32,
    published: u32,
    active: u32,
    retired: u32,
    revoked: u32,
    removed: u32,
    dsPublish: u32,
    dsRemoved: u32,
    dnskeyChange: u32,
    zrrsigChange: u32,
    krrsigChange: u32,
    dsChange: u32,
    dnskey: record,
    zrrsig: record,
    krrsig: record,
    ds: record,
    goal: fc.constantFrom('hidden', 'omnipresent'),
    publishCds: u32,
    deleteCds: u32,
    dsPubCount: u32,
    dsDelCount: u32,
    sigPublish: u32,
    sigRemoved: u32,
  },
  { requiredKeys: [] },
) as fc.Arbitrary<StateFile>;

/** Lines that no version of BIND knows, and comments. */
const STRANGER = fc.oneof(
  fc.stringMatching(/^X-[A-Za-z]{1,8}: [ -~]{0,12}$/),
  fc.stringMatching(/^; [a-z ]{0,12}$/),
);

const parse = (text: string) => parseStateFile(text, 'K.state');

describe('a state file', () => {
  it('comes back as it was written, every field', () => {
    fc.assert(
      fc.property(STATE, (state) => {
        expect(parse(stateFileText(state, ZONE, 4711))).toEqual(state);
      }),
    );
  });

  it('comes back from a rewritten file, whose unknown lines and comments are all kept', () => {
    fc.assert(
      fc.property(
        STATE,
        STATE,
        fc.array(fc.tuple(fc.nat(30), STRANGER), { maxLength: 8 }),
        (before, after, strangers) => {
          const lines = stateFileText(before, ZONE, 4711).split('\n');
          for (const [at, line] of strangers) lines.splice(1 + (at % lines.length), 0, line);
          const text = rewriteStateFile(lines.join('\n'), after);
          expect(parse(text)).toEqual(after);
          const kept = text
            .split('\n')
            .slice(1)
            .filter((line) => /^(?:X-|;)/.test(line));
          expect(kept.sort()).toEqual(strangers.map(([, line]) => line).sort());
          expect(rewriteStateFile(text, after)).toBe(text);
        },
      ),
    );
  });

  it('has its head, algorithm and length first, as BIND demands, and its states among the first 24', () => {
    fc.assert(
      fc.property(STATE, fc.array(STRANGER, { maxLength: 8 }), (some, strangers) => {
        const state = { ...some, algorithm: 13, length: 256 };
        const text = rewriteStateFile(['; mine', ...strangers, 'KSK: no', ''].join('\n'), state);
        const lines = text.split('\n');
        expect(lines.slice(0, 3)).toEqual(['; mine', 'Algorithm: 13', 'Length: 256']);
        const tags = lines.slice(3).filter((line) => line !== '' && !line.startsWith(';'));
        const last = tags.findLastIndex((line) => /^(?:\w+State|\w+Change|[KZ]SK): /.test(line));
        expect(last).toBeLessThan(24);
      }),
    );
  });

  it('reads what BIND writes and what BIND reads of the fields that have two names, in any case', () => {
    expect(parse('; x\nPublishCDS: 20261122000000 (Sun)\ndeletecds: 20261123000000\n')).toEqual({
      publishCds: NOW,
      deleteCds: NOW + DAY,
    });
    expect(
      parse('; x\nSyncPublish: 20261122000000\nDSRemCount: 3\nZRRSIGPublish: 20261122000000\r\n'),
    ).toEqual({ publishCds: NOW, dsDelCount: 3, sigPublish: NOW });
    expect(parse('; x\nDNSKEYSTATE: Omnipresent ; why\n')).toEqual({ dnskey: 'omnipresent' });
  });

  it.each([
    ['Algorithm: 13\nLength: many', 3, 'Length', 'whole number'],
    ['Lifetime: 4294967296', 2, 'Lifetime', 'whole number'],
    ['Predecessor: -1', 2, 'Predecessor', 'whole number'],
    ['KSK: Yes', 2, 'KSK', 'yes or no'],
    ['Published: 20261322000000', 2, 'Published', 'YYYYMMDDHHMMSS'],
    ['Published: soon', 2, 'Published', 'YYYYMMDDHHMMSS'],
    ['Published: 22000101000000', 2, 'Published', '2106'],
    ['\nDNSKEYState: here', 3, 'DNSKEYState', 'rumoured'],
    ['DSState: NA', 2, 'DSState', 'take it out'],
    ['GoalState: rumoured', 2, 'GoalState', 'hidden or omnipresent'],
    ['GoalState:', 2, 'GoalState', 'hidden or omnipresent'],
    ['ZSK: yes\nZSK: no', 3, 'ZSK', 'twice'],
    ['nonsense', 2, '', 'Tag: value'],
  ])('is refused with file and line: %j', (content, line, field, message) => {
    const text = `; This is the state of key 1, for example.\n${content}\n`;
    let error: unknown;
    try {
      parse(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ exitCode: 4, place: { file: 'K.state', line } });
    expect(error).toSatisfy(refusalWith(message, field));
  });

  it('that is broken, or of another key, ends the reading of the store', () => {
    const dir = keyFolder();
    const key = newKey(dir, 'ksk');
    const file = stateFileOf(key);
    const good = readFileSync(file, 'utf8');
    for (const [bad, message] of [
      [good.replace('KSK: yes', 'KSK: perhaps'), 'yes or no'],
      [good.replace('Algorithm: 13', 'Algorithm: 8'), 'says 8, and the key has 13'],
      [good.replace('Length: 256', 'Length: 2048'), 'says 2048, and the key has 256'],
    ]) {
      writeFileSync(file, bad);
      expect(() => readKeys(dir, ZONE)).toThrow(expect.objectContaining({ exitCode: 4 }));
      try {
        readKeys(dir, ZONE);
      } catch (error) {
        expect(error).toSatisfy(refusalWith(message, file));
      }
    }
  });

  it('gives a key its role', () => {
    expect(stateRole({ ksk: true, zsk: true })).toBe('csk');
    expect(stateRole({ ksk: true, zsk: false })).toBe('ksk');
    expect(stateRole({ ksk: false, zsk: true })).toBe('zsk');
    expect(stateRole({ ksk: true })).toBe('ksk');
    expect(stateRole({ ksk: false, zsk: false })).toBeUndefined();
    expect(stateRole(undefined)).toBeUndefined();
  });

  it('takes the times of a key and gives them back, and leaves the rest alone', () => {
    const timing = fc.record(
      {
        created: u32,
        publish: u32,
        activate: u32,
        inactive: u32,
        revoke: u32,
        delete: u32,
        dsPublish: u32,
        syncPublish: u32,
        syncDelete: u32,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(STATE, timing, (state, times) => {
        const changed = withTiming(state, times);
        expect(stateTiming(changed)).toEqual(times);
        expect(withTiming(changed, stateTiming(state))).toEqual(state);
      }),
    );
  });
});

describe('writeKey', () => {
  const ROLLING: StateFile = {
    algorithm: 13,
    length: 256,
    lifetime: 90 * DAY,
    predecessor: 4711,
    ksk: false,
    zsk: true,
    generated: NOW,
    published: NOW + DAY,
    active: NOW + 2 * DAY,
    retired: NOW + 92 * DAY,
    removed: NOW + 102 * DAY,
    publishCds: NOW + 3 * DAY,
    dsPublish: NOW + 4 * DAY,
    dnskeyChange: NOW + DAY,
    zrrsigChange: NOW,
    dnskey: 'rumoured',
    zrrsig: 'hidden',
    goal: 'omnipresent',
  };

  it('writes states, and their times to all three files', () => {
    const dir = keyFolder();
    const key = newKey(dir, 'zsk');
    const written = writeKey(key, { state: ROLLING });
    const [read] = readKeys(dir, ZONE);
    expect(read.state).toEqual(ROLLING);
    expect(read).toEqual(written);
    expect(read.timing).toEqual(stateTiming(ROLLING));
    // Each of the three files has the times by itself.
    rmSync(stateFileOf(key));
    expect(readKeys(dir, ZONE)[0].timing).toEqual(stateTiming(ROLLING));
    rmSync(key.privateFile!);
    expect(readKeys(dir, ZONE)[0].timing).toEqual(stateTiming(ROLLING));
  });

  it('gives a pair without a state file one, and takes fields out that are gone', () => {
    const dir = keyFolder();
    bindLikeKey(dir, false, { ...ACTIVE, inactive: NOW + DAY });
    const { retired: _, ...rest } = ROLLING;
    writeKey(readKeys(dir, ZONE)[0], { state: rest });
    const [read] = readKeys(dir, ZONE);
    expect(read.state).toEqual(rest);
    expect(read.timing.inactive).toBeUndefined();
    expect(read.declaredRole).toBe('zsk');
  });

  it('with times alone changes the state file along, or makes none', () => {
    const dir = keyFolder();
    const timing = { ...ACTIVE, inactive: NOW + DAY };
    writeKey(newKey(dir, 'ksk'), { timing });
    expect(readKeys(dir, ZONE)[0].state).toMatchObject({ ksk: true, retired: NOW + DAY });
    const other = keyFolder();
    const bare = bindLikeKey(other, true);
    writeKey(bare, { timing });
    expect(readKeys(other, ZONE)[0]).toMatchObject({ timing, state: undefined });
  });

  it('the state file counts, whatever times a crash has left in the other two', () => {
    const dir = keyFolder();
    const key = newKey(dir, 'zsk');
    const before = [key.privateFile!, key.file].map((file) => readFileSync(file, 'utf8'));
    writeKey(key, { state: ROLLING });
    writeFileSync(key.privateFile!, before[0]);
    writeFileSync(key.file, before[1]);
    const [torn] = readKeys(dir, ZONE);
    expect(torn.timing).toEqual(stateTiming(ROLLING));
    writeKey(torn, { state: torn.state });
    rmSync(stateFileOf(key));
    expect(readKeys(dir, ZONE)[0].timing).toEqual(stateTiming(ROLLING));
  });
});
