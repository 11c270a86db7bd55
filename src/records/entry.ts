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
import { compareBytes } from '../names/name.js';

/** Size of a block: the largest for which a block number and an offset fit 32 bits. */
export const BLOCK_SIZE = 1 << 24;
/** Blocks of a writer: the number of one has eight bits of an address. */
export const MAX_BLOCKS = 256;
/** The first block of a writer; each further one is four times as large, up to the limit. */
const FIRST_BLOCK = 1 << 16;
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

/**
 * The rank of each octet of a key: the label separator, `-`, digits and letters, of which host
 * names are made, have one of their own; the octets in each gap between them share one.
 */
const RANK = new Uint8Array(256);
const RANKS = 42;
/** Does an octet share its rank? Then what follows it in a key says nothing. */
const SHARED_RANK = new Uint8Array(256);
for (let octet = 1, rank = 0, inGap = false; octet < 256; octet++) {
  const own =
    octet === 0x2d || (octet >= 0x30 && octet <= 0x39) || (octet >= 0x61 && octet <= 0x7a);
  if (own || !inGap) rank++;
  inGap = !own;
  RANK[octet] = rank;
  SHARED_RANK[octet] = own ? 0 : 1;
}

/** Octets of a key that {@link rankWords} looks at. */
export const RANKED = 7;
/** Entries that one sort can take: their numbers have 25 bits. */
export const MAX_ENTRIES = 1 << 25;

/**
 * Packs the ranks of seven octets of a key (39 bits) and a number (25 bits) into two words, low
 * word first. The words of two keys never contradict their order, they may only tie.
 *
 * @param at where in `key` the octets begin; those behind `end` count as 0.
 * @param number less than {@link MAX_ENTRIES}.
 */
export function rankWords(
  key: Uint8Array,
  at: number,
  end: number,
  number: number,
  words: Uint32Array,
  o: number,
): void {
  if (at + RANKED <= end) {
    const a = key[at];
    const b = key[at + 1];
    const c = key[at + 2];
    const d = key[at + 3];
    const e = key[at + 4];
    const f = key[at + 5];
    const g = key[at + 6];
    const shared =
      SHARED_RANK[a] |
      SHARED_RANK[b] |
      SHARED_RANK[c] |
      SHARED_RANK[d] |
      SHARED_RANK[e] |
      SHARED_RANK[f] |
      SHARED_RANK[g];
    if (shared === 0) {
      const high = ((RANK[a] * RANKS + RANK[b]) * RANKS + RANK[c]) * RANKS + RANK[d];
      const low = (RANK[e] * RANKS + RANK[f]) * RANKS + RANK[g];
      words[o] = (low << 25) | number;
      words[o + 1] = (high << 10) | (low >>> 7);
      return;
    }
  }
  let four = 0;
  let three = 0;
  let i = at;
  let open = true;
  for (const to = at + 4; i < to; i++) {
    four *= RANKS;
    if (!open || i >= end) continue;
    const c = key[i];
    four += RANK[c];
    if (SHARED_RANK[c] !== 0) open = false;
  }
  for (const to = at + RANKED; i < to; i++) {
    three *= RANKS;
    if (!open || i >= end) continue;
    const c = key[i];
    three += RANK[c];
    if (SHARED_RANK[c] !== 0) open = false;
  }
  words[o] = (three << 25) | number;
  words[o + 1] = (four << 10) | (three >>> 7);
}

/** Is there an octet with a shared rank among those that {@link rankWords} looks at? */
export function hasSharedRank(key: Uint8Array, at: number, end: number): boolean {
  for (let i = at; i < at + RANKED && i < end; i++) if (SHARED_RANK[key[i]] !== 0) return true;
  return false;
}

/** Where an entry of `length` octets ends, the padding included. */
export function aligned(length: number): number {
  return (length + 3) & ~3;
}

/** Appends facts under keys, in the order in which they are read. */
export class EntryWriter {
  readonly blocks: Uint8Array[] = [];
  /** Addresses of the entries, `count` of them. */
  addresses = new Uint32Array(1024);
  /**
   * For each entry the two words of {@link rankWords}: its key's first octets and its number.
   * Sorted as numbers of 64 bits they put the entries in order, but for ties.
   */
  order = new Uint32Array(2048);
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
  /** Blocks to be used again. */
  private readonly spare: Uint8Array[] = [];

  /** @param shared other threads shall read the blocks; such entries are never sorted. */
  constructor(private readonly shared = false) {}

  /** Octets in use. */
  get bytes(): number {
    return this.full + this.at;
  }

  /** Octets in use of a block. */
  used(block: number): number {
    return block === this.blocks.length - 1 ? aligned(this.at) : this.blocks[block].length;
  }

  /** Forgets all entries; the memory is used again. */
  clear(): void {
    // The smaller blocks at the beginning are not worth keeping.
    for (const block of this.blocks) if (block.length === BLOCK_SIZE) this.spare.push(block);
    this.blocks.length = 0;
    this.count = 0;
    this.facts = 0;
    this.sorted = true;
    this.block = new Uint8Array(0);
    this.at = 0;
    this.entryAt = -1;
    this.full = 0;
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
      const entry = this.count++;
      if (entry === this.addresses.length) this.widen();
      this.addresses[entry] = (((this.blocks.length - 1) << 24) | at) >>> 0;
      if (!this.shared) rankWords(key, keyStart, keyEnd, entry, this.order, 2 * entry);
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

  private widen(): void {
    const addresses = new Uint32Array(this.addresses.length * 2);
    addresses.set(this.addresses);
    this.addresses = addresses;
    if (this.shared) return;
    if (this.count > MAX_ENTRIES) throw tooMuch();
    const order = new Uint32Array(this.order.length * 2);
    order.set(this.order);
    this.order = order;
  }

  /** A new block with room for at least `size` octets. */
  private openBlock(size: number): Uint8Array {
    if (this.blocks.length >= MAX_BLOCKS) throw tooMuch();
    this.full += this.block.length;
    let block = this.spare.pop();
    if (block === undefined) {
      let room = Math.max(FIRST_BLOCK, this.block.length * 4);
      while (room < size) room *= 4;
      room = Math.min(room, BLOCK_SIZE);
      block = new Uint8Array(this.shared ? new SharedArrayBuffer(room) : new ArrayBuffer(room));
    }
    this.block = block;
    this.blocks.push(block);
    return block;
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
  return (
    (block[at + 5] | (block[at + 6] << 8) | (block[at + 7] << 16) | (block[at + 8] << 24)) >>> 0
  );
}

/** The chunk of the input in which the fact at `block[at]` stood. */
export function factChunk(block: Uint8Array, at: number): number {
  return block[at + 9] | (block[at + 10] << 8);
}

/** The line, from 1 within its chunk, in which the fact at `block[at]` stood. */
export function factLine(block: Uint8Array, at: number): number {
  return block[at + 11] | (block[at + 12] << 8) | (block[at + 13] << 16);
}
