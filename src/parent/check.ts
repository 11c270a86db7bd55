/**
 * The parent check: which DS RRset the parent zone has for a zone, as every one of its name
 * servers says over UDP and over TCP (RFC 7583 §3.3.3: a roll goes on when all of them have the
 * new DS).
 *
 * Answers are believed for where they come from; their signatures are not validated. That is
 * what an operator with dig does; who can forge all answers of all servers on both transports
 * stands between this machine and the Internet.
 */

import { promises } from 'node:dns';
import {
  canonicalAddress,
  DNS_PORT,
  type ServerAddress,
  serverAddressText,
} from '../config/server-address.js';
import { usageError } from '../errors.js';
import { lowerCase } from '../names/name.js';
import { type Agreement, type AskedServer, agree } from './agreement.js';
import type { Fault } from './answer.js';
import { type FoundParent, type FoundServer, findParent } from './discover.js';
import { type Asking, askTcp, askUdp } from './exchange.js';

export type { AskedServer, ServerObservation } from './agreement.js';
export { type DsAnswer, type Fault, type FaultKind, isFault } from './answer.js';

export interface ParentCheckOptions {
  /** The servers to ask; undefined: those that the system's resolver finds. */
  readonly servers?: readonly ServerAddress[] | undefined;
  /** How often a question is sent before a server counts as silent; default 3. */
  readonly tries?: number;
  /** Seconds that each try waits; default 2. */
  readonly timeout?: number;
  /** The resolver that finds the servers; default: the system's. */
  readonly resolver?: ServerAddress | undefined;
  /** The port of servers that the resolver finds; default 53. */
  readonly port?: number | undefined;
}

/** What the parent's name servers say of a zone's DS RRset. */
export interface ParentObservation extends Agreement {
  /** Lower-case wire form. */
  readonly zone: Uint8Array;
  /** The parent zone, where it is known: found by the resolver, or told by all as they deny. */
  readonly parent: Uint8Array | undefined;
}

/**
 * Asks every name server of the parent for the DS RRset of `zone`, all at once. Takes at most
 * about `tries` × `timeout` seconds, and as long again where the servers must be found.
 *
 * Whatever servers and the network do is in the observation; nothing of it throws.
 *
 * @param zone wire form.
 * @throws ZonewrightError (exit 2) for the root zone, which has no parent, and for a name with
 *   octets that a question can't be made of.
 */
export async function checkParent(
  zone: Uint8Array,
  options: ParentCheckOptions = {},
): Promise<ParentObservation> {
  const { tries = 3, timeout = 2 } = options;
  const name = zone.slice();
  lowerCase(name, 0, name.length);
  if (name.length === 1) {
    throw usageError('the root zone has no parent that could be asked', {
      hint: 'its trust anchors are published by other means (RFC 5011, RFC 7958)',
    });
  }
  const found = await serversOf(name, options, tries, timeout);
  const asking: Asking = { zone: name, parent: found.parent, tries, timeout };
  const asked = (await Promise.all(found.servers.map((server) => askAll(server, asking)))).flat();
  const agreement = agree(asked);
  const problems = found.problem === undefined ? agreement.problems : [found.problem];
  const told = agreement.servers.flatMap(({ udp, tcp }) =>
    [udp, tcp].flatMap((answer) => ('parent' in answer ? (answer.parent ?? []) : [])),
  );
  return {
    ...agreement,
    problems,
    zone: name,
    parent: found.parent ?? (agreement.agreed ? told[0] : undefined),
  };
}

async function serversOf(
  zone: Uint8Array,
  options: ParentCheckOptions,
  tries: number,
  timeout: number,
): Promise<FoundParent> {
  const { servers, resolver, port = DNS_PORT } = options;
  if (servers === undefined) {
    const dns = new promises.Resolver({ tries, timeout: Math.ceil(timeout * 1000) });
    if (resolver !== undefined) dns.setServers([bracketed(resolver)]);
    return findParent(zone, dns, port);
  }
  return {
    parent: undefined,
    servers: servers.map((server) => ({
      name: serverAddressText(server),
      addresses: [{ ...server, address: canonicalAddress(server.address) }],
      fault: undefined,
    })),
    problem: undefined,
  };
}

/** As `setServers` takes it. */
function bracketed({ address, port }: ServerAddress): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

async function askAll(
  { name, addresses, fault }: FoundServer,
  asking: Asking,
): Promise<AskedServer[]> {
  const asked = addresses.map(async (at): Promise<AskedServer> => {
    const [udp, tcp] = await Promise.all([askUdp(at, asking), askTcp(at, asking)]);
    return { name, ...at, udp, tcp };
  });
  if (fault !== undefined) {
    const nowhere: Fault = { fault: 'no-address', text: fault };
    const none = { name, address: undefined, port: DNS_PORT, udp: nowhere, tcp: nowhere };
    asked.push(Promise.resolve(none));
  }
  return Promise.all(asked);
}
