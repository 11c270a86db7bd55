/**
 * SoftHSM 2, a PKCS#11 token in software, with a configuration and tokens in a folder of its own;
 * and a module to put in front of it that lets its callers wait, or fails (token-shim.c).
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ROOT, tempDir } from './cli.js';
import { describeUnless, hasTool, toolPath } from './judges.js';

const MODULES = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib64/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/usr/local/lib/softhsm/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
];

/** SoftHSM's module. */
export const MODULE = MODULES.find((path) => existsSync(path)) ?? '';
export const PIN = '91748362';

/** Where pkcs11js is, or undefined. */
function binding(): string | undefined {
  try {
    const require = createRequire(import.meta.url);
    require('pkcs11js');
    return dirname(require.resolve('pkcs11js/package.json'));
  } catch {
    return undefined;
  }
}

function lacking(): string | undefined {
  if (binding() === undefined) return 'pkcs11js not installed (it needs a C++ compiler)';
  if (!hasTool('softhsm2-util') || MODULE === '') return 'softhsm2-util not installed';
  return undefined;
}

/** `describe` for tests that need SoftHSM: skipped, or with REQUIRE_TOOLS=1 failed, without. */
export function describeWithToken(title: string, body: () => void): void {
  describeUnless(lacking(), title, body);
}

/** The same for tests that need a C compiler, too. */
export function describeWithShim(title: string, body: () => void): void {
  describeUnless(lacking() ?? (hasTool('cc') ? undefined : 'cc not installed'), title, body);
}

/** A token of SoftHSM. */
export interface SoftToken {
  readonly folder: string;
  /** Where its objects lie. */
  readonly tokens: string;
  /** File of mode 0600 with the PIN. */
  readonly pinFile: string;
  /** The environment in which the module finds it. */
  readonly env: Readonly<Record<string, string>>;
  /** The flags of commands. */
  readonly flags: readonly string[];
}

/**
 * Makes a token.
 *
 * @param label of the token; a second one in the same folder needs another.
 */
export function softToken(label = 'zw', folder = tempDir('token')): SoftToken {
  const tokens = join(folder, 'tokens');
  const config = join(folder, 'softhsm2.conf');
  const pinFile = join(folder, 'pin');
  mkdirSync(tokens, { recursive: true, mode: 0o700 });
  writeFileSync(
    config,
    `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`,
  );
  writeFileSync(pinFile, `${PIN}\n`, { mode: 0o600 });
  const env = { SOFTHSM2_CONF: config };
  execFileSync(
    toolPath('softhsm2-util'),
    ['--init-token', '--free', '--label', label, '--pin', PIN, '--so-pin', '50505050'],
    { env: { ...process.env, ...env }, stdio: 'pipe' },
  );
  const flags = ['--pkcs11-module', MODULE, '--pin-file', pinFile];
  return { folder, tokens, pinFile, env, flags };
}

/** How the shim behaves; see token-shim.c. */
export interface ShimSettings {
  /** Microseconds. */
  readonly delay?: number;
  readonly signatures?: number;
  /** A return value of PKCS#11. */
  readonly fault?: number;
}

/** Compiles the shim; returns its path. */
export function compileShim(): string {
  const out = join(tempDir('shim'), 'shim.so');
  const includes = join(binding() ?? '', 'includes', 'pkcs11');
  const source = join(ROOT, 'test', 'tools', 'token-shim.c');
  execFileSync(
    toolPath('cc'),
    ['-shared', '-fPIC', '-O1', '-I', includes, '-o', out, source, '-ldl'],
    { stdio: 'pipe' },
  );
  return out;
}

/** The environment of the shim before SoftHSM. */
export function shimEnv(token: SoftToken, settings: ShimSettings): Record<string, string> {
  const { delay, signatures, fault } = settings;
  return {
    ...token.env,
    TOKEN_SHIM_MODULE: MODULE,
    ...(delay === undefined ? {} : { TOKEN_SHIM_DELAY: String(delay) }),
    ...(signatures === undefined ? {} : { TOKEN_SHIM_SIGNATURES: String(signatures) }),
    ...(fault === undefined ? {} : { TOKEN_SHIM_FAULT: String(fault) }),
  };
}
