/** Routes of the portal: its pages, signing in and out, and accepting the agreement. */

import type { Route } from './router.js';
import type { Service } from './service.js';

/** The portal's part of the table. */
export function portalRoutes(_service: Service): readonly Route[] {
  return [];
}
