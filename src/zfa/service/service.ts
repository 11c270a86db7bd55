/**
 * What the routes of the download service share: the configuration, what is published, who the
 * holders are, and where everything is noted. Made by server.ts, given to every file of routes.
 */

import type { Config } from '../../config/model.js';
import type { Database } from '../database/open.js';
import type { Holder } from '../holders/model.js';
import type { PublishedZones } from '../published.js';
import type { ServiceAudit } from './audit.js';
import type { Authentication } from './auth.js';
import type { BundleStore } from './bundle-routes.js';
import type { Downloads } from './download.js';
import type { HolderDirectory } from './holder-directory.js';
import type { ServiceMetrics } from './metrics.js';

export interface Service {
  readonly config: Config;
  readonly db: Database;
  /** Seconds since 1970. */
  readonly clock: () => number;
  readonly holders: HolderDirectory;
  readonly auth: Authentication;
  readonly published: PublishedZones;
  readonly bundles: BundleStore;
  readonly downloads: Downloads;
  readonly audit: ServiceAudit;
  /** The audit log can't be written now. */
  readonly auditFailing: () => boolean;
  readonly metrics: ServiceMetrics;
  readonly warn: (text: string) => void;
}

/** Has this holder accepted what the configuration asks for? (409 otherwise.) */
export function hasAgreed(config: Config, holder: Holder): boolean {
  const wanted = config.zfa.agreement;
  return wanted === undefined || holder.agreement?.version === wanted.version;
}
