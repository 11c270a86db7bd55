/** `zonewright build`: the flags of the nightly job. */

import type { Command } from 'commander';
import { usageError } from '../errors.js';
import { commonOptions, finish, listFlag, zoneListFlag } from './common.js';
import { loadWork } from './lazy.js';
import type { BuildOptions } from './options.js';
import { addPassphraseFlags, type PassphraseFlags, passphraseOf } from './passphrase.js';

interface Flags extends PassphraseFlags {
  zone?: Uint8Array[];
  dryRun?: true;
  override?: string[];
  reason?: string;
}

/** Registers the command. */
export function addBuildCommand(program: Command): void {
  const build = program
    .command('build')
    .summary('the nightly job: export → zones → signed → verified → published')
    .description(
      'Builds, signs, verifies and publishes the configured zones from the export. When anything fails, the published generation stays.',
    )
    .option('--zone <Z>', 'build this zone only (again for more)', zoneListFlag)
    .option('--dry-run', 'do everything but publish')
    .option('--override <GUARD>', 'let this guard fail, this once (again for more)', listFlag)
    .option('--reason <TEXT>', 'why; goes to the manifest and the audit log');
  addPassphraseFlags(build)
    .addHelpText(
      'after',
      `
Examples:
  zonewright build
  zonewright build --config /etc/zonewright/zonewright.toml --quiet
  zonewright build --zone com --dry-run --json
  zonewright build --override max-removed --reason "registrar X left, ticket 4711"`,
    )
    .action(async (flags: Flags, command: Command) => {
      const overrides = flags.override ?? [];
      if (overrides.length > 0 && (flags.reason ?? '').trim() === '') {
        throw usageError('--override needs --reason "…"', {
          hint: 'the reason is recorded with the generation',
        });
      }
      if (overrides.length === 0 && flags.reason !== undefined) {
        throw usageError('--reason has no meaning without --override GUARD');
      }
      const options: BuildOptions = {
        ...commonOptions(command),
        zones: flags.zone ?? [],
        dryRun: flags.dryRun ?? false,
        overrides,
        reason: flags.reason,
        passphrase: passphraseOf(flags),
      };
      const run = await loadWork<BuildOptions>('publish/build.js', 'buildCommand');
      finish(await run(options));
    });
}
