/**
 * The guards that the verification of the written zone answers: which fault concerns which guard.
 */

import type { FaultCode, FaultCounts } from '../verify/faults.js';
import type { Finding, GuardName } from './judge.js';

/** The guard that a fault belongs to; the compiler sees to it that none is left out. */
const GUARD_OF: Readonly<Record<FaultCode, GuardName>> = {
  'expired-signature': 'signatures',
  'future-signature': 'signatures',
  'inverted-signature-times': 'signatures',
  'unknown-key-tag': 'signatures',
  'wrong-signer': 'signatures',
  'wrong-labels': 'signatures',
  'wrong-original-ttl': 'signatures',
  'bad-signature': 'signatures',
  'unsigned-rrset': 'signatures',
  'missing-algorithm': 'algorithms',
  'signed-glue': 'signatures',
  'signed-delegation-ns': 'signatures',
  'signature-without-rrset': 'signatures',
  'dnskey-not-ksk-signed': 'signatures',
  'missing-dnskey': 'signatures',
  'bad-dnskey': 'signatures',
  'no-zone-key': 'signatures',
  'unsupported-algorithm': 'algorithms',
  'duplicate-key-tag': 'key-tags',
  'ds-without-key': 'parent-ds',
  'missing-denial': 'denial-chain',
  'nsec-and-nsec3': 'denial-chain',
  'wrong-denial-ttl': 'denial-chain',
  'missing-nsec3': 'denial-chain',
  'extra-nsec3': 'denial-chain',
  'wrong-nsec3-next': 'denial-chain',
  'wrong-nsec3-bitmap': 'denial-chain',
  'unlawful-opt-out': 'denial-chain',
  'mixed-nsec3-parameters': 'denial-chain',
  'missing-nsec3param': 'denial-chain',
  'nsec3param-mismatch': 'denial-chain',
  'nsec3param-flags': 'denial-chain',
  'nsec3-hash-algorithm': 'denial-chain',
  'nsec3-flags': 'denial-chain',
  'nsec3-not-at-apex-level': 'denial-chain',
  'excessive-iterations': 'denial-chain',
  'missing-nsec': 'denial-chain',
  'extra-nsec': 'denial-chain',
  'wrong-nsec-next': 'denial-chain',
  'wrong-nsec-bitmap': 'denial-chain',
  'missing-soa': 'apex',
  'multiple-soa': 'apex',
  'missing-apex-ns': 'apex',
  'out-of-zone': 'zone-data',
  'occluded-data': 'zone-data',
  'ds-without-delegation': 'zone-data',
  'missing-glue': 'zone-data',
  'cname-and-other-data': 'zone-data',
  'multiple-cname': 'zone-data',
  'multiple-dname': 'zone-data',
  'ttl-mismatch': 'zone-data',
  'duplicate-record': 'zone-data',
  'wrong-order': 'zone-data',
  'zonemd-mismatch': 'zonemd',
  'zonemd-serial': 'zonemd',
  'zonemd-duplicate': 'zonemd',
};

/** Guards that speak even when verification finds nothing. */
const ALWAYS: readonly GuardName[] = ['signatures', 'denial-chain', 'zone-data'];

/** What verification found. */
export interface Verified {
  /** Faults by code. */
  readonly counts: FaultCounts;
  /** A fault of each code: owner, type and what is wrong. */
  readonly examples: readonly {
    readonly fault: FaultCode;
    readonly owner: string;
    readonly type: string;
    readonly message: string;
  }[];
  /** Signatures that were verified. */
  readonly signatures: number;
}

/**
 * One finding for each guard that a fault concerns, and for those that are always asked.
 *
 * @param tolerated codes that the configuration allows (`missing-glue = "keep"`).
 */
export function verifiedFindings(
  verified: Verified,
  tolerated: ReadonlySet<FaultCode> = new Set(),
): Finding[] {
  const faults = new Map<GuardName, number>();
  for (const [code, n] of Object.entries(verified.counts) as [FaultCode, number][]) {
    if (n === 0 || tolerated.has(code)) continue;
    const guard = GUARD_OF[code] ?? 'zone-data';
    faults.set(guard, (faults.get(guard) ?? 0) + n);
  }
  const findings: Finding[] = [];
  for (const name of new Set([...ALWAYS, ...faults.keys()])) {
    const n = faults.get(name) ?? 0;
    const example = verified.examples.find(
      ({ fault }) => GUARD_OF[fault] === name && !tolerated.has(fault),
    );
    const such =
      example === undefined
        ? ''
        : ` The first: ${example.owner} ${example.type}: ${example.message} (${example.fault}).`;
    findings.push({
      name,
      ok: n === 0,
      figure: n === 1 ? '1 fault' : `${n} faults`,
      limit: 'none',
      message:
        n > 0
          ? `Verification of the written zone found faults.${such}`
          : name === 'signatures'
            ? `${verified.signatures} signatures verify with the published DNSKEYs.`
            : 'Verification of the written zone found nothing.',
    });
  }
  return findings;
}
