/** Makes what checks the signatures of a zone's keys: once a thread, for all signatures. */

import { openVerifier } from '../sign/engine.js';
import type { Verifier } from '../sign/engine-types.js';
import { type BatchVerifier, openBatchVerifier } from './batch-verifier.js';
import type { VerifyContext } from './context.js';

/** By the index of the key. */
export interface OpenKeys {
  /** undefined: its signatures can't be checked. */
  readonly verifiers: readonly (Verifier | undefined)[];
  readonly batches: readonly (BatchVerifier | undefined)[];
  /** What is wrong with a key. */
  readonly wrong: readonly (string | undefined)[];
}

/** Opens the keys of a zone in this thread. */
export async function openKeys(context: VerifyContext): Promise<OpenKeys> {
  const verifiers: (Verifier | undefined)[] = [];
  const batches: (BatchVerifier | undefined)[] = [];
  const wrong: (string | undefined)[] = [];
  for (const key of context.keys) {
    let verifier: Verifier | undefined;
    let batch: BatchVerifier | undefined;
    let fault: string | undefined;
    if (key.supported) {
      try {
        verifier = await openVerifier(key.rdata, context.engine);
        batch = await openBatchVerifier(key.rdata, context.engine);
      } catch (error) {
        fault = (error as Error).message;
      }
    }
    verifiers.push(verifier);
    batches.push(batch);
    wrong.push(fault);
  }
  return { verifiers, batches, wrong };
}
