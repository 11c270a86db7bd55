/**
 * Full validation of a signed zone (04-dnssec, Verification), written apart from the signer: it
 * shares names, wire forms, parsing and sorting with it, not signing, chain or selection.
 *
 *     file → sorted runs → ranges: walk (walk.ts) → faults, ends of chains, digest text, hashes
 *                                                → ranges of hashes: compare (chain.ts)
 *
 * This thread only coordinates, and hashes the digest text, which is sequential.
 *
 * Limitations: the sorted records are held in memory. Of several NSEC3 chains (RFC 5155 §10.4)
 * the first that NSEC3PARAM announces is followed; records of the others are only verified.
 */

import { createHash } from 'node:crypto';
import type { Reporter } from '../cli/output.js';
import { hashToText } from '../denial/nsec3-hash.js';
import { inputError } from '../errors.js';
import { compareBytes, equalBytes, nameFromKey, nameToText, zoneLabel } from '../names/name.js';
import { type Reject, readMaster } from '../read/master.js';
import { createPlaces, type Places } from '../read/places.js';
import { openSource, sourceSize } from '../read/source.js';
import { TYPE, typeFromText, typeToText } from '../records/types.js';
import type { EngineName } from '../sign/engine-types.js';
import { type KeyRange, splitRanges } from '../sort/ranges.js';
import type { Run } from '../sort/run.js';
import type { SpillPlan } from '../sort/spill-plan.js';
import { createPool, type Pool, type Task } from '../threads/pool.js';
import { type Apex, keyAt, readApex } from './apex.js';
import type { ChainResult, HashFault } from './chain.js';
import type { VerifyContext } from './context.js';
import { type ChainEnds, nsec3Message, nsecMessage } from './denial.js';
import {
  type Fault,
  type FaultCode,
  type FaultCounts,
  FaultList,
  type FoundFault,
} from './faults.js';
import { inOrder } from './in-order.js';
import { dsFaults } from './trust.js';
import type { HashRuns, NamedHash, OpenArgs } from './verify.task.js';
import { addCounts, type RangeResult, rangeStart, type WalkCounts, type WalkMode } from './walk.js';

const module = new URL('./verify.task.js', import.meta.url).href;
const task = (name: string): Task => ({ module, name });
const OPEN = task('openVerification');
const WALK = task('walkRange');
const TAKE = task('takeHashes');
const COMPARE = task('compareHashes');
const NAME = task('nameHashes');
const CLOSE = task('closeVerification');

/** Files smaller than this are verified in this thread: threads would cost more. */
const SMALL = 4 << 20;
/** Owners in a range. */
const RANGE = 1 << 14;
/** Octets at the beginning of a file that show its layout. */
const LAYOUT_SAMPLE = 1 << 16;
const NO_KEY = new Uint8Array(0);

let nextJob = 1;

export interface VerifyZoneOptions {
  /** Path of the zone file (also .gz), or `-`. */
  readonly source: string;
  /** The zone's name, lower-case wire form. */
  readonly zone: Uint8Array;
  /** Seconds since 1970. */
  readonly now: number;
  /** RDATA of the parent's DS records, which must lead to a key. */
  readonly ds?: readonly Uint8Array[] | undefined;
  /** Faults to report; all are counted. Default 100. */
  readonly maxErrors?: number | undefined;
  /** Codes of faults that don't make the zone bad, e.g. `missing-glue`; they are counted. */
  readonly tolerate?: readonly FaultCode[] | undefined;
  readonly engine?: EngineName | undefined;
  /** Runs the tasks; without it a pool of `threads` is opened for this verification. */
  readonly pool?: Pool | undefined;
  readonly threads: number;
  /** Bounds what is held in memory; without it nothing does. */
  readonly spill?: SpillPlan | undefined;
  /** Owners that a thread walks at a time; the default suits all but tests. */
  readonly rangeOwners?: number | undefined;
  readonly reporter?: Reporter | undefined;
}

export interface VerifyCounts {
  readonly records: number;
  readonly rrsets: number;
  readonly signatures: number;
  readonly delegations: number;
  readonly secureDelegations: number;
  readonly glue: number;
  readonly nsec: number;
  readonly nsec3: number;
  /** Octets of the file, unpacked. */
  readonly octets: number;
}

export interface VerifyReport {
  readonly ok: boolean;
  /** As in file names: without final dot. */
  readonly zone: string;
  readonly serial: number | undefined;
  /** At most `maxErrors`, without those of tolerated codes. */
  readonly faults: readonly Fault[];
  /** All faults, without those of tolerated codes. */
  readonly faultCount: number;
  /** How many there are of each code, and the first of each; tolerated codes, too. */
  readonly faultsByCode: FaultCounts;
  readonly examples: readonly Fault[];
  readonly warnings: readonly string[];
  readonly counts: VerifyCounts;
  readonly denial: VerifyContext['denial'];
  /** The owners' order: canonical, or another one that the file's layout does not promise. */
  readonly order: 'canonical' | 'other';
  /** Was there a ZONEMD that could be checked? */
  readonly zonemd: boolean;
  /** When the first signature expires, seconds since 1970; undefined without signatures. */
  readonly earliestExpiration: number | undefined;
  /** Tags of the keys that sign the DNSKEY RRset. */
  readonly dnskeySigners: readonly number[];
  readonly seconds: { readonly total: number; readonly read: number };
}

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

async function verifyWith(pool: Pool, options: VerifyZoneOptions): Promise<VerifyReport> {
  const begin = performance.now();
  const { zone, reporter } = options;
  const maxErrors = options.maxErrors ?? 100;
  const tolerated = options.tolerate ?? [];
  const faults = new FaultList(zone, maxErrors, tolerated);
  reporter?.stage('read');
  const { runs, places, records, octets, order } = await readZone(pool, options, faults);
  const read = (performance.now() - begin) / 1000;
  reporter?.done(`${records} records`);

  reporter?.stage('verify');
  const apex = readApex(
    runs,
    { apex: zone, now: options.now, engine: options.engine ?? 'openssl', maxErrors, tolerated },
    faults,
  );
  const run = createVerification(pool, runs, apex, faults, options.rangeOwners ?? RANGE, reporter);
  const walked = apex.serial === undefined ? undefined : await run.verify();
  if (walked !== undefined) checkTrust(apex, walked, options.ds, faults);
  reporter?.done();

  const total = (performance.now() - begin) / 1000;
  const counts = walked?.counts;
  const found = faults.found.map((fault) => toFault(fault, places));
  const real = found.filter(({ fault }) => !tolerated.includes(fault));
  const examples = found.filter(
    ({ fault }, i) => found.findIndex((other) => other.fault === fault) === i,
  );
  const passed = tolerated.reduce((sum, code) => sum + (faults.counts[code] ?? 0), 0);
  return {
    ok: faults.seen === passed,
    zone: zoneLabel(zone),
    serial: apex.serial,
    faults: real.slice(0, maxErrors),
    faultCount: faults.seen - passed,
    faultsByCode: faults.counts,
    examples,
    warnings: [
      ...apex.warnings,
      ...(walked?.warnings ?? []),
      ...examples
        .filter(({ fault }) => tolerated.includes(fault))
        .map(
          ({ fault, owner, message }) =>
            `${faults.counts[fault]} × ${fault}, the first: ${owner}: ${message}`,
        ),
    ],
    counts: {
      records,
      rrsets: counts?.rrsets ?? 0,
      signatures: counts?.signatures ?? 0,
      delegations: counts?.delegations ?? 0,
      secureDelegations: counts?.secureDelegations ?? 0,
      glue: counts?.glue ?? 0,
      nsec: counts?.nsec ?? 0,
      nsec3: counts?.nsec3 ?? 0,
      octets,
    },
    denial: apex.context.denial,
    order,
    zonemd: apex.zonemd.length > 0,
    earliestExpiration:
      counts === undefined || counts.signatures === 0
        ? undefined
        : options.now + (walked?.leastLife ?? 0),
    dnskeySigners: (walked?.dnskeySigners ?? []).map((i) => apex.context.keys[i].tag),
    seconds: { total, read },
  };
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
  const layout = { ours: true };
  let stranger = '';
  let disorder: { readonly file: string; readonly line: number } | undefined;
  const { runs, records, octets } = await readMaster(source, {
    apex: zone,
    dropDnssec: false,
    pool,
    spill: options.spill,
    places,
    source: watchLayout(openSource(source), layout),
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
      if (layout.ours) {
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

/**
 * Passes text on and looks at how it begins: one record a line, each with its absolute owner, TTL
 * and class, tabs between? Only such a layout, which is ours, promises canonical order; other
 * signers have their own (BIND and ldns write NSEC3 behind the rest, Knot DNS in parts).
 */
async function* watchLayout(
  source: AsyncIterable<Uint8Array>,
  layout: { ours: boolean },
): AsyncGenerator<Uint8Array> {
  let seen = 0;
  let rest = '';
  for await (const piece of source) {
    if (seen < LAYOUT_SAMPLE) {
      const text = rest + Buffer.from(piece.subarray(0, LAYOUT_SAMPLE - seen)).toString('latin1');
      seen += piece.length;
      const lines = text.split('\n');
      rest = lines.pop() ?? '';
      if (!lines.every((line) => /^\S*\.\t\d+\tin\t/.test(line))) layout.ours = false;
    }
    yield piece;
  }
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

function toFault(found: FoundFault, places: Places): Fault {
  const { fault, owner, type, message } = found;
  if (found.file !== undefined) {
    return { fault, owner, type, message, file: found.file, line: found.line };
  }
  if (found.chunk < 0) return { fault, owner, type, message };
  const { file, line } = places.place(found.chunk, found.line);
  return { fault, owner, type, message, file, ...(line === undefined ? {} : { line }) };
}

// ---- the walks -----------------------------------------------------------------------------

interface Walked {
  readonly counts: WalkCounts;
  readonly leastLife: number;
  readonly dnskeySigners: readonly number[];
  readonly dnskeyMissigners: readonly number[];
  readonly warnings: readonly string[];
}

function createVerification(
  pool: Pool,
  runs: readonly Run[],
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
      expected: parts.map((part) => part.expected).filter((run) => run.count > 0),
      actual: parts.map((part) => part.actual).filter((run) => run.count > 0),
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

  const checkHashes = async (ranges: readonly KeyRange[], withMay: boolean): Promise<void> => {
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
    } satisfies OpenArgs);
    for (const message of opened[0] ?? []) {
      if (message !== undefined) faults.add('bad-dnskey', NO_KEY, 0, 0, TYPE.DNSKEY, message);
    }
    const ranges = splitRanges(runs, rangeOwners, (key) => rangeStart(runs, key));
    const counts: WalkCounts[] = [];
    let leastLife = 0x7fffffff;
    const dnskeySigners: number[] = [];
    const dnskeyMissigners: number[] = [];
    const hashes = zonemd.map(({ hash }) => createHash(hash));
    const nsec = createLinks();
    const nsec3 = createLinks();
    // In an opt-out chain insecure names need not be hashed, as long as all flags say so.
    const { optOut } = context;
    let done = 0;
    await walkAll(ranges, optOut ? 'check' : 'check-all', (result) => {
      faults.merge(result.faults);
      counts.push(result.counts);
      leastLife = Math.min(leastLife, result.leastLife);
      dnskeySigners.push(...result.dnskeySigners);
      dnskeyMissigners.push(...result.dnskeyMissigners);
      if (result.digest !== undefined) for (const hash of hashes) hash.update(result.digest);
      nsec.add(result.nsec, (last, first) =>
        faults.add(
          'wrong-nsec-next',
          last.lastKey ?? NO_KEY,
          0,
          last.lastKey?.length ?? 0,
          TYPE.NSEC,
          nsecMessage(last.next ?? NO_KEY, first, context),
        ),
      );
      nsec3.add(result.nsec3, (last, first) => wrongNext(faults, last, first));
      reporter?.progress(++done, ranges.length, 'ranges');
    });
    nsec.close((last, first) =>
      faults.add(
        'wrong-nsec-next',
        last.lastKey ?? NO_KEY,
        0,
        last.lastKey?.length ?? 0,
        TYPE.NSEC,
        nsecMessage(last.next ?? NO_KEY, first, context),
      ),
    );
    nsec3.close((last, first) => wrongNext(faults, last, first));
    const sum = counts[0];
    for (const more of counts.slice(1)) addCounts(sum, more);
    if (context.chain !== undefined) {
      if (optOut && sum.notOptOut > 0) {
        await walkAll(ranges, 'may', () => undefined);
        await checkHashes(ranges, true);
      } else {
        await checkHashes(ranges, !optOut);
      }
    }
    zonemd.forEach(({ hash, digest }, i) => {
      const computed = new Uint8Array(hashes[i].digest());
      if (equalBytes(computed, digest)) return;
      const text = Buffer.from(computed).toString('hex').slice(0, 16);
      const message = `the ${hash} digest of the zone is another one (${text}…)`;
      faults.add('zonemd-mismatch', NO_KEY, 0, 0, TYPE.ZONEMD, message);
    });
    const warnings: string[] = [];
    if (sum.otherChain > 0) {
      warnings.push(`${sum.otherChain} NSEC3 records of a further chain were not followed`);
    }
    if (sum.uncheckedSignatures > 0) {
      warnings.push(`${sum.uncheckedSignatures} signatures are of an algorithm not known here`);
    }
    return { counts: sum, leastLife, dnskeySigners, dnskeyMissigners, warnings };
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

/** Joins the parts of a chain that ranges have seen. */
function createLinks() {
  let first: Uint8Array | undefined;
  let last: ChainEnds | undefined;
  type Wrong = (last: ChainEnds, first: Uint8Array) => void;
  const compare = (to: Uint8Array, wrong: Wrong): void => {
    const next = last?.next;
    if (last === undefined || next === undefined) return;
    if (compareBytes(next, 0, next.length, to, 0, to.length) !== 0) wrong(last, to);
  };
  return {
    add(ends: ChainEnds, wrong: Wrong): void {
      if (ends.first === undefined) return;
      compare(ends.first, wrong);
      first ??= ends.first;
      last = ends;
    },
    /** The last record must lead to the first. */
    close(wrong: Wrong): void {
      if (first !== undefined) compare(first, wrong);
    },
  };
}

function wrongNext(faults: FaultList, last: ChainEnds, first: Uint8Array): void {
  const text = new Uint8Array(32);
  hashToText(first, 0, text, 0);
  const key = last.lastKey ?? NO_KEY;
  faults.add('wrong-nsec3-next', key, 0, key.length, TYPE.NSEC3, nsec3Message(text));
}

/** The owner that an NSEC3 of this hash has. */
function hashOwner(hash: Uint8Array, apex: Uint8Array): string {
  const text = new Uint8Array(32);
  hashToText(hash, 0, text, 0);
  const label = new TextDecoder('latin1').decode(text);
  return `${label}.${apex.length === 1 ? '' : nameToText(apex)}`;
}

/** The DNSKEY RRset must be signed by a key with SEP flag, and by one that the parent names. */
function checkTrust(
  apex: Apex,
  walked: Walked,
  ds: readonly Uint8Array[] | undefined,
  faults: FaultList,
): void {
  const { keys, apex: zone } = apex.context;
  const fault = (code: FoundFault['fault'], type: number, message: string): void =>
    faults.add(code, NO_KEY, 0, 0, type, message);
  const seps = keys.filter((key) => key.sep && !key.revoked);
  const live = (indices: readonly number[]) =>
    indices.map((i) => keys[i]).filter((key) => !key.revoked);
  const signing = live(walked.dnskeySigners);
  if (ds !== undefined) {
    const rdata = signing.map((key) => key.rdata);
    for (const message of dsFaults(zone, ds, rdata, apex.dnskeys)) {
      fault('ds-without-key', TYPE.DS, message);
    }
  }
  // A key without the flag may be the entry point all the same, if the parent says so; and a
  // signature that is wrong has its own fault.
  const tried = [...signing, ...live(walked.dnskeyMissigners)];
  if (ds === undefined && seps.length > 0 && !tried.some((key) => key.sep)) {
    const tags = seps.map((key) => key.tag).join(', ');
    fault(
      'dnskey-not-ksk-signed',
      TYPE.DNSKEY,
      `no key with SEP flag (${tags}) signs the DNSKEY RRset`,
    );
  }
}
