/**
 * The stored signed key response of a zone: `K<zone>.skr` in its key folder, beside the keys that
 * it stands for, so that `sign`, which knows no other folder, finds it as `build` does, and a copy
 * of the key folder is whole.
 *
 * One file holds all bundles that are still needed: an import puts its bundles behind those of
 * earlier responses. It is replaced as a whole (files.ts): after a crash it is the old one or the
 * new one. It is public data, mode 0644 in a folder of mode 0700. It is written as dnssec-ksr
 * writes responses, so that named can be given it.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { refusal, ZonewrightError } from '../../errors.js';
import { replaceFile } from '../files.js';
import { fileZone } from '../store.js';
import { type Bundle, SKR } from './bundle.js';
import { formatBundles } from './format.js';
import { readBundles } from './parse.js';

/** The path of a zone's stored response. */
export function responseFile(dir: string, zone: Uint8Array): string {
  // The zone's name ends in a dot: `Kcom.skr`, the root's `K.skr`.
  return join(dir, `K${fileZone(zone)}skr`);
}

/**
 * The bundles that are stored; undefined: none ever were.
 *
 * @throws ZonewrightError (exit 4, as for any file of the store) when it is damaged.
 */
export function readResponse(dir: string, zone: Uint8Array): readonly Bundle[] | undefined {
  const file = responseFile(dir, zone);
  if (!existsSync(file)) return undefined;
  try {
    return readBundles(SKR, file, zone).bundles;
  } catch (cause) {
    if (!(cause instanceof ZonewrightError)) throw cause;
    const { message, place } = cause;
    throw refusal(message, {
      place,
      hint: 'the stored response is damaged: restore it, or move it away and import the responses again',
      cause,
    });
  }
}

/** Stores bundles in the place of all that are stored. */
export function writeResponse(
  dir: string,
  zone: Uint8Array,
  bundles: readonly Bundle[],
  now: number,
): void {
  const text = formatBundles(SKR, 'bind', zone, bundles, now);
  replaceFile(responseFile(dir, zone), text, 0o644);
}
