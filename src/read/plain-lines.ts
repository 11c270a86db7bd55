/**
 * The short way for the lines of which nearly all of a large zone file consists: an absolute owner
 * of plain characters, TTL, class, and a name server, an address, a DS, an RRSIG or an NSEC3 record
 * without quotes, escapes and parentheses. The kernel (kernel/assembly/lines.ts) reads such lines
 * in a row and appends their facts to the writer's entries; at anything else it stops, and leaves
 * the line to the parser (master-parser.ts), so that each rule and each message stands there.
 *
 * What a line leans on is known to both: it is exchanged when the one takes over from the other.
 */

import { copyOctets } from '../kernel/copy.js';
import type { Kernel } from '../kernel/kernel.js';
import { MAX_KEY, MAX_WIRE } from '../names/name.js';
import type { EntryWriter } from '../records/entry.js';

const LF = 0x0a;
/** Room for the text of a chunk, at first. */
const FIRST_ROOM = 1 << 16;

// The state as it lies in the kernel's memory, in words; kernel/assembly/lines.ts has the same.
const NEXT = 0;
const END = 1;
const LINE = 2;
const CHUNK = 3;
const DROP = 4;
const IN_ZONE = 5;
const OWNER_TEXT = 6;
const OWNER_TEXT_END = 7;
const OWNER_LENGTH = 8;
const KEY_LENGTH = 9;
const LAST_TTL = 10;
const APEX_LENGTH = 11;
const APEX_LABELS = 12;
const RECORDS = 13;
const DROPPED_RRSIG = 14;
const DROPPED_NSEC3 = 15;
const WRITER = 16;
const WORDS = 32;
// Offsets of names, in octets.
const OWNER = 128;
const KEY = 448;
const APEX = 1088;
const STATE = 1408;

/** Reads lines for one parser, into a writer whose entries lie in a kernel's memory. */
export class PlainLines {
  /** The last owner's wire name and, if it is in the zone, its key: they are the parser's, too. */
  readonly owner: Uint8Array;
  readonly key: Uint8Array;
  /** Number of the line that comes next. */
  line = 0;
  /** Is the last owner in the zone? */
  inZone = false;
  ownerLength = 0;
  keyLength = 0;
  /** Where its text stands, as offsets in the chunk; both the same: nowhere. */
  ownerTextStart = 0;
  ownerTextEnd = 0;
  /** TTL of the last record, in seconds. */
  lastTtl = 0;
  /** Records that were passed on, and that were left out, since {@link begin}. */
  records = 0;
  droppedRrsig = 0;
  droppedNsec3 = 0;

  private readonly state: number;
  private readonly words: Uint32Array;
  private memory = 0;
  private text = 0;
  private room = 0;
  private end = 0;

  /**
   * @param apex the zone's wire name, of so many labels.
   * @param drop count RRSIG and NSEC3 records only.
   */
  constructor(
    private readonly kernel: Kernel,
    private readonly writer: EntryWriter,
    apex: Uint8Array,
    apexLabels: number,
    drop: boolean,
  ) {
    this.state = kernel.take(STATE);
    const { state } = this;
    this.words = kernel.words.subarray(state / 4, state / 4 + WORDS);
    this.owner = kernel.bytes.subarray(state + OWNER, state + OWNER + MAX_WIRE + 1);
    this.key = kernel.bytes.subarray(state + KEY, state + KEY + MAX_KEY);
    kernel.bytes.set(apex, state + APEX);
    this.words[APEX_LENGTH] = apex.length;
    this.words[APEX_LABELS] = apexLabels;
    this.words[DROP] = drop ? 1 : 0;
  }

  /** Begins a chunk. */
  begin(text: Uint8Array, chunk: number): void {
    const { kernel, words } = this;
    if (text.length > this.room) {
      this.room = Math.max(FIRST_ROOM, text.length + (text.length >> 2));
      this.memory = kernel.take(this.room + 8);
    }
    // What is copied from and to the same places in words of eight octets is copied by words.
    this.text = this.memory + (text.byteOffset & 7);
    copyOctets(text, 0, text.length, kernel.bytes, this.text);
    this.end = this.text + text.length;
    // Each line ends somewhere, the last one, too.
    kernel.bytes[this.end] = LF;
    words[END] = this.end;
    words[CHUNK] = chunk;
    words[RECORDS] = 0;
    words[DROPPED_RRSIG] = 0;
    words[DROPPED_NSEC3] = 0;
    this.records = this.droppedRrsig = this.droppedNsec3 = 0;
  }

  /**
   * Reads lines from offset `p` on, which begins one.
   *
   * @returns the offset of the first line that it has not read; the same as `p`: nothing was read.
   */
  read(p: number): number {
    const { words, text, writer } = this;
    words[NEXT] = text + p;
    words[LINE] = this.line;
    words[IN_ZONE] = this.inZone ? 1 : 0;
    words[OWNER_TEXT] = text + this.ownerTextStart;
    words[OWNER_TEXT_END] = text + this.ownerTextEnd;
    words[KEY_LENGTH] = this.keyLength;
    words[OWNER_LENGTH] = this.ownerLength;
    writer.lend(words, WRITER);
    this.kernel.functions.readLines(this.state);
    const behind = words[NEXT] - text;
    if (behind === p) return p;
    writer.takeBack(words, WRITER);
    this.line = words[LINE];
    this.inZone = words[IN_ZONE] !== 0;
    this.ownerTextStart = words[OWNER_TEXT] - text;
    this.ownerTextEnd = words[OWNER_TEXT_END] - text;
    this.ownerLength = words[OWNER_LENGTH];
    this.keyLength = words[KEY_LENGTH];
    this.lastTtl = words[LAST_TTL];
    this.records = words[RECORDS];
    this.droppedRrsig = words[DROPPED_RRSIG];
    this.droppedNsec3 = words[DROPPED_NSEC3];
    return behind;
  }
}
