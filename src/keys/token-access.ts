/** How keys in PKCS#11 tokens are reached, from the flags of a command and the configuration. */

import { resolve } from 'node:path';
import type { TokenFlags } from '../cli/token-flags.js';
import { usageError } from '../errors.js';
import { DEFAULT_SESSIONS, type TokenSettings } from '../pkcs11/settings.js';
import { parseTokenUri, UriFault } from '../pkcs11/uri.js';
import type { KeyAccess } from './access.js';

/**
 * What the flags say, over what the configuration does.
 *
 * @throws ZonewrightError (exit 2) when they belong to a module that nobody names.
 */
export function tokenAccess(flags: TokenFlags | undefined, configured?: TokenSettings): KeyAccess {
  const { pkcs11Module, pinFile, pkcs11Sessions } = flags ?? {};
  // A name without a folder is looked for by the system.
  const given = pkcs11Module?.includes('/') ? resolve(pkcs11Module) : pkcs11Module;
  const module = given ?? configured?.module;
  if (module === undefined) {
    if (pinFile === undefined && pkcs11Sessions === undefined) return {};
    throw usageError(
      `${pinFile === undefined ? '--pkcs11-sessions' : '--pin-file'} is for keys in a PKCS#11 token`,
      { hint: 'name the library of the HSM, too: --pkcs11-module' },
    );
  }
  return {
    pkcs11: {
      module,
      pin: pinFile === undefined ? configured?.pin : { file: resolve(pinFile) },
      sessions: pkcs11Sessions ?? configured?.sessions ?? DEFAULT_SESSIONS,
    },
  };
}

/**
 * Checks the value of `--key-storage`, which may hold a PIN that nobody shall see.
 *
 * @throws ZonewrightError (exit 2) when it is no PKCS#11 URI of a token.
 */
export function checkStorage(uri: string): void {
  try {
    const { object, id } = parseTokenUri(uri);
    if (object === undefined && id === undefined) return;
    throw new UriFault('names a key');
  } catch (error) {
    if (!(error instanceof UriFault)) throw error;
    throw usageError(`--key-storage is not the PKCS#11 URI of a token: it ${error.message}`, {
      hint: 'say, for instance, pkcs11:token=zw (RFC 7512)',
    });
  }
}
