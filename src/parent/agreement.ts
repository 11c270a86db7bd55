/**
 * Do all name servers of the parent say the same? Pure.
 *
 * One answer that is missing, wrong or different is enough for "no": a resolver may ask just that
 * server. The one exception is an address in a family (IPv4, IPv6) that this machine has no route
 * for, of a server that has been asked at another address.
 */

import { serverAddressText } from '../config/server-address.js';
import { equalBytes } from '../names/name.js';
import { rdataToText } from '../records/rdata.js';
import { TYPE } from '../records/types.js';
import { type DsAnswer, type Fault, isFault } from './answer.js';

export type Transport = 'UDP' | 'TCP';

/** What one address of a server said. */
export interface AskedServer {
  /** The server's name without final dot; its address where no name is known. */
  readonly name: string;
  /** undefined: a server whose addresses could not be found; both answers are that fault. */
  readonly address: string | undefined;
  readonly port: number;
  readonly udp: DsAnswer | Fault;
  readonly tcp: DsAnswer | Fault;
}

export interface ServerObservation extends AskedServer {
  /**
   * `transports`: UDP and TCP have different answers; `sets`: another DS RRset than most servers
   * have. undefined: neither, or there is no answer to compare.
   */
  readonly differs: 'transports' | 'sets' | undefined;
  /** No route to the address from here, but the server answers at another: does not count. */
  readonly excused: boolean;
}

export interface Agreement {
  readonly agreed: boolean;
  /** The DS rdata that all servers have, in canonical order; undefined unless agreed. */
  readonly ds: readonly Uint8Array[] | undefined;
  /** The greatest TTL in any answer, seconds; undefined when no answer has a DS. */
  readonly ttl: number | undefined;
  readonly servers: readonly ServerObservation[];
  /** Sentences, one a fault; empty exactly when agreed. */
  readonly problems: readonly string[];
}

/** Judges the answers of all servers. */
export function agree(asked: readonly AskedServer[]): Agreement {
  const answers = asked
    .flatMap(({ udp, tcp }) => [udp, tcp])
    .filter((a): a is DsAnswer => !isFault(a));
  const common = mostFrequent(answers);
  const servers = asked.map(
    (server): ServerObservation => ({
      ...server,
      differs: difference(server, common),
      excused: isExcused(server, asked),
    }),
  );
  const problems = servers.flatMap(problemsOf);
  if (common !== undefined && servers.some(({ differs }) => differs === 'sets')) {
    problems.push(`most answers have ${setText(common.ds)}`);
  }
  if (asked.length === 0) problems.push('there is no server to ask');
  const agreed = problems.length === 0 && common !== undefined;
  const ttls = answers.flatMap(({ ttl }) => (ttl === undefined ? [] : [ttl]));
  return {
    agreed,
    ds: agreed ? common.ds : undefined,
    ttl: ttls.length === 0 ? undefined : Math.max(...ttls),
    servers,
    problems,
  };
}

/** `DS 12345 13 2 and DS 54321 13 2`, or `no DS`; without the digests. */
export function setText(ds: readonly Uint8Array[]): string {
  if (ds.length === 0) return 'no DS';
  return ds.map(shortDs).join(' and ');
}

function shortDs(ds: Uint8Array): string {
  return `DS ${rdataToText(TYPE.DS, ds).split(' ').slice(0, 3).join(' ')}`;
}

/** `ns1.example (192.0.2.1)`. */
export function serverText({ name, address, port }: AskedServer): string {
  if (address === undefined) return name;
  const text = serverAddressText({ address, port });
  return name === text ? text : `${name} (${text})`;
}

/** Same DS RRset, and, where two say that there is none, from the same zone. */
function isSame(a: DsAnswer, b: DsAnswer): boolean {
  return (
    a.ds.length === b.ds.length &&
    a.ds.every((ds, i) => equalBytes(ds, b.ds[i])) &&
    (a.parent === undefined || b.parent === undefined || equalBytes(a.parent, b.parent))
  );
}

function mostFrequent(answers: readonly DsAnswer[]): DsAnswer | undefined {
  let best: DsAnswer | undefined;
  let most = 0;
  for (const answer of answers) {
    const count = answers.filter((other) => isSame(answer, other)).length;
    if (count > most) [best, most] = [answer, count];
  }
  return best;
}

function difference({ udp, tcp }: AskedServer, common: DsAnswer | undefined) {
  if (!isFault(udp) && !isFault(tcp) && !isSame(udp, tcp)) return 'transports';
  const other = [udp, tcp].some((a) => !isFault(a) && common !== undefined && !isSame(a, common));
  return other ? 'sets' : undefined;
}

function isExcused(server: AskedServer, all: readonly AskedServer[]): boolean {
  const { udp, tcp } = server;
  const noRoute = [udp, tcp].every((a) => isFault(a) && a.fault === 'no-route');
  return (
    noRoute &&
    all.some(({ name, udp, tcp }) => name === server.name && !isFault(udp) && !isFault(tcp))
  );
}

function problemsOf(server: ServerObservation): string[] {
  const { udp, tcp, differs, excused } = server;
  if (excused) return [];
  const who = serverText(server);
  if (isFault(udp) && isFault(tcp) && udp.text === tcp.text) return [`${who} ${udp.text}`];
  const problems: string[] = [];
  if (isFault(udp)) problems.push(`${who} over UDP ${udp.text}`);
  if (isFault(tcp)) problems.push(`${who} over TCP ${tcp.text}`);
  if (differs === 'transports' && !isFault(udp) && !isFault(tcp)) {
    problems.push(`${who} has ${setText(udp.ds)} over UDP and ${setText(tcp.ds)} over TCP`);
  }
  const answer = isFault(udp) ? tcp : udp;
  if (differs === 'sets' && !isFault(answer)) problems.push(`${who} has ${setText(answer.ds)}`);
  return problems;
}
