/**
 * Compares a range of two zones, unit by unit: counts what differs and gathers the names. Both the
 * comparison of two files (compare.task.ts) and that of a zone with the one before, while it is
 * written, go this way.
 */

import { compareBytes, keyToWire, MAX_WIRE, wireToText } from '../names/name.js';
import type { Side, Unit } from './side.js';
import { DIFFERENCE_NAMES, Difference, differences } from './unit.js';

/** `delegations`: the delegated names added and removed; `marked`: all names, with marks. */
export type DiffLists = 'delegations' | 'marked';

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
  readonly first: Uint8Array<ArrayBuffer>;
  /** Delegated names that were removed. */
  readonly second: Uint8Array<ArrayBuffer>;
}

/** No differences. */
export const NO_DIFFERENCE: DiffCounts = {
  oldDelegations: 0,
  newDelegations: 0,
  added: 0,
  removed: 0,
  changed: 0,
  delegationsAdded: 0,
  delegationsRemoved: 0,
  delegationsChanged: 0,
  kinds: DIFFERENCE_NAMES.map(() => 0),
};

/** The counts of two ranges together. */
export function sumCounts(a: DiffCounts, b: DiffCounts): DiffCounts {
  return {
    oldDelegations: a.oldDelegations + b.oldDelegations,
    newDelegations: a.newDelegations + b.newDelegations,
    added: a.added + b.added,
    removed: a.removed + b.removed,
    changed: a.changed + b.changed,
    delegationsAdded: a.delegationsAdded + b.delegationsAdded,
    delegationsRemoved: a.delegationsRemoved + b.delegationsRemoved,
    delegationsChanged: a.delegationsChanged + b.delegationsChanged,
    kinds: a.kinds.map((n, i) => n + b.kinds[i]),
  };
}

/** Lines of text that grow. */
class Lines {
  private bytes = new Uint8Array(1 << 14);
  private length = 0;
  private readonly wire = new Uint8Array(MAX_WIRE + 1);

  /** Appends the name of a unit, behind `mark` and a blank unless `mark` is 0. */
  add(unit: Unit, apex: Uint8Array, mark: number): void {
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
    keyToWire(unit.keyBlock, unit.keyStart, unit.keyEnd, apex, wire, 0);
    o = wireToText(wire, 0, bytes, o);
    bytes[o++] = 0x0a;
    this.length = o;
  }

  take(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length);
  }
}

/** The comparison of one range, which no delegation's subtree crosses. */
export class RangeDiff {
  private readonly marked: boolean;
  private readonly first = new Lines();
  private readonly second: Lines;
  private readonly kinds: number[] = DIFFERENCE_NAMES.map(() => 0);
  private oldDelegations: number;
  private newDelegations: number;
  private added = 0;
  private removed = 0;
  private changed = 0;
  private delegationsAdded = 0;
  private delegationsRemoved = 0;
  private delegationsChanged = 0;
  private hasOld: boolean;

  /** @param same delegations that both zones have, all the same, and that are not shown here. */
  constructor(
    private readonly older: Side,
    private readonly apex: Uint8Array,
    lists: DiffLists,
    same = 0,
  ) {
    this.oldDelegations = same;
    this.newDelegations = same;
    this.marked = lists === 'marked';
    this.second = this.marked ? this.first : new Lines();
    this.hasOld = older.next();
  }

  /** Takes the newer zone's next unit. */
  take(newer: Unit): void {
    const { older } = this;
    while (this.hasOld) {
      const d = compareKeys(older.unit, newer);
      if (d > 0) break;
      if (d === 0) {
        this.both(older.unit, newer);
        this.hasOld = older.next();
        return;
      }
      this.gone(older.unit);
      this.hasOld = older.next();
    }
    this.added++;
    if (newer.delegation) this.delegationAdded(newer);
    if (this.marked) this.first.add(newer, this.apex, 0x2b);
  }

  /** Takes all of the newer zone's range, and ends it. */
  takeAll(newer: Side): RangeAnswer {
    while (newer.next()) this.take(newer.unit);
    return this.finish();
  }

  /** Ends the newer zone's range. */
  finish(): RangeAnswer {
    const { older, first, second, marked, kinds } = this;
    for (; this.hasOld; this.hasOld = older.next()) this.gone(older.unit);
    const { oldDelegations, newDelegations, added, removed, changed } = this;
    const { delegationsAdded, delegationsRemoved, delegationsChanged } = this;
    return {
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
      first: first.take(),
      second: marked ? new Uint8Array(0) : second.take(),
    };
  }

  private gone(unit: Unit): void {
    this.removed++;
    if (unit.delegation) this.delegationRemoved(unit);
    if (this.marked) this.first.add(unit, this.apex, 0x2d);
  }

  private both(older: Unit, newer: Unit): void {
    if (older.delegation && newer.delegation) {
      this.oldDelegations++;
      this.newDelegations++;
    } else if (older.delegation) this.delegationRemoved(older);
    else if (newer.delegation) this.delegationAdded(newer);
    const bits = differences(older, newer);
    if (bits === 0) return;
    this.changed++;
    if (this.marked) this.first.add(newer, this.apex, 0x7e);
    for (let i = 0; i < this.kinds.length; i++) if ((bits & (1 << i)) !== 0) this.kinds[i]++;
    const isSet = (bits & (Difference.ns | Difference.ds)) !== 0;
    if (isSet && older.delegation && newer.delegation) this.delegationsChanged++;
  }

  private delegationAdded(unit: Unit): void {
    this.newDelegations++;
    this.delegationsAdded++;
    if (!this.marked) this.first.add(unit, this.apex, 0);
  }

  private delegationRemoved(unit: Unit): void {
    this.oldDelegations++;
    this.delegationsRemoved++;
    if (!this.marked) this.second.add(unit, this.apex, 0);
  }
}

function compareKeys(a: Unit, b: Unit): number {
  return compareBytes(a.keyBlock, a.keyStart, a.keyEnd, b.keyBlock, b.keyStart, b.keyEnd);
}
