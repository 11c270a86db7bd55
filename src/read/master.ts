/**
 * Reads master files (RFC 1035 §5) into sorted runs: cuts the text into chunks at line ends
 * and has the pool's threads parse them.
 *
 * A chunk without directives and parentheses can't change origin or default TTL, so the next
 * one is handed out without waiting. After one that can, the reader waits. The result is that
 * of reading line by line.
 */

import { realpath } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { inputError } from '../errors.js';
import { copyOctets } from '../kernel/copy.js';
import { compareBytes } from '../names/name.js';
import type { Run } from '../sort/run.js';
import { IN_MEMORY, planData, type SpillPlan } from '../sort/spill-plan.js';
import type { Pool, Task } from '../threads/pool.js';
import { releaseMemory } from '../threads/release.js';
import type { ChunkAnswer, ChunkArgs, MasterPart } from './master.task.js';
import { type MasterState, UNKNOWN } from './master-parser.js';
import type { OwnerSpan } from './owner-order.js';
import type { Places } from './places.js';
import { openSource } from './source.js';

const module = new URL('./master.task.js', import.meta.url).href;
const OPEN: Task = { module, name: 'openMaster' };
const PARSE: Task = { module, name: 'parseMasterChunk' };
const CLOSE: Task = { module, name: 'closeMaster' };

/** Octets of a chunk, about. */
const CHUNK = 1 << 20;
/** Octets of the memory of a chunk: mostly, a line more than a chunk has. */
const BLOCK = CHUNK + (1 << 12);
/** The first chunk is small: it shows early what the file is like. */
const FIRST_CHUNK = 1 << 16;
/** The longest record in octets; 65,535 octets of RDATA written as \DDD are shorter. */
const MAX_RECORD = 1 << 20;
const MAX_INCLUDES = 10;

const LF = 0x0a;
const DOLLAR = 0x24;
let nextJob = 1;

/** A record that can't be used. */
export interface Reject {
  readonly file: string;
  readonly line: number | undefined;
  readonly field: string;
  readonly reason: string;
  readonly text: string;
}

export interface ReadMasterOptions {
  /** The zone's wire name. */
  readonly apex: Uint8Array;
  /** Leave out (and count) what a signer makes, see MasterOptions. */
  readonly dropDnssec: boolean;
  readonly pool: Pool;
  /** Bounds what is held in memory; without it nothing does. */
  readonly spill?: SpillPlan | undefined;
  readonly places: Places;
  /** Called for each record that can't be used, in the order of the text; may throw. */
  readonly reject: (reject: Reject) => void;
  /** Called for the first owner that is out of canonical order. */
  readonly disorder?: (place: { readonly file: string; readonly line: number }) => void;
  /** Called with the octets read so far. */
  readonly progress?: (octets: number) => void;
  /** Take over these octets instead of opening the path (which then only names them). */
  readonly source?: AsyncIterable<Uint8Array>;
}

export interface MasterFacts {
  /** Sorted runs of entries, one for each thread that parsed. */
  readonly runs: readonly Run[];
  readonly records: number;
  /** Records left out because a signer makes them, by type. */
  readonly dropped: ReadonlyMap<number, number>;
  readonly octets: number;
}

/**
 * Reads a master file with what it includes. Memory: entries within `spill`, and a few chunks.
 *
 * @param path a file, plain or gzip, or `-` for standard input.
 * @throws ZonewrightError (exit 3) for unreadable, cut off or endless input; faulty records go
 *   to `reject`.
 */
export async function readMaster(path: string, options: ReadMasterOptions): Promise<MasterFacts> {
  const { pool } = options;
  const job = nextJob++;
  await pool.runInAll(OPEN, {
    job,
    options: { apex: options.apex, dropDnssec: options.dropDnssec },
    watchOrder: options.disorder !== undefined,
    spill: planData(options.spill ?? IN_MEMORY),
  });
  const reader = createReader(job, options);
  let failure: unknown;
  try {
    await reader.file(path, options.apex, options.source, 0);
    await reader.settle();
  } catch (error) {
    failure = error ?? new Error('reading failed');
    await reader.abandon();
  }
  const closed = await pool.runInAll<MasterPart>(CLOSE, { job });
  if (failure !== undefined) throw failure;
  // Sorting has copied the entries; what they were copied from is garbage now.
  await releaseMemory(pool);
  const dropped = new Map<number, number>();
  for (const part of closed) {
    for (const [type, n] of part.dropped) dropped.set(type, (dropped.get(type) ?? 0) + n);
  }
  return {
    runs: closed.flatMap((part) => part.runs),
    records: closed.reduce((sum, part) => sum + part.records, 0),
    dropped,
    octets: reader.octets(),
  };
}

/** Text that every thread can read: posting it copies nothing, and it can be parsed again. */
type SharedText = Uint8Array<SharedArrayBuffer>;

interface Pending {
  readonly chunk: number;
  readonly name: string;
  readonly answer: Promise<ChunkAnswer>;
  readonly text: SharedText;
  /** Parses the text again if the first record needs what went before. */
  readonly again: (state: MasterState) => Promise<ChunkAnswer>;
}

function createReader(job: number, options: ReadMasterOptions) {
  const { pool, places } = options;
  let octets = 0;
  /** Memory that chunks lay in, to be used again. */
  const blocks: SharedArrayBuffer[] = [];
  /** Chunks under way, in the order of the text. */
  const pending: Pending[] = [];
  let state: MasterState = { origin: options.apex, ttl: -1, lastTtl: -1, owner: undefined };
  let line = 1;
  let lastName: Uint8Array | undefined;
  let lastNsec3: Uint8Array | undefined;
  let disorderSeen = false;

  const watch = (
    span: OwnerSpan,
    last: Uint8Array | undefined,
    file: string,
  ): Uint8Array | undefined => {
    if (span.first === undefined) return last;
    const across =
      last !== undefined &&
      compareBytes(last, 0, last.length, span.first, 0, span.first.length) > 0;
    if (!disorderSeen && (across || span.disorderLine > 0)) {
      disorderSeen = true;
      options.disorder?.({ file, line: line + (across ? 1 : span.disorderLine) - 1 });
    }
    return span.last;
  };

  /** Takes in the answer of the oldest chunk under way. */
  const takeOldest = async (): Promise<ChunkAnswer | undefined> => {
    const head = pending[0];
    if (head === undefined) return undefined;
    let answer = await head.answer;
    if (answer.outcome.needsState) answer = await head.again(state);
    pending.shift();
    places.setLine(head.chunk, line);
    for (const { line: at, field, reason, text } of answer.rejects) {
      options.reject({ file: head.name, line: line + at - 1, field, reason, text });
    }
    if (answer.order !== undefined) {
      lastName = watch(answer.order.names, lastName, head.name);
      lastNsec3 = watch(answer.order.nsec3, lastNsec3, head.name);
    }
    line += answer.outcome.lines;
    const { origin, ttl, lastTtl, owner } = answer.outcome.state;
    state = {
      origin,
      ttl,
      lastTtl: lastTtl === UNKNOWN ? state.lastTtl : lastTtl,
      owner: owner === null ? state.owner : owner,
    };
    if (answer.outcome.consumed === head.text.length) blocks.push(head.text.buffer);
    return answer;
  };

  const settle = async (): Promise<void> => {
    while (pending.length > 0) await takeOldest();
  };

  const submit = (name: string, text: SharedText, entry: MasterState, final: boolean): void => {
    const chunk = places.add(name);
    const parse = (from: MasterState): Promise<ChunkAnswer> => {
      const args: ChunkArgs = { job, text, chunk, state: from, final };
      return pool.run<ChunkAnswer>(PARSE, args);
    };
    const answer = parse(entry);
    // Rejections are seen when the chunk's turn comes.
    answer.catch(() => undefined);
    pending.push({ chunk, name, text, answer, again: parse });
  };

  /** Parses a text that may hold directives or records over several lines, and waits. */
  const parseAndWait = async (
    path: string,
    name: string,
    text: SharedText,
    final: boolean,
    depth: number,
  ): Promise<SharedText> => {
    let rest = text;
    for (;;) {
      await settle();
      submit(name, rest, state, final);
      const answer = await takeOldest();
      if (answer === undefined) throw new Error('a chunk was lost');
      const { consumed, include } = answer.outcome;
      rest = rest.subarray(consumed);
      if (include === undefined) return rest;
      // RFC 1035 §5.1: origin and owner of the including file are as before afterwards.
      const outer = { state, line };
      const inner = await includedPath(path, include.file, outer.line - 1, name);
      state = { ...state, origin: include.origin };
      line = 1;
      await file(inner, include.origin, undefined, depth + 1);
      await settle();
      state = { ...outer.state, ttl: state.ttl };
      line = outer.line;
      if (rest.length === 0) return rest;
    }
  };

  const takeBlock = (room: number): SharedText => {
    const memory = blocks.pop();
    return new Uint8Array(
      memory !== undefined && memory.byteLength >= room ? memory : new SharedArrayBuffer(room),
    );
  };

  const file = async (
    path: string,
    _origin: Uint8Array,
    source: AsyncIterable<Uint8Array> | undefined,
    depth: number,
  ): Promise<void> => {
    const name = path === '-' ? '(standard input)' : path;
    if (depth > MAX_INCLUDES) {
      throw inputError(`$INCLUDE goes deeper than ${MAX_INCLUDES} files`, {
        place: { file: name },
        hint: 'Does a file include itself?',
      });
    }
    let atStart = true;
    const process = async (text: SharedText, final: boolean): Promise<SharedText> => {
      if (text.length === 0) return text;
      if (isSpecial(text) || atStart) {
        atStart = false;
        return parseAndWait(path, name, text, final, depth);
      }
      const entry: MasterState =
        pending.length === 0 ? state : { ...state, lastTtl: UNKNOWN, owner: null };
      submit(name, text, entry, final);
      while (pending.length > pool.slots * 2) await takeOldest();
      return text.subarray(text.length);
    };
    /** The text at hand is `block[start, end)`. */
    let block = takeBlock(BLOCK);
    let start = 0;
    let end = 0;
    const append = (octets: Uint8Array): void => {
      if (end + octets.length > block.length) {
        const wider = takeBlock(Math.max(block.length * 2, end + octets.length));
        copyOctets(block, start, end, wider, start);
        block = wider;
      }
      copyOctets(octets, 0, octets.length, block, end);
      end += octets.length;
    };
    /** Octets at which the text is cut, and at which that is tried next. */
    let goal = FIRST_CHUNK;
    let target = goal;
    let first = true;
    for await (const piece of source ?? openSource(path, true)) {
      octets += piece.length;
      options.progress?.(octets);
      let from = 0;
      if (first) {
        first = false;
        if (piece[0] === 0xef && piece[1] === 0xbb && piece[2] === 0xbf) from = 3;
      }
      while (from < piece.length) {
        const more = piece.subarray(from, from + Math.max(0, target - (end - start)));
        append(more);
        from += more.length;
        const held = end - start;
        if (held < target) break;
        const cut = cutAt(block.subarray(start, end), goal);
        if (cut === 0) {
          if (held > goal + MAX_RECORD) throw endless(name);
          target = held + FIRST_CHUNK;
          continue;
        }
        const text = block.subarray(start, start + cut);
        const tail = block.slice(start + cut, end);
        const rest = await process(text, false);
        if (rest.length > MAX_RECORD) throw endless(name);
        block = takeBlock(BLOCK);
        // What is copied from and to the same places in words of eight octets is copied by words.
        start = end = (piece.byteOffset + from - rest.length - tail.length) & 7;
        append(rest);
        append(tail);
        goal = target = CHUNK + rest.length;
      }
    }
    const rest = await process(block.subarray(start, end), true);
    if (rest.length > 0) throw new Error('the end of the text was not parsed');
  };

  /** An open parenthesis or a line without an end. */
  const endless = (name: string): Error =>
    inputError(`a record is longer than ${MAX_RECORD} octets`, {
      place: { file: name, line },
      hint: 'A parenthesis is not closed, or this is no zone file.',
    });

  const includedPath = async (
    from: string,
    file: string,
    atLine: number,
    name: string,
  ): Promise<string> => {
    const place = { file: name, line: atLine, field: '$INCLUDE' };
    if (from === '-') throw inputError('standard input can include no file', { place, text: file });
    try {
      const folder = await realpath(dirname(resolve(from)));
      const target = await realpath(resolve(folder, file));
      if (target.startsWith(folder.endsWith(sep) ? folder : folder + sep)) return target;
    } catch (error) {
      throw inputError(`can't read the included file`, { place, text: file, cause: error });
    }
    throw inputError("an included file must lie in the including file's folder or below", {
      place,
      text: file,
    });
  };

  return {
    file,
    settle,
    octets: () => octets,
    /** Waits for what is under way and forgets it. */
    abandon: async () => {
      await Promise.allSettled(pending.map((item) => item.answer));
    },
  };
}

/** Can this text change origin or default TTL, or hold a record of several lines? */
function isSpecial(text: SharedText): boolean {
  const view = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
  if (view.indexOf(0x28) >= 0) return true;
  for (let p = view.indexOf(DOLLAR); p >= 0; p = view.indexOf(DOLLAR, p + 1)) {
    if (p === 0 || view[p - 1] === LF) return true;
  }
  return false;
}

/**
 * Where to cut: behind a line feed at about `goal` whose next line begins with an owner, so
 * that the next chunk needs nothing of this one. 0: there is no line end.
 */
function cutAt(text: Uint8Array, goal: number): number {
  let fallback = 0;
  for (let p = Math.min(goal, text.length); p > 0; ) {
    const lf = text.lastIndexOf(LF, p - 1);
    if (lf < 0) break;
    if (fallback === 0) fallback = lf + 1;
    const c = text[lf + 1];
    if (lf + 1 < text.length && c > 0x20 && c !== 0x3b && c !== 0x29) return lf + 1;
    if (goal - lf > FIRST_CHUNK) break;
    p = lf;
  }
  return fallback;
}
