/**
 * The state of verification's short way as it lies in memory, an address that its functions are
 * given; verify/short-way.ts has the same. What is called a length may be none: then it is
 * {@link NONE}.
 */

export const NONE: u32 = ~0;

// What comes next, and what both ways know of what went before.
export const NEXT: usize = 0;
export const STOP: usize = 4;
export const COVER_LENGTH: usize = 8;
export const LAST_LENGTH: usize = 12;
export const FRESH: usize = 16;
export const DIGEST: usize = 20;
export const DIGEST_END: usize = 24;
export const LINK_NEXT_LENGTH: usize = 28;
export const LINK_HAS_FIRST: usize = 32;
export const LINK_KEY_LENGTH: usize = 36;
export const LINK_CHUNK: usize = 40;
export const LINK_LINE: usize = 44;

// What is counted.
export const JOBS: usize = 48;
export const DATA: usize = 52;
export const OWNERS: usize = 56;
export const RRSETS: usize = 60;
export const DELEGATIONS: usize = 64;
export const SECURE: usize = 68;
export const NSEC3: usize = 72;
export const NOT_OPT_OUT: usize = 76;
export const SIGNATURES: usize = 80;
/** Signed. */
export const LEAST_LIFE: usize = 84;
/** Five words (verify/fingerprint.ts). */
export const SUM: usize = 88;

// What is known of the zone.
export const FLAGS: usize = 112;
export const NOW: usize = 116;
/** The lawful TTLs of NSEC3, perhaps the same. */
export const TTL: usize = 120;
export const OTHER_TTL: usize = 124;
/** Algorithm that signs all RRsets. */
export const ALGORITHM: usize = 128;
/** Keys; each is tag, algorithm (u16 each), index (u32). */
export const KEYS: usize = 132;
export const KEY_TABLE: usize = 136;
/** RDATA of an NSEC3 from iterations to salt. */
export const CHAIN_LENGTH: usize = 264;
export const JOB_TABLE: usize = 268;
export const JOB_LIMIT: usize = 272;
export const DATA_START: usize = 276;
export const DATA_SIZE: usize = 280;

// Names and such.
export const COVER: usize = 320;
export const LAST: usize = 848;
/** By depth: what is known of the ancestor of the last name (verify/non-terminals.ts). */
export const ANCESTORS: usize = 1376;
export const LINK_NEXT: usize = 1520;
export const LINK_KEY: usize = 1792;
export const LINK_FIRST: usize = 2320;
export const CHAIN: usize = 2352;
export const SECRET: usize = 2624;

/** There is an NSEC3 chain. */
export const HAS_CHAIN: u32 = 1;
/** Insecure delegations are in it. */
export const CHAINS_ALL: u32 = 2;
/** Signatures can be checked. */
export const SIGNED: u32 = 4;

/** Adds to what is counted. */
export function tally(s: usize, field: usize, n: u32): void {
  store<u32>(s + field, load<u32>(s + field) + n);
}
