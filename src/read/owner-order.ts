/** Watches whether the owners of a text come in canonical order, by the entries made of it. */

import { compareBytes } from '../names/name.js';
import {
  aligned,
  ENTRY_HEADER,
  type EntryWriter,
  entryKeyEnd,
  entrySize,
  FACT_HEADER,
  factLine,
  factType,
  payloadLength,
  type WriterMark,
} from '../records/entry.js';
import { TYPE } from '../records/types.js';

/** First and last owner of a chunk, and the line of the first that is out of order, 0: none. */
export interface OwnerSpan {
  readonly first: Uint8Array | undefined;
  readonly last: Uint8Array | undefined;
  readonly disorderLine: number;
}

/** The order of a chunk's owners. NSEC3 records are looked at by themselves: some signers
 * write them in place, some behind the other names. */
export interface ChunkOrder {
  readonly names: OwnerSpan;
  readonly nsec3: OwnerSpan;
}

class Watch {
  private block: Uint8Array | undefined;
  private start = 0;
  private end = 0;
  private first: Uint8Array | undefined;
  private disorderLine = 0;

  /** Sees the owner with the key `block[start, end)`. */
  see(block: Uint8Array, start: number, end: number, line: number): void {
    if (this.block === undefined) this.first = block.slice(start, end);
    else if (
      this.disorderLine === 0 &&
      compareBytes(this.block, this.start, this.end, block, start, end) > 0
    ) {
      this.disorderLine = line;
    }
    this.block = block;
    this.start = start;
    this.end = end;
  }

  span(): OwnerSpan {
    const { first, disorderLine } = this;
    return { first, last: this.block?.slice(this.start, this.end), disorderLine };
  }
}

/** The order of the owners that a writer has taken since it stood at `mark`. */
export function orderSince(writer: EntryWriter, mark: WriterMark): ChunkOrder {
  const names = new Watch();
  const nsec3 = new Watch();
  const see = (block: Uint8Array, at: number, fact: number): void => {
    const watch = isNsec3(block, fact) ? nsec3 : names;
    watch.see(block, at + ENTRY_HEADER, entryKeyEnd(block, at), factLine(block, fact));
  };
  for (let b = Math.max(0, mark.block); b < writer.blocks.length; b++) {
    const block = writer.blocks[b];
    const end = writer.used(b);
    let at = 0;
    if (b === mark.block) {
      at = aligned(mark.at);
      const { entryAt } = mark;
      // The owner before may have gone on.
      if (entryAt >= 0 && entryKeyEnd(block, entryAt) + payloadLength(block, entryAt) > mark.at) {
        see(block, entryAt, mark.at);
        at = entryAt + entrySize(block, entryAt);
      }
    }
    for (; at < end; at += entrySize(block, at)) see(block, at, entryKeyEnd(block, at));
  }
  return { names: names.span(), nsec3: nsec3.span() };
}

/** Is a fact an NSEC3 record, or a signature of one? */
function isNsec3(block: Uint8Array, fact: number): boolean {
  const type = factType(block, fact);
  const rdata = fact + FACT_HEADER;
  return (
    type === TYPE.NSEC3 ||
    (type === TYPE.RRSIG && block[rdata] === 0 && block[rdata + 1] === TYPE.NSEC3)
  );
}
