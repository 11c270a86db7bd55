/**
 * The worker's side of the first pass over a zone: finds the delegations, who names which
 * host, and the names that the NSEC3 chain needs.
 */

import { HashKind } from '../denial/nsec3-chain.js';
import { HASH_LENGTH, HASH_TEXT, hashToText, nsec3Hash } from '../denial/nsec3-hash.js';
import { countLabels, isWithin, keyToWire, MAX_KEY, MAX_WIRE, wireToKey } from '../names/name.js';
import { addType, finishBitmap } from '../records/bitmap.js';
import { type EntryWriter, FACT_HEADER, factLength, factType, Kind } from '../records/entry.js';
import { TYPE } from '../records/types.js';
import { Collector } from '../sort/collector.js';
import type { Run } from '../sort/run.js';
import type { SpillPlan } from '../sort/spill-plan.js';
import { isApexHost, type ZoneContext } from './context.js';
import { HASH_SIZE, KernelSource } from './kernel-source.js';
import { CursorSource, Stop } from './owner-source.js';
import {
  type DomainFate,
  type FactReject,
  OwnerWalk,
  Role,
  type WalkReport,
} from './owner-walk.js';
import { ReferenceTable } from './references.js';
import { walkKernel } from './walk-kernel.js';

/** Lists of examples longer than this are cut off; the counts are exact. */
const LIST_LIMIT = 1000;
/** Of a thread's memory, what the hashes of all zones may fill, and the references likewise: the
 * facts of the zones lie beside them. */
const SHARE = 0.3;

interface Job {
  readonly zones: readonly ZoneContext[];
  readonly hashes: readonly Collector[];
  readonly references: readonly Collector[];
  readonly table: ReferenceTable;
  /** The zone whose delegations the table holds. */
  zone: number;
}

const jobs = new Map<number, Job>();

export interface OpenPlanArgs {
  readonly job: number;
  readonly zones: readonly ZoneContext[];
  readonly spill: SpillPlan;
}

/** Opens a job in this thread. */
export function openPlan({ job, zones, spill }: OpenPlanArgs): void {
  const collect = (): Collector[] => zones.map(() => new Collector(spill, SHARE));
  const references = collect();
  jobs.set(job, {
    zones,
    hashes: collect(),
    references,
    table: tableOf(zones, references),
    zone: 0,
  });
}

/** A name whose only sure data are addresses: in the zone unless a delegation names it. */
export interface Undecided {
  readonly key: Uint8Array;
  /** Types that are there in any case. */
  readonly types: readonly number[];
  /** Address types that stand if the addresses are authoritative. */
  readonly addressTypes: readonly number[];
  /** From a registry's host objects alone, not from a zone file. */
  readonly registryHost: boolean;
}

export interface InvalidNs {
  readonly owner: Uint8Array;
  readonly fault: number;
  readonly host: Uint8Array;
}

/** What a range of names turned out to hold. */
export interface PlanPart {
  readonly delegations: number;
  readonly secureDelegations: number;
  readonly nameServers: number;
  readonly fates: Record<DomainFate, number>;
  /** All of them: each one counts against max-rejects. */
  readonly rejects: readonly FactReject[];
  readonly occludedCount: number;
  readonly missingGlue: ReadonlyArray<{ readonly owner: Uint8Array; readonly host: Uint8Array }>;
  readonly missingGlueCount: number;
  readonly invalidNs: readonly InvalidNs[];
  /** Per zone/host.ts fault. */
  readonly invalidNsCounts: readonly number[];
  readonly dsWithoutDelegation: number;
  readonly undecided: readonly Undecided[];
}

/** Passes over a range of one zone. */
export function planRange(args: {
  readonly job: number;
  readonly zone: number;
  readonly from: Uint8Array | undefined;
  readonly to: Uint8Array | undefined;
}): PlanPart {
  const job = jobs.get(args.job);
  if (job === undefined) throw new Error('the plan is not open in this thread');
  const zone = job.zones[args.zone];
  const rejects: FactReject[] = [];
  const missingGlue: Array<{ owner: Uint8Array; host: Uint8Array }> = [];
  const invalidNs: InvalidNs[] = [];
  const invalidNsCounts = [0, 0, 0, 0];
  const fates: Record<DomainFate, number> = { delegated: 0, forbidden: 0, 'without-ns': 0 };
  const undecided: Undecided[] = [];
  let occludedCount = 0;
  let missingGlueCount = 0;
  let dsWithoutDelegation = 0;
  let delegations = 0;
  let secureDelegations = 0;
  let nameServers = 0;
  const report: WalkReport = {
    reject(reject) {
      if (reject.occluded) occludedCount++;
      rejects.push(reject);
    },
    invalidNs(owner, fault, host) {
      invalidNsCounts[fault]++;
      if (invalidNs.length < LIST_LIMIT) invalidNs.push({ owner, fault, host });
    },
    missingGlue(owner, host) {
      missingGlueCount++;
      if (missingGlue.length < LIST_LIMIT) missingGlue.push({ owner, host });
    },
    dsWithoutDelegation(count) {
      dsWithoutDelegation += count;
    },
    domain(fate) {
      fates[fate]++;
    },
  };
  if (job.zone !== args.zone) job.table.flush();
  job.zone = args.zone;
  const { table } = job;
  if (zone.denial.kind === 'nsec3') walkKernel().setNsec3(zone.denial);
  const chain =
    zone.denial.kind === 'nsec3' ? createChainNames(zone, job.hashes[args.zone].writer) : undefined;
  const everyDelegation = zone.denial.kind === 'nsec3' && !zone.denial.optOut;
  const hash = zone.denial.kind !== 'nsec3' ? 'none' : everyDelegation ? 'all' : 'secure';
  const kernel = KernelSource.open(
    zone.runs,
    args.from,
    args.to,
    { kind: 'plan', hash },
    zone.rules,
    {
      hashed: (bytes, at, end) => chain?.hashed(bytes, at, end),
      full: () => table.flush(),
    },
  );
  const source = kernel ?? new CursorSource(zone.runs, args.from, args.to);
  const walk = new OwnerWalk(source, zone.rules, report);
  while (walk.next() === Stop.owner) {
    if (walk.role === Role.delegation) {
      delegations++;
      const owner = walk.wireOwner();
      const { ownerLength } = walk;
      let secure = false;
      for (let i = 0; i < walk.count; i++) {
        const block = walk.blocks[i];
        const at = walk.ats[i];
        const type = factType(block, at);
        if (type === TYPE.DS) secure = true;
        if (type !== TYPE.NS) continue;
        nameServers++;
        const host = at + FACT_HEADER;
        const end = host + factLength(block, at);
        if (isWithin(block, host, end, owner, ownerLength)) continue;
        table.add(block, host, end, owner, ownerLength);
      }
      if (secure) secureDelegations++;
      if (secure || everyDelegation) chain?.delegation(walk, secure);
    } else if (walk.role === Role.authoritative) {
      const open = undecidedOf(zone, walk);
      if (open !== undefined) undecided.push(open);
      else chain?.authoritative(walk);
    }
  }
  settle(job.hashes);
  settle(job.references);
  const done = kernel?.counts();
  if (done !== undefined) fates.delegated += done.domains;
  return {
    delegations: delegations + (done?.delegations ?? 0),
    secureDelegations: secureDelegations + (done?.secureDelegations ?? 0),
    nameServers: nameServers + (done?.nameServers ?? 0),
    fates,
    rejects,
    occludedCount,
    missingGlue,
    missingGlueCount,
    invalidNs,
    invalidNsCounts,
    dsWithoutDelegation,
    undecided,
  };
}

/** The zones share one bound. */
function settle(collectors: readonly Collector[]): void {
  const held = collectors.reduce((sum, { writer }) => sum + writer.bytes, 0);
  for (const collector of collectors) collector.settle(held);
}

/** Runs of what this thread has gathered, per zone. */
export interface PlanRuns {
  readonly hashes: readonly (readonly Run[])[];
  readonly references: readonly (readonly Run[])[];
}

/** Sorts what this thread has gathered and closes the job. */
export function closePlan({ job: id }: { job: number }): PlanRuns {
  const job = jobs.get(id);
  if (job === undefined) throw new Error('the plan is not open in this thread');
  jobs.delete(id);
  job.table.flush();
  const finish = (collectors: readonly Collector[]) => collectors.map((one) => one.finish());
  return { hashes: finish(job.hashes), references: finish(job.references) };
}

/** The owner's addresses can't be judged before it is known who names the host. */
function undecidedOf(zone: ZoneContext, walk: OwnerWalk): Undecided | undefined {
  if (zone.glue === 'keep-all') return undefined;
  const types: number[] = [];
  const addressTypes: number[] = [];
  let registryHost = true;
  for (let i = 0; i < walk.count; i++) {
    const type = factType(walk.blocks[i], walk.ats[i]);
    const isAddress = type === TYPE.A || type === TYPE.AAAA;
    const list = isAddress ? addressTypes : types;
    if (list.at(-1) !== type) list.push(type);
    if (isAddress && walk.blocks[i][walk.ats[i]] !== Kind.address) registryHost = false;
  }
  if (addressTypes.length === 0) return undefined;
  if (isApexHost(zone, walk.keyBlock, walk.keyStart, walk.keyEnd)) return undefined;
  return {
    key: walk.keyBlock.slice(walk.keyStart, walk.keyEnd),
    types,
    addressTypes,
    registryHost,
  };
}

/**
 * A table whose references go to the zone that the host lies in, under the host's key there; hosts
 * in none of the zones are nobody's glue.
 */
function tableOf(zones: readonly ZoneContext[], references: readonly Collector[]): ReferenceTable {
  const labels = zones.map((zone) => countLabels(zone.apex));
  const key = new Uint8Array(MAX_KEY);
  const example = new Uint8Array(MAX_KEY);
  /** Index of the closest enclosing zone, or -1. */
  const find = (host: Uint8Array, at: number, end: number): number => {
    let best = -1;
    for (let z = 0; z < zones.length; z++) {
      if (best >= 0 && labels[z] <= labels[best]) continue;
      if (isWithin(host, at, end, zones[z].apex, zones[z].apex.length)) best = z;
    }
    return best;
  };
  return new ReferenceTable((arena, host, hostEnd, count) => {
    const z = find(arena, host, hostEnd);
    if (z < 0) return;
    const keyEnd = wireToKey(arena, host, labels[z], key, 0);
    const end = wireToKey(arena, hostEnd, 0, example, 0);
    const { writer } = references[z];
    writer.append(key, 0, keyEnd, Kind.reference, 0, count, 0, 0, example, 0, end);
  });
}

/** Collects the names of an NSEC3 chain with their bitmaps (RFC 5155 §7.1). */
export interface ChainNames {
  delegation(walk: OwnerWalk, secure: boolean): void;
  /** Delegations directly below the apex, hashed by the kernel (zone/kernel-source.ts). */
  hashed(bytes: Uint8Array, at: number, end: number): void;
  authoritative(walk: OwnerWalk): void;
  /** A name given by its key, its types in ascending order, without RRSIG. */
  name(key: Uint8Array, types: readonly number[]): void;
}

/** Writes the names of a zone's chain to `writer`, under the sort keys of their NSEC3 owners. */
export function createChainNames(zone: ZoneContext, writer: EntryWriter): ChainNames {
  if (zone.denial.kind !== 'nsec3') throw new Error('the zone has no NSEC3 chain');
  const params = zone.denial;
  const { apex } = zone;
  const wire = new Uint8Array(MAX_WIRE + 1);
  const hash = new Uint8Array(HASH_LENGTH);
  const key = new Uint8Array(HASH_TEXT + 1);
  const rdata = new Uint8Array(9000);
  /** The name before, to derive each empty non-terminal once. */
  const last = new Uint8Array(MAX_KEY);
  let lastLength = 0;

  const put = (wireEnd: number, kind: number, rdataEnd: number): void => {
    nsec3Hash(wire, 0, wireEnd, params, hash, 0);
    hashToText(hash, 0, key, 0);
    writer.append(key, 0, HASH_TEXT + 1, Kind.hash, kind, 0, 0, 0, rdata, 0, rdataEnd);
  };
  /** RDATA of a name that is no delegation: u16 bitmap length, bitmap, wire name. */
  const putNamed = (wireEnd: number, kind: number, bitmapEnd: number): void => {
    const length = bitmapEnd - 2;
    rdata[0] = length >>> 8;
    rdata[1] = length;
    for (let i = 0; i < wireEnd; i++) rdata[bitmapEnd + i] = wire[i];
    put(wireEnd, kind, bitmapEnd + wireEnd);
  };
  /** The empty non-terminals above a name, those not shared with the name before. */
  const ancestors = (block: Uint8Array, start: number, end: number): void => {
    let shared = 0;
    const limit = Math.min(lastLength, end - start);
    while (shared < limit && last[shared] === block[start + shared]) shared++;
    for (let i = start; i < end - 1; i++) {
      if (block[i] !== 0 || i + 1 - start <= shared) continue;
      const wireEnd = keyToWire(block, start, i + 1, apex, wire, 0);
      putNamed(wireEnd, HashKind.emptyNonTerminal, 2);
    }
    for (let i = start, o = 0; i < end; i++, o++) last[o] = block[i];
    lastLength = end - start;
  };

  /** The bitmap of a delegation. */
  const delegationBitmap = (secure: boolean): Uint8Array => {
    addType(TYPE.NS);
    if (secure) {
      addType(TYPE.DS);
      addType(TYPE.RRSIG);
    }
    const bitmap = new Uint8Array(40);
    return bitmap.slice(0, finishBitmap(bitmap, 0));
  };
  const insecureBitmap = delegationBitmap(false);
  const secureBitmap = delegationBitmap(true);

  return {
    delegation(walk, secure) {
      ancestors(walk.keyBlock, walk.keyStart, walk.keyEnd);
      const wireEnd = keyToWire(walk.keyBlock, walk.keyStart, walk.keyEnd, apex, wire, 0);
      const bitmap = secure ? secureBitmap : insecureBitmap;
      rdata.set(bitmap);
      const kind = secure ? HashKind.secureDelegation : HashKind.insecureDelegation;
      put(wireEnd, kind, bitmap.length);
    },
    hashed(bytes, from, end) {
      for (let at = from; at < end; at += HASH_SIZE) {
        const secure = bytes[at + HASH_TEXT + 1] === 1;
        const kind = secure ? HashKind.secureDelegation : HashKind.insecureDelegation;
        const bitmap = secure ? secureBitmap : insecureBitmap;
        const keyEnd = at + HASH_TEXT + 1;
        writer.append(bytes, at, keyEnd, Kind.hash, kind, 0, 0, 0, bitmap, 0, bitmap.length);
      }
    },
    authoritative(walk) {
      ancestors(walk.keyBlock, walk.keyStart, walk.keyEnd);
      const wireEnd = keyToWire(walk.keyBlock, walk.keyStart, walk.keyEnd, apex, wire, 0);
      for (let i = 0; i < walk.count; i++) addType(factType(walk.blocks[i], walk.ats[i]));
      addType(TYPE.RRSIG);
      putNamed(wireEnd, HashKind.authoritative, finishBitmap(rdata, 2));
    },
    name(given, types) {
      ancestors(given, 0, given.length);
      const wireEnd = keyToWire(given, 0, given.length, apex, wire, 0);
      for (const type of types) addType(type);
      addType(TYPE.RRSIG);
      putNamed(wireEnd, HashKind.authoritative, finishBitmap(rdata, 2));
    },
  };
}
