/**
 * The parent check against real name servers: NSD and BIND serve a parent zone, in agreement and
 * with one of them a day behind; and each serves the child, too, or nothing of it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { nameFromText } from '#zonewright/names/name.js';
import { checkParent, type ParentObservation } from '#zonewright/parent/check.js';
import { dsVerdict } from '#zonewright/parent/verdict.js';
import { rdataToText } from '#zonewright/records/rdata.js';
import { TYPE } from '#zonewright/records/types.js';
import { type ServedZone, type Server, serve } from '../served/servers.js';
import { tempDir } from '../tools/cli.js';
import { describeWithTools } from '../tools/judges.js';
import { dnskey, ds, ZONE } from './servers.js';

const SOA = '3600 SOA ns1.example. h.example. 1 1800 900 604800 3600';

/** A zone `example` with the child's delegation and this DS RRset. */
function parentZone(set: readonly Uint8Array[], ttl: number): string {
  return [
    `example. ${SOA}`,
    'example. 3600 NS ns1.example.',
    'ns1.example. 3600 A 127.0.0.1',
    'child.example. 3600 NS ns1.child.example.',
    'ns1.child.example. 3600 A 127.0.0.1',
    ...set.map((rdata) => `child.example. ${ttl} DS ${rdataToText(TYPE.DS, rdata)}`),
    '',
  ].join('\n');
}

const CHILD = `child.example. ${SOA}\nchild.example. 3600 NS ns1.example.\n`;

describeWithTools(['nsd', 'named', 'dig'], 'a parent zone served by NSD and BIND', () => {
  const running: Server[] = [];

  afterEach(async () => {
    for (const server of running.splice(0)) await server.stop();
  });

  async function server(tool: 'nsd' | 'named', zones: Record<string, string>): Promise<number> {
    const folder = tempDir(`parent-${tool}`);
    const served = Object.entries(zones).map(([name, text]): ServedZone => {
      const file = join(folder, `${name}zone`);
      writeFileSync(file, text);
      return { name, file, anchors: [] };
    });
    const started = await serve(folder, served, tool);
    running.push(started);
    return started.port;
  }

  function check(...ports: readonly number[]): Promise<ParentObservation> {
    const servers = ports.map((port) => ({ address: '127.0.0.1', port }));
    return checkParent(ZONE, { servers, timeout: 5 });
  }

  it('agree on a DS RRset, and its greatest TTL', async () => {
    const observation = await check(
      await server('nsd', { 'example.': parentZone([ds(1), ds(2, 4)], 300) }),
      await server('named', { 'example.': parentZone([ds(2, 4), ds(1)], 600) }),
    );
    expect(observation.problems).toEqual([]);
    expect(observation).toMatchObject({ agreed: true, ttl: 600 });
    expect([1, 2, 3].map((n) => dsVerdict(observation, dnskey(n)).verdict)).toEqual([
      'seen',
      'seen',
      'gone',
    ]);
  });

  it('agree that there is none, also where one serves the child besides', async () => {
    const observation = await check(
      await server('nsd', { 'example.': parentZone([], 300) }),
      await server('named', { 'example.': parentZone([], 300), 'child.example.': CHILD }),
    );
    expect(observation.problems).toEqual([]);
    expect(observation).toMatchObject({ agreed: true, ds: [], parent: nameFromText('example') });
    expect(dsVerdict(observation, dnskey(1)).verdict).toBe('gone');
  });

  it('a DS RRset of 20 fits, and one too large for UDP is no agreement', async () => {
    const sets = [20, 30].map((n) => Array.from({ length: n }, (_, i) => ds(i + 1)));
    const fits = await check(
      await server('nsd', { 'example.': parentZone(sets[0], 300) }),
      await server('named', { 'example.': parentZone(sets[0], 300) }),
    );
    expect(fits.problems).toEqual([]);
    expect(fits.ds).toHaveLength(20);
    const large = await check(
      await server('nsd', { 'example.': parentZone(sets[1], 300) }),
      await server('named', { 'example.': parentZone(sets[1], 300) }),
    );
    expect(large.agreed).toBe(false);
    for (const { udp, tcp } of large.servers) {
      expect(udp).toMatchObject({ fault: 'truncated' });
      expect(tcp).toMatchObject({ ds: { length: 30 } });
    }
  });

  it.each(['nsd', 'named'] as const)('%s being stale is seen', async (stale) => {
    const fresh = stale === 'nsd' ? 'named' : 'nsd';
    const observation = await check(
      await server(fresh, { 'example.': parentZone([ds(1), ds(2)], 300) }),
      await server(stale, { 'example.': parentZone([ds(1)], 86_400) }),
    );
    expect(observation).toMatchObject({ agreed: false, ds: undefined, ttl: 86_400 });
    for (const n of [1, 2, 3]) expect(dsVerdict(observation, dnskey(n)).verdict).toBe('unclear');
  });

  it.each(['nsd', 'named'] as const)('%s with the child alone denies nothing', async (tool) => {
    const observation = await check(await server(tool, { 'child.example.': CHILD }));
    expect(observation.agreed).toBe(false);
    expect(observation.servers).toMatchObject([{ udp: { fault: 'lame' }, tcp: { fault: 'lame' } }]);
  });

  it.each(['nsd', 'named'] as const)('%s without either zone is lame', async (tool) => {
    const text = parentZone([], 300).replaceAll(/(?:^|\b)example\./gm, 'other.');
    const observation = await check(await server(tool, { 'other.': text }));
    expect(observation.servers).toMatchObject([
      { udp: { fault: 'refused' }, tcp: { fault: 'refused' } },
    ]);
  });

  it('a server that has been stopped is no agreement', async () => {
    const ports = [
      await server('nsd', { 'example.': parentZone([ds(1)], 300) }),
      await server('named', { 'example.': parentZone([ds(1)], 300) }),
    ];
    expect((await check(...ports)).agreed).toBe(true);
    await running[1].stop();
    expect((await check(...ports)).agreed).toBe(false);
  });
});
