/**
 * Finds the parent zone and its name servers by the system's resolver, for a zone whose
 * configuration does not name them: the nearest name above the zone that has a SOA, the NS of
 * that, and their addresses.
 *
 * The resolver is believed in where the servers are, as far as it says: whatever it leaves out or
 * fails at becomes a problem, never a smaller number of servers to ask.
 */

import type { promises } from 'node:dns';
import { canonicalAddress, DNS_PORT, type ServerAddress } from '../config/server-address.js';
import { nameFromText, nameToText } from '../names/name.js';

/** More servers than any zone has: beyond it somebody wants us to be busy. */
const MAX_SERVERS = 32;
const MAX_ADDRESSES = 16;

/** A name server of the parent. */
export interface FoundServer {
  /** Presentation form without final dot, or the address where that is all that is known. */
  readonly name: string;
  readonly addresses: readonly ServerAddress[];
  /** Why not all addresses are known; a sentence about the server. */
  readonly fault: string | undefined;
}

export interface FoundParent {
  /** The parent zone, lower-case wire form; undefined when it could not be found. */
  readonly parent: Uint8Array | undefined;
  readonly servers: readonly FoundServer[];
  /** Why there are no servers; a sentence. */
  readonly problem: string | undefined;
}

/** What is used of a node:dns Resolver. */
export type Resolver = Pick<
  promises.Resolver,
  'resolveSoa' | 'resolveNs' | 'resolve4' | 'resolve6'
>;

/**
 * The parent of `zone` and its name servers. Never rejects for what the resolver says.
 *
 * @param zone lower-case wire form; not the root.
 * @param port where the servers that are found are asked.
 */
export async function findParent(
  zone: Uint8Array,
  resolver: Resolver,
  port = DNS_PORT,
): Promise<FoundParent> {
  for (let at = zone[0] + 1; ; at += zone[at] + 1) {
    const candidate = zone.slice(at);
    const text = nameToText(candidate);
    if (candidate.length > 1) {
      const soa = await lookUp(() => resolver.resolveSoa(text));
      if ('code' in soa) {
        return failed(`the parent zone could not be found: SOA of ${text}: ${soa.code}`);
      }
      if (soa.found === undefined) continue;
    }
    const ns = await lookUp(() => resolver.resolveNs(text));
    if ('code' in ns)
      return failed(`the name servers of the parent ${text} could not be found: ${ns.code}`);
    const names = [...new Set((ns.found ?? []).map((name) => name.toLowerCase()))].sort();
    if (names.length === 0)
      return failed(`the name servers of the parent ${text} could not be found: there are none`);
    if (names.length > MAX_SERVERS) {
      return failed(`the parent ${text} has ${names.length} name servers; ${MAX_SERVERS} is most`);
    }
    const servers = await Promise.all(names.map((name) => findServer(name, resolver, port)));
    return { parent: candidate, servers, problem: undefined };
  }
}

function failed(problem: string): FoundParent {
  return { parent: undefined, servers: [], problem };
}

async function findServer(name: string, resolver: Resolver, port: number): Promise<FoundServer> {
  try {
    nameFromText(name);
  } catch {
    return { name, addresses: [], fault: 'has a name that is no domain name' };
  }
  const [four, six] = await Promise.all([
    lookUp(() => resolver.resolve4(name)),
    lookUp(() => resolver.resolve6(name)),
  ]);
  const texts: string[] = [];
  let fault: string | undefined;
  for (const [type, result] of [
    ['A', four],
    ['AAAA', six],
  ] as const) {
    if ('code' in result) fault = `has addresses that could not be found (${type}: ${result.code})`;
    else texts.push(...(result.found ?? []).map(canonicalAddress));
  }
  const addresses = [...new Set(texts)].map((address) => ({ address, port }));
  if (addresses.length === 0) fault ??= 'has no address';
  if (addresses.length > MAX_ADDRESSES) {
    return { name, addresses: [], fault: `has ${addresses.length} addresses; too many to ask` };
  }
  return { name, addresses, fault };
}

type LookUp<T> = { readonly found: T | undefined } | { readonly code: string };

/** There is such data, there is none (`found` undefined), or nobody knows (`code`). */
async function lookUp<T>(ask: () => Promise<T>): Promise<LookUp<T>> {
  try {
    return { found: await ask() };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'error';
    return code === 'ENODATA' || code === 'ENOTFOUND' ? { found: undefined } : { code };
  }
}
