/**
 * Name servers made by hand on loopback, one port for UDP and TCP, that answer or lie as a test
 * says. Good answers are encoded by dns-packet, apart from the code under test.
 */
import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  type DecodedPacket,
  type DSAnswer,
  decode,
  encode,
  type Packet,
} from 'dns-packet';
import { afterEach } from 'vitest';
import type { ServerAddress } from '#zonewright/config/server-address.js';
import { dsRdata } from '#zonewright/dnssec/ds.js';
import { nameFromText } from '#zonewright/names/name.js';

export const ZONE_TEXT = 'child.example';
export const ZONE = nameFromText(ZONE_TEXT);
export const TTL = 86_400;

/** DNSKEY rdata that no signature was ever made with: the parent check looks at digests only. */
export function dnskey(n: number): Uint8Array {
  const rdata = new Uint8Array(68).fill(n);
  rdata.set([1, 1, 3, 13]);
  return rdata;
}

/** DS rdata of {@link dnskey}. */
export function ds(n: number, digestType = 2): Uint8Array {
  return dsRdata(ZONE, dnskey(n), digestType);
}

export function dsRecord(rdata: Uint8Array, name = ZONE_TEXT, ttl = TTL): DSAnswer {
  const digest = Buffer.from(rdata.subarray(4));
  const data = {
    keyTag: (rdata[0] << 8) | rdata[1],
    algorithm: rdata[2],
    digestType: rdata[3],
    digest,
  };
  return { type: 'DS', name, class: 'IN', ttl, data };
}

export function soaRecord(name: string): Answer {
  const data = { mname: 'ns1.example', rname: 'h.example', serial: 1, minimum: 3600 };
  return { type: 'SOA', name, class: 'IN', ttl: 3600, data };
}

/** A response to a query, authoritative unless `more` says otherwise. */
export function response(query: DecodedPacket, more: Partial<Packet> = {}): Buffer {
  return encode({
    type: 'response',
    id: query.id ?? 0,
    flags: AUTHORITATIVE_ANSWER,
    questions: query.questions ?? [],
    ...more,
  });
}

/** The parent's answer with this DS RRset; for none, with its SOA. */
export function answerWith(
  query: DecodedPacket,
  set: readonly Uint8Array[],
  ttl: number = TTL,
): Buffer {
  return set.length === 0
    ? response(query, { authorities: [soaRecord('example')] })
    : response(query, { answers: set.map((rdata) => dsRecord(rdata, ZONE_TEXT, ttl)) });
}

/** What a server does with a query: messages to send back, or something of its own. */
export interface Behaviour {
  readonly udp?: (
    query: DecodedPacket,
    send: (octets: Uint8Array) => void,
    from: RemoteInfo,
  ) => void;
  /** `octets` is the query as it came; nothing is framed. */
  readonly tcp?: (query: DecodedPacket, socket: Socket) => void;
}

/** A server that gives the same messages over both transports. */
export function both(...make: readonly ((query: DecodedPacket) => Buffer)[]): Behaviour {
  return {
    udp: (query, send) => {
      for (const one of make) send(one(query));
    },
    tcp: (query, socket) => {
      for (const one of make) socket.write(framed(one(query)));
    },
  };
}

/** An honest server of the parent. */
export function honest(set: readonly Uint8Array[], ttl: number = TTL): Behaviour {
  return both((query) => answerWith(query, set, ttl));
}

/** A message with its length in front (RFC 1035 §4.2.2). */
export function framed(octets: Uint8Array): Buffer {
  const frame = Buffer.alloc(2 + octets.length);
  frame.writeUInt16BE(octets.length);
  frame.set(octets, 2);
  return frame;
}

const ends: (() => void)[] = [];

afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** Starts a server on loopback, until the end of the test. */
export async function startServer(
  behaviour: Behaviour,
  host: '127.0.0.1' | '::1' = '127.0.0.1',
): Promise<ServerAddress> {
  const sockets = new Set<Socket>();
  for (let tries = 0; ; tries++) {
    const tcp = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      // The client leaves when it has what it wants.
      socket.on('error', () => undefined);
      let held = Buffer.alloc(0);
      socket.on('data', (piece) => {
        held = Buffer.concat([held, piece]);
        if (held.length < 2 || held.length < 2 + held.readUInt16BE()) return;
        behaviour.tcp?.(decode(held.subarray(2)), socket);
        held = Buffer.alloc(0);
      });
    });
    tcp.listen(0, host);
    await once(tcp, 'listening');
    const at = tcp.address();
    const port = typeof at === 'object' && at !== null ? at.port : 0;
    const udp = createSocket(host === '::1' ? 'udp6' : 'udp4');
    let open = true;
    udp.on('message', (octets, from) => {
      behaviour.udp?.(
        decode(octets),
        (reply) => open && udp.send(reply, from.port, from.address),
        from,
      );
    });
    const bound = await new Promise<boolean>((resolve) => {
      udp.once('error', () => resolve(false));
      udp.bind(port, host, () => resolve(true));
    });
    if (!bound && tries < 20) {
      tcp.close();
      continue;
    }
    ends.push(() => {
      open = false;
      udp.close();
      tcp.close();
      for (const socket of sockets) socket.destroy();
    });
    return { address: host, port };
  }
}
