/**
 * The statuses of a domain object and what each one means for its delegation.
 *
 * A status is held as a small code, a domain's statuses as a mask of `1 << code`, so that the
 * zone rules need no strings. EPP statuses are those of RFC 5731 §2.3 (and `linked`, which
 * RFC 5732 and 5733 know and some exports give to domains), RGP statuses those of RFC 3915
 * §3.1. `pendingDelete` exists in both vocabularies and has two codes.
 */

/** The vocabulary a status belongs to: `fStatus` and `fRgpStatus` of RFC 9022 §5.1.2.1.3. */
export type StatusVocabulary = 'epp' | 'rgp';

/** One row of the status table. */
export interface Status {
  readonly code: number;
  readonly vocabulary: StatusVocabulary;
  readonly name: string;
  /** A domain with this status is not delegated. */
  readonly forbids: boolean;
  /** Where that is laid down. */
  readonly source: string;
}

const row = (
  code: number,
  vocabulary: StatusVocabulary,
  name: string,
  forbids: boolean,
  source: string,
): Status => ({ code, vocabulary, name, forbids, source });

/** Codes that other parts name. */
export const STATUS = {
  ok: 0,
  linked: 1,
  inactive: 2,
  clientHold: 3,
  serverHold: 4,
  pendingCreate: 5,
  pendingDelete: 6,
  rgpRedemptionPeriod: 24,
  rgpPendingRestore: 25,
  rgpPendingDelete: 26,
  /** Stands for a status that is not in the table: the row is refused, and since the status may
   * be one that forbids, the name is not delegated. */
  unknown: 30,
} as const;

/**
 * Every known status, by code. `inactive` says that the domain has no name servers
 * (RFC 5731 §2.3), so there is nothing to publish; should an export give name servers
 * nevertheless, the status decides.
 */
export const STATUSES: readonly Status[] = [
  row(STATUS.ok, 'epp', 'ok', false, 'RFC 5731 §2.3'),
  row(STATUS.linked, 'epp', 'linked', false, 'RFC 5732 §2.3'),
  row(STATUS.inactive, 'epp', 'inactive', true, 'RFC 5731 §2.3'),
  row(STATUS.clientHold, 'epp', 'clientHold', true, 'RFC 5731 §2.3'),
  row(STATUS.serverHold, 'epp', 'serverHold', true, 'RFC 5731 §2.3'),
  row(STATUS.pendingCreate, 'epp', 'pendingCreate', true, 'RFC 5731 §2.3'),
  row(STATUS.pendingDelete, 'epp', 'pendingDelete', true, '.com Appendix 7 §§3.1.6, 3.3.2'),
  row(7, 'epp', 'pendingRenew', false, 'RFC 5731 §2.3'),
  row(8, 'epp', 'pendingTransfer', false, 'RFC 5731 §2.3'),
  row(9, 'epp', 'pendingUpdate', false, 'RFC 5731 §2.3'),
  row(10, 'epp', 'clientDeleteProhibited', false, 'RFC 5731 §2.3'),
  row(11, 'epp', 'clientRenewProhibited', false, 'RFC 5731 §2.3'),
  row(12, 'epp', 'clientTransferProhibited', false, 'RFC 5731 §2.3'),
  row(13, 'epp', 'clientUpdateProhibited', false, 'RFC 5731 §2.3'),
  row(14, 'epp', 'serverDeleteProhibited', false, 'RFC 5731 §2.3'),
  row(15, 'epp', 'serverRenewProhibited', false, 'RFC 5731 §2.3'),
  row(16, 'epp', 'serverTransferProhibited', false, 'RFC 5731 §2.3'),
  row(17, 'epp', 'serverUpdateProhibited', false, 'RFC 5731 §2.3'),
  row(20, 'rgp', 'addPeriod', false, 'RFC 3915 §3.1'),
  row(21, 'rgp', 'autoRenewPeriod', false, 'RFC 3915 §3.1'),
  row(22, 'rgp', 'renewPeriod', false, 'RFC 3915 §3.1'),
  row(23, 'rgp', 'transferPeriod', false, 'RFC 3915 §3.1'),
  row(
    STATUS.rgpRedemptionPeriod,
    'rgp',
    'redemptionPeriod',
    true,
    '.com Appendix 7 §§3.1.6, 3.3.2',
  ),
  row(STATUS.rgpPendingRestore, 'rgp', 'pendingRestore', true, 'RFC 3915 §3.1'),
  row(STATUS.rgpPendingDelete, 'rgp', 'pendingDelete', true, '.com Appendix 7 §§3.1.6, 3.3.2'),
];

const UNKNOWN_BIT = 1 << STATUS.unknown;

/** The mask of every status that forbids a delegation. */
export const FORBIDDING: number = STATUSES.reduce(
  (mask, s) => (s.forbids ? mask | (1 << s.code) : mask),
  UNKNOWN_BIT,
);

const byCode: (Status | undefined)[] = [];
for (const s of STATUSES) byCode[s.code] = s;

/** The status with this code; undefined for a code that means nothing. */
export function statusOf(code: number): Status | undefined {
  return byCode[code];
}

/** The names of the statuses in a mask, RGP ones as `rgp:name`; for messages and reports. */
export function statusNames(mask: number): string[] {
  const known = STATUSES.filter((s) => (mask & (1 << s.code)) !== 0).map((s) =>
    s.vocabulary === 'rgp' ? `rgp:${s.name}` : s.name,
  );
  return (mask & UNKNOWN_BIT) === 0 ? known : [...known, '(unknown)'];
}

/**
 * May a domain with these statuses be delegated (if it has name servers)?
 *
 * A name whose restore is pending is in EPP `pendingDelete` as well (the state diagram of
 * RFC 3915 §2), so when the policy publishes such names, that `pendingDelete` does not count against it.
 *
 * @param mask statuses as `1 << code`.
 */
export function mayDelegate(mask: number, publishPendingRestore: boolean): boolean {
  let forbids = mask & FORBIDDING;
  if (publishPendingRestore && (mask & (1 << STATUS.rgpPendingRestore)) !== 0) {
    forbids &= ~((1 << STATUS.rgpPendingRestore) | (1 << STATUS.pendingDelete));
  }
  return forbids === 0;
}

// Look-up from bytes, case-insensitive: the statuses differ in (length, hash) within a
// vocabulary, and the final comparison makes sure.
interface Entry {
  readonly bytes: Uint8Array;
  readonly code: number;
}
const index: Record<StatusVocabulary, Map<number, Entry>> = { epp: new Map(), rgp: new Map() };
for (const s of STATUSES) {
  const bytes = new TextEncoder().encode(s.name);
  index[s.vocabulary].set(hashLower(bytes, 0, bytes.length), { bytes, code: s.code });
}

function hashLower(text: Uint8Array, start: number, end: number): number {
  let h = end - start;
  for (let i = start; i < end; i++) h = (Math.imul(h, 31) + (text[i] | 0x20)) | 0;
  return h;
}

/**
 * The code of the status written in `text[start, end)`.
 *
 * @returns the code, or -1 when the vocabulary has no such status.
 */
export function statusFromBytes(
  text: Uint8Array,
  start: number,
  end: number,
  vocabulary: StatusVocabulary,
): number {
  const entry = index[vocabulary].get(hashLower(text, start, end));
  if (entry === undefined || entry.bytes.length !== end - start) return -1;
  for (let i = 0; i < entry.bytes.length; i++) {
    if ((text[start + i] | 0x20) !== (entry.bytes[i] | 0x20)) return -1;
  }
  return entry.code;
}

/**
 * The code of a status given as text in a list that does not tell the vocabularies apart
 * (a status overlay): EPP first, then RGP, `rgp:` in front of a name for RGP only.
 *
 * @returns the code, or -1 when there is no such status.
 */
export function statusFromText(text: string): number {
  const rgpOnly = text.toLowerCase().startsWith('rgp:');
  const bytes = new TextEncoder().encode(rgpOnly ? text.slice(4) : text);
  const epp = rgpOnly ? -1 : statusFromBytes(bytes, 0, bytes.length, 'epp');
  return epp >= 0 ? epp : statusFromBytes(bytes, 0, bytes.length, 'rgp');
}
