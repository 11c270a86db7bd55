/**
 * Appends facts to entries as EntryWriter.append does (records/entry.ts), to the block that is open
 * there: the writer's state is taken over and given back.
 */

import { compare, copy, same } from './bytes';
import { ENTRY_HEADER, FACT_HEADER } from './entries';

/** Where the open block ends, and its last fact. */
let blockEnd: usize = 0;
let at: usize = 0;
/** The entry that was begun last, 0: none; and where its key ends. */
let entryAt: usize = 0;
let keyEnd: usize = 0;
let count: u32 = 0;
let facts: u32 = 0;
let sorted: bool = true;

/** A line number beyond this sticks at it. */
const MAX_LINE: u32 = 0xffffff;

/** Takes over the state of a writer, seven words at `state` (EntryWriter.lend). */
export function takeWriter(state: usize): void {
  blockEnd = load<u32>(state);
  at = load<u32>(state, 4);
  entryAt = load<u32>(state, 8);
  keyEnd = load<u32>(state, 12);
  count = load<u32>(state, 16);
  facts = load<u32>(state, 20);
  sorted = load<u32>(state, 24) !== 0;
}

/** Gives it back. */
export function giveWriter(state: usize): void {
  store<u32>(state, at, 4);
  store<u32>(state, entryAt, 8);
  store<u32>(state, keyEnd, 12);
  store<u32>(state, count, 16);
  store<u32>(state, facts, 20);
  store<u32>(state, sorted, 24);
}

/** Is there room in the block for so many octets more, whatever they are? */
export function hasOctets(octets: usize): bool {
  return at + 4 + octets <= blockEnd;
}

/** Appends a fact, unless the block has no room: then nothing has happened. */
export function append(
  key: usize,
  keyLength: usize,
  kind: u32,
  type: u32,
  ttl: u32,
  chunk: u32,
  line: u32,
  rdata: usize,
  rdlength: usize,
): bool {
  const size = FACT_HEADER + rdlength;
  let o = at;
  const lastKey = entryAt + ENTRY_HEADER;
  if (
    entryAt !== 0 &&
    keyEnd - lastKey === keyLength &&
    o + size <= blockEnd &&
    same(lastKey, key, keyLength)
  ) {
    store<u32>(entryAt, o + size - keyEnd);
  } else {
    const begin = (o + 3) & ~3;
    if (begin + ENTRY_HEADER + keyLength + size > blockEnd) return false;
    if (sorted && entryAt !== 0 && compare(lastKey, keyEnd, key, key + keyLength) > 0) {
      sorted = false;
    }
    entryAt = begin;
    count++;
    store<u32>(begin, size);
    store<u16>(begin, keyLength, 4);
    copy(begin + ENTRY_HEADER, key, keyLength);
    o = begin + ENTRY_HEADER + keyLength;
    keyEnd = o;
  }
  putFactHeader(o, kind, type, rdlength, ttl, chunk, line);
  o += FACT_HEADER;
  copy(o, rdata, rdlength);
  at = o + rdlength;
  facts++;
  return true;
}

/** Writes the header of a fact, and two octets more behind it. */
export function putFactHeader(
  o: usize,
  kind: u32,
  type: u32,
  rdlength: usize,
  ttl: u32,
  chunk: u32,
  line: u32,
): void {
  const low = <u64>kind | ((<u64>type) << 8) | ((<u64>rdlength) << 24) | ((<u64>ttl) << 40);
  store<u64>(o, low);
  const high =
    <u64>(ttl >> 24) | ((<u64>(chunk & 0xffff)) << 8) | ((<u64>min(line, MAX_LINE)) << 24);
  store<u64>(o, high, 8);
}
