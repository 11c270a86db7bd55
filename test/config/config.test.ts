/** zonewright.toml: what is read, and that every error names the file, the line and the key. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findConfig, parseConfig, selectZones } from '#zonewright/config/config.js';
import { lineOf } from '#zonewright/config/locate.js';
import type { Config } from '#zonewright/config/model.js';
import { CONFIG_TEMPLATE } from '#zonewright/config/template.js';
import { ZonewrightError } from '#zonewright/errors.js';
import { nameFromText } from '#zonewright/names/name.js';
import { tempDir } from '../tools/cli.js';

const FILE = '/srv/tld/zonewright.toml';

/** The configuration of the README's contract, as `init` writes it, with one text replaced. */
function changed(from: string, to: string): string {
  expect(CONFIG_TEMPLATE).toContain(from);
  return CONFIG_TEMPLATE.replace(from, to);
}

function read(text: string): Config {
  return parseConfig(text, FILE);
}

function failure(text: string): ZonewrightError {
  try {
    read(text);
  } catch (error) {
    if (error instanceof ZonewrightError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

/** The shortest lawful configuration, for values that the template sets. */
const SHORT = `
[source]
format = "rde-csv"
path = "export"
[policy.p]
[[zones]]
name = "example"
policy = "p"
soa = { mname = "ns1.example.", rname = "h.example.", refresh = 1, retry = 1, expire = 1, minimum = 1, ttl = 1 }
ns = ["ns1.example."]
`;

describe('what is read', () => {
  test("the contract's configuration", () => {
    const config = read(CONFIG_TEMPLATE);
    expect(config.keys).toEqual({ passphrase: undefined });
    expect(read(`${SHORT}[keys]\npassphrase = { file = "phrase" }\n`).keys).toEqual({
      passphrase: { file: '/srv/tld/phrase' },
    });
    expect(config.stateDir).toBe('/srv/tld/state');
    expect(config.outputDir).toBe('/srv/tld/out');
    expect(config.keyDir).toBe('/srv/tld/keys');
    expect(config.source).toMatchObject({ format: 'rde-csv', path: '/srv/tld/export' });
    expect(config.source.maxRejects).toBe(100);
    expect(config.zones.map((zone) => zone.label)).toEqual(['com', 'net']);
    const [com] = config.zones;
    expect(com).toMatchObject({
      text: 'com.',
      serial: 'unixtime',
      glue: 'wide',
      classic: false,
      nsTtl: 172_800,
      glueTtl: 172_800,
      dsTtl: 86_400,
      records: undefined,
    });
    expect(com.name).toEqual(nameFromText('com'));
    expect(com.soa).toMatchObject({ refresh: 1800, retry: 900, expire: 604_800, ttl: 900 });
    expect(com.ns).toEqual([
      nameFromText('a.gtld-servers.net.'),
      nameFromText('b.gtld-servers.net.'),
    ]);
    expect(com.policy).toEqual({
      name: 'tld',
      algorithms: [13],
      csk: false,
      denial: { kind: 'nsec3', optOut: true, iterations: 0, salt: new Uint8Array(0) },
      zonemd: true,
      kskLifetime: 63_072_000,
      zskLifetime: 7_776_000,
      signatureValidity: 1_209_600,
      signatureRefresh: 604_800,
      signatureJitter: 43_200,
      inceptionOffset: 3600,
      dnskeyTtl: 86_400,
      parentDsTtl: 86_400,
      propagationDelay: 3600,
      parentPropagationDelay: 3600,
      safetyMargin: 3600,
      parentCheck: false,
      kskRoll: 'double-signature',
      trustAnchor: false,
      insecure: false,
    });
    expect(config.guards).toMatchObject({ maxChange: 0.05, maxRemoved: 0.01, verify: 'full' });
    expect(config.publish).toEqual({ keep: 7, after: undefined });
    expect(config.zfa).toEqual({
      formats: ['gz'],
      limitHours: 24,
      keepDays: 7,
      validity: 365 * 86_400,
      agreement: undefined,
      signInTries: 8,
      trustedProxies: [],
      baseUrl: undefined,
    });
    expect(config.warnings).toEqual([]);
  });

  test('every key that the template shows as a comment is a lawful key', () => {
    const shown = CONFIG_TEMPLATE.replaceAll(/^# ([a-z0-9-]+ = |\[)/gm, '$1')
      .replace(/^status-overlay.*$/m, '')
      .replace(/^url = .*$/m, '')
      .replace(/^queries = .*$/m, '');
    const config = read(shown);
    expect(config.guards.minSignatureLife).toBe(8 * 86_400);
    expect(config.publish.after).toBe('nsd-control reload {zone}');
    expect(config.zones[0]).toMatchObject({ classic: true, records: '/srv/tld/com.extra' });
    expect(config.zones[1].policy).toMatchObject({ csk: true, parentCheck: true });
    expect(config.zones[1].policy.keyStorage).toBe('pkcs11:token=zw');
    expect(config.pkcs11?.pin).toEqual({ file: '/etc/zonewright/pin' });
  });

  test('what is left out has the defaults of the contract', () => {
    const long = read(CONFIG_TEMPLATE);
    const short = read(SHORT);
    expect(short.zones[0].policy).toEqual({
      ...long.zones[0].policy,
      name: 'p',
      denial: { kind: 'nsec3', optOut: false, iterations: 0, salt: new Uint8Array(0) },
    });
    expect(short.guards).toEqual(long.guards);
    expect(short.stateDir).toBe(long.stateDir);
    expect(short.warnings.join()).toContain('one name server only');
  });

  test('NSEC, several algorithms, salt and unlimited key lifetimes', () => {
    const config = read(
      SHORT.replace(
        '[policy.p]',
        `[policy.n]
nsec = true
algorithm = ["RSASHA256", "ed25519", 14]
ksk-lifetime = "unlimited"
[policy.p]
nsec3 = { iterations = 5, salt = "AAbb" }`,
      ),
    );
    expect(config.policies.get('n')).toMatchObject({
      denial: { kind: 'nsec' },
      algorithms: [8, 15, 14],
      kskLifetime: undefined,
    });
    expect(config.zones[0].policy.denial).toEqual({
      kind: 'nsec3',
      optOut: false,
      iterations: 5,
      salt: Uint8Array.of(0xaa, 0xbb),
    });
    expect(config.warnings.join()).toContain('RFC 9276');
  });

  test('zone rules: the top level speaks for all zones, a zone for itself', () => {
    const text = changed('[source] ', 'missing-glue = "drop"\n[source] ').replace(
      'name = "net"',
      'name = "net"\nmissing-glue = "keep"\nkeep-sac048-orphans = true',
    );
    const [com, net] = read(text).zones;
    expect(com).toMatchObject({ missingGlue: 'drop', keepSac048Orphans: false, invalidNs: 'keep' });
    expect(net).toMatchObject({ missingGlue: 'keep', keepSac048Orphans: true });
  });

  test('a master file brings its own apex', () => {
    const text = SHORT.replace('rde-csv', 'master').replace(/^(?:soa|ns) = .*$/gm, '');
    expect(read(text).zones[0]).toMatchObject({ soa: undefined, ns: undefined });
  });

  test('a database is named by the environment or a file', () => {
    const text = SHORT.replace('rde-csv', 'postgres').replace(
      'path = "export"',
      'queries = { domains = "SELECT 1", hosts = "SELECT 2" }\nurl = { file = "db.url" }',
    );
    expect(read(text).source).toMatchObject({
      path: undefined,
      url: { file: '/srv/tld/db.url' },
      queries: { domains: 'SELECT 1', hosts: 'SELECT 2', records: undefined },
    });
  });
});

describe("the parent's servers", () => {
  const withServers = (list: string): string => `${SHORT}parent-servers = ${list}\n`;

  test('are addresses, with port 53 or another', () => {
    const list = '["198.41.0.4", "[2001:503:BA3E::2:30]:53", "127.0.0.1:5300", "2001:db8::0:1"]';
    expect(read(withServers(list)).zones[0].parentServers).toEqual([
      { address: '198.41.0.4', port: 53 },
      { address: '2001:503:ba3e::2:30', port: 53 },
      { address: '127.0.0.1', port: 5300 },
      { address: '2001:db8::1', port: 53 },
    ]);
    expect(read(SHORT).zones[0].parentServers).toBeUndefined();
  });

  test.each([
    ['"198.41.0.4"', 'zones[0].parent-servers', 'not a list'],
    ['[]', 'zones[0].parent-servers', 'names no server'],
    ['["a.root-servers.net"]', 'zones[0].parent-servers[0]', 'IP address'],
    ['["192.0.2.1", "192.0.2.1:53"]', 'zones[0].parent-servers', 'names 192.0.2.1 twice'],
    ['["::1", "[0::1]"]', 'zones[0].parent-servers', 'names ::1 twice'],
  ])('%s: %s %s', (list, field, message) => {
    const error = failure(withServers(list));
    expect(error.exitCode).toBe(2);
    expect(error.place?.field).toBe(field);
    expect(error.message).toContain(message);
  });

  test('the root zone has none, and none to check', () => {
    const root = SHORT.replace('"example"', '"."');
    const named = failure(`${root}parent-servers = ["192.0.2.1"]\n`);
    expect(named.place?.field).toBe('zones[0].parent-servers');
    expect(named.message).toContain('no parent');
    const checked = failure(root.replace('[policy.p]', '[policy.p]\nparent-check = true'));
    expect(checked.place?.field).toBe('zones[0].policy');
    expect(checked.message).toContain('no parent');
    expect(read(root).zones[0].label).toBe('root');
  });
});

describe('errors', () => {
  test.each([
    ['max-change = "5%"', 'max-change = "5"', 'guards.max-change', 'percentage'],
    ['zsk-lifetime = "P90D"', 'zsk-lifetime = "90d"', 'policy.tld.zsk-lifetime', 'ISO 8601'],
    [
      'zsk-lifetime = "P90D"',
      'zsk-lifetime = "PT0S"',
      'policy.tld.zsk-lifetime',
      'longer than zero',
    ],
    ['algorithm = "ECDSAP256SHA256"', 'algorithm = "RSASHA1"', 'policy.tld.algorithm', 'SHA-1'],
    [
      'algorithm = "ECDSAP256SHA256"',
      'algorithm = ["ED25519", "X"]',
      'policy.tld.algorithm[1]',
      '"X"',
    ],
    [
      'algorithm = "ECDSAP256SHA256"',
      'algorithm = ["ED25519", "15"]',
      'policy.tld.algorithm',
      'twice',
    ],
    ['iterations = 0', 'iterations = 101', 'policy.tld.nsec3.iterations', 'RFC 9276'],
    ['salt = ""', 'salt = "abc"', 'policy.tld.nsec3.salt', 'hexadecimal'],
    ['zonemd = true', 'nsec = true', 'policy.tld.nsec', 'one of the two'],
    [
      'signature-validity = "P14D"',
      'signature-validity = "P7D"',
      'policy.tld.signature-validity',
      'P7DT12H',
    ],
    ['name = "com"', 'name = "../com"', 'zones[0].name', 'A-label'],
    ['name = "net"', 'name = "COM."', 'zones[1].name', 'second zone'],
    ['name = "net"', 'name = "sub.com"', 'zones[1].name', 'lies in the zone "com"'],
    [
      'signature-validity = "P14D"',
      'signature-validity = "P70Y"',
      'policy.tld.signature-validity',
      '68 years',
    ],
    ['policy = "tld"', 'policy = "tdl"', 'zones[0].policy', 'did you mean "tld"'],
    ['serial = "unixtime"', 'serial = "unix"', 'zones[0].serial', '"increment"'],
    ['expire = 604800, ', '', 'zones[0].soa.expire', 'is missing'],
    ['mname = "a.gtld-servers.net."', 'mname = "192.0.2.1"', 'zones[0].soa.mname', 'host name'],
    ['rname = "nstld.', 'rname = "nstld@', 'zones[0].soa.rname', 'dot for the @'],
    ['ns-ttl = 172800', 'ns-ttl = 2147483648', 'zones[0].ns-ttl', 'from 0 to 2147483647'],
    ['b.gtld-servers', 'a.gtld-servers', 'zones[0].ns', 'twice'],
    ['keep = 7', 'keep = 0', 'publish.keep', 'from 1'],
    ['format = "rde-csv"', 'format = "whois-bulk"', 'source.status-overlay', 'is missing'],
    ['path   = "export"', '', 'source.path', 'is missing'],
    ['formats = ["gz"]', 'formats = ["zip"]', 'zfa.formats[0]', '"gz"'],
  ])('%s → %s: %s', (from, to, field, message) => {
    const error = failure(changed(from, to));
    expect(error.exitCode).toBe(2);
    expect(error.place?.field).toBe(field);
    expect(error.message).toContain(message);
  });

  test('show the file, the line and its text', () => {
    const text = changed('keep = 7', 'keep = "seven"');
    const error = failure(text);
    expect(error.place).toEqual({
      file: FILE,
      line: text.split('\n').findIndex((line) => line.startsWith('keep = "seven"')) + 1,
      field: 'publish.keep',
    });
    expect(error.text).toMatch(/^keep = "seven"/);
  });

  test('a misspelt key is refused with the right one', () => {
    const error = failure(changed('max-removed =', 'max-remove ='));
    expect(error.place?.field).toBe('guards.max-remove');
    expect(error.message).toContain('did you mean "max-removed"?');
    expect(failure(changed('opt-out =', 'opt_out =')).message).toContain('"opt-out"');
    expect(failure(changed('[guards]', '[guard]')).message).toContain('"guards"');
  });

  test('a key in the wrong table is sent to the right one', () => {
    const error = failure(changed('keep = 7', 'keep = 7\nmax-rejects = 5'));
    expect(error.message).toContain('belongs to [source]');
  });

  test('all faults are named at once', () => {
    const error = failure(changed('keep = 7', 'keep = 0').replace('glue = "wide"', 'glue = "all"'));
    expect(error.place?.field).toBe('zones[0].glue');
    expect(error.hint).toContain('publish.keep');
  });

  test('broken TOML has its line', () => {
    const error = failure('state-dir = "state"\nkey-dir = keys\n');
    expect(error.place).toEqual({ file: FILE, line: 2 });
    expect(error.text).toBe('key-dir = keys');
  });

  test('a connection text in the file is refused without being shown', () => {
    for (const line of [
      'url = "postgres://zone:hunter2@db/registry"',
      'db-url = "postgres://zone:hun/ter2@db/registry"',
      'url = "host=db password=hunter2"',
      'url = postgres://zone:hunter2@db/registry',
    ]) {
      const error = failure(SHORT.replace('path = "export"', line));
      expect(JSON.stringify([error.message, error.text, error.hint]), line).not.toMatch(/ter2/);
    }
  });

  test('a passphrase in the file is refused without being shown', () => {
    for (const line of [
      'passphrase = "hunter2"',
      "passphrase = 'hun ter2'",
      'passphrase = { file = ["hunter2"] }',
      'passphrase = { text = "hunter2" }',
      'passphrase = { file = 4711, env = "hunter2" }',
      'passphrase = hunter2',
      'Passphrase = "hunter2"',
      '"passphrase" = "hunter2"',
    ]) {
      const error = failure(`${SHORT}\n[keys]\n${line}\n`);
      expect(error.exitCode).toBe(2);
      expect(error.place?.line, line).toBeDefined();
      expect(JSON.stringify([error.message, error.text, error.hint]), line).not.toMatch(/ter2/);
    }
  });

  test('an empty file lacks its tables, and no input makes anything but a ZonewrightError', () => {
    expect(failure('').message).toBe('is missing');
    for (const text of [
      'zones = 1',
      'zones = [1]',
      'policy = []',
      '[policy]\nx = 1',
      'source = "x"',
    ]) {
      expect(failure(text).exitCode).toBe(2);
    }
  });
});

describe('[pkcs11]', () => {
  const TOKEN = '\n[pkcs11]\nmodule = "lib/hsm.so"\n';
  const stored = (uri: string): string =>
    SHORT.replace('[policy.p]', `[policy.p]\nkey-storage = "${uri}"`);

  test('module, PIN and sessions, and where a policy makes its keys', () => {
    expect(read(SHORT).pkcs11).toBeUndefined();
    expect(read(SHORT).policies.get('p')?.keyStorage).toBeUndefined();
    const config = read(`${stored('pkcs11:token=zw')}${TOKEN}pin = { file = "pin" }\n`);
    expect(config.policies.get('p')?.keyStorage).toBe('pkcs11:token=zw');
    expect(config.pkcs11).toEqual({
      module: '/srv/tld/lib/hsm.so',
      pin: { file: '/srv/tld/pin' },
      sessions: 8,
    });
    const other = `${SHORT}\n[pkcs11]\nmodule = "hsm.so"\nsessions = 2\npin = { env = "PIN" }\n`;
    expect(read(other).pkcs11).toEqual({ module: 'hsm.so', pin: { env: 'PIN' }, sessions: 2 });
  });

  test.each([
    ['a storage without a module', stored('pkcs11:token=zw'), 'policy.p.key-storage', '[pkcs11]'],
    [
      'a key as storage',
      stored('pkcs11:object=k') + TOKEN,
      'policy.p.key-storage',
      'URI of a token',
    ],
    ['another storage', stored('file:keys') + TOKEN, 'policy.p.key-storage', 'URI of a token'],
    ['no module', `${SHORT}\n[pkcs11]\nsessions = 2\n`, 'pkcs11.module', 'missing'],
    ['no session', `${SHORT}${TOKEN}sessions = 0\n`, 'pkcs11.sessions', 'from 1 to 256'],
    ['an unknown key', `${SHORT}${TOKEN}modul = "x"\n`, 'pkcs11.modul', 'did you mean "module"'],
  ])('refuses %s', (_, text, field, message) => {
    const error = failure(text);
    expect(error.exitCode).toBe(2);
    expect(error.place?.field).toBe(field);
    expect(error.message).toContain(message);
  });

  test('a PIN in the file is refused without being shown', () => {
    for (const text of [
      `${SHORT}${TOKEN}pin = "91748362"\n`,
      `${SHORT}${TOKEN}pin = 91748362\n`,
      `${SHORT}${TOKEN}pin = { value = "91748362" }\n`,
      `${SHORT}${TOKEN}pin = [ "91748362"\n`,
      `${SHORT}${TOKEN}[pkcs11.pin]\nvalue = "91748362"\n`,
      `${SHORT}${TOKEN}modul = 1\npin = "91748362"\n`,
      stored('pkcs11:token=zw?pin-value=91748362') + TOKEN,
    ]) {
      const error = failure(text);
      expect(JSON.stringify([error.message, error.text, error.hint]), text).not.toMatch(/91748362/);
    }
  });
});

describe('the line of a key', () => {
  const toml = `a = 1
[t.'u v'] # table
"x.y" = """
b = 2
"""
b.c = 3
[[z]]
n = 1
[[z]]
n = [
  2,
]
[z.sub]
k = 1
`;
  test.each([
    [['a'], 1],
    [['t', 'u v'], 2],
    [['t', 'u v', 'x.y'], 3],
    [['t', 'u v', 'b', 'c'], 6],
    [['z', 0, 'n'], 8],
    [['z', 1, 'n', 0], 10],
    [['z', 1], 9],
    [['z', 1, 'sub', 'k'], 14],
    [['t', 'u v', 'missing'], 2],
    [['nowhere'], undefined],
  ])('%j: %s', (path, line) => {
    expect(lineOf(toml, path)).toBe(line);
  });
});

describe('which file', () => {
  test('--config first, then ./zonewright.toml', () => {
    const folder = tempDir('config');
    mkdirSync(join(folder, 'other'));
    writeFileSync(join(folder, 'zonewright.toml'), '');
    expect(findConfig(undefined, folder)).toBe(join(folder, 'zonewright.toml'));
    expect(findConfig('other/z.toml', folder)).toBe(join(folder, 'other', 'z.toml'));
  });
});

describe('which zones', () => {
  test('all without --zone, else those named, in the order of the file', () => {
    const config = read(CONFIG_TEMPLATE);
    const labels = (...names: string[]) =>
      selectZones(
        config,
        names.map((name) => nameFromText(name)),
      ).map((zone) => zone.label);
    expect(labels()).toEqual(['com', 'net']);
    expect(labels('net', 'com')).toEqual(['com', 'net']);
    expect(labels('net')).toEqual(['net']);
    expect(() => labels('nett')).toThrow('zone "nett" is not in the configuration');
  });
});
