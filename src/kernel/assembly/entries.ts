/** Entries and facts as they lie in memory; the layout is that of records/entry.ts. */

/** Octets before an entry's key. */
export const ENTRY_HEADER: usize = 6;
/** Octets before a fact's RDATA. */
export const FACT_HEADER: usize = 14;

/** `Kind` of records/entry.ts. */
export const KIND_RECORD: u32 = 0;
export const KIND_DOMAIN: u32 = 1;
export const KIND_STATUS: u32 = 2;
export const KIND_NS: u32 = 3;
export const KIND_DS: u32 = 4;

export const TYPE_A: u32 = 1;
export const TYPE_NS: u32 = 2;
export const TYPE_CNAME: u32 = 5;
export const TYPE_SOA: u32 = 6;
export const TYPE_PTR: u32 = 12;
export const TYPE_MX: u32 = 15;
export const TYPE_TXT: u32 = 16;
export const TYPE_AAAA: u32 = 28;
export const TYPE_SRV: u32 = 33;
export const TYPE_DNAME: u32 = 39;
export const TYPE_DS: u32 = 43;
export const TYPE_RRSIG: u32 = 46;
export const TYPE_NSEC: u32 = 47;
export const TYPE_DNSKEY: u32 = 48;
export const TYPE_NSEC3: u32 = 50;
export const TYPE_NSEC3PARAM: u32 = 51;
export const TYPE_TLSA: u32 = 52;
export const TYPE_CDS: u32 = 59;
export const TYPE_CDNSKEY: u32 = 60;
export const TYPE_ZONEMD: u32 = 63;
export const TYPE_CAA: u32 = 257;

/** Octets of an entry's facts. */
export function payloadLength(entry: usize): usize {
  return <usize>load<u32>(entry);
}

/** Where an entry's key begins, and where it ends and its facts begin. */
export function keyStart(entry: usize): usize {
  return entry + ENTRY_HEADER;
}
export function keyEnd(entry: usize): usize {
  return entry + ENTRY_HEADER + <usize>load<u16>(entry, 4);
}

/** Where an entry ends and the next one begins. */
export function entryEnd(entry: usize): usize {
  return (keyEnd(entry) + payloadLength(entry) + 3) & ~3;
}

export function factKind(fact: usize): u32 {
  return load<u8>(fact);
}
export function factType(fact: usize): u32 {
  return load<u16>(fact, 1);
}
/** Octets of a fact's RDATA. */
export function factLength(fact: usize): usize {
  return <usize>load<u16>(fact, 3);
}
/** Seconds. */
export function factTtl(fact: usize): u32 {
  return load<u32>(fact, 5);
}
/** Where it stood: the chunk, and the line in it. */
export function factChunk(fact: usize): u32 {
  return load<u16>(fact, 9);
}
export function factLine(fact: usize): u32 {
  return load<u32>(fact, 11) & 0xffffff;
}
