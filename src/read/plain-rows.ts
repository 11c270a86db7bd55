/**
 * The short way for the rows of which nearly all of a registry's export consists: names of letters,
 * digits and hyphens, known statuses, name servers that are hosts of the export, DS data of the
 * digest types in use. The kernel (kernel/assembly/csv.ts) reads such rows in a row and appends
 * their facts to the writers' entries; at anything else it stops, and leaves the row to the parser
 * (rde-csv.task.ts, registry-rows.ts), so that each rule and each message stands there.
 */

import { copyOctets } from '../kernel/copy.js';
import type { Kernel } from '../kernel/kernel.js';
import { countLabels, nameToText } from '../names/name.js';
import { type EntryWriter, FACT_HEADER, factLength } from '../records/entry.js';
import { STATUSES, type StatusVocabulary } from '../zone/status.js';
import { CHUNK } from './csv-cut.js';
import { eachHost, HOST, type HostIndex } from './host-index.js';
import { type Layout, Table } from './rde-csv-layout.js';
import type { RegistryNames } from './registry-names.js';
import type { ChunkText, RegistryZone, RowCounts } from './registry-rows.js';

/** Where no row is plain, it is tried with one of so many. */
const MOST_PAUSE = 63;

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;

/** Tables whose plain rows the kernel knows; those of hosts have few rows beside them. */
const KNOWN: ReadonlySet<number> = new Set([
  Table.domain,
  Table.domainStatuses,
  Table.serversByRoid,
  Table.serversByName,
  Table.attributes,
  Table.dnssec,
  Table.counted,
]);

/**
 * Of a thread's memory the part that hosts may fill beside the shared table of all of them: 16 MiB of
 * 256 hold 300,000, as ten million domains have. Where there are more, those get in that are met
 * first, and rows about the others go the long way.
 */
const HOST_SHARE = 1 / 16;
const MOST_HOST_OCTETS = 128 << 20;
/** Of these a quarter is slots. */
const SLOT_SHARE = 1 / 4;
/** Octets of a host, about, its slots included. */
const HOST_OCTETS = 52;
const LONGEST_ROID = 255;

// The state as it lies in the kernel's memory, in words; kernel/assembly/csv.ts has the same.
const NEXT = 0;
const END = 1;
const LINE = 2;
const CHUNK_NUMBER = 3;
const TABLE = 4;
const SEPARATOR = 5;
const WIDTH = 6;
const ROWS = 7;
const OUTSIDE = 8;
const ZONES = 9;
const ZONES_END = 10;
const EPP = 11;
const EPP_END = 12;
const RGP = 13;
const RGP_END = 14;
const NEW_TEXT = 15;
const COLUMNS = 16;
const COLUMNS_END = 32;
// A zone, in words, and its octets; then where its name stands.
const ZONE_WRITER = 0;
const ZONE_ROWS = 7;
const ZONE_LABELS = 8;
const ZONE_LENGTH = 9;
const ZONE_NS_TTL = 10;
const ZONE_DS_TTL = 11;
const ZONE_APEX = 48;
const ZONE = 320;
// A status, in octets: its code, and where its name stands.
const STATUS_NAME = 16;
const STATUS_ENTRY = 48;

/** Reads the plain rows of one job, into writers whose entries lie in a kernel's memory. */
export class PlainRows {
  /** Number of the line that comes next. */
  line = 1;

  private readonly words: Uint32Array;
  private readonly state: number;
  private readonly zones: number;
  private readonly memory: number;
  /** For each zone of the job its place among the kernel's. */
  private readonly order: readonly number[];
  /** Zones whose writers are not the kernel's at the moment. */
  private readonly back: number[] = [];
  private readonly isBack: boolean[];
  private writers: readonly EntryWriter[] = [];
  private text = 0;
  /** Rows to leave to the parser before the kernel is tried again, and how many it was last time. */
  private pause = 0;
  private lastPause = 0;
  /** Octets of the table of hosts, and where one to be added is put together. */
  private readonly hostRoom: number;
  private readonly host: number;

  /** Could all names of a zone be plain? An apex with labels of other characters goes the long way. */
  static canRead(names: RegistryNames, zones: readonly RegistryZone[]): boolean {
    return zones.every(({ apex }) => {
      const text = new TextEncoder().encode(nameToText(apex));
      return apex.length === 1 || names.host(text, 0, text.length);
    });
  }

  /**
   * @param memory octets that the thread may hold.
   */
  constructor(
    private readonly kernel: Kernel,
    zones: readonly RegistryZone[],
    names: RegistryNames,
    memory: number,
  ) {
    this.state = kernel.take(4 * COLUMNS_END);
    this.zones = kernel.take(zones.length * ZONE);
    const epp = putStatuses(kernel, 'epp');
    const rgp = putStatuses(kernel, 'rgp');
    // Only what is used of it becomes memory of the process.
    this.memory = kernel.take(CHUNK + 16);
    this.hostRoom = Math.min(MOST_HOST_OCTETS, Math.floor(memory * HOST_SHARE));
    openHosts(kernel, this.hostRoom);
    this.host = kernel.take(2 * (LONGEST_ROID + 1));
    const order: number[] = [];
    names.order.forEach((zone, place) => {
      order[zone] = place;
      this.putZone(place, zones[zone]);
    });
    this.order = order;
    this.isBack = zones.map(() => false);
    this.words = kernel.words.subarray(this.state / 4, this.state / 4 + COLUMNS_END);
    this.words[ZONES] = this.zones;
    this.words[ZONES_END] = this.zones + zones.length * ZONE;
    [this.words[EPP], this.words[EPP_END]] = epp;
    [this.words[RGP], this.words[RGP_END]] = rgp;
  }

  private putZone(place: number, zone: RegistryZone): void {
    const { bytes, words } = this.kernel;
    const at = this.zones + place * ZONE;
    bytes.set(zone.apex, at + ZONE_APEX);
    words[at / 4 + ZONE_LABELS] = countLabels(zone.apex);
    words[at / 4 + ZONE_LENGTH] = zone.apex.length;
    words[at / 4 + ZONE_NS_TTL] = zone.nsTtl;
    words[at / 4 + ZONE_DS_TTL] = zone.dsTtl;
  }

  /**
   * Begins a chunk.
   *
   * @returns false: all its rows are the parser's.
   */
  begin({ buffer, length, chunk, layout }: ChunkText, writers: readonly EntryWriter[]): boolean {
    if (!isKnown(layout) || length > CHUNK) return false;
    const { kernel, words } = this;
    // What is copied from and to the same places in words of eight octets is copied by words.
    this.text = this.memory + (buffer.byteOffset & 7);
    copyOctets(buffer, 0, length, kernel.bytes, this.text);
    // Each row ends somewhere, the last one, too.
    kernel.bytes[this.text + length] = LF;
    words[END] = this.text + length;
    words[CHUNK_NUMBER] = chunk;
    words[TABLE] = layout.table;
    words[SEPARATOR] = layout.separator;
    words[WIDTH] = layout.width;
    words[ROWS] = 0;
    words[OUTSIDE] = 0;
    words[NEW_TEXT] = 1;
    words.set(layout.columns, COLUMNS);
    words.fill(-1, COLUMNS + layout.columns.length, COLUMNS_END);
    this.writers = writers;
    this.back.length = 0;
    writers.forEach((_, zone) => {
      this.back.push(zone);
      this.isBack[zone] = true;
      kernel.words[this.zoneWords(zone) + ZONE_ROWS] = 0;
    });
    return true;
  }

  /**
   * Reads rows from offset `p` on, which begins one.
   *
   * @param line the number of its line.
   * @returns the offset of the first row that it has not read; the same as `p`: nothing was read.
   */
  read(p: number, line: number): number {
    const { words, text, back } = this;
    this.line = line;
    if (this.pause > 0) {
      this.pause--;
      return p;
    }
    for (const zone of back) {
      this.isBack[zone] = false;
      this.writers[zone].lend(this.kernel.words, this.zoneWords(zone) + ZONE_WRITER);
    }
    back.length = 0;
    words[NEXT] = text + p;
    words[LINE] = line;
    this.kernel.functions.readRows(this.state);
    this.line = words[LINE];
    const behind = words[NEXT] - text;
    // Each row in vain doubles the wait.
    this.pause = behind === p ? this.lastPause : 0;
    this.lastPause = behind === p ? Math.min(2 * this.lastPause + 1, MOST_PAUSE) : 0;
    return behind;
  }

  /** The writer of a zone, to append to. */
  writer(zone: number): EntryWriter {
    const writer = this.writers[zone];
    if (!this.isBack[zone]) {
      this.isBack[zone] = true;
      this.back.push(zone);
      writer.takeBack(this.kernel.words, this.zoneWords(zone) + ZONE_WRITER);
    }
    return writer;
  }

  /** Ends the chunk: what has been read of it. */
  end(): RowCounts {
    const perZone = this.writers.map((_, zone) => {
      this.writer(zone);
      return this.kernel.words[this.zoneWords(zone) + ZONE_ROWS];
    });
    return { rows: this.words[ROWS], outside: this.words[OUTSIDE], perZone };
  }

  /** Adds the hosts of a table, if there is room for them. */
  addHosts(index: HostIndex): void {
    if (index.hosts * HOST_OCTETS > this.hostRoom) return;
    eachHost(index, (block, start, end, fact) => {
      if (block[fact] !== HOST) return;
      this.addHost(block, start, end, block, fact + FACT_HEADER, factLength(block, fact));
    });
  }

  /** Rows with the ROID `text[start, end)` mean the host with the wire name `name[at…]`. */
  addHost(
    text: Uint8Array,
    start: number,
    end: number,
    name: Uint8Array,
    at: number,
    length: number,
  ): void {
    const roidLength = end - start;
    if (roidLength > LONGEST_ROID) return;
    const { kernel, host } = this;
    for (let i = 0; i < roidLength; i++) kernel.bytes[host + i] = text[start + i];
    const to = host + roidLength;
    for (let i = 0; i < length; i++) kernel.bytes[to + i] = name[at + i];
    kernel.functions.addHost(host, roidLength, to, length);
  }

  private zoneWords(zone: number): number {
    return (this.zones + this.order[zone] * ZONE) / 4;
  }
}

function isKnown({ table, separator, columns }: Layout): boolean {
  return (
    KNOWN.has(table) &&
    columns.length <= COLUMNS_END - COLUMNS &&
    separator !== QUOTE &&
    separator !== LF &&
    separator !== CR
  );
}

/** Writes the statuses of a vocabulary; returns where they begin, and end. */
function putStatuses(kernel: Kernel, vocabulary: StatusVocabulary): [number, number] {
  const list = STATUSES.filter((status) => status.vocabulary === vocabulary);
  const begin = kernel.take(list.length * STATUS_ENTRY);
  list.forEach(({ code, name }, i) => {
    const at = begin + i * STATUS_ENTRY;
    kernel.words[at / 4] = code;
    kernel.bytes.set(new TextEncoder().encode(name.toLowerCase()), at + STATUS_NAME);
  });
  return [begin, begin + list.length * STATUS_ENTRY];
}

/** Opens a table of hosts of so many octets. */
function openHosts(kernel: Kernel, octets: number): void {
  let slots = 16;
  while (slots * 8 <= octets * SLOT_SHARE) slots *= 2;
  const arena = Math.max(0, octets - 4 * slots);
  // The memory of a new kernel is zero.
  kernel.functions.openHosts(kernel.take(4 * slots), slots, kernel.take(arena), arena);
}
