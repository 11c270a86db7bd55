/**
 * A nightly build whose keys are in a token, and what happens when the token goes away while it
 * signs: exit 4, a message, and yesterday's zone where it was. The next build succeeds.
 */
import {
  readdirSync,
  readFileSync,
  renameSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { beforeAll, expect, it } from 'vitest';
import { expectTidy, expectWhole } from '../crash/published.js';
import { startZonewright, tempDir, zonewright, zonewrightOk } from '../tools/cli.js';
import { judges } from '../tools/judges.js';
import {
  build,
  currentGeneration,
  makeExport,
  makeRegistry,
  publishedState,
  publishedZone,
  type Registry,
} from '../tools/registry.js';
import {
  compileShim,
  describeWithShim,
  MODULE,
  PIN,
  type SoftToken,
  shimEnv,
  softToken,
} from '../tools/softhsm.js';

/** What a sample has in it. */
const SAMPLE =
  /missing glue record|has no (?:REQUIRED GLUE )?address records|deprecated digest type 1/;

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

describeWithShim('a build with keys in a token', () => {
  let token: SoftToken;
  let shim: string;
  let registry: Registry;
  let generation: string | undefined;

  const states = (): string[] => registry.zones.map(({ name }) => publishedState(registry, name));

  /** Points the configuration to the shim in front of the token, or to the token. */
  function through(module: string): void {
    const file = join(registry.folder, 'zonewright.toml');
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace(/^module = .*$/m, `module = "${module}"`),
    );
  }

  beforeAll(async () => {
    token = softToken();
    shim = compileShim();
    // Builds in this file's processes find the token so.
    Object.assign(process.env, token.env);
    registry = await makeRegistry({
      domains: 3000,
      policy: ['key-storage = "pkcs11:token=zw"'],
      zoneLines: ['missing-glue = "drop"'],
      guards: ['max-change = "100%"', 'max-removed = "100%"'],
      pkcs11: [`module = "${MODULE}"`, `pin = { file = "${token.pinFile}" }`],
    });
    await build(registry);
    generation = currentGeneration(registry, 'com');
    // The next export is another one: nothing of the published zone is kept.
    await makeExport(registry, 30_000, 2);
  });

  it('is accepted by the judges, and holds no PIN', async () => {
    expect(generation).toBeDefined();
    for (const zone of registry.zones) {
      const file = publishedZone(registry, zone.name);
      expect(await judges({ zone: zone.name, file, allow: SAMPLE })).toEqual([]);
    }
    const done = await zonewrightOk(['keys', 'list', '--json'], { cwd: registry.folder });
    expect(JSON.parse(done.stdout).keys).toHaveLength(4);
    expect(done.stdout + done.stderr).not.toContain(PIN);
  });

  it('doctor looks at the module, the token and the keys', async () => {
    const done = await zonewright(['doctor', '--json'], { cwd: registry.folder });
    const { checks } = JSON.parse(done.stdout) as {
      checks: { name: string; status: string; detail: string }[];
    };
    const of = (name: string) => checks.find((check) => check.name === name);
    expect(of('PKCS#11 module')).toMatchObject({ status: 'ok', detail: `${MODULE}: "zw"` });
    expect(of('token zw')).toMatchObject({ status: 'ok' });
    expect(of('keys of com')).toMatchObject({ status: 'ok' });

    through('/no/such/module.so');
    const broken = await zonewright(['doctor'], { cwd: registry.folder });
    through(MODULE);
    expect(broken.status).toBe(4);
    expect(broken.stdout).toMatch(/fail {2}PKCS#11 .*can't be loaded/);
  });

  it.each([
    ['device removed', 0x32, 'CKR_DEVICE_REMOVED'],
    ['module error', 0x05, 'CKR_GENERAL_ERROR'],
    ['session closed', 0xb0, 'CKR_SESSION_CLOSED'],
    ['session handle invalid', 0xb3, 'CKR_SESSION_HANDLE_INVALID'],
    ['token not present', 0xe0, 'CKR_TOKEN_NOT_PRESENT'],
    ['user not logged in', 0x101, 'CKR_USER_NOT_LOGGED_IN'],
  ])('%s in the midst of it: exit 4, and the published zones stay', async (_, fault, name) => {
    const before = states();
    through(shim);
    const env = shimEnv(token, { signatures: 700, fault });
    const done = await zonewright(['build'], { cwd: registry.folder, env });
    through(MODULE);
    expect(done.status, done.stderr).toBe(4);
    expect(done.stderr).toMatch(new RegExp(`in the token "zw" signs no longer \\(${name}\\)`));
    expect(done.stderr).toContain('.private');
    expect(done.stderr).toContain('hint:');
    expect(done.stderr).not.toMatch(/ {4}at |91748362/);
    expect(states()).toEqual(before);
    expectTidy(registry);
  });

  it('the same in one of several sessions of a token that lets its callers wait', async () => {
    const before = states();
    through(shim);
    const env = shimEnv(token, { delay: 2000, signatures: 1500, fault: 0x30 });
    const done = await zonewright(['build'], { cwd: registry.folder, env });
    through(MODULE);
    expect(done.status, done.stderr).toBe(4);
    expect(done.stderr).toMatch(/signs no longer \(CKR_DEVICE_ERROR\)/);
    expect(states()).toEqual(before);
    expectTidy(registry);
  });

  it('the folder of the token is taken away in the midst of it', async () => {
    const before = states();
    through(shim);
    const env = shimEnv(token, { delay: 500 });
    const running = startZonewright(['build'], { cwd: registry.folder, env });
    let ended = false;
    void running.finished.then(() => {
      ended = true;
    });
    // Some of the zone is written, more is to be signed.
    const com = join(registry.folder, 'out', 'com');
    const signs = (): boolean =>
      readdirSync(com)
        .filter((name) => name.startsWith('.'))
        .some((name) => (statOf(join(com, name, 'com.zone'))?.size ?? 0) > 0);
    while (!ended && !signs()) await wait(2);
    expect(ended).toBe(false);
    renameSync(token.tokens, `${token.tokens}.away`);
    const done = await running.finished;
    renameSync(`${token.tokens}.away`, token.tokens);
    through(MODULE);
    expect(done.status, done.stderr).toBe(4);
    expect(done.stderr).toMatch(/token "zw" .*\(CKR_/);
    expect(done.stderr).not.toMatch(/ {4}at |91748362/);
    expect(states()).toEqual(before);
  });

  it('the token is not there at all', async () => {
    const before = states();
    renameSync(token.tokens, `${token.tokens}.away`);
    const done = await zonewright(['build'], { cwd: registry.folder });
    renameSync(`${token.tokens}.away`, token.tokens);
    expect(done.status, done.stderr).toBe(4);
    expect(done.stderr).toMatch(/token "zw" is not there|does not start/);
    expect(states()).toEqual(before);
  });

  it('and when the token is back, the next build succeeds', async () => {
    const overrides = ['max-change', 'max-removed'].flatMap((name) => ['--override', name]);
    await build(registry, ...overrides, '--reason', 'another export');
    expect(currentGeneration(registry, 'com')).not.toBe(generation);
    await expectWhole(registry);
    expectTidy(registry);
  });
});

describeWithShim('sign with keys in a token', () => {
  it('leaves the output of the day before when the token fails', async () => {
    const token = softToken();
    const folder = tempDir('token-sign');
    const [input, output, keys] = ['zone', 'signed', 'keys'].map((name) => join(folder, name));
    await zonewrightOk(
      [
        ...['keys', 'generate', '--zone', 'com', '--key-dir', keys, ...token.flags],
        ...['--key-storage', 'pkcs11:token=zw', '--algorithm', 'ED25519'],
      ],
      { env: token.env },
    );
    const sample = ['sample', '--domains', '2000', '--format', 'master', '--zones', 'com'];
    const { stdout } = await zonewrightOk([...sample, '--out', '-', '--sound']);
    writeFileSync(input, stdout);
    writeFileSync(output, 'yesterday\n');
    const flags = ['--pkcs11-module', compileShim(), '--pin-file', token.pinFile];
    const sign = ['sign', input, '--zone', 'com', '--key-dir', keys, '--output', output, ...flags];
    const lost = await zonewright(sign, {
      env: shimEnv(token, { signatures: 50, fault: 0x32 }),
    });
    expect(lost.status, lost.stderr).toBe(4);
    expect(lost.stderr).toContain('CKR_DEVICE_REMOVED');
    expect(readFileSync(output, 'utf8')).toBe('yesterday\n');
    await zonewrightOk(sign, { env: shimEnv(token, {}) });
    expect(await judges({ zone: 'com', file: output, allow: SAMPLE })).toEqual([]);
  });
});
