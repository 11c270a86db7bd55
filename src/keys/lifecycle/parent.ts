/**
 * What the parent's name servers say of a zone's DS, taken note of. Only what all of them say over
 * both transports counts (parent/agreement.ts): a time-out or a lying answer changes nothing.
 */

import type { ParentObservation } from '../../parent/check.js';
import { dsVerdict } from '../../parent/verdict.js';
import { type EngineKey, hasKeyRole, keyName, stateOf } from '../engine/model.js';
import { noteDsGone, noteDsSeen } from '../engine/requests.js';
import { keyId } from './key-state.js';
import { type HeldKeys, withKeys } from './zone-keys.js';

/** The keys after a look at the parent, and sentences about it. */
export interface ParentLook {
  readonly held: HeldKeys;
  /** What was taken note of. */
  readonly told: readonly string[];
  /** What is not as it should be. */
  readonly warnings: readonly string[];
}

/** Does the roll wait for what the parent says of this key? */
function isOpen(key: EngineKey): boolean {
  const state = stateOf(key, 'ds');
  return (
    (state === 'rumoured' && key.dsSeen === undefined) ||
    (state === 'unretentive' && key.dsGone === undefined)
  );
}

/** Takes note of what the parent publishes. */
export function lookAtParent(
  before: HeldKeys,
  observation: ParentObservation,
  now: number,
): ParentLook {
  let held = before;
  const told: string[] = [];
  const warnings: string[] = [];
  for (const pair of before.pairs) {
    const key = before.keys.keys.find(({ id }) => id === keyId(pair.dnskey));
    if (key === undefined || !hasKeyRole(key.role)) continue;
    const { verdict, reasons } = dsVerdict(observation, pair.dnskey);
    const state = stateOf(key, 'ds');
    if (verdict === 'unclear') {
      if (isOpen(key)) {
        warnings.push(`the DS of ${keyName(key)} is unclear at the parent: ${reasons.join('; ')}`);
      }
      continue;
    }
    if (state === 'omnipresent' && verdict === 'gone') {
      warnings.push(
        `the DS of ${keyName(key)} is gone from the parent, where it should be: put it back, or say "keys ds-gone"`,
      );
    }
    // A DS that is there too early or too long changes nothing that waits for it.
    const wanted =
      verdict === 'seen' ? state === 'rumoured' || isEarly(key) : state === 'unretentive';
    if (!wanted || (verdict === 'seen' ? key.dsSeen : key.dsGone) !== undefined) continue;
    const note = verdict === 'seen' ? noteDsSeen : noteDsGone;
    const answer = note(held.keys, key, held.policy, { at: now, now });
    if ('refused' in answer) {
      warnings.push([answer.refused, answer.why].filter((text) => text !== '').join(': '));
    } else {
      held = withKeys(held, answer.zone, now);
      told.push(answer.what);
    }
  }
  return { held, told, warnings };
}

/** Is it a key that stays and whose DS was not asked for yet? */
const isEarly = (key: EngineKey): boolean =>
  key.goal === 'omnipresent' &&
  stateOf(key, 'ds') === 'hidden' &&
  stateOf(key, 'dnskey') !== 'hidden';
