/**
 * Collects the facts of several zones in one thread, within one bound of memory, and in the memory of
 * one kernel, which appends facts, too.
 */

import type { Kernel } from '../kernel/kernel.js';
import { BLOCK_SIZE, type EntryWriter } from '../records/entry.js';
import { Collector, MOST_OCTETS } from './collector.js';
import type { Run } from './run.js';
import type { SpillPlan } from './spill-plan.js';

/** See the file's header. */
export class Collectors {
  /** One for each zone. */
  readonly writers: readonly EntryWriter[];
  private readonly collectors: readonly Collector[];
  private readonly kernel: Kernel;
  /** Octets at which runs end in any case. */
  private readonly most: number;
  /** Where the kernel's memory is free when nothing is held. */
  private readonly base: number;

  /** @param kernel whose memory is from now on taken for entries only. */
  constructor(plan: SpillPlan, zones: number, kernel: Kernel) {
    this.collectors = Array.from({ length: zones }, () => new Collector(plan, 1, kernel));
    this.writers = this.collectors.map((collector) => collector.writer);
    this.kernel = kernel;
    this.base = kernel.top;
    // The blocks that are open may be nearly empty, but they are no larger than all others together.
    this.most = Math.max(MOST_OCTETS / 2, MOST_OCTETS - zones * BLOCK_SIZE);
  }

  /** Sorts what is held into files if all together has reached the bound; call it now and then. */
  settle(): void {
    const held = this.writers.reduce((sum, writer) => sum + writer.bytes, 0);
    if (held < this.most && !this.collectors.some((collector) => collector.isFull(held))) return;
    for (const collector of this.collectors) collector.spill();
    // All at once: whichever zone's facts come next finds as much room as those before.
    for (const writer of this.writers) writer.forget();
    this.kernel.release(this.base);
  }

  /** Sorted runs of each zone; nothing can be collected afterwards. */
  finish(): Run[][] {
    return this.collectors.map((collector) => collector.finish());
  }
}
