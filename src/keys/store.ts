/**
 * The key store: a folder of BIND key pairs, `K<zone>.+<alg>+<tag>.{key,private,state}`,
 * and `.pem` where the private half is encrypted (sealed.ts).
 *
 * Reading it refuses whatever would make a bad zone: a private half that others can read, a file
 * name with another tag than its key's, a private half that does not belong to the published
 * DNSKEY. A key is known by its DNSKEY bytes; the tag is a label.
 *
 * A `.key` without `.private` is a key that is only published (its private half is elsewhere). A
 * `.private` without `.key` is not a key: it is what an interrupted generation leaves behind.
 */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Algorithm, algorithmByNumber, algorithmName } from '../dnssec/algorithms.js';
import { FLAG_REVOKE, FLAG_SEP, FLAG_ZONE, publicKeyFault } from '../dnssec/dnskey.js';
import { keyTag } from '../dnssec/keytag.js';
import { refusal, usageError } from '../errors.js';
import { equalBytes, nameToText } from '../names/name.js';
import { openToken } from '../pkcs11/token.js';
import { isTokenKey, type Secret } from '../pkcs11/token-key.js';
import { parseTokenUri } from '../pkcs11/uri.js';
import { openOpensslSigner, openOpensslVerifier } from '../sign/engine-openssl.js';
import { openTokenSigner } from '../sign/engine-pkcs11.js';
import type { SigningKey } from '../sign/engine-types.js';
import type { KeyAccess } from './access.js';
import { parseExternalFile, parsePrivateFile } from './privatefile.js';
import { parsePublicFile } from './publicfile.js';
import { openSealed } from './sealed.js';
import {
  checkStateFile,
  parseStateFile,
  type Role,
  type StateFile,
  stateRole,
  stateTiming,
} from './statefile.js';
import type { KeyTiming } from './timing.js';

/** A key of a zone, as its files have it. */
export interface KeyPair {
  /** The zone's name, lower-case wire form. */
  readonly zone: Uint8Array;
  readonly flags: number;
  readonly algorithm: number;
  /** The tag of `dnskey`. */
  readonly tag: number;
  /** DNSKEY rdata. */
  readonly dnskey: Uint8Array;
  /** TTL in the `.key` file, if there is one. */
  readonly ttl: number | undefined;
  /** Times of the `.state` file over those of `.private`, or of `.key` where there is none. */
  readonly timing: KeyTiming;
  /** The role that the `.state` file gives it; without one, undefined. */
  readonly declaredRole: Role | undefined;
  readonly state: StateFile | undefined;
  /** The `.key` file. */
  readonly file: string;
  /** The `.private` file; undefined: the key is only published. */
  readonly privateFile: string | undefined;
  /** The `.pem` file of an encrypted private half; undefined: it is not encrypted. */
  readonly sealedFile?: string | undefined;
  /** undefined: only published, or encrypted and not opened. */
  readonly secret: Secret | undefined;
}

/** The endings of a key's files; a key is where its `.key` is. */
export const KEY_ENDINGS = ['key', 'private', 'pem', 'state'] as const;

/** Is the key's SEP flag set? */
export function isSep(key: KeyPair): boolean {
  return (key.flags & FLAG_SEP) !== 0;
}

/**
 * The name of a zone as it stands in key file names: lower case, with final dot (the root is
 * `.`), and every octet but letters, digits, `-` and `_` as %XX.
 *
 * @example fileZone(nameFromText('0/25.2.example')) // '0%2F25.2.example.'
 */
export function fileZone(zone: Uint8Array): string {
  if (zone.length === 1) return '.';
  let text = '';
  for (let at = 0; zone[at] !== 0; ) {
    for (const end = at + 1 + zone[at++]; at < end; at++) {
      const c = String.fromCharCode(zone[at]);
      text += /[a-z0-9_-]/.test(c) ? c : `%${zone[at].toString(16).toUpperCase().padStart(2, '0')}`;
    }
    text += '.';
  }
  return text;
}

/** `Kcom.+013+01234`, without ending. */
export function keyFileStem(zone: Uint8Array, algorithm: number, tag: number): string {
  const a = String(algorithm).padStart(3, '0');
  return `K${fileZone(zone)}+${a}+${String(tag).padStart(5, '0')}`;
}

/** The files in `dir` that belong to keys of `zone`: stem, algorithm, tag, endings. */
interface Found {
  readonly stem: string;
  readonly algorithm: number;
  readonly tag: number;
  readonly endings: Set<string>;
}

/** @throws ZonewrightError (exit 2) when the folder can't be read. */
export function findKeyFiles(dir: string, zone: Uint8Array): Found[] {
  let names: string[];
  try {
    names = readdirSync(dir);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'error';
    throw usageError(
      code === 'ENOENT' ? 'no such key folder' : `the key folder can't be read (${code})`,
      {
        place: { file: dir },
        hint: `name it with --key-dir, or make keys with "zonewright keys generate"`,
        cause,
      },
    );
  }
  const prefix = `K${fileZone(zone)}+`;
  const found = new Map<string, Found>();
  for (const name of names.sort()) {
    if (!name.startsWith(prefix)) continue;
    const parts = /^(\d{3})\+(\d{5})\.(key|private|state|pem)$/.exec(name.slice(prefix.length));
    if (parts === null) continue;
    const stem = name.slice(0, name.lastIndexOf('.'));
    const entry = found.get(stem) ?? {
      stem,
      algorithm: Number(parts[1]),
      tag: Number(parts[2]),
      endings: new Set<string>(),
    };
    entry.endings.add(parts[3]);
    found.set(stem, entry);
  }
  return [...found.values()];
}

/**
 * Reads all keys of a zone, ordered by algorithm and tag.
 *
 * @param zone lower-case wire form.
 * @param access to private keys that do not lie in their files.
 * @throws ZonewrightError: exit 4 for a file that is open to others or broken, a pair that does not
 *   belong together, or a token that does not have its key; exit 2 when the folder can't be read.
 */
export function readKeys(dir: string, zone: Uint8Array, access: KeyAccess = {}): KeyPair[] {
  const found = findKeyFiles(dir, zone).filter((entry) => entry.endings.has('key'));
  if (found.some((entry) => entry.endings.has('private'))) checkFolderMode(dir);
  return found.map((entry) => readPair(dir, zone, entry, access));
}

function readPair(dir: string, zone: Uint8Array, entry: Found, access: KeyAccess): KeyPair {
  const file = join(dir, `${entry.stem}.key`);
  const { owner, ttl, dnskey, timing } = parsePublicFile(readText(file), file);
  const place = { file };
  if (!equalBytes(owner, zone)) {
    throw refusal(`holds a key of ${nameToText(owner)}, not of ${nameToText(zone)}`, {
      place,
      hint: 'move the file away, or give it the name of its zone',
    });
  }
  const flags = (dnskey[0] << 8) | dnskey[1];
  if ((flags & FLAG_ZONE) === 0) {
    throw refusal(`is not a zone key: its flags are ${flags}`, {
      place,
      hint: 'a DNSKEY of a zone has the flags 256 or 257 (RFC 4034 §2.1.1)',
    });
  }
  const algorithm = knownAlgorithm(dnskey, file);
  const tag = keyTag(dnskey);
  if (dnskey[3] !== entry.algorithm || tag !== entry.tag) {
    const name = keyFileStem(zone, dnskey[3], tag);
    throw refusal(
      `holds the key with algorithm ${dnskey[3]} and tag ${tag}; its name says ${entry.algorithm} and ${entry.tag}`,
      { place, hint: `if the key is right, name its files ${name}.*` },
    );
  }
  const state = entry.endings.has('state')
    ? readState(join(dir, `${entry.stem}.state`), dnskey)
    : undefined;
  // As for BIND's tools, the times of the state file count for more than those of the pair: a
  // change of a key is done when its state file is written.
  const stated = stateTiming(state);
  const pair = {
    zone,
    flags,
    algorithm: dnskey[3],
    tag,
    dnskey,
    ttl,
    state,
    declaredRole: stateRole(state),
    file,
  };
  if (!entry.endings.has('private')) {
    return { ...pair, timing: { ...timing, ...stated }, privateFile: undefined, secret: undefined };
  }
  const privateFile = join(dir, `${entry.stem}.private`);
  checkPrivateMode(privateFile);
  const text = readText(privateFile);
  const outside = parseExternalFile(text, privateFile, algorithm);
  if (outside !== undefined) {
    const times = { ...outside, ...stated };
    const whole = {
      ...pair,
      timing: times,
      privateFile,
      ...readSealed(dir, entry, dnskey, access),
    };
    if (whole.secret !== undefined && algorithm.signs) provePair(signingKey(whole), file);
    return whole;
  }
  const half = parsePrivateFile(text, privateFile, dnskey, algorithm, access);
  const times = { ...half.timing, ...stated };
  const whole = { ...pair, timing: times, privateFile, secret: half.secret };
  // Keys that sign nothing (SHA-1) are refused when they are asked to; see select.ts.
  if (algorithm.signs) {
    if (isTokenKey(half.secret)) proveTokenKey(signingKey(whole), access);
    else provePair(signingKey(whole), file);
  }
  return whole;
}

/**
 * The private half that a `.private` file says is elsewhere: in the `.pem` file, if there is one.
 * Else it is where only other tools know of (BIND's dnssec-importkey), and the key is published.
 */
function readSealed(dir: string, entry: Found, dnskey: Uint8Array, access: KeyAccess) {
  if (!entry.endings.has('pem')) return { sealedFile: undefined, secret: undefined };
  const sealedFile = join(dir, `${entry.stem}.pem`);
  checkPrivateMode(sealedFile);
  if (access.leaveSealed === true) return { sealedFile, secret: undefined };
  const secret = openSealed(readText(sealedFile), sealedFile, dnskey, access.passphrase);
  return { sealedFile, secret };
}

function readState(file: string, dnskey: Uint8Array): StateFile {
  const state = parseStateFile(readText(file), file);
  checkStateFile(state, dnskey, file);
  return state;
}

function knownAlgorithm(dnskey: Uint8Array, file: string): Algorithm {
  const algorithm = algorithmByNumber(dnskey[3]);
  if (algorithm === undefined) {
    throw refusal(`${algorithmName(dnskey[3])} is not known`, { place: { file } });
  }
  const fault = publicKeyFault(algorithm, dnskey.subarray(4));
  if (fault !== undefined) throw refusal(`the public key ${fault}`, { place: { file } });
  return algorithm;
}

/** What a worker needs to sign with the key; the key must have its private half. */
export function signingKey(key: KeyPair): SigningKey {
  if (key.secret === undefined) {
    throw refusal('the key has no private half here', {
      place: { file: key.file },
      hint: `bring ${key.file.replace(/\.key$/, '.private')} back, or ${key.file.replace(/\.key$/, '.pem')} if it was encrypted`,
    });
  }
  const { zone, flags, algorithm, tag, dnskey, secret } = key;
  return {
    zone,
    flags,
    algorithm,
    tag,
    dnskey,
    file: key.sealedFile ?? key.privateFile ?? key.file,
    secret,
  };
}

const PROBE = new TextEncoder().encode('zonewright: does this private key belong to its DNSKEY?');

/**
 * Proves that signatures of the private half verify with the published DNSKEY bytes. (In May 2026
 * .de was published with signatures that its own DNSKEY did not verify.)
 *
 * @throws ZonewrightError (exit 4) that names both files.
 */
export function provePair(key: SigningKey, publicFile: string): void {
  const signer = openOpensslSigner(key);
  const verifier = openOpensslVerifier(key.dnskey);
  const signature = new Uint8Array(1024);
  let good = false;
  try {
    const end = signer.sign(PROBE, 0, PROBE.length, signature, 0);
    good = verifier.verify(PROBE, 0, PROBE.length, signature, 0, end);
  } catch {
    // A key that OpenSSL can't sign with is as wrong as one that signs wrongly.
  }
  if (!good) {
    throw refusal('the private key does not belong to the published DNSKEY', {
      place: { file: key.file },
      hint: `its signatures do not verify with the key in ${publicFile}; restore the pair from a backup`,
    });
  }
}

/**
 * The same for a key in a token, to which it logs in.
 *
 * @throws ZonewrightError (exit 4): the token or the key is not there, or is not the DNSKEY's.
 */
function proveTokenKey(key: SigningKey, { pkcs11, leaveSealed }: KeyAccess): void {
  if (leaveSealed || pkcs11 === undefined || !isTokenKey(key.secret)) return;
  openToken(pkcs11, parseTokenUri(key.secret.label));
  // It has signed a probe when it is open.
  openTokenSigner(key).close?.();
}

export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'error';
    throw refusal(`can't be read (${code})`, {
      place: { file },
      hint: 'zonewright must run as the user who owns the keys',
      cause,
    });
  }
}

/**
 * Refuses a folder for private keys that other users may enter, read or write.
 *
 * @throws ZonewrightError (exit 4) with the command that mends it.
 */
export function checkFolderMode(dir: string): void {
  const mode = statSync(dir).mode & 0o777;
  if ((mode & 0o077) === 0) return;
  throw refusal(`the key folder is open to other users (mode ${octal(mode)})`, {
    place: { file: dir },
    hint: `run: chmod 700 ${dir}`,
  });
}

export function checkPrivateMode(file: string): void {
  const mode = statSync(file).mode & 0o777;
  if ((mode & 0o077) === 0) return;
  throw refusal(`the private key is open to other users (mode ${octal(mode)})`, {
    place: { file },
    hint: `run: chmod 600 ${file}`,
  });
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

/** Has the key its REVOKE flag in the file already? */
export function isRevoked(key: KeyPair): boolean {
  return (key.flags & FLAG_REVOKE) !== 0;
}
