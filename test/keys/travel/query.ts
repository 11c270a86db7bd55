/**
 * Questions over UDP without a process for each, as a stub resolver asks them, with DO. Built on dns-packet, apart from the code under test.
 */
import { createSocket } from 'node:dgram';
import {
  type DecodedPacket,
  DNSSEC_OK,
  decode,
  encode,
  RECURSION_DESIRED,
  type RecordType,
} from 'dns-packet';

export interface Reply {
  /** NOERROR, NXDOMAIN, SERVFAIL… */
  readonly status: string;
  /** The resolver validated it. */
  readonly authentic: boolean;
  /** Records of the type that was asked for. */
  readonly records: DecodedPacket['answers'] & object;
  /** The least TTL in answer and authority: how long a cache may keep it. */
  readonly ttl: number;
}

export interface Client {
  ask(port: number, name: string, type: string): Promise<Reply>;
  close(): void;
}

/** Real milliseconds for an answer. The machine may be busy; then it is asked again. */
const PATIENCE = 5000;
const TRIES = 4;

export function createClient(): Client {
  const socket = createSocket('udp4');
  const waiting = new Map<number, (packet: DecodedPacket) => void>();
  socket.on('message', (octets) => {
    const packet = decode(octets);
    waiting.get(packet.id ?? -1)?.(packet);
  });
  let nextId = 1;

  async function once(
    octets: Buffer,
    id: number,
    port: number,
  ): Promise<DecodedPacket | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const packet = await new Promise<DecodedPacket | undefined>((resolve) => {
      waiting.set(id, resolve);
      timer = setTimeout(() => resolve(undefined), PATIENCE);
      socket.send(octets, port, '127.0.0.1');
    });
    clearTimeout(timer);
    waiting.delete(id);
    return packet;
  }

  return {
    ask: async (port, name, type) => {
      for (let tries = 0; tries < TRIES; tries++) {
        nextId = (nextId % 0xffff) + 1;
        const id = nextId;
        const octets = encode({
          type: 'query',
          id,
          flags: RECURSION_DESIRED,
          questions: [{ name, type: type as RecordType }],
          additionals: [
            {
              type: 'OPT',
              name: '.',
              udpPayloadSize: 4096,
              flags: DNSSEC_OK,
              options: [],
            } as never,
          ],
        });
        const packet = await once(octets, id, port);
        if (packet !== undefined) return replyOf(packet, type);
      }
      throw new Error(`no answer to ${name} ${type} from port ${port}`);
    },
    close: () => socket.close(),
  };
}

function replyOf(packet: DecodedPacket, type: string): Reply {
  const { answers = [], authorities = [] } = packet;
  const ttls = [...answers, ...authorities].map(
    (record) => ('ttl' in record ? record.ttl : 0) ?? 0,
  );
  return {
    status: (packet as { rcode?: string }).rcode ?? '',
    authentic: packet.flag_ad === true,
    records: answers.filter((record) => record.type === type),
    ttl: ttls.length === 0 ? 0 : Math.min(...ttls),
  };
}
