/**
 * Writes key pairs in BIND's file format by hand, to put into a key folder what no careful tool
 * would: a private key that is not the public key's, two keys of one tag.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Key } from '../verify/plain-signer.js';
import { compactTime } from './judges.js';

const MNEMONICS: Readonly<Record<number, string>> = { 13: 'ECDSAP256SHA256', 15: 'ED25519' };

export interface KeyTimes {
  readonly publish: Date;
  readonly activate: Date;
}

/** The base name of a key's files, `K<zone>.+<alg>+<tag>`. */
export function keyBase(zone: string, key: Key): string {
  const pad = (n: number, width: number): string => String(n).padStart(width, '0');
  return `K${zone}+${pad(key.algorithm, 3)}+${pad(key.tag, 5)}`;
}

/** The `.private` file's text. */
export function privateText(key: Key, times: KeyTimes): string {
  const secret = key.privateKey.export({ format: 'jwk' }).d as string;
  return [
    'Private-key-format: v1.3',
    `Algorithm: ${key.algorithm} (${MNEMONICS[key.algorithm]})`,
    `PrivateKey: ${Buffer.from(secret, 'base64url').toString('base64')}`,
    `Created: ${compactTime(times.publish)}`,
    `Publish: ${compactTime(times.publish)}`,
    `Activate: ${compactTime(times.activate)}`,
    '',
  ].join('\n');
}

/** Writes both files; gives their path without extension. */
export function writeKeyFiles(folder: string, zone: string, key: Key, times: KeyTimes): string {
  const base = join(folder, keyBase(zone, key));
  const stamp = (name: string, date: Date): string =>
    `; ${name}: ${compactTime(date)} (${date.toUTCString()})`;
  writeFileSync(
    `${base}.key`,
    [
      `; This is a ${(key.flags & 1) === 1 ? 'key' : 'zone'}-signing key, keyid ${key.tag}, for ${zone}`,
      stamp('Created', times.publish),
      stamp('Publish', times.publish),
      stamp('Activate', times.activate),
      `${zone} 3600 IN DNSKEY ${key.dnskey}`,
      '',
    ].join('\n'),
  );
  writeFileSync(`${base}.private`, privateText(key, times), { mode: 0o600 });
  return base;
}
