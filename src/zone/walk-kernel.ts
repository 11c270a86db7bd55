/** The kernel's instance for walks over ranges of runs: its memory, and how a range gets into it. */

import { copyOctets } from '../kernel/copy.js';
import { Kernel, KernelArea } from '../kernel/kernel.js';
import { equalBytes } from '../names/name.js';
import { BLOCK_SIZE } from '../records/entry.js';
import { type PageTable, pageOf } from '../sort/pages.js';
import type { Run } from '../sort/run.js';
import { loadPages } from '../sort/spill.js';

/** Octets of a range's entries that the kernel takes; larger ones are rare. */
const MAX_INPUT = 64 << 20;
const FIRST_INPUT = 2 << 20;
/** Runs that the kernel merges; merge.ts has the same. */
const MAX_RUNS = 1024;
/** Octets for text, and for wire form. */
const OUTPUT = 1 << 18;
/** Octets for hashes. */
const HASHES = 1 << 18;
/** Octets of what is to be signed, and of the jobs that say where it lies. */
const DATA = 1 << 18;
const JOBS = 1 << 14;
/** Octets for keys and the like that go to the kernel; {@link Place} says where what goes. */
const KEYS = 16_384;

/** Offsets in that memory. */
export const Place = {
  from: 0,
  to: 1024,
  limit: 2048,
  ahead: 3072,
  cut: 4096,
  chain: 5120,
  next: 6144,
  parameters: 12_288,
} as const;

/** Signed owners of a range of the previous zone, in one block from its first page on without gaps,
 * and when signatures of them are kept (reuse/kept.ts); times in seconds. */
export interface KeptRun {
  /** undefined: nothing can be kept. */
  readonly run: Run | undefined;
  /** Since 1970. */
  readonly now: number;
  readonly refresh: number;
  readonly validity: number;
}

/** An instance with its memory for walks; a thread has one. */
export class WalkKernel {
  readonly kernel = new Kernel();
  readonly text: number;
  readonly wire: number;
  readonly hashes: number;
  readonly jobs: number;
  readonly data: number;
  readonly keys: number;
  readonly heads: number;
  readonly ends: number;
  readonly state: number;
  readonly facts: number;
  readonly parts: number;
  private readonly input = new KernelArea(this.kernel);
  private readonly packed = new KernelArea(this.kernel);
  /** What of a previous zone may be kept. */
  private readonly earlier = new KernelArea(this.kernel);
  private apex: Uint8Array | undefined;
  private isPlain = false;

  constructor() {
    const { kernel } = this;
    const { functions } = kernel;
    this.text = kernel.take(OUTPUT);
    this.wire = kernel.take(OUTPUT);
    this.hashes = kernel.take(HASHES);
    this.jobs = kernel.take(JOBS);
    this.data = kernel.take(DATA);
    this.keys = kernel.take(KEYS);
    this.heads = functions.runHeads() >>> 2;
    this.ends = functions.runEnds() >>> 2;
    this.state = functions.walkState() >>> 2;
    this.facts = functions.factsOfOwner() >>> 2;
    this.parts = functions.partsOfOwner() >>> 2;
    functions.openText(this.text, this.wire, OUTPUT);
    functions.openHashes(this.hashes, HASHES);
    functions.openJobs(this.jobs, JOBS, this.data, DATA);
  }

  /** Sets the zone. False when its name needs escapes. */
  setApex(apex: Uint8Array): boolean {
    if (this.apex === undefined || !equalBytes(apex, this.apex)) {
      const at = this.keys + Place.parameters;
      this.kernel.bytes.set(apex, at);
      this.isPlain = this.kernel.functions.setApex(at, apex.length) !== 0;
      this.apex = apex;
    }
    return this.isPlain;
  }

  /** How names are hashed (RFC 5155 §5). */
  setNsec3({ salt, iterations }: { readonly salt: Uint8Array; readonly iterations: number }): void {
    const at = this.keys + Place.parameters;
    this.kernel.bytes.set(salt, at);
    this.kernel.functions.setNsec3(at, salt.length, iterations);
  }

  /**
   * Opens what of the previous zone may be kept (kernel/assembly/kept.ts).
   *
   * @param kept undefined: nothing.
   */
  openKept(kept: KeptRun | undefined): void {
    const { kernel } = this;
    if (kept?.run === undefined) {
      kernel.functions.openKept(0, 0, 0, 0, 0);
      return;
    }
    const { run, now, refresh, validity } = kept;
    const at = this.earlier.room(run.bytes);
    const start = run.pages.where[0];
    copyOctets(run.blocks[0], start, start + run.bytes, kernel.bytes, at);
    kernel.functions.openKept(at, at + run.bytes, now % 0x1_0000_0000, refresh, validity);
  }

  /**
   * Loads a range of runs and begins to merge it.
   *
   * @returns false when it is too large.
   */
  load(runs: readonly Run[], from: Uint8Array | undefined, to: Uint8Array | undefined): boolean {
    if (runs.length > MAX_RUNS) return false;
    const { kernel } = this;
    const { functions } = kernel;
    let size = 0;
    const spans = runs.map((run) => {
      const span = pagesOf(run.pages, from, to);
      for (let p = span.first; p < span.end; p++) size += run.pages.length[p];
      return span;
    });
    if (size > MAX_INPUT) return false;
    let at = this.input.room(Math.max(size, FIRST_INPUT));
    // Before the views are taken: the memory may grow.
    this.packed.room(Math.max(...runs.map((run, r) => storedOctets(run, spans[r])), 0));
    const { keys } = this;
    const { bytes, words } = kernel;
    const fromEnd = keys + (from?.length ?? 0);
    if (from !== undefined) bytes.set(from, keys);
    const toAt = keys + Place.to;
    if (to !== undefined) bytes.set(to, toAt);
    for (const [r, run] of runs.entries()) {
      const { first, end } = spans[r];
      const { pages } = run;
      let head = at;
      let last = at;
      if (run.file !== undefined) {
        loadPages(run, first, end, kernel, this.packed, at);
        for (let p = first; p < end; p++) {
          last = at;
          at += pages.length[p];
        }
      }
      for (let p = first; run.file === undefined && p < end; ) {
        // Pages that lie behind each other go at once.
        const where = pages.where[p];
        let length = 0;
        const blockEnd = where - (where % BLOCK_SIZE) + BLOCK_SIZE;
        for (; p < end && pages.where[p] === where + length && where + length < blockEnd; p++) {
          last = at + length;
          length += pages.length[p];
        }
        const start = where % BLOCK_SIZE;
        const block = run.blocks[Math.floor(where / BLOCK_SIZE)];
        copyOctets(block, start, start + length, bytes, at);
        at += length;
      }
      let stop = at;
      if (to !== undefined) stop = functions.firstEntry(last, stop, toAt, toAt + to.length);
      if (from !== undefined) head = functions.firstEntry(head, stop, keys, fromEnd);
      words[this.heads + r] = head;
      words[this.ends + r] = stop;
    }
    functions.openMerge(runs.length);
    return true;
  }
}

interface PageSpan {
  readonly first: number;
  readonly end: number;
}

/** Octets of a run's pages in its file; 0 for a run in memory. */
function storedOctets({ file, pages }: Run, { first, end }: PageSpan): number {
  if (file === undefined || end === first) return 0;
  return pages.where[end - 1] + pages.stored[end - 1] - pages.where[first];
}

/** The pages in which keys of a range lie, `[first, end)`. */
function pagesOf(
  pages: PageTable,
  from: Uint8Array | undefined,
  to: Uint8Array | undefined,
): PageSpan {
  const first = from === undefined ? 0 : pageOf(pages, from);
  let end = pages.count;
  if (to !== undefined) {
    // Keys below the end lie up to the page in which it would be found.
    end = pages.count === 0 ? 0 : pageOf(pages, to) + 1;
  }
  return { first, end: Math.max(first, end) };
}

let ofThread: WalkKernel | undefined;

/** This thread's. */
export function walkKernel(): WalkKernel {
  ofThread ??= new WalkKernel();
  return ofThread;
}
