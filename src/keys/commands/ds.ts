/**
 * `zonewright keys ds`, `ds-seen` and `ds-gone`: what the parent is to publish, and what it
 * publishes. The engine takes no DS for granted: it goes on when it was seen.
 */

import { printJson } from '../../cli/output.js';
import { isoTime } from '../../config/time.js';
import { dnskeyText } from '../../dnssec/dnskey.js';
import { dsRdata } from '../../dnssec/ds.js';
import { usageError } from '../../errors.js';
import { nameToText } from '../../names/name.js';
import { byRole, hasKeyRole, stateOf } from '../engine/model.js';
import { noteDsGone, noteDsSeen } from '../engine/requests.js';
import { keyId } from '../lifecycle/key-state.js';
import { type HeldKeys, keyWithTag } from '../lifecycle/zone-keys.js';
import {
  breakLines,
  changeKeys,
  lookAtKeys,
  type ZoneOptions,
  type ZonesOptions,
} from './context.js';
import { assertReason } from './roll.js';

/** `zonewright keys ds`. */
export interface KeysDsOptions extends ZonesOptions {
  /** Digest types (RFC 8624 §3.3). */
  readonly digests: readonly number[];
}

/** `zonewright keys ds-seen` and `ds-gone`. */
export interface KeysDsNoteOptions extends ZoneOptions {
  readonly tag: number;
  /** When it was seen; undefined: now. */
  readonly at: number | undefined;
  readonly emergency: boolean;
  readonly reason: string | undefined;
}

/** What is to be done with the DS of a key at the parent. */
type Wish = 'put' | 'keep' | 'remove' | 'wait';

const WISHES: Readonly<Record<Wish, string>> = {
  put: 'to be at the parent: put it there, then say keys ds-seen',
  keep: 'at the parent, and to stay there',
  remove: 'to be removed from the parent, then say keys ds-gone',
  wait: 'not to be at the parent yet: not all resolvers know its DNSKEY',
};

interface ParentRecords {
  readonly tag: number;
  readonly wish: Wish;
  readonly ds: readonly string[];
  readonly dnskey: string;
}

/** Runs `keys ds`. */
export async function keysDsCommand(options: KeysDsOptions): Promise<void> {
  const { held } = await lookAtKeys(options);
  const zones = held.map((one) => ({ one, records: parentRecords(one, options.digests) }));
  if (options.json) {
    printJson({
      zones: zones.map(({ one, records }) => ({ zone: one.zone.label, keys: records })),
    });
    return;
  }
  for (const { one, records } of zones) {
    const owner = nameToText(one.zone.name);
    const ttl = one.zone.policy.parentDsTtl;
    if (records.length === 0) {
      options.reporter.warn(`${one.zone.label} has no key with a DS`);
    }
    for (const { tag, wish, ds, dnskey } of records) {
      // A parent's zone file may take this as it is: only what shall be there is no comment.
      const comment = wish === 'put' || wish === 'keep' ? '' : '; ';
      process.stdout.write(`; key ${tag} of ${owner} ${WISHES[wish]}\n`);
      for (const text of ds) process.stdout.write(`${comment}${owner}\t${ttl}\tin\tds\t${text}\n`);
      process.stdout.write(`; ${owner}\t${one.zone.policy.dnskeyTtl}\tin\tdnskey\t${dnskey}\n`);
    }
  }
}

function parentRecords(held: HeldKeys, digests: readonly number[]): ParentRecords[] {
  return [...held.keys.keys].sort(byRole).flatMap((key): ParentRecords[] => {
    const pair = held.pairs.find(({ dnskey }) => keyId(dnskey) === key.id);
    if (pair === undefined || !hasKeyRole(key.role) || key.revoked !== undefined) return [];
    const state = stateOf(key, 'ds');
    if (state === 'hidden' && key.goal === 'hidden') return [];
    const wish: Wish =
      state === 'rumoured'
        ? key.dsSeen === undefined
          ? 'put'
          : 'keep'
        : state === 'omnipresent'
          ? 'keep'
          : state === 'unretentive'
            ? 'remove'
            : 'wait';
    return [
      {
        tag: pair.tag,
        wish,
        ds: digests.map((type) => dsText(dsRdata(pair.zone, pair.dnskey, type))),
        dnskey: dnskeyText(pair.dnskey),
      },
    ];
  });
}

function dsText(rdata: Uint8Array): string {
  const digest = Buffer.from(rdata.subarray(4)).toString('hex').toUpperCase();
  return `${(rdata[0] << 8) | rdata[1]} ${rdata[2]} ${rdata[3]} ${digest}`;
}

/** Runs `keys ds-seen`. */
export function keysDsSeenCommand(options: KeysDsNoteOptions): Promise<void> {
  return note(options, 'keys ds-seen', noteDsSeen);
}

/** Runs `keys ds-gone`. */
export function keysDsGoneCommand(options: KeysDsNoteOptions): Promise<void> {
  return note(options, 'keys ds-gone', noteDsGone);
}

async function note(
  options: KeysDsNoteOptions,
  command: string,
  take: typeof noteDsSeen,
): Promise<void> {
  const { tag, now, emergency, reason } = options;
  assertReason(emergency, reason);
  const at = options.at ?? now;
  if (at > now) {
    throw usageError(`--at ${isoTime(at)} is in the future`, {
      hint: 'say it when it was seen: what the parent will do is not known before',
    });
  }
  const { held, what, breaks } = await changeKeys(options, {
    command,
    request: (one) => {
      const observation = { at, now, emergency, corrects: options.at !== undefined };
      return take(one.keys, keyWithTag(one, tag), one.policy, observation);
    },
    note: { tag, at: isoTime(at), ...(emergency ? { emergency, reason } : {}) },
  });
  if (options.json) {
    printJson({ zone: held.zone.label, tag, what, breaks });
    return;
  }
  for (const line of breakLines(breaks)) options.reporter.warn(line);
  process.stdout.write(`${held.zone.label}: ${what}\n`);
  process.stdout.write(`next: zonewright keys status --zone ${held.zone.label}\n`);
}
