/**
 * The lower bound: what OpenSSL itself signs and verifies on these cores. A signer that did
 * nothing but sign would take signatures ÷ rate.
 */

import type { CommandLine } from './measure.js';
import { pathOf } from './programs.js';

/** Operations a second of all threads together. */
export interface Rates {
  readonly sign: number;
  readonly verify: number;
}

/** What `openssl speed` calls the algorithms, by mnemonic. */
const NAMES: Readonly<Record<string, string>> = {
  RSASHA256: 'rsa2048',
  RSASHA512: 'rsa2048',
  ECDSAP256SHA256: 'ecdsap256',
  ECDSAP384SHA384: 'ecdsap384',
  ED25519: 'ed25519',
  ED448: 'ed448',
};

/** Measures an algorithm for two seconds; undefined where there is no openssl for it. */
export function speedCommandLine(algorithm: string, threads: number): CommandLine | undefined {
  const file = pathOf('openssl');
  const name = NAMES[algorithm];
  if (file === undefined || name === undefined) return undefined;
  // -mr: for machines; -multi: a process a thread, their rates added up in the last line.
  return { file, args: ['speed', '-mr', '-seconds', '1', '-multi', String(threads), name] };
}

/**
 * Reads the output of `openssl speed -mr -multi`: the last line that begins with `+F`; its last
 * two fields are signatures and verifications a second.
 *
 * @example parseRates('+F4:3:256:41000.5:15300.25\n') // { sign: 41000.5, verify: 15300.25 }
 */
export function parseRates(stdout: string): Rates | undefined {
  const line = stdout.split('\n').findLast((text) => text.startsWith('+F'));
  const [sign, verify] = (line ?? '').split(':').slice(-2).map(Number);
  return sign > 0 && verify > 0 ? { sign, verify } : undefined;
}
