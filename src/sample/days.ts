/**
 * How the sample registry changes from day to day: about one ordinary delegation of a hundred
 * each day. Of 10,000 names 25 are deleted and as many registered, 50 get other name servers. Of
 * 10,000 secure ones 100 get other DS data or, one in eight of these, lose it; as many insecure
 * names get their first. The numbers of names and of secure names stay.
 *
 * Each change of a name comes back after a fixed number of days, counted from a day of the name's
 * own: so any day can be made without the days before it, and on day 0 nothing has changed yet.
 */
import { mix } from './random.js';

/** Days until a name is deleted and another one is registered in its place. */
const OWNER_DAYS = 400;
/** Days until a name has other name servers. */
const SERVERS_DAYS = 200;
/** Days until a name has other DS data. */
const DS_DAYS = 100;

/** One of so many new DS data is none, for a secure name; is the first, for an insecure one. */
const DS_GOES = 8;
const DS_COMES = 173;

/** Last day that can be made: forty years. */
export const MAX_DAY = 14_600;

/** 2026-11-22T00:00:00Z. */
const FIRST_DAY = 1_795_305_600;

/** When a day of the registry begins, in seconds since 1970. */
export function dayStart(day: number): number {
  return FIRST_DAY + day * 86_400;
}

/** What has changed of a name since day 0. */
export interface Changes {
  /** How many names had the number before. */
  owner: number;
  /** To be mixed with the registry's seed for what changes with the name; 0: as on day 0. */
  ownerSeed: number;
  /** The same for its name servers and for its DS data. */
  serversSeed: number;
  dsSeed: number;
  /** How often its DS data was another. */
  ds: number;
}

/** Day 0. */
export const NO_CHANGES: Readonly<Changes> = {
  owner: 0,
  ownerSeed: 0,
  serversSeed: 0,
  dsSeed: 0,
  ds: 0,
};

/** Changes of a kind that name number `index` has seen by `day`; the name's own day is first. */
function timesChanged(seed: number, day: number, index: number, days: number): number {
  return Math.floor((day + (mix(seed ^ days, index) % days)) / days);
}

/** Fills `changes` with what has changed of an ordinary name by `day`. */
export function readChanges(seed: number, day: number, index: number, changes: Changes): void {
  const owner = timesChanged(seed, day, index, OWNER_DAYS);
  const servers = timesChanged(seed, day, index, SERVERS_DAYS);
  const ds = timesChanged(seed, day, index, DS_DAYS);
  changes.owner = owner;
  changes.ownerSeed = Math.imul(owner, 0x2545f491);
  changes.serversSeed = changes.ownerSeed ^ Math.imul(servers, 0x1b873593);
  changes.dsSeed = changes.ownerSeed ^ Math.imul(ds, 0x38b34ae5);
  changes.ds = ds;
}

/** Is a name secure that on day 0 was (or was not)? */
export function staysSecure(
  seed: number,
  index: number,
  changes: Changes,
  first: boolean,
): boolean {
  if (changes.ds === 0) return first;
  const turned = mix(seed ^ changes.dsSeed, index) % (first ? DS_GOES : DS_COMES) === 0;
  return first !== turned;
}
