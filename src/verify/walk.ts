/**
 * The walk over a range of owners in canonical order: goes from owner to owner, knows which zone
 * cut or DNAME they are below, has each one checked (owner-checks.ts), and collects what can't be
 * checked where it stands (digest text, hashes, ends of chains).
 */

import { compareBytes, keyToWire, MAX_KEY } from '../names/name.js';
import { ENTRY_HEADER, entryKeyEnd } from '../records/entry.js';
import { TYPE } from '../records/types.js';
import { Cursor } from '../sort/cursor.js';
import type { KeyRange } from '../sort/ranges.js';
import type { Run } from '../sort/run.js';
import { type ChainSink, fingerprintSink } from './chain-sink.js';
import type { VerifyContext } from './context.js';
import { Need } from './denial.js';
import { DigestText } from './digest-text.js';
import { Fingerprint } from './fingerprint.js';
import { NonTerminals } from './non-terminals.js';
import { OwnerChecks } from './owner-checks.js';
import { isFoundBefore, nameExists } from './range-start.js';
import { ShortWay } from './short-way.js';
import type { RangeResult, WalkMode, WalkTools } from './walk-result.js';

const NO_COVER = -1;
/** Octets of digest text that a walk has room for at first. */
const DIGEST_ROOM = 1 << 20;

/** Walks parts of one zone, one after another. */
export class RangeWalker {
  private readonly owners: OwnerChecks;
  /** Key of the cut or DNAME whose subtree goes by. */
  private readonly cover: Uint8Array;
  private coverLength = NO_COVER;
  private coverIsDname = false;
  private mode: WalkMode = 'check';
  private checks = true;
  /** Where the range begins that is walked. */
  private from: Uint8Array | undefined;
  private readonly fingerprint: Fingerprint;
  private readonly fingerprints: ChainSink;
  private sink: ChainSink;
  private digest: DigestText | undefined;
  private readonly digestText: DigestText;
  private readonly nonTerminals: NonTerminals;
  private readonly shortWay: ShortWay | undefined;

  constructor(
    private readonly context: VerifyContext,
    private readonly tools: WalkTools,
  ) {
    const { runs = [], kernel } = tools;
    const shortWay = kernel && ShortWay.open(kernel, context);
    this.shortWay = shortWay;
    this.cover = shortWay?.shared.cover ?? new Uint8Array(MAX_KEY);
    this.digestText = new DigestText(kernel);
    this.fingerprint = new Fingerprint(context.fingerprintKey);
    this.fingerprints = fingerprintSink(this.fingerprint);
    this.sink = this.fingerprints;
    this.owners = new OwnerChecks(context, tools, this.sink, shortWay?.shared);
    this.nonTerminals = new NonTerminals(
      (key, length) => this.isSettled(runs, key.slice(0, length)),
      (key, start, end, must, again) => this.emptyNonTerminal(key, start, end, must, again),
      shortWay?.shared,
    );
  }

  /** Walks a range of the runs. It must not begin inside a delegated subtree, see
   * range-start.ts. */
  walk(range: KeyRange, mode: WalkMode): RangeResult {
    const { records } = this.owners;
    this.begin(mode);
    this.from = range.from;
    const cursor = new Cursor(this.tools.runs ?? [], range.from, range.to);
    while (cursor.next()) {
      records.load(cursor);
      this.owner(cursor.keyBlock, cursor.keyStart, cursor.keyEnd);
    }
    return this.end();
  }

  /** Begins a walk, to which owners are then given by {@link take}. */
  begin(mode: WalkMode, digestRoom = DIGEST_ROOM): void {
    const { context } = this;
    this.mode = mode;
    this.from = undefined;
    this.checks = mode === 'check' || mode === 'check-all';
    this.sink = this.checks ? this.fingerprints : (this.tools.collect ?? this.fingerprints);
    this.fingerprint.clear();
    this.owners.restart(this.sink);
    this.coverLength = NO_COVER;
    this.coverIsDname = false;
    this.nonTerminals.restart();
    this.digest = this.checks && context.digest ? this.digestText : undefined;
    this.digest?.restart(digestRoom);
    this.shortWay?.begin(context, this.owners.signatures, mode === 'check-all');
  }

  /**
   * Goes on to the next owner in canonical order, with the key `key[0, keyLength)` and the facts
   * in `block[start, end)`, which must stay as they are until {@link end}.
   */
  take(block: Uint8Array, start: number, end: number, key: Uint8Array, keyLength: number): void {
    this.owners.records.loadFacts(block, start, end);
    this.owner(key, 0, keyLength);
  }

  /**
   * Takes the owners whose entries (records/entry.ts) are at `block[at, stop)`, as {@link take}
   * does, as far as they can take the short way.
   *
   * @returns where the first entry is that can't.
   */
  takeMany(block: Uint8Array, at: number, stop: number): number {
    const { shortWay, owners } = this;
    if (shortWay === undefined || !this.checks || at >= stop) return at;
    if (owners.waitsForGlue) {
      const start = at + ENTRY_HEADER;
      if (this.isCovered(block, start, entryKeyEnd(block, at))) return at;
      this.leaveCover();
    }
    const { nonTerminals, digest, coverLength } = this;
    const { denial, signatures } = owners;
    const lent = { nonTerminals, denial, signatures, digest };
    const behind = shortWay.run(block, at, stop, coverLength, lent);
    if (behind === at) return at;
    this.coverLength = shortWay.coverLength;
    this.coverIsDname = false;
    return behind;
  }

  /** Ends a walk: what came of it. */
  end(): RangeResult {
    this.leaveCover();
    const { owners, fingerprint } = this;
    const { counts, signatures, denial, faults } = owners;
    this.shortWay?.addTo(counts, owners, fingerprint.sum);
    signatures.flush();
    counts.signatures = signatures.signatures;
    counts.verified = signatures.verified;
    counts.uncheckedSignatures = signatures.unchecked;
    counts.keylessSignatures = signatures.keyless;
    counts.nsec3 = denial.nsec3Count + denial.otherChain;
    counts.notOptOut = denial.notOptOut;
    counts.otherChain = denial.otherChain;
    return {
      faults: { found: faults.found, counts: faults.counts },
      counts,
      leastLife: signatures.leastLife,
      greatestTtl: signatures.greatestTtl,
      nsec: denial.nsec.ends(),
      nsec3: denial.nsec3.ends(),
      fingerprint: fingerprint.sum.slice(),
      dnskeySigners: owners.dnskeySigners,
      dnskeyMissigners: owners.dnskeyMissigners,
      servers: owners.servers,
      digest: this.digest?.take(),
    };
  }

  private owner(key: Uint8Array, start: number, end: number): void {
    const { context, checks, owners } = this;
    const { records, counts } = owners;
    const { count, type } = records;
    let wireEnd = 0;
    if (checks) {
      counts.owners++;
      wireEnd = keyToWire(key, start, end, context.apex, owners.wire, 0);
      this.digest?.add(records, owners.wire, wireEnd, start === end);
      if (records.repeated > 0) owners.repeated(key, start, end);
    }
    // ---- below a cut or a DNAME ----------------------------------------------------------
    if (this.coverLength >= 0 && !this.isCovered(key, start, end)) this.leaveCover();
    const belowDname = (context.apexDname && start !== end) || this.coverIsDname;
    if (this.coverLength >= 0 || belowDname) {
      if (checks) owners.covered(key, start, end, wireEnd, belowDname);
      else if (this.collectsRecords() && records.has(TYPE.NSEC3)) owners.nsec3(key, start, end);
      return;
    }
    if (records.onlyNs && checks && start !== end) {
      this.insecure(key, start, end, wireEnd);
      return;
    }
    // ---- what is here --------------------------------------------------------------------
    let hasNs = false;
    let hasDs = false;
    let hasDname = false;
    let hasNsec = false;
    let hasNsec3 = false;
    let hasData = false;
    for (let i = 0; i < count; i++) {
      const t = type[i];
      if (t === TYPE.NS) hasNs = hasData = true;
      else if (t === TYPE.DS) hasDs = hasData = true;
      else if (t === TYPE.NSEC3) hasNsec3 = true;
      else if (t === TYPE.NSEC) hasNsec = true;
      else if (t !== TYPE.RRSIG) {
        hasData = true;
        if (t === TYPE.DNAME) hasDname = true;
      }
    }
    const isApex = start === end;
    const isCut = hasNs && !isApex;
    if (checks) {
      if (isCut) {
        counts.delegations++;
        if (hasDs) counts.secureDelegations++;
      }
      owners.rrsets(key, start, end, wireEnd, isApex, isCut);
      if (hasNsec3) owners.nsec3(key, start, end);
      if (hasNsec) owners.nsecs(key, start, end, hasData);
      if (hasData && context.denial === 'nsec') {
        owners.denial.checkNsec(records, isCut, key, start, end);
      }
    } else if (hasNsec3 && this.collectsRecords()) {
      owners.nsec3(key, start, end);
    }
    if (hasData && context.chain !== undefined) {
      const must = !isCut || hasDs;
      this.nonTerminals.visit(key, start, end, must);
      if (this.wants(must)) {
        const n = this.mode === 'name' ? 0 : owners.denial.expect(records, isCut);
        this.need(key, start, end, must, n, records.block[0], records.at[0]);
      }
    }
    // ---- what follows lies below ---------------------------------------------------------
    if (isCut || (hasDname && !isApex)) {
      this.enterCover(key, start, end, !isCut);
      if (isCut && checks) owners.watchGlue(key, start, end, wireEnd);
    }
  }

  /** An insecure delegation and nothing else: by far the most owners of a large zone. */
  private insecure(key: Uint8Array, start: number, end: number, wireEnd: number): void {
    const { context, owners } = this;
    const { records, counts, denial, wire } = owners;
    counts.rrsets++;
    counts.delegations++;
    if (records.count > 1) owners.rrset(0, records.count, key, start, end);
    if (context.denial === 'nsec') denial.checkNsec(records, true, key, start, end);
    if (context.chain !== undefined) {
      if (wire[0] + 1 + context.apex.length === wireEnd) {
        this.nonTerminals.visitFirstLevel(key, start, end);
      } else {
        this.nonTerminals.visit(key, start, end, false);
      }
      if (this.mode === 'check-all') {
        const n = denial.expect(records, true);
        this.need(key, start, end, false, n, records.block[0], records.at[0]);
      }
    }
    this.enterCover(key, start, end, false);
    owners.watchGlue(key, start, end, wireEnd);
  }

  private collectsRecords(): boolean {
    return this.mode === 'must' || this.mode === 'all';
  }

  private wants(must: boolean): boolean {
    switch (this.mode) {
      case 'check':
      case 'must':
        return must;
      case 'may':
        return !must;
      default:
        return true;
    }
  }

  /** Is this ancestor of a range's first name a name, or counted by an earlier range? */
  private isSettled(runs: readonly Run[], ancestor: Uint8Array): boolean {
    if (nameExists(runs, ancestor)) return true;
    if (!this.checks || this.from === undefined) return false;
    return isFoundBefore(runs, ancestor, this.from, this.mode === 'check-all');
  }

  /** @param again it was found before, as one that may have an NSEC3: it counts but once. */
  private emptyNonTerminal(
    key: Uint8Array,
    start: number,
    end: number,
    must: boolean,
    again: boolean,
  ): void {
    if (again && this.mode === 'check-all') return;
    this.need(key, start, end, must, 0);
  }

  private need(
    key: Uint8Array,
    start: number,
    end: number,
    must: boolean,
    bitmapLength: number,
    block?: Uint8Array,
    at?: number,
  ): void {
    if (!this.wants(must)) return;
    const { denial } = this.owners;
    if (this.mode === 'name') {
      this.tools.named?.(denial.hashOf(key, start, end), key, start, end);
      return;
    }
    const need = must ? Need.must : Need.may;
    denial.needNsec3(key, start, end, need, bitmapLength, this.sink, block, at);
  }

  /** Does the owner lie below the cut or DNAME that was entered last? */
  private isCovered(key: Uint8Array, start: number, end: number): boolean {
    const { cover, coverLength } = this;
    if (coverLength < 0 || end - start <= coverLength) return false;
    return compareBytes(key, start, start + coverLength, cover, 0, coverLength) === 0;
  }

  private enterCover(key: Uint8Array, start: number, end: number, isDname: boolean): void {
    const { cover } = this;
    for (let k = start; k < end; k++) cover[k - start] = key[k];
    this.coverLength = end - start;
    this.coverIsDname = isDname;
  }

  private leaveCover(): void {
    this.coverLength = NO_COVER;
    this.coverIsDname = false;
    this.owners.endGlue();
  }
}
