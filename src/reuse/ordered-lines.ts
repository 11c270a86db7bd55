/** Parses lines that are in canonical order: each a record with an absolute owner. */

import { Kernel } from '../kernel/kernel.js';
import { compareBytes, equalBytes } from '../names/name.js';
import { MasterParser } from '../read/master-parser.js';
import { ENTRY_HEADER, EntryWriter } from '../records/entry.js';
import { type Run, sortRun } from '../sort/run.js';

const DOLLAR = 0x24;
const DIRECTIVE = Buffer.from('\n$');

/** Lines that are not what they should be. The message goes on behind the name of their source. */
export class LineFault extends Error {
  override readonly name = 'LineFault';
}

/** Parses lines of one zone. */
export class OrderedLines {
  /** Never sorted: lines are in order, or another reader's business. */
  private readonly writer = new EntryWriter(false, new Kernel());
  private readonly parser: MasterParser;
  private fault = '';

  /** @param apex the zone's wire name. */
  constructor(readonly apex: Uint8Array) {
    this.parser = new MasterParser(
      { apex, dropDnssec: false },
      {
        writer: this.writer,
        reject: ({ field, reason }) => {
          if (this.fault === '') this.fault = `${field} ${reason}`;
        },
      },
    );
  }

  /** Records parsed so far. */
  get records(): number {
    return this.parser.records;
  }

  /**
   * Parses whole lines of owners in `[from, to)`.
   *
   * @throws LineFault
   */
  parse(
    lines: Uint8Array,
    from: Uint8Array | undefined,
    to: Uint8Array | undefined,
  ): readonly Run[] {
    const { writer, parser, apex } = this;
    const { buffer, byteOffset, length } = lines;
    if (length === 0) return [];
    if (lines[0] === DOLLAR || Buffer.from(buffer, byteOffset, length).includes(DIRECTIVE)) {
      throw new LineFault('has directives');
    }
    writer.clear();
    this.fault = '';
    parser.parse(lines, 0, { origin: apex, ttl: -1, lastTtl: -1, owner: undefined }, true);
    if (this.fault !== '') throw new LineFault(`has a line that can't be used: ${this.fault}`);
    if (!writer.sorted || !this.isWithin(from, to)) {
      throw new LineFault('is not in canonical order');
    }
    return [sortRun(writer)];
  }

  /** Are the entries, which are in order, all in the range? */
  private isWithin(from: Uint8Array | undefined, to: Uint8Array | undefined): boolean {
    const { blocks, addresses, count } = this.writer;
    if (count === 0) return true;
    const compare = (entry: number, key: Uint8Array): number => {
      const block = blocks[addresses[entry] >>> 24];
      const at = (addresses[entry] & 0xffffff) + ENTRY_HEADER;
      const end = at + (block[at - 2] | (block[at - 1] << 8));
      return compareBytes(block, at, end, key, 0, key.length);
    };
    if (from !== undefined && compare(0, from) < 0) return false;
    return to === undefined || compare(count - 1, to) < 0;
  }
}

let ofThread: OrderedLines | undefined;

/** This thread's for a zone: what it was used for before is kept no longer. */
export function orderedLines(apex: Uint8Array): OrderedLines {
  if (ofThread === undefined || !equalBytes(ofThread.apex, apex)) ofThread = new OrderedLines(apex);
  return ofThread;
}
