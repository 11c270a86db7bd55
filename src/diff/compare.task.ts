/** The worker's side of comparing zones: one range of names at a time. */

import { compareBytes, keyToWire, MAX_WIRE, wireToText } from '../names/name.js';
import type { Run } from '../sort/run.js';
import { Moved } from '../threads/pool.js';
import { Side } from './side.js';
import { DIFFERENCE_NAMES, Difference, differences } from './unit.js';

/** `delegations`: the delegated names added and removed; `marked`: all names, with marks. */
export type DiffLists = 'delegations' | 'marked';

export interface OpenArgs {
  readonly job: number;
  readonly older: readonly Run[];
  readonly newer: readonly Run[];
  readonly apex: Uint8Array;
  readonly lists: DiffLists;
}

export interface RangeArgs {
  readonly job: number;
  readonly from: Uint8Array | undefined;
  readonly to: Uint8Array | undefined;
}

/** Numbers of names, and of the delegations among them. */
export interface DiffCounts {
  /** Delegations of the older zone. */
  readonly oldDelegations: number;
  readonly newDelegations: number;
  /** Names that hold records, delegations with all below them counted once. */
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  readonly delegationsAdded: number;
  readonly delegationsRemoved: number;
  /** Delegations in both zones whose NS or DS set differs. */
  readonly delegationsChanged: number;
  /** Changed names by kind of difference (unit.ts); a name may differ in several. */
  readonly kinds: readonly number[];
}

export interface RangeAnswer {
  readonly counts: DiffCounts;
  /** `marked`: lines `+ name`, `- name`, `~ name`; else delegated names that were added. */
  readonly first: Uint8Array;
  /** Delegated names that were removed. */
  readonly second: Uint8Array;
}

const jobs = new Map<number, OpenArgs>();

/** Opens a comparison in this thread. */
export function openDiff(args: OpenArgs): void {
  jobs.set(args.job, args);
}

/** Closes it. */
export function closeDiff({ job }: { job: number }): void {
  jobs.delete(job);
}

/** Lines of text that grow. */
class Lines {
  private bytes = new Uint8Array(1 << 14);
  private length = 0;
  private readonly wire = new Uint8Array(MAX_WIRE + 1);

  /** Appends the name of a unit, behind `mark` and a blank unless `mark` is 0. */
  add(side: Side, apex: Uint8Array, mark: number): void {
    // 4 x 255 for the text, and mark, blank and line feed.
    if (this.length + 1024 + 3 > this.bytes.length) {
      const wider = new Uint8Array(this.bytes.length * 2);
      wider.set(this.bytes);
      this.bytes = wider;
    }
    const { bytes, wire } = this;
    let o = this.length;
    if (mark !== 0) {
      bytes[o++] = mark;
      bytes[o++] = 0x20;
    }
    keyToWire(side.keyBlock, side.keyStart, side.keyEnd, apex, wire, 0);
    o = wireToText(wire, 0, bytes, o);
    bytes[o++] = 0x0a;
    this.length = o;
  }

  take(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length);
  }
}

/** Compares the names of one range, which no delegation's subtree crosses. */
export function diffRange({ job, from, to }: RangeArgs): Moved<RangeAnswer> {
  const args = jobs.get(job);
  if (args === undefined) throw new Error('the comparison is not open in this thread');
  const { apex } = args;
  const marked = args.lists === 'marked';
  const older = new Side(args.older, from, to);
  const newer = new Side(args.newer, from, to);
  const first = new Lines();
  const second = marked ? first : new Lines();
  const kinds: number[] = DIFFERENCE_NAMES.map(() => 0);
  let oldDelegations = 0;
  let newDelegations = 0;
  let added = 0;
  let removed = 0;
  let changed = 0;
  let delegationsAdded = 0;
  let delegationsRemoved = 0;
  let delegationsChanged = 0;

  let hasOld = older.next();
  let hasNew = newer.next();
  while (hasOld || hasNew) {
    const d = !hasOld ? 1 : !hasNew ? -1 : compareKeys(older, newer);
    const wasDelegation = d <= 0 && older.delegation;
    const isDelegation = d >= 0 && newer.delegation;
    if (wasDelegation) oldDelegations++;
    if (isDelegation) newDelegations++;
    if (wasDelegation && !isDelegation) {
      delegationsRemoved++;
      if (!marked) second.add(older, apex, 0);
    }
    if (isDelegation && !wasDelegation) {
      delegationsAdded++;
      if (!marked) first.add(newer, apex, 0);
    }
    if (d < 0) {
      removed++;
      if (marked) first.add(older, apex, 0x2d);
    } else if (d > 0) {
      added++;
      if (marked) first.add(newer, apex, 0x2b);
    } else {
      const bits = differences(older, newer);
      if (bits !== 0) {
        changed++;
        if (marked) first.add(newer, apex, 0x7e);
        for (let i = 0; i < kinds.length; i++) if ((bits & (1 << i)) !== 0) kinds[i]++;
        if (wasDelegation && isDelegation && (bits & (Difference.ns | Difference.ds)) !== 0) {
          delegationsChanged++;
        }
      }
    }
    if (d <= 0) hasOld = older.next();
    if (d >= 0) hasNew = newer.next();
  }
  const a = first.take();
  const b = marked ? new Uint8Array(0) : second.take();
  return new Moved(
    {
      counts: {
        oldDelegations,
        newDelegations,
        added,
        removed,
        changed,
        delegationsAdded,
        delegationsRemoved,
        delegationsChanged,
        kinds,
      },
      first: a,
      second: b,
    },
    [a.buffer, b.buffer],
  );
}

function compareKeys(a: Side, b: Side): number {
  return compareBytes(a.keyBlock, a.keyStart, a.keyEnd, b.keyBlock, b.keyStart, b.keyEnd);
}
