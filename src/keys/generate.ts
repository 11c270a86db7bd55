/**
 * Making key pairs: one of a wished algorithm and role, or those that a policy lacks.
 *
 * A new key never has the tag of another key of its zone, also not in revoked form. Its files are
 * made in the order `.state`, `.pem`, `.private`, `.key`, each whole: only with the `.key` is there a key,
 * so a crash in between leaves none behind that would be published without its private half.
 */

import {
  createPrivateKey,
  type ED25519KeyPairOptions,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Algorithm, algorithmName, signingAlgorithm } from '../dnssec/algorithms.js';
import { FLAG_SEP, FLAG_ZONE, makeDnskey } from '../dnssec/dnskey.js';
import { publicKeyField } from '../dnssec/keyobject.js';
import { keyTag, revokedKeyTag } from '../dnssec/keytag.js';
import { refusal, usageError } from '../errors.js';
import { zoneLabel } from '../names/name.js';
import { isTokenKey } from '../pkcs11/token-key.js';
import type { KeyAccess } from './access.js';
import { createFile } from './files.js';
import { HIDDEN_STATE } from './lifecycle/key-state.js';
import { withStoredKsks } from './offline/presigned.js';
import type { Passphrase } from './passphrase.js';
import { sealPem } from './pkcs8.js';
import { formatExternalFile, formatPrivateFile } from './privatefile.js';
import { formatPublicFile, parsePublicFile } from './publicfile.js';
import { keyRoles } from './roles.js';
import { formatStateFile, parseStateFile, type Role, type StateFile } from './statefile.js';
import {
  checkFolderMode,
  findKeyFiles,
  isRevoked,
  type KeyPair,
  keyFileStem,
  readKeys,
} from './store.js';
import { type KeyTiming, phaseAt } from './timing.js';
import { formatTokenFile } from './tokenfile.js';
import { makeTokenKey, type NewTokenKey } from './tokenkeys.js';
import { settleStore, trashedTags } from './trash.js';

export interface NewKey {
  /** The zone's name, lower-case wire form. */
  readonly zone: Uint8Array;
  /** DNSSEC algorithm number. */
  readonly algorithm: number;
  readonly role: Role;
  readonly timing: KeyTiming;
  /** RSA: bits of the modulus; 2048 when not given. */
  readonly bits?: number | undefined;
  /** TTL of the DNSKEY record in the `.key` file; without it the file has none. */
  readonly ttl?: number | undefined;
  /** What the `.state` file says besides roles and times. */
  readonly state?: StateFile | undefined;
  /** Encrypts the private half at rest. */
  readonly passphrase?: Passphrase | undefined;
  /** The token to make the pair in; without it, the private half is in its file. */
  readonly storage?: TokenStorage | undefined;
}

/** A token, and how it is reached. */
export interface TokenStorage {
  /** PKCS#11 URI of the token. */
  readonly uri: string;
  readonly access: KeyAccess;
}

/** Makes the numbers of a key; replaced in tests, to meet a tag twice. */
export type KeySource = (algorithm: Algorithm, bits: number) => KeyObject | NewTokenKey;

/**
 * Generates a key pair and writes it to `dir`, which is made (mode 0700) when it is not there.
 *
 * @throws ZonewrightError (exit 4) when the algorithm signs nothing, the size is unlawful, or the
 *   token makes no such key.
 */
export function generateKeyPair(
  dir: string,
  wish: NewKey,
  source: KeySource = sourceOf(wish),
): KeyPair {
  const algorithm = signingAlgorithm(wish.algorithm);
  const bits = wish.bits ?? algorithm.defaultBits;
  if (
    bits < Math.max(algorithm.minBits, MIN_NEW_BITS[algorithm.family]) ||
    bits > algorithm.maxBits
  ) {
    throw refusal(`no ${algorithm.mnemonic} key of ${bits} bits is made`, {
      hint: `say ${Math.max(algorithm.minBits, MIN_NEW_BITS[algorithm.family])} to ${algorithm.maxBits} bits, or nothing for ${algorithm.defaultBits}`,
    });
  }
  makeKeyFolder(dir);
  checkFolderMode(dir);
  const { zone, role, timing } = wish;
  const flags = role === 'zsk' ? FLAG_ZONE : FLAG_ZONE | FLAG_SEP;
  const taken = takenTags(dir, zone);
  for (;;) {
    const made = source(algorithm, bits);
    const { secret, publicKey } =
      'publicKey' in made ? made : { secret: made, publicKey: publicKeyField(algorithm, made) };
    const dnskey = makeDnskey(flags, algorithm.number, publicKey);
    const tag = keyTag(dnskey);
    if (taken.has(tag) || taken.has(revokedKeyTag(dnskey))) {
      if ('discard' in made) made.discard();
      continue;
    }
    const stem = join(dir, keyFileStem(zone, algorithm.number, tag));
    const state = formatStateFile(zone, dnskey, tag, role, timing, wish.state);
    createFile(`${stem}.state`, state, 0o644);
    const { ttl, passphrase } = wish;
    // The plain half of an encrypted key is never on the disk.
    const sealed = passphrase !== undefined && !isTokenKey(secret);
    if (sealed) createFile(`${stem}.pem`, sealPem(secret, passphrase), 0o600);
    const half = isTokenKey(secret)
      ? formatTokenFile(algorithm, publicKey, secret.label, timing)
      : sealed
        ? formatExternalFile(algorithm, timing)
        : formatPrivateFile(algorithm, secret, timing);
    createFile(`${stem}.private`, half, 0o600);
    createFile(`${stem}.key`, formatPublicFile({ owner: zone, ttl, dnskey, timing }), 0o644);
    return {
      zone,
      flags,
      algorithm: algorithm.number,
      tag,
      dnskey,
      ttl,
      timing,
      declaredRole: role,
      state: parseStateFile(state, `${stem}.state`),
      file: `${stem}.key`,
      privateFile: `${stem}.private`,
      sealedFile: passphrase === undefined ? undefined : `${stem}.pem`,
      secret,
    };
  }
}

/** No new RSA key is smaller: NIST SP 800-57 part 1, table 2 (112 bits of strength). */
const MIN_NEW_BITS = { rsa: 2048, ecdsa: 0, eddsa: 0 } as const;

function sourceOf({ storage, zone, role }: NewKey): KeySource {
  if (storage === undefined) return newPrivateKey;
  const { uri, access } = storage;
  return (algorithm, bits) => makeTokenKey(algorithm, bits, { storage: uri, zone, role }, access);
}

/** How the generator hands a key over: in octets, see {@link newPrivateKey}. */
const ENCODINGS: ED25519KeyPairOptions<'der', 'der'> = {
  privateKeyEncoding: { format: 'der', type: 'pkcs8' },
  publicKeyEncoding: { format: 'der', type: 'spki' },
};

/**
 * A new private key.
 *
 * Through octets, because a key object that comes from the generator itself shares a mutex with the
 * generator's job: when the job is collected as garbage in the middle of an export of the key, the
 * process waits for itself for ever (Node.js 20).
 */
export function newPrivateKey(algorithm: Algorithm, bits: number): KeyObject {
  const key = newPrivateKeyOctets(algorithm, bits);
  try {
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  } finally {
    key.fill(0);
  }
}

function newPrivateKeyOctets({ curve }: Algorithm, bits: number): Buffer {
  switch (curve) {
    case undefined: {
      const size = { modulusLength: bits, publicExponent: 0x10001 };
      return generateKeyPairSync('rsa', { ...size, ...ENCODINGS }).privateKey;
    }
    case 'Ed25519':
      return generateKeyPairSync('ed25519', ENCODINGS).privateKey;
    case 'Ed448':
      return generateKeyPairSync('ed448', ENCODINGS).privateKey;
    default:
      return generateKeyPairSync('ec', { namedCurve: curve, ...ENCODINGS }).privateKey;
  }
}

/** Makes a key folder (mode 0700) if it is not there. */
export function makeKeyFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'error';
    throw usageError(`the key folder can't be made (${code})`, { place: { file: dir }, cause });
  }
}

/** The tags of a zone's keys in a folder, each as it is and revoked. */
function takenTags(dir: string, zone: Uint8Array): Set<number> {
  // Keys in the trash may come back.
  const taken = new Set<number>(trashedTags(dir, zone));
  for (const entry of findKeyFiles(dir, zone)) {
    taken.add(entry.tag);
    if (!entry.endings.has('key')) continue;
    const file = join(dir, `${entry.stem}.key`);
    taken.add(revokedKeyTag(parsePublicFile(readFileSync(file, 'utf8'), file).dnskey));
  }
  return taken;
}

/** What generation needs of a policy (01, `[policy.NAME]`). */
export interface KeyPolicy {
  /** Algorithm numbers; each signs everything. */
  readonly algorithms: readonly number[];
  /** One key for both roles. */
  readonly csk: boolean;
  /** Seconds. */
  readonly dnskeyTtl?: number | undefined;
  /** PKCS#11 URI of the token where keys are made; undefined: in files. */
  readonly keyStorage?: string | undefined;
}

export interface MissingKey {
  readonly algorithm: number;
  readonly role: Role;
}

/**
 * The keys that a policy asks for and a zone does not have. Keys that will sign later count as
 * there, keys that have ceased to sign do not; a key that is only published counts, for its
 * private half may be kept elsewhere.
 *
 * @throws ZonewrightError (exit 4) when the zone is signed with other algorithms already: adding
 *   one at once would break validation, it has to be rolled.
 */
export function missingKeys(
  keys: readonly KeyPair[],
  policy: KeyPolicy,
  now: number,
): readonly MissingKey[] {
  const roles = keyRoles(keys, now);
  const usable = keys.filter(
    (key) =>
      !phaseAt(key.timing, now).removed &&
      !isRevoked(key) &&
      !(key.timing.inactive !== undefined && key.timing.inactive <= now) &&
      !(key.timing.revoke !== undefined && key.timing.revoke <= now),
  );
  const present = new Set(usable.map((key) => key.algorithm));
  const foreign = policy.algorithms.filter((number) => !present.has(number));
  if (present.size > 0 && foreign.length > 0) {
    const old = [...present].map(algorithmName).join(', ');
    throw refusal(
      `${zoneLabel(keys[0].zone)} has keys of ${old}, and the policy asks for ${foreign.map(algorithmName).join(', ')}`,
      {
        hint: `a new algorithm has to be rolled in (RFC 6781 §4.1.4), not added at once; until then set algorithm = "${old}"`,
      },
    );
  }
  const missing: MissingKey[] = [];
  const wanted: readonly Role[] = policy.csk ? ['csk'] : ['ksk', 'zsk'];
  for (const algorithm of policy.algorithms) {
    const have = usable
      .filter((key) => key.algorithm === algorithm)
      .map((key) => roles.get(key) ?? 'zsk');
    for (const role of wanted) {
      const served =
        role === 'csk'
          ? have.some((r) => r !== 'zsk') && have.some((r) => r !== 'ksk')
          : have.includes(role) || have.includes('csk');
      if (!served) missing.push({ algorithm, role });
    }
  }
  return missing;
}

/**
 * Generates the keys that a policy lacks; published and signing from `now` on.
 *
 * @param only limits it to one role.
 * @param access to keys in tokens, and the passphrase that encrypts private halves.
 * @returns the new keys; none when nothing is lacking.
 * @throws ZonewrightError (exit 4) as {@link missingKeys}, `readKeys` and `generateKeyPair` do.
 */
export function generateMissingKeys(
  dir: string,
  zone: Uint8Array,
  policy: KeyPolicy,
  now: number,
  only?: Role,
  access: KeyAccess = {},
): KeyPair[] {
  makeKeyFolder(dir);
  settleStore(dir);
  const timing: KeyTiming = { created: now, publish: now, activate: now };
  const { dnskeyTtl: ttl, keyStorage } = policy;
  const storage = keyStorage === undefined ? undefined : { uri: keyStorage, access };
  const { passphrase } = access;
  const stored = readKeys(dir, zone, { ...access, leaveSealed: true });
  return missingKeys(withStoredKsks(dir, zone, stored, now), policy, now)
    .filter(({ role }) => only === undefined || role === only)
    .map(({ algorithm, role }) =>
      generateKeyPair(dir, {
        zone,
        algorithm,
        role,
        timing,
        ttl,
        storage,
        // Nothing of it is published before a zone is.
        state: HIDDEN_STATE[role],
        passphrase,
      }),
    );
}
