/** One zone of a build: signed, compared, verified, packed and judged, with its manifest. */

import { packageVersion } from '../cli/main.js';
import { isoTime } from '../config/time.js';
import { keyTag } from '../dnssec/keytag.js';
import type { PlannedZone } from '../generate.js';
import { judge } from '../guard/judge.js';
import { keyId } from '../keys/lifecycle/key-state.js';
import type { TtlKind } from '../keys/lifecycle/note.js';
import { statesOf } from '../keys/lifecycle/zone-keys.js';
import { type Ready, type Run, secondsSince, type Work } from './build-run.js';
import type { ExportFacts } from './export.js';
import { type Draft, freeName } from './generation.js';
import type { Manifest } from './manifest.js';
import { type BuiltZone, buildZone, type StageName } from './zone-build.js';
import { countsOf } from './zone-input.js';

/** Signs, compares, verifies and packs one zone, and asks the guards. */
export async function makeReady(
  run: Run,
  work: Work,
  planned: PlannedZone,
  facts: ExportFacts,
  draft: Draft,
): Promise<Ready> {
  const { config, options, overrides, pool, spill } = run;
  const { reporter, now } = options;
  const { zone, published } = work;
  const timings: Record<string, number> = {};
  const begin = performance.now();
  const built = await buildZone({
    zone,
    planned,
    folder: draft.folder,
    published,
    lastSerial: work.lastSerial,
    parentDs: work.parentDs,
    domainsRead: facts.domains[config.zones.indexOf(zone)],
    guards: config.guards,
    pool,
    spill,
    threads: options.threads,
    now,
    stage: (name) => {
      const since = performance.now();
      reporter.stage(`${zone.label}: ${STAGES[name]}`);
      return (result) => {
        timings[name] = secondsSince(since);
        reporter.done(result);
      };
    },
    progress: (octets) => reporter.progress(octets, undefined, 'octets'),
    warn: run.warn,
  });
  timings.total = secondsSince(begin);
  const judgements = judge(built.findings, overrides);
  const manifest: Manifest = {
    version: 1,
    zone: zone.label,
    serial: planned.serial,
    generation: freeName(draft.zoneDir, now, planned.serial),
    buildTime: isoTime(now),
    zonewright: packageVersion(),
    previous:
      published === undefined
        ? null
        : { generation: published.generation, serial: published.serial },
    source: { format: config.source.format, id: facts.id, watermark: facts.watermark },
    counts: countsOf(planned, built),
    files: built.files,
    keyTags: built.dnskeys.map((key) => keyTag(key)),
    keys: describeKeys(work, now),
    keyEvents: work.keys.run.events.map(({ what }) => ({ what })),
    keyStates: statesOf(work.keys.run.held, seenTtls(work, built), now),
    timings,
    guards: judgements,
  };
  return { work, planned, built, draft, judgements, manifest };
}

const STAGES: Readonly<Record<StageName, string>> = {
  sign: 'signing, verifying and comparing with the published generation',
  pack: "packing the holders' copy",
};

/** TTLs that caches hold from now on. */
function seenTtls({ zone, keys }: Work, built: BuiltZone): Partial<Record<TtlKind, number>> {
  return {
    dnskey: zone.policy.dnskeyTtl,
    zone: built.report.greatestTtl,
    ...(keys.dsTtl === undefined ? {} : { ds: keys.dsTtl }),
  };
}

function describeKeys({ keys }: Work, now: number): Manifest['keys'] {
  const { held, waits } = keys.run;
  return keys.selection.dnskeys.map(({ tag, algorithm, file }) => {
    // A revoked key is published in another form than the one in the store.
    const pair = held.pairs.find((one) => one.file === file);
    const key = pair && held.keys.keys.find(({ id }) => id === keyId(pair.dnskey));
    const next = waits.find(({ ids, until }) => until !== undefined && ids.includes(key?.id ?? ''));
    return {
      tag,
      algorithm,
      role: key?.role ?? 'csk',
      age: key === undefined || key.created === 0 ? null : now - key.created,
      nextEvent: next?.until === undefined ? null : { at: isoTime(next.until), what: next.what },
    };
  });
}
