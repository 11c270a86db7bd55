/**
 * The first pass over the zones of a build. It goes over all zones before the second pass
 * goes over any, because the zones of a registry name each other's hosts.
 */

import { nameToText } from '../names/name.js';
import type { Reject } from '../read/master.js';
import type { Places } from '../read/places.js';
import { EntryWriter } from '../records/entry.js';
import { rdataToText } from '../records/rdata.js';
import { typeToText } from '../records/types.js';
import { type Run, sortRun } from '../sort/run.js';
import { planData, type SpillPlan } from '../sort/spill-plan.js';
import type { Pool, Task } from '../threads/pool.js';
import { type ZoneContext, zoneRanges } from './context.js';
import { classifyGlue, keepsGlue } from './glue.js';
import { HOST_FAULT_NAMES } from './host.js';
import type { FactReject } from './owner-walk.js';
import { createChainNames, type PlanPart, type PlanRuns } from './plan.task.js';
import { referencesTo } from './references.js';

const module = new URL('./plan.task.js', import.meta.url).href;
const OPEN: Task = { module, name: 'openPlan' };
const RANGE: Task = { module, name: 'planRange' };
const CLOSE: Task = { module, name: 'closePlan' };

/** Entries of a range in the first pass. */
const RANGE_ENTRIES = 50_000;

let nextJob = 1;

/** What the first pass found out about a zone. */
export interface ZonePlan {
  readonly zone: ZoneContext;
  /** Who names the zone's hosts (zone/references.ts). */
  readonly references: readonly Run[];
  /** The names of the NSEC3 chain, under the keys of their NSEC3 owners. */
  readonly hashes: readonly Run[];
  readonly delegations: number;
  readonly secureDelegations: number;
  readonly nameServers: number;
  /** What became of the domain objects of a registry export. */
  readonly domains: {
    readonly delegated: number;
    readonly forbidden: number;
    readonly withoutNs: number;
  };
  readonly occluded: number;
  readonly missingGlue: number;
  /** Examples of {@link missingGlue}: `ns1.example.com. of example.com.`. */
  readonly missingGlueExamples: readonly string[];
  /** Name servers' names that can't be one, by fault (zone/host.ts). */
  readonly invalidNs: readonly number[];
  readonly invalidNsExamples: readonly string[];
  readonly dsWithoutDelegation: number;
}

/**
 * Passes over all zones.
 *
 * @param reject called for each fact that can't be used, in canonical order; may throw.
 * @param occluded called for each record left out because nobody could see it.
 */
export async function planZones(
  zones: readonly ZoneContext[],
  pool: Pool,
  spill: SpillPlan,
  places: Places,
  reject: (reject: Reject) => void,
  occluded: (reject: Reject) => void,
): Promise<ZonePlan[]> {
  const job = nextJob++;
  await pool.runInAll(OPEN, { job, zones, spill: planData(spill) });
  const parts: PlanPart[][] = [];
  let runs: PlanRuns[];
  try {
    for (const [index, zone] of zones.entries()) {
      const answers = zoneRanges(zone.runs, RANGE_ENTRIES).map(({ from, to }) => {
        const answer = pool.run<PlanPart>(RANGE, { job, zone: index, from, to });
        // A failure is seen when the range's turn comes.
        answer.catch(() => undefined);
        return answer;
      });
      parts[index] = [];
      for (const answer of answers) {
        const part = await answer;
        for (const r of part.rejects) (r.occluded ? occluded : reject)(told(r, places));
        parts[index].push({ ...part, rejects: [] });
      }
    }
  } finally {
    runs = await pool.runInAll<PlanRuns>(CLOSE, { job });
  }
  return zones.map((zone, index) => {
    const references = runs.flatMap((r) => r.references[index]);
    const mine = parts[index];
    const hashes = runs.flatMap((r) => r.hashes[index]);
    if (zone.denial.kind === 'nsec3') hashes.push(decide(zone, mine, references));
    const sum = (pick: (part: PlanPart) => number): number =>
      mine.reduce((total, part) => total + pick(part), 0);
    return {
      zone,
      references,
      hashes: hashes.filter((run) => run.count > 0),
      delegations: sum((p) => p.delegations),
      secureDelegations: sum((p) => p.secureDelegations),
      nameServers: sum((p) => p.nameServers),
      domains: {
        delegated: sum((p) => p.fates.delegated),
        forbidden: sum((p) => p.fates.forbidden),
        withoutNs: sum((p) => p.fates['without-ns']),
      },
      occluded: sum((p) => p.occludedCount),
      missingGlue: sum((p) => p.missingGlueCount),
      missingGlueExamples: mine
        .flatMap((p) => p.missingGlue)
        .slice(0, 20)
        .map((m) => `${nameToText(m.host)} of ${nameToText(m.owner)}`),
      invalidNs: HOST_FAULT_NAMES.map((_, fault) => sum((p) => p.invalidNsCounts[fault])),
      invalidNsExamples: mine
        .flatMap((p) => p.invalidNs)
        .slice(0, 20)
        .map((n) => `${nameToText(n.host)} of ${nameToText(n.owner)} ${HOST_FAULT_NAMES[n.fault]}`),
      dsWithoutDelegation: sum((p) => p.dsWithoutDelegation),
    };
  });
}

/** A reject with file, line and text. */
function told(r: FactReject, places: Places): Reject {
  const { file, line } = places.place(r.chunk, r.line);
  const owner = nameToText(r.owner);
  const text =
    r.rdata.length > 1 && r.type !== 0
      ? `${owner} ${typeToText(r.type)} ${rdataToText(r.type, r.rdata)}`
      : owner;
  return {
    file,
    line,
    field: r.type === 0 ? 'domain' : typeToText(r.type),
    reason: r.reason,
    text,
  };
}

/** The chain's names that could not be judged before all references were known, and the apex. */
function decide(zone: ZoneContext, parts: readonly PlanPart[], references: readonly Run[]): Run {
  const writer = new EntryWriter();
  const chain = createChainNames(zone, writer);
  chain.name(
    new Uint8Array(0),
    [...zone.apexTypes].sort((a, b) => a - b),
  );
  for (const part of parts) {
    for (const open of part.undecided) {
      const referenced = referencesTo(references, open.key).count > 0;
      const glueClass = classifyGlue(false, false, false, referenced, open.registryHost);
      const kept = keepsGlue(glueClass, zone.glue, false, zone.keepSac048);
      const types = kept ? [...open.types, ...open.addressTypes] : open.types;
      if (types.length > 0)
        chain.name(
          open.key,
          [...types].sort((a, b) => a - b),
        );
    }
  }
  return sortRun(writer);
}
