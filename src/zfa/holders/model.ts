/**
 * Holders of zone file access (spec: registry agreement, Appendix 4 "password holders") and the
 * states they go through. Pure: what may follow what, and nothing of disks or clocks.
 *
 *     pending ──approve──► approved ──(time)──► expired
 *        │                  │   ▲                  │
 *        └──deny──► denied  │   └──────renew───────┤
 *                           └──revoke──► revoked ◄─┘
 */

/** States of a holder. */
export const HOLDER_STATES = ['pending', 'approved', 'expired', 'revoked', 'denied'] as const;
export type HolderState = (typeof HOLDER_STATES)[number];

/** A holder; times in seconds since 1970. The password's hash is not part of it. */
export interface Holder {
  /** Unique for ever; the user name of the download service. */
  readonly id: string;
  readonly name: string;
  readonly organisation: string | undefined;
  readonly email: string;
  readonly purpose: string | undefined;
  /** Labels of the zones that may be downloaded, sorted. */
  readonly zones: readonly string[];
  /** Addresses that may be used from, CIDR; empty: any. */
  readonly allow: readonly string[];
  /** The agreement that was accepted; undefined: none. */
  readonly agreement: { readonly version: string; readonly date: number } | undefined;
  readonly state: HolderState;
  /** When access ends; undefined: not decided (never approved). */
  readonly expires: number | undefined;
  /** age recipient, `age1…`. */
  readonly ageKey: string | undefined;
  readonly hasPassword: boolean;
  /** Raised by everything that makes older passwords and tokens void. */
  readonly epoch: number;
  readonly created: number;
  /** First approval. */
  readonly approved: number | undefined;
  readonly changed: number;
}

/** What can be done to a holder that changes its state or password. */
export type HolderAction = 'approve' | 'deny' | 'revoke' | 'renew' | 'passwd' | 'expire';

/** From which states an action is lawful, and where it leads; undefined: the state stays. */
export const TRANSITIONS: Readonly<
  Record<
    HolderAction,
    { readonly from: readonly HolderState[]; readonly to: HolderState | undefined }
  >
> = {
  approve: { from: ['pending'], to: 'approved' },
  deny: { from: ['pending'], to: 'denied' },
  revoke: { from: ['approved', 'expired'], to: 'revoked' },
  renew: { from: ['approved', 'expired'], to: 'approved' },
  passwd: { from: ['approved'], to: undefined },
  expire: { from: ['approved'], to: 'expired' },
};

/** What an id looks like; for messages. */
export const ID_FORM =
  'an id of 1 to 64 lower-case letters, digits, ".", "_" and "-", a letter or digit first';

/** A lawful id: fit for a user name (RFC 7617 forbids colons), a file name and a URL. */
export function isHolderId(text: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{0,63}$/.test(text);
}

/** May this holder download at this time? The one place for this rule. */
export function isActive(holder: Holder, now: number): boolean {
  return holder.state === 'approved' && (holder.expires === undefined || holder.expires > now);
}
