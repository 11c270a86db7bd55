/** The work of `zonewright keys parent`: asks the parent and prints what it says; changes nothing. */

import { printable, printJson } from '../cli/output.js';
import { serverAddressText } from '../config/server-address.js';
import { algorithmName } from '../dnssec/algorithms.js';
import { dnskeyText } from '../dnssec/dnskey.js';
import { dsMatches } from '../dnssec/ds.js';
import { type KeysZonesOptions, targets } from '../keys/commands/targets.js';
import { keyRoles } from '../keys/roles.js';
import { readKeys } from '../keys/store.js';
import { nameToText, zoneLabel } from '../names/name.js';
import { tableLines } from '../present/table.js';
import { rdataToText } from '../records/rdata.js';
import { TYPE } from '../records/types.js';
import {
  checkParent,
  type DsAnswer,
  type Fault,
  isFault,
  type ParentObservation,
} from './check.js';
import { type DsVerdict, dsVerdict } from './verdict.js';

/** `zonewright keys parent`; `zones` is one zone. */
export type KeysParentOptions = KeysZonesOptions;

interface JudgedKey extends DsVerdict {
  readonly tag: number;
  readonly role: string;
  readonly algorithm: string;
  readonly dnskey: string;
}

/** Runs `zonewright keys parent`. */
export async function keysParentCommand(options: KeysParentOptions): Promise<void> {
  const [{ zone, keyDir, parentServers }] = await targets(options);
  const keys = readKeys(keyDir, zone, { leaveSealed: true });
  const roles = keyRoles(keys, options.now);
  options.reporter.stage(`asking the parent of ${zoneLabel(zone)}`);
  const observation = await checkParent(zone, { servers: parentServers });
  options.reporter.done(`${observation.servers.length} addresses`);
  // A ZSK never has a DS.
  const judged = keys
    .filter((key) => roles.get(key) !== 'zsk')
    .map((key): JudgedKey => {
      return {
        tag: key.tag,
        role: roles.get(key) ?? 'ksk',
        algorithm: algorithmName(key.algorithm),
        dnskey: dnskeyText(key.dnskey),
        ...dsVerdict(observation, key.dnskey),
      };
    });
  if (judged.length === 0) {
    options.reporter.warn(`${zoneLabel(zone)} has no KSK or CSK in ${keyDir}`);
  }
  const foreign = (observation.ds ?? []).filter(
    (ds) => !keys.some(({ dnskey }) => dsMatches(ds, zone, dnskey)),
  );
  if (options.json) return printJson(jsonOf(observation, judged, foreign));
  process.stdout.write(textOf(observation, judged, foreign));
}

function dsText(ds: Uint8Array): string {
  return rdataToText(TYPE.DS, ds);
}

function jsonOf(
  observation: ParentObservation,
  keys: readonly JudgedKey[],
  foreign: readonly Uint8Array[],
) {
  const { zone, parent, agreed, ds, ttl, servers, problems } = observation;
  const answerOf = (answer: DsAnswer | Fault) =>
    isFault(answer) ? answer : { ds: answer.ds.map(dsText), ttl: answer.ttl ?? null };
  return {
    zone: zoneLabel(zone),
    parent: parent === undefined ? null : zoneLabel(parent),
    agreed,
    ds: ds?.map(dsText) ?? null,
    ttl: ttl ?? null,
    problems,
    servers: servers.map(({ name, address, port, udp, tcp, differs, excused }) => ({
      name,
      address: address ?? null,
      port,
      udp: answerOf(udp),
      tcp: answerOf(tcp),
      differs: differs ?? null,
      excused,
    })),
    keys,
    dsOfNoKey: foreign.map(dsText),
  };
}

function textOf(
  observation: ParentObservation,
  keys: readonly JudgedKey[],
  foreign: readonly Uint8Array[],
): string {
  const { zone, parent, agreed, ds, ttl, problems } = observation;
  const of = parent === undefined ? '' : ` (${nameToText(parent)})`;
  const verdict = agreed ? 'all its name servers agree' : 'NO AGREEMENT';
  const lines = [`${nameToText(zone)} at its parent${of}: ${verdict}`];
  lines.push(...serverTable(observation), '');
  for (const rdata of ds ?? []) {
    const whose = foreign.includes(rdata) ? '  (of no key here)' : '';
    lines.push(`${nameToText(zone)} ${ttl} IN DS ${dsText(rdata)}${whose}`);
  }
  if (ds?.length === 0) lines.push(`${nameToText(zone)} has no DS at its parent`);
  lines.push(...problems, '');
  const named = keys.map((key) => [key.role, key.algorithm, String(key.tag), key.verdict]);
  if (named.length > 0) lines.push(...tableLines([['ROLE', 'ALGORITHM', 'TAG', 'DS'], ...named]));
  // Without agreement the reasons of all keys are the problems above.
  for (const key of agreed ? keys : []) {
    for (const reason of key.reasons) lines.push(`${key.role} ${key.tag}: ${reason}`);
  }
  return lines.map((line) => `${printable(line, 4000)}\n`).join('');
}

/** A row an address; each answer as its DS without digests, or the kind of fault. */
function serverTable({ servers }: ParentObservation): string[] {
  if (servers.length === 0) return [];
  const rows = servers.map((server) => {
    const { name, address, port, excused, differs } = server;
    const at = address === undefined ? '-' : serverAddressText({ address, port });
    const note = excused ? 'not counted' : differs === undefined ? '' : 'differs';
    return [name, at, cell(server.udp), cell(server.tcp), note];
  });
  return tableLines([['SERVER', 'ADDRESS', 'UDP', 'TCP', ''], ...rows]);
}

function cell(answer: DsAnswer | Fault): string {
  if (isFault(answer)) return answer.fault;
  if (answer.ds.length === 0) return 'no DS';
  return answer.ds.map((ds) => dsText(ds).split(' ').slice(0, 3).join('/')).join(' ');
}
