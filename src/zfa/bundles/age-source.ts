/**
 * The encrypted form of a source, readable from any place: the payload of an age file
 * (https://age-encryption.org/v1, STREAM: chunks of 64 KiB, each sealed with ChaCha20-Poly1305
 * under its number).
 *
 * Every chunk can be made by itself, so that a download goes on where it ended. For that the key
 * and what stands before the chunks are made once and kept (age-header.ts); sealing the same chunk
 * under the same number again is no reuse of a nonce in the bad sense, because it is the same text.
 */

import { createCipheriv } from 'node:crypto';
import type { ByteSource } from '../stream/byte-source.js';

const CHUNK = 64 * 1024;
const TAG = 16;
const SEALED = CHUNK + TAG;

/** What makes the encrypted form of one text, and of no other, ever. */
export interface AgeSeal {
  /** All before the first chunk: header and nonce. */
  readonly head: Buffer;
  /** Key of the chunks, 32 octets. */
  readonly key: Buffer;
}

/** Octets of the encrypted form of so many. */
export function sealedSize(size: number, { head }: AgeSeal): number {
  return head.length + size + TAG * chunksOf(size);
}

/** No text is one empty chunk; any other has no empty one. */
function chunksOf(size: number): number {
  return Math.max(1, Math.ceil(size / CHUNK));
}

/** The encrypted form; closing it closes `text`. */
export function ageSource(text: ByteSource, seal: AgeSeal): ByteSource {
  const { head, key } = seal;
  const chunks = chunksOf(text.size);
  const size = sealedSize(text.size, seal);
  /** The chunk that was made last: short reads come back to it. */
  let last: { readonly number: number; readonly sealed: Buffer } | undefined;

  const chunk = async (number: number): Promise<Buffer> => {
    if (last?.number === number) return last.sealed;
    const begin = number * CHUNK;
    const sealed = Buffer.allocUnsafe(Math.min(CHUNK, text.size - begin) + TAG);
    const plain = sealed.subarray(0, sealed.length - TAG);
    for (let done = 0; done < plain.length; ) {
      const n = await text.read(plain.subarray(done), begin + done);
      if (n === 0) throw new Error('the text ends before its size');
      done += n;
    }
    const nonce = Buffer.alloc(12);
    // Eleven octets of number, big-endian; 2⁴⁸ chunks of 64 KiB are enough.
    nonce.writeUIntBE(number, 5, 6);
    nonce[11] = number === chunks - 1 ? 1 : 0;
    const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG });
    cipher.update(plain).copy(sealed);
    cipher.final();
    cipher.getAuthTag().copy(sealed, plain.length);
    last = { number, sealed };
    return sealed;
  };

  return {
    size,
    read: async (into, at) => {
      const wanted = Math.min(into.length, size - at);
      let done = 0;
      if (at < head.length && wanted > 0) {
        done = head.copy(into, 0, at, Math.min(head.length, at + wanted));
      }
      while (done < wanted) {
        const place = at + done - head.length;
        const number = Math.floor(place / SEALED);
        const sealed = await chunk(number);
        done += sealed.copy(into, done, place - number * SEALED, sealed.length);
      }
      return Math.max(0, done);
    },
    close: () => text.close(),
  };
}
