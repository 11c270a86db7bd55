/**
 * What a plan calls the keys. A key that exists goes by its tag, `ZSK 12345`. One that will be made
 * has no tag yet and goes by its number among those of its role, `ZSK 2`.
 */

import { algorithmName } from '../../dnssec/algorithms.js';
import { type EngineKey, FIRST_FUTURE_TAG, keyName } from '../engine/model.js';

/** Names of keys by id, and the same texts with them in place of tags. */
export interface KeyNames {
  of(id: string): string;
  /** The tag of a key that exists. */
  tagOf(id: string): number | undefined;
  /** `ZSK 2 and KSK 2` */
  list(ids: readonly string[]): string;
  /** A text of the engine, which says `key 12345` and `the new KSK no. 1`, with the plan's names. */
  inText(text: string, ids?: readonly string[]): string;
}

/** Does the key only exist in the forecast? */
export const isFuture = (key: EngineKey): boolean => key.tag >= FIRST_FUTURE_TAG;

/** @param keys all keys of the plan, those that exist first, each once. */
export function nameKeys(keys: readonly EngineKey[]): KeyNames {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  const counts = new Map<string, number>();
  for (const key of keys) {
    const role = key.role.toUpperCase();
    let name = `${role} ${key.tag}`;
    if (isFuture(key)) {
      // A key with the tag 2 may exist.
      let n = counts.get(role) ?? 0;
      do name = `${role} ${++n}`;
      while (taken.has(name));
      counts.set(role, n);
    } else {
      counts.set(role, (counts.get(role) ?? 0) + 1);
      if (taken.has(name)) name += ` (${algorithmName(key.algorithm)})`;
    }
    taken.add(name);
    names.set(key.id, name);
  }
  const of = (id: string): string => names.get(id) ?? id;
  return {
    of,
    tagOf(id) {
      const key = keys.find((one) => one.id === id);
      return key === undefined || isFuture(key) ? undefined : key.tag;
    },
    list: (ids) => listText(ids.map(of)),
    inText(text, ids = []) {
      const meant = [...keys.filter(({ id }) => ids.includes(id)), ...keys];
      return text.replaceAll(/\bkey \d+\b|\bthe new [A-Z]{3}\b(?: no\. \d+\b)?/g, (whole) => {
        const key = meant.find((one) => keyName(one) === whole);
        return key === undefined ? whole : of(key.id);
      });
    },
  };
}

/** @example listText(['a', 'b', 'c']) // 'a, b and c' */
export function listText(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('');
  return `${parts.slice(0, -1).join(', ')} and ${parts[parts.length - 1]}`;
}
