/** Checks of the keys: their folder, their tokens, and whether zones can be signed with them. */

import { constants, readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { Config, ZoneConfig } from '../config/model.js';
import { isoTime } from '../config/time.js';
import { algorithmName } from '../dnssec/algorithms.js';
import { keyTag } from '../dnssec/keytag.js';
import { placeText, ZonewrightError } from '../errors.js';
import type { KeyAccess } from '../keys/access.js';
import { missingKeys } from '../keys/generate.js';
import { type Presigned, presignedAt, withStoredKsks } from '../keys/offline/presigned.js';
import type { Passphrase } from '../keys/passphrase.js';
import { selectKeys } from '../keys/select.js';
import { readKeys } from '../keys/store.js';
import { findToken, listTokens } from '../pkcs11/token.js';
import { parseTokenUri } from '../pkcs11/uri.js';
import { type Check, may, statOf } from './check.js';

export function checkKeyFolder(folder: string): Check {
  const name = 'key folder';
  const stat = statOf(folder);
  if (stat === undefined) {
    return {
      name,
      status: 'fail',
      detail: `${folder} is not there`,
      advice: `mkdir -m 700 ${folder}`,
      keys: true,
    };
  }
  const wide = stat.mode & 0o077;
  if (wide !== 0) {
    const mode = (stat.mode & 0o777).toString(8);
    return {
      name,
      status: 'fail',
      detail: `${folder} has mode ${mode}: others may look in`,
      advice: `chmod 700 ${folder}`,
      keys: true,
    };
  }
  if (!may(folder, constants.R_OK | constants.X_OK)) {
    const advice = `let this user read ${folder}, and no other`;
    return { name, status: 'fail', detail: `${folder} can't be read`, advice, keys: true };
  }
  const open = readdirSync(folder)
    .filter((file) => /\.(?:private|pem)$/.test(file))
    .filter((file) => ((statOf(join(folder, file))?.mode ?? 0) & 0o077) !== 0);
  if (open.length > 0) {
    const globs = [...new Set(open.map((file) => `${folder}/*${extname(file)}`))];
    return {
      name,
      status: 'fail',
      detail: `${open.length} private keys are readable by others, e.g. ${open[0]}`,
      advice: `chmod 600 ${globs.join(' ')}\nand think of rolling those keys: others may have them`,
      keys: true,
    };
  }
  return { name, status: 'ok', detail: folder };
}

/**
 * Does the PKCS#11 module load, and are the tokens there that the policies name? (Whether the login
 * succeeds shows at the keys: a wrong PIN is not to be tried more often than need be.)
 */
export function checkTokens({ pkcs11, policies }: Config): Check[] {
  if (pkcs11 === undefined) return [];
  const { module } = pkcs11;
  const wanted = new Set([...policies.values()].flatMap(({ keyStorage }) => keyStorage ?? []));
  const checks: Check[] = [];
  try {
    const tokens = listTokens(module).map(({ label }) => JSON.stringify(label));
    const detail = `${module}: ${tokens.length === 0 ? 'no token' : tokens.join(', ')}`;
    const name = 'PKCS#11 module';
    checks.push(
      tokens.length > 0
        ? { name, status: 'ok', detail }
        : { name, status: 'warn', detail, advice: 'connect the HSM, or initialise its token' },
    );
    for (const storage of wanted) {
      const { label, serial, manufacturer } = findToken(module, parseTokenUri(storage)).info;
      checks.push({
        name: `token ${label}`,
        status: 'ok',
        detail: `serial ${serial}, ${manufacturer}`,
      });
    }
  } catch (error) {
    if (!(error instanceof ZonewrightError)) throw error;
    checks.push({
      name: 'PKCS#11',
      status: 'fail',
      detail: placeText(error.place) + error.message,
      advice: error.hint ?? 'look at [pkcs11] and at the HSM',
      keys: true,
    });
  }
  return checks;
}

/**
 * Can the zone be signed at `now` with the keys in the folder? Each private half signs a probe
 * that its public half has to verify.
 */
export function checkZoneKeys(
  keyDir: string,
  zone: ZoneConfig,
  { pkcs11 }: KeyAccess,
  now: number,
  passphrase: () => Passphrase | undefined,
): Check {
  const name = `keys of ${zone.label}`;
  try {
    const keys = readKeys(keyDir, zone.name, { pkcs11, passphrase: passphrase() });
    const presigned = presignedAt(keyDir, zone.name, keys, now);
    const known = withStoredKsks(keyDir, zone.name, keys, now);
    const missing = missingKeys(known, zone.policy, now);
    if (missing.length > 0) {
      const lacking = missing.map((key) => `${key.role} of ${algorithmName(key.algorithm)}`);
      return {
        name,
        status: 'fail',
        detail: `the policy asks for ${lacking.join(', ')}`,
        advice: `zonewright keys generate --zone ${zone.label}`,
        keys: true,
      };
    }
    const { dnskeys, ksks, zsks } = selectKeys(keys, now, presigned);
    if (presigned !== undefined) return checkPresigned(name, presigned, tags(zsks));
    const detail = `${dnskeys.length} published; ${tags(ksks)} sign the keys, ${tags(zsks)} the rest`;
    return { name, status: 'ok', detail };
  } catch (error) {
    if (!(error instanceof ZonewrightError)) throw error;
    const detail = placeText(error.place) + error.message;
    const advice = error.hint ?? `zonewright keys list --zone ${zone.label}`;
    return { name, status: 'fail', detail, advice, keys: true };
  }
}

/** Of a zone whose KSK is on another machine: how long will what it has signed do? */
function checkPresigned(name: string, { signers, lasts, warning }: Presigned, zsks: string): Check {
  const detail = `${signers.map(keyTag).join(', ')} on another machine has signed the keys until ${isoTime(lasts)}; ${zsks} sign the rest`;
  if (warning === undefined) return { name, status: 'ok', detail };
  return { name, status: 'warn', detail, advice: warning };
}

function tags(keys: readonly { readonly tag: number }[]): string {
  return keys.map((key) => key.tag).join(', ');
}
