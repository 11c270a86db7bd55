/**
 * What the model check lets happen: the policies that a zone may have, what its operator may type,
 * and where it begins. All times are ticks, and small: that caches hold the DNSKEY RRset for 2 ticks,
 * the zone's data for 3, is enough for every order in which waits can end.
 */

import type { Role } from '#zonewright/keys/statefile.js';

/** A policy, as the configuration has it, and the TTLs that the zone is published with under it. */
export interface Config {
  readonly algorithms: readonly number[];
  readonly csk: boolean;
  readonly kskRoll: 'double-signature' | 'double-ds';
  readonly anchor: 'parent' | 'rfc5011';
  readonly kskLifetime: number | undefined;
  readonly zskLifetime: number | undefined;
  readonly dnskeyTtl: number;
  readonly zoneTtl: number;
  readonly dsTtl: number;
  readonly propagation: number;
  readonly parentPropagation: number;
  /** A decision is published at the latest so many ticks after it was made. */
  readonly margin: number;
}

/** Something that an operator types, at most `most` times. */
export type Command =
  | {
      readonly kind: 'roll';
      readonly role: Role;
      readonly algorithm?: number;
      readonly emergency?: boolean;
      /** It is asked for so many ticks ahead. */
      readonly ahead?: number;
      readonly most: number;
    }
  | { readonly kind: 'policy'; readonly to: number; readonly most: number }
  /** Any one key is revoked. */
  | { readonly kind: 'revoke'; readonly emergency?: boolean; readonly most: number }
  /** A DS that the engine did not ask for yet is put at the parent, if the engine lets it. */
  | { readonly kind: 'early-ds'; readonly most: number }
  /** A DS that the engine still wants is taken away, if the engine lets it. */
  | { readonly kind: 'early-gone'; readonly most: number };

export interface Scenario {
  readonly name: string;
  /** Seconds of a tick. */
  readonly tick: number;
  /** The first one is in force at the start. */
  readonly configs: readonly Config[];
  /** A zone that was signed under the first configuration for long, or one without keys. */
  readonly start: 'secure' | 'unsigned';
  readonly commands: readonly Command[];
  /** How many commands altogether. */
  readonly most: number;
  /** Ticks within which everything comes to its end when all do what they are asked for. */
  readonly bound: number;
  /** Keys that are made already, and are not published before so many ticks are over. */
  readonly upcoming?: readonly {
    readonly algorithm: number;
    readonly role: Role;
    readonly ahead: number;
  }[];
  /** A build in every tick; for waits of very many ticks. */
  readonly punctual?: boolean;
  /** Keys roll by their age, too: it comes to rest never, to its goal again and again. */
  readonly lifetimes?: boolean;
}

const HOUR = 3600;

export const BASE: Config = {
  algorithms: [13],
  csk: false,
  kskRoll: 'double-signature',
  anchor: 'parent',
  kskLifetime: undefined,
  zskLifetime: undefined,
  dnskeyTtl: 2,
  zoneTtl: 3,
  dsTtl: 2,
  propagation: 1,
  parentPropagation: 1,
  margin: 0,
};

/** For two rolls at once: as small as leaves every wait its parts. */
const PAIR: Config = { ...BASE, dnskeyTtl: 1, zoneTtl: 2, dsTtl: 1 };
const TINY: Config = { ...BASE, dnskeyTtl: 1, zoneTtl: 1, dsTtl: 1, parentPropagation: 0 };
const DOUBLE_DS: Config = { ...PAIR, kskRoll: 'double-ds' };
const CSK: Config = { ...PAIR, csk: true };
const OTHER: Config = { ...PAIR, algorithms: [15] };
const BOTH: Config = { ...PAIR, algorithms: [13, 15] };
const INSECURE: Config = { ...PAIR, algorithms: [] };
/** RFC 5011's hold-down is 30 days and cannot be made shorter: some ticks. */
const RFC5011: Config = { ...BASE, anchor: 'rfc5011' };
const TEN_DAYS = 10 * 86_400;

const roll = (role: Role, most = 1): Command => ({ kind: 'roll', role, most });
const policy = (to: number, most = 1): Command => ({ kind: 'policy', to, most });

function scenario(
  name: string,
  configs: readonly Config[],
  commands: readonly Command[],
  most: number,
  more: Partial<Scenario> = {},
): Scenario {
  return { name, tick: HOUR, configs, start: 'secure', commands, most, bound: 40, ...more };
}

/** TTLs raised, and a policy that lowers them all. */
const LONG: Config = { ...BASE, dnskeyTtl: 4, zoneTtl: 5, dsTtl: 4 };
const SHORT: Config = { ...BASE, dnskeyTtl: 1, zoneTtl: 1, dsTtl: 1 };
const LATE: Config = { ...BASE, dnskeyTtl: 1, zoneTtl: 1, dsTtl: 1, margin: 1 };
const early: readonly Command[] = [
  { kind: 'early-ds', most: 1 },
  { kind: 'early-gone', most: 1 },
];
const emergency = (role: Role): Command => ({ kind: 'roll', role, emergency: true, most: 1 });
const revoke: Command = { kind: 'revoke', most: 1 };

/** Each kind of roll by itself: seconds altogether. */
export const FAST: readonly Scenario[] = [
  scenario('ZSK', [BASE], [roll('zsk', 2)], 2),
  scenario('KSK, double signature', [BASE], [roll('ksk', 1)], 1),
  scenario('KSK, double DS', [DOUBLE_DS], [roll('ksk', 1)], 1),
  scenario('CSK', [CSK], [roll('csk', 1)], 1),
  scenario('algorithm', [BASE, { ...BASE, algorithms: [15] }], [policy(1)], 1),
  scenario('algorithm of a CSK', [CSK, { ...CSK, algorithms: [15] }], [policy(1)], 1),
  scenario('going secure', [BASE], [], 0, { start: 'unsigned' }),
  scenario('going insecure', [BASE, { ...BASE, algorithms: [] }], [policy(1)], 1),
  scenario('RFC 5011', [RFC5011], [roll('ksk', 1)], 1, { tick: TEN_DAYS / 2 }),
  scenario('another algorithm whose KSK has a Publish time', [BOTH], [], 0, {
    upcoming: [
      { algorithm: 15, role: 'zsk', ahead: 0 },
      { algorithm: 15, role: 'ksk', ahead: 6 },
    ],
  }),
  scenario('emergency ZSK', [PAIR], [emergency('zsk')], 1),
  scenario('emergency KSK', [PAIR], [emergency('ksk')], 1),
  scenario('late publication, ZSK', [LATE], [roll('zsk')], 1),
  scenario('TTLs down, ZSK', [LONG, SHORT], [roll('zsk'), policy(1)], 2, { bound: 60 }),
  scenario('RFC 5011, algorithm', [RFC5011, { ...RFC5011, algorithms: [15] }], [policy(1)], 1, {
    tick: TEN_DAYS,
  }),
  scenario('RFC 5011, going insecure', [RFC5011, { ...RFC5011, algorithms: [] }], [policy(1)], 1, {
    tick: TEN_DAYS,
    bound: Infinity,
  }),
  scenario('one algorithm to two', [PAIR, BOTH], [policy(1)], 1),
];

/** Pairs of kinds, each at any time within the other; policies changed in mid-roll: minutes. */
export const DEEP: readonly Scenario[] = [
  scenario('ZSK + ZSK + ZSK', [PAIR], [roll('zsk', 3)], 3),
  scenario('KSK + KSK', [TINY], [roll('ksk', 2)], 2),
  scenario('KSK + KSK, double DS', [DOUBLE_DS], [roll('ksk', 2)], 2),
  scenario('CSK + CSK', [{ ...TINY, csk: true }], [roll('csk', 2)], 2),
  scenario('ZSK + KSK', [PAIR], [roll('zsk'), roll('ksk')], 2),
  scenario('ZSK + KSK, double DS', [DOUBLE_DS], [roll('zsk'), roll('ksk')], 2),
  scenario('ZSK + algorithm', [PAIR, OTHER], [roll('zsk'), policy(1)], 2),
  scenario('KSK + algorithm', [TINY, { ...TINY, algorithms: [15] }], [roll('ksk'), policy(1)], 2),
  scenario(
    'KSK + algorithm, double DS',
    [DOUBLE_DS, { ...DOUBLE_DS, algorithms: [15] }],
    [roll('ksk'), policy(1)],
    2,
  ),
  scenario(
    'CSK + algorithm',
    [
      { ...TINY, csk: true },
      { ...TINY, csk: true, algorithms: [15] },
    ],
    [roll('csk'), policy(1)],
    2,
  ),
  scenario('algorithm and back', [TINY, { ...TINY, algorithms: [15] }], [policy(1), policy(0)], 2),
  scenario('two algorithms to one', [BOTH, PAIR], [policy(1)], 1),
  scenario('two algorithms, ZSK', [BOTH], [roll('zsk')], 1),
  scenario('two algorithms, KSK', [BOTH], [roll('ksk')], 1),
  scenario('KSK and ZSK to CSK', [PAIR, CSK], [policy(1)], 1),
  scenario('KSK and ZSK to CSK, roll', [PAIR, CSK], [policy(1), roll('zsk'), roll('ksk')], 2),
  scenario('CSK to KSK and ZSK', [CSK, PAIR], [policy(1), roll('csk')], 2),
  scenario('CSK to another algorithm with KSK and ZSK', [CSK, OTHER], [policy(1)], 1),
  scenario('double signature to double DS', [PAIR, DOUBLE_DS], [roll('ksk'), policy(1)], 2),
  scenario('double DS to double signature', [DOUBLE_DS, PAIR], [roll('ksk'), policy(1)], 2),
  scenario('going secure, KSK', [PAIR], [roll('ksk')], 1, { start: 'unsigned' }),
  scenario('going secure, another algorithm', [PAIR, OTHER], [policy(1)], 1, { start: 'unsigned' }),
  scenario('going secure and insecure', [PAIR, INSECURE], [policy(1)], 1, { start: 'unsigned' }),
  scenario('going insecure and back', [PAIR, INSECURE], [policy(1), policy(0)], 2),
  scenario('KSK + going insecure', [PAIR, INSECURE], [roll('ksk'), policy(1)], 2),
  scenario('ZSK + going insecure', [PAIR, INSECURE], [roll('zsk'), policy(1)], 2),
  scenario('CSK + going insecure', [CSK, { ...CSK, algorithms: [] }], [roll('csk'), policy(1)], 2),
  scenario(
    'going insecure in an algorithm roll',
    [PAIR, OTHER, INSECURE],
    [policy(1), policy(2)],
    2,
  ),
  scenario('revoke', [PAIR], [roll('ksk'), revoke], 2),
  scenario('revoke a CSK', [CSK], [roll('csk'), revoke], 2),
  scenario('KSK, early DS', [PAIR], [roll('ksk'), ...early], 3),
  scenario('CSK, early DS', [CSK], [roll('csk'), ...early], 2),
  scenario('algorithm, early DS', [PAIR, OTHER], [policy(1), ...early], 2),
  scenario('RFC 5011, KSK + KSK', [RFC5011], [roll('ksk', 2)], 2, { tick: TEN_DAYS }),
  scenario('RFC 5011, KSK + revoke', [RFC5011], [roll('ksk'), revoke], 2, { tick: TEN_DAYS }),
  scenario('RFC 5011, ZSK + KSK', [RFC5011], [roll('zsk'), roll('ksk')], 2, { tick: TEN_DAYS }),
  scenario('RFC 5011, CSK', [{ ...RFC5011, csk: true }], [roll('csk'), revoke], 2, {
    tick: TEN_DAYS,
  }),
  scenario('RFC 5011, short TTL', [{ ...RFC5011, dnskeyTtl: 1 }], [roll('ksk')], 1, {
    tick: HOUR / 2,
    bound: 3000,
    punctual: true,
  }),
  scenario('TTLs up, ZSK', [SHORT, LONG], [roll('zsk'), policy(1)], 2, { bound: 60 }),
  scenario('TTLs down, KSK', [LONG, SHORT], [roll('ksk'), policy(1)], 2, { bound: 60 }),
  scenario('TTLs up, KSK', [SHORT, LONG], [roll('ksk'), policy(1)], 2, { bound: 60 }),
  scenario('TTLs down, algorithm', [LONG, { ...SHORT, algorithms: [15] }], [policy(1)], 1, {
    bound: 60,
  }),
  scenario('late publication, KSK', [LATE], [roll('ksk')], 1),
  scenario(
    'late publication, KSK, double DS',
    [{ ...LATE, kskRoll: 'double-ds' }],
    [roll('ksk')],
    1,
  ),
  scenario('late publication, algorithm', [LATE, { ...LATE, algorithms: [15] }], [policy(1)], 1),
  scenario(
    'a roll asked for ahead',
    [PAIR],
    [{ kind: 'roll', role: 'ksk', ahead: 3, most: 1 }, roll('zsk')],
    2,
  ),
  scenario('ZSK by age', [{ ...PAIR, zskLifetime: 9 }], [roll('zsk')], 1, { lifetimes: true }),
  scenario('KSK by age', [{ ...PAIR, kskLifetime: 9 }], [], 0, { lifetimes: true, punctual: true }),
  scenario('emergency KSK, double DS', [DOUBLE_DS], [emergency('ksk')], 1),
  scenario('emergency CSK', [CSK], [emergency('csk')], 1),
  scenario('emergency ZSK in a ZSK roll', [PAIR], [roll('zsk'), emergency('zsk')], 2),
  scenario('emergency KSK in a KSK roll', [TINY], [roll('ksk'), emergency('ksk')], 2),
  scenario('emergency ZSK in an algorithm roll', [PAIR, OTHER], [policy(1), emergency('zsk')], 2),
  scenario('emergency revoke', [PAIR], [roll('ksk'), { ...revoke, emergency: true }], 2),
  scenario('emergency revoke of a CSK', [CSK], [roll('csk'), { ...revoke, emergency: true }], 2),
];
