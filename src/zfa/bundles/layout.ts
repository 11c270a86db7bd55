/**
 * How a bundle is put together: a tar file of which only the holder's own octets (headers, small
 * files, padding) are stored, with references to the files that all holders share.
 *
 * Pure, but for the header maker that it is given.
 */

import { createHash } from 'node:crypto';
import { type HeaderMaker, padding, TAR_END } from './tar-header.js';

/** A file of the day that many bundles hold, by its name there. */
export interface SharedFile {
  readonly name: string;
  /** Octets. */
  readonly bytes: number;
}

/** A file of the bundle: own octets and shared files, one behind the other. */
export interface BundleFile {
  readonly name: string;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly contents: readonly (Uint8Array | SharedFile)[];
}

/** A run of the holder's own octets (its length), or the name of a shared file, taken whole. */
export type Piece = number | string;

export interface Layout {
  /** The own octets, in the order of the bundle. */
  readonly own: Buffer;
  readonly pieces: readonly Piece[];
  /** Octets of the whole. */
  readonly size: number;
}

/**
 * A tag of all octets of a laid out file: two with the same tag are the same, octet for octet.
 *
 * @param hashOf the SHA-256 of a shared file, hexadecimal.
 */
export function layoutTag(
  { pieces, own }: Pick<Layout, 'pieces' | 'own'>,
  hashOf: (name: string) => string | undefined,
): string {
  const hash = createHash('sha256').update(own);
  for (const piece of pieces) {
    hash.update(typeof piece === 'number' ? `\n${piece}` : `\n${hashOf(piece)}`);
  }
  return hash.digest('hex');
}

/** Lays out a tar file. The same files give the same octets. */
export async function layOut(
  files: readonly BundleFile[],
  { headerOf }: HeaderMaker,
): Promise<Layout> {
  const own: Uint8Array[] = [];
  const pieces: Piece[] = [];
  let run = 0;
  let total = 0;
  const addOwn = (octets: Uint8Array): void => {
    own.push(octets);
    run += octets.length;
    total += octets.length;
  };
  const endRun = (): void => {
    if (run > 0) pieces.push(run);
    run = 0;
  };
  for (const { name, mtime, contents } of files) {
    const size = contents.reduce((sum, content) => sum + sizeOf(content), 0);
    addOwn(await headerOf({ name, size, mtime }));
    for (const content of contents) {
      if (content instanceof Uint8Array) addOwn(content);
      else if (content.bytes > 0) {
        endRun();
        pieces.push(content.name);
        total += content.bytes;
      }
    }
    addOwn(padding(size));
  }
  addOwn(TAR_END);
  endRun();
  return { own: Buffer.concat(own), pieces, size: total };
}

function sizeOf(content: Uint8Array | SharedFile): number {
  return content instanceof Uint8Array ? content.length : content.bytes;
}
