/**
 * Entries: the packed unit that is read, sorted and merged. An entry is a sort key and the
 * facts that are known under it, as bytes:
 *
 *     u32 payload length | u16 key length | key | payload | to a multiple of 4 octets
 *
 * (little-endian). The payload is a sequence of facts, each with a header of {@link FACT_HEADER} octets:
 *
 *     u8 kind | u16 type | u16 rdlength | u32 ttl | u16 chunk | u24 line | rdata
 *
 * `chunk` and `line` say where in the input the fact stood, so that an error found after the
 * sort can still name file and line. Entries lie in blocks; an entry never straddles two
 * blocks, and its address is `block << 24 | offset`.
 */

import { EXIT, ZonewrightError } from '../errors.js';
import { Kernel } from '../kernel/kernel.js';
import { compareBytes } from '../names/name.js';

/** Size of a block: the largest for which a block number and an offset fit 32 bits. */
export const BLOCK_SIZE = 1 << 24;
/** Blocks of a writer: the number of one has eight bits of an address. */
export const MAX_BLOCKS = 256;
/** The first block of a writer; each further one is twice as large, up to the limit, so that of what
 * many writers take in the memory of one kernel half is in use. */
const FIRST_BLOCK = 1 << 16;
const GROWTH = 2;
/** Of blocks that are shared: those of all threads are numbered together (read/host-index.ts). */
const GROWTH_SHARED = 4;
/** Octets before an entry's key. */
export const ENTRY_HEADER = 6;
/** Octets before a fact's RDATA. */
export const FACT_HEADER = 14;

/** What a fact says. */
export const Kind = {
  /** A record of a master file, or of the zone itself. */
  record: 0,
  /** A domain object of a registry export exists. */
  domain: 1,
  /** A status of a domain object; RDATA is one octet, see zone/status.ts. */
  status: 2,
  /** A name server of a domain object; RDATA is the host's wire name. */
  ns: 3,
  /** DS data of a domain object; RDATA is that of the DS record. */
  ds: 4,
  /** An address of a registry's host object; type A or AAAA. */
  address: 5,
  /** How often delegations name a host: the TTL field counts, RDATA is an example's name. */
  reference: 6,
  /** A name that needs an NSEC3 record; see denial/nsec3.ts. */
  hash: 7,
} as const;

/** Where an entry of `length` octets ends, the padding included. */
export function aligned(length: number): number {
  return (length + 3) & ~3;
}

/** Where a writer stood: what it has appended since can be walked over. */
export interface WriterMark {
  readonly block: number;
  /** Where the next fact would go, and the entry that was begun last, -1: none. */
  readonly at: number;
  readonly entryAt: number;
}

/** Appends facts under keys, in the order in which they are read. */
export class EntryWriter {
  readonly blocks: Uint8Array[] = [];
  count = 0;
  /** Facts appended. */
  facts = 0;
  /** Have the keys come in order? */
  sorted = true;
  private block: Uint8Array = new Uint8Array(0);
  private at = 0;
  private entryAt = -1;
  private keyEnd = 0;
  private full = 0;
  /** Where the entries end in each block but the last, and where the last of them begins. */
  private readonly ends: number[] = [];
  private readonly lastEntries: number[] = [];
  /** Blocks to be used again. */
  private spare: Uint8Array[] = [];
  private home: Kernel | undefined;
  private readonly growth: number;

  /**
   * @param shared other threads shall read the blocks.
   * @param kernel in whose memory the blocks shall lie, where the kernel appends facts, too; they
   *   are given back with it. Without it the entries move to one of their own when they are many,
   *   since that is where they are sorted.
   */
  constructor(
    private readonly shared = false,
    kernel?: Kernel | undefined,
  ) {
    this.home = kernel;
    this.growth = shared ? GROWTH_SHARED : GROWTH;
  }

  /** In whose memory the blocks lie; undefined: in none's. */
  get kernel(): Kernel | undefined {
    return this.home;
  }

  /** Octets in use. */
  get bytes(): number {
    return this.full + this.at;
  }

  /** Octets of the entries in a block. */
  used(block: number): number {
    return block === this.blocks.length - 1 ? aligned(this.at) : this.ends[block];
  }

  /** Where the last entry of a block begins. */
  lastEntry(block: number): number {
    return block === this.blocks.length - 1 ? this.entryAt : this.lastEntries[block];
  }

  /** The entries' addresses in the order of appending, `count` of them: found by walking. */
  get addresses(): Uint32Array {
    const addresses = new Uint32Array(this.count);
    let n = 0;
    for (let b = 0; b < this.blocks.length; b++) {
      const block = this.blocks[b];
      for (let at = 0, end = this.used(b); at < end; at += entrySize(block, at)) {
        addresses[n++] = ((b << 24) | at) >>> 0;
      }
    }
    return addresses;
  }

  get mark(): WriterMark {
    return { block: this.blocks.length - 1, at: this.at, entryAt: this.entryAt };
  }

  /** Forgets all entries and blocks: the kernel's memory is somebody else's. */
  forget(): void {
    this.clear();
    this.spare = [];
  }

  /** Forgets all entries; the memory is used again. */
  clear(): void {
    this.spare = [...this.blocks, ...this.spare];
    this.blocks.length = 0;
    this.ends.length = 0;
    this.lastEntries.length = 0;
    this.count = 0;
    this.facts = 0;
    this.sorted = true;
    this.block = new Uint8Array(0);
    this.at = 0;
    this.entryAt = -1;
    this.full = 0;
  }

  /**
   * Hands the kernel what it needs to append to the open block (kernel/assembly/append.ts): seven
   * words at `words[w]`, the addresses being those of its memory.
   */
  lend(words: Uint32Array, w: number): void {
    const base = this.block.byteOffset;
    words[w] = base + this.block.length;
    words[w + 1] = base + this.at;
    words[w + 2] = this.entryAt < 0 ? 0 : base + this.entryAt;
    words[w + 3] = base + this.keyEnd;
    words[w + 4] = this.count;
    words[w + 5] = this.facts;
    words[w + 6] = this.sorted ? 1 : 0;
  }

  /** Takes over what the kernel has appended. */
  takeBack(words: Uint32Array, w: number): void {
    const base = this.block.byteOffset;
    this.at = words[w + 1] - base;
    this.entryAt = words[w + 2] === 0 ? -1 : words[w + 2] - base;
    this.keyEnd = words[w + 3] - base;
    this.count = words[w + 4];
    this.facts = words[w + 5];
    this.sorted = words[w + 6] !== 0;
  }

  /**
   * Appends a fact under a key. Facts of one key that follow each other share an entry.
   *
   * @param place `chunk` (16 bits) and `line` (24 bits) in the input; lines beyond that stick
   *   at the largest value.
   */
  append(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    kind: number,
    type: number,
    ttl: number,
    chunk: number,
    line: number,
    rdata: Uint8Array,
    rdataStart: number,
    rdataEnd: number,
  ): void {
    const rdlength = rdataEnd - rdataStart;
    const size = FACT_HEADER + rdlength;
    const keyLength = keyEnd - keyStart;
    let block = this.block;
    let at = this.at;
    const entryAt = this.entryAt;
    if (
      entryAt >= 0 &&
      this.keyEnd - entryAt - ENTRY_HEADER === keyLength &&
      at + size <= block.length &&
      compareBytes(block, entryAt + ENTRY_HEADER, this.keyEnd, key, keyStart, keyEnd) === 0
    ) {
      const length = at + size - this.keyEnd;
      block[entryAt] = length;
      block[entryAt + 1] = length >>> 8;
      block[entryAt + 2] = length >>> 16;
      block[entryAt + 3] = length >>> 24;
    } else {
      if (
        this.sorted &&
        entryAt >= 0 &&
        compareBytes(block, entryAt + ENTRY_HEADER, this.keyEnd, key, keyStart, keyEnd) > 0
      ) {
        this.sorted = false;
      }
      at = aligned(at);
      if (at + ENTRY_HEADER + keyLength + size > block.length) {
        block = this.openBlock(ENTRY_HEADER + keyLength + size);
        at = 0;
      }
      this.entryAt = at;
      this.count++;
      block[at] = size;
      block[at + 1] = size >>> 8;
      block[at + 2] = size >>> 16;
      block[at + 3] = size >>> 24;
      block[at + 4] = keyLength;
      block[at + 5] = keyLength >>> 8;
      at += ENTRY_HEADER;
      for (let i = keyStart; i < keyEnd; i++) block[at++] = key[i];
      this.keyEnd = at;
    }
    putFactHeader(block, at, kind, type, rdlength, ttl, chunk, line);
    at += FACT_HEADER;
    if (rdlength < 64) {
      for (let i = rdataStart; i < rdataEnd; i++) block[at++] = rdata[i];
    } else {
      block.set(rdata.subarray(rdataStart, rdataEnd), at);
      at += rdlength;
    }
    this.at = at;
    this.facts++;
  }

  /** A new block with room for at least `size` octets. */
  private openBlock(size: number): Uint8Array {
    if (this.blocks.length >= MAX_BLOCKS) throw tooMuch();
    if (this.blocks.length > 0) {
      this.ends.push(aligned(this.at));
      this.lastEntries.push(this.entryAt);
    }
    this.full += this.block.length;
    const fit = this.spare.findIndex((block) => block.length >= size);
    const block = fit < 0 ? this.newBlock(size) : this.spare.splice(fit, 1)[0];
    this.block = block;
    this.blocks.push(block);
    return block;
  }

  private newBlock(size: number): Uint8Array {
    let room = Math.max(FIRST_BLOCK, this.block.length * this.growth);
    while (room < size) room *= this.growth;
    room = Math.min(room, BLOCK_SIZE);
    if (this.shared) return new Uint8Array(new SharedArrayBuffer(room));
    if (this.home === undefined && room < BLOCK_SIZE) return new Uint8Array(room);
    this.home ??= this.move();
    const at = this.home.take(room);
    return this.home.bytes.subarray(at, at + room);
  }

  /** Moves the blocks into the memory of a kernel. */
  private move(): Kernel {
    const kernel = new Kernel();
    const moved = (block: Uint8Array): Uint8Array => {
      const at = kernel.take(block.length);
      kernel.bytes.set(block, at);
      return kernel.bytes.subarray(at, at + block.length);
    };
    for (let b = 0; b < this.blocks.length; b++) this.blocks[b] = moved(this.blocks[b]);
    this.spare = this.spare.map(moved);
    return kernel;
  }
}

/** Collectors (sort/collector.ts) begin anew long before; what is never sorted may come here. */
function tooMuch(): ZonewrightError {
  return new ZonewrightError(
    EXIT.unexpected,
    "a thread's share of the input is larger than the 4 GiB that it can address",
    { hint: 'use more --threads' },
  );
}

/** Writes the header of a fact to `block[at]`; a line beyond 24 bits sticks at the largest value. */
export function putFactHeader(
  block: Uint8Array,
  at: number,
  kind: number,
  type: number,
  rdlength: number,
  ttl: number,
  chunk: number,
  line: number,
): void {
  const atLine = Math.min(line, 0xffffff);
  block[at] = kind;
  block[at + 1] = type;
  block[at + 2] = type >>> 8;
  block[at + 3] = rdlength;
  block[at + 4] = rdlength >>> 8;
  block[at + 5] = ttl;
  block[at + 6] = ttl >>> 8;
  block[at + 7] = ttl >>> 16;
  block[at + 8] = ttl >>> 24;
  block[at + 9] = chunk;
  block[at + 10] = chunk >>> 8;
  block[at + 11] = atLine;
  block[at + 12] = atLine >>> 8;
  block[at + 13] = atLine >>> 16;
}

/** Octets of the payload of the entry at `block[at]`, which lies in one block: less than 2^24. */
export function payloadLength(block: Uint8Array, at: number): number {
  return block[at] | (block[at + 1] << 8) | (block[at + 2] << 16) | (block[at + 3] << 24);
}

/** Where the key of the entry at `block[at]` ends and its facts begin. */
export function entryKeyEnd(block: Uint8Array, at: number): number {
  return at + ENTRY_HEADER + (block[at + 4] | (block[at + 5] << 8));
}

/** Octets of the entry at `block[at]`, its padding included. */
export function entrySize(block: Uint8Array, at: number): number {
  return aligned(entryKeyEnd(block, at) - at + payloadLength(block, at));
}

/** The number of 32 bits at `block[at]`, unsigned; little-endian, as all numbers of entries. */
export function readU32(block: Uint8Array, at: number): number {
  return (block[at] | (block[at + 1] << 8) | (block[at + 2] << 16) | (block[at + 3] << 24)) >>> 0;
}

/** The type of the fact at `block[at]`. */
export function factType(block: Uint8Array, at: number): number {
  return block[at + 1] | (block[at + 2] << 8);
}

/** The RDATA length of the fact at `block[at]`; the next fact is this + FACT_HEADER on. */
export function factLength(block: Uint8Array, at: number): number {
  return block[at + 3] | (block[at + 4] << 8);
}

/** The TTL of the fact at `block[at]`, in seconds. */
export function factTtl(block: Uint8Array, at: number): number {
  return readU32(block, at + 5);
}

/** The chunk of the input in which the fact at `block[at]` stood. */
export function factChunk(block: Uint8Array, at: number): number {
  return block[at + 9] | (block[at + 10] << 8);
}

/** The line, from 1 within its chunk, in which the fact at `block[at]` stood. */
export function factLine(block: Uint8Array, at: number): number {
  return block[at + 11] | (block[at + 12] << 8) | (block[at + 13] << 16);
}
