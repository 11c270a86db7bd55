/**
 * Conditions of requests on what a file is now (RFC 9110 §13). Pure; for GET and HEAD.
 */

import type { IncomingHttpHeaders } from 'node:http';

/** What a file is, for comparing. */
export interface Validators {
  /** Strong, without quotes. */
  readonly etag: string;
  /** Seconds since 1970. */
  readonly modified: number;
}

export type Condition = 'send' | 'not-modified' | 'failed';

/** The answer to If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since, in this order. */
export function conditionOf(headers: IncomingHttpHeaders, file: Validators): Condition {
  const match = headers['if-match'];
  const unmodified = dateOf(headers['if-unmodified-since']);
  if (match !== undefined) {
    if (!listed(match, file.etag, true)) return 'failed';
  } else if (unmodified !== undefined && file.modified > unmodified) {
    return 'failed';
  }
  const noneMatch = headers['if-none-match'];
  if (noneMatch !== undefined) return listed(noneMatch, file.etag, false) ? 'not-modified' : 'send';
  const since = dateOf(headers['if-modified-since']);
  return since !== undefined && file.modified <= since ? 'not-modified' : 'send';
}

/** What If-Range names: a version by its tag or by its date. */
export type RangeCondition =
  | { readonly kind: 'none' }
  | { readonly kind: 'etag'; readonly etag: string }
  | { readonly kind: 'date'; readonly modified: number }
  /** Something that no version can equal: a weak tag, a text that is neither. */
  | { readonly kind: 'never' };

export function rangeCondition(header: string | undefined): RangeCondition {
  if (header === undefined) return { kind: 'none' };
  const etag = /^\s*"([\x21\x23-\x7e]*)"\s*$/.exec(header)?.[1];
  if (etag !== undefined) return { kind: 'etag', etag };
  const modified = dateOf(header);
  return modified === undefined ? { kind: 'never' } : { kind: 'date', modified };
}

/** Is this version the one that If-Range names? (Dates must be the same: RFC 9110 §13.1.5.) */
export function meetsRangeCondition(condition: RangeCondition, file: Validators): boolean {
  if (condition.kind === 'none') return true;
  if (condition.kind === 'etag') return condition.etag === file.etag;
  return condition.kind === 'date' && condition.modified === file.modified;
}

function listed(header: string, etag: string, strong: boolean): boolean {
  if (header.trim() === '*') return true;
  for (const [, weak, tag] of header.matchAll(/(W\/)?"([^"]*)"/g)) {
    if (tag === etag && !(strong && weak !== undefined)) return true;
  }
  return false;
}

/** Seconds since 1970 of an HTTP date; undefined: none. */
function dateOf(header: string | undefined): number | undefined {
  if (header === undefined || !/^\s*[A-Z][a-z]{2,8}[, ]/.test(header)) return undefined;
  const time = Date.parse(header);
  return Number.isNaN(time) ? undefined : Math.floor(time / 1000);
}

/** @example httpDate(0) // 'Thu, 01 Jan 1970 00:00:00 GMT' */
export function httpDate(seconds: number): string {
  return new Date(seconds * 1000).toUTCString();
}
