/** `zonewright zfa add|approve|…`: the flags of the commands on holders. */

import { type Command, Option } from 'commander';
import type {
  ApproveOptions,
  ReasonOptions,
  RenewOptions,
} from '../zfa/holders/commands/access.js';
import type { HolderOptions } from '../zfa/holders/commands/context.js';
import type { AddOptions, ChangeOptions, FieldFlags } from '../zfa/holders/commands/fields.js';
import type { ExportOptions, ImportOptions } from '../zfa/holders/commands/move.js';
import type { ListOptions } from '../zfa/holders/commands/show.js';
import { HOLDER_STATES, type HolderState } from '../zfa/holders/model.js';
import {
  type CommonOptions,
  commonOptions,
  countFlag,
  finish,
  listFlag,
  timeFlag,
  zonesFlag,
} from './common.js';
import { loadWork } from './lazy.js';

/** Registers the commands below `zfa`. */
export function addHolderCommands(zfa: Command): void {
  addAdd(zfa);
  addChange(zfa);
  addApprove(zfa);
  addDeny(zfa);
  addRenew(zfa);
  addPasswd(zfa);
  addRevoke(zfa);
  addList(zfa);
  addShow(zfa);
  addImport(zfa);
  addExport(zfa);
}

/** @param where `file.function` below src/zfa/holders/commands. */
async function go<T extends CommonOptions>(
  where: string,
  command: Command,
  more: Omit<T, keyof CommonOptions>,
): Promise<void> {
  const [file, name] = where.split('.');
  const run = await loadWork<T>(`zfa/holders/commands/${file}.js`, name);
  finish(await run({ ...commonOptions(command), ...more } as T));
}

function addAdd(zfa: Command): void {
  zfa
    .command('add <ID>')
    .summary('a new holder, who waits for approval')
    .description(
      'Adds a holder, who waits for approval. The id is the user name of the download service and is given once: lower-case letters, digits, ".", "_" and "-".',
    )
    .requiredOption('--name <TEXT>', 'who it is')
    .requiredOption('--email <ADDRESS>', 'where it is reached')
    .requiredOption('--zones <Z,…>', 'the zones that it may download', zonesFlag)
    .option('--organisation <TEXT>', 'for whom it acts')
    .option('--purpose <TEXT>', 'what for')
    .option('--allow <CIDR>', 'download from these addresses only (again for more)', listFlag)
    .option('--agreement <V>', 'version of the agreement that was signed')
    .option('--age-key <KEY>', 'public key of age: bundles also encrypted for it')
    .addHelpText(
      'after',
      `
Examples:
  zonewright zfa add acme --name "Acme Labs" --email zones@acme.example --zones com,net
  zonewright zfa add acme --name "Acme Labs" --email zones@acme.example --zones com \\
    --purpose "phishing research" --allow 192.0.2.0/24 --agreement 2026-1`,
    )
    .action((id: string, flags: Omit<AddOptions, keyof HolderOptions>, command: Command) =>
      go<AddOptions>('fields.addCommand', command, { ...flags, id }),
    );
}

function addChange(zfa: Command): void {
  zfa
    .command('change <ID>')
    .summary('change what is known of a holder')
    .description(
      'Changes what is known of a holder. What is not named stays. A zone that is taken away ends running downloads of it. An empty text takes away what may be absent.',
    )
    .option('--name <TEXT>', 'who it is')
    .option('--email <ADDRESS>', 'where it is reached')
    .option('--zones <Z,…>', 'the zones that it may download', zonesFlag)
    .option('--organisation <TEXT>', 'for whom it acts')
    .option('--purpose <TEXT>', 'what for')
    .option('--allow <CIDR>', 'download from these addresses only (again for more)', listFlag)
    .option('--allow-any', 'download from any address')
    .option('--agreement <V>', 'version of the agreement that was signed, now')
    .option('--age-key <KEY>', 'public key of age; "" for none')
    .addHelpText(
      'after',
      `
Examples:
  zonewright zfa change acme --zones com,net
  zonewright zfa change acme --allow 192.0.2.0/24 --allow 2001:db8::/32`,
    )
    .action((id: string, flags: FieldFlags, command: Command) => {
      if (flags.allow !== undefined && flags.allowAny === true) {
        command.error('--allow and --allow-any exclude each other');
      }
      return go<ChangeOptions>('fields.changeCommand', command, { ...flags, id });
    });
}

function addApprove(zfa: Command): void {
  zfa
    .command('approve <ID>')
    .summary('give access, and print the password, this once')
    .description(
      'Gives a pending holder access and prints its password on standard output, this once: what is kept is a hash.',
    )
    .option('--expires <T>', 'when access ends (default: validity of the configuration)', timeFlag)
    .addHelpText(
      'after',
      `
Examples:
  zonewright zfa approve acme --expires 2027-11-24
  zonewright zfa approve acme --json`,
    )
    .action((id: string, flags: { expires?: number }, command: Command) =>
      go<ApproveOptions>('access.approveCommand', command, { id, expires: flags.expires }),
    );
}

function addDeny(zfa: Command): void {
  zfa
    .command('deny <ID>')
    .summary('give a pending holder no access')
    .description('Gives a pending holder no access. The id stays taken.')
    .requiredOption('--reason <TEXT>', 'why; goes to the audit log')
    .addHelpText('after', '\nExamples:\n  zonewright zfa deny acme --reason "no purpose given"')
    .action((id: string, flags: { reason: string }, command: Command) =>
      go<ReasonOptions>('access.denyCommand', command, { id, reason: flags.reason }),
    );
}

function addRenew(zfa: Command): void {
  zfa
    .command('renew <ID>')
    .summary('access until another time')
    .description(
      'Sets when access ends, also for a holder whose access has ended already. The password stays.',
    )
    .requiredOption('--expires <T>', 'when access ends', timeFlag)
    .addHelpText('after', '\nExamples:\n  zonewright zfa renew acme --expires 2028-11-24')
    .action((id: string, flags: { expires: number }, command: Command) =>
      go<RenewOptions>('access.renewCommand', command, { id, expires: flags.expires }),
    );
}

function addPasswd(zfa: Command): void {
  zfa
    .command('passwd <ID>')
    .summary('another password, printed this once')
    .description(
      'Makes another password and prints it on standard output, this once. The old one, and what was signed in with it, is void at once.',
    )
    .addHelpText('after', '\nExamples:\n  zonewright zfa passwd acme')
    .action((id: string, _: object, command: Command) =>
      go<HolderOptions>('access.passwdCommand', command, { id }),
    );
}

function addRevoke(zfa: Command): void {
  zfa
    .command('revoke <ID>')
    .summary('end access, at once and for ever')
    .description('Ends access at once: the password, tokens and running downloads.')
    .requiredOption('--reason <TEXT>', 'why; goes to the audit log')
    .addHelpText('after', '\nExamples:\n  zonewright zfa revoke acme --reason "sold the data"')
    .action((id: string, flags: { reason: string }, command: Command) =>
      go<ReasonOptions>('access.revokeCommand', command, { id, reason: flags.reason }),
    );
}

function addList(zfa: Command): void {
  zfa
    .command('list')
    .summary('the holders')
    .description('Lists the holders.')
    .addOption(new Option('--state <S>', 'those of a state').choices([...HOLDER_STATES]))
    .option(
      '--expiring [DAYS]',
      'those whose access ends within so many days (30)',
      countFlag(1, 3660),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  zonewright zfa list --state pending\n  zonewright zfa list --expiring 60 --json',
    )
    .action((flags: { state?: HolderState; expiring?: number | true }, command: Command) =>
      go<ListOptions>('show.listCommand', command, {
        state: flags.state,
        expiring: flags.expiring === true ? 30 : flags.expiring,
      }),
    );
}

function addShow(zfa: Command): void {
  zfa
    .command('show <ID>')
    .summary('a holder, and what happened to it')
    .description('Shows a holder and what happened to it.')
    .addHelpText('after', '\nExamples:\n  zonewright zfa show acme')
    .action((id: string, _: object, command: Command) =>
      go<HolderOptions>('show.showCommand', command, { id }),
    );
}

function addImport(zfa: Command): void {
  zfa
    .command('import <FILE>')
    .summary('add the holders of a CSV file')
    .description(
      `Adds the holders of a CSV file, all or, when a row can't be taken, none. Columns: id, name, email and zones, and if need be organisation, purpose, allow, agreement, agreement-date, state, created, approved, expires, ended, age-key and password-hash. Zones have blanks between them, times are ISO 8601. "-" is standard input.`,
    )
    .addHelpText('after', '\nExamples:\n  zonewright zfa import holders.csv')
    .action((file: string, _: object, command: Command) =>
      go<ImportOptions>('move.importCommand', command, { file }),
    );
}

function addExport(zfa: Command): void {
  zfa
    .command('export')
    .summary('write the holders as CSV')
    .description('Writes the holders as CSV, as "import" takes them.')
    .option('--output <FILE>', 'a new file, of mode 0600 (default: standard output)')
    .option('--with-hashes', 'also the hashes of the passwords, so that they stay good elsewhere')
    .addHelpText(
      'after',
      '\nExamples:\n  zonewright zfa export > holders.csv\n  zonewright zfa export --with-hashes --output holders.csv',
    )
    .action((flags: { output?: string; withHashes?: true }, command: Command) =>
      go<ExportOptions>('move.exportCommand', command, {
        output: flags.output,
        hashes: flags.withHashes ?? false,
      }),
    );
}
