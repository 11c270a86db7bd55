/** The worker's side of verification in one pass: reads and walks parts of the text. */

import { Kernel } from '../kernel/kernel.js';
import { Moved } from '../threads/pool.js';
import type { VerifyContext } from './context.js';
import { openKeys } from './open-keys.js';
import { PartReader, type PartText } from './part-reader.js';
import { RangeWalker } from './walk.js';
import type { RangeResult } from './walk-result.js';

interface Job {
  readonly context: VerifyContext;
  readonly walker: RangeWalker;
  readonly reader: PartReader;
}

const jobs = new Map<number, Job>();

/**
 * Opens a job in this thread.
 *
 * @returns for each key, what is wrong with it.
 */
export async function openStream(args: {
  readonly job: number;
  readonly context: VerifyContext;
}): Promise<readonly (string | undefined)[]> {
  const { job, context } = args;
  const keys = await openKeys(context);
  const kernel = new Kernel();
  const walker = new RangeWalker(context, { ...keys, kernel });
  const reader = new PartReader(context.apex, kernel, walker);
  jobs.set(job, { context, walker, reader });
  return keys.wrong;
}

export interface PartArgs {
  readonly job: number;
  readonly text: Uint8Array;
  /** Number of the part, for places. */
  readonly chunk: number;
  /** Is it the last part? */
  readonly final: boolean;
}

export interface PartAnswer {
  readonly text: PartText;
  /** Void when the text deviates. */
  readonly result: RangeResult;
}

/** Reads and walks a part. */
export function walkPart({ job, text, chunk, final }: PartArgs): PartAnswer | Moved<PartAnswer> {
  const found = jobs.get(job);
  if (found === undefined) throw new Error('the verification is not open in this thread');
  const { walker, reader, context } = found;
  // The wire form is shorter than the text, but for very short names.
  walker.begin(context.optOut ? 'check' : 'check-all', text.length + 4096);
  const read = reader.read(text, chunk, final);
  const answer = { text: read, result: walker.end() };
  const { digest } = answer.result;
  return digest === undefined ? answer : new Moved(answer, [digest.buffer as ArrayBuffer]);
}

/** Closes a job in this thread. */
export function closeStream({ job }: { job: number }): void {
  jobs.delete(job);
}
