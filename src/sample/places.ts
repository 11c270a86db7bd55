/**
 * Which awkward case a name of the sample export is. Names are numbered; of every thousand the
 * first fifty each have a case of their own, so that all of them occur once from fifty names
 * on and in fixed proportions in any larger export.
 */

/** Names in a round of cases. */
export const ROUND = 1000;
/** Names of a round that are special cases. */
export const PLACES = 50;
/** The first places of a round own the hosts that the ordinary names use. */
export const HOSTERS = 5;

/** The special cases, by their place in the round. A case refers only to names before it. */
export const PLACE = {
  /** Hosts in-domain, IPv4 and IPv6, named by its own delegation. */
  hosterInDomain: 0,
  /** The same, IPv4 only. */
  hosterV4: 1,
  /** Delegated to other hosts than its own, which other names use: sibling glue. */
  hosterSibling: 2,
  /** A hoster of the second zone. */
  hosterOtherZone: 3,
  /** A hoster of the first zone, delegated to hosts of the second. */
  hosterCrossZone: 4,
  /** A name of the second zone with hosts of the first; once it is gtld-servers.net, the
   * owner of the hosts that the apex of com and net names. */
  gtldServers: 5,
  clientHold: 6,
  serverHold: 7,
  redemption: 8,
  pendingDelete: 9,
  pendingRestore: 10,
  pendingCreate: 11,
  inactive: 12,
  withoutServers: 13,
  severalHolding: 14,
  linked: 15,
  clientProhibited: 16,
  serverProhibited: 17,
  pendingTransfer: 18,
  pendingUpdate: 19,
  pendingRenew: 20,
  addPeriod: 21,
  autoRenewPeriod: 22,
  renewPeriod: 23,
  transferPeriod: 24,
  /** Held, but its hosts are named by another delegation: SAC048 orphans. */
  heldHoster: 25,
  usesHeldHoster: 26,
  /** Delegated; below it a host that nobody names and one that only a held name names. */
  unreferencedHosts: 27,
  heldUser: 28,
  /** Held, with a host that nobody names; beside it hosts of a name that does not exist. */
  strayHosts: 29,
  /** Names a host of a name that does not exist. */
  usesGoneHost: 30,
  missingGlue: 31,
  onlyMissingGlue: 32,
  v6Only: 33,
  idn: 34,
  idnAsU: 35,
  idnMixedCase: 36,
  upperCase: 37,
  trailingDot: 38,
  longLabel: 39,
  digits: 40,
  hashLike: 41,
  dsTwoDigests: 42,
  dsSha1: 43,
  keyData: 44,
  dsOnHeld: 45,
  dsWithoutServers: 46,
  attributeAddresses: 47,
  attributeOutside: 48,
  outsideOnly: 49,
} as const;

/** The place of name number `index` in its round. */
export function placeOf(index: number): number {
  return index % ROUND;
}
