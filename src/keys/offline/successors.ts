/**
 * The zone-signing keys of the time to come. With the KSK on another machine they have to be there
 * when its signatures are asked for: what it has not seen, it has not signed. So the pre-publish
 * rolls (RFC 7583 §3.2.1) that fall into the time asked for are laid down with the request.
 *
 * Pure: keys and a policy in, times and keys to be made out.
 */

import { isoTime } from '../../config/time.js';
import { algorithmName } from '../../dnssec/algorithms.js';
import { refusal } from '../../errors.js';
import { zoneLabel } from '../../names/name.js';
import type { KeyPair } from '../store.js';
import { type KeyTiming, phaseAt } from '../timing.js';

/** All in seconds. */
export interface RollRules {
  /** Life of a ZSK; undefined: it is not rolled. */
  readonly lifetime: number | undefined;
  /** From a key's publication until every resolver knows it. */
  readonly prepublish: number;
  /** From a key's last signature until no resolver has one any more. */
  readonly retire: number;
}

/** A key that shall cease at some time, or whose end is put off. */
export interface Retiming {
  readonly key: KeyPair;
  readonly timing: KeyTiming;
}

export interface NewZsk {
  readonly algorithm: number;
  /** RSA: as its predecessor has. */
  readonly like: KeyPair;
  readonly timing: KeyTiming;
}

/**
 * What has to be laid down so that the ZSKs of each algorithm are known until `to`.
 *
 * @param zsks the ZSKs of one zone.
 * @param from no set of keys before this time can be changed any more: it is signed, or past.
 * @throws ZonewrightError (exit 4) for an algorithm whose last ZSK has ceased to sign.
 */
export function planSuccessors(
  zsks: readonly KeyPair[],
  rules: RollRules,
  now: number,
  from: number,
  to: number,
): { readonly retimed: readonly Retiming[]; readonly made: readonly NewZsk[] } {
  const retimed: Retiming[] = [];
  const made: NewZsk[] = [];
  const open = zsks.filter((key) => !phaseAt(key.timing, now).removed);
  const earliest = Math.max(now, from) + rules.prepublish;
  for (const algorithm of new Set(open.map((key) => key.algorithm))) {
    const own = open.filter((key) => key.algorithm === algorithm);
    const last = own.reduce((a, b) => (beginOf(b.timing) > beginOf(a.timing) ? b : a));
    let timing = last.timing;
    let stored: KeyPair | undefined = last;
    for (;;) {
      const end = endOf(last, timing, rules, now, earliest);
      if (end === undefined || end - rules.prepublish > to) break;
      const ceasing = { ...timing, inactive: end, delete: end + rules.retire };
      if (stored === undefined) made[made.length - 1] = { algorithm, like: last, timing: ceasing };
      else if (timing.inactive !== ceasing.inactive || timing.delete !== ceasing.delete) {
        retimed.push({ key: stored, timing: ceasing });
      }
      stored = undefined;
      timing = { created: now, publish: end - rules.prepublish, activate: end };
      made.push({ algorithm, like: last, timing });
    }
  }
  return { retimed, made };
}

/** When a key begins to sign; one without times always did. */
function beginOf({ activate, publish, created }: KeyTiming): number {
  return activate ?? publish ?? created ?? Number.NEGATIVE_INFINITY;
}

/**
 * When the last key of a line has to be followed by another one; undefined: never. Its own word
 * counts first, then the lifetime, but never earlier than a successor can be known everywhere.
 *
 * @throws ZonewrightError (exit 4) when it has ceased to sign already.
 */
function endOf(
  key: KeyPair,
  timing: KeyTiming,
  { lifetime }: RollRules,
  now: number,
  earliest: number,
): number | undefined {
  const begin = beginOf(timing);
  const told = timing.inactive ?? timing.delete;
  if (told !== undefined && told <= now) {
    throw refusal(
      `the last ${algorithmName(key.algorithm)} ZSK of ${zoneLabel(key.zone)}, ${key.tag}, ceased to sign at ${isoTime(told)}`,
      {
        place: { file: key.file },
        hint: 'make another one with "zonewright keys generate --role zsk", and ask then',
      },
    );
  }
  const age = Number.isFinite(begin) ? begin : now;
  const end = told ?? (lifetime === undefined ? undefined : age + lifetime);
  return end === undefined ? undefined : Math.max(end, earliest);
}
