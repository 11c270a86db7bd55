/** `zonewright keys status`, `plan`, `roll`, `ds`, `ds-seen`, `ds-gone` and `revoke`: the flags. */

import { type Command, Option } from 'commander';
import type { KeysDsNoteOptions, KeysDsOptions } from '../keys/commands/ds.js';
import type { KeysRevokeOptions, KeysRollOptions } from '../keys/commands/roll.js';
import type { KeysStatusOptions } from '../keys/commands/status.js';
import {
  commonOptions,
  countFlag,
  finish,
  flagOf,
  timeFlag,
  zoneFlag,
  zoneListFlag,
} from './common.js';
import { addPlanCommand } from './keys-plan.js';
import { loadWork } from './lazy.js';

const TAG = countFlag(0, 0xffff);
const DIGESTS = flagOf((text) => {
  const types = text.split(',').map((part) => part.trim());
  return types.every((type) => type === '2' || type === '4') ? types.map(Number) : undefined;
}, '2 (SHA-256), 4 (SHA-384) or 2,4');
const ROLE = new Option('--role <R>', 'the role of the key').choices(['ksk', 'zsk', 'csk']);

interface EmergencyFlags {
  emergency?: boolean;
  reason?: string;
}

function addEmergency(command: Command, what: string): Command {
  return command
    .option('--emergency', what)
    .option('--reason <TEXT>', 'why it is an emergency; goes to the audit log');
}

function addStatus(keys: Command): void {
  keys
    .command('status')
    .summary('what is going on, what it waits for, until when and why')
    .description(
      'Tells of each key what it is, the state of its records, what it waits for, until when, by which sum, and the next command to type.',
    )
    .option('--zone <Z>', 'this zone only; may be given again', zoneListFlag)
    .option('--at <T>', 'as it will be then, if nobody does anything but the timer', timeFlag)
    .addHelpText(
      'after',
      `
The states of a record (Schaeffer, Overeinder, Mekking):
  hidden        no cache has it
  rumoured      it is published, and some caches may not have it yet
  omnipresent   every cache that has anything of the kind has it
  unretentive   it is withdrawn, and some caches may still have it

Examples:
  zonewright keys status
  zonewright keys status --zone com --json
  zonewright keys status --zone com --at 2027-01-01`,
    )
    .action(async (flags: { zone?: Uint8Array[]; at?: number }, command: Command) => {
      const options: KeysStatusOptions = {
        ...commonOptions(command),
        zones: flags.zone ?? [],
        at: flags.at,
      };
      const run = await loadWork<KeysStatusOptions>('keys/commands/status.js', 'keysStatusCommand');
      finish(await run(options));
    });
}

function addRoll(keys: Command): void {
  const roll = keys
    .command('roll')
    .summary('replace a key by a new one')
    .description(
      'Asks for the roll of a key: the next build after --at makes the new key, and the builds after that carry the roll out, each step when all caches are ready for it. Keys roll by themselves when their lifetime ends; a new algorithm in the policy begins its roll by itself, too.',
    )
    .requiredOption('--zone <Z>', 'the zone', zoneFlag)
    .addOption(ROLE.makeOptionMandatory())
    .option('--algorithm <A>', 'the key of this algorithm, where there are several')
    .option('--at <T>', 'begin then (default: with the next build)', timeFlag)
    .option('--dry-run', 'tell what would come, and change nothing');
  addEmergency(
    roll,
    'do not wait for caches: resolvers that hold older data fail to validate for a while',
  )
    .addHelpText(
      'after',
      `
Examples:
  zonewright keys roll --zone com --role ksk --dry-run
  zonewright keys roll --zone com --role ksk --at 2027-01-01
  zonewright keys roll --zone com --role zsk --emergency --reason "key was copied"`,
    )
    .action(
      async (
        flags: EmergencyFlags & {
          zone: Uint8Array;
          role: 'ksk' | 'zsk' | 'csk';
          algorithm?: string;
          at?: number;
          dryRun?: boolean;
        },
        command: Command,
      ) => {
        const options: KeysRollOptions = {
          ...commonOptions(command),
          zone: flags.zone,
          role: flags.role,
          algorithm: flags.algorithm,
          at: flags.at,
          emergency: flags.emergency ?? false,
          reason: flags.reason,
          dryRun: flags.dryRun ?? false,
        };
        const run = await loadWork<KeysRollOptions>('keys/commands/roll.js', 'keysRollCommand');
        finish(await run(options));
      },
    );
}

function addDs(keys: Command): void {
  keys
    .command('ds')
    .summary('the DS records for the parent')
    .description(
      'Prints the DS of each KSK, and whether it is to be at the parent, with its DNSKEY for parents that ask for that. CDS and CDNSKEY in the zone say the same to parents that read them (RFC 7344).',
    )
    .option('--zone <Z>', 'this zone only; may be given again', zoneListFlag)
    .option('--digest <TYPES>', 'digest types, 2 or 4 or 2,4', DIGESTS, [2])
    .addHelpText(
      'after',
      `
Examples:
  zonewright keys ds --zone com
  zonewright keys ds --zone com --digest 2,4`,
    )
    .action(async (flags: { zone?: Uint8Array[]; digest: number[] }, command: Command) => {
      const options: KeysDsOptions = {
        ...commonOptions(command),
        zones: flags.zone ?? [],
        digests: flags.digest,
      };
      const run = await loadWork<KeysDsOptions>('keys/commands/ds.js', 'keysDsCommand');
      finish(await run(options));
    });
  const notes = [
    ['ds-seen', 'keysDsSeenCommand', 'say that the DS of a key is at the parent', 'have the DS'],
    [
      'ds-gone',
      'keysDsGoneCommand',
      'say that the DS of a key is gone from the parent',
      'have the DS no longer',
    ],
  ] as const;
  for (const [name, work, summary, what] of notes) {
    const note = keys
      .command(name)
      .summary(summary)
      .description(
        `Tells that all name servers of the parent ${what}: look at each of them before. The roll then waits for caches of the old DS RRset, from that time on. Is refused where resolvers would fail to validate.`,
      )
      .requiredOption('--zone <Z>', 'the zone', zoneFlag)
      .requiredOption('--tag <N>', 'the tag of the key', TAG)
      .option('--at <T>', 'when it was seen (default: now)', timeFlag);
    addEmergency(note, 'take note of it whatever it breaks')
      .addHelpText(
        'after',
        `
Examples:
  zonewright keys ${name} --zone com --tag 12345
  zonewright keys ${name} --zone com --tag 12345 --at 2026-11-22T08:00:00Z`,
      )
      .action(
        async (
          flags: EmergencyFlags & { zone: Uint8Array; tag: number; at?: number },
          command: Command,
        ) => {
          const options: KeysDsNoteOptions = {
            ...commonOptions(command),
            zone: flags.zone,
            tag: flags.tag,
            at: flags.at,
            emergency: flags.emergency ?? false,
            reason: flags.reason,
          };
          const run = await loadWork<KeysDsNoteOptions>('keys/commands/ds.js', work);
          finish(await run(options));
        },
      );
  }
}

function addRevoke(keys: Command): void {
  const revoke = keys
    .command('revoke')
    .summary('revoke a trust anchor (RFC 5011)')
    .description(
      'Sets the REVOKE flag of a KSK from the next build on: resolvers that follow RFC 5011 drop it from their trust anchors. It stays published, revoked, for 30 days.',
    )
    .requiredOption('--zone <Z>', 'the zone', zoneFlag)
    .requiredOption('--tag <N>', 'the tag of the key', TAG);
  addEmergency(revoke, 'revoke it whatever it breaks')
    .addHelpText(
      'after',
      `
Examples:
  zonewright keys revoke --zone example --tag 12345`,
    )
    .action(async (flags: EmergencyFlags & { zone: Uint8Array; tag: number }, command: Command) => {
      const options: KeysRevokeOptions = {
        ...commonOptions(command),
        zone: flags.zone,
        tag: flags.tag,
        emergency: flags.emergency ?? false,
        reason: flags.reason,
      };
      const run = await loadWork<KeysRevokeOptions>('keys/commands/roll.js', 'keysRevokeCommand');
      finish(await run(options));
    });
}

/** Registers the commands about the states of keys. */
export function addKeyLifecycleCommands(keys: Command): void {
  addStatus(keys);
  addPlanCommand(keys);
  addRoll(keys);
  addDs(keys);
  addRevoke(keys);
}
