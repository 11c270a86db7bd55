/**
 * The worker's side of reading deposits in the CSV model: takes chunks of whole records apart
 * (RFC 4180) and has each row read (registry-rows.ts) into this thread's entries.
 */
import { Kernel } from '../kernel/kernel.js';
import { EntryWriter } from '../records/entry.js';
import { Collectors } from '../sort/collectors.js';
import type { Run } from '../sort/run.js';
import type { SpillPlan } from '../sort/spill-plan.js';
import { Moved } from '../threads/pool.js';
import type { HostIndex, HostPart } from './host-index.js';
import { PlainRows } from './plain-rows.js';
import { RegistryNames } from './registry-names.js';
import {
  type ChunkText,
  createRowParser,
  type RegistryZone,
  type RowCounts,
  type RowJob,
  type RowReject,
} from './registry-rows.js';

export interface OpenArgs {
  readonly job: number;
  readonly zones: readonly RegistryZone[];
  readonly spill: SpillPlan;
}

export interface ChunkArgs extends ChunkText {
  readonly job: number;
}

export interface ChunkAnswer extends RowCounts {
  /** The chunk's memory, to be used again. */
  readonly buffer: Uint8Array;
  readonly lines: number;
  readonly rejects: readonly RowReject[];
  /** The chunk has more rejects than anyone wants to see, and was left. */
  readonly overflow: boolean;
}

/** What a thread has collected. */
export interface CloseAnswer {
  /** Sorted runs for each zone. */
  readonly runs: readonly (readonly Run[])[];
  /** Mirrored names, under the zone (one octet) and key of their originals; RDATA is zone and
   * key of the mirrored name. */
  readonly mirrors: HostPart;
}

interface Job extends RowJob {
  readonly collectors: Collectors;
  /** Undefined where a zone's name makes the short way useless. */
  readonly plain: PlainRows | undefined;
  hosts: EntryWriter;
  index: HostIndex | undefined;
}

const jobs = new Map<number, Job>();

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;
const HASH = 0x23;

/** Opens a job in this thread. */
export function openRdeCsv({ job, zones, spill }: OpenArgs): void {
  const names = new RegistryNames(zones.map((zone) => zone.apex));
  // Its memory is given back with the job.
  const kernel = new Kernel();
  const plain = PlainRows.canRead(names, zones)
    ? new PlainRows(kernel, zones, names, spill.memory / spill.threads)
    : undefined;
  const collectors = new Collectors(spill, zones.length, kernel);
  jobs.set(job, {
    zones,
    names,
    collectors,
    plain,
    writers: collectors.writers,
    hosts: new EntryWriter(true),
    mirrors: new EntryWriter(true),
    index: undefined,
  });
}

function jobOf(job: number): Job {
  const state = jobs.get(job);
  if (state === undefined) throw new Error('the deposit reader is not open in this thread');
  return state;
}

function share(writer: EntryWriter): HostPart {
  const addresses = new Uint32Array(new SharedArrayBuffer(writer.count * 4));
  addresses.set(writer.addresses.subarray(0, writer.count));
  return { blocks: writer.blocks, addresses };
}

/** Hands over the hosts that this thread has read. */
export function takeHosts({ job }: { job: number }): HostPart {
  const state = jobOf(job);
  const part = share(state.hosts);
  state.hosts = new EntryWriter(true);
  return part;
}

/** Gives this thread the table of all hosts. */
export function setHosts({ job, index }: { job: number; index: HostIndex }): void {
  const state = jobOf(job);
  state.index = index;
  state.plain?.addHosts(index);
}

/** Sorts what this thread has collected and closes the job. */
export function closeRdeCsv({ job, keep }: { job: number; keep: boolean }): CloseAnswer {
  const state = jobOf(job);
  jobs.delete(job);
  return {
    runs: keep ? state.collectors.finish() : [],
    mirrors: share(state.mirrors),
  };
}

// ---- rows --------------------------------------------------------------------------------

const starts = new Int32Array(256);
const ends = new Int32Array(256);

/** Parses one chunk. */
export function parseRdeCsv(args: ChunkArgs): Moved<ChunkAnswer> {
  const { buffer, length, layout } = args;
  const job = jobOf(args.job);
  const plain = job.plain?.begin(args, job.writers) === true ? job.plain : undefined;
  const parser = createRowParser(job, args, { starts, ends }, plain);
  const { separator, width } = layout;
  // A '#' can't begin a name or a ROID, but it can begin a registrar's name.
  const comments = layout.columns.includes(0);
  let line = 1;
  let p = 0;
  while (p < length && !parser.overflow()) {
    if (plain !== undefined) {
      p = plain.read(p, line);
      line = plain.line;
      if (p >= length) break;
    }
    const rowStart = p;
    const rowLine = line;
    let fields = 0;
    let fault = '';
    for (;;) {
      // At the start of a field.
      let start = p;
      let end: number;
      if (p < length && buffer[p] === QUOTE) {
        start = ++p;
        let to = p;
        let closed = false;
        while (p < length) {
          const c = buffer[p];
          if (c === QUOTE) {
            if (p + 1 < length && buffer[p + 1] === QUOTE) p++;
            else {
              closed = true;
              break;
            }
          } else if (c === LF) {
            line++;
          }
          // Doubled quotes are undone in place: the memory is this thread's own.
          buffer[to++] = c;
          p++;
        }
        end = to;
        if (!closed) fault = 'has a quote that is not closed';
        else p++;
        while (p < length && buffer[p] !== separator && buffer[p] !== LF) {
          if (buffer[p] !== CR) fault = 'has text behind a closing quote';
          p++;
        }
      } else {
        while (p < length) {
          const c = buffer[p];
          if (c === separator || c === LF) break;
          p++;
        }
        end = p;
        if (end > start && buffer[end - 1] === CR && (p === length || buffer[p] === LF)) end--;
      }
      if (fields < width) {
        starts[fields] = start;
        ends[fields] = end;
      }
      fields++;
      if (p >= length || buffer[p] === LF) break;
      p++;
    }
    const rowEnd = p;
    if (p < length) {
      p++;
      line++;
    }
    if (fields === 1 && ends[0] === starts[0] && rowEnd - rowStart <= 1) continue;
    if (comments && buffer[rowStart] === HASH) continue;
    parser.at(rowLine, rowStart, rowEnd);
    if (fault !== '') parser.reject('line', fault);
    else if (fields !== width) {
      parser.reject('line', `has ${fields} fields where the XML lists ${width}`);
    } else parser.row();
  }
  const counts = plain === undefined ? parser.counts() : sum(parser.counts(), plain.end());
  job.collectors.settle();
  const { rejects } = parser;
  const overflow = parser.overflow();
  const answer: ChunkAnswer = { buffer, lines: line - 1, ...counts, rejects, overflow };
  return new Moved(answer, buffer.buffer instanceof ArrayBuffer ? [buffer.buffer] : []);
}

function sum(a: RowCounts, b: RowCounts): RowCounts {
  return {
    rows: a.rows + b.rows,
    outside: a.outside + b.outside,
    perZone: a.perZone.map((n, zone) => n + b.perZone[zone]),
  };
}
