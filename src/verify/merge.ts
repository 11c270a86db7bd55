/**
 * Puts together what the walks over a zone's parts have found, in the order of the parts: sums,
 * the chains from one part to the next, and the digests that ZONEMD asks for (RFC 8976 §3).
 */

import { createHash, type Hash } from 'node:crypto';
import { hashToText } from '../denial/nsec3-hash.js';
import { compareBytes, equalBytes } from '../names/name.js';
import { TYPE } from '../records/types.js';
import type { ZoneDigest } from './apex.js';
import type { VerifyContext } from './context.js';
import { type ChainEnds, nsec3Message, nsecMessage } from './denial.js';
import type { FaultList } from './faults.js';
import { addFingerprint, emptyFingerprint } from './fingerprint.js';
import { addCounts, newCounts, type RangeResult, type WalkCounts } from './walk-result.js';

const NO_KEY = new Uint8Array(0);

/** What came of all walks. */
export interface Walked {
  readonly counts: WalkCounts;
  readonly leastLife: number;
  /** Of signed RRsets; seconds. */
  readonly greatestTtl: number;
  readonly dnskeySigners: readonly number[];
  readonly dnskeyMissigners: readonly number[];
  /** Indices of the zone's own name servers that have an address. */
  readonly servers: ReadonlySet<number>;
  readonly warnings: readonly string[];
}

export interface Merge {
  /** Takes in what belongs to the order of the parts: chains, digest text. */
  join(result: RangeResult): void;
  /** Takes in the rest of the same result: faults and sums. */
  tally(result: RangeResult): void;
  /** Both sides of the NSEC3 chain, added up (fingerprint.ts). */
  readonly fingerprint: Int32Array;
  readonly counts: WalkCounts;
  /** Ends the chains, and holds the digests against the ones of the ZONEMD records. */
  finish(zonemd: readonly ZoneDigest[]): Walked;
}

/**
 * @param zonemd the digests to compute; those given to `finish` must have the same hashes.
 * @param faults takes the faults.
 */
export function createMerge(
  context: VerifyContext,
  zonemd: readonly ZoneDigest[],
  faults: FaultList,
): Merge {
  const counts = newCounts();
  let leastLife = 0x7fffffff;
  let greatestTtl = 0;
  const dnskeySigners: number[] = [];
  const dnskeyMissigners: number[] = [];
  const servers = new Set<number>();
  const fingerprint = emptyFingerprint();
  const hashes = new Map<ZoneDigest['hash'], Hash>(
    zonemd.map(({ hash }) => [hash, createHash(hash)]),
  );
  const nsec = createLinks((last, first) =>
    faults.add(
      'wrong-nsec-next',
      last.lastKey ?? NO_KEY,
      0,
      last.lastKey?.length ?? 0,
      TYPE.NSEC,
      nsecMessage(last.next ?? NO_KEY, first, context),
    ),
  );
  const nsec3 = createLinks((last, first) => wrongNext(faults, last, first));
  return {
    fingerprint,
    counts,
    join(result) {
      const { digest } = result;
      if (digest !== undefined) for (const hash of hashes.values()) hash.update(digest);
      nsec.add(result.nsec);
      nsec3.add(result.nsec3);
      addFingerprint(fingerprint, result.fingerprint);
    },
    tally(result) {
      faults.merge(result.faults);
      addCounts(counts, result.counts);
      leastLife = Math.min(leastLife, result.leastLife);
      greatestTtl = Math.max(greatestTtl, result.greatestTtl);
      dnskeySigners.push(...result.dnskeySigners);
      dnskeyMissigners.push(...result.dnskeyMissigners);
      for (const i of result.servers) servers.add(i);
    },
    finish(final) {
      nsec.close();
      nsec3.close();
      const computed = new Map([...hashes].map(([name, hash]) => [name, hash.digest()]));
      for (const { hash, digest } of final) {
        const own = computed.get(hash);
        if (own !== undefined && equalBytes(own, digest)) continue;
        const text = own?.toString('hex').slice(0, 16);
        const message = `the ${hash} digest of the zone is another one (${text}…)`;
        faults.add('zonemd-mismatch', NO_KEY, 0, 0, TYPE.ZONEMD, message);
      }
      const warnings: string[] = [];
      if (counts.otherChain > 0) {
        warnings.push(`${counts.otherChain} NSEC3 records of a further chain were not followed`);
      }
      if (counts.uncheckedSignatures > 0) {
        const n = counts.uncheckedSignatures;
        warnings.push(`${n} signatures are of an algorithm not known here`);
      }
      if (counts.keylessSignatures > 0) {
        const n = counts.keylessSignatures;
        warnings.push(
          `${n} signatures are of an algorithm that no DNSKEY has, as at the begin and the end of its roll; they were not checked`,
        );
      }
      return {
        counts,
        leastLife,
        greatestTtl,
        dnskeySigners,
        dnskeyMissigners,
        servers,
        warnings,
      };
    },
  };
}

/** Joins the parts of a chain; `wrong` is told where one does not lead to the next. */
function createLinks(wrong: (last: ChainEnds, first: Uint8Array) => void) {
  let first: Uint8Array | undefined;
  let last: ChainEnds | undefined;
  const compare = (to: Uint8Array): void => {
    const next = last?.next;
    if (last === undefined || next === undefined) return;
    if (compareBytes(next, 0, next.length, to, 0, to.length) !== 0) wrong(last, to);
  };
  return {
    add(ends: ChainEnds): void {
      if (ends.first === undefined) return;
      compare(ends.first);
      first ??= ends.first;
      last = ends;
    },
    /** The last record must lead to the first. */
    close(): void {
      if (first !== undefined) compare(first);
    },
  };
}

function wrongNext(faults: FaultList, last: ChainEnds, first: Uint8Array): void {
  const text = new Uint8Array(32);
  hashToText(first, 0, text, 0);
  const key = last.lastKey ?? NO_KEY;
  faults.add('wrong-nsec3-next', key, 0, key.length, TYPE.NSEC3, nsec3Message(text));
}
