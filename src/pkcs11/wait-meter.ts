/**
 * Does a token let its callers wait, or does it use their processor? Then, and only then, further
 * sessions make it faster. Measured at the first signatures of a thread.
 */

import { readFileSync } from 'node:fs';

export interface WaitMeter {
  /** A signature begins. */
  begin(): void;
  /** It is made. */
  end(): void;
  /** Are more signatures wanted before it can be said? */
  measures(): boolean;
  /** Does a signature wait, as a rule? False before one was made. */
  waits(): boolean;
}

/** Signatures that are measured. */
const MEASURED = 8;
/** Waiting for less milliseconds is not worth a thread. */
const LEAST = 0.1;

export function createWaitMeter(): WaitMeter {
  const waited: number[] = [];
  let began = 0;
  let busy = 0;
  return {
    begin() {
      if (waited.length === MEASURED) return;
      busy = busyTime();
      began = performance.now();
    },
    end() {
      if (waited.length === MEASURED) return;
      const elapsed = performance.now() - began;
      // To ask takes its time, too, and counts as work: rather too little waiting than too much.
      waited.push(elapsed - (busyTime() - busy));
    },
    measures: () => waited.length < MEASURED,
    waits() {
      if (waited.length === 0) return false;
      // The median: on a busy machine some of the times are far off, either way.
      const sorted = [...waited].sort((a, b) => a - b);
      return sorted[sorted.length >> 1] >= LEAST;
    },
  };
}

/**
 * Milliseconds in which this thread ran, or would have if others had not; 0 where the system does
 * not say, so that a long time is taken for waiting.
 */
function busyTime(): number {
  try {
    const [ran, queued] = readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ');
    return (Number(ran) + Number(queued)) / 1e6 || 0;
  } catch {
    return 0;
  }
}
