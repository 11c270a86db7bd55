/**
 * Keeps the garbage of a service small. V8 lets a heap double before it collects, and the space for
 * young objects grow to 32 MiB; a service that lives for months beside other things does with less.
 *
 * (Measured with a thousand downloads at once: 150 MB instead of 190 to 215, for 230 instead of 300
 * MB/s in all.)
 */

import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { collect } from '../../threads/collect.task.js';
import { loadLibc } from './libc.js';

/**
 * Call it when what the service needs is loaded, and again when a thread has been started: V8 11.3
 * forgets the first of the flags then (it makes it 2 whenever it makes a heap).
 */
export function keepHeapSmall(): void {
  // Other versions of V8 have other flags, and are left alone.
  if (!process.versions.v8.startsWith('11.3.')) return;
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=25');
  // When the next collection comes is reckoned at the end of one.
  collect();
}

/** Octets of a heap that is not worth tidying. */
const TIDY = 32 << 20;

/**
 * Call it before something that takes much memory for a moment, as a password check does: then the
 * garbage goes first, and what freed memory the C library has kept.
 *
 * (Measured with a thousand downloads and password checks between: at most 280 MB instead of 320; 25
 * to 45 milliseconds when there is much to do, else hardly one.)
 */
export function makeRoom(): void {
  if (getHeapStatistics().total_heap_size > TIDY) collect();
  loadLibc()?.mallocTrim?.(0);
}
