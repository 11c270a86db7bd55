/** Finding the parent's servers by a resolver, which here is one on loopback that knows a few names. */
import { type Answer, type DecodedPacket, RECURSION_AVAILABLE } from 'dns-packet';
import { describe, expect, it } from 'vitest';
import { nameFromText, ROOT } from '#zonewright/names/name.js';
import { checkParent } from '#zonewright/parent/check.js';
import { findParent, type Resolver } from '#zonewright/parent/discover.js';
import { both, ZONE as CHILD, ds, honest, response, soaRecord, startServer } from './servers.js';

/** Data by `name TYPE`, or the error code that the resolver ends with. */
type World = Readonly<Record<string, unknown>>;

function resolverOf(world: World): Resolver {
  const look = async (name: string, type: string): Promise<never> => {
    const found = world[`${name} ${type}`] ?? 'ENODATA';
    if (typeof found === 'string') throw Object.assign(new Error(found), { code: found });
    return found as never;
  };
  return {
    resolveSoa: (name: string) => look(name, 'SOA'),
    resolveNs: (name: string) => look(name, 'NS'),
    resolve4: (name: string) => look(name, 'A'),
    resolve6: (name: string) => look(name, 'AAAA'),
  } as Resolver;
}

const ZONE = nameFromText('a.b.uk');
const WORLD: World = {
  'b.uk. SOA': 'ENODATA',
  'uk. SOA': {},
  'uk. NS': ['NS2.nic.uk', 'ns1.nic.uk', 'ns1.NIC.uk'],
  'ns1.nic.uk A': ['192.0.2.1', '192.0.2.2'],
  'ns1.nic.uk AAAA': ['2001:db8:0::1', '2001:DB8::1'],
  'ns2.nic.uk A': ['192.0.2.3'],
};

describe('findParent', () => {
  it('goes up to the nearest zone, and finds each address of each server once', async () => {
    expect(await findParent(ZONE, resolverOf(WORLD))).toEqual({
      parent: nameFromText('uk'),
      servers: [
        {
          name: 'ns1.nic.uk',
          addresses: [
            { address: '192.0.2.1', port: 53 },
            { address: '192.0.2.2', port: 53 },
            { address: '2001:db8::1', port: 53 },
          ],
          fault: undefined,
        },
        { name: 'ns2.nic.uk', addresses: [{ address: '192.0.2.3', port: 53 }], fault: undefined },
      ],
      problem: undefined,
    });
  });

  it('of a top-level domain is the root', async () => {
    const world = { '. NS': ['a.root-servers.net'], 'a.root-servers.net A': ['198.41.0.4'] };
    const found = await findParent(nameFromText('uk'), resolverOf(world));
    expect(found).toMatchObject({ parent: ROOT, servers: [{ name: 'a.root-servers.net' }] });
  });

  it('takes a name that does not exist for no zone', async () => {
    const world = { ...WORLD, 'b.uk. SOA': 'ENOTFOUND' };
    expect((await findParent(ZONE, resolverOf(world))).parent).toEqual(nameFromText('uk'));
  });

  it.each([
    ['the SOA', { 'b.uk. SOA': 'ETIMEOUT' }, 'SOA of b.uk.: ETIMEOUT'],
    [
      'the NS',
      { 'uk. NS': 'ESERVFAIL' },
      'name servers of the parent uk. could not be found: ESERVFAIL',
    ],
    ['any NS', { 'uk. NS': [] }, 'there are none'],
    ['few enough NS', { 'uk. NS': Array.from({ length: 33 }, (_, i) => `n${i}.uk`) }, '33'],
  ])('does not guess when it is not told %s', async (_, change, problem) => {
    const found = await findParent(ZONE, resolverOf({ ...WORLD, ...change }));
    expect(found).toMatchObject({ parent: undefined, servers: [] });
    expect(found.problem).toContain(problem);
  });

  it.each([
    ['no address', { 'ns2.nic.uk A': 'ENODATA' }, 'has no address'],
    ['no name', { 'ns2.nic.uk A': 'ENOTFOUND' }, 'has no address'],
    ['half of its addresses', { 'ns2.nic.uk AAAA': 'ETIMEOUT' }, 'AAAA: ETIMEOUT'],
    [
      'too many addresses',
      { 'ns2.nic.uk A': Array.from({ length: 17 }, (_, i) => `192.0.2.${i}`) },
      '17 addresses',
    ],
  ])('keeps a server of which it knows %s', async (_, change, fault) => {
    const { servers } = await findParent(ZONE, resolverOf({ ...WORLD, ...change }));
    expect(servers.map(({ name }) => name)).toEqual(['ns1.nic.uk', 'ns2.nic.uk']);
    expect(servers[1].fault).toContain(fault);
  });

  it('keeps a server whose name is none', async () => {
    const { servers } = await findParent(ZONE, resolverOf({ ...WORLD, 'uk. NS': ['a..b'] }));
    expect(servers).toMatchObject([{ name: 'a..b', addresses: [] }]);
  });
});

describe('through a resolver on the wire', () => {
  const records: Readonly<Record<string, Answer[]>> = {
    'example SOA': [soaRecord('example')],
    'example NS': [{ type: 'NS', name: 'example', data: 'ns1.example' }],
    // An address where nobody listens on port 53.
    'ns1.example A': [{ type: 'A', name: 'ns1.example', data: '127.53.53.53' }],
  };
  /** Finds the servers of `example`: one, at 127.0.0.1. */
  const finding = async (port: number) => ({
    resolver: await startServer({
      udp: (query, send) => {
        const [{ type }] = query.questions ?? [];
        const local: Answer = { type: 'A', name: 'ns1.example', data: '127.0.0.1' };
        send(type === 'A' ? response(query, { answers: [local] }) : answer(query));
      },
    }),
    port,
    tries: 1,
    timeout: 10,
  });
  const answer = (query: DecodedPacket): Buffer => {
    const [{ name, type }] = query.questions ?? [];
    const answers = records[`${name} ${type}`] ?? [];
    // "No data" has the SOA of the zone above, which is not the name's own.
    const authorities = answers.length > 0 ? [] : [soaRecord('example')];
    return response(query, { flags: RECURSION_AVAILABLE, answers, authorities });
  };

  it('each server is asked; one that does not answer is a fault with its name', async () => {
    const resolver = await startServer({ udp: (query, send) => send(answer(query)) });
    const observation = await checkParent(nameFromText('x.y.example'), {
      resolver,
      tries: 1,
      timeout: 0.5,
    });
    expect(observation).toMatchObject({ agreed: false, parent: nameFromText('example') });
    expect(observation.servers).toMatchObject([{ name: 'ns1.example', address: '127.53.53.53' }]);
    expect(observation.problems.join()).toContain('ns1.example (127.53.53.53)');
  });

  it('the servers that are found agree', async () => {
    const { port } = await startServer(honest([ds(1)]));
    const observation = await checkParent(CHILD, await finding(port));
    expect(observation).toMatchObject({
      agreed: true,
      ds: [ds(1)],
      parent: nameFromText('example'),
      servers: [{ name: 'ns1.example', address: '127.0.0.1', port }],
    });
  });

  it('a denial counts from the parent that was found, and from no zone further up', async () => {
    const deny = (soa: string) =>
      startServer(both((query) => response(query, { authorities: [soaRecord(soa)] })));
    const parent = await deny('example');
    expect(await checkParent(CHILD, await finding(parent.port))).toMatchObject({
      agreed: true,
      ds: [],
    });
    const above = await deny('');
    expect(await checkParent(CHILD, await finding(above.port))).toMatchObject({
      agreed: false,
      servers: [{ udp: { fault: 'lame' }, tcp: { fault: 'lame' } }],
    });
  });

  it('a resolver that is silent is the one problem', async () => {
    const resolver = await startServer({});
    const observation = await checkParent(nameFromText('x.example'), {
      resolver,
      tries: 1,
      timeout: 0.3,
    });
    expect(observation).toMatchObject({ agreed: false, ds: undefined, servers: [] });
    expect(observation.problems).toEqual([
      'the parent zone could not be found: SOA of example.: ETIMEOUT',
    ]);
  });
});
