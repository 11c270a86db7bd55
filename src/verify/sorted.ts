/**
 * Verification of a zone whose text is in another order or layout than ours, or whose faults a
 * single pass can't name: reads it all, sorts it, and walks it in ranges.
 *
 *     file → sorted runs → ranges: walk (walk.ts) → merge (merge.ts)
 *     and if the NSEC3 chain does not fit → ranges: names and records → by hash: compare (chain.ts)
 *
 * This thread only coordinates, and hashes the digest text, which is sequential.
 */

import type { Reporter } from '../cli/output.js';
import { hashToText } from '../denial/nsec3-hash.js';
import { inputError } from '../errors.js';
import { nameFromKey, nameToText } from '../names/name.js';
import { type Reject, readMaster } from '../read/master.js';
import { createPlaces, type Places } from '../read/places.js';
import { sourceSize } from '../read/source.js';
import { TYPE, typeFromText, typeToText } from '../records/types.js';
import { type KeyRange, splitRanges } from '../sort/ranges.js';
import type { Run } from '../sort/run.js';
import { IN_MEMORY, planData, type SpillPlan } from '../sort/spill-plan.js';
import type { Pool, Task } from '../threads/pool.js';
import { type Apex, keyAt, readApex } from './apex.js';
import type { ChainResult, HashFault } from './chain.js';
import { type FaultCode, type FaultCounts, FaultList, type FoundFault } from './faults.js';
import { fingerprintKey, isBalanced } from './fingerprint.js';
import { inOrder } from './in-order.js';
import { createMerge, type Walked } from './merge.js';
import { rangeStart } from './range-start.js';
import { MAX_ERRORS, makeReport, type VerifyReport, type VerifyZoneOptions } from './report.js';
import type { HashRuns, NamedHash, OpenArgs } from './verify.task.js';
import type { RangeResult, WalkMode } from './walk-result.js';

const module = new URL('./verify.task.js', import.meta.url).href;
const task = (name: string): Task => ({ module, name });
const OPEN = task('openVerification');
const WALK = task('walkRange');
const TAKE = task('takeHashes');
const COMPARE = task('compareHashes');
const NAME = task('nameHashes');
const CLOSE = task('closeVerification');

/** Owners in a range. */
const RANGE = 1 << 14;
const NO_KEY = new Uint8Array(0);

let nextJob = 1;

/**
 * Verifies a zone by sorting it.
 *
 * @param text the text of `options.source`.
 * @param isOurs does the text begin in our layout, which promises canonical order?
 * @param begin when the verification began (performance.now).
 */
export async function verifySorted(
  pool: Pool,
  options: VerifyZoneOptions,
  text: AsyncIterable<Uint8Array>,
  isOurs: boolean,
  begin: number,
): Promise<VerifyReport> {
  const { zone, reporter } = options;
  const maxErrors = options.maxErrors ?? MAX_ERRORS;
  const tolerated = options.tolerate ?? [];
  const faults = new FaultList(zone, maxErrors, tolerated);
  reporter?.stage('read');
  const { runs, places, records, octets, order } = await readZone(
    pool,
    options,
    text,
    isOurs,
    faults,
  );
  const read = (performance.now() - begin) / 1000;
  reporter?.done(`${records} records`);

  reporter?.stage('verify');
  const { now, engine = 'openssl', signers } = options;
  const apex = readApex(
    runs,
    { apex: zone, now, engine, maxErrors, tolerated, signers, fingerprintKey: fingerprintKey() },
    faults,
  );
  const spill = planData(options.spill ?? IN_MEMORY);
  const run = createVerification(
    pool,
    runs,
    spill,
    apex,
    faults,
    options.rangeOwners ?? RANGE,
    reporter,
  );
  const walked = apex.serial === undefined ? undefined : await run.verify();
  reporter?.done();
  const total = (performance.now() - begin) / 1000;
  const seconds = { total, read };
  return makeReport(options, { apex, walked, faults, places, records, octets, order, seconds });
}

// ---- reading -----------------------------------------------------------------------------

interface ReadZone {
  readonly runs: readonly Run[];
  readonly places: Places;
  readonly records: number;
  readonly octets: number;
  readonly order: VerifyReport['order'];
}

async function readZone(
  pool: Pool,
  options: VerifyZoneOptions,
  text: AsyncIterable<Uint8Array>,
  isOurs: boolean,
  faults: FaultList,
): Promise<ReadZone> {
  const { source, zone, reporter } = options;
  const size = await sourceSize(source);
  const chunkFiles: string[] = [];
  const chunkLines: number[] = [];
  const inner = createPlaces();
  const places: Places = {
    ...inner,
    add(file) {
      const chunk = inner.add(file);
      chunkFiles[chunk] = file;
      return chunk;
    },
    setLine(chunk, line) {
      inner.setLine(chunk, line);
      chunkLines[chunk] = line;
    },
  };
  let stranger = '';
  let disorder: { readonly file: string; readonly line: number } | undefined;
  const { runs, records, octets } = await readMaster(source, {
    apex: zone,
    dropDnssec: false,
    pool,
    spill: options.spill,
    places,
    source: text,
    reject: (reject) => {
      const { file, line, field, reason, text } = reject;
      if (field === 'owner' && reason === 'is not in the zone') {
        stranger = outOfZone(faults, stranger, reject);
        return;
      }
      throw inputError(reason, { place: { file, line, field }, text });
    },
    disorder: (place) => {
      disorder = place;
    },
    progress: (done) => reporter?.progress(done, size, 'octets'),
  });
  if (records === 0 && faults.seen > 0) {
    throw inputError(`none of its records is in the zone ${nameToText(zone)}`, {
      place: { file: source },
      hint: 'Is --zone right?',
    });
  }
  let order: VerifyReport['order'] = 'canonical';
  if (disorder !== undefined) {
    const { file, line } = disorder;
    const chunk = chunkLines.findLastIndex((first, c) => chunkFiles[c] === file && first <= line);
    const key = keyAt(runs, chunk, line - (chunkLines[chunk] ?? 1) + 1);
    // The apex comes again at the end of the holders' copy: the repeated SOA.
    if (key === undefined || key.length > 0) {
      order = 'other';
      if (isOurs) {
        faults.push({
          fault: 'wrong-order',
          owner: key === undefined ? '' : nameToText(nameFromKey(key, zone)),
          type: 'ANY',
          message: 'the owner is not in canonical order (RFC 4034 section 6.1)',
          chunk,
          line: line - (chunkLines[chunk] ?? 1) + 1,
        });
      }
    }
  }
  return { runs, places, records, octets, order };
}

/** The parser has put a record aside because its owner is not in the zone: `owner` is the one of
 * the record before, for a record that leaves it out. Returns the owner. */
function outOfZone(faults: FaultList, owner: string, reject: Reject): string {
  const [first, ...fields] = reject.text.split(/\s+/);
  const bytes = (field: string): Uint8Array => new TextEncoder().encode(field);
  const type = fields
    .filter((field) => !/^(?:\d.*|in)$/i.test(field))
    .map((field) => typeFromText(bytes(field), 0, bytes(field).length))
    .find((number) => number > 0);
  const own = first === '' ? owner : first.toLowerCase();
  faults.push({
    fault: 'out-of-zone',
    owner: own,
    type: type === undefined ? 'ANY' : typeToText(type),
    message: 'the owner is not in the zone',
    chunk: -1,
    line: reject.line ?? -1,
    file: reject.file,
  });
  return own;
}

// ---- the walks -----------------------------------------------------------------------------

function createVerification(
  pool: Pool,
  runs: readonly Run[],
  spill: SpillPlan,
  apex: Apex,
  faults: FaultList,
  rangeOwners: number,
  reporter: Reporter | undefined,
) {
  const job = nextJob++;
  const { context, zonemd } = apex;
  const { maxErrors } = context;
  const window = pool.slots * 3;

  const walkAll = async (
    ranges: readonly KeyRange[],
    mode: WalkMode,
    take: (result: RangeResult) => void,
  ): Promise<void> => {
    await inOrder(
      ranges.length,
      window,
      (i) => pool.run<RangeResult>(WALK, { job, range: ranges[i], mode }),
      take,
    );
  };

  const takeHashes = async (): Promise<{ expected: Run[]; actual: Run[] }> => {
    const parts = await pool.runInAll<HashRuns>(TAKE, { job });
    return {
      expected: parts.flatMap((part) => part.expected),
      actual: parts.flatMap((part) => part.actual),
    };
  };

  const compare = async (
    expected: readonly Run[],
    actual: readonly Run[],
  ): Promise<ChainResult> => {
    const found: HashFault[] = [];
    const counts: FaultCounts = {};
    let extra = 0;
    const ranges = splitRanges([...expected, ...actual], rangeOwners * 4);
    await inOrder(
      ranges.length,
      window,
      (i) =>
        pool.run<ChainResult>(COMPARE, { expected, actual, range: ranges[i], limit: maxErrors }),
      (result) => {
        extra += result.extra;
        for (const fault of result.faults) {
          if (counts[fault.fault] === undefined || found.length < maxErrors) found.push(fault);
        }
        for (const [code, n] of Object.entries(result.counts)) {
          counts[code as FaultCode] = (counts[code as FaultCode] ?? 0) + n;
        }
      },
    );
    return { faults: found, counts, extra };
  };

  /** Finds the names behind hashes; only broken zones come here. */
  const nameHashes = async (
    ranges: readonly KeyRange[],
    found: readonly HashFault[],
  ): Promise<(Uint8Array | undefined)[]> => {
    const names: (Uint8Array | undefined)[] = found.map(() => undefined);
    if (found.length === 0) return names;
    const hashes = new Uint8Array(found.length * 20);
    found.forEach(({ hash }, i) => {
      hashes.set(hash, i * 20);
    });
    await inOrder(
      ranges.length,
      window,
      (i) => pool.run<NamedHash[]>(NAME, { job, range: ranges[i], hashes }),
      (some) => {
        for (const { index, key } of some) names[index] = key;
      },
    );
    return names;
  };

  /** Holds all names against all records, to name the faults. */
  const checkHashes = async (ranges: readonly KeyRange[], withMay: boolean): Promise<void> => {
    await walkAll(ranges, withMay ? 'all' : 'must', () => undefined);
    const { expected, actual } = await takeHashes();
    let result = await compare(expected, actual);
    if (!withMay && result.extra > 0) {
      // Some records belong to names that may be left out of the chain: look at those, too.
      await walkAll(ranges, 'may', () => undefined);
      const more = await takeHashes();
      result = await compare([...expected, ...more.expected], actual);
    }
    const names = await nameHashes(ranges, result.faults);
    const found = result.faults.map(({ fault, hash, message, chunk, line }, i): FoundFault => {
      const name = fault === 'extra-nsec3' ? undefined : names[i];
      const owner =
        name === undefined
          ? hashOwner(hash, context.apex)
          : nameToText(nameFromKey(name, context.apex));
      return { fault, owner, type: 'NSEC3', message, chunk, line };
    });
    faults.merge({ found, counts: result.counts });
  };

  const verify = async (): Promise<Walked> => {
    const opened = await pool.runInAll<(string | undefined)[]>(OPEN, {
      job,
      context,
      runs,
      spill,
    } satisfies OpenArgs);
    for (const message of opened[0] ?? []) {
      if (message !== undefined) faults.add('bad-dnskey', NO_KEY, 0, 0, TYPE.DNSKEY, message);
    }
    const ranges = splitRanges(runs, rangeOwners, (key) => rangeStart(runs, key));
    const merge = createMerge(context, zonemd, faults);
    // In an opt-out chain insecure names need not be hashed, as long as all flags say so.
    const { optOut } = context;
    let done = 0;
    await walkAll(ranges, optOut ? 'check' : 'check-all', (result) => {
      merge.join(result);
      merge.tally(result);
      reporter?.progress(++done, ranges.length, 'ranges');
    });
    if (context.chain !== undefined) {
      const mixed = optOut && merge.counts.notOptOut > 0;
      if (mixed || !isBalanced(merge.fingerprint)) await checkHashes(ranges, mixed || !optOut);
    }
    return merge.finish(zonemd);
  };

  return {
    verify: async (): Promise<Walked> => {
      try {
        return await verify();
      } finally {
        await pool.runInAll(CLOSE, { job });
      }
    },
  };
}

/** The owner that an NSEC3 of this hash has. */
function hashOwner(hash: Uint8Array, apex: Uint8Array): string {
  const text = new Uint8Array(32);
  hashToText(hash, 0, text, 0);
  const label = new TextDecoder('latin1').decode(text);
  return `${label}.${apex.length === 1 ? '' : nameToText(apex)}`;
}
