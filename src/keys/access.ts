/** What is needed to get at private keys that do not lie in their files. */

import type { TokenSettings } from '../pkcs11/settings.js';

export interface KeyAccess {
  /** How keys in PKCS#11 tokens are reached; undefined: they are refused. */
  readonly pkcs11?: TokenSettings | undefined;
}
