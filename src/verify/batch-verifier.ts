/**
 * Verifies signatures by one key in batches: the one way for callers, whatever the algorithm.
 *
 * A P-256 key of engine `openssl` gets the kernel of p256/ once it has had so many signatures
 * that the kernel pays for its making; before, and for all other keys, signatures go to the
 * engine one by one. The engine also has the last word: it judges what the kernel does not
 * accept, so that what is bad is so by the engine's judgement alone, and some of what the kernel
 * does accept.
 */

import { parseDnskey } from '../dnssec/dnskey.js';
import { copyOctets } from '../kernel/copy.js';
import { openVerifier } from '../sign/engine.js';
import type { EngineName, Verifier } from '../sign/engine-types.js';
import { BATCH, type Kernel, openKernel, SIGNATURE } from './p256/kernel.js';

const ECDSAP256SHA256 = 13;

/** Signatures by one key before its kernel is made: as long as OpenSSL takes for 1,000. */
const KERNEL_FROM = 1000;

/** Fewer signatures than these are not worth the inversions of a batch. */
const LEAST_BATCH = 8;

/** One accepted signature of so many is shown to the engine too. */
const SAMPLE = 256;

/**
 * Words of a job that the kernel of the walk makes (kernel/assembly/verify-signed.ts): where what
 * is signed and its signature end, and the SHA-256 of what is signed.
 */
export const JOB = 16;
const DATA_END = 0;
export const SIGNATURE_END = 1;
const DIGEST = 8;
const DIGEST_WORDS = 8;

export interface BatchVerifier {
  readonly algorithm: number;
  readonly tag: number;
  readonly signatureLength: number;
  /** Signatures that wait. */
  readonly size: number;
  /** When `size` gets here it is time to flush; more may be pushed, and take memory. */
  readonly capacity: number;
  /** Takes a copy of `data[start, end)` and its signature `sig[sigStart, sigEnd)`. */
  push(
    data: Uint8Array,
    start: number,
    end: number,
    sig: Uint8Array,
    sigStart: number,
    sigEnd: number,
  ): void;
  /**
   * Takes copies of what jobs tell of, one piece of data and its signature behind the other.
   *
   * @param data address in `bytes` that offsets in jobs count from.
   * @param from where the first one's data begin.
   * @param words the jobs are in `words[job, jobEnd)`, and at least one.
   */
  pushMany(
    bytes: Uint8Array,
    data: number,
    from: number,
    words: Uint32Array,
    job: number,
    jobEnd: number,
  ): void;
  /**
   * Verifies what waits, and is empty then.
   *
   * @param onBad is told which ones are bad, by their index in the order of pushing since the last
   *   flush, ascending. It must not push.
   * @throws Error when the kernel has accepted what the engine does not: a defect.
   */
  flush(onBad: (index: number) => void): void;
}

/** For tests. */
export interface BatchOptions {
  /** Signatures before the kernel is made. */
  readonly kernelFrom?: number;
  /** Makes the kernel. */
  readonly openKernel?: (publicKey: Uint8Array) => Kernel | undefined;
}

/**
 * Makes the batch verifier of a published key.
 *
 * @param dnskey DNSKEY rdata.
 * @throws ZonewrightError (exit 4) when the algorithm is not known or the key is broken.
 */
export async function openBatchVerifier(
  dnskey: Uint8Array,
  engine: EngineName,
  options: BatchOptions = {},
): Promise<BatchVerifier> {
  const verifier = await openVerifier(dnskey, engine);
  const publicKey =
    engine === 'openssl' && verifier.algorithm === ECDSAP256SHA256
      ? parseDnskey(dnskey)?.publicKey
      : undefined;
  return batchVerifier(verifier, publicKey, options);
}

function batchVerifier(
  verifier: Verifier,
  publicKey: Uint8Array | undefined,
  options: BatchOptions,
): BatchVerifier {
  const { kernelFrom = KERNEL_FROM, openKernel: open = openKernel } = options;
  const capacity = 8 * BATCH;
  /** Data and signature, one pair behind the other. */
  let arena = new Uint8Array(capacity * (128 + SIGNATURE));
  /** Where the data and the signature of each end; they begin where the last signature ends. */
  let ends = new Int32Array(2 * capacity);
  let size = 0;
  let used = 0;
  let seen = 0;
  let accepted = 0;
  let kernel: Kernel | undefined;
  let isOpened = publicKey === undefined;
  const verdicts = new Uint8Array(BATCH);
  /** The SHA-256 of the data, where it is known. */
  let digests = new Int32Array(DIGEST_WORDS * capacity);
  let hasDigest = new Uint8Array(capacity);
  const digest = new Int32Array(DIGEST_WORDS);

  const startOf = (i: number): number => (i === 0 ? 0 : ends[2 * i - 1]);
  const judge = (i: number): boolean =>
    verifier.verify(arena, startOf(i), ends[2 * i], arena, ends[2 * i], ends[2 * i + 1]);

  /** Verifies signatures `from` to `end` − 1, no more than a batch. */
  const runKernel = (from: number, end: number, onBad: (index: number) => void): void => {
    let count = 0;
    for (let i = from; i < end; i++) {
      const sig = ends[2 * i];
      if (ends[2 * i + 1] - sig !== SIGNATURE) continue;
      if (hasDigest[i] !== 0) {
        for (let k = 0; k < DIGEST_WORDS; k++) digest[k] = digests[DIGEST_WORDS * i + k];
        kernel!.loadDigest(count++, digest, arena, sig);
      } else {
        kernel!.load(count++, arena, startOf(i), sig, arena, sig);
      }
    }
    kernel!.verify(count, verdicts);
    let k = 0;
    for (let i = from; i < end; i++) {
      const isWhole = ends[2 * i + 1] - ends[2 * i] === SIGNATURE;
      if (isWhole && verdicts[k++] === 1) {
        if (++accepted % SAMPLE === 1 && !judge(i)) {
          throw new Error('the P-256 kernel has accepted a signature that OpenSSL does not verify');
        }
      } else if (!judge(i)) {
        onBad(i);
      }
    }
  };

  /** Makes room for so many octets and signatures. */
  const makeRoom = (octets: number, signatures: number): void => {
    const need = used + octets;
    if (need > arena.length) {
      const larger = new Uint8Array(2 * need);
      larger.set(arena.subarray(0, used));
      arena = larger;
    }
    const room = size + signatures;
    if (room <= hasDigest.length) return;
    const more = <T extends Int32Array | Uint8Array>(wider: T, old: T): T => {
      wider.set(old);
      return wider;
    };
    ends = more(new Int32Array(4 * room), ends);
    digests = more(new Int32Array(2 * DIGEST_WORDS * room), digests);
    hasDigest = more(new Uint8Array(2 * room), hasDigest);
  };

  return {
    algorithm: verifier.algorithm,
    tag: verifier.tag,
    signatureLength: verifier.signatureLength,
    capacity,
    get size() {
      return size;
    },
    push(data, start, end, sig, sigStart, sigEnd) {
      makeRoom(end - start + sigEnd - sigStart, 1);
      for (let i = start; i < end; i++) arena[used++] = data[i];
      ends[2 * size] = used;
      for (let i = sigStart; i < sigEnd; i++) arena[used++] = sig[i];
      ends[2 * size + 1] = used;
      hasDigest[size] = 0;
      size++;
    },
    pushMany(bytes, data, from, words, job, jobEnd) {
      const end = data + words[jobEnd - JOB + SIGNATURE_END];
      makeRoom(end - from, (jobEnd - job) / JOB);
      copyOctets(bytes, from, end, arena, used);
      const shift = data + used - from;
      for (let at = job; at < jobEnd; at += JOB) {
        ends[2 * size] = words[at + DATA_END] + shift;
        ends[2 * size + 1] = words[at + SIGNATURE_END] + shift;
        for (let k = 0; k < DIGEST_WORDS; k++) {
          digests[DIGEST_WORDS * size + k] = words[at + DIGEST + k];
        }
        hasDigest[size] = 1;
        size++;
      }
      used += end - from;
    },
    flush(onBad) {
      seen += size;
      if (!isOpened && seen >= kernelFrom) {
        isOpened = true;
        kernel = open(publicKey!);
      }
      const count = size;
      size = 0;
      used = 0;
      for (let i = 0; i < count; ) {
        const end = Math.min(i + BATCH, count);
        if (kernel !== undefined && end - i >= LEAST_BATCH) {
          runKernel(i, end, onBad);
          i = end;
        } else {
          for (; i < end; i++) if (!judge(i)) onBad(i);
        }
      }
    },
  };
}
