/**
 * The incidents of 03-zone's table of guards, each one made to happen to a small registry: the
 * build refuses (exit 6; 4 or 3 where the key store or the reader notices first), names the guard,
 * and yesterday's generation stays published.
 */
import { cpSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { keyBase, writeKeyFiles } from '../tools/bind-key-files.js';
import { type Finished, tempDir, zonewright, zonewrightOk } from '../tools/cli.js';
import { type DepositRows, writeDeposit } from '../tools/deposit.js';
import {
  build,
  currentGeneration,
  makeRegistry,
  published,
  publishedState,
  publishedZone,
  type Registry,
} from '../tools/registry.js';
import { readZoneText } from '../tools/zone-text.js';
import { dsOf, type Key, keyTag, makeKey, rdataWire } from '../verify/plain-signer.js';

const NAMES = 400;
const DAY = 86_400_000;

/** A registry of `count` names, all on two hosts; `change` makes another day's export of it. */
function rows(
  count: number,
  servers: (name: number) => string = () => 'ns1.hoster.com',
): DepositRows {
  const names = Array.from({ length: count }, (_, i) => `name${i}.${i % 4 === 0 ? 'net' : 'com'}`);
  const hosts = new Set(names.map((_, i) => servers(i)));
  hosts.add('ns1.hoster.com');
  const all = ['hoster.com', ...names];
  return {
    domain: all.map((name, i) => `${name},D${i}-TEST,registrar`),
    domainStatuses: all.map((name) => `${name},ok,`),
    domainNameServers: [
      'hoster.com,ns1.hoster.com',
      ...names.map((name, i) => `${name},${servers(i)}`),
    ],
    dnssec: names.slice(0, 20).map((name, i) => `${name},${1000 + i},13,2,${'AB'.repeat(32)}`),
    host: [...hosts].map((host, i) => `${host},H${i}-TEST,registrar`),
    hostAddresses: ['H0-TEST,192.0.2.1,v4', 'H0-TEST,2001:db8::1,v6'],
  };
}

function exportOf(registry: Registry, what: DepositRows): void {
  writeDeposit(registry.exportFolder, ['com', 'net'], what);
}

let yesterday: Registry;

beforeAll(async () => {
  yesterday = await makeRegistry({
    export: (folder) => writeDeposit(folder, ['com', 'net'], rows(NAMES)),
  });
  await build(yesterday);
});

/** A copy of the registry as it was after yesterday's build. */
function today(): Registry {
  const folder = join(tempDir('guards'), 'registry');
  cpSync(yesterday.folder, folder, { recursive: true, verbatimSymlinks: true });
  return { ...yesterday, folder, exportFolder: join(folder, 'export') };
}

/** Builds and expects a refusal that leaves what is published alone. */
async function refused(
  registry: Registry,
  statuses: readonly number[],
  ...args: readonly string[]
): Promise<Finished> {
  const before = registry.zones.map(({ name }) => publishedState(registry, name));
  const done = await zonewright(['build', ...args], { cwd: registry.folder });
  expect(statuses, done.stderr).toContain(done.status);
  expect(registry.zones.map(({ name }) => publishedState(registry, name))).toEqual(before);
  return done;
}

function keyFolder(registry: Registry): string {
  return join(registry.folder, 'keys');
}

/** The files of a zone's key with these flags (257 KSK, 256 ZSK), without extension. */
function keyFile(registry: Registry, zone: string, flags: number): string {
  const folder = keyFolder(registry);
  const name = readdirSync(folder)
    .filter((one) => one.startsWith(`K${zone}+`) && one.endsWith('.key'))
    .find((one) => readFileSync(join(folder, one), 'utf8').includes(` DNSKEY ${flags} `));
  if (name === undefined) throw new Error(`no key of ${zone} with flags ${flags}`);
  return join(folder, name.slice(0, -'.key'.length));
}

function changeConfig(registry: Registry, from: string | RegExp, to: string): void {
  const file = join(registry.folder, 'zonewright.toml');
  const text = readFileSync(file, 'utf8');
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  writeFileSync(file, changed);
}

describe('names that vanish (.de, May 2010)', () => {
  it('refuses an export with 28% of the names', async () => {
    const registry = today();
    exportOf(registry, rows(Math.floor(NAMES * 0.28)));
    const done = await refused(registry, [6]);
    expect(done.stderr).toContain('max-removed');
    expect(done.stderr).toMatch(/\d+(\.\d+)?%/);
    expect(done.stderr).toContain('1%');
    expect(done.stderr).toContain('--override max-removed');
  });

  it('publishes it when an operator overrides the guards, and records the reason', async () => {
    const registry = today();
    exportOf(registry, rows(Math.floor(NAMES * 0.28)));
    const before = currentGeneration(registry, 'com');
    const reason = 'registrar X left, ticket 4711';
    const overrides = ['--override', 'max-removed', '--override', 'max-change'];
    await build(registry, ...overrides, '--reason', reason);
    expect(currentGeneration(registry, 'com')).not.toBe(before);
    expect(readFileSync(published(registry, 'com', 'manifest.json'), 'utf8')).toContain(reason);
    const state = readdirSync(join(registry.folder, 'state'), { recursive: true }).map(String);
    const logged = state
      .filter((name) => /audit/.test(name))
      .some((name) => readFileSync(join(registry.folder, 'state', name), 'utf8').includes(reason));
    expect(logged, 'the reason is in the audit log').toBe(true);
  });

  it('takes no override without a reason or of an unknown guard', async () => {
    const registry = today();
    await refused(registry, [2], '--override', 'max-removed');
    await refused(registry, [2], '--override', 'no-such-guard', '--reason', 'because');
  });

  it('lets 1% go', async () => {
    const registry = today();
    exportOf(registry, rows(NAMES - 2));
    await build(registry);
  });
});

describe('names that change', () => {
  it('refuses new name servers for a tenth of the names', async () => {
    const registry = today();
    exportOf(
      registry,
      rows(NAMES, (i) => (i % 10 === 1 ? 'ns.elsewhere.org' : 'ns1.hoster.com')),
    );
    const done = await refused(registry, [6]);
    expect(done.stderr).toContain('max-change');
  });
});

describe('an export that disagrees with its own counts (.de, May 2010)', () => {
  it('is refused as bad input', async () => {
    const registry = today();
    exportOf(registry, rows(NAMES));
    const xml = join(registry.exportFolder, 'deposit.xml');
    const text = readFileSync(xml, 'utf8');
    writeFileSync(xml, text.replace(`>${NAMES + 1}<`, `>${NAMES + 2}<`));
    await refused(registry, [3, 6]);
  });
});

describe('a private key that is not the published one (.de, May 2026)', () => {
  it('is noticed before anything is published', async () => {
    const registry = today();
    const mine = `${keyFile(registry, 'com.', 256)}.private`;
    const other = makeKey(256).privateKey.export({ format: 'jwk' }).d as string;
    const text = readFileSync(mine, 'utf8');
    const changed = text.replace(
      /^PrivateKey: .*$/m,
      `PrivateKey: ${Buffer.from(other, 'base64url').toString('base64')}`,
    );
    expect(changed).not.toBe(text);
    writeFileSync(mine, changed, { mode: 0o600 });
    const done = await refused(registry, [4, 6]);
    expect(done.stderr).toContain('com');
    expect(done.stderr).not.toContain(other);
  });
});

describe('signatures that went bad after they were made (.se, February 2022)', () => {
  it('are never published again', async () => {
    const registry = today();
    // Yesterday's zone is where signatures are reused from; a disk error spoils one of a DS.
    const file = realpathSync(publishedZone(registry, 'com'));
    const text = readFileSync(file, 'latin1');
    const spoilt = text.replace(
      /(\trrsig\tds [^\n]* )([A-Za-z0-9+/]{10})([A-Za-z0-9+/=]+)\n/i,
      (_line, head: string, first: string, rest: string) =>
        `${head}${[...first].reverse().join('')}${rest}\n`,
    );
    expect(spoilt).not.toBe(text);
    writeFileSync(file, spoilt, 'latin1');
    const before = currentGeneration(registry, 'com');
    const done = await zonewright(['build'], { cwd: registry.folder });
    if (done.status === 0) {
      expect(currentGeneration(registry, 'com')).not.toBe(before);
      await zonewrightOk(['verify', publishedZone(registry, 'com'), '--zone', 'com']);
    } else {
      expect(done.status, done.stderr).toBe(6);
      expect(currentGeneration(registry, 'com')).toBe(before);
    }
  });
});

describe('an algorithm that does not sign (.gov, August 2013)', () => {
  it('is not published: its keys are left out', async () => {
    const registry = today();
    const times = {
      publish: new Date(Date.now() - DAY),
      activate: new Date(Date.now() + 90 * DAY),
    };
    writeKeyFiles(keyFolder(registry), 'com.', makeKey(257, 15), times);
    writeKeyFiles(keyFolder(registry), 'com.', makeKey(256, 15), times);
    // The times of such files say that the keys are published already, and not yet signing. The
    // policy does not ask for them: the engine takes them out, whatever their times say.
    const { stderr } = await zonewrightOk(['build'], { cwd: registry.folder });
    expect(stderr).toMatch(/key \d+ is withdrawn|are withdrawn/);
    const file = publishedZone(registry, 'com');
    const dnskeys = readZoneText(file).filter(({ type }) => type === 'DNSKEY');
    expect(new Set(dnskeys.map(({ rdata }) => rdata.split(' ')[2]))).toEqual(new Set(['13']));
    await zonewrightOk(['verify', file, '--zone', 'com']);
  });
});

describe('two keys with one tag (.ru, January 2024)', () => {
  /** Two keys of which one, revoked, has the tag of the other. */
  function revokedTwins(): readonly [Key, Key] {
    // The REVOKE bit (128) of the flags adds 128 to the tag, with the carry of RFC 4034 app. B.
    const revoked = (tag: number): number => (tag + 128) % 65_536;
    const seen = new Map<number, Key>();
    for (;;) {
      const key = makeKey(256);
      const twin = seen.get(key.tag);
      if (twin !== undefined) return [twin, key];
      seen.set(revoked(key.tag), key);
    }
  }

  it('are not published, also when the tags meet in revoked form only', async () => {
    const registry = today();
    const times = { publish: new Date(Date.now() - DAY), activate: new Date(Date.now() - DAY) };
    const [one, two] = revokedTwins();
    for (const key of [one, two]) writeKeyFiles(keyFolder(registry), 'com.', key, times);
    const done = await refused(registry, [4, 6]);
    expect(done.stderr).toMatch(/tag/i);
    expect(done.stderr).toContain(String(two.tag));
    expect(keyBase('com.', one)).not.toBe(keyBase('com.', two));
  });
});

describe('a DS at the parent without its key (.fj 2022, e164.arpa 2011, dlv.isc.org 2009)', () => {
  it('stops the build, and a DS with its key does not', async () => {
    const registry = today();
    changeConfig(registry, 'name = "com"', 'name = "com"\nparent-ds = "parent.ds"');
    const file = join(registry.folder, 'parent.ds');
    const zone = readZoneText(publishedZone(registry, 'com'));
    const ksk = zone.find((one) => one.type === 'DNSKEY' && one.rdata.startsWith('257 '));
    const dnskey = ksk?.rdata ?? '';
    const own = dsOf('com.', { dnskey, tag: keyTag(rdataWire('DNSKEY', dnskey)), algorithm: 13 });
    const gone = dsOf('com.', makeKey(257));
    writeFileSync(file, `com. 86400 IN DS ${own}\ncom. 86400 IN DS ${gone}\n`);
    const done = await refused(registry, [6]);
    expect(done.stderr).toContain('parent-ds');
    expect(done.stderr).toContain(gone.split(' ')[0]);
    writeFileSync(file, `com. 86400 IN DS ${own}\n`);
    await build(registry);
  });
});

describe('signatures that would expire on the secondaries (.mm, 2016)', () => {
  it('refuses signatures that live no longer than SOA expire and a build interval', async () => {
    const registry = today();
    // SOA expire is seven days.
    changeConfig(
      registry,
      '[policy.tld]',
      '[policy.tld]\nsignature-validity = "P8D"\nsignature-refresh = "P1D"\nsignature-jitter = "PT0S"',
    );
    const done = await refused(registry, [6]);
    expect(done.stderr).toContain('signature-life');
    expect(done.stderr).toContain('P8D');
  });
});

describe("name servers that end in the zone's name twice (.se, October 2009)", () => {
  it('refuses a zone where every second has it', async () => {
    const registry = today();
    changeConfig(registry, /$/, '\n[guards]\nmax-change = "100%"\n');
    exportOf(
      registry,
      rows(NAMES, (i) => (i % 2 === 0 ? 'ns1.hoster.com.com' : 'ns1.hoster.com')),
    );
    const done = await refused(registry, [6]);
    expect(done.stderr).toContain('zone-name-twice');
    expect(done.stderr).toContain('0.1%');
  });
});
