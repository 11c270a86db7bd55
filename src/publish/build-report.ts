/**
 * What `zonewright build` says at its end.
 *
 * `--json` prints
 *
 *     {"version", "dryRun", "buildTime", "zones": [{"zone", "serial", "generation", "path",
 *      "published", "counts", "guards", "files", "keys", "keyEvents", "timings"}], "rejects", "occluded",
 *      "after": [{"command", "ok", "how"}], "bundles": {"date", "holders", "seconds"},
 *      "holders": {"expired": [ids], "expiring": [{"id", "expires"}]}, "warnings", "seconds", "peakRssBytes"}
 *
 * with counts, guards, files, keys, keyEvents and timings as in manifest.json; `path` is null and `published` false
 * in a dry run; `bundles` and `holders` (whose access ended, whose ends within 30 days) are null
 * where there are no holders, in a dry run, and when making the bundles failed.
 */

import { join } from 'node:path';
import { countText, printJson } from '../cli/output.js';
import { isoTime } from '../config/time.js';
import { EXIT, ZonewrightError } from '../errors.js';
import { signaturesText } from '../reuse/counts.js';
import type { AfterRun } from './after.js';
import { type Input, type Ready, type Run, secondsSince } from './build-run.js';
import type { Bundling } from './bundles.js';

/** A zone that is published and not loaded must not pass for a success. */
export function refuseFailedCommands(ready: readonly Ready[], results: readonly AfterRun[]): void {
  const failed = results.filter(({ ok }) => !ok);
  if (failed.length === 0) return;
  const names = ready.map(({ manifest }) => manifest.zone).join(', ');
  const [{ command, how, output }] = failed;
  throw new ZonewrightError(
    EXIT.unexpected,
    `${names} published, but the command after it failed: ${command} (${how})`,
    {
      text: output === '' ? undefined : output,
      hint: `the name servers may serve the generation before; by hand: ${failed.map((one) => one.command).join('; ')}`,
    },
  );
}

/**
 * Tells what a build has done: a line a zone, or one JSON object.
 *
 * @param since when it began, by the monotonic clock.
 */
export function tell(
  run: Run,
  ready: readonly Ready[],
  input: Input,
  commands: readonly AfterRun[],
  { made, ends }: Bundling,
  since: number,
): void {
  const { options, warnings } = run;
  const { dryRun, reporter } = options;
  for (const { manifest, built, draft } of ready) {
    const { zone, serial, generation } = manifest;
    const { delegationsAdded, delegationsRemoved, delegationsChanged } = built.written.change;
    const where = dryRun ? 'would be published' : join(draft.zoneDir, generation);
    reporter.info(
      `${zone}: serial ${serial}, ${countText(built.written.delegations)} delegations (${countText(delegationsAdded)} added, ${countText(delegationsRemoved)} removed, ${countText(delegationsChanged)} changed), ${signaturesText({ made: built.written.signatures, reused: built.written.reused })}: ${where}`,
    );
  }
  if (!options.json) return;
  printJson({
    dryRun,
    buildTime: isoTime(options.now),
    zones: ready.map(({ manifest, draft }) => ({
      zone: manifest.zone,
      serial: manifest.serial,
      generation: manifest.generation,
      path: dryRun ? null : join(draft.zoneDir, manifest.generation),
      published: !dryRun,
      counts: manifest.counts,
      guards: manifest.guards,
      files: manifest.files,
      keys: manifest.keys,
      keyEvents: manifest.keyEvents,
      timings: manifest.timings,
    })),
    rejects: input.rejects,
    occluded: input.occluded,
    after: commands.map(({ command, ok, how }) => ({ command, ok, how })),
    bundles: made ?? null,
    holders: ends ?? null,
    warnings,
    seconds: secondsSince(since),
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  });
}
