/**
 * Glue: which addresses of hosts belong in the zone (RFC 9499 §7, RFC 9471; SAC048 for the
 * orphans). Two pure functions: what an address is, and what a policy does with it.
 */

/** What an address is in its zone. */
export const GlueClass = {
  /** The zone's own data: no cut above it. Signed. */
  authoritative: 0,
  /** Below a cut whose own NS set names the host. */
  inDomain: 1,
  /** Below a cut; the host is named by other delegations or by the apex only. */
  sibling: 2,
  /** Nobody names the host. */
  unreferencedOrphan: 3,
  /** No cut above it, yet some delegation names it: its domain is gone or held (SAC048). */
  sac048Orphan: 4,
} as const;

/** The class names of orphans.csv and of the JSON summaries. */
export const GLUE_CLASS_NAMES = [
  'authoritative',
  'in-domain',
  'sibling',
  'unreferenced',
  'sac048',
] as const;

export type GluePolicy = 'wide' | 'narrow' | 'keep-all';

/**
 * The class of a host's addresses.
 *
 * @param hasCut a delegation is at or above the host.
 * @param namedByCut that delegation's own NS set names the host.
 * @param namedByApex the zone's own NS set names it.
 * @param referenced some other delegation of the build names it.
 * @param registryHost the address comes from a registry's host object, not from a zone file.
 */
export function classifyGlue(
  hasCut: boolean,
  namedByCut: boolean,
  namedByApex: boolean,
  referenced: boolean,
  registryHost: boolean,
): number {
  if (hasCut) {
    if (namedByCut) return GlueClass.inDomain;
    return referenced || namedByApex ? GlueClass.sibling : GlueClass.unreferencedOrphan;
  }
  if (namedByApex) return GlueClass.authoritative;
  if (referenced) return GlueClass.sac048Orphan;
  return registryHost ? GlueClass.unreferencedOrphan : GlueClass.authoritative;
}

/** Is an address of this class published? */
export function keepsGlue(
  glueClass: number,
  policy: GluePolicy,
  namedByApex: boolean,
  keepSac048: boolean,
): boolean {
  if (policy === 'keep-all') return true;
  switch (glueClass) {
    case GlueClass.authoritative:
    case GlueClass.inDomain:
      return true;
    case GlueClass.sibling:
      return policy === 'wide' || namedByApex;
    case GlueClass.sac048Orphan:
      return keepSac048;
    default:
      return false;
  }
}
