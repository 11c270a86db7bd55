/**
 * The contestants: their names, what kind of work each does, and which are set against which.
 */

/** What is measured, in the order of a round. */
export const CONTESTANTS = [
  'sign-no-verify',
  'kzonesign',
  'sign',
  'dnssec-signzone',
  'ldns-signzone',
  'next-day',
  'verify',
  'dnssec-verify',
  'kzonecheck',
  'ldns-verify-zone',
  'build',
  'kzonesign-build',
] as const;
export type Contestant = (typeof CONTESTANTS)[number];

/**
 * Left out unless asked for. ldns-signzone takes several times as long as the others, and
 * ldns-verify-zone (1.8.3) does not end in useful time on even a few hundred names with both
 * opt-out and ZONEMD, so that only --timeout ends it; without one of the two it is quick. The
 * build needs a registry and signed zones of its own.
 */
export const ASKED_FOR: readonly Contestant[] = [
  'ldns-signzone',
  'ldns-verify-zone',
  'build',
  'kzonesign-build',
];

const LABELS: Readonly<Partial<Record<Contestant, string>>> = {
  'sign-no-verify': 'zonewright sign --no-verify',
  sign: 'zonewright sign',
  'next-day': 'zonewright sign --previous --no-verify',
  verify: 'zonewright verify',
  build: 'zonewright build',
  'kzonesign-build': 'kzonesign com, net',
};

/** How a table names it. */
export function label(name: Contestant): string {
  return LABELS[name] ?? name;
}

/** Is it one of zonewright's own commands? */
export function isOwn(name: Contestant): boolean {
  return label(name).startsWith('zonewright ');
}

const CHECKERS: readonly Contestant[] = [
  'verify',
  'dnssec-verify',
  'kzonecheck',
  'ldns-verify-zone',
];

/** Does it sign, or does it check what is signed? */
export function isSigner(name: Contestant): boolean {
  return !CHECKERS.includes(name);
}

/** Does it work on the registry's zones, and not on the one zone of the others? */
export function isOfRegistry(name: Contestant): boolean {
  return name === 'build' || name === 'kzonesign-build';
}

/** Does it also verify what it has signed; or, not being a signer, nothing but that? */
export function verifies(name: Contestant): boolean {
  return name !== 'sign-no-verify' && name !== 'next-day';
}

/** What two contestants are compared in. */
export type Quantity = 'time' | 'peak memory' | 'signatures made';

/** The comparisons worth making: the same work on both sides. */
export const COMPARED: ReadonlyArray<readonly [Quantity, Contestant, Contestant]> = [
  ['time', 'sign-no-verify', 'kzonesign'],
  ['time', 'sign', 'dnssec-signzone'],
  ['time', 'sign-no-verify', 'ldns-signzone'],
  ['time', 'next-day', 'sign-no-verify'],
  ['signatures made', 'next-day', 'sign-no-verify'],
  ['time', 'verify', 'dnssec-verify'],
  ['time', 'verify', 'kzonecheck'],
  ['time', 'verify', 'ldns-verify-zone'],
  ['time', 'build', 'kzonesign-build'],
  ['peak memory', 'sign-no-verify', 'kzonesign'],
  ['peak memory', 'sign', 'kzonesign'],
  ['peak memory', 'sign', 'dnssec-signzone'],
  ['peak memory', 'verify', 'dnssec-verify'],
  ['peak memory', 'build', 'kzonesign-build'],
];
