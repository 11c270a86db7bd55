/** What is needed to get at private keys that do not lie open in their files. */

import type { TokenSettings } from '../pkcs11/settings.js';
import type { Passphrase } from './passphrase.js';

export interface KeyAccess {
  /** How keys in PKCS#11 tokens are reached; undefined: they are refused. */
  readonly pkcs11?: TokenSettings | undefined;
  /** Opens encrypted private halves. */
  readonly passphrase?: Passphrase | undefined;
  /** Leaves encrypted private halves and tokens alone, for work that signs nothing. */
  readonly leaveSealed?: boolean | undefined;
}
