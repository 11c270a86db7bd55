/** The end of a build: may its zones be published, and then they are. */

import { needlessOverrides, refusalOf } from '../guard/judge.js';
import type { Ready, Run } from './build-run.js';
import { removeOld } from './generation.js';
import type { Lock } from './lock.js';
import { writeManifest } from './manifest.js';
import { audit } from './state.js';
import { publish } from './switch.js';
import { commitKeys } from './zone-keys.js';

/** The verdict of all guards over all zones. */
export function judgeAll(run: Run, ready: readonly Ready[]): void {
  const { config, options, overrides, warn } = run;
  const all = new Map(ready.map(({ work, judgements }) => [work.zone.label, judgements]));
  for (const name of needlessOverrides(overrides, [...all.values()])) {
    warn(`--override ${name}: the guard did not fail`);
  }
  for (const [label, judgements] of all) {
    for (const { name, figure, limit, message, overridden } of judgements) {
      if (overridden) warn(`${label}: guard ${name} is overridden: ${figure}; limit: ${limit}`);
      else options.reporter.detail(`${label}: guard ${name}: ${figure}. ${message}`);
    }
  }
  const any = ready.some(({ work }) => work.published !== undefined);
  const refused = refusalOf(all, any ? 'what was published stays' : 'there is no generation yet');
  if (refused === undefined) return;
  if (!options.dryRun) {
    const failed = [...all].map(([zone, judgements]) => ({
      zone,
      guards: judgements.filter((judgement) => !judgement.ok),
    }));
    audit(config.stateDir, options.now, { event: 'refused', zones: failed });
  }
  throw refused;
}

/** Switches all zones, and brings keys, audit log and old generations after. */
export function publishAll(run: Run, ready: readonly Ready[], lock: Lock): void {
  const { config, options, overrides, warn } = run;
  const { reporter, now } = options;
  reporter.stage('publishing');
  for (const { draft, manifest } of ready) writeManifest(draft.folder, manifest);
  const generations = ready.map(({ draft, manifest }) => ({
    label: manifest.zone,
    draft,
    name: manifest.generation,
    serial: manifest.serial,
  }));
  publish(generations, config.stateDir, now, lock);
  for (const { manifest, judgements } of ready) {
    const overridden = judgements.filter((judgement) => judgement.overridden);
    audit(config.stateDir, now, {
      event: 'published',
      zone: manifest.zone,
      generation: manifest.generation,
      serial: manifest.serial,
      ...(overridden.length > 0 ? { overridden, reason: overrides.reason } : {}),
    });
  }
  for (const { work, manifest } of ready) {
    const { zone, keys } = work;
    for (const text of commitKeys(zone, keys, manifest.keyStates, config.keyDir, now)) {
      reporter.detail(`${zone.label}: ${text}`);
    }
    const events = manifest.keyEvents;
    if (events.length > 0)
      audit(config.stateDir, now, { event: 'keys', zone: manifest.zone, events });
  }
  reporter.done(ready.map(({ manifest }) => manifest.zone).join(', '));
  for (const { draft } of ready) {
    try {
      const gone = removeOld(draft.zoneDir, config.publish.keep);
      if (gone.length > 0) reporter.detail(`removed old generations: ${gone.join(', ')}`);
    } catch (error) {
      warn(`old generations stay: ${error instanceof Error ? error.message : error}`);
    }
  }
}
