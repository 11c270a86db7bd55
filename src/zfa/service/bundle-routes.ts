/**
 * The holders' bundles: `/bundles/<yyyymmdd>.tar`, `/bundles/latest.tar`, the same with `.age` for
 * holders who have given a key, and the public key that their manifests are signed with. A holder
 * gets its own only: no id stands in a path.
 */

import { readFileSync } from 'node:fs';
import type { BundleFacts, HowToOpen, OpenBundle } from '../bundles/open.js';
import type { Holder } from '../holders/model.js';
import { zfaPlaces } from '../places.js';
import { assertAgreed, notThere } from './access.js';
import type { FileVersion } from './download.js';
import { HttpError, type Reply, type Request, textReply } from './exchange.js';
import { firstOffset } from './ranges.js';
import type { Route } from './router.js';
import type { Service } from './service.js';

/** The bundles that there are; see src/zfa/bundles/. */
export interface BundleStore {
  /** Dates as YYYYMMDD, newest first. */
  days(): readonly string[];
  /**
   * What there is of a holder for a day; undefined: nothing.
   *
   * @throws for a damaged folder.
   */
  find(date: string, holder: Holder, how: HowToOpen): BundleFacts | undefined;
  /** Opens it. @throws as {@link BundleStore.find}. */
  open(date: string, holder: Holder, how: HowToOpen): Promise<OpenBundle | undefined>;
}

/** A day whose bundle was begun. */
interface BegunDay {
  readonly date: string;
  /** It has not got all of it, or only just. */
  readonly underWay: boolean;
}

/** Days that are looked at for a holder's latest bundle. */
const LOOKED_AT = 400;

export function bundleRoutes(service: Service): readonly Route[] {
  const { auth, bundles, downloads } = service;

  const reply = async (request: Request, encrypted: boolean): Promise<Reply> => {
    const holder = await auth.holderOf(request);
    assertAgreed(service, request, holder);
    const asked = request.params.date;
    const ending = encrypted ? '.age' : '';
    const begun = asked === 'latest' ? begunDay(request, holder, ending) : undefined;
    const dates = asked === 'latest' ? latestFor(request, begun) : knownDate(asked);
    if (encrypted && holder.ageKey === undefined) {
      return notThere(service, request, holder, 'bundle.age');
    }
    for (const date of dates) {
      const bundle = findBundle(request, holder, date, encrypted);
      if (bundle === undefined) continue;
      if (!hasZones(holder, bundle)) {
        refused(request, holder, date, 'zone', 403);
        throw new HttpError(403, 'this bundle has a zone that you no longer have access to');
      }
      const location = `/bundles/${date}.tar${ending}`;
      return downloads.reply(
        begun !== undefined && date !== begun.date ? whole(request) : request,
        holder,
        {
          key: `bundle/${date}${ending}`,
          contentType: encrypted ? 'application/octet-stream' : 'application/x-tar',
          disposition: `attachment;filename=${bundle.fileName}`,
          headers: asked === 'latest' ? { 'Content-Location': location } : {},
          zones: bundle.zones,
          current: versionOf(date, bundle, holder, encrypted),
          older: (etag) => olderVersion(date, holder, encrypted, etag),
        },
      );
    }
    const known = asked === 'latest' ? asked : knownDate(asked)[0];
    return notThere(service, request, holder, known === undefined ? 'bundle' : `bundle/${known}`);
  };
  /** The day whose bundle a holder began last, and whether it is in the middle of it. */
  const begunDay = ({ now }: Request, { id }: Holder, ending: string): BegunDay | undefined => {
    let last: (BegunDay & { readonly began: number }) | undefined;
    for (const date of bundles.days().slice(0, LOOKED_AT)) {
      const begun = downloads.begun(id, `bundle/${date}${ending}`, now);
      // Of several that were begun in one second, the newest day.
      if (begun !== undefined && begun.began > (last?.began ?? Number.NEGATIVE_INFINITY)) {
        last = { date, ...begun };
      }
    }
    return last;
  };
  /**
   * The dates to look at for the latest bundle. Who goes on with one, and was overtaken by a new day,
   * means the day that it began with.
   */
  const latestFor = ({ headers }: Request, begun: BegunDay | undefined): readonly string[] => {
    const dates = bundles.days().slice(0, LOOKED_AT);
    const resumes = (firstOffset(headers.range) ?? 0) > 0;
    return resumes && begun?.underWay === true ? [begun.date, ...dates] : dates;
  };
  /** A bundle of before the day's bundles were made again, for who goes on with it. */
  const olderVersion = (
    date: string,
    holder: Holder,
    encrypted: boolean,
    etag: string,
  ): FileVersion | undefined => {
    const bundle = bundles.find(date, holder, { encrypted, etag });
    if (bundle === undefined || !hasZones(holder, bundle)) return undefined;
    return isFor(holder, bundle) ? versionOf(date, bundle, holder, encrypted) : undefined;
  };
  const versionOf = (
    date: string,
    { etag, modified, size }: BundleFacts,
    holder: Holder,
    encrypted: boolean,
  ): FileVersion => ({
    etag,
    modified,
    size,
    serial: date,
    open: async () => {
      const bundle = await bundles.open(date, holder, { encrypted, etag });
      if (bundle === undefined) throw new Error('the bundle is gone');
      return bundle.source;
    },
  });
  const refused = (
    { address }: Request,
    holder: Holder,
    date: string,
    reason: 'zone' | 'unavailable',
    status: number,
  ): void => {
    service.audit.refused({ reason, address, holder: holder.id, file: `bundle/${date}`, status });
  };
  /** The holder's bundle of a day, if it is for the key that it has. @throws HttpError 503. */
  const findBundle = (
    request: Request,
    holder: Holder,
    date: string,
    encrypted: boolean,
  ): BundleFacts | undefined => {
    try {
      const bundle = bundles.find(date, holder, { encrypted });
      return bundle !== undefined && isFor(holder, bundle) ? bundle : undefined;
    } catch (error) {
      // A damaged folder: only the operator can help.
      service.warn(`the bundle of ${date} can't be read: ${(error as Error).message}`);
      refused(request, holder, date, 'unavailable', 503);
      throw new HttpError(503, 'not possible just now', { 'Retry-After': '600' });
    }
  };
  /** The date in the index that is meant: what goes on from here is no text of the request. */
  const knownDate = (date: string): string[] => bundles.days().filter((known) => known === date);

  return [
    { method: 'GET', path: '/bundles/{date}.tar', handle: (request) => reply(request, false) },
    { method: 'GET', path: '/bundles/{date}.tar.age', handle: (request) => reply(request, true) },
    {
      method: 'GET',
      path: '/minisign.pub',
      handle: () => {
        try {
          const { publicKey } = zfaPlaces(service.config.stateDir);
          return textReply(200, readFileSync(publicKey, 'utf8').trimEnd());
        } catch {
          throw new HttpError(404, 'there is no key yet');
        }
      },
    },
  ];
}

/**
 * The request without a range that does not say of what it is: it was meant for the bundle of another
 * day, and the octets of two don't go together.
 */
function whole(request: Request): Request {
  const { range, 'if-range': ifRange, ...headers } = request.headers;
  return ifRange === undefined && (firstOffset(range) ?? 0) > 0 ? { ...request, headers } : request;
}

/** Has the holder, as it is now, all zones of a bundle? */
export function hasZones(holder: Holder, { zones }: BundleFacts): boolean {
  return zones.every((zone) => holder.zones.includes(zone));
}

/** Not encrypted, or for the key that the holder has now: it may have exchanged it since. */
export function isFor(holder: Holder, { recipient }: BundleFacts): boolean {
  return recipient === undefined || recipient === holder.ageKey;
}
