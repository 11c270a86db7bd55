/** Turns a zone's configuration into what the pipeline takes, and its results into counts. */

import { countText } from '../cli/output.js';
import type { ZoneConfig } from '../config/model.js';
import type { PlannedZone, ZoneInput } from '../generate.js';
import { NO_KEYS } from '../keys/select.js';
import type { Run } from '../sort/run.js';
import { soaRdata } from '../zone/apex.js';
import type { ZonePlan } from '../zone/plan.js';
import { nextSerial } from '../zone/serial.js';
import type { BuiltZone } from './zone-build.js';
import type { BuildKeys } from './zone-keys.js';

/**
 * The pipeline's input for a zone.
 *
 * @param build undefined: the zone is not built now; only what its delegations name is wanted.
 */
export function zoneInput(
  zone: ZoneConfig,
  runs: readonly Run[],
  build: { readonly keys: BuildKeys; readonly lastSerial: number | undefined } | undefined,
  now: number,
): ZoneInput {
  const { policy, soa, ns } = zone;
  return {
    apex: zone.name,
    runs,
    overrides: {
      soa: soa === undefined ? undefined : { rdata: soaRdata(soa), ttl: soa.ttl },
      ns: ns === undefined ? undefined : { hosts: ns, ttl: zone.nsTtl },
    },
    glue: zone.glue,
    keepSac048: zone.glue === 'keep-all' || zone.keepSac048Orphans,
    dropInvalidNs: zone.invalidNs === 'drop',
    dropMissingGlue: zone.missingGlue === 'drop',
    publishPendingRestore: zone.publishPendingRestore,
    allowWildcards: false,
    denial: isSigned(build?.keys) ? policy.denial : { kind: 'none' },
    zonemd: policy.zonemd,
    keys: build?.keys.selection ?? NO_KEYS,
    deleteDs: build?.keys.deleteDs ?? false,
    dnskeyTtl: policy.dnskeyTtl,
    engine: 'openssl',
    validity: policy.signatureValidity,
    inceptionOffset: policy.inceptionOffset,
    jitter: policy.signatureJitter,
    serial: (inputSerial) => {
      if (build === undefined) return inputSerial;
      return nextSerial({
        mode: zone.serial,
        now,
        published: build.lastSerial,
        // A configured SOA has no serial.
        input: soa === undefined ? inputSerial : undefined,
        zone: zone.label,
      });
    },
  };
}

/** Is there a key that signs the zone? Not when it is not built now, nor when it has gone insecure. */
function isSigned(keys: BuildKeys | undefined): boolean {
  return (
    keys !== undefined && (keys.selection.zsks.length > 0 || keys.selection.dnskeys.length > 0)
  );
}

/** The counts of a generation, as manifest.json and `--json` have them. */
export function countsOf(planned: PlannedZone, built: BuiltZone): Record<string, unknown> {
  const { plan } = planned;
  const { written, known } = built;
  const { change } = written;
  return {
    delegations: written.delegations,
    secureDelegations: written.secureDelegations,
    // Against a damaged zone file all names are new; null says that it was no empty one.
    previousDelegations: known ? change.oldDelegations : null,
    added: change.delegationsAdded,
    removed: change.delegationsRemoved,
    changed: change.delegationsChanged,
    glue: written.glue,
    orphans: written.orphans,
    records: written.records,
    rrsets: written.rrsets,
    signatures: { made: written.signatures, reused: written.reused },
    nsec3: written.nsec3,
    nsec: written.nsec,
    domains: plan.domains,
    nameServers: plan.nameServers,
    missingGlue: plan.missingGlue,
    invalidNs: plan.invalidNs.reduce((sum, n) => sum + n, 0),
    dsWithoutDelegation: plan.dsWithoutDelegation,
    occluded: plan.occluded,
  };
}

/** Says what the export holds that should not be there, with an example. */
export function warnOfHosts(warn: (text: string) => void, label: string, plan: ZonePlan): void {
  if (plan.missingGlue > 0) {
    warn(
      `${label}: ${countText(plan.missingGlue)} name servers lie in their own delegation and have no address (${plan.missingGlueExamples[0]})`,
    );
  }
  const invalid = plan.invalidNs.reduce((sum, n) => sum + n, 0);
  if (invalid > 0) {
    warn(`${label}: ${countText(invalid)} NS records name no host (${plan.invalidNsExamples[0]})`);
  }
  if (plan.dsWithoutDelegation > 0) {
    warn(
      `${label}: ${countText(plan.dsWithoutDelegation)} DS records without a delegation left out`,
    );
  }
}
