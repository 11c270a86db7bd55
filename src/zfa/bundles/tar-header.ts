/**
 * Headers of tar members, by tar-stream (POSIX ustar; sizes from 8 GiB on in base 256, names that
 * ustar has no room for in a pax header). The header alone, because the contents stay where they
 * are.
 */

import { type Pack, pack } from 'tar-stream';

/** Tar files are made of blocks of this many octets. */
export const BLOCK = 512;
/** The end of a tar file: two blocks of zeros. */
export const TAR_END: Buffer = Buffer.alloc(2 * BLOCK);

/** A member, but for its contents. */
export interface Member {
  readonly name: string;
  /** Octets. */
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
}

/** Makes headers; those that were made before are kept, since most holders' are alike. */
export interface HeaderMaker {
  /** The member's header, whole blocks. The same member gives the same octets. */
  headerOf(member: Member): Promise<Buffer>;
}

export function createHeaderMaker(): HeaderMaker {
  const made = new Map<string, Promise<Buffer>>();
  return {
    headerOf(member) {
      const key = `${member.name} ${member.size} ${member.mtime}`;
      let header = made.get(key);
      if (header === undefined) {
        header = make(member);
        made.set(key, header);
      }
      return header;
    },
  };
}

/** Zeros that fill the last block of contents of this size. */
export function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

function make({ name, size, mtime }: Member): Promise<Buffer> {
  const tar: Pack = pack();
  return new Promise((resolve, reject) => {
    tar.once('error', reject);
    // Whatever the packer has pushed when the entry is open is the header.
    tar.once('readable', () => {
      const pieces: Buffer[] = [];
      for (;;) {
        const piece = tar.read() as Buffer | null;
        if (piece === null) break;
        pieces.push(piece);
      }
      tar.removeListener('error', reject);
      tar.on('error', () => undefined);
      tar.destroy();
      const header = Buffer.concat(pieces);
      if (header.length > 0 && header.length % BLOCK === 0) resolve(header);
      else reject(new Error(`a tar header of ${header.length} octets for ${name}`));
    });
    const entry = tar.entry({
      name,
      size,
      mtime: new Date(mtime * 1000),
      mode: 0o644,
      uid: 0,
      gid: 0,
      type: 'file',
    });
    entry.on('error', () => undefined);
  });
}
