/**
 * Entries: the packed unit that is read, sorted and merged. An entry is a sort key and the
 * facts that are known under it, as bytes:
 *
 *     u32 payload length | u16 key length | key | payload        (little-endian)
 *
 * The payload is a sequence of facts, each with a header of {@link FACT_HEADER} octets:
 *
 *     u8 kind | u16 type | u16 rdlength | u32 ttl | u16 chunk | u24 line | rdata
 *
 * `chunk` and `line` say where in the input the fact stood, so that an error found after the
 * sort can still name file and line. Entries lie in blocks of shared memory; an entry never
 * straddles two blocks, and its address is `block << 24 | offset`.
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

/** Appends facts under keys, in the order in which they are read. */
export class EntryWriter {
  readonly blocks: Uint8Array[] = [];
  /** Addresses of the entries, `count` of them. */
  addresses = new Uint32Array(1024);
  count = 0;
  /** Facts appended. */
  facts = 0;
  private block: Uint8Array = new Uint8Array(0);
  private at = 0;
  private entryAt = -1;
  private keyEnd = 0;

  /** Octets in use. */
  get bytes(): number {
    let full = 0;
    for (let i = 0; i < this.blocks.length - 1; i++) full += this.blocks[i].length;
    return full + this.at;
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
      at + size <= block.length &&
      this.keyEnd - entryAt - ENTRY_HEADER === keyLength &&
      compareBytes(block, entryAt + ENTRY_HEADER, this.keyEnd, key, keyStart, keyEnd) === 0
    ) {
      const length = at + size - this.keyEnd;
      block[entryAt] = length;
      block[entryAt + 1] = length >>> 8;
      block[entryAt + 2] = length >>> 16;
      block[entryAt + 3] = length >>> 24;
    } else {
      if (at + ENTRY_HEADER + keyLength + size > block.length) {
        block = this.openBlock(ENTRY_HEADER + keyLength + size);
        at = 0;
      }
      this.entryAt = at;
      if (this.count === this.addresses.length) {
        const wider = new Uint32Array(this.count * 2);
        wider.set(this.addresses);
        this.addresses = wider;
      }
      this.addresses[this.count++] = (((this.blocks.length - 1) << 24) | at) >>> 0;
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
    if (this.blocks.length >= MAX_BLOCKS) {
      throw new ZonewrightError(
        EXIT.unexpected,
        "a thread's share of the input is larger than the 4 GiB that it can address",
        { hint: 'use more --threads' },
      );
    }
    let room = Math.max(FIRST_BLOCK, this.block.length * 4);
    while (room < size) room *= 4;
    this.block = new Uint8Array(new SharedArrayBuffer(Math.min(room, BLOCK_SIZE)));
    this.blocks.push(this.block);
    return this.block;
  }
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
