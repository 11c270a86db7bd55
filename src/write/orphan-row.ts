/** A row of orphans.csv: an address that is an orphan, whose it is and who names it. */

import { nameFromKey, nameToText } from '../names/name.js';
import { FACT_HEADER, factLength, factType } from '../records/entry.js';
import { rdataToText } from '../records/rdata.js';
import { GLUE_CLASS_NAMES } from '../zone/glue.js';
import type { OwnerWalk } from '../zone/owner-walk.js';

/**
 * The row of the address in `block[at]` of the owner at which `walk` stands, with a line feed.
 *
 * @param apex the zone's wire name.
 * @param count delegations that name the host; `example` is the sort key of one, relative to the
 *   root.
 */
export function orphanRow(
  walk: OwnerWalk,
  apex: Uint8Array,
  glueClass: number,
  kept: boolean,
  block: Uint8Array,
  at: number,
  count: number,
  example: Uint8Array | undefined,
): string {
  const host = nameToText(walk.wireOwner());
  const p = at + FACT_HEADER;
  const address = rdataToText(factType(block, at), block.subarray(p, p + factLength(block, at)));
  const superordinate =
    walk.cutLength > 0 ? nameToText(walk.cutName()) : nameToText(firstLevel(walk, apex));
  const from = example === undefined ? '' : nameToText(nameFromKey(example.slice()));
  const action = kept ? 'keep' : 'strip';
  return `${GLUE_CLASS_NAMES[glueClass]},${action},${csv(host)},${address},${csv(superordinate)},${count},${csv(from)}\n`;
}

/** The name one label below the apex that a host lies at or below. */
function firstLevel(walk: OwnerWalk, apex: Uint8Array): Uint8Array {
  let end = walk.keyStart;
  while (walk.keyBlock[end] !== 0) end++;
  return nameFromKey(walk.keyBlock.slice(walk.keyStart, end + 1), apex);
}

/** A field of a CSV row (RFC 4180 §2): quoted where a label holds a comma or a quote. */
function csv(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
