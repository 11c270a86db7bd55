/**
 * Verification in one pass, in memory that does not grow with the zone: of text in our layout and
 * in canonical order, as it is read or as it is written.
 *
 *     text → parts (part-cut.ts) → read (part-reader.ts) and walk (walk.ts) → merge (merge.ts)
 *
 * Each part is read and walked by one thread at once. This thread takes the answers in order,
 * and hashes the digest text. What one pass can't tell, it does not guess: then `exact` says why,
 * and the zone is verified by sorting it (sorted.ts). That is so when
 *
 * - the order is broken, a line is not in our layout or a record can't be used;
 * - the NSEC3 chain does not fit (fingerprint.ts): to name the faults, both sides are needed;
 * - the apex does not stand whole in the first part, or says not enough about the denial.
 */

import { compareBytes, equalBytes } from '../names/name.js';
import { MasterParser, UNKNOWN } from '../read/master-parser.js';
import { createPlaces } from '../read/places.js';
import { EntryWriter } from '../records/entry.js';
import { TYPE } from '../records/types.js';
import { type Run, sortRun } from '../sort/run.js';
import type { Pool, Task } from '../threads/pool.js';
import { type Apex, readApex } from './apex.js';
import type { VerifyContext } from './context.js';
import { FaultList } from './faults.js';
import { fingerprintKey, isBalanced } from './fingerprint.js';
import { createMerge, type Merge } from './merge.js';
import { type Findings, MAX_ERRORS, type VerifyZoneOptions } from './report.js';
import type { PartAnswer, PartArgs } from './stream.task.js';

const module = new URL('./stream.task.js', import.meta.url).href;
const OPEN: Task = { module, name: 'openStream' };
const PART: Task = { module, name: 'walkPart' };
const CLOSE: Task = { module, name: 'closeStream' };

const NO_KEY = new Uint8Array(0);
/** Parts under way for each thread. */
const DEPTH = 3;

let nextJob = 1;

export interface ZoneStream {
  /**
   * Takes the next part, in the order of the file. The first begins with the apex and has all of
   * it; each later one begins with another name one label below the zone's, or with a name under
   * another one (see part-cut.ts).
   *
   * @param give the text's memory may move to another thread: the caller is done with it.
   * @param final no part follows.
   * @returns when the next part may come, so that not too many wait.
   */
  feed(text: Uint8Array, give: boolean, final?: boolean): Promise<void>;
  /**
   * Gives the first part as it stands in the file in the end, when that was not known at first:
   * its ZONEMD record and the signatures of that may differ from what was fed, and all of it is
   * verified again. Call it after the last `feed`.
   */
  replaceFirst(text: Uint8Array): Promise<void>;
  /** Why the zone must be verified by sorting it; then nothing more needs to be fed. */
  exact(): string | undefined;
  /** Ends the pass. @returns undefined when the zone must be verified by sorting it. */
  finish(): Promise<Omit<Findings, 'seconds'> | undefined>;
  /** Forgets the job in all threads; to be called in any case. */
  close(): Promise<void>;
}

/** Begins a verification in one pass. */
export function openZoneStream(pool: Pool, options: VerifyZoneOptions): ZoneStream {
  const { zone, now, engine = 'openssl', source, signers } = options;
  const maxErrors = options.maxErrors ?? MAX_ERRORS;
  const tolerated = options.tolerate ?? [];
  const apexOptions = {
    apex: zone,
    now,
    engine,
    maxErrors,
    tolerated,
    signers,
    fingerprintKey: fingerprintKey(),
  };
  const newFaults = (): FaultList => new FaultList(zone, maxErrors, tolerated);
  const job = nextJob++;
  const places = createPlaces();
  const pending: Array<{ readonly chunk: number; readonly answer: Promise<PartAnswer> }> = [];

  let why: string | undefined;
  let opened = false;
  let apex: Apex | undefined;
  let apexFaults = newFaults();
  const keyFaults = newFaults();
  /** Faults of all parts but the first, which may be replaced. */
  const faults = newFaults();
  let merge: Merge | undefined;
  let first: PartAnswer | undefined;
  let records = 0;
  let octets = 0;
  let line = 1;
  let last: Uint8Array | undefined;
  let taken = 0;
  /** Was the first part all of it? */
  let single = false;
  /** The first line, if it is the SOA. */
  let soaLine = NO_KEY;

  const giveUp = (reason: string): void => {
    why ??= reason;
  };

  /** Reads the apex in the first part. */
  const learn = (text: Uint8Array, whole: boolean, into: FaultList): Apex | undefined => {
    const run = runOf(text, zone);
    if (run === undefined) return undefined;
    const found = readApex([run], apexOptions, into, whole);
    return found.certainty === 'unknown' || found.serial === undefined ? undefined : found;
  };

  const begin = async (text: Uint8Array, whole: boolean): Promise<void> => {
    single = whole;
    soaLine = firstLine(text);
    apex = learn(text, whole, apexFaults);
    if (apex === undefined) {
      giveUp('the beginning does not say enough about the zone');
      return;
    }
    const { context, zonemd } = apex;
    merge = createMerge(context, zonemd, faults);
    opened = true;
    const wrong = await pool.runInAll<readonly (string | undefined)[]>(OPEN, { job, context });
    for (const message of wrong[0] ?? []) {
      if (message !== undefined) keyFaults.add('bad-dnskey', NO_KEY, 0, 0, TYPE.DNSKEY, message);
    }
  };

  const walk = (text: Uint8Array, chunk: number, give: boolean, final: boolean) => {
    const args: PartArgs = { job, text, chunk, final };
    const { buffer } = text;
    const moves = give && buffer instanceof ArrayBuffer;
    const answer = pool.run<PartAnswer>(PART, args, moves ? [buffer] : []);
    // A failure is seen when its turn comes.
    answer.catch(() => undefined);
    return answer;
  };

  const takeOldest = async (): Promise<void> => {
    const head = pending[0];
    if (head === undefined) return;
    const answer = await head.answer;
    pending.shift();
    if (why !== undefined) return;
    const { text, result } = answer;
    if (text.deviation !== undefined) {
      giveUp(text.deviation);
      return;
    }
    if (taken > 0 && text.first !== undefined && !follows(text.first, last)) {
      giveUp('the order of the parts is broken');
      return;
    }
    places.setLine(head.chunk, line);
    line += text.lines;
    records += text.records;
    last = text.last ?? last;
    merge?.join(result);
    if (taken === 0) first = answer;
    else merge?.tally(result);
    taken++;
  };

  const settle = async (): Promise<void> => {
    while (pending.length > 0) await takeOldest();
  };

  return {
    async feed(text, give, final = false) {
      if (why !== undefined) return;
      if (apex === undefined) await begin(text, final);
      if (why !== undefined) return;
      octets += text.length;
      let part = text;
      if (final && endsInLine(text, soaLine)) {
        // The holders' copy repeats the SOA as its last line, as zone transfers do.
        part = text.subarray(0, text.length - soaLine.length);
        records++;
      }
      const chunk = places.add(source === '-' ? '(standard input)' : source);
      pending.push({ chunk, answer: walk(part, chunk, give, final) });
      while (pending.length > pool.slots * DEPTH) await takeOldest();
    },

    async replaceFirst(text) {
      await settle();
      if (why !== undefined || first === undefined || apex === undefined) return;
      const before = apex;
      apexFaults = newFaults();
      apex = learn(text, single, apexFaults);
      const answer = await walk(text, 0, false, false);
      const old = first;
      first = answer;
      if (
        apex === undefined ||
        answer.text.deviation !== undefined ||
        answer.text.lines !== old.text.lines ||
        answer.text.records !== old.text.records ||
        !sameHashes(apex, before) ||
        !sameDigestText(old, answer)
      ) {
        giveUp('the beginning has changed beyond ZONEMD');
      }
    },

    exact: () => why,

    async finish() {
      await settle();
      if (why !== undefined || apex === undefined || merge === undefined || first === undefined) {
        return undefined;
      }
      const { context, zonemd } = apex;
      const all = apexFaults;
      all.merge(keyFaults);
      const { result } = first;
      const early = newFaults();
      merge.tally({ ...result, faults: { found: [], counts: {} } });
      early.merge(result.faults);
      all.merge(early);
      const walked = merge.finish(zonemd);
      all.merge(faults);
      why = doubt(apex, context, merge, all);
      if (why !== undefined) return undefined;
      return { apex, walked, faults: all, places, records, octets, order: 'canonical' };
    },

    async close() {
      await Promise.allSettled(pending.map(({ answer }) => answer));
      if (opened) await pool.runInAll(CLOSE, { job });
    },
  };
}

/** Why a pass without deviation may still not tell all. */
function doubt(
  apex: Apex,
  context: VerifyContext,
  merge: Merge,
  faults: FaultList,
): string | undefined {
  if (context.chain !== undefined) {
    if (context.optOut && merge.counts.notOptOut > 0) return 'the opt-out flags differ';
    if (!isBalanced(merge.fingerprint)) return 'the NSEC3 chain does not fit the names';
  }
  if (apex.certainty === 'assumed' && (faults.seen > 0 || merge.counts.nsec3 === 0)) {
    return 'the beginning shows no NSEC3 record, and there are faults';
  }
  return undefined;
}

/**
 * Does a part with this first owner follow one with that last owner, and begin where it may: with
 * another name one label below the zone's? Then no cut and no name above is in the part before.
 */
function follows(first: Uint8Array, last: Uint8Array | undefined): boolean {
  const end = first.indexOf(0) + 1;
  if (end === 0) return false;
  return last === undefined || compareBytes(last, 0, last.indexOf(0) + 1, first, 0, end) < 0;
}

/** The first line with its line feed, if it is an SOA record. */
function firstLine(text: Uint8Array): Uint8Array<ArrayBuffer> {
  const line = new Uint8Array(text.subarray(0, text.indexOf(0x0a) + 1));
  return Buffer.from(line).includes('\tsoa\t') ? line : NO_KEY;
}

/** Is the last line this one, and not the only one? */
function endsInLine(text: Uint8Array, line: Uint8Array): boolean {
  const from = text.length - line.length;
  if (line.length === 0 || from <= 0 || text[from - 1] !== 0x0a) return false;
  return equalBytes(text.subarray(from), line);
}

/** Do both apexes ask for the same digests? */
function sameHashes(a: Apex, b: Apex): boolean {
  return a.zonemd.map(({ hash }) => hash).join() === b.zonemd.map(({ hash }) => hash).join();
}

/** Is all the same but what RFC 8976 §3.3.1 leaves out of the digest? */
function sameDigestText(a: PartAnswer, b: PartAnswer): boolean {
  const one = a.result.digest;
  const other = b.result.digest;
  return one !== undefined && other !== undefined && equalBytes(one, other);
}

/** The records of a part as a sorted run; undefined when the parser does not take all of it. */
function runOf(text: Uint8Array, apex: Uint8Array): Run | undefined {
  const writer = new EntryWriter();
  let rejected = false;
  const parser = new MasterParser(
    { apex, dropDnssec: false },
    {
      writer,
      reject: () => {
        rejected = true;
      },
    },
  );
  const state = { origin: apex, ttl: -1, lastTtl: UNKNOWN, owner: null };
  const { consumed } = parser.parse(text, 0, state, true);
  return rejected || consumed !== text.length ? undefined : sortRun(writer);
}
