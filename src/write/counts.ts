/** What is counted while a zone is written: in each range, then in all together. */

/** Counts of a range, to be added up. */
export interface EmitCounts {
  records: number;
  rrsets: number;
  /** Signatures made, and kept from the previous zone. */
  signatures: number;
  reused: number;
  nsec3: number;
  nsec: number;
  delegations: number;
  secureDelegations: number;
  glue: number;
  orphans: {
    unreferenced: { stripped: number; kept: number };
    sac048: { stripped: number; kept: number };
  };
  /** Earliest expiry, seconds since 1970; Infinity without signatures. */
  earliestExpiration: number;
}

/** All counts at zero. */
export function emptyCounts(): EmitCounts {
  return {
    records: 0,
    rrsets: 0,
    signatures: 0,
    reused: 0,
    nsec3: 0,
    nsec: 0,
    delegations: 0,
    secureDelegations: 0,
    glue: 0,
    orphans: {
      unreferenced: { stripped: 0, kept: 0 },
      sac048: { stripped: 0, kept: 0 },
    },
    earliestExpiration: Number.POSITIVE_INFINITY,
  };
}

/** Adds the counts of a range to those of the zone. */
export function addCounts(total: EmitCounts, part: EmitCounts): void {
  total.records += part.records;
  total.rrsets += part.rrsets;
  total.signatures += part.signatures;
  total.reused += part.reused;
  total.nsec3 += part.nsec3;
  total.nsec += part.nsec;
  total.delegations += part.delegations;
  total.secureDelegations += part.secureDelegations;
  total.glue += part.glue;
  for (const orphanClass of ['unreferenced', 'sac048'] as const) {
    total.orphans[orphanClass].stripped += part.orphans[orphanClass].stripped;
    total.orphans[orphanClass].kept += part.orphans[orphanClass].kept;
  }
  total.earliestExpiration = Math.min(total.earliestExpiration, part.earliestExpiration);
}
