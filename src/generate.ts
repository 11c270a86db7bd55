/**
 * The pipeline from facts to signed zone files, as `sign` and `build` both run it:
 *
 *     read ──► runs ──► apex ──► plan (all zones) ──► write with signatures ──► verify ──► publish
 *
 * Reading comes before, verifying and publishing after; this file joins the steps between.
 */

import type { DiffOutput } from './diff/compare.js';
import { keyRecordSets } from './keys/keyrecords.js';
import type { RecordSet } from './keys/offline/rrset.js';
import type { KeySelection } from './keys/select.js';
import { isRevoked, signingKey } from './keys/store.js';
import type { Reject } from './read/master.js';
import type { Places } from './read/places.js';
import { TYPE } from './records/types.js';
import { reuseRules } from './reuse/kept.js';
import type { PreviousZone } from './reuse/previous.js';
import type { EngineName } from './sign/engine.js';
import type { KeyUse, SigningContext } from './sign/rrsigs.js';
import type { Run } from './sort/run.js';
import type { SpillPlan } from './sort/spill-plan.js';
import type { Pool } from './threads/pool.js';
import type { FaultCode } from './verify/faults.js';
import type { VerifyReport } from './verify/verify.js';
import type { TextTap, WrittenZone } from './write/zone-file.js';
import { writeZone } from './write/zone-file.js';
import {
  type ApexData,
  type ApexOverrides,
  readApex,
  type SignedApex,
  signApex,
} from './zone/apex.js';
import type { ZoneDenial } from './zone/context.js';
import type { GluePolicy } from './zone/glue.js';
import { planZones, type ZonePlan } from './zone/plan.js';

/** One zone on its way: the facts that were read of it and how it is to be made. */
export interface ZoneInput {
  /** Wire name. */
  readonly apex: Uint8Array;
  readonly runs: readonly Run[];
  readonly overrides: ApexOverrides;
  readonly glue: GluePolicy;
  readonly keepSac048: boolean;
  readonly dropInvalidNs: boolean;
  readonly dropMissingGlue: boolean;
  readonly publishPendingRestore: boolean;
  readonly allowWildcards: boolean;
  readonly denial: ZoneDenial;
  readonly zonemd: boolean;
  readonly keys: KeySelection;
  /** CDS and CDNSKEY ask the parent to take the DS away; without it they follow the keys' times. */
  readonly deleteDs?: boolean | undefined;
  /** TTL of DNSKEY, CDS and CDNSKEY; undefined: that of the key files, else the SOA's. */
  readonly dnskeyTtl: number | undefined;
  readonly engine: EngineName;
  /** Seconds, as the next two. */
  readonly validity: number;
  readonly inceptionOffset: number;
  readonly jitter: number;
  /** Chooses the new serial, given that of the input's SOA. */
  readonly serial: (inputSerial: number) => number;
}

/** A zone after the first pass: all its decisions are made, nothing is written. */
export interface PlannedZone {
  readonly input: ZoneInput;
  readonly data: ApexData;
  readonly apex: SignedApex;
  readonly plan: ZonePlan;
  readonly serial: number;
}

export interface GenerateOptions {
  readonly pool: Pool;
  /** Bounds what is held in memory. */
  readonly spill: SpillPlan;
  readonly places: Places;
  /** A record that can't be used; may throw to end the run. */
  readonly reject: (reject: Reject) => void;
  /** A record that is left out because a cut above hides it. */
  readonly occluded: (reject: Reject) => void;
}

/**
 * Makes every decision about the zones of a run: apex, delegations, glue references, NSEC3
 * names. All zones together, because they name each other's hosts.
 */
export async function planAll(
  inputs: readonly ZoneInput[],
  options: GenerateOptions,
): Promise<PlannedZone[]> {
  const { pool, spill, places, reject, occluded } = options;
  const prepared = inputs.map((input) => {
    const data = readApex(input.apex, input.runs, input.overrides, places, reject);
    const serial = input.serial(data.inputSerial);
    const apex = signApex(data, {
      serial,
      keySets: keySetsOf(input, data.soa.ttl),
      denial: input.denial,
      zonemd: input.zonemd,
    });
    return { input, data, serial, apex };
  });
  const plans = await planZones(
    prepared.map(({ input, data, apex }) => ({
      apex: input.apex,
      runs: input.runs,
      rules: {
        apex: input.apex,
        dropInvalidNs: input.dropInvalidNs,
        dropMissingGlue: input.dropMissingGlue,
        publishPendingRestore: input.publishPendingRestore,
        allowWildcards: input.allowWildcards,
        apexIsDname: data.others.some((record) => record.type === TYPE.DNAME),
      },
      glue: input.glue,
      keepSac048: input.keepSac048,
      apexHosts: data.hosts,
      apexTypes: apex.types,
      denial: input.denial,
    })),
    pool,
    spill,
    places,
    reject,
    occluded,
  );
  return prepared.map((zone, i) => ({ ...zone, plan: plans[i] }));
}

/** DNSKEY, CDNSKEY and CDS: as the KSK has signed them on another machine, else of the keys. */
function keySetsOf(input: ZoneInput, soaTtl: number): readonly RecordSet[] {
  const { dnskeys, announced, presigned } = input.keys;
  if (presigned !== undefined) return presigned.sets;
  if (dnskeys.length === 0) return [];
  const ttl = input.dnskeyTtl ?? dnskeys.find((key) => key.ttl !== undefined)?.ttl ?? soaTtl;
  return keyRecordSets(
    input.apex,
    dnskeys.map((key) => key.dnskey),
    input.deleteDs ? 'delete' : announced.map((key) => key.dnskey),
    ttl,
  );
}

/** What is written beside the zone file, and how it goes. */
export interface WriteOptions {
  /** The zone file; it must not exist. */
  readonly file: string;
  readonly orphans: boolean;
  /** Its packed copy (write/zone-file.ts); it must not exist. */
  readonly packedFile?: string | undefined;
  /** Is shown the text on its way. */
  readonly tap?: TextTap | undefined;
  readonly pool: Pool;
  /** Seconds since 1970. */
  readonly now: number;
  readonly progress?: (octets: number) => void;
  readonly previous?:
    | {
        readonly zone: PreviousZone;
        /** Signatures with more seconds of life left are kept; undefined: none. */
        readonly refresh: number | undefined;
        /** Takes the names of delegations added and removed; undefined: no comparison. */
        readonly compare: DiffOutput | undefined;
      }
    | undefined;
}

/**
 * Writes and signs a planned zone; the file is on disk afterwards.
 *
 * @throws PreviousFault when the previous zone is not what it seemed to be.
 */
export function writePlanned(zone: PlannedZone, options: WriteOptions): Promise<WrittenZone> {
  const { input, data, apex, plan } = zone;
  const { previous, now } = options;
  const signing = signingContext(input, now);
  return writeZone({
    plan,
    apex,
    signing,
    previous: previous && {
      source: previous.zone.source,
      reuse:
        previous.refresh === undefined
          ? undefined
          : reuseRules(signing, previous.zone.dnskeys, {
              now,
              refresh: previous.refresh,
              validity: input.validity,
            }),
      compare: previous.compare,
    },
    denialTtl: data.denialTtl,
    zonemd: input.zonemd,
    orphans: options.orphans,
    file: options.file,
    packedFile: options.packedFile,
    tap: options.tap,
    pool: options.pool,
    ...(options.progress === undefined ? {} : { progress: options.progress }),
  });
}

/** How a zone is verified while it is written; see verify/verify.ts. */
export interface VerifyOptions {
  readonly tolerate: readonly FaultCode[];
  readonly spill: SpillPlan;
  readonly threads: number;
  readonly tmpDir?: string | undefined;
}

/** Writes and signs a planned zone, and verifies what is written. */
export async function writeVerified(
  zone: PlannedZone,
  options: WriteOptions,
  verify: VerifyOptions,
): Promise<{ readonly written: WrittenZone; readonly report: VerifyReport }> {
  const { file, now, pool } = options;
  const { createZoneVerifier } = await import('./verify/verify.js');
  const { apex, keys } = zone.input;
  const signers = [...keys.ksks, ...keys.zsks].map(({ dnskey }) => dnskey);
  const verifier = createZoneVerifier({ source: file, zone: apex, now, pool, signers, ...verify });
  try {
    const written = await writePlanned(zone, { ...options, tap: verifier });
    return { written, report: await verifier.finish() };
  } catch (error) {
    await verifier.abandon();
    throw error;
  }
}

function signingContext(input: ZoneInput, now: number): SigningContext {
  const { ksks, zsks, presigned } = input.keys;
  const keys: KeyUse[] = [...new Set([...ksks, ...zsks])].map((key) => ({
    key: signingKey(key),
    signsKeys: ksks.includes(key),
    isRevoked: isRevoked(key),
    signsZone: zsks.includes(key),
  }));
  return {
    apex: input.apex,
    keys,
    presigned: presigned?.rrsigs,
    engine: input.engine,
    inception: now - input.inceptionOffset,
    expiration: now + input.validity,
    jitter: input.jitter,
  };
}
