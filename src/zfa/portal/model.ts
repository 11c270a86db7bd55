/**
 * What the portal's pages show. The pages are functions of this and of nothing else: they know no
 * disk, no clock and no request. Times are seconds since 1970, sizes octets, dates YYYYMMDD.
 */

/** A page for somebody who is not signed in. */
export interface SignInPage {
  /** The host that was asked, to show where one is. */
  readonly host: string;
  /** What the form is filled with: the name that was tried before. */
  readonly name: string;
  readonly notice: SignInNotice | undefined;
}

export type SignInNotice =
  /** The name or the password is wrong; which one is not told. */
  | { readonly kind: 'wrong' }
  /** Too many tries; the next one is looked at after `until`. */
  | { readonly kind: 'locked'; readonly until: number; readonly now: number }
  /** Name or password was left out. */
  | { readonly kind: 'empty' }
  /** The request came from a page of somebody else, or from a browser that doesn't tell. */
  | { readonly kind: 'foreign' }
  /** Right, but not from this address. */
  | { readonly kind: 'address' }
  /** The service can't check now. */
  | { readonly kind: 'unavailable' }
  /** A session was there and is over. */
  | { readonly kind: 'ended' }
  | { readonly kind: 'signed-out' };

/** The page of a holder. */
export interface HomePage {
  /** As in `https://zfa.example`: for the commands. */
  readonly origin: string;
  readonly now: number;
  readonly holder: PortalHolder;
  /** undefined: no agreement is needed. */
  readonly agreement: PortalAgreement | undefined;
  /** Hours in which a file may be completed once; 0: no limit. */
  readonly limitHours: number;
  /** Days that bundles are kept. */
  readonly keepDays: number;
  /** The public key of the bundles' signatures (minisign, the line of base64); undefined: none yet. */
  readonly publicKey: string | undefined;
  /** The holder's zones in order. */
  readonly zones: readonly PortalZone[];
  /** Newest first. */
  readonly bundles: readonly PortalBundle[];
}

export interface PortalHolder {
  readonly id: string;
  readonly name: string;
  readonly organisation: string | undefined;
  /** undefined: for ever. */
  readonly expires: number | undefined;
  /** CIDR; empty: from anywhere. */
  readonly allow: readonly string[];
  readonly hasAgeKey: boolean;
}

export interface PortalAgreement {
  readonly version: string;
  /** undefined: its file can't be read now. */
  readonly text: string | undefined;
  /** When this version was accepted; undefined: not yet, and everything waits for it. */
  readonly accepted: number | undefined;
  /** The version that was accepted before this one; undefined: none. */
  readonly before: string | undefined;
  /** The button was pressed without the box being ticked. */
  readonly unticked: boolean;
}

export interface PortalZone {
  /** The label, without dots around it: `com`. */
  readonly zone: string;
  /** Published generations that can be had, newest first. */
  readonly days: readonly PortalZoneDay[];
  /** Oldest first; one a day at most, days may be missing. */
  readonly history: readonly GrowthDay[];
}

/** What was published of a zone on a day. */
export interface PortalZoneDay {
  readonly date: string;
  readonly serial: number;
  /** When it was built; undefined: not known. */
  readonly built: number | undefined;
  readonly delegations: number | undefined;
  readonly added: number | undefined;
  readonly removed: number | undefined;
  /** Of the packed zone file; undefined: it is not there. */
  readonly bytes: number | undefined;
  /** Of the packed zone file, hexadecimal. */
  readonly sha256: string | undefined;
  readonly files: readonly PortalFile[];
}

export interface PortalFile {
  /** What it is, in a word or two: `zone file`. */
  readonly what: string;
  readonly name: string;
  readonly href: string;
  readonly bytes: number;
}

/** A day of a zone's growth. */
export interface GrowthDay {
  readonly date: string;
  readonly delegations: number | undefined;
  readonly added: number | undefined;
  readonly removed: number | undefined;
}

/** The bundle of a day. */
export interface PortalBundle {
  readonly date: string;
  readonly zones: readonly string[];
  readonly name: string;
  readonly href: string;
  readonly bytes: number;
  /** The same, encrypted for the holder's age key; undefined: there is no key. */
  readonly encrypted:
    | { readonly name: string; readonly href: string; readonly bytes: number }
    | undefined;
}
