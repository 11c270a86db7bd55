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

  const startOf = (i: number): number => (i === 0 ? 0 : ends[2 * i - 1]);
  const judge = (i: number): boolean =>
    verifier.verify(arena, startOf(i), ends[2 * i], arena, ends[2 * i], ends[2 * i + 1]);

  /** Verifies signatures `from` to `end` − 1, no more than a batch. */
  const runKernel = (from: number, end: number, onBad: (index: number) => void): void => {
    let count = 0;
    for (let i = from; i < end; i++) {
      const sig = ends[2 * i];
      if (ends[2 * i + 1] - sig === SIGNATURE) {
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

  return {
    algorithm: verifier.algorithm,
    tag: verifier.tag,
    signatureLength: verifier.signatureLength,
    capacity,
    get size() {
      return size;
    },
    push(data, start, end, sig, sigStart, sigEnd) {
      const need = used + (end - start) + (sigEnd - sigStart);
      if (need > arena.length) {
        const larger = new Uint8Array(2 * need);
        larger.set(arena.subarray(0, used));
        arena = larger;
      }
      if (2 * size === ends.length) {
        const more = new Int32Array(2 * ends.length);
        more.set(ends);
        ends = more;
      }
      for (let i = start; i < end; i++) arena[used++] = data[i];
      ends[2 * size] = used;
      for (let i = sigStart; i < sigEnd; i++) arena[used++] = sig[i];
      ends[2 * size + 1] = used;
      size++;
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
