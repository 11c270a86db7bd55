/**
 * BIND's named with dnssec-policy takes over a key store that zonewright wrote, in mid-roll: it
 * makes no other keys, does not begin the roll anew, and zonewright reads what it leaves.
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { generateKeyPair } from '#zonewright/keys/generate.js';
import { selectKeys } from '#zonewright/keys/select.js';
import type { Role, StateFile } from '#zonewright/keys/statefile.js';
import { type KeyPair, readKeys } from '#zonewright/keys/store.js';
import { writeKey } from '#zonewright/keys/write.js';
import { ask, type Server, serveSigning } from '../served/servers.js';
import { describeWithTools } from '../tools/judges.js';
import { DAY, keyFolder, ZONE } from './helpers.js';

const HOUR = 3600;
const NOW = Math.floor(Date.now() / 1000);
const LIFETIME = 90 * DAY;

const POLICY = `
  keys {
    ksk lifetime unlimited algorithm ecdsap256sha256;
    zsk lifetime P90D algorithm ecdsap256sha256;
  };
  dnskey-ttl PT1H; max-zone-ttl PT1H; zone-propagation-delay PT5M;
  publish-safety PT1H; retire-safety PT1H; purge-keys 0;
  parent-ds-ttl PT1H; parent-propagation-delay PT1H;
`;

interface Store {
  readonly dir: string;
  readonly keyDir: string;
  readonly ksk: KeyPair;
  readonly old: KeyPair;
  readonly young: KeyPair;
}

function key(keyDir: string, role: Role, created: number): KeyPair {
  const timing = { created, publish: created, activate: created };
  return generateKeyPair(keyDir, { zone: ZONE, algorithm: 13, role, timing, ttl: HOUR });
}

/**
 * A ZSK roll by pre-publication: the new ZSK's DNSKEY has been in the zone since `since`, the old
 * one signs until `retires`.
 */
function midRoll(since: number, retires: number): Store {
  const dir = keyFolder();
  const keyDir = join(dir, 'keys');
  mkdirSync(keyDir, { mode: 0o700 });
  writeFileSync(
    join(dir, 'zone.db'),
    'example. 60 IN SOA a.example. b.example. 1 60 60 86400 60\nexample. 60 IN NS a.example.\na.example. 60 IN A 192.0.2.1\n',
  );
  const began = retires - LIFETIME;
  const [k, o, y] = [
    key(keyDir, 'ksk', began),
    key(keyDir, 'zsk', began),
    key(keyDir, 'zsk', since),
  ];
  const times = { generated: began, published: began, active: began, dnskeyChange: began };
  const settled = { dnskey: 'omnipresent', dnskeyChange: began } as const;
  const write = (pair: KeyPair, state: StateFile) => writeKey(pair, { state });
  return {
    dir,
    keyDir,
    ksk: write(k, {
      ...times,
      ...settled,
      lifetime: 0,
      ksk: true,
      zsk: false,
      publishCds: began + DAY,
      dsPublish: began + DAY,
      krrsig: 'omnipresent',
      krrsigChange: began,
      ds: 'omnipresent',
      dsChange: began + 2 * DAY,
      goal: 'omnipresent',
    }),
    old: write(o, {
      ...times,
      ...settled,
      lifetime: LIFETIME,
      ksk: false,
      zsk: true,
      successor: y.tag,
      retired: retires,
      removed: retires + 15 * DAY,
      zrrsig: 'omnipresent',
      zrrsigChange: began,
      goal: 'hidden',
    }),
    young: write(y, {
      lifetime: LIFETIME,
      ksk: false,
      zsk: true,
      predecessor: o.tag,
      generated: since,
      published: since,
      active: retires,
      retired: retires + LIFETIME,
      removed: retires + LIFETIME + 15 * DAY,
      dnskey: 'rumoured',
      dnskeyChange: since,
      zrrsig: 'hidden',
      zrrsigChange: since,
      goal: 'omnipresent',
    }),
  };
}

/** Runs named on the store until it has gone over the keys once. */
async function takeOver(store: Store, work: (server: Server) => Promise<void>): Promise<string> {
  const zone = { name: 'example.', file: join(store.dir, 'zone.db'), keyDir: store.keyDir };
  const server = await serveSigning(store.dir, zone, POLICY);
  const log = (): string => readFileSync(join(store.dir, 'named.log'), 'utf8');
  try {
    for (let tries = 0; tries < 300 && !log().includes('next key event'); tries++) await wait(100);
    expect(log()).toContain('next key event');
    await work(server);
  } finally {
    await server.stop();
  }
  return log();
}

/** The tags of the keys that signed the SOA, as served; asked until the zone is signed. */
async function signers(server: Server, type: string): Promise<number[]> {
  for (let tries = 0; ; tries++) {
    const { answer } = await ask(server.port, 'example.', type);
    const rrsigs = answer.filter((line) => line.includes(' IN RRSIG '));
    if (rrsigs.length > 0 || tries > 100) return rrsigs.map((line) => Number(line.split(' ')[10]));
    await wait(100);
  }
}

const read = (store: Store, pair: KeyPair): KeyPair =>
  readKeys(store.keyDir, ZONE).find(({ tag }) => tag === pair.tag)!;

/** The states; when a retired key may go, named works out anew by its own policy. */
const states = (store: Store): StateFile[] =>
  readKeys(store.keyDir, ZONE).map(({ state }) => ({ ...state, removed: undefined }));

describeWithTools(['named', 'dig'], 'named with dnssec-policy', () => {
  it('goes on with a roll that has just begun, and changes nothing of it', async () => {
    const store = midRoll(NOW - 600, NOW + 2 * HOUR);
    const { ksk, old, young } = store;
    const before = states(store);
    const log = await takeOver(store, async (server) => {
      expect(await signers(server, 'SOA')).toEqual([old.tag]);
      expect(await signers(server, 'DNSKEY')).toEqual([ksk.tag]);
      const { answer } = await ask(server.port, 'example.', 'DNSKEY');
      expect(answer.filter((line) => line.includes(' IN DNSKEY '))).toHaveLength(3);
    });
    expect(log).not.toMatch(/: (?:error|warning):|failed/);
    const after = readKeys(store.keyDir, ZONE);
    expect(after.map(({ tag }) => tag).sort()).toEqual([ksk.tag, old.tag, young.tag].sort());
    expect(states(store)).toEqual(before);
    expect(readdirSync(store.keyDir).filter((name) => name.endsWith('.key'))).toHaveLength(3);
  });

  it('takes the next step when it is due, and zonewright reads where it stands', async () => {
    // The new DNSKEY is everywhere, and the old ZSK's time is over.
    const store = midRoll(NOW - DAY, NOW - 60);
    const { ksk, old, young } = store;
    await takeOver(store, async (server) => {
      expect(await signers(server, 'SOA')).toEqual([young.tag]);
      expect(await signers(server, 'DNSKEY')).toEqual([ksk.tag]);
    });
    expect(read(store, young).state).toMatchObject({
      dnskey: 'omnipresent',
      zrrsig: 'rumoured',
      goal: 'omnipresent',
      predecessor: old.tag,
      lifetime: LIFETIME,
    });
    expect(read(store, old).state).toMatchObject({
      dnskey: 'omnipresent',
      zrrsig: 'unretentive',
      goal: 'hidden',
      successor: young.tag,
    });
    expect(read(store, ksk).state).toEqual(ksk.state);
    expect(readKeys(store.keyDir, ZONE)).toHaveLength(3);
    const chosen = selectKeys(readKeys(store.keyDir, ZONE), NOW);
    expect(chosen.dnskeys).toHaveLength(3);
    expect(chosen.zsks.map(({ tag }) => tag)).toEqual([young.tag]);
    // Back with us: what we write of it, the next named takes as it is.
    for (const pair of readKeys(store.keyDir, ZONE)) writeKey(pair, { state: pair.state });
    const before = states(store);
    await takeOver(store, async (server) => {
      expect(await signers(server, 'SOA')).toEqual([young.tag]);
    });
    expect(states(store)).toEqual(before);
  });
});
