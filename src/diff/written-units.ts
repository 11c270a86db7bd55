/** Puts together the units of a zone while it is written, owner by owner, to compare them. */

import type { RangeAnswer, RangeDiff } from './range-diff.js';
import { GatheredUnit, type Owner } from './side.js';

/** The units of one range. What lies below a cut is a part of the delegation's unit. */
export class WrittenUnits {
  /** What is compared next: the delegation that was written last with all below it, or a name. */
  private readonly unit = new GatheredUnit();

  constructor(private readonly diff: RangeDiff) {}

  /** Takes an owner's facts, of which those that a signer makes are left out. */
  take(
    owner: Owner,
    is: { readonly delegation: boolean; readonly belowCut: boolean },
    blocks: readonly Uint8Array[],
    ats: readonly number[],
    count: number,
  ): void {
    const { unit } = this;
    if (!is.belowCut) {
      if (unit.count > 0) this.diff.take(unit);
      unit.open(owner);
      unit.delegation = is.delegation;
    }
    for (let i = 0; i < count; i++) unit.add(owner, blocks[i], ats[i]);
  }

  /** In what the range differs. */
  finish(): RangeAnswer {
    if (this.unit.count > 0) this.diff.take(this.unit);
    return this.diff.finish();
  }
}
