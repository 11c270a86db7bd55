/**
 * Who may have what: the checks that all downloads share, in the order of their answers: 401 who
 * is it, 403 not this zone (of one that does not exist as of another's), 409 the agreement.
 */

import type { Holder } from '../holders/model.js';
import { HttpError, type Request } from './exchange.js';
import { hasAgreed, type Service } from './service.js';

/** Refuses a zone that is not the holder's, whether there is one of this name or not. */
export function assertZone(service: Service, request: Request, holder: Holder, zone: string): void {
  if (holder.zones.includes(zone) && service.published.labels.includes(zone)) return;
  service.audit.refused({
    reason: 'zone',
    address: request.address,
    holder: holder.id,
    // What was asked for stands in the log only if it could be a zone's name.
    file: /^[a-z0-9_.-]{1,253}$/i.test(zone) ? zone : undefined,
    status: 403,
  });
  throw new HttpError(403, 'no access to this zone');
}

/** Refuses until the holder has accepted the agreement that the configuration names. */
export function assertAgreed(service: Service, request: Request, holder: Holder): void {
  if (hasAgreed(service.config, holder)) return;
  service.audit.refused({
    reason: 'agreement',
    address: request.address,
    holder: holder.id,
    status: 409,
  });
  throw new HttpError(409, 'the agreement has not been accepted: sign in with a browser to do so');
}

/** Refuses what is not there. */
export function notThere(service: Service, request: Request, holder: Holder, file: string): never {
  service.audit.refused({
    reason: 'missing',
    address: request.address,
    holder: holder.id,
    file,
    status: 404,
  });
  throw new HttpError(404, 'not there');
}
