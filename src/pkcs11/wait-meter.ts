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
  /** Most of the time until now was waiting. */
  waits(): boolean;
}

/** Signatures that are measured. */
const MEASURED = 8;
/** A signature that takes less milliseconds is made as fast by one session. */
const LEAST = 0.2;
/** The share of a signature's time in which the thread must not have run. */
const SHARE = 0.5;

export function createWaitMeter(): WaitMeter {
  let left = MEASURED;
  let elapsed = 0;
  let busy: number | undefined = 0;
  let began = 0;
  let busyBefore: number | undefined;
  return {
    begin() {
      if (left === 0) return;
      busyBefore = busyTime();
      began = performance.now();
    },
    end() {
      if (left === 0) return;
      left--;
      elapsed += performance.now() - began;
      const after = busyTime();
      busy =
        busy === undefined || busyBefore === undefined || after === undefined
          ? undefined
          : busy + after - busyBefore;
    },
    waits() {
      const taken = MEASURED - left;
      if (taken === 0 || elapsed / taken < LEAST) return false;
      // Where the system does not say, a long time is taken for waiting.
      return busy === undefined || busy < elapsed * (1 - SHARE);
    },
  };
}

/**
 * Milliseconds in which this thread ran, or was kept from running by others; undefined: the system
 * does not say.
 */
function busyTime(): number | undefined {
  try {
    const [ran, queued] = readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ');
    const milliseconds = (Number(ran) + Number(queued)) / 1e6;
    return Number.isFinite(milliseconds) ? milliseconds : undefined;
  } catch {
    return undefined;
  }
}
