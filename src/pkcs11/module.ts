/**
 * A PKCS#11 module (OASIS PKCS#11 2.40 and 3.0) in this process: loading it, and its errors in
 * words. pkcs11js, which calls it, is optional: it is compiled when it is installed.
 *
 * A module is one for all threads: each thread loads it for itself and finds it initialised by the
 * first. It is never finalised, because that would end the sessions of the others, too.
 */

import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import type * as Pkcs11 from 'pkcs11js';
import { refusal, usageError, ZonewrightError } from '../errors.js';
import { loadKoffi } from '../foreign.js';

/** The functions of a module. */
export type Api = Pkcs11.PKCS11;
/** A session, a slot or an object, as pkcs11js passes it. */
export type Handle = Pkcs11.Handle;
export type Attribute = Pkcs11.Attribute;

const CKF_OS_LOCKING_OK = 2;
const CKR_CANT_LOCK = 10;
const CKR_CRYPTOKI_ALREADY_INITIALIZED = 401;

/** By path; loaded once a thread. */
const modules = new Map<string, Api>();
/** Libraries that were bound by themselves; held as long as the process lives. */
const bound: unknown[] = [];

/**
 * Loads and initialises a module.
 *
 * @throws ZonewrightError: exit 2 when there is no such library, or no pkcs11js; exit 4 when the
 *   library does not start.
 */
export function loadModule(path: string): Api {
  const known = modules.get(path);
  if (known !== undefined) return known;
  const { PKCS11 } = loadBinding();
  bindApart(path);
  const api = new PKCS11();
  try {
    api.load(path);
  } catch (error) {
    throw usageError(`the PKCS#11 module can't be loaded: ${(error as Error).message}`, {
      place: { file: path },
      hint: 'name the library of the HSM, e.g. /usr/lib/softhsm/libsofthsm2.so: module in [pkcs11], or --pkcs11-module',
    });
  }
  try {
    // The threads call it at the same time: it shall lock with the system's means.
    api.C_Initialize({ flags: CKF_OS_LOCKING_OK });
  } catch (error) {
    const code = codeOf(error);
    if (code === CKR_CANT_LOCK) {
      throw refusal('the PKCS#11 module can be used by one thread only', { place: { file: path } });
    }
    if (code !== CKR_CRYPTOKI_ALREADY_INITIALIZED) {
      throw tokenError(error, 'the PKCS#11 module does not start', { file: path });
    }
  }
  modules.set(path, api);
  return api;
}

function loadBinding(): typeof Pkcs11 {
  try {
    return createRequire(import.meta.url)('pkcs11js') as typeof Pkcs11;
  } catch (cause) {
    throw usageError('keys in a PKCS#11 token need the package pkcs11js, which is not installed', {
      hint: 'install a C++ compiler, make and python3, then run: npm install pkcs11js',
      cause,
    });
  }
}

/**
 * Has the library use its own libcrypto; once, in the main thread, is enough for all. Node.js exports
 * the names of the OpenSSL that it has in itself, so that a module that is linked with the system's
 * would change that one's settings (the source of random numbers) and lean on another version than it
 * was compiled for.
 */
function bindApart(path: string): void {
  // A thread that is ended while koffi loads something ends the process.
  if (process.platform !== 'linux' || !isMainThread) return;
  try {
    // Without the foreign function interface it works, as with any program.
    const library = loadKoffi()?.load(path, { deep: true });
    if (library !== undefined) bound.push(library);
  } catch {
    // A library that is not there is reported by the one who loads it.
  }
}

/** The return value (CKR_…) that an error stands for; undefined: it is none of PKCS#11. */
export function codeOf(error: unknown): number | undefined {
  const { name, code } = error as { name?: unknown; code?: unknown };
  return name === 'Pkcs11Error' && typeof code === 'number' ? code : undefined;
}

/** What to do about some return values. */
const HINTS: ReadonlyMap<number, string> = new Map([
  [0x05, 'the module has written more to the system log, as a rule'],
  [0x30, 'the token has a fault, or lost its connection'],
  [0x32, 'the token was removed'],
  [0x31, 'the token has no memory left'],
  [0x60, 'the key is no longer in the token'],
  [0x68, 'the key may not be used so: look at its attributes in the token (CKA_SIGN)'],
  [0x70, 'the token does not know the algorithm: choose another one, or another token'],
  [0x82, 'the key is no longer in the token'],
  [0xa0, 'correct the PIN before the next run: tokens lock themselves after some wrong ones'],
  [0xa4, 'the PIN is locked: the security officer has to set it anew'],
  [0xb0, 'the token closed the session'],
  [0xb1, 'the token has no more sessions: set sessions in [pkcs11] lower, or use less threads'],
  [0xb3, 'the token closed the session'],
  [0xe0, 'the token was removed'],
  [0xe1, 'the token was not recognised'],
  [0x101, 'the session is not logged in: name the file with the PIN'],
]);

/**
 * An error of the module as one for a person, exit 4; anything else as it is.
 *
 * @param what could not be done: `the key can't sign`.
 */
export function tokenError(error: unknown, what: string, place?: { file: string }): unknown {
  if (error instanceof ZonewrightError) return error;
  const code = codeOf(error);
  if (code === undefined) return error;
  return refusal(`${what} (${codeName(code)})`, { place, hint: HINTS.get(code) });
}

/** The module's error for a return value that came by another way. */
export function moduleError(code: number): Error {
  return Object.assign(new Error(codeName(code)), { name: 'Pkcs11Error', code });
}

/** `CKR_DEVICE_REMOVED`, or the number. */
function codeName(code: number): string {
  const names = loadBinding() as unknown as Readonly<Record<string, unknown>>;
  const name = Object.keys(names).find((key) => key.startsWith('CKR_') && names[key] === code);
  return name ?? `CKR 0x${code.toString(16)}`;
}
