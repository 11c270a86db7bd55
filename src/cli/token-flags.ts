/**
 * The flags that say how keys in a PKCS#11 token are reached, where no configuration does. What
 * becomes of them is the work's business: keys/token-access.ts.
 */

import type { Command } from 'commander';
import { countFlag } from './common.js';

/** The values as commander leaves them. */
export interface TokenFlags {
  readonly pkcs11Module?: string;
  readonly pinFile?: string;
  readonly pkcs11Sessions?: number;
}

/** Adds the flags to a command. */
export function addTokenFlags(command: Command): Command {
  return command
    .option('--pkcs11-module <F>', 'library of the HSM, for keys in a PKCS#11 token')
    .option('--pin-file <F>', 'file of mode 0600 with the PIN of the token, or /dev/fd/N')
    .option(
      '--pkcs11-sessions <N>',
      'sessions that a signing thread may hold (default: 8)',
      countFlag(1, 256),
    );
}
