/** `zonewright sign`: the flags, as README's "Moving from dnssec-signzone" lists them. */

import { type Command, Option } from 'commander';
import { parseDuration } from '../config/duration.js';
import type { GlueMode, SerialMode } from '../config/model.js';
import { usageError } from '../errors.js';
import { commonOptions, countFlag, durationFlag, finish, saltFlag, zoneFlag } from './common.js';
import { loadWork } from './lazy.js';
import type { Engine, SignOptions } from './options.js';
import { addPassphraseFlags, type PassphraseFlags, passphraseOf } from './passphrase.js';
import { addTokenFlags, type TokenFlags } from './token-flags.js';

interface Flags extends PassphraseFlags, TokenFlags {
  zone: Uint8Array;
  keyDir: string;
  output: string;
  nsec3?: true;
  nsec?: true;
  optOut?: true;
  iterations?: number;
  salt?: Uint8Array;
  zonemd?: boolean;
  validity: number;
  inceptionOffset: number;
  jitter: number;
  refresh: number;
  serial: SerialMode;
  previous?: string;
  glue: GlueMode;
  engine: Engine;
  verify: boolean;
  maxRejects: number;
}

function duration(flags: string, text: string, value: string): Option {
  return new Option(flags, text).argParser(durationFlag).default(parseDuration(value), value);
}

/** Registers the command. */
export function addSignCommand(program: Command): void {
  const command = program
    .command('sign')
    .summary('sign one zone file')
    .description('Signs one zone file; a drop-in for dnssec-signzone.')
    .argument('<INPUT>', 'zone file (RFC 1035 master file, also .gz), or - for standard input')
    .requiredOption('--zone <Z>', 'name of the zone', zoneFlag)
    .requiredOption('--key-dir <D>', 'folder with the BIND key pairs')
    .requiredOption('--output <O>', 'where the signed zone goes, or - for standard output')
    .addOption(new Option('--nsec3', 'deny with NSEC3 (the default)').conflicts('nsec'))
    .addOption(new Option('--nsec', 'deny with NSEC').conflicts(['optOut', 'iterations', 'salt']))
    .option('--opt-out', 'leave insecure delegations out of the NSEC3 chain')
    .option('--iterations <N>', 'further NSEC3 hash iterations (default: 0)', countFlag(0, 65_535))
    .option('--salt <HEX>', 'NSEC3 salt in hexadecimal (default: -, none)', saltFlag)
    .option('--zonemd', 'add a ZONEMD digest (the default)')
    .option('--no-zonemd', 'add no ZONEMD digest')
    .addOption(duration('--validity <P>', 'life of a signature', 'P14D'))
    .addOption(duration('--inception-offset <P>', 'how far signatures begin in the past', 'PT1H'))
    .addOption(duration('--jitter <P>', 'spread of the expiry times', 'PT12H'))
    .addOption(duration('--refresh <P>', 'remaining life below which one is made anew', 'P7D'))
    .addOption(
      new Option('--serial <MODE>', 'how the SOA serial is made')
        .choices(['keep', 'increment', 'unixtime', 'date'])
        .default('keep'),
    )
    .option('--previous <OLD-SIGNED>', 'signed zone whose good signatures are kept')
    .addOption(
      new Option('--glue <MODE>', 'which addresses stay')
        .choices(['wide', 'narrow', 'keep-all'])
        .default('keep-all'),
    )
    .addOption(
      new Option('--engine <E>', 'what makes the signatures')
        .choices(['openssl', 'noble', 'pkcs11'])
        .default('openssl'),
    )
    .option('--no-verify', 'do not verify the signed zone')
    .option('--max-rejects <N>', 'rejected records that do not end the run', countFlag(0), 0);
  addTokenFlags(addPassphraseFlags(command))
    .addHelpText(
      'after',
      `
Examples:
  zonewright sign com.zone --zone com --key-dir keys --output com.signed --opt-out
  zonewright sign example.zone --zone example --key-dir keys --output - --nsec | gzip > e.gz
  zonewright sign com.zone --zone com --key-dir keys --output new.signed \\
    --previous old.signed --serial increment
  zonewright sign com.zone --zone com --key-dir keys --output com.signed \\
    --pkcs11-module /usr/lib/softhsm/libsofthsm2.so --pin-file /etc/zonewright/pin`,
    )
    .action(async (input: string, flags: Flags, command: Command) => {
      const common = commonOptions(command);
      if (flags.output === '-' && common.json) {
        throw usageError('--json and --output - both write to standard output', {
          hint: 'give --output a file name',
        });
      }
      if (flags.refresh + flags.jitter >= flags.validity) {
        throw usageError('--refresh and --jitter together are not shorter than --validity', {
          hint: 'a new signature could be due at once: choose a longer --validity',
        });
      }
      const options: SignOptions = {
        ...common,
        input,
        zone: flags.zone,
        keyDir: flags.keyDir,
        passphrase: passphraseOf(flags),
        tokenFlags: flags,
        output: flags.output,
        denial:
          flags.nsec === true
            ? { kind: 'nsec' }
            : {
                kind: 'nsec3',
                optOut: flags.optOut ?? false,
                iterations: flags.iterations ?? 0,
                salt: flags.salt ?? new Uint8Array(0),
              },
        zonemd: flags.zonemd ?? true,
        validity: flags.validity,
        inceptionOffset: flags.inceptionOffset,
        jitter: flags.jitter,
        refresh: flags.refresh,
        serial: flags.serial,
        previous: flags.previous,
        glue: flags.glue,
        engine: flags.engine,
        verify: flags.verify,
        maxRejects: flags.maxRejects,
      };
      const { openSignPool } = await import('../sign/threads.js');
      const pool = openSignPool(options);
      const run = await loadWork<SignOptions>('sign/command.js', 'signCommand');
      finish(await run({ ...options, pool }));
    });
}
