/**
 * The foreign function interface (koffi): libraries of the system, called without a module that has
 * to be compiled. Whoever uses it has another way, or does without, where it is not to be had.
 */

import { createRequire } from 'node:module';

type Koffi = typeof import('koffi');

/** Pointers, sizes and file offsets have 64 bits here; nothing else was tried. */
const ARCHITECTURES: readonly string[] = ['x64', 'arm64'];

/** undefined: not on this system, or not installed. */
export function loadKoffi(): Koffi | undefined {
  if (!ARCHITECTURES.includes(process.arch)) return undefined;
  try {
    return createRequire(import.meta.url)('koffi') as Koffi;
  } catch {
    return undefined;
  }
}
