/**
 * Replies with files: which version of a file a holder gets, which part of it, and whether now
 * (the rule of one download a day). czds, bundles and single files all go through here.
 *
 * A client that resumes gets octets of the version that it began with, as long as that is there,
 * and never a mix of two: by If-Range it says which one that is; without, its records say so.
 */

import type { ZfaConfig } from '../../config/model.js';
import { type Holder, isActive } from '../holders/model.js';
import type { ByteSource } from '../stream/byte-source.js';
import type { RefusalReason, ServiceAudit } from './audit.js';
import {
  conditionOf,
  httpDate,
  meetsRangeCondition,
  rangeCondition,
  type Validators,
} from './conditional.js';
import type { DownloadRecords } from './download-records.js';
import { HttpError, type Reply, type Request } from './exchange.js';
import { type HolderDirectory, mayComeFrom } from './holder-directory.js';
import { allowance, decide, unnotedGap } from './limits.js';
import type { ServiceMetrics } from './metrics.js';
import { firstOffset, type RangeAnswer, readRange } from './ranges.js';

/** One version of a file. */
export interface FileVersion extends Validators {
  /** Octets. */
  readonly size: number;
  /** Of the zone; of a bundle the date. */
  readonly serial: string | number | undefined;
  /** @throws when it is not there any more. */
  open(): Promise<ByteSource>;
}

/** A file that a holder may have. */
export interface OfferedFile {
  /** `czds/com`, `bundle/20261122`, `files/com/com.zone.gz`. */
  readonly key: string;
  readonly contentType: string;
  /** The value of Content-Disposition. */
  readonly disposition: string;
  /** Further headers. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Each version may be had once in the time in which others may be had once at all. */
  readonly eachVersion?: boolean;
  /** Labels of the zones whose data it has: the download ends when the holder loses one. */
  readonly zones: readonly string[];
  readonly current: FileVersion;
  /** An older version by its tag; undefined: it is not there (any more). */
  older(etag: string): FileVersion | undefined | Promise<FileVersion | undefined>;
}

export interface Downloads {
  /**
   * The reply to GET or HEAD. Its stream, if it has one, is to be sent and closed.
   *
   * @throws HttpError 412, 416, 429, 503.
   */
  reply(request: Request, holder: Holder, file: OfferedFile): Promise<Reply>;
  /**
   * When a holder began with a file last, and whether it is in the middle of it, as far as is known,
   * or hardly through with it; undefined: it never began.
   */
  begun(
    holder: string,
    key: string,
    now: number,
  ): { readonly began: number; readonly underWay: boolean } | undefined;
  /** Ends the downloads of holders who may no longer have them. */
  recheck(): void;
  /** Ends all. */
  cutAll(why: string): void;
  readonly running: number;
}

export interface DownloadsOptions {
  readonly zfa: ZfaConfig;
  readonly holders: HolderDirectory;
  readonly records: DownloadRecords;
  readonly audit: ServiceAudit;
  /** The audit log can't be written: nothing is handed out. */
  readonly auditFailing: () => boolean;
  readonly metrics: ServiceMetrics;
  readonly clock: () => number;
  readonly warn: (text: string) => void;
}

interface Running {
  readonly holder: string;
  /** The holder's when it began. */
  readonly epoch: number;
  readonly address: string;
  readonly zones: readonly string[];
  readonly cut: (why: string) => void;
}

/** So long after its last octet was sent a client may still ask for what it did not get, seconds. */
const HARDLY = 3600;

/** A version and the part of it to send. */
interface Chosen {
  readonly version: FileVersion;
  readonly range: RangeAnswer;
}

export function createDownloads(options: DownloadsOptions): Downloads {
  const { zfa, holders, records, audit, metrics, clock } = options;
  const running = new Set<Running>();
  /** Records from before may lack what a killed process has not noted. */
  const started = clock();

  /** Why a download must end; undefined: it may go on. */
  const objection = (running: Omit<Running, 'cut'>): string | undefined => {
    const { holder: id, epoch, address, zones } = running;
    const holder = holders.find(id);
    if (holder === undefined || !isActive(holder, clock())) return 'access has ended';
    if (holder.epoch !== epoch) return 'the password is another one now';
    if (!zones.every((zone) => holder.zones.includes(zone))) return 'the zone was taken away';
    return mayComeFrom(holder, address) ? undefined : 'the address is no longer allowed';
  };

  const refuse = (
    request: Request,
    holder: Holder,
    file: OfferedFile,
    reason: RefusalReason,
    error: HttpError,
  ): never => {
    audit.refused({
      reason,
      address: request.address,
      holder: holder.id,
      file: file.key,
      status: error.status,
    });
    throw error;
  };

  /** The version and part that this request is about. */
  const choose = async (request: Request, holder: Holder, file: OfferedFile): Promise<Chosen> => {
    const { range: header, 'if-range': ifRange } = request.headers;
    const { current } = file;
    const whole: Chosen = { version: current, range: { kind: 'whole' } };
    if (header === undefined) return whole;
    const part = (version: FileVersion): Chosen => ({
      version,
      range: readRange(header, version.size),
    });
    const condition = rangeCondition(headerText(ifRange));
    const begun = records.of(holder.id, file.key);
    if (condition.kind === 'none') {
      const last = begun.at(-1);
      if ((firstOffset(header) ?? 0) === 0 || last === undefined || last.etag === current.etag) {
        return part(current);
      }
      const older = await file.older(last.etag);
      // What this client has is of no version that is there: only the whole is not a mix.
      return older === undefined ? whole : part(older);
    }
    if (meetsRangeCondition(condition, current)) return part(current);
    for (const { etag } of begun.toReversed()) {
      if (condition.kind === 'etag' && condition.etag !== etag) continue;
      const older = await file.older(etag);
      if (older !== undefined && meetsRangeCondition(condition, older)) return part(older);
    }
    return whole;
  };

  const open = async (
    request: Request,
    holder: Holder,
    file: OfferedFile,
    chosen: Chosen,
  ): Promise<Reply> => {
    const { version, range } = chosen;
    const { size, etag } = version;
    if (range.kind === 'beyond') {
      throw new HttpError(416, 'this range is not in the file', {
        'Content-Range': `bytes */${size}`,
        ETag: `"${etag}"`,
      });
    }
    const [start, end] = range.kind === 'part' ? [range.start, range.end] : [0, size];
    // Opened before it is counted, and counted in the same turn as it is decided.
    const source = await version.open();
    try {
      const now = clock();
      const resumes = start > 0 || (range.kind === 'part' && 'if-range' in request.headers);
      const all = records.of(holder.id, file.key);
      const begun = file.eachVersion ? all.filter((one) => one.etag === etag) : all;
      const decision = decide(begun, { etag, resumes, octets: end - start }, zfa.limitHours, now);
      if (decision.kind === 'wait') {
        const error = new HttpError(429, 'this file was downloaded; the next time is later', {
          'Retry-After': String(decision.seconds),
        });
        return refuse(request, holder, file, 'limit', error);
      }
      const serial = version.serial === undefined ? undefined : String(version.serial);
      const recorded = { holder: holder.id, file: file.key, etag, serial, size };
      const record = records.open(recorded, decision.kind, now);
      const own = begun.findLast((one) => one.etag === etag);
      if (own !== undefined && own.began < started && end === size) {
        const from = firstOffset(request.headers.range);
        const gap = from === undefined ? undefined : unnotedGap(own.ranges, from);
        if (gap !== undefined) record.fill(gap, now);
      }
      const began = performance.now();
      let bytes = 0;
      let whyCut: string | undefined;
      let entry: Running | undefined;
      metrics.downloadBegun();
      return {
        status: range.kind === 'part' ? 206 : 200,
        headers: {
          ...fileHeaders(file, version),
          'Content-Length': String(end - start),
          ...(range.kind === 'part'
            ? { 'Content-Range': `bytes ${start}-${end - 1}/${size}` }
            : {}),
        },
        stream: {
          source,
          start,
          end,
          started: (cut) => {
            const { id, epoch } = holder;
            const who = { holder: id, epoch, address: request.address, zones: file.zones };
            entry = {
              ...who,
              cut: (why) => {
                whyCut ??= why;
                cut(why);
              },
            };
            running.add(entry);
            // Something may have changed since the request was let in.
            const why = objection(entry);
            if (why !== undefined) entry.cut(why);
          },
          progress: (from, to) => {
            bytes += to - from;
            const sent = record.add(from, to, clock());
            // Also of several at a time that were let in.
            const often = sent > allowance(size) || record.resent > size;
            if (zfa.limitHours > 0 && often) entry?.cut('sent too often');
          },
          finished: (complete) => {
            if (entry !== undefined) running.delete(entry);
            // A file without octets is complete without any being sent.
            if (size === 0) record.fill([0, 0], clock());
            record.release();
            const result = complete ? 'complete' : whyCut === undefined ? 'lost' : 'cut';
            metrics.downloadEnded(result, bytes);
            audit.downloaded({
              holder: holder.id,
              address: request.address,
              file: file.key,
              serial: version.serial,
              size,
              bytes,
              ...(range.kind === 'part' ? { range: `${start}-${end - 1}` } : {}),
              complete,
              whole: record.whole,
              seconds: Math.round(performance.now() - began) / 1000,
              ...(whyCut === undefined ? {} : { cut: whyCut }),
            });
          },
        },
      };
    } catch (error) {
      await source.close();
      throw error;
    }
  };

  return {
    get running() {
      return running.size;
    },
    begun: (holder, key, now) => {
      const last = records.of(holder, key).at(-1);
      if (last === undefined) return undefined;
      const { began, ended } = last;
      return { began, underWay: ended === undefined || now - ended < HARDLY };
    },
    recheck: () => {
      for (const entry of running) {
        const why = objection(entry);
        if (why !== undefined) entry.cut(why);
      }
    },
    cutAll: (why) => {
      for (const entry of running) entry.cut(why);
    },
    reply: async (request, holder, file) => {
      if (options.auditFailing()) {
        const error = new HttpError(503, 'not possible just now', { 'Retry-After': '60' });
        return refuse(request, holder, file, 'unavailable', error);
      }
      const { current } = file;
      const condition = conditionOf(request.headers, current);
      const headers = fileHeaders(file, current);
      if (condition === 'failed') throw new HttpError(412, 'the file is another version');
      if (condition === 'not-modified') {
        const { ETag, 'Last-Modified': modified, 'Cache-Control': cache } = headers;
        return {
          status: 304,
          headers: { ETag, 'Last-Modified': modified, 'Cache-Control': cache },
        };
      }
      if (request.method === 'HEAD') {
        return { status: 200, headers: { ...headers, 'Content-Length': String(current.size) } };
      }
      try {
        const chosen = await choose(request, holder, file);
        return await open(request, holder, file, chosen);
      } catch (error) {
        if (error instanceof HttpError) throw error;
        options.warn(`${file.key} can't be read: ${(error as Error).message}`);
        const failure = new HttpError(503, 'not possible just now', { 'Retry-After': '10' });
        return refuse(request, holder, file, 'unavailable', failure);
      }
    },
  };
}

function fileHeaders(file: OfferedFile, version: FileVersion): Record<string, string> {
  return {
    'Content-Type': file.contentType,
    'Content-Disposition': file.disposition,
    'Last-Modified': httpDate(version.modified),
    ETag: `"${version.etag}"`,
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'private, no-cache, no-transform',
    ...file.headers,
  };
}

function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}
