/**
 * Reads a part of a zone file in our layout, owner by owner: the parser of zone files makes entries
 * of it (read/master-parser.ts), which are in order already, so that nothing is sorted.
 */

import type { Kernel } from '../kernel/kernel.js';
import { compareBytes, MAX_KEY, nameToText } from '../names/name.js';
import { MasterParser, type MasterState, UNKNOWN } from '../read/master-parser.js';
import {
  ENTRY_HEADER,
  EntryWriter,
  entryKeyEnd,
  entrySize,
  payloadLength,
} from '../records/entry.js';

const LF = 0x0a;
const NO_KEY = new Uint8Array(0);

/** Is given the owners of a part in their order; what it is given stays until the next is read. */
export interface OwnerTaker {
  /**
   * Takes an owner: facts in `block[start, end)`, its sort key in `key[0, keyLength)`. The key
   * alone is overwritten with the next owner's.
   */
  take(block: Uint8Array, start: number, end: number, key: Uint8Array, keyLength: number): void;
  /**
   * Takes the owners whose entries are at `block[at, stop)`, as many as it likes.
   *
   * @returns where the first entry is that it has not taken.
   */
  takeMany(block: Uint8Array, at: number, stop: number): number;
}

/** What came of a part. */
export interface PartText {
  readonly lines: number;
  readonly records: number;
  /** Keys of the first and the last owner. */
  readonly first: Uint8Array | undefined;
  readonly last: Uint8Array | undefined;
  /**
   * Why the part can't be read by itself, or must not: the order is broken, a line leans on an
   * earlier part or changes how later ones are read, a record can't be used. The rest is void
   * then.
   */
  readonly deviation: string | undefined;
}

export class PartReader {
  private readonly writer: EntryWriter;
  private readonly parser: MasterParser;
  private readonly state: MasterState;
  private rejected = '';

  // The owner that is to be handed on: its facts and its key; a negative length: there is none.
  private block: Uint8Array = NO_KEY;
  private start = 0;
  private end = 0;
  private readonly key = new Uint8Array(MAX_KEY);
  private keyLength = -1;

  /** @param kernel in whose memory the entries shall lie. */
  constructor(
    apex: Uint8Array,
    kernel: Kernel,
    private readonly taker: OwnerTaker,
  ) {
    this.writer = new EntryWriter(false, kernel);
    this.parser = new MasterParser(
      { apex, dropDnssec: false },
      {
        writer: this.writer,
        reject: ({ reason }) => {
          if (this.rejected === '') this.rejected = reason;
        },
      },
    );
    this.state = { origin: apex, ttl: -1, lastTtl: UNKNOWN, owner: null };
  }

  /**
   * Reads a part.
   *
   * @param text whole lines.
   * @param chunk number of the part, for the places of the facts.
   * @param final is it the last part, whose last line may lack its line feed?
   */
  read(text: Uint8Array, chunk: number, final: boolean): PartText {
    const { parser, writer, state } = this;
    const before = parser.records;
    writer.clear();
    this.rejected = '';
    const outcome = parser.parse(text, chunk, state, final);
    const { lines } = outcome;
    let deviation: string | undefined;
    // Parts are cut where owners change, as far as the text shows it.
    if (outcome.needsState || outcome.leans) deviation = 'a line leans on what stands before';
    else if (outcome.include !== undefined) deviation = '$INCLUDE';
    else if (this.rejected !== '') deviation = this.rejected;
    else if (outcome.consumed !== text.length) deviation = 'a record goes over several lines';
    else if (outcome.state.ttl !== state.ttl) deviation = '$TTL';
    else if (outcome.state.origin !== state.origin) deviation = '$ORIGIN';
    else if (!writer.sorted) deviation = 'an owner is out of order';
    const isGood = deviation === undefined && writer.count > 0;
    if (isGood) this.handOut();
    const last = writer.blocks.length - 1;
    return {
      lines: text.length > 0 && text[text.length - 1] !== LF ? lines + 1 : lines,
      records: parser.records - before,
      first: isGood ? keyAt(writer.blocks[0], 0) : undefined,
      last: isGood ? keyAt(writer.blocks[last], writer.lastEntry(last)) : undefined,
      deviation,
    };
  }

  /** Hands out all owners. */
  private handOut(): void {
    const { writer, taker, key } = this;
    this.keyLength = -1;
    for (let b = 0; b < writer.blocks.length; b++) {
      const block = writer.blocks[b];
      const used = writer.used(b);
      // The last owner of a block may go on in the next one.
      const whole = b === writer.blocks.length - 1 ? used : writer.lastEntry(b);
      for (let at = 0; at < used; ) {
        const keyAt = at + ENTRY_HEADER;
        const start = entryKeyEnd(block, at);
        const end = start + payloadLength(block, at);
        if (
          at === 0 &&
          this.keyLength >= 0 &&
          compareBytes(key, 0, this.keyLength, block, keyAt, start) === 0
        ) {
          this.join(block.subarray(start, end));
          at += entrySize(block, at);
          continue;
        }
        this.handOn();
        const behind = at < whole ? taker.takeMany(block, at, whole) : at;
        if (behind > at) {
          at = behind;
          continue;
        }
        for (let p = keyAt, o = 0; p < start; p++) key[o++] = block[p];
        this.keyLength = start - keyAt;
        this.block = block;
        this.start = start;
        this.end = end;
        at += entrySize(block, at);
      }
    }
    this.handOn();
  }

  private join(facts: Uint8Array): void {
    const { start, end } = this;
    const all = new Uint8Array(end - start + facts.length);
    all.set(this.block.subarray(start, end));
    all.set(facts, end - start);
    this.block = all;
    this.start = 0;
    this.end = all.length;
  }

  private handOn(): void {
    if (this.keyLength < 0) return;
    this.taker.take(this.block, this.start, this.end, this.key, this.keyLength);
    this.keyLength = -1;
  }
}

/** The key of the entry at `block[at]`. */
function keyAt(block: Uint8Array, at: number): Uint8Array {
  return block.slice(at + ENTRY_HEADER, entryKeyEnd(block, at));
}

/** The text that the names of a zone end in, behind a dot: `com.`, or nothing for the root. */
export function apexSuffix(apex: Uint8Array): Uint8Array {
  return apex.length === 1 ? NO_KEY : new TextEncoder().encode(nameToText(apex));
}
