/**
 * The local half of checking denial of existence: each NSEC and NSEC3 record by itself and
 * against its forerunner (RFC 4034 §4, RFC 5155 §3 and §7.1, RFC 9077), and the list of the names
 * that need an NSEC3. What belongs to which hash is found out behind a ChainSink.
 */

import { nsec3Hash, textToHash } from '../denial/nsec3-hash.js';
import {
  compareBytes,
  countLabels,
  keyToWire,
  lowerCase,
  MAX_KEY,
  MAX_WIRE,
  nameToText,
  wireLength,
  wireToKey,
} from '../names/name.js';
import { readBitmap, writeBitmap } from '../records/bitmap.js';
import { factChunk, factLine } from '../records/entry.js';
import { TYPE, typeToText } from '../records/types.js';
import type { ChainSink } from './chain-sink.js';
import { sameChain, type VerifyContext } from './context.js';
import type { FaultList } from './faults.js';
import type { OwnerRecords } from './owner-records.js';
import type { SharedNames } from './short-way.js';

/** How a name stands to its NSEC3, as the type of an expected entry. */
export const Need = { must: 1, may: 2 } as const;

/** Both ends of a range's part of a chain, for the neighbours. Names are octets as compared. */
export interface ChainEnds {
  readonly first: Uint8Array | undefined;
  /** Key of the owner of the last record, and what it says comes next. */
  readonly lastKey: Uint8Array | undefined;
  readonly next: Uint8Array | undefined;
  readonly chunk: number;
  readonly line: number;
}

/** Goes along one kind of chain: remembers what must come next. */
class Link {
  first: Uint8Array | undefined;
  readonly lastKey: Uint8Array;
  lastKeyLength = 0;
  readonly next: Uint8Array;
  nextLength = -1;
  chunk = -1;
  line = -1;

  /** @param shared memory that the short way reads and writes, too. */
  constructor(private readonly shared?: SharedNames | undefined) {
    this.lastKey = shared?.linkKey ?? new Uint8Array(MAX_KEY);
    this.next = shared?.linkNext ?? new Uint8Array(MAX_WIRE + 1);
  }

  /** Hands the short way five words at `words[w]`. */
  lend(words: Uint32Array, w: number): void {
    words[w] = this.nextLength;
    words[w + 1] = this.first === undefined ? 0 : 1;
    words[w + 2] = this.lastKeyLength;
    words[w + 3] = this.chunk;
    words[w + 4] = this.line;
  }

  /** Takes over where the short way has come to. */
  takeBack(words: Uint32Array, w: number): void {
    this.nextLength = words[w] | 0;
    if (words[w + 1] !== 0) this.first ??= this.shared?.linkFirst.slice();
    this.lastKeyLength = words[w + 2];
    this.chunk = words[w + 3] | 0;
    this.line = words[w + 4] | 0;
  }

  restart(): void {
    this.first = undefined;
    this.nextLength = -1;
  }

  ends(): ChainEnds {
    const none = this.first === undefined;
    return {
      first: this.first,
      lastKey: none ? undefined : this.lastKey.slice(0, this.lastKeyLength),
      next: none ? undefined : this.next.slice(0, this.nextLength),
      chunk: this.chunk,
      line: this.line,
    };
  }
}

export class DenialChecker {
  readonly nsec = new Link();
  readonly nsec3: Link;
  /** NSEC3 records of the chain, and those among them without the opt-out flag. */
  nsec3Count = 0;
  notOptOut = 0;
  /** NSEC3 records of other chains that an NSEC3PARAM announces. */
  otherChain = 0;

  private readonly apexLabels: number;
  private readonly types = new Uint16Array(65536);
  private readonly bitmap = new Uint8Array(8192 + 512);
  private readonly hash = new Uint8Array(20);
  private readonly wire = new Uint8Array(MAX_WIRE + 1);

  constructor(
    private readonly context: VerifyContext,
    private faults: FaultList,
    shared?: SharedNames | undefined,
  ) {
    this.nsec3 = new Link(shared);
    this.apexLabels = countLabels(context.apex);
  }

  /** Begins a walk, whose faults go to `faults`. */
  restart(faults: FaultList): void {
    this.faults = faults;
    this.nsec.restart();
    this.nsec3.restart();
    this.nsec3Count = this.notOptOut = this.otherChain = 0;
  }

  /**
   * The bitmap that a name must have, in `this.expected[0, n)`.
   *
   * @param delegation only NS, DS and NSEC count; the rest below or at a cut is glue.
   */
  expect(records: OwnerRecords, delegation: boolean): number {
    const { types } = this;
    let n = 0;
    let signed = false;
    let last = -1;
    for (let i = 0; i < records.count; i++) {
      const type = records.type[i];
      if (type === last || type === TYPE.RRSIG || type === TYPE.NSEC3) continue;
      if (delegation && type !== TYPE.NS && type !== TYPE.DS && type !== TYPE.NSEC) continue;
      last = type;
      types[n++] = type;
      if (!delegation || type !== TYPE.NS) signed = true;
    }
    if (signed) types[n++] = TYPE.RRSIG;
    return writeBitmap(types, n, this.bitmap, 0);
  }

  /** Checks the NSEC of a name that must have one; `at` is its index, -1: there is none. */
  checkNsec(
    records: OwnerRecords,
    delegation: boolean,
    key: Uint8Array,
    start: number,
    end: number,
  ): void {
    let i = 0;
    while (i < records.count && records.type[i] !== TYPE.NSEC) i++;
    if (i === records.count) {
      this.faults.add('missing-nsec', key, start, end, TYPE.NSEC, 'the name has no NSEC record');
      return;
    }
    const n = this.expect(records, delegation);
    const b = records.block[i];
    const from = records.rdata(i);
    const bitmapAt = from + wireLength(b, from);
    const bitmapEnd = from + records.rdlength(i);
    if (compareBytes(this.bitmap, 0, n, b, bitmapAt, bitmapEnd) !== 0) {
      this.faults.add(
        'wrong-nsec-bitmap',
        key,
        start,
        end,
        TYPE.NSEC,
        bitmapMessage(b, bitmapAt, bitmapEnd, this.bitmap, 0, n),
        b,
        records.at[i],
      );
    }
  }

  /** Follows the NSEC chain over the NSEC record `i`, wherever it stands. */
  linkNsec(records: OwnerRecords, i: number, key: Uint8Array, start: number, end: number): void {
    const { nsec, faults } = this;
    const b = records.block[i];
    const at = records.at[i];
    const p = records.rdata(i);
    this.checkTtl(records, i, TYPE.NSEC, key, start, end);
    if (nsec.first === undefined) nsec.first = key.slice(start, end);
    else this.compareNsec(key, start, end);
    const n = wireLength(b, p);
    const { wire } = this;
    for (let k = 0; k < n; k++) wire[k] = b[p + k];
    lowerCase(wire, 0, n);
    nsec.nextLength = wireToKey(wire, 0, this.apexLabels, nsec.next, 0);
    if (!endsWith(wire, n, this.context.apex)) {
      faults.add(
        'wrong-nsec-next',
        key,
        start,
        end,
        TYPE.NSEC,
        `the next name ${nameToText(wire)} is not in the zone`,
        b,
        at,
      );
      nsec.nextLength = -1;
    }
    this.remember(nsec, key, start, end, b, at);
  }

  private compareNsec(key: Uint8Array, start: number, end: number): void {
    const { nsec } = this;
    if (nsec.nextLength < 0) return;
    if (compareBytes(nsec.next, 0, nsec.nextLength, key, start, end) === 0) return;
    this.faults.add(
      'wrong-nsec-next',
      nsec.lastKey,
      0,
      nsec.lastKeyLength,
      TYPE.NSEC,
      nsecMessage(nsec.next.subarray(0, nsec.nextLength), key.subarray(start, end), this.context),
    );
  }

  /** Checks the NSEC3 record `i`; `sink` is shown it when it is of the chain. */
  checkNsec3(
    records: OwnerRecords,
    i: number,
    key: Uint8Array,
    start: number,
    end: number,
    sink: ChainSink | undefined,
  ): void {
    const { nsec3, faults, context, hash } = this;
    const b = records.block[i];
    const at = records.at[i];
    const p = records.rdata(i);
    const fault = (code: Parameters<FaultList['add']>[0], message: string): void =>
      faults.add(code, key, start, end, TYPE.NSEC3, message, b, at);
    if (end - start !== 33 || key[end - 1] !== 0 || !textToHash(key, start, hash, 0)) {
      fault(
        'nsec3-not-at-apex-level',
        'the owner is not the base32hex form of a hash and the name of the zone',
      );
      return;
    }
    this.checkTtl(records, i, TYPE.NSEC3, key, start, end);
    const algorithm = b[p];
    const flags = b[p + 1];
    const iterations = (b[p + 2] << 8) | b[p + 3];
    const saltLength = b[p + 4];
    if ((flags & 0xfe) !== 0) fault('nsec3-flags', `unknown flags are set (${flags})`);
    if (algorithm !== 1) {
      fault('nsec3-hash-algorithm', `the hash algorithm is ${algorithm}, not 1 (SHA-1)`);
      return;
    }
    const { chain } = context;
    if (chain === undefined) return;
    if (!sameChain(chain, algorithm, iterations, b, p + 5, saltLength)) {
      for (const other of context.otherChains) {
        if (sameChain(other, algorithm, iterations, b, p + 5, saltLength)) {
          this.otherChain++;
          return;
        }
      }
      fault('mixed-nsec3-parameters', 'iterations or salt are not those of the chain');
      return;
    }
    this.nsec3Count++;
    if ((flags & 1) === 0) this.notOptOut++;
    if (nsec3.first === undefined) nsec3.first = hash.slice();
    else if (
      nsec3.nextLength >= 0 &&
      compareBytes(nsec3.next, 0, nsec3.nextLength, hash, 0, 20) !== 0
    ) {
      faults.add(
        'wrong-nsec3-next',
        nsec3.lastKey,
        0,
        nsec3.lastKeyLength,
        TYPE.NSEC3,
        nsec3Message(key.subarray(start, end - 1)),
      );
    }
    const nextAt = p + 5 + saltLength;
    const n = b[nextAt];
    nsec3.nextLength = n;
    for (let k = 0; k < n; k++) nsec3.next[k] = b[nextAt + 1 + k];
    this.remember(nsec3, key, start, end, b, at);
    sink?.meet(
      hash,
      flags,
      factChunk(b, at),
      factLine(b, at),
      b,
      nextAt + 1 + n,
      p + records.rdlength(i),
    );
  }

  /** Notes that a name needs an NSEC3, with the bitmap `this.expected[0, bitmapLength)`. */
  needNsec3(
    key: Uint8Array,
    start: number,
    end: number,
    need: number,
    bitmapLength: number,
    sink: ChainSink,
    block?: Uint8Array,
    at = 0,
  ): void {
    const { chain, apex } = this.context;
    if (chain === undefined) return;
    const { wire, hash } = this;
    const n = keyToWire(key, start, end, apex, wire, 0);
    nsec3Hash(wire, 0, n, chain, hash, 0);
    const chunk = block === undefined ? 0xffff : factChunk(block, at);
    const line = block === undefined ? 0 : factLine(block, at);
    sink.expect(hash, need, chunk, line, this.bitmap, bitmapLength);
  }

  /** The hash of a name, valid until the next call. */
  hashOf(key: Uint8Array, start: number, end: number): Uint8Array {
    const { wire, hash } = this;
    const n = keyToWire(key, start, end, this.context.apex, wire, 0);
    if (this.context.chain !== undefined) nsec3Hash(wire, 0, n, this.context.chain, hash, 0);
    return hash;
  }

  private remember(
    link: Link,
    key: Uint8Array,
    start: number,
    end: number,
    block: Uint8Array,
    at: number,
  ): void {
    for (let k = start; k < end; k++) link.lastKey[k - start] = key[k];
    link.lastKeyLength = end - start;
    link.chunk = factChunk(block, at);
    link.line = factLine(block, at);
  }

  private checkTtl(
    records: OwnerRecords,
    i: number,
    type: number,
    key: Uint8Array,
    start: number,
    end: number,
  ): void {
    const { soaTtl, soaMinimum, denialTtl } = this.context;
    const ttl = records.ttl(i);
    const least = Math.min(soaTtl, soaMinimum);
    const lawful = ttl === least || ttl === soaMinimum;
    if (lawful && ttl === denialTtl) return;
    if (lawful && denialTtl !== least && denialTtl !== soaMinimum) return;
    this.faults.add(
      'wrong-denial-ttl',
      key,
      start,
      end,
      type,
      lawful
        ? `the TTL is ${ttl}, that of others ${denialTtl}`
        : `the TTL is ${ttl}, not min(SOA TTL, SOA minimum) = ${least}`,
      records.block[i],
      records.at[i],
    );
  }
}

/** What a wrong bitmap lacks and has too many. */
export function bitmapMessage(
  actual: Uint8Array,
  at: number,
  end: number,
  expected: Uint8Array,
  expectedAt: number,
  expectedEnd: number,
): string {
  const is = readBitmap(actual, at, end);
  const wanted = readBitmap(expected, expectedAt, expectedEnd) ?? [];
  if (is === undefined) return 'the type bitmap is malformed';
  const list = (types: readonly number[]): string => types.map(typeToText).join(' ');
  const missing = list(wanted.filter((type) => !is.includes(type)));
  const extra = list(is.filter((type) => !wanted.includes(type)));
  const parts = [
    missing === '' ? '' : `lacks ${missing}`,
    extra === '' ? '' : `has ${extra} too many`,
  ];
  return `the type bitmap ${parts.filter((part) => part !== '').join(' and ')}`;
}

/** What is wrong with an NSEC's next name; both names as keys. */
export function nsecMessage(next: Uint8Array, owner: Uint8Array, context: VerifyContext): string {
  const text = (key: Uint8Array): string => {
    const wire = new Uint8Array(MAX_WIRE + 1);
    keyToWire(key, 0, key.length, context.apex, wire, 0);
    return nameToText(wire);
  };
  return `the next name is ${text(next)}, but the next NSEC is at ${text(owner)}`;
}

const latin1 = new TextDecoder('latin1');

/** What is wrong with an NSEC3's next hashed owner; the right one as text. */
export function nsec3Message(owner: Uint8Array): string {
  return `the next hashed owner is not the next of the chain, ${latin1.decode(owner)}`;
}

function endsWith(wire: Uint8Array, length: number, apex: Uint8Array): boolean {
  let p = 0;
  while (length - p > apex.length) p += wire[p] + 1;
  return length - p === apex.length && compareBytes(wire, p, length, apex, 0, apex.length) === 0;
}
