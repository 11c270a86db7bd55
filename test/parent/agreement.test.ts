/** When servers agree, and what that means for a key: the pure parts, with every combination. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dsDigest } from '#zonewright/dnssec/ds.js';
import { keyTag } from '#zonewright/dnssec/keytag.js';
import { ROOT } from '#zonewright/names/name.js';
import { type AskedServer, agree } from '#zonewright/parent/agreement.js';
import type { DsAnswer, Fault, FaultKind } from '#zonewright/parent/answer.js';
import { dsVerdict } from '#zonewright/parent/verdict.js';
import { dnskey, ds, ZONE } from './servers.js';

const answer = (...set: readonly Uint8Array[]): DsAnswer => ({
  ds: set,
  ttl: set.length === 0 ? undefined : 60,
  parent: undefined,
});
const fault = (kind: FaultKind): Fault => ({ fault: kind, text: `is ${kind}` });
const NO_ROUTE = fault('no-route');

function server(
  name: string,
  address: string | undefined,
  udp: DsAnswer | Fault,
  tcp: DsAnswer | Fault = udp,
): AskedServer {
  return { name, address, port: 53, udp, tcp };
}

function verdict(set: readonly Uint8Array[], n = 1) {
  const agreement = agree([server('ns1', '192.0.2.1', answer(...set))]);
  expect(agreement.agreed).toBe(true);
  return dsVerdict({ ...agreement, zone: ZONE, parent: undefined }, dnskey(n));
}

describe('an address that this machine has no route to', () => {
  const six = server('ns1', '2001:db8::1', NO_ROUTE);

  it('does not count when its server answers at another', () => {
    const agreement = agree([six, server('ns1', '192.0.2.1', answer(ds(1)))]);
    expect(agreement).toMatchObject({ agreed: true, ds: [ds(1)], problems: [] });
    expect(agreement.servers.map(({ excused }) => excused)).toEqual([true, false]);
  });

  it.each<[string, AskedServer[]]>([
    ['it is the only one', []],
    ['only another server answers', [server('ns2', '192.0.2.2', answer(ds(1)))]],
    ['its server has no route at all', [server('ns1', '192.0.2.1', NO_ROUTE)]],
    [
      'its server answers over UDP only',
      [server('ns1', '192.0.2.1', answer(ds(1)), fault('timeout'))],
    ],
  ])('counts when %s', (_, others) => {
    expect(agree([six, ...others])).toMatchObject({ agreed: false, ds: undefined });
  });

  it('counts when one transport failed in another way', () => {
    const half = server('ns1', '2001:db8::1', NO_ROUTE, fault('timeout'));
    expect(agree([half, server('ns1', '192.0.2.1', answer(ds(1)))]).agreed).toBe(false);
  });
});

it('a server with an address that could not be found is no agreement', () => {
  const agreement = agree([
    server('ns1', '192.0.2.1', answer(ds(1))),
    server('ns1', undefined, fault('no-address')),
  ]);
  expect(agreement).toMatchObject({ agreed: false, problems: ['ns1 is no-address'] });
});

it('agrees exactly when every answer that counts is there and the same', () => {
  const kinds: readonly FaultKind[] = ['timeout', 'refused', 'no-route', 'malformed', 'servfail'];
  const any = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(answer(), answer(ds(1)), answer(ds(1), ds(2))) },
    { weight: 1, arbitrary: fc.constantFrom(...kinds).map(fault) },
  );
  const one = fc.tuple(fc.constantFrom('ns1', 'ns2'), any, any);
  let agreements = 0;
  fc.assert(
    fc.property(fc.array(one, { maxLength: 4 }), (all) => {
      const asked = all.map(([name, udp, tcp], i) => server(name, `192.0.2.${i}`, udp, tcp));
      const agreement = agree(asked);
      const whole = (a: DsAnswer | Fault): a is DsAnswer => 'ds' in a;
      const counted = all.filter(
        ([name, udp, tcp]) =>
          !(
            [udp, tcp].every((a) => !whole(a) && a.fault === 'no-route') &&
            all.some(([other, u, t]) => other === name && whole(u) && whole(t))
          ),
      );
      const answers = counted.flatMap(([, udp, tcp]) => [udp, tcp]);
      const sets = new Set(answers.map((a) => (whole(a) ? JSON.stringify(a.ds) : 'fault')));
      const expected = sets.size === 1 && !sets.has('fault');
      expect(agreement.agreed).toBe(expected);
      expect(agreement.problems.length === 0).toBe(expected);
      expect(agreement.ds !== undefined).toBe(expected);
      if (expected) agreements++;
    }),
    { numRuns: 3000 },
  );
  expect(agreements).toBeGreaterThan(30);
});

describe('the DS of a key is', () => {
  it.each([2, 4])('seen with digest type %i, alone or among others', (type) => {
    expect(verdict([ds(1, type)])).toEqual({ verdict: 'seen', reasons: [] });
    expect(verdict([ds(2), ds(1, type), ds(3, 4)])).toEqual({ verdict: 'seen', reasons: [] });
  });

  it('gone when there is none, or others only', () => {
    expect(verdict([])).toEqual({ verdict: 'gone', reasons: [] });
    expect(verdict([ds(2), ds(3, 4)])).toEqual({ verdict: 'gone', reasons: [] });
  });

  it('gone when a DS has its tag and algorithm, but the digest of another key', () => {
    const collision = ds(2);
    collision.set(ds(1).subarray(0, 3));
    expect(verdict([collision]).verdict).toBe('gone');
    expect(verdict([collision, ds(1)]).verdict).toBe('seen');
  });

  it('neither, with SHA-1 alone: validators need not take it, and yet it is there', () => {
    const sha1 = Uint8Array.of(
      ...ds(1).subarray(0, 3),
      1,
      ...(dsDigest(ZONE, dnskey(1), 1) as Uint8Array),
    );
    expect(verdict([sha1, ds(2)])).toEqual({
      verdict: 'unclear',
      reasons: [expect.stringContaining('SHA-1')],
    });
    expect(verdict([sha1, ds(1)]).verdict).toBe('seen');
    expect(verdict([sha1, ds(2)], 2).verdict).toBe('seen');
  });

  it('neither, with a digest type that is not known, of its tag and algorithm', () => {
    const tag = keyTag(dnskey(1));
    const unknown = Uint8Array.of(tag >> 8, tag & 0xff, 13, 6, ...new Uint8Array(32));
    expect(verdict([unknown])).toEqual({
      verdict: 'unclear',
      reasons: [expect.stringContaining(`DS ${tag} 13 6`)],
    });
    expect(verdict([unknown], 2).verdict).toBe('gone');
    const other = Uint8Array.from(unknown);
    other[2] = 15;
    expect(verdict([other]).verdict).toBe('gone');
  });

  it('another one in another zone: the digest has the owner in it', () => {
    const agreement = agree([server('ns1', '192.0.2.1', answer(ds(1)))]);
    const elsewhere = { ...agreement, zone: Uint8Array.of(1, 97, ...ROOT), parent: undefined };
    expect(dsVerdict(elsewhere, dnskey(1)).verdict).toBe('gone');
  });
});
