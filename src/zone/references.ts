/**
 * Counts how often delegations name a host, and keeps the canonically smallest delegation
 * that does as an example. Exact, and compact where a few hosts serve most names: repetitions
 * are folded in a table of bounded size before they become entries.
 */

import { compareBytes } from '../names/name.js';
import { FACT_HEADER, factLength, factTtl, readU32 } from '../records/entry.js';
import { lookUp } from '../sort/cursor.js';
import type { Run } from '../sort/run.js';
import { walkKernel } from './walk-kernel.js';

/** Slots of the table, a word each; the kernel (kernel/assembly/references.ts) has the same. */
const SLOTS = 1 << 16;
/** Octets of names that are held before the table is emptied. */
const ARENA = 4 << 20;
/** Octets before an entry's names: u32 count, u8 length of the host, u8 of the delegation, and one
 * of the kernel's. */
const HEADER = 7;

/** Memory in the kernel of this thread: slots and arena, and room for two names. */
interface TableMemory {
  readonly slots: number;
  readonly arena: number;
  readonly names: number;
}
let spare: TableMemory | undefined;

/**
 * Folds the references of the delegations of one zone after another. Delegations come in
 * canonical order, so that the first that names a host is the smallest; it is the example. The
 * table itself lies in the kernel, which fills it; there is one at a time in a thread.
 */
export class ReferenceTable {
  private readonly kernel = walkKernel().kernel;
  private readonly memory: TableMemory;

  /** @param put takes a host (`arena[host, hostEnd)`) and how often it was named; at `hostEnd`
   * stands the name of the first delegation that did. All names are in wire form. */
  constructor(
    private readonly put: (arena: Uint8Array, host: number, hostEnd: number, count: number) => void,
  ) {
    const { kernel } = this;
    spare ??= {
      slots: kernel.take(SLOTS * 4),
      arena: kernel.take(ARENA),
      names: kernel.take(1024),
    };
    this.memory = spare;
    kernel.functions.openReferences(spare.slots, spare.arena, ARENA);
  }

  /** Adds one reference: the delegation `owner[0, ownerLength)` names the host in `b[at, end)`. */
  add(b: Uint8Array, at: number, end: number, owner: Uint8Array, ownerLength: number): void {
    const { functions, bytes } = this.kernel;
    if (functions.hasRoom(1) === 0) this.flush();
    const host = this.memory.names;
    const delegation = host + 512;
    for (let i = at, o = host; i < end; i++, o++) bytes[o] = b[i];
    for (let i = 0; i < ownerLength; i++) bytes[delegation + i] = owner[i];
    functions.addReference(host, end - at, delegation, ownerLength);
  }

  /** Hands over what is held. Call it before the delegations of another zone come, and at the end. */
  flush(): void {
    const { functions, bytes } = this.kernel;
    const stop = functions.endOfReferences();
    for (let a = this.memory.arena; a < stop; ) {
      const host = a + HEADER;
      const hostEnd = host + bytes[a + 4];
      this.put(bytes, host, hostEnd, readU32(bytes, a));
      a = hostEnd + bytes[a + 5];
    }
    functions.clearReferences();
  }
}

/** Who names a host. */
export interface References {
  readonly count: number;
  /** Sort key, relative to the root, of the smallest delegation that names the host. */
  readonly example: Uint8Array | undefined;
}

const NONE: References = { count: 0, example: undefined };

/** The references to the host with the key `key`, from all runs. */
export function referencesTo(runs: readonly Run[], key: Uint8Array): References {
  let count = 0;
  let example: Uint8Array | undefined;
  lookUp(runs, key, (block, start, end) => {
    for (let at = start; at < end; at += FACT_HEADER + factLength(block, at)) {
      count += factTtl(block, at);
      const p = at + FACT_HEADER;
      const q = p + factLength(block, at);
      if (example === undefined || compareBytes(block, p, q, example, 0, example.length) < 0) {
        example = block.slice(p, q);
      }
    }
  });
  return count === 0 ? NONE : { count, example };
}
