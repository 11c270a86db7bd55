/**
 * What the commands pass to the functions that do their work: the flags, checked and in the
 * units of the program (seconds, bytes, wire names).
 */

import type { Denial, GlueMode, SerialMode } from '../config/model.js';
import type { PassphraseSource } from '../keys/passphrase.js';
import type { Pool } from '../threads/pool.js';
import type { CommonOptions } from './common.js';
import type { TokenFlags } from './token-flags.js';

export type Engine = 'openssl' | 'noble' | 'pkcs11';

/** `zonewright sign`; see src/sign/command.ts. */
export interface SignOptions extends CommonOptions {
  /** Threads that were started ahead; the command ends them. */
  readonly pool?: Promise<Pool>;
  /** A path, or `-` for standard input. */
  readonly input: string;
  /** The apex, wire form. */
  readonly zone: Uint8Array;
  readonly keyDir: string;
  /** Where the passphrase of encrypted private keys stands. */
  readonly passphrase?: PassphraseSource | undefined;
  /** How keys in tokens are reached. */
  readonly tokenFlags: TokenFlags;
  /** A path, or `-` for standard output. */
  readonly output: string;
  readonly denial: Denial;
  readonly zonemd: boolean;
  /** Seconds, as the next three. */
  readonly validity: number;
  readonly inceptionOffset: number;
  readonly jitter: number;
  readonly refresh: number;
  readonly serial: SerialMode;
  /** The signed zone of the run before, whose signatures may be kept. */
  readonly previous: string | undefined;
  readonly glue: GlueMode;
  readonly engine: Engine;
  readonly verify: boolean;
  /** More rejected records than this end the run with exit 3. */
  readonly maxRejects: number;
}

/** `zonewright verify`; see src/verify/command.ts. */
export interface VerifyOptions extends CommonOptions {
  /** A path, or `-` for standard input. */
  readonly file: string;
  readonly zone: Uint8Array;
  /** File with the DS (or DNSKEY) records that the parent has. */
  readonly ds: string | undefined;
  readonly engine: 'openssl' | 'noble';
  /** Faults to report; all are counted. */
  readonly maxErrors: number;
  /** What a name server in its own delegation without an address is. */
  readonly missingGlue: 'fault' | 'warn';
}

/** `zonewright build`; see src/publish/build.ts. */
export interface BuildOptions extends CommonOptions {
  /** Zones to build; empty: all. */
  readonly zones: readonly Uint8Array[];
  /** Everything but the switch, the state and the command after it. */
  readonly dryRun: boolean;
  /** Names of guards that may fail this once. */
  readonly overrides: readonly string[];
  /** Why; set when `overrides` is not empty. */
  readonly reason: string | undefined;
  /** Where the passphrase of encrypted private keys stands; undefined: as configured. */
  readonly passphrase?: PassphraseSource | undefined;
}

/** `zonewright diff`; see src/diff/command.ts. */
export interface DiffOptions extends CommonOptions {
  /** Zone file (also .gz) or folder of a generation; as `new`. */
  readonly old: string;
  readonly new: string;
  /** The apex, wire form; undefined: as the SOA at the files' start says. */
  readonly zone: Uint8Array | undefined;
}
