/** What is asked of a verification and what it answers. */

import type { Reporter } from '../cli/output.js';
import { zoneLabel } from '../names/name.js';
import type { Places } from '../read/places.js';
import { TYPE } from '../records/types.js';
import type { EngineName } from '../sign/engine-types.js';
import type { SpillPlan } from '../sort/spill-plan.js';
import type { Pool } from '../threads/pool.js';
import { type Apex, serverWarnings } from './apex.js';
import type { VerifyContext } from './context.js';
import type { Fault, FaultCode, FaultCounts, FaultList, FoundFault } from './faults.js';
import type { Walked } from './merge.js';
import { dsFaults } from './trust.js';

const NO_KEY = new Uint8Array(0);
/** Faults that are reported unless told otherwise. */
export const MAX_ERRORS = 100;

export interface VerifyZoneOptions {
  /** Path of the zone file (also .gz), or `-`. */
  readonly source: string;
  /** The zone's name, lower-case wire form. */
  readonly zone: Uint8Array;
  /** Seconds since 1970. */
  readonly now: number;
  /** RDATA of the parent's DS records, which must lead to a key. */
  readonly ds?: readonly Uint8Array[] | undefined;
  /** DNSKEY RDATA of the keys that the zone was signed with, where that is known: those of an
   * algorithm that is not published yet, or no longer, are not in the zone. */
  readonly signers?: readonly Uint8Array[] | undefined;
  /** Faults to report; all are counted. Default 100. */
  readonly maxErrors?: number | undefined;
  /** Codes of faults that don't make the zone bad, e.g. `missing-glue`; they are counted. */
  readonly tolerate?: readonly FaultCode[] | undefined;
  readonly engine?: EngineName | undefined;
  /** Runs the tasks; without it a pool of `threads` is opened for this verification. */
  readonly pool?: Pool | undefined;
  readonly threads: number;
  /** Bounds what is held in memory of a zone that has to be sorted; without it nothing does. */
  readonly spill?: SpillPlan | undefined;
  /** Sort the zone in any case, and let a thread walk as many owners at a time: for tests. */
  readonly rangeOwners?: number | undefined;
  /** Octets of the parts in which a zone is verified in one pass; the default suits all but
   * tests. */
  readonly partOctets?: number | undefined;
  /** The same for the first part. */
  readonly firstPartOctets?: number | undefined;
  /** Folder for a copy of input that can be read but once; default: the system's. */
  readonly tmpDir?: string | undefined;
  readonly reporter?: Reporter | undefined;
}

export interface VerifyCounts {
  readonly records: number;
  readonly rrsets: number;
  readonly signatures: number;
  readonly delegations: number;
  readonly secureDelegations: number;
  readonly glue: number;
  readonly nsec: number;
  readonly nsec3: number;
  /** Octets of the file, unpacked. */
  readonly octets: number;
}

export interface VerifyReport {
  readonly ok: boolean;
  /** As in file names: without final dot. */
  readonly zone: string;
  readonly serial: number | undefined;
  /** At most `maxErrors`, without those of tolerated codes. */
  readonly faults: readonly Fault[];
  /** All faults, without those of tolerated codes. */
  readonly faultCount: number;
  /** How many there are of each code, and the first of each; tolerated codes, too. */
  readonly faultsByCode: FaultCounts;
  readonly examples: readonly Fault[];
  readonly warnings: readonly string[];
  readonly counts: VerifyCounts;
  readonly denial: VerifyContext['denial'];
  /** The owners' order: canonical, or another one that the file's layout does not promise. */
  readonly order: 'canonical' | 'other';
  /** Was there a ZONEMD that could be checked? */
  readonly zonemd: boolean;
  /** When the first signature expires, seconds since 1970; undefined without signatures. */
  readonly earliestExpiration: number | undefined;
  /** Greatest TTL of a signed RRset, which caches keep with its signatures; seconds. */
  readonly greatestTtl: number;
  /** Tags of the keys that sign the DNSKEY RRset. */
  readonly dnskeySigners: readonly number[];
  readonly seconds: { readonly total: number; readonly read: number };
}

/** What both ways of verifying end with. */
export interface Findings {
  readonly apex: Apex;
  /** undefined: the zone has no SOA, so nothing was walked. */
  readonly walked: Walked | undefined;
  readonly faults: FaultList;
  readonly places: Places;
  readonly records: number;
  readonly octets: number;
  readonly order: VerifyReport['order'];
  /** Seconds, as in the report. */
  readonly seconds: VerifyReport['seconds'];
}

/** Makes the report, with the last faults: those of trust. */
export function makeReport(options: VerifyZoneOptions, findings: Findings): VerifyReport {
  const { apex, walked, faults, places, records, octets, order, seconds } = findings;
  const { zone } = options;
  const maxErrors = options.maxErrors ?? MAX_ERRORS;
  const tolerated = options.tolerate ?? [];
  if (walked !== undefined) checkTrust(apex, walked, options.ds, faults);
  const counts = walked?.counts;
  const found = faults.found.map((fault) => toFault(fault, places));
  const real = found.filter(({ fault }) => !tolerated.includes(fault));
  const examples = found.filter(
    ({ fault }, i) => found.findIndex((other) => other.fault === fault) === i,
  );
  const passed = tolerated.reduce((sum, code) => sum + (faults.counts[code] ?? 0), 0);
  return {
    ok: faults.seen === passed,
    zone: zoneLabel(zone),
    serial: apex.serial,
    faults: real.slice(0, maxErrors),
    faultCount: faults.seen - passed,
    faultsByCode: faults.counts,
    examples,
    warnings: [
      ...(walked === undefined ? [] : serverWarnings(apex.context.servers, walked.servers)),
      ...apex.warnings,
      ...(walked?.warnings ?? []),
      ...examples
        .filter(({ fault }) => tolerated.includes(fault))
        .map(
          ({ fault, owner, message }) =>
            `${faults.counts[fault]} × ${fault}, the first: ${owner}: ${message}`,
        ),
    ],
    counts: {
      records,
      rrsets: counts?.rrsets ?? 0,
      signatures: counts?.signatures ?? 0,
      delegations: counts?.delegations ?? 0,
      secureDelegations: counts?.secureDelegations ?? 0,
      glue: counts?.glue ?? 0,
      nsec: counts?.nsec ?? 0,
      nsec3: counts?.nsec3 ?? 0,
      octets,
    },
    denial: apex.context.denial,
    order,
    zonemd: apex.zonemd.length > 0,
    earliestExpiration:
      counts === undefined || counts.signatures === 0
        ? undefined
        : options.now + (walked?.leastLife ?? 0),
    greatestTtl: walked?.greatestTtl ?? 0,
    dnskeySigners: (walked?.dnskeySigners ?? []).map((i) => apex.context.keys[i].tag),
    seconds,
  };
}

function toFault(found: FoundFault, places: Places): Fault {
  const { fault, owner, type, message } = found;
  if (found.file !== undefined) {
    return { fault, owner, type, message, file: found.file, line: found.line };
  }
  if (found.chunk < 0) return { fault, owner, type, message };
  const { file, line } = places.place(found.chunk, found.line);
  return { fault, owner, type, message, file, ...(line === undefined ? {} : { line }) };
}

/** The DNSKEY RRset must be signed by a key with SEP flag, and by one that the parent names. */
function checkTrust(
  apex: Apex,
  walked: Walked,
  ds: readonly Uint8Array[] | undefined,
  faults: FaultList,
): void {
  const { keys, apex: zone } = apex.context;
  const fault = (code: FoundFault['fault'], type: number, message: string): void =>
    faults.add(code, NO_KEY, 0, 0, type, message);
  const seps = keys.filter((key) => key.sep && key.published && !key.revoked);
  const live = (indices: readonly number[]) =>
    indices.map((i) => keys[i]).filter((key) => !key.revoked);
  const signing = live(walked.dnskeySigners);
  if (ds !== undefined) {
    const rdata = signing.map((key) => key.rdata);
    for (const message of dsFaults(zone, ds, rdata, apex.dnskeys)) {
      fault('ds-without-key', TYPE.DS, message);
    }
  }
  // A key without the flag may be the entry point all the same, if the parent says so; and a
  // signature that is wrong has its own fault.
  const tried = [...signing, ...live(walked.dnskeyMissigners)];
  if (ds === undefined && seps.length > 0 && !tried.some((key) => key.sep)) {
    const tags = seps.map((key) => key.tag).join(', ');
    fault(
      'dnskey-not-ksk-signed',
      TYPE.DNSKEY,
      `no key with SEP flag (${tags}) signs the DNSKEY RRset`,
    );
  }
}
