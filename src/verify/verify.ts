/**
 * Full validation of a signed zone (04-dnssec, Verification), written apart from the signer: it
 * shares names, wire forms, parsing and sorting with it, not signing, chain or selection.
 *
 * A file in our own layout and canonical order is verified in one pass, in memory that does not
 * grow with the zone (stream.ts); so is a zone while it is being written. Any other file is
 * sorted first (sorted.ts), and so is one in which a single pass finds what it can't name.
 *
 * Limitations: of several NSEC3 chains (RFC 5155 §10.4) the first that NSEC3PARAM announces is
 * followed; records of the others are only verified. Where one name below the zone's has more than
 * 16 MiB of records below it, the file is sorted.
 */

import { tmpdir } from 'node:os';
import { openSource, sourceSize } from '../read/source.js';
import { createPool, type Pool } from '../threads/pool.js';
import { isOurLayout, LAYOUT_SAMPLE } from './layout.js';
import { createPartCutter } from './part-cut.js';
import { makeReport, type VerifyReport, type VerifyZoneOptions } from './report.js';
import { verifySorted } from './sorted.js';
import { type Spool, spool } from './spool.js';
import { openZoneStream, type ZoneStream } from './stream.js';

export type { VerifyCounts, VerifyReport, VerifyZoneOptions } from './report.js';

/** Files smaller than this are verified in this thread: threads would cost more. */
const SMALL = 4 << 20;
/** Octets of a part. */
const PART = 1 << 20;
/** Octets of the first part, which this thread reads for the apex before others can begin. */
const FIRST_PART = 1 << 16;
/** A part that does not end in this many times its size makes the file be sorted. */
const MAX_PARTS = 16;

/**
 * Validates a signed zone file.
 *
 * @throws ZonewrightError (exit 3) for a file that can't be read or parsed. Faults of the zone
 *   are in the report, never thrown.
 */
export async function verifyZone(options: VerifyZoneOptions): Promise<VerifyReport> {
  if (options.pool !== undefined) return verifyWith(options.pool, options);
  const size = await sourceSize(options.source);
  const pool = createPool(size !== undefined && size < SMALL ? 0 : options.threads);
  try {
    return await verifyWith(pool, options);
  } finally {
    await pool.close();
  }
}

/** Verifies a zone that is given in parts while it is being written. */
export interface ZoneVerifier {
  /**
   * Takes the next part of the text, in the order of the file. The first begins with the apex and
   * has all of it; each later one begins at or below a name one label below the zone's that
   * differs from that of the owner before (delegations are never split then). Parts of about 1 MiB are best.
   *
   * @param give the text's memory may move to another thread: the caller is done with it.
   * @returns when the next part may come.
   */
  feed(text: Uint8Array, give?: boolean): Promise<void>;
  /**
   * Gives the first part as it stands in the file in the end. Its ZONEMD record and the signatures
   * of that may differ from what was fed first (there, well-formed records of the same length
   * must hold their place); all of it is verified again. Call it after the last `feed`.
   */
  replaceFirst(text: Uint8Array): Promise<void>;
  /**
   * Ends the verification. What one pass can't tell is looked up in `source`: there the whole text
   * must stand now.
   */
  finish(): Promise<VerifyReport>;
  /** Gives the verification up; to be called when `finish` is not. */
  abandon(): Promise<void>;
}

/**
 * Begins a verification of text that is yet to come.
 *
 * @param options as for {@link verifyZone}; `source` names the file in which the text will stand.
 */
export function createZoneVerifier(
  options: VerifyZoneOptions & { readonly pool: Pool },
): ZoneVerifier {
  const begin = performance.now();
  const { pool, source } = options;
  const stream = openZoneStream(pool, options);
  return {
    feed: (text, give = false) => stream.feed(text, give),
    replaceFirst: (text) => stream.replaceFirst(text),
    async finish() {
      const report = await endStream(stream, options, begin, begin);
      return report ?? verifySorted(pool, options, openSource(source), true, begin);
    },
    abandon: () => stream.close(),
  };
}

async function verifyWith(pool: Pool, options: VerifyZoneOptions): Promise<VerifyReport> {
  const begin = performance.now();
  const { source } = options;
  const size = await sourceSize(source);
  const input =
    size === undefined ? spool(openSource(source), options.tmpDir ?? tmpdir()) : fileTwice(source);
  try {
    const head = await readHead(input.text);
    const isOurs = isOurLayout(head.sample);
    if (isOurs && options.rangeOwners === undefined) {
      const report = await verifyStream(pool, options, head.pieces, input.text, size, begin);
      if (report !== undefined) return report;
    }
    await input.text.return(undefined);
    return await verifySorted(pool, options, input.again(), isOurs, begin);
  } finally {
    await input.close();
  }
}

/** A file, which can be read as often as one likes. */
function fileTwice(path: string): Spool {
  const text = openSource(path);
  return {
    text,
    again: () => openSource(path),
    close: async () => {
      await text.return(undefined);
    },
  };
}

/** Reads as much as shows the layout. */
async function readHead(
  text: AsyncGenerator<Uint8Array>,
): Promise<{ readonly pieces: readonly Uint8Array[]; readonly sample: Uint8Array }> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  while (length < LAYOUT_SAMPLE) {
    const next = await text.next();
    if (next.done === true) break;
    pieces.push(next.value);
    length += next.value.length;
  }
  return { pieces, sample: pieces.length === 1 ? pieces[0] : Buffer.concat(pieces) };
}

/** Verifies in one pass. @returns undefined when that is not enough. */
async function verifyStream(
  pool: Pool,
  options: VerifyZoneOptions,
  head: readonly Uint8Array[],
  rest: AsyncGenerator<Uint8Array>,
  size: number | undefined,
  begin: number,
): Promise<VerifyReport | undefined> {
  const { zone, reporter, partOctets = PART, firstPartOctets = FIRST_PART } = options;
  const cutter = createPartCutter(zone, partOctets, firstPartOctets);
  const stream = openZoneStream(pool, options);
  const limit = Math.max(MAX_PARTS * partOctets, FIRST_PART);
  reporter?.stage('verify');
  let octets = 0;
  const push = async (piece: Uint8Array): Promise<boolean> => {
    octets += piece.length;
    for (const part of cutter.push(piece)) await stream.feed(part, true);
    reporter?.progress(octets, size, 'octets');
    return stream.exact() === undefined && cutter.held() <= limit;
  };
  let read = begin;
  try {
    for (const piece of head) if (!(await push(piece))) return undefined;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
      if (!(await push(next.value))) return undefined;
    }
    read = performance.now();
    await stream.feed(cutter.rest(), true, true);
    return await endStream(stream, options, begin, read);
  } finally {
    await stream.close();
    reporter?.done();
  }
}

/** Ends a pass and makes the report. @returns undefined when one pass is not enough. */
async function endStream(
  stream: ZoneStream,
  options: VerifyZoneOptions,
  begin: number,
  read: number,
): Promise<VerifyReport | undefined> {
  const findings = await stream.finish().finally(() => stream.close());
  if (findings === undefined) return undefined;
  const seconds = { total: (performance.now() - begin) / 1000, read: (read - begin) / 1000 };
  return makeReport(options, { ...findings, seconds });
}
