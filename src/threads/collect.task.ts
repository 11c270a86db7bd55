/**
 * Has V8 let go of what nobody holds any longer. Shared memory is given back only when every
 * thread's garbage collector has seen that its views are gone, and none of them hurries: the
 * views are small, the memory behind them is not. Between the stages of a large zone that is
 * worth some milliseconds.
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let gc: (() => void) | undefined;

/** Collects this thread's garbage. */
export function collect(): void {
  if (gc === undefined) {
    setFlagsFromString('--expose-gc');
    gc = runInNewContext('gc') as () => void;
  }
  gc();
}
