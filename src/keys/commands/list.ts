/** The work of `zonewright keys list`. */

import { printJson } from '../../cli/output.js';
import { zoneLabel } from '../../names/name.js';
import { tableLines } from '../../present/table.js';
import { type ListedKey, listKeys } from '../list.js';
import { signsKeysHere } from '../roles.js';
import { readKeys } from '../store.js';
import { type KeysZonesOptions, targets } from './targets.js';

/** Runs `zonewright keys list`. */
export async function keysListCommand(options: KeysZonesOptions): Promise<void> {
  const listed: ListedKey[] = [];
  const presigned: unknown[] = [];
  for (const { zone, keyDir, policy, access, config, entry } of await targets(options)) {
    const keys = readKeys(keyDir, zone, { ...access, leaveSealed: true });
    if (keys.length === 0) {
      options.reporter.warn(
        `${zoneLabel(zone)} has no keys in ${keyDir}; make them with "zonewright keys generate"`,
      );
    }
    // What another machine signs; seldom, and what it takes to load: not where a KSK signs here.
    const offline = signsKeysHere(keys, options.now)
      ? undefined
      : await import('../offline/presigned.js');
    const told = offline?.storedResponse(keyDir, zone, keys, options.now);
    if (told?.warning !== undefined) options.reporter.warn(told.warning);
    if (told !== undefined) presigned.push(told.json);
    if (entry === undefined || keyDir !== config?.keyDir || told !== undefined) {
      const known = offline?.withStoredKsks(keyDir, zone, keys, options.now) ?? keys;
      listed.push(...listKeys(known, options.now, policy));
    } else {
      const { lookAtKeys } = await import('./context.js');
      const { listHeldKeys } = await import('../list-held.js');
      const { held } = await lookAtKeys({ ...options, zones: [zone] });
      listed.push(...held.flatMap((one) => listHeldKeys(one, options.now)));
    }
  }
  if (options.json) return printJson({ keys: listed, presigned });
  for (const line of table(listed)) process.stdout.write(`${line}\n`);
}

const HEAD = ['ZONE', 'ROLE', 'ALGORITHM', 'TAG', 'DNSKEY', 'ZRRSIG', 'KRRSIG', 'DS', 'NEXT'];

function table(keys: readonly ListedKey[]): string[] {
  if (keys.length === 0) return [];
  const rows = keys.map((key) => [
    key.zone,
    key.role,
    key.algorithm,
    String(key.tag),
    key.states.dnskey,
    key.states.zrrsig,
    key.states.krrsig,
    key.states.ds,
    key.nextEvent === null ? '-' : `${key.nextEvent.at} ${key.nextEvent.what}`,
  ]);
  return tableLines([HEAD, ...rows]);
}
