/**
 * The registry behind the sample export: what the domain with a given number is. Everything
 * follows from the seed and the number, nothing is remembered; the description is written into
 * one reused object, so that an export of ten million names makes no garbage.
 */
import { STATUS, STATUSES } from '../zone/status.js';
import { type Changes, NO_CHANGES, readChanges, staysSecure } from './days.js';
import { writeLabel } from './names.js';
import { HOSTERS, PLACE, PLACES, placeOf, ROUND } from './places.js';
import { mix } from './random.js';

/** How the name is written in the export. */
export const SPELLING = { plain: 0, upper: 1, dot: 2, uLabel: 3, uLabelMixed: 4 } as const;
/** How the export names the domain's name servers. */
export const SERVERS_BY = { roid: 0, name: 1, attribute: 2 } as const;
/** What `Plan.ds` holds: a digest type, or key data from which the DS is to be computed. */
export const KEY_DATA = 0;
/** Address bits of {@link Plan.hosts}. */
export const ADDRESS = { v4: 1, v6: 2, secondV4: 4, secondV6: 8 } as const;

/**
 * Labels of the hosts that a domain owns, by their number. Those from `gone` on stand below a
 * name that the registry does not know (any more).
 */
export const HOST_LABELS = [
  'ns1.',
  'ns2.',
  'old.',
  'deep.a-b.ns.',
  'a.',
  'b.',
  'ns1.gone-',
  'ns2.gone-',
] as const;
const HOST = { ns1: 0, ns2: 1, old: 2, deep: 3, a: 4, b: 5, gone1: 6, gone2: 7 } as const;

/**
 * A host is a number: eight times its owner's number plus its place in {@link HOST_LABELS}
 * for hosts of the registry, -1 - n for the n-th host outside it.
 */
export type HostNumber = number;

/** What the registry holds: its size, zones and seed. */
export interface Registry {
  readonly domains: number;
  readonly seed: number;
  /** The zones without dots at the ends, the main one first. */
  readonly zones: readonly string[];
  /** Name server pairs in place {@link PLACE.hosterInDomain} to 4 of all rounds. */
  readonly hosters: number;
  /** The hosters that three quarters of the names use. */
  readonly bigHosters: number;
  /** Pairs of hosts outside the registry's zones. */
  readonly outside: number;
  /** No delegation lacks an address that it needs in the zone. */
  readonly sound: boolean;
  /** Days since the registry's first one, 0. */
  readonly day: number;
}

/** The description of one domain; `describe` fills it. */
export interface Plan {
  index: number;
  /** What the days since the first have changed. */
  readonly changes: Changes;
  place: number;
  /** Index into `Registry.zones`. */
  zone: number;
  readonly label: Uint8Array;
  labelLength: number;
  spelling: number;
  /** EPP statuses as a mask, and the RGP status (a code, -1 without one). */
  statuses: number;
  rgp: number;
  readonly servers: Float64Array;
  serverCount: number;
  serversBy: number;
  /** Hosts owned, and which addresses each of them has. */
  readonly hosts: Float64Array;
  readonly addresses: Uint8Array;
  hostCount: number;
  /** Digest types of its DS records, or {@link KEY_DATA}. */
  readonly ds: Uint8Array;
  dsCount: number;
}

/** An empty description. */
export function createPlan(): Plan {
  return {
    index: 0,
    changes: { ...NO_CHANGES },
    place: 0,
    zone: 0,
    label: new Uint8Array(64),
    labelLength: 0,
    spelling: 0,
    statuses: 0,
    rgp: -1,
    servers: new Float64Array(16),
    serverCount: 0,
    serversBy: 0,
    hosts: new Float64Array(8),
    addresses: new Uint8Array(8),
    hostCount: 0,
    ds: new Uint8Array(4),
    dsCount: 0,
  };
}

/** The registry of a sample with `domains` names, on its first day unless another is given. */
export function createRegistry(
  domains: number,
  seed: number,
  zones: readonly string[],
  sound = false,
  day = 0,
): Registry {
  const rest = domains % ROUND;
  const hosters = Math.floor(domains / ROUND) * HOSTERS + Math.min(rest, HOSTERS);
  return {
    domains,
    seed,
    zones,
    hosters,
    // Pairs of a tenth of the hosters are about a twentieth of all hosts.
    bigHosters: Math.max(1, Math.floor(hosters / 10)),
    outside: 2 + Math.floor(domains / 250),
    sound,
    day,
  };
}

/** The zone of a domain, as an index into `registry.zones`. */
export function zoneOf(registry: Registry, index: number): number {
  const others = registry.zones.length - 1;
  if (others === 0) return 0;
  const place = placeOf(index);
  const random = mix(registry.seed ^ 0x5a17, index);
  if (place < PLACES) {
    switch (place) {
      case PLACE.hosterOtherZone:
      case PLACE.gtldServers:
      case PLACE.attributeOutside:
      case PLACE.serverProhibited:
        break;
      default:
        return 0;
    }
    // The first round has the second zone here, the one that shares hosts with the first.
    return index < ROUND ? 1 : 1 + (random % others);
  }
  return random % 10 === 0 ? 1 + ((random >>> 8) % others) : 0;
}

/** Is there a domain in this zone whose hosts the apexes of com and net name? */
export function ownsGtldServers(registry: Registry, index: number): boolean {
  return index === PLACE.gtldServers && registry.zones[zoneOf(registry, index)] === 'net';
}

const inRound = (index: number, place: number): number => index - placeOf(index) + place;
const host = (owner: number, number: number): HostNumber => owner * HOST_LABELS.length + number;
const hosterIndex = (n: number): number => Math.floor(n / HOSTERS) * ROUND + (n % HOSTERS);
const bit = (code: number): number => 1 << code;
const codeOf = (name: string): number =>
  STATUSES.find((s) => s.vocabulary === 'epp' && s.name === name)!.code;
const rgpOf = (name: string): number =>
  STATUSES.find((s) => s.vocabulary === 'rgp' && s.name === name)!.code;

const TRANSFER_LOCK = bit(codeOf('clientTransferProhibited'));
const OK = bit(STATUS.ok);
const PENDING_DELETE = bit(STATUS.pendingDelete);
const prohibited = (side: string, words: string): number =>
  words.split(' ').reduce((mask, word) => mask | bit(codeOf(`${side}${word}Prohibited`)), 0);
const CLIENT_PROHIBITED = prohibited('client', 'Delete Renew Transfer Update');
const SERVER_PROHIBITED = prohibited('server', 'Delete Renew Transfer Update');

/** EPP statuses and RGP status of the places that differ from the ordinary. */
const PLACE_STATUSES = new Map<number, readonly [mask: number, rgp: number]>([
  [PLACE.clientHold, [bit(STATUS.clientHold), -1]],
  [PLACE.serverHold, [bit(STATUS.serverHold), -1]],
  [PLACE.redemption, [PENDING_DELETE, STATUS.rgpRedemptionPeriod]],
  [PLACE.pendingDelete, [PENDING_DELETE, STATUS.rgpPendingDelete]],
  [PLACE.pendingRestore, [PENDING_DELETE, STATUS.rgpPendingRestore]],
  [PLACE.pendingCreate, [bit(STATUS.pendingCreate), -1]],
  [PLACE.inactive, [bit(STATUS.inactive), -1]],
  [PLACE.withoutServers, [OK, -1]],
  [PLACE.severalHolding, [bit(STATUS.clientHold) | bit(STATUS.serverHold) | SERVER_PROHIBITED, -1]],
  [PLACE.linked, [bit(STATUS.linked), -1]],
  [PLACE.clientProhibited, [CLIENT_PROHIBITED, -1]],
  [PLACE.serverProhibited, [SERVER_PROHIBITED, -1]],
  [PLACE.pendingTransfer, [bit(codeOf('pendingTransfer')), rgpOf('autoRenewPeriod')]],
  [PLACE.pendingUpdate, [bit(codeOf('pendingUpdate')) | TRANSFER_LOCK, -1]],
  [PLACE.pendingRenew, [bit(codeOf('pendingRenew')), -1]],
  [PLACE.addPeriod, [OK, rgpOf('addPeriod')]],
  [PLACE.autoRenewPeriod, [TRANSFER_LOCK, rgpOf('autoRenewPeriod')]],
  [PLACE.renewPeriod, [OK, rgpOf('renewPeriod')]],
  [PLACE.transferPeriod, [OK, rgpOf('transferPeriod')]],
  [PLACE.heldHoster, [bit(STATUS.serverHold), -1]],
  [PLACE.heldUser, [bit(STATUS.clientHold) | TRANSFER_LOCK, -1]],
  [PLACE.strayHosts, [bit(STATUS.serverHold), -1]],
  [PLACE.dsOnHeld, [bit(STATUS.clientHold), -1]],
  [PLACE.dsWithoutServers, [bit(STATUS.inactive), -1]],
]);

function addServer(plan: Plan, number: HostNumber): void {
  plan.servers[plan.serverCount++] = number;
}

function addPair(plan: Plan, owner: number): void {
  addServer(plan, host(owner, HOST.ns1));
  addServer(plan, host(owner, HOST.ns2));
}

function addHost(plan: Plan, number: number, addresses: number): void {
  plan.hosts[plan.hostCount] = host(plan.index, number);
  plan.addresses[plan.hostCount++] = addresses;
}

function addOutside(plan: Plan, pair: number): void {
  addServer(plan, -1 - 2 * pair);
  addServer(plan, -2 - 2 * pair);
}

/** Fills `plan` with the domain number `index`. */
export function describe(registry: Registry, index: number, plan: Plan): void {
  const place = placeOf(index);
  plan.index = index;
  plan.place = place;
  plan.zone = zoneOf(registry, index);
  // The special cases stay as they are: other names use their hosts.
  const ordinary = place >= PLACES;
  if (registry.day > 0) {
    readChanges(registry.seed, ordinary ? registry.day : 0, index, plan.changes);
  }
  plan.labelLength = writeLabel(registry.seed, index, plan.label, 0, plan.changes.owner);
  plan.spelling = SPELLING.plain;
  plan.rgp = -1;
  plan.serverCount = 0;
  plan.serversBy = SERVERS_BY.roid;
  plan.hostCount = 0;
  plan.dsCount = 0;
  if (ordinary) describeOrdinary(registry, plan);
  else describeSpecial(registry, plan);
}

function describeOrdinary(registry: Registry, plan: Plan): void {
  const { index, place, changes } = plan;
  const random = mix(registry.seed ^ changes.ownerSeed, index);
  const byte = random & 255;
  plan.statuses = byte < 150 ? TRANSFER_LOCK : byte < 245 ? OK : CLIENT_PROHIBITED;
  if (byte >= 240 && byte < 245) plan.rgp = rgpOf200[byte & 3];
  const servers = mix(registry.seed ^ changes.serversSeed ^ 0x77, index);
  const share = servers & 127;
  // Of 128 names 96 are with the big hosters, 18 with small ones, 14 outside the zones.
  const fraction = (servers >>> 7) / 0x2000000;
  if (share < 114) {
    const big = share < 96;
    const n = big
      ? Math.floor(fraction * fraction * registry.bigHosters)
      : Math.floor(fraction * registry.hosters);
    addPair(plan, hosterIndex(n));
    // A few have four name servers, as many have one: two on average.
    if (share === 0) addPair(plan, hosterIndex((n + 1) % registry.hosters));
    if (plan.serverCount === 4 && registry.hosters === 1) plan.serverCount = 2;
    if (share === 1 || share === 2) plan.serverCount = 1;
  } else {
    addOutside(plan, Math.floor(fraction * fraction * registry.outside));
  }
  if ((random >>> 8) % 8 === 0) plan.serversBy = SERVERS_BY.name;
  else if ((random >>> 8) % 100 === 1) plan.serversBy = SERVERS_BY.attribute;
  // 42 of the 950 ordinary names of a round are secure, evenly spread; with the three special
  // ones that makes 4.5%.
  const secure = ((place - PLACES) * 42) % (ROUND - PLACES) < 42;
  if (staysSecure(registry.seed, index, changes, secure)) {
    const kind = (random >>> 16) % 20;
    if (kind === 0) plan.ds[plan.dsCount++] = KEY_DATA;
    else if (kind === 1) plan.ds[plan.dsCount++] = 4;
    else plan.ds[plan.dsCount++] = 2;
    if (kind === 2) plan.ds[plan.dsCount++] = 1;
    if (kind === 3) plan.ds[plan.dsCount++] = 4;
  }
}

const rgpOf200 = ['addPeriod', 'autoRenewPeriod', 'renewPeriod', 'transferPeriod'].map(rgpOf);

/** Places whose delegations name a host that has, or keeps, no address in the zone. */
const LACKS_ADDRESS: ReadonlySet<number> = new Set([
  PLACE.missingGlue,
  PLACE.onlyMissingGlue,
  PLACE.usesHeldHoster,
  PLACE.usesGoneHost,
]);

function describeSpecial(registry: Registry, plan: Plan): void {
  const { index, place } = plan;
  const statuses = PLACE_STATUSES.get(place);
  plan.statuses = statuses === undefined ? OK : statuses[0];
  plan.rgp = statuses === undefined ? -1 : statuses[1];
  const first = inRound(index, PLACE.hosterInDomain);
  switch (registry.sound && LACKS_ADDRESS.has(place) ? PLACES : place) {
    case PLACE.hosterInDomain:
    case PLACE.hosterOtherZone:
      addPair(plan, index);
      addHost(plan, HOST.ns1, ADDRESS.v4 | ADDRESS.v6);
      addHost(plan, HOST.ns2, ADDRESS.v4 | ADDRESS.v6 | ADDRESS.secondV6);
      break;
    case PLACE.hosterV4:
      addPair(plan, index);
      addHost(plan, HOST.ns1, ADDRESS.v4);
      addHost(plan, HOST.ns2, ADDRESS.v4);
      break;
    case PLACE.hosterSibling:
      addPair(plan, first);
      addHost(plan, HOST.ns1, ADDRESS.v4);
      addHost(plan, HOST.ns2, ADDRESS.v4 | ADDRESS.secondV4);
      break;
    case PLACE.hosterCrossZone:
      addPair(plan, inRound(index, PLACE.hosterOtherZone));
      addHost(plan, HOST.ns1, ADDRESS.v4);
      addHost(plan, HOST.ns2, ADDRESS.v4 | ADDRESS.v6);
      break;
    case PLACE.gtldServers:
      addPair(plan, first);
      addPair(plan, inRound(index, PLACE.hosterSibling));
      if (ownsGtldServers(registry, index)) {
        addHost(plan, HOST.a, ADDRESS.v4 | ADDRESS.v6);
        addHost(plan, HOST.b, ADDRESS.v4 | ADDRESS.v6);
      }
      break;
    case PLACE.inactive:
    case PLACE.withoutServers:
    case PLACE.dsWithoutServers:
      break;
    case PLACE.heldHoster:
      addPair(plan, index);
      addHost(plan, HOST.ns1, ADDRESS.v4 | ADDRESS.v6);
      addHost(plan, HOST.ns2, ADDRESS.v4);
      break;
    case PLACE.usesHeldHoster:
      addPair(plan, inRound(index, PLACE.heldHoster));
      addPair(plan, first);
      break;
    case PLACE.unreferencedHosts:
      addPair(plan, first);
      addHost(plan, HOST.old, ADDRESS.v4);
      addHost(plan, HOST.ns1, ADDRESS.v4 | ADDRESS.v6);
      break;
    case PLACE.heldUser:
      addServer(plan, host(inRound(index, PLACE.unreferencedHosts), HOST.ns1));
      addPair(plan, first);
      break;
    case PLACE.strayHosts:
      addPair(plan, first);
      addHost(plan, HOST.old, ADDRESS.v4);
      addHost(plan, HOST.gone1, ADDRESS.v4);
      addHost(plan, HOST.gone2, ADDRESS.v6);
      break;
    case PLACE.usesGoneHost:
      addServer(plan, host(inRound(index, PLACE.strayHosts), HOST.gone1));
      addPair(plan, first);
      break;
    case PLACE.missingGlue:
      addServer(plan, host(index, HOST.ns1));
      addPair(plan, first);
      addHost(plan, HOST.ns1, 0);
      break;
    case PLACE.onlyMissingGlue:
      addPair(plan, index);
      addHost(plan, HOST.ns1, 0);
      addHost(plan, HOST.ns2, 0);
      break;
    case PLACE.v6Only:
      addServer(plan, host(index, HOST.ns1));
      addServer(plan, host(index, HOST.deep));
      addHost(plan, HOST.ns1, ADDRESS.v6);
      addHost(plan, HOST.deep, ADDRESS.v6);
      break;
    case PLACE.attributeAddresses:
      addPair(plan, index);
      addHost(plan, HOST.ns1, ADDRESS.v4 | ADDRESS.v6);
      addHost(plan, HOST.ns2, ADDRESS.v4);
      plan.serversBy = SERVERS_BY.attribute;
      break;
    case PLACE.attributeOutside:
      addOutside(plan, 0);
      plan.serversBy = SERVERS_BY.attribute;
      break;
    case PLACE.outsideOnly:
      addOutside(plan, 1);
      plan.serversBy = SERVERS_BY.name;
      break;
    default:
      addPair(plan, first);
      break;
  }
  switch (place) {
    case PLACE.idnAsU:
      plan.spelling = SPELLING.uLabel;
      break;
    case PLACE.idnMixedCase:
      plan.spelling = SPELLING.uLabelMixed;
      break;
    case PLACE.upperCase:
      plan.spelling = SPELLING.upper;
      break;
    case PLACE.trailingDot:
      plan.spelling = SPELLING.dot;
      break;
    case PLACE.dsTwoDigests:
      plan.ds[plan.dsCount++] = 2;
      plan.ds[plan.dsCount++] = 4;
      break;
    case PLACE.dsSha1:
      plan.ds[plan.dsCount++] = 1;
      plan.ds[plan.dsCount++] = 2;
      break;
    case PLACE.keyData:
      plan.ds[plan.dsCount++] = KEY_DATA;
      plan.ds[plan.dsCount++] = KEY_DATA;
      break;
    case PLACE.dsOnHeld:
    case PLACE.dsWithoutServers:
      plan.ds[plan.dsCount++] = 2;
      break;
    default:
      break;
  }
}

/** Does the export hold this domain's hosts as host objects (and not as its attributes)? */
export function hasHostObjects(plan: Plan): boolean {
  return plan.serversBy !== SERVERS_BY.attribute;
}
