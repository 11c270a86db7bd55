/**
 * Collects facts within a bound of memory: when a thread's entries reach it, they are sorted into
 * a file, and the thread begins anew. What stays below the bound is one run in memory.
 */

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Kernel } from '../kernel/kernel.js';
import { EntryWriter } from '../records/entry.js';
import { type Run, sortRun } from './run.js';
import { spillRun } from './spill.js';
import type { SpillPlan } from './spill-plan.js';

/**
 * Of a thread's share of the memory the part that entries may fill: sorting them takes 24 octets
 * an entry besides, and what is in memory already is copied once.
 */
const FILL = 0.4;
/** Entries and octets at which a run ends in any case: sorting happens within the 4 GiB that a
 * kernel can address. */
const MOST_ENTRIES = 1 << 25;
export const MOST_OCTETS = 2 ** 31;

/** Collects the facts of one kind, or of one zone, in one thread. */
export class Collector {
  readonly writer: EntryWriter;
  private readonly runs: Run[] = [];
  private readonly limit: number;

  /**
   * @param share the part of the thread's memory that is this collector's.
   * @param kernel in whose memory the entries shall lie.
   */
  constructor(
    private readonly plan: SpillPlan,
    share = 1,
    kernel?: Kernel,
  ) {
    this.writer = new EntryWriter(false, kernel);
    this.limit = (plan.memory / plan.threads) * FILL * share;
  }

  /**
   * Sorts what is held into a file if it has reached the bound; call it now and then.
   *
   * @param held octets that count: where several collectors share a bound, those of all.
   */
  settle(held = this.writer.bytes): void {
    if (this.isFull(held)) this.spill();
  }

  /** Has it reached the bound, or one of those of a sort? */
  isFull(held = this.writer.bytes): boolean {
    const { count, bytes } = this.writer;
    return held >= this.limit || bytes >= MOST_OCTETS || count >= MOST_ENTRIES;
  }

  /** Sorted runs of all that was collected; the collector can't be used afterwards. */
  finish(): Run[] {
    if (this.writer.count === 0) return this.runs;
    if (this.runs.length > 0) this.spill();
    else this.runs.push(sortRun(this.writer));
    this.writer.clear();
    return this.runs;
  }

  /** Sorts what is held into a file. */
  spill(): void {
    if (this.writer.count === 0) return;
    const { folder } = this.plan;
    // Without a folder only what one sort can take is a bound.
    this.runs.push(
      folder === ''
        ? sortRun(this.writer)
        : spillRun(this.writer, join(folder, `${randomUUID()}.run`)),
    );
    this.writer.clear();
  }
}
