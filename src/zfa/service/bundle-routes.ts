/**
 * The holders' bundles: `/bundles/<yyyymmdd>.tar`, `/bundles/latest.tar`, the same with `.age` for
 * holders who have given a key, and the public key that their manifests are signed with. A holder
 * gets its own only: no id stands in a path.
 */

import { readFileSync } from 'node:fs';
import type { Holder } from '../holders/model.js';
import { zfaPlaces } from '../places.js';
import type { ByteSource } from '../stream/byte-source.js';
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
  /** Opens a holder's bundle of a day; undefined: there is none. */
  open(
    date: string,
    holder: Holder,
    how: {
      readonly encrypted: boolean;
      /** The version with this tag, also one that was replaced since; undefined: the newest. */
      readonly etag?: string | undefined;
    },
  ): Promise<OpenedBundle | undefined>;
}

export interface OpenedBundle {
  readonly source: ByteSource;
  /** `zfa-<holder>-<date>.tar`, with `.age` if encrypted. */
  readonly fileName: string;
  /** Without quotes. */
  readonly etag: string;
  /** Seconds since 1970. */
  readonly modified: number;
  /** Labels of the zones in it. */
  readonly zones: readonly string[];
  /** Of an encrypted one: the age key that opens it. */
  readonly recipient?: string | undefined;
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
      const bundle = await bundles.open(date, holder, { encrypted }).catch((error: Error) => {
        // A damaged folder: only the operator can help.
        service.warn(`the bundle of ${date} can't be read: ${error.message}`);
        service.audit.refused({
          reason: 'unavailable',
          address: request.address,
          holder: holder.id,
          file: `bundle/${date}`,
          status: 503,
        });
        throw new HttpError(503, 'not possible just now', { 'Retry-After': '600' });
      });
      if (bundle === undefined) continue;
      // Opened anew for sending, because most requests (HEAD, refusals) need no more than this.
      await bundle.source.close();
      // Encrypted for a key that the holder has exchanged since.
      if (encrypted && (bundle.recipient ?? holder.ageKey) !== holder.ageKey) continue;
      if (!bundle.zones.every((zone) => holder.zones.includes(zone))) {
        service.audit.refused({
          reason: 'zone',
          address: request.address,
          holder: holder.id,
          file: `bundle/${date}`,
          status: 403,
        });
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
          current: versionOf(date, bundle, () => bundles.open(date, holder, { encrypted })),
          older: (etag) => olderVersion(date, holder, { encrypted, etag }),
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
  const olderVersion = async (
    date: string,
    holder: Holder,
    how: { readonly encrypted: boolean; readonly etag: string },
  ): Promise<FileVersion | undefined> => {
    const bundle = await bundles.open(date, holder, how);
    await bundle?.source.close();
    if (!bundle?.zones.every((zone) => holder.zones.includes(zone))) return undefined;
    if (how.encrypted && (bundle.recipient ?? holder.ageKey) !== holder.ageKey) return undefined;
    return versionOf(date, bundle, () => bundles.open(date, holder, how));
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

function versionOf(
  date: string,
  bundle: OpenedBundle,
  open: () => Promise<OpenedBundle | undefined>,
): FileVersion {
  return {
    etag: bundle.etag,
    modified: bundle.modified,
    size: bundle.source.size,
    serial: date,
    open: async () => {
      const again = await open();
      if (again === undefined) throw new Error('the bundle is gone');
      if (again.etag === bundle.etag) return again.source;
      await again.source.close();
      throw new Error('the bundle was just replaced');
    },
  };
}
