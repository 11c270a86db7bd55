/** `zonewright keys request`, `keys sign-request`, `keys import-response`: the flags. */

import { type Command, Option } from 'commander';
import { parseDuration } from '../config/duration.js';
import type {
  KeysImportResponseOptions,
  KeysRequestOptions,
  KeysSignRequestOptions,
} from '../keys/offline/command.js';
import { commonOptions, durationFlag, finish, flagOf, timeFlag, zoneFlag } from './common.js';
import { loadWork } from './lazy.js';
import { addPassphraseFlags, type PassphraseFlags, passphraseOf } from './passphrase.js';
import { addTokenFlags, type TokenFlags } from './token-flags.js';

type Dialect = 'bind' | 'knot';

interface TimeFlags {
  validity?: number;
  refresh?: number;
  inceptionOffset?: number;
}

interface RequestFlags extends TimeFlags {
  zone: Uint8Array;
  keyDir?: string;
  from?: number;
  to: number;
  out?: string;
  format: Dialect;
  zskLifetime?: number;
}

interface SignFlags extends TimeFlags, PassphraseFlags, TokenFlags {
  zone: Uint8Array;
  keyDir: string;
  out?: string;
  format?: Dialect;
  to?: number;
  maxValidity: number;
  maxPeriod: number;
  digest: readonly number[];
  yes?: true;
}

interface ImportFlags {
  zone: Uint8Array;
  keyDir?: string;
  shorten?: true;
}

const DIALECTS = ['bind', 'knot'] as const;
const KEY_DIR = 'folder of the keys (default: key-dir of the configuration)';
const WORK = 'keys/offline/command.js';

/** DS digest types with commas between. */
const digestFlag = flagOf((text) => {
  const types = text.split(',').map((part) => part.trim());
  return types.every((type) => type === '2' || type === '4')
    ? [...new Set(types.map(Number))]
    : undefined;
}, 'digest types: 2 (SHA-256), 4 (SHA-384), or 2,4');

function limit(flags: string, text: string, value: string): Option {
  return new Option(flags, text).argParser(durationFlag).default(parseDuration(value), value);
}

/** Adds the three commands to `keys`. */
export function addOfflineCommands(keys: Command): void {
  addRequest(keys);
  addSignRequest(keys);
  addImportResponse(keys);
}

function addRequest(keys: Command): void {
  keys
    .command('request')
    .summary('offline KSK: ask for signatures over the coming DNSKEY RRsets')
    .description(
      'Writes a key signing request (KSR) for the machine that has the KSK: a bundle of ZSKs for each change of the published ZSKs, and for each time that signatures have to be replaced. ZSKs that the policy rolls to until then are made now.',
    )
    .requiredOption('--zone <Z>', 'name of the zone', zoneFlag)
    .option('--key-dir <D>', KEY_DIR)
    .option('--from <T>', 'begin (default: where the stored response ends, or now)', timeFlag)
    .requiredOption('--to <T>', 'end', timeFlag)
    .option('--out <F>', 'where the request goes (default: standard output)')
    .addOption(formatOption('how it is written').default('bind'))
    .option('--validity <P>', "life of a signature (default: the policy's, or P14D)", durationFlag)
    .option(
      '--refresh <P>',
      "life left to a signature when it is replaced (default: the policy's, or P7D)",
      durationFlag,
    )
    .option(
      '--inception-offset <P>',
      "how far signatures begin in the past (default: the policy's, or PT1H)",
      durationFlag,
    )
    .option('--zsk-lifetime <P>', "when a ZSK is rolled (default: the policy's)", durationFlag)
    .addHelpText(
      'after',
      `
Examples:
  zonewright keys request --zone com --to 2027-06-01 --out com.ksr
  zonewright keys request --zone example --key-dir keys --to 2027-06-01 --format knot > e.ksr`,
    )
    .action(async (flags: RequestFlags, command: Command) => {
      const options: KeysRequestOptions = {
        ...commonOptions(command),
        ...timesOf(flags),
        zone: flags.zone,
        keyDir: flags.keyDir,
        from: flags.from,
        to: flags.to,
        zskLifetime: flags.zskLifetime,
        out: flags.out,
        format: flags.format,
      };
      finish(await (await loadWork<KeysRequestOptions>(WORK, 'keysRequestCommand'))(options));
    });
}

function addSignRequest(keys: Command): void {
  const sign = keys
    .command('sign-request')
    .summary('offline KSK: sign a request, on the machine that has the KSK')
    .description(
      'Checks a key signing request (of zonewright, dnssec-ksr or keymgr), shows what it will sign, and writes a signed key response (SKR): DNSKEY, CDNSKEY and CDS RRsets with the signatures of the KSK. Needs no configuration. On a terminal it asks before it signs.',
    )
    .argument('<FILE>', 'the request')
    .requiredOption('--zone <Z>', 'name of the zone', zoneFlag)
    .requiredOption('--key-dir <D>', 'folder with the KSK')
    .option('--out <F>', 'where the response goes (default: standard output)')
    .addOption(formatOption("how it is written (default: as the request's)"))
    .option('--validity <P>', "life of a signature (default: the request's, or P14D)", durationFlag)
    .option(
      '--refresh <P>',
      "life left to a signature when it is replaced (default: the request's, or P7D)",
      durationFlag,
    )
    .option(
      '--inception-offset <P>',
      "how far signatures begin in the past (default: the request's, or PT1H)",
      durationFlag,
    )
    .option('--to <T>', "sign the last bundle's keys again and again until then", timeFlag)
    .addOption(limit('--max-validity <P>', 'refuse longer lives of a signature', 'P60D'))
    .addOption(limit('--max-period <P>', 'refuse signatures that expire later from now', 'P400D'))
    .addOption(
      new Option('--digest <TYPES>', 'DS digest types of the CDS records')
        .argParser(digestFlag)
        .default([2], '2'),
    )
    .option('--yes', 'do not ask');
  addTokenFlags(addPassphraseFlags(sign))
    .addHelpText(
      'after',
      `
Examples:
  zonewright keys sign-request com.ksr --zone com --key-dir ksk --out com.skr`,
    )
    .action(async (file: string, flags: SignFlags, command: Command) => {
      const options: KeysSignRequestOptions = {
        ...commonOptions(command),
        ...timesOf(flags),
        file,
        zone: flags.zone,
        keyDir: flags.keyDir,
        out: flags.out,
        format: flags.format,
        maxValidity: flags.maxValidity,
        maxPeriod: flags.maxPeriod,
        tokenFlags: flags,
        passphrase: passphraseOf(flags),
        to: flags.to,
        digests: flags.digest,
        yes: flags.yes ?? false,
      };
      const run = await loadWork<KeysSignRequestOptions>(WORK, 'keysSignRequestCommand');
      finish(await run(options));
    });
}

function addImportResponse(keys: Command): void {
  keys
    .command('import-response')
    .summary('offline KSK: take over what the KSK has signed')
    .description(
      'Verifies a signed key response and stores it as K<zone>.skr in the key folder. Every signature is checked, the ZSKs must be those of our store, the KSK must be known, and there must be no gap to what is stored.',
    )
    .argument('<FILE>', 'the response')
    .requiredOption('--zone <Z>', 'name of the zone', zoneFlag)
    .option('--key-dir <D>', KEY_DIR)
    .option('--shorten', 'also when what is stored lasts longer')
    .addHelpText(
      'after',
      `
Examples:
  zonewright keys import-response com.skr --zone com`,
    )
    .action(async (file: string, flags: ImportFlags, command: Command) => {
      const options: KeysImportResponseOptions = {
        ...commonOptions(command),
        file,
        zone: flags.zone,
        keyDir: flags.keyDir,
        shorten: flags.shorten ?? false,
      };
      const run = await loadWork<KeysImportResponseOptions>(WORK, 'keysImportResponseCommand');
      finish(await run(options));
    });
}

function formatOption(text: string): Option {
  return new Option('--format <FORM>', text).choices(DIALECTS);
}

function timesOf({ validity, refresh, inceptionOffset }: TimeFlags) {
  return { validity, refresh, inceptionOffset };
}
