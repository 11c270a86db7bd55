/** Questions about the zone, and what a resolver has to answer on any day of its life. */
import { below, pick, type Random } from '../../fuzz/mutate.js';
import { CHILD, DELEGATIONS, HOSTS, SLEEPERS } from './child.js';
import type { Reply } from './query.js';

export interface Question {
  readonly name: string;
  readonly type: string;
  readonly expect: 'data' | 'no data' | 'no name' | 'DNSKEY';
  /** With opt-out a resolver does not vouch for the answer (RFC 5155 §9.2). */
  readonly open: boolean;
}

const data = (name: string, type: string): Question => ({
  name,
  type,
  expect: 'data',
  open: false,
});

/** A question of any kind; names of the same kind have TTLs of all lengths. */
export function anyQuestion(random: Random): Question {
  const i = below(random, DELEGATIONS);
  const kinds: readonly (() => Question)[] = [
    () => data(CHILD, pick(random, ['SOA', 'NS', 'TXT'])),
    () => ({ name: CHILD, type: 'DNSKEY', expect: 'DNSKEY', open: false }),
    () => data(`host${below(random, HOSTS)}.${CHILD}`, 'A'),
    () => data(`host${below(random, HOSTS)}.${CHILD}`, 'A'),
    () => data(`secure${i}.${CHILD}`, 'DS'),
    () => ({ name: `host${i}.${CHILD}`, type: 'AAAA', expect: 'no data', open: false }),
    () => ({ name: `insecure${i}.${CHILD}`, type: 'DS', expect: 'no data', open: true }),
    () => ({
      name: `no${below(random, 1_000_000)}.${CHILD}`,
      type: 'A',
      expect: 'no name',
      open: true,
    }),
  ];
  return pick(random, kinds)();
}

/** Questions in turn that nobody else asks: what is in the cache of them was never validated. */
export function sleeper(turn: number): Question {
  return data(`sleeper${turn % SLEEPERS}.${CHILD}`, 'A');
}

/** Is it the answer? AD is another matter. @param secure the zone has a DS, and so DNSKEYs. */
export function isRight(
  { expect }: Question,
  { status, records }: Reply,
  secure: boolean,
): boolean {
  switch (expect) {
    case 'DNSKEY':
      return status === 'NOERROR' && (records.length > 0 || !secure);
    case 'data':
      return status === 'NOERROR' && records.length > 0;
    case 'no data':
      return status === 'NOERROR' && records.length === 0;
    case 'no name':
      return status === 'NXDOMAIN';
  }
}
