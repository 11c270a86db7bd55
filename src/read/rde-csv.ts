/**
 * Reads data escrow deposits in the CSV model (RFC 8909; RFC 9022 §§4.6, 5.1.2, 5.2.2, 5.6.2)
 * into sorted runs of facts, one set for each zone.
 *
 * Two passes over the CSV files: hosts first, into a table by ROID (host-index.ts), then the
 * rest, so that each name server and address is resolved as its row is read, whatever the order
 * of the files. This thread reads, checks and cuts; the pool's threads take the rows apart.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { inputError, placeText, ZonewrightError } from '../errors.js';
import { nameToText } from '../names/name.js';
import type { Run } from '../sort/run.js';
import { IN_MEMORY, planData, type SpillPlan } from '../sort/spill-plan.js';
import type { Pool, Task } from '../threads/pool.js';
import { type Container, openContainer } from './container.js';
import { CHUNK, lastRecordEnd } from './csv-cut.js';
import { buildHostIndex, type DuplicateRoid, type HostPart } from './host-index.js';
import type { MirrorAnswer, MirrorArgs } from './mirrors.task.js';
import type { Places } from './places.js';
import type { ChunkAnswer, ChunkArgs, CloseAnswer } from './rde-csv.task.js';
import { type Deposit, type DepositFile, readDepositXml } from './rde-csv-deposit.js';
import { type Layout, layoutOf, Table } from './rde-csv-layout.js';
import type { RegistryZone } from './registry-rows.js';
import type { Reject } from './rejects.js';
import { unpack } from './unpack.js';

export type { RegistryZone } from './registry-rows.js';

const module = new URL('./rde-csv.task.js', import.meta.url).href;
const OPEN: Task = { module, name: 'openRdeCsv' };
const PARSE: Task = { module, name: 'parseRdeCsv' };
const TAKE_HOSTS: Task = { module, name: 'takeHosts' };
const SET_HOSTS: Task = { module, name: 'setHosts' };
const CLOSE: Task = { module, name: 'closeRdeCsv' };
const MIRRORS: Task = {
  module: new URL('./mirrors.task.js', import.meta.url).href,
  name: 'joinMirrors',
};

/** Octets of a file's first chunk; it grows when the file is larger, as most are not. */
const FIRST_CHUNK = 64 << 10;
let nextJob = 1;

/** What a reader of registry exports is told. */
export interface ReadRegistryOptions {
  /** The zones to collect facts for. Names that are in none of them are counted and left out. */
  readonly zones: readonly RegistryZone[];
  readonly pool: Pool;
  /** Bounds what is held in memory; without it nothing does. */
  readonly spill?: SpillPlan | undefined;
  readonly places: Places;
  /** Called for each row that can't be used, in the order of the input; may throw. */
  readonly reject: (reject: Reject) => void;
  /** Called with what is lawful but unwise. */
  readonly warn?: ((text: string) => void) | undefined;
  /** Called with the octets of text read so far. */
  readonly progress?: ((octets: number) => void) | undefined;
}

/** What a reader of registry exports returns. */
export interface RegistryFacts {
  /** For each zone (as in the options) sorted runs of entries. */
  readonly runs: readonly (readonly Run[])[];
  readonly domains: number;
  /** Domains of each zone. */
  readonly perZone: readonly number[];
  readonly hosts: number;
  /** Mirrored names (NNDN) that became delegations. */
  readonly mirrors: number;
  /** The same for each zone: facts of so many domains are there beside `perZone`. */
  readonly mirrorsPerZone: readonly number[];
  /** Rows about names in none of the zones. */
  readonly outside: number;
  readonly octets: number;
  /** Identifier and time of the export, as it gives them. */
  readonly id: string;
  readonly watermark: string;
}

interface Job {
  readonly job: number;
  readonly options: ReadRegistryOptions;
  /** Rows by the object that they count as in the header. */
  readonly counts: Map<string, number>;
  readonly perZone: number[];
  /** Rows that can't be used, by the object that they count as, and the first of them. */
  readonly unusable: Map<string, { count: number; readonly first: string }>;
  outside: number;
  octets: number;
  readonly pending: Pending[];
  /** Memory of chunks that came back. */
  readonly spare: Uint8Array[];
}

interface Pending {
  readonly chunk: number;
  readonly source: FileState;
  readonly layout: Layout;
  readonly answer: Promise<ChunkAnswer>;
}

/** A CSV file being read: the line at which its next chunk begins. */
interface FileState {
  readonly file: string;
  line: number;
}

interface Wanted {
  readonly layout: Layout;
  readonly file: DepositFile;
}

/**
 * Reads a deposit.
 *
 * @param path its folder, its XML file, or a tar file, plain or gzip.
 * @throws ZonewrightError (exit 3) for a deposit that is not whole: a missing file, a wrong
 *   checksum or count, damaged or cut off data; and for one that is not of type FULL. Rows that
 *   can't be used go to `reject`.
 */
export async function readRdeCsv(
  path: string,
  options: ReadRegistryOptions,
): Promise<RegistryFacts> {
  const { pool, zones } = options;
  const container = await openContainer(path);
  const deposit = await container.readXml(readDepositXml);
  const wanted = wantedFiles(deposit, container.xml);
  const job: Job = {
    job: nextJob++,
    options,
    counts: new Map(),
    perZone: zones.map(() => 0),
    unusable: new Map(),
    outside: 0,
    octets: 0,
    pending: [],
    spare: [],
  };
  await pool.runInAll(OPEN, { job: job.job, zones, spill: planData(options.spill ?? IN_MEMORY) });
  let closed = false;
  const close = async (keep: boolean): Promise<CloseAnswer[]> => {
    closed = true;
    return pool.runInAll<CloseAnswer>(CLOSE, { job: job.job, keep });
  };
  try {
    await readTables(job, container, wanted, (layout) => layout.table === Table.host, false);
    await indexHosts(job);
    await readTables(job, container, wanted, (layout) => layout.table !== Table.host, true);
    checkCounts(job, deposit, container.xml);
    const parts = await close(true);
    const runs = zones.map((_, zone) => parts.flatMap((part) => part.runs[zone]));
    const mirrorsPerZone = await addMirrors(job, runs, parts);
    return {
      runs,
      domains: job.counts.get('csvDomain') ?? 0,
      perZone: job.perZone,
      hosts: job.counts.get('csvHost') ?? 0,
      mirrors: mirrorsPerZone.reduce((sum, n) => sum + n, 0),
      mirrorsPerZone,
      outside: job.outside,
      octets: job.octets,
      id: deposit.id,
      watermark: deposit.watermark,
    };
  } catch (error) {
    await Promise.allSettled(job.pending.map((item) => item.answer));
    if (!closed) await close(false).catch(() => undefined);
    throw error;
  }
}

/** The files that have to be read, by name. */
function wantedFiles(deposit: Deposit, xml: string): Map<string, Wanted> {
  const counted = new Set(deposit.counts.map((count) => count.object));
  const wanted = new Map<string, Wanted>();
  let domains = false;
  for (const csv of deposit.csv) {
    const layout = layoutOf(csv, counted, xml);
    if (layout === undefined) continue;
    if (layout.table === Table.domain) domains = true;
    for (const file of csv.files) {
      if (wanted.has(file.name)) {
        throw inputError('a CSV file is named twice', { place: { file: xml }, text: file.name });
      }
      wanted.set(file.name, { layout, file });
    }
  }
  if (!domains) {
    throw inputError('the deposit has no "domain" CSV files', {
      place: { file: xml },
      hint: 'Is it a deposit of the CSV model (RFC 9022 §5.1.2) with its contents?',
    });
  }
  return wanted;
}

async function readTables(
  job: Job,
  container: Container,
  wanted: ReadonlyMap<string, Wanted>,
  which: (layout: Layout) => boolean,
  toEnd: boolean,
): Promise<void> {
  const names = new Set<string>();
  for (const [name, { layout }] of wanted) if (which(layout)) names.add(name);
  if (names.size > 0) {
    await container.readFiles(
      names,
      async (name, file, pieces) => {
        const { layout, file: described } = wanted.get(name)!;
        await readCsv(job, file, described, layout, pieces);
      },
      toEnd,
    );
  }
  while (job.pending.length > 0) await takeOldest(job);
}

// ---- one file ----------------------------------------------------------------------------

async function readCsv(
  job: Job,
  file: string,
  described: DepositFile,
  layout: Layout,
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { options } = job;
  const stored = createSum(described);
  const inside = described.gzip ? createSum(described) : undefined;
  const raw = summed(pieces, stored);
  const state: FileState = { file, line: 1 };
  const chunks = createChunks(job, state, layout);
  for await (const piece of described.gzip ? unpack(raw, file) : raw) {
    inside?.add(piece);
    job.octets += piece.length;
    options.progress?.(job.octets);
    await chunks.add(piece);
  }
  await chunks.end();
  const { checksum } = described;
  if (checksum === undefined) {
    options.warn?.(`${file} has no checksum in the deposit's XML`);
    return;
  }
  // RFC 9022 says "the checksum of the CSV file": of what is stored, or of what is packed in it.
  const found = stored.text();
  if (found !== checksum.value && inside?.text() !== checksum.value) {
    throw inputError(`has a wrong checksum: the XML says ${checksum.value}`, {
      place: { file },
      text: `${checksum.algorithm} ${found}`,
      hint: 'The file was changed, damaged or cut off. Fetch the deposit again.',
    });
  }
}

interface Sum {
  add(piece: Uint8Array): void;
  /** Upper-case hexadecimal. */
  text(): string;
}

function createSum(described: DepositFile): Sum {
  if (described.checksum?.algorithm === 'SHA256') {
    const hash = createHash('sha256');
    let text: string | undefined;
    return {
      add: (piece) => hash.update(piece),
      text: () => {
        text ??= hash.digest('hex').toUpperCase();
        return text;
      },
    };
  }
  let crc = 0;
  return {
    add: (piece) => {
      crc = crc32(piece, crc);
    },
    text: () => crc.toString(16).toUpperCase().padStart(8, '0'),
  };
}

async function* summed(pieces: AsyncIterable<Uint8Array>, sum: Sum): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    sum.add(piece);
    yield piece;
  }
}

/** Fills chunks with text, cuts them behind whole records and hands them to the threads. */
function createChunks(job: Job, state: FileState, layout: Layout) {
  let buffer = job.spare.pop() ?? new Uint8Array(FIRST_CHUNK);
  let length = 0;
  let atStart = true;

  const send = async (cut: number): Promise<void> => {
    const tail = buffer.subarray(cut, length);
    let rest = job.spare.pop();
    if (rest === undefined || rest.length < CHUNK) rest = new Uint8Array(CHUNK);
    rest.set(tail);
    submit(job, state, layout, buffer, cut);
    buffer = rest;
    length -= cut;
    while (job.pending.length > job.options.pool.slots * 2) await takeOldest(job);
  };
  return {
    async add(piece: Uint8Array): Promise<void> {
      let from = 0;
      while (from < piece.length) {
        const n = Math.min(piece.length - from, buffer.length - length);
        buffer.set(piece.subarray(from, from + n), length);
        from += n;
        length += n;
        if (atStart && length >= 3) {
          atStart = false;
          // A byte order mark (RFC 3629 §6).
          if (buffer[0] === 0xef && buffer[1] === 0xbb && buffer[2] === 0xbf) {
            buffer.copyWithin(0, 3, length);
            length -= 3;
          }
        }
        if (length < buffer.length) continue;
        if (buffer.length < CHUNK) {
          const larger = new Uint8Array(Math.min(CHUNK, buffer.length * 8));
          larger.set(buffer);
          buffer = larger;
          continue;
        }
        const cut = lastRecordEnd(buffer, length, layout.separator);
        if (cut === 0) {
          while (job.pending.length > 0) await takeOldest(job);
          throw inputError(`a record is longer than ${CHUNK} octets`, {
            place: { file: state.file, line: state.line },
            hint: 'A quote is not closed, or this is no CSV file.',
          });
        }
        await send(cut);
      }
    },
    async end(): Promise<void> {
      if (length > 0) submit(job, state, layout, buffer, length);
      else job.spare.push(buffer);
      // The next file's first chunk need not wait for this file's last one.
      while (job.pending.length > job.options.pool.slots * 2) await takeOldest(job);
    },
  };
}

function submit(
  job: Job,
  source: FileState,
  layout: Layout,
  buffer: Uint8Array,
  length: number,
): void {
  const { pool, places } = job.options;
  const chunk = places.add(source.file);
  const args: ChunkArgs = { job: job.job, buffer, length, chunk, layout };
  const transfer = buffer.buffer instanceof ArrayBuffer ? [buffer.buffer] : [];
  const answer = pool.run<ChunkAnswer>(PARSE, args, transfer);
  // A failure is seen when the chunk's turn comes.
  answer.catch(() => undefined);
  job.pending.push({ chunk, source, layout, answer });
}

/** Takes in the answer of the oldest chunk under way. */
async function takeOldest(job: Job): Promise<void> {
  const head = job.pending[0];
  const answer = await head.answer;
  job.pending.shift();
  const { source, layout } = head;
  const { file } = source;
  job.options.places.setLine(head.chunk, source.line);
  for (const { line, field, reason, text } of answer.rejects) {
    const place = { file, line: source.line + line - 1, field };
    if (layout.counts !== undefined) {
      const first = `${placeText(place)}${reason}`;
      const before = job.unusable.get(layout.counts) ?? { count: 0, first };
      job.unusable.set(layout.counts, { ...before, count: before.count + 1 });
    }
    job.options.reject({ ...place, reason, text });
  }
  if (answer.overflow) {
    throw inputError(`has ${answer.rejects.length} rows in one stretch that can't be used`, {
      place: { file, line: source.line },
      text: answer.rejects[0]?.text ?? '',
      hint: 'Do the fields in the XML fit the file?',
    });
  }
  source.line += answer.lines;
  job.outside += answer.outside;
  if (layout.counts !== undefined) {
    job.counts.set(layout.counts, (job.counts.get(layout.counts) ?? 0) + answer.rows);
  }
  answer.perZone.forEach((n, zone) => {
    job.perZone[zone] += n;
  });
  if (job.spare.length < job.options.pool.slots * 2) job.spare.push(answer.buffer);
}

// ---- hosts, mirrors, counts ----------------------------------------------------------------

async function indexHosts(job: Job): Promise<void> {
  const { pool } = job.options;
  const parts = await pool.runInAll<HostPart>(TAKE_HOSTS, { job: job.job });
  const { index, duplicates } = buildHostIndex(parts);
  const rejects = duplicates.flatMap((one) => duplicateRejects(one, job.options.places));
  rejects.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line! - b.line!));
  for (const reject of rejects) job.options.reject(reject);
  await pool.runInAll(SET_HOSTS, { job: job.job, index });
}

function duplicateRejects(duplicate: DuplicateRoid, places: Places): Reject[] {
  const { roid, sameName, rows } = duplicate;
  // The same row again does no harm beyond the first; of different hosts, none can be meant.
  return rows.slice(sameName ? 1 : 0).map((row) => {
    const { file, line } = places.place(row.chunk, row.line);
    const other = rows.find((r) => r.name !== row.name)?.name;
    const reason = sameName ? 'is the ROID of this host twice' : `is the ROID of ${other}, too`;
    return { file, line, field: 'fRoid', reason, text: `${row.name} ${roid}` };
  });
}

async function addMirrors(
  job: Job,
  runs: Run[][],
  parts: readonly CloseAnswer[],
): Promise<readonly number[]> {
  const { pool, places, zones } = job.options;
  const mirrors = parts.map((part) => part.mirrors).filter((part) => part.addresses.length > 0);
  if (mirrors.length === 0) return zones.map(() => 0);
  const args: MirrorArgs = { runs, mirrors, apexes: zones.map((zone) => zone.apex) };
  const answer = await pool.run<MirrorAnswer>(MIRRORS, args);
  for (const { chunk, line, reason, name } of answer.rejects) {
    const place = places.place(chunk, line);
    job.options.reject({
      file: place.file,
      line: place.line,
      field: 'fOriginalName',
      reason,
      text: name,
    });
  }
  answer.runs.forEach((run, zone) => {
    if (run.count > 0) runs[zone].push(run);
  });
  return answer.perZone;
}

/** Compares the header's counts with the rows read (RFC 9022 §5.9.1). */
function checkCounts(job: Job, deposit: Deposit, xml: string): void {
  const { zones } = job.options;
  const texts = zones.map((zone) => nameToText(zone.apex).slice(0, -1));
  for (const { object, rcdn, registrarId, count } of deposit.counts) {
    if (registrarId !== undefined) continue;
    let found: number | undefined;
    if (rcdn === undefined) {
      found = job.counts.get(object);
      // Without files of that object there is nothing to compare, unless some should be there.
      if (found === undefined && count > 0 && /^csv(Domain|Host|NNDN)$/.test(object)) found = 0;
    } else if (object === 'csvDomain') {
      const name = rcdn.toLowerCase().replace(/\.$/, '');
      const zone = texts.indexOf(name);
      // The count is of everything below the name, a row belongs to the closest zone.
      const nested = texts.some((text) => text.endsWith(`.${name}`));
      if (zone >= 0 && !nested) found = job.perZone[zone];
    }
    if (found === undefined || found === count) continue;
    const unusable = job.unusable.get(object);
    // A row whose name can't be read is of no zone; it was counted in one.
    const missing = count - found;
    if (rcdn !== undefined && missing > 0 && missing <= (unusable?.count ?? 0)) continue;
    const scope = rcdn === undefined ? '' : ` of ${rcdn}`;
    throw new ZonewrightError(
      3,
      `the header counts ${count} objects of ${object}${scope}, the files hold ${found}`,
      {
        place: { file: xml, field: 'rdeHeader:count' },
        hint:
          unusable === undefined
            ? 'The export was interrupted or changed while it was written. Make it again.'
            : `${unusable.count} rows of ${object} can't be used; the first: ${unusable.first}`,
      },
    );
  }
}
