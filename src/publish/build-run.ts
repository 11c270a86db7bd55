/** A run of `zonewright build`: what its steps hand on to each other. */

import type { BuildOptions } from '../cli/options.js';
import type { Config, ZoneConfig } from '../config/model.js';
import type { PlannedZone } from '../generate.js';
import type { Judgement, Overrides } from '../guard/judge.js';
import type { Passphrase } from '../keys/passphrase.js';
import type { SpillPlan } from '../sort/spill-plan.js';
import type { Pool } from '../threads/pool.js';
import type { ExportFacts } from './export.js';
import type { Draft } from './generation.js';
import type { Manifest } from './manifest.js';
import type { Published } from './published.js';
import type { BuiltZone } from './zone-build.js';
import type { BuildKeys } from './zone-keys.js';

/** A run of the command. */
export interface Run {
  readonly options: BuildOptions;
  readonly config: Config;
  readonly zones: readonly ZoneConfig[];
  readonly overrides: Overrides;
  /** Of encrypted private keys. */
  readonly passphrase: Passphrase | undefined;
  readonly pool: Pool;
  readonly spill: SpillPlan;
  readonly warn: (text: string) => void;
  readonly warnings: string[];
}

/** A zone to be built, and what is known of it before the export is read. */
export interface Work {
  readonly zone: ZoneConfig;
  readonly zoneDir: string;
  readonly published: Published | undefined;
  readonly lastSerial: number | undefined;
  readonly keys: BuildKeys;
  readonly parentDs: readonly Uint8Array[] | undefined;
}

/** A zone that is whole, verified and judged. */
export interface Ready {
  readonly work: Work;
  readonly planned: PlannedZone;
  readonly built: BuiltZone;
  readonly draft: Draft;
  readonly judgements: readonly Judgement[];
  readonly manifest: Manifest;
}

/** What reading and planning gave. */
export interface Input {
  readonly facts: ExportFacts;
  /** The planned zones, in the order of the work. */
  readonly planned: readonly PlannedZone[];
  readonly rejects: number;
  readonly occluded: number;
  readonly rejectsFile: string;
}

/** Seconds since a time of the monotonic clock, to the millisecond. */
export function secondsSince(since: number): number {
  return Math.round(performance.now() - since) / 1000;
}
