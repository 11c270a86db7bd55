/** Requests and responses exchanged with Knot's keymgr and BIND's dnssec-ksr, each way. */

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stampTime } from '#zonewright/config/time.js';
import { keyTag } from '#zonewright/dnssec/keytag.js';
import { dnskeysOf } from '#zonewright/keys/offline/bundle.js';
import { responseFile } from '#zonewright/keys/offline/store.js';
import { describeWithTools, hasTool, toolPath } from '../../tools/judges.js';
import { DAY, keyFolder, NOW, newKey, text, ZONE } from '../helpers.js';
import {
  fileOf,
  imported,
  machines,
  privateFolder,
  request,
  requestOf,
  responseOf,
  signed,
} from './helpers.js';

/** A folder with Knot's configuration and key database, and its keymgr. */
function knot(): (...args: readonly string[]) => string {
  const folder = keyFolder();
  mkdirSync(join(folder, 'db'));
  const config = join(folder, 'knot.conf');
  writeFileSync(
    config,
    `server:
    rundir: "${folder}"
database:
    storage: "${folder}/db"
policy:
  - id: p
    algorithm: ECDSAP256SHA256
    manual: on
    offline-ksk: on
    dnskey-ttl: 3600
    cds-cdnskey-publish: always
    rrsig-lifetime: 14d
    rrsig-refresh: 7d
zone:
  - domain: example.
    storage: "${folder}"
    dnssec-signing: on
    dnssec-policy: p
`,
  );
  return (...args) => {
    const done = spawnSync(toolPath('keymgr'), ['-c', config, 'example.', ...args], {
      encoding: 'utf8',
    });
    // validate-skr exits 0 on bad signatures: what it says counts.
    if (done.status !== 0 || /error|invalid/i.test(done.stderr)) {
      throw new Error(`keymgr ${args.join(' ')}: ${done.status} ${done.stderr}`);
    }
    return done.stdout;
  };
}

/** Gives all keys of a folder to a keymgr. */
function bringKeys(dir: string, keymgr: (...args: readonly string[]) => string): void {
  for (const name of readdirSync(dir).filter((one) => one.endsWith('.key'))) {
    keymgr('import-bind', join(dir, name));
  }
}

describeWithTools(['keymgr'], 'keymgr', () => {
  const ROLL = ['--zsk-lifetime', 'P20D', '--format', 'knot'] as const;

  it('signs our request, and we import its response', async () => {
    const { online, offline, ksk } = machines();
    const theirs = knot();
    bringKeys(offline, theirs);
    const asked = await request(online, [0, 50], ...ROLL);
    const response = theirs('sign-ksr', fileOf(asked));
    expect(responseOf(response).map((bundle) => bundle.at)).toEqual(
      expect.arrayContaining(requestOf(asked).map((bundle) => bundle.at)),
    );
    await imported(response, online);
    expect(text(responseFile(online, ZONE))).toContain(` ${ksk.tag} example. `);
  });

  it('imports and validates our response to our request', async () => {
    const { online, offline } = machines();
    const response = await signed(await request(online, [0, 50], ...ROLL), offline);
    const theirs = knot();
    bringKeys(online, theirs);
    const file = fileOf(response);
    theirs('validate-skr', file);
    theirs('import-skr', file);
    expect(theirs('show-offline').match(/^;; Offline records for/gm)).toHaveLength(
      responseOf(response).length,
    );
  });

  it('says that a response with a changed signature is bad', async () => {
    const { online, offline } = machines();
    const response = await signed(await request(online, [0, 5], ...ROLL), offline);
    const theirs = knot();
    bringKeys(online, theirs);
    const bad = response.replace(/(RRSIG DNSKEY .*)..==$/m, '$1AA==');
    expect(() => theirs('validate-skr', fileOf(bad))).toThrow('invalid');
  });

  it('has its request signed by us, and takes the response', async () => {
    const theirs = knot();
    const zsk = (...times: readonly string[]) =>
      theirs('generate', 'ksk=no', 'zsk=yes', 'algorithm=13', `created=${NOW}`, ...times);
    const end = NOW + 20 * DAY;
    zsk(`publish=${NOW}`, `active=${NOW}`, `retire=${end}`, `remove=${end + 9 * DAY}`);
    zsk(`publish=${end - DAY}`, `active=${end}`);
    const asked = theirs('generate-ksr', `${NOW}`, `${NOW + 40 * DAY}`);
    expect(requestOf(asked)).toHaveLength(5);
    const { offline } = machines();
    const response = await signed(asked, offline);
    const file = fileOf(response);
    theirs('validate-skr', file);
    theirs('import-skr', file);
    expect(theirs('show-offline')).toContain('CDNSKEY');
  });
});

// Debian 12 has BIND 9.18, which lacks the tool: it is tested against where it is there.
describe.skipIf(!hasTool('dnssec-ksr'))('dnssec-ksr (BIND 9.20 or later)', () => {
  const CONFIG = `dnssec-policy "p" {
	offline-ksk yes;
	keys {
		ksk lifetime unlimited algorithm ecdsap256sha256;
		zsk lifetime P20D algorithm ecdsap256sha256;
	};
	dnskey-ttl 3600;
};
`;
  const PERIOD = ['-i', stampTime(NOW), '-e', stampTime(NOW + 50 * DAY)];

  function ksr(dir: string, command: string, ...args: readonly string[]): string {
    const config = join(dir, 'named.conf');
    writeFileSync(config, CONFIG);
    const common = ['-l', config, '-k', 'p', '-K', dir, ...PERIOD];
    return execFileSync(toolPath('dnssec-ksr'), [...common, ...args, command, 'example'], {
      encoding: 'utf8',
      env: { ...process.env, TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  it('signs our request, and we import its response', async () => {
    const { online, offline, ksk } = machines();
    const asked = await request(online, [0, 50], '--zsk-lifetime', 'P20D');
    const response = ksr(offline, 'sign', '-f', fileOf(asked));
    await imported(response, online);
    expect(text(responseFile(online, ZONE))).toContain(` ${ksk.tag} example. `);
  });

  it('asks for the same as we do, of the same keys', async () => {
    const dir = privateFolder(keyFolder());
    ksr(dir, 'keygen');
    const theirs = requestOf(ksr(dir, 'request'));
    const ours = requestOf(await request(dir, [0, 50]));
    expect(theirs.length).toBeGreaterThan(3);
    const tags = (all: typeof ours) =>
      new Map(all.map((bundle) => [bundle.at, dnskeysOf(bundle).map(keyTag)]));
    for (const [time, keys] of tags(theirs)) expect(tags(ours).get(time)).toEqual(keys);
  });

  it('has its request signed by us; our store takes the response to it', async () => {
    const dir = keyFolder();
    ksr(dir, 'keygen');
    const { offline, ksk } = machines();
    const response = await signed(ksr(dir, 'request'), offline);
    cpSync(ksk.file, join(dir, basename(ksk.file)));
    await imported(response, dir);
    expect(responseOf(text(responseFile(dir, ZONE)))).toEqual(
      responseOf(response).map((bundle) => expect.objectContaining({ at: bundle.at }) as unknown),
    );
  });

  it('its response to its own request is taken by a store with its keys', async () => {
    const dir = keyFolder();
    ksr(dir, 'keygen');
    const offline = keyFolder();
    newKey(offline, 'ksk', { created: NOW, publish: NOW, activate: NOW });
    const response = ksr(offline, 'sign', '-f', fileOf(ksr(dir, 'request')));
    await imported(response, dir);
    expect(responseOf(text(responseFile(dir, ZONE))).length).toBeGreaterThan(5);
  });
});
