/** How many signatures were made and kept, in words. */

import { countText } from '../cli/output.js';

export interface SignatureCounts {
  readonly made: number;
  /** Kept from the previous zone. */
  readonly reused: number;
}

/** `1,234 signatures`, and how many were kept if any were. */
export function signaturesText({ made, reused }: SignatureCounts): string {
  const kept = reused === 0 ? '' : ` and ${countText(reused)} kept`;
  return `${countText(made)} signatures${kept}`;
}

/** Why a zone with signatures that were kept is made once more. */
export function badlyKept(bad: number): string {
  return `${countText(bad)} signatures do not verify, and some were kept from the previous zone, which is damaged: the zone is made once more, with every signature new`;
}
