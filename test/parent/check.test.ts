/**
 * The parent check against servers on loopback that are honest, silent, broken or lie: what is in
 * the observation, and that nothing but the whole agreement of all counts as one.
 */
import { networkInterfaces } from 'node:os';
import { AUTHORITATIVE_ANSWER, type DecodedPacket, TRUNCATED_RESPONSE } from 'dns-packet';
import { describe, expect, it } from 'vitest';
import { nameFromText } from '#zonewright/names/name.js';
import type { FaultKind } from '#zonewright/parent/answer.js';
import { checkParent, type ParentObservation } from '#zonewright/parent/check.js';
import { dsVerdict } from '#zonewright/parent/verdict.js';
import {
  answerWith,
  type Behaviour,
  both,
  dnskey,
  ds,
  dsRecord,
  framed,
  honest,
  response,
  soaRecord,
  startServer,
  ZONE,
  ZONE_TEXT,
} from './servers.js';

/** Containers may lack it even on loopback. */
const HAS_IPV6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

/** For servers that answer: at once, but the machine may be busy. */
const PATIENT = { tries: 1, timeout: 10 };
/** For servers that never do. */
const QUICK = { tries: 1, timeout: 0.7 };

async function check(...behaviours: readonly Behaviour[]): Promise<ParentObservation> {
  const servers = await Promise.all(behaviours.map((behaviour) => startServer(behaviour)));
  return checkParent(ZONE, { servers, ...PATIENT });
}

async function checkQuickly(...behaviours: readonly Behaviour[]): Promise<ParentObservation> {
  const servers = await Promise.all(behaviours.map((behaviour) => startServer(behaviour)));
  return checkParent(ZONE, { servers, ...QUICK });
}

/** Checks each of many servers by itself, all at the same time: a longer wait costs little then. */
async function checkEach(behaviours: readonly Behaviour[]): Promise<ParentObservation[]> {
  const servers = await Promise.all(behaviours.map((behaviour) => startServer(behaviour)));
  return Promise.all(
    servers.map((server) => checkParent(ZONE, { servers: [server], tries: 1, timeout: 1.5 })),
  );
}

const fault = (kind: FaultKind) => expect.objectContaining({ fault: kind });
const has = (...set: readonly Uint8Array[]) => expect.objectContaining({ ds: set });

/** DS rdata in canonical order. */
const inOrder = (...set: readonly Uint8Array[]) => [...set].sort(Buffer.compare);

describe('agreement', () => {
  it('of all servers on both transports: the set in canonical order, the greatest TTL', async () => {
    const observation = await check(
      honest([ds(1), ds(2)], 300),
      honest([ds(2), ds(1)], 7200),
      honest([ds(1), ds(2), ds(1)], 60),
    );
    expect(observation).toMatchObject({
      zone: ZONE,
      agreed: true,
      ds: inOrder(ds(1), ds(2)),
      ttl: 7200,
      problems: [],
    });
    expect(observation.servers).toHaveLength(3);
    expect(dsVerdict(observation, dnskey(1))).toEqual({ verdict: 'seen', reasons: [] });
    expect(dsVerdict(observation, dnskey(3))).toEqual({ verdict: 'gone', reasons: [] });
  });

  it('that there is no DS, with the name of the parent', async () => {
    const observation = await check(honest([]), honest([]));
    expect(observation).toMatchObject({
      agreed: true,
      ds: [],
      ttl: undefined,
      parent: nameFromText('example'),
    });
    expect(dsVerdict(observation, dnskey(1)).verdict).toBe('gone');
  });

  it.skipIf(!HAS_IPV6)('over IPv6, and for a name given in upper case', async () => {
    const servers = [await startServer(honest([ds(1)]), '::1')];
    const upper = Uint8Array.from(Buffer.from(Buffer.from(ZONE).toString('latin1').toUpperCase()));
    const observation = await checkParent(upper, { servers, ...PATIENT });
    expect(observation).toMatchObject({ agreed: true, zone: ZONE, ds: [ds(1)] });
  });

  it('with a signature in the answer, and with the name in other letters', async () => {
    const rrsig = {
      type: 'RRSIG' as const,
      name: ZONE_TEXT,
      ttl: 60,
      data: {
        typeCovered: 'DS',
        algorithm: 13,
        labels: 2,
        originalTTL: 60,
        expiration: 1,
        inception: 0,
        keyTag: 1,
        signersName: 'example',
        signature: Buffer.alloc(64),
      },
    };
    const observation = await check(
      both((q) => response(q, { answers: [dsRecord(ds(1), 'CHILD.example'), rrsig] })),
    );
    expect(observation).toMatchObject({ agreed: true, ds: [ds(1)] });
  });
});

const flagged = (flags: number) => both((q) => response(q, { flags, answers: [dsRecord(ds(1))] }));
const rcode = (code: number) => flagged(AUTHORITATIVE_ANSWER | code);

/** A broken DS: digest type 2 with three octets. */
const SHORT_DS = Uint8Array.of(0, 1, 13, 2, 1, 2, 3);

/** Servers whose answer is final on either transport. */
const LIES: readonly (readonly [string, FaultKind, Behaviour])[] = [
  ['SERVFAIL', 'servfail', rcode(2)],
  ['REFUSED', 'refused', rcode(5)],
  ['FORMERR', 'rcode', rcode(1)],
  ['NXDOMAIN', 'nxdomain', rcode(3)],
  ['truncation', 'truncated', flagged(AUTHORITATIVE_ANSWER | TRUNCATED_RESPONSE)],
  ['an answer from a cache', 'not-authoritative', flagged(0)],
  [
    'nothing at all, without authority',
    'not-authoritative',
    both((q) => response(q, { flags: 0 })),
  ],
  [
    'a referral to the child',
    'lame',
    both((q) =>
      response(q, {
        flags: 0,
        authorities: [{ type: 'NS', name: ZONE_TEXT, data: 'ns1.child.example' }],
      }),
    ),
  ],
  [
    'a referral upwards',
    'lame',
    both((q) =>
      response(q, {
        flags: 0,
        authorities: [{ type: 'NS', name: '.', data: 'a.root-servers.net' }],
      }),
    ),
  ],
  [
    "the child's own denial",
    'lame',
    both((q) => response(q, { authorities: [soaRecord(ZONE_TEXT)] })),
  ],
  [
    'a denial of another zone',
    'lame',
    both((q) => response(q, { authorities: [soaRecord('ample')] })),
  ],
  ['a denial without SOA', 'malformed', both((q) => response(q))],
  [
    'a denial with two SOA',
    'malformed',
    both((q) => response(q, { authorities: [soaRecord('example'), soaRecord('')] })),
  ],
  [
    'an alias',
    'cname',
    both((q) =>
      response(q, {
        answers: [
          { type: 'CNAME', name: ZONE_TEXT, data: 'other.example' },
          dsRecord(ds(1), 'other.example'),
        ],
      }),
    ),
  ],
  [
    'an alias above',
    'cname',
    both((q) => response(q, { answers: [{ type: 'DNAME', name: 'example', data: 'test' }] })),
  ],
  [
    'the DS of another name',
    'unasked',
    both((q) => response(q, { answers: [dsRecord(ds(1), 'victim.example')] })),
  ],
  [
    'the DS of another name beside its own',
    'unasked',
    both((q) => response(q, { answers: [dsRecord(ds(1)), dsRecord(ds(2), `x.${ZONE_TEXT}`)] })),
  ],
  [
    'data of another type',
    'unasked',
    both((q) => response(q, { answers: [{ type: 'A', name: ZONE_TEXT, data: '192.0.2.1' }] })),
  ],
  [
    'a DS of another class',
    'unasked',
    both((q) => response(q, { answers: [{ ...dsRecord(ds(1)), class: 'CH' }] })),
  ],
  [
    'a broken digest',
    'malformed',
    both((q) => response(q, { answers: [dsRecord(ds(1)), dsRecord(SHORT_DS)] })),
  ],
];

/** Messages that over UDP anybody may have sent; over TCP they are the server's. */
const STRAYS: readonly (readonly [string, FaultKind, (query: DecodedPacket) => Uint8Array])[] = [
  ['another id', 'wrong-id', (q) => answerWith({ ...q, id: (q.id ?? 0) ^ 1 }, [ds(1)])],
  [
    'another name in the question',
    'wrong-question',
    (q) =>
      response(q, {
        questions: [{ name: 'victim.example', type: 'DS' }],
        answers: [dsRecord(ds(1))],
      }),
  ],
  [
    'another type in the question',
    'wrong-question',
    (q) =>
      response(q, { questions: [{ name: ZONE_TEXT, type: 'CDS' }], answers: [dsRecord(ds(1))] }),
  ],
  [
    'another class in the question',
    'wrong-question',
    (q) => response(q, { questions: [{ name: ZONE_TEXT, type: 'DS', class: 'CH' }] }),
  ],
  [
    'no question',
    'wrong-question',
    (q) => response(q, { questions: [], answers: [dsRecord(ds(1))] }),
  ],
  [
    'two questions',
    'wrong-question',
    (q) => response(q, { questions: [...(q.questions ?? []), { name: 'x', type: 'DS' }] }),
  ],
  ['the query itself', 'malformed', (q) => response(q, { type: 'query' })],
  ['a response to NOTIFY', 'malformed', (q) => response(q, { flags: (4 << 11) | 0x400 })],
  ['a header cut short', 'malformed', (q) => answerWith(q, [ds(1)]).subarray(0, 7)],
  ['an answer cut short', 'malformed', (q) => answerWith(q, [ds(1)]).subarray(0, -1)],
  ['nothing', 'malformed', () => Buffer.alloc(0)],
  [
    'counts beyond the message',
    'malformed',
    (q) => {
      const octets = answerWith(q, [ds(1)]);
      octets.writeUInt16BE(0xffff, 6);
      return octets;
    },
  ],
  [
    'a compression loop',
    'malformed',
    (q) => {
      const octets = answerWith(q, [ds(1)]);
      octets.set([0xc0, 12], 12);
      return octets;
    },
  ],
];

describe('a server that lies does not count: neither as agreement nor as denial', () => {
  it.each(LIES)('%s is %s', async (_, kind, liar) => {
    const observation = await check(honest([ds(1)]), liar);
    expect(observation).toMatchObject({ agreed: false, ds: undefined });
    expect(observation.servers).toMatchObject([
      { udp: has(ds(1)), tcp: has(ds(1)) },
      { udp: fault(kind), tcp: fault(kind) },
    ]);
    expect(observation.problems).toHaveLength(1);
    for (const key of [1, 2]) {
      expect(dsVerdict(observation, dnskey(key))).toEqual({
        verdict: 'unclear',
        reasons: observation.problems,
      });
    }
  });

  it('messages that are no answer are named as such when no answer follows', async () => {
    const observations = await checkEach(
      STRAYS.map(([, , make]) => ({
        udp: (query, send) => send(make(query)),
        tcp: (query, socket) => socket.write(framed(make(query))),
      })),
    );
    const seen = observations.map(({ agreed, servers: [{ udp, tcp }] }, i) => {
      expect(agreed).toBe(false);
      return [STRAYS[i][0], 'fault' in udp && udp.fault, 'fault' in tcp && tcp.fault];
    });
    expect(seen).toEqual(STRAYS.map(([what, kind]) => [what, kind, kind]));
  });

  it.each(LIES)('%s over one transport only is enough', async (_, kind, liar) => {
    const good = honest([ds(1)]);
    const [onUdp, onTcp] = await Promise.all([
      check({ udp: liar.udp, tcp: good.tcp } as Behaviour),
      check({ udp: good.udp, tcp: liar.tcp } as Behaviour),
    ]);
    expect(onUdp.agreed || onTcp.agreed).toBe(false);
    expect(onUdp.servers).toMatchObject([{ udp: fault(kind), tcp: has(ds(1)) }]);
    expect(onTcp.servers).toMatchObject([{ udp: has(ds(1)), tcp: fault(kind) }]);
    expect(onUdp.problems.join()).toContain('over UDP');
    expect(onTcp.problems.join()).toContain('over TCP');
  });
});

describe('over UDP', () => {
  it.each(STRAYS)('the answer is still waited for after %s', async (_, __, make) => {
    const observation = await check({
      ...honest([ds(1)]),
      udp: (query, send) => {
        for (let i = 0; i < 20; i++) send(make(query));
        setTimeout(() => send(answerWith(query, [ds(1)])), 50);
      },
    });
    expect(observation).toMatchObject({ agreed: true, ds: [ds(1)] });
  });

  it('packets from another port are not seen, even with the right id', async () => {
    const { createSocket } = await import('node:dgram');
    const other = createSocket('udp4');
    const observation = await checkQuickly({
      ...honest([ds(1)]),
      udp: (query, _, from) => other.send(answerWith(query, [ds(1)]), from.port, from.address),
    });
    other.close();
    expect(observation.servers).toMatchObject([{ udp: fault('timeout'), tcp: has(ds(1)) }]);
  });

  it('a lost packet is asked for again, with another id from another port', async () => {
    const asked: { id: number | undefined; port: number }[] = [];
    const servers = [
      await startServer({
        ...honest([ds(1)]),
        udp: (query, send, from) => {
          asked.push({ id: query.id, port: from.port });
          if (asked.length === 3) send(answerWith(query, [ds(1)]));
        },
      }),
    ];
    const observation = await checkParent(ZONE, { servers, tries: 3, timeout: 0.7 });
    expect(observation.agreed).toBe(true);
    expect(new Set(asked.map(({ port }) => port)).size).toBe(3);
    expect(new Set(asked.map(({ id }) => id)).size).toBeGreaterThan(1);
  });

  it('a late answer to an earlier try does not count for a later one', async () => {
    let first: (() => void) | undefined;
    const servers = [
      await startServer({
        ...honest([ds(1)]),
        udp: (query, send) => {
          if (first === undefined) first = () => send(answerWith(query, [ds(9)]));
          else first();
        },
      }),
    ];
    const observation = await checkParent(ZONE, { servers, tries: 2, timeout: 0.2 });
    expect(observation.servers).toMatchObject([{ udp: fault('timeout') }]);
  });

  it('a flood of packets that are not the answer ends with the time', async () => {
    let on = true;
    const begin = performance.now();
    const observation = await checkQuickly({
      ...honest([ds(1)]),
      udp: (query, send) => {
        const more = (): void => {
          for (let i = 0; i < 50; i++) send(answerWith({ ...query, id: i }, [ds(2)]));
          if (on) setImmediate(more);
        };
        more();
      },
    });
    on = false;
    expect(performance.now() - begin).toBeLessThan(5000);
    expect(observation.agreed).toBe(false);
  });
});

describe('over TCP', () => {
  const tcp = (serve: NonNullable<Behaviour['tcp']>): Behaviour => ({
    ...honest([ds(1)]),
    tcp: serve,
  });

  it('an answer in pieces is put together, the length among them', async () => {
    const observation = await check(
      tcp((query, socket) => {
        socket.setNoDelay(true);
        const octets = framed(answerWith(query, [ds(1)]));
        let at = 0;
        const timer = setInterval(() => {
          socket.write(octets.subarray(at, at + 1));
          if (++at === octets.length) clearInterval(timer);
        }, 1);
      }),
    );
    expect(observation).toMatchObject({ agreed: true, ds: [ds(1)] });
  });

  it('what follows the message is not looked at', async () => {
    const observation = await check(
      tcp((query, socket) => {
        const octets = framed(answerWith(query, [ds(1)]));
        socket.write(Buffer.concat([octets, Buffer.alloc(200_000, 0xff)]));
      }),
    );
    expect(observation.agreed).toBe(true);
  });

  it('an answer of the greatest length is read', async () => {
    const filler = { type: 'NULL' as const, name: 'x', ttl: 0, data: Buffer.alloc(60_000) };
    const observation = await check(
      tcp((query, socket) => {
        socket.write(
          framed(response(query, { answers: [dsRecord(ds(1))], additionals: [filler] })),
        );
      }),
    );
    expect(observation.agreed).toBe(true);
  });

  const failures: readonly (readonly [string, FaultKind, NonNullable<Behaviour['tcp']>])[] = [
    ['silence', 'timeout', () => undefined],
    [
      'an answer that never gets whole',
      'timeout',
      (query, socket) => {
        socket.write(framed(answerWith(query, [ds(1)])).subarray(0, -1));
      },
    ],
    [
      'octets that come for ever, one at a time',
      'timeout',
      (_, socket) => {
        socket.setNoDelay(true);
        const timer = setInterval(() => socket.write(Buffer.from([0xff])), 20);
        socket.on('close', () => clearInterval(timer));
      },
    ],
    ['a connection that is closed', 'unreachable', (_, socket) => socket.end()],
    [
      'an answer that ends too early',
      'unreachable',
      (query, socket) => socket.end(framed(answerWith(query, [ds(1)])).subarray(0, -1)),
    ],
    ['a connection that is reset', 'unreachable', (_, socket) => socket.resetAndDestroy()],
  ];

  it('an exchange that ends in nothing is named as such, within its time', async () => {
    const begin = performance.now();
    const observations = await checkEach(failures.map(([, , serve]) => tcp(serve)));
    const seen = observations.map(({ agreed, servers: [server] }, i) => {
      expect(agreed).toBe(false);
      expect(server.udp, failures[i][0]).toEqual(has(ds(1)));
      return [failures[i][0], 'fault' in server.tcp && server.tcp.fault];
    });
    expect(seen).toEqual(failures.map(([what, kind]) => [what, kind]));
    expect(performance.now() - begin).toBeLessThan(10_000);
  });

  it('a connection that is closed is made again', async () => {
    let asked = 0;
    const good = honest([ds(1)]);
    const servers = [
      await startServer({
        ...good,
        tcp: (query, socket) => {
          if (++asked < 3) socket.end();
          else good.tcp?.(query, socket);
        },
      }),
    ];
    expect(await checkParent(ZONE, { servers, ...PATIENT, tries: 3 })).toMatchObject({
      agreed: true,
    });
    expect(asked).toBe(3);
  });
});

describe('no agreement', () => {
  it('when a server is silent: the reason names it, the time and the tries', async () => {
    const observation = await checkQuickly(honest([ds(1)]), {});
    const silent = observation.servers[1];
    expect(silent).toMatchObject({ udp: fault('timeout'), tcp: fault('timeout') });
    expect(observation.problems).toEqual([
      `127.0.0.1:${silent.port} does not answer within 0.7 s, asked once`,
    ]);
  });

  it('when nobody listens', async () => {
    const observation = await checkParent(ZONE, {
      servers: [{ address: '127.0.0.1', port: 1 }],
      tries: 2,
      timeout: 0.3,
    });
    expect(observation.servers).toMatchObject([
      { udp: fault('unreachable'), tcp: fault('unreachable') },
    ]);
    expect(observation.problems.join()).toContain('ECONNREFUSED');
  });

  it('when a server is stale: it is named, with what most have', async () => {
    const observation = await check(
      honest([ds(1), ds(2)]),
      honest([ds(1)]),
      honest([ds(1), ds(2)]),
    );
    expect(observation).toMatchObject({ agreed: false, ds: undefined });
    expect(observation.servers.map(({ differs }) => differs)).toEqual([
      undefined,
      'sets',
      undefined,
    ]);
    expect(observation.problems).toHaveLength(2);
    // The key that all have is not seen either: the parent is in the middle of a change.
    for (const key of [1, 2, 3]) {
      expect(dsVerdict(observation, dnskey(key)).verdict).toBe('unclear');
    }
  });

  it('when one has a DS and another says that there is none', async () => {
    const observation = await check(honest([ds(1)]), honest([]));
    expect(observation.agreed).toBe(false);
    expect(dsVerdict(observation, dnskey(1)).verdict).toBe('unclear');
  });

  it('when two deny for different parents', async () => {
    const observation = await check(
      honest([]),
      both((q) => response(q, { authorities: [soaRecord('')] })),
    );
    expect(observation.agreed).toBe(false);
  });

  it('when UDP and TCP of one server differ', async () => {
    const observation = await check({
      udp: honest([ds(1)]).udp,
      tcp: honest([ds(2)]).tcp,
    } as Behaviour);
    expect(observation.servers).toMatchObject([
      { differs: 'transports', udp: has(ds(1)), tcp: has(ds(2)) },
    ]);
    expect(observation.problems).toHaveLength(1);
    expect(observation.problems[0]).toMatch(/has DS .* over UDP and DS .* over TCP/);
  });

  it('when there is no server', async () => {
    expect(await checkParent(ZONE, { servers: [], ...QUICK })).toMatchObject({ agreed: false });
  });

  it('counts the TTL of answers that are right even so', async () => {
    expect(await checkQuickly(honest([ds(1)], 500), honest([ds(2)], 900), {})).toMatchObject({
      ttl: 900,
    });
  });
});

it('the root zone has no parent: exit 2', async () => {
  await expect(checkParent(nameFromText('.'))).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringContaining('no parent'),
  });
});
