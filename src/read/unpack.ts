/**
 * Unpacks gzip data (RFC 1952, also of several members) piece by piece, within a bound, and with
 * errors that name the file.
 */
import { createGunzip } from 'node:zlib';
import { inputError } from '../errors.js';

/** Octets that packed data may become: a fixed allowance plus a multiple of its size. Tables of
 * names pack by a factor of 4 to 20. */
export const UNPACK_ALLOWANCE = 64 << 20;
export const UNPACK_RATIO = 200;

const BLOCK = 1 << 20;

/** Do these octets begin a gzip member? */
export function isGzip(head: Uint8Array): boolean {
  return head.length >= 2 && head[0] === 0x1f && head[1] === 0x8b;
}

/**
 * The unpacked octets of `pieces`.
 *
 * @param file what errors call the input.
 * @throws ZonewrightError (exit 3) for damaged or cut off data, and for data that unpacks to
 *   more than {@link UNPACK_RATIO} times its size and {@link UNPACK_ALLOWANCE}.
 */
export async function* unpack(
  pieces: AsyncIterable<Uint8Array>,
  file: string,
): AsyncGenerator<Uint8Array> {
  const stream = createGunzip({ chunkSize: BLOCK });
  let packed = 0;
  let feeding: unknown;
  const fed = (async () => {
    for await (const piece of pieces) {
      if (stream.destroyed) return;
      packed += piece.length;
      if (!stream.write(piece)) {
        await new Promise<void>((resolve) => {
          const go = (): void => {
            stream.off('drain', go);
            stream.off('close', go);
            resolve();
          };
          stream.on('drain', go);
          stream.on('close', go);
        });
      }
    }
    stream.end();
  })().catch((error: unknown) => {
    feeding = error;
    stream.destroy(error as Error);
  });
  let unpacked = 0;
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      unpacked += piece.length;
      if (unpacked > UNPACK_ALLOWANCE + UNPACK_RATIO * packed) {
        throw inputError(`unpacks to more than ${UNPACK_RATIO} times its size`, {
          place: { file },
          hint: 'This is no registry data. Unpack it by hand if you trust it.',
        });
      }
      yield piece;
    }
  } catch (error) {
    if (feeding !== undefined) throw feeding;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'Z_BUF_ERROR') {
      throw inputError('the gzip data ends too early', {
        place: { file },
        hint: 'The file was cut off. Fetch or write it again.',
      });
    }
    if (code?.startsWith('Z_') === true) {
      throw inputError(`the gzip data is damaged (${(error as Error).message})`, {
        place: { file },
        hint: 'Fetch or write the file again.',
      });
    }
    throw error;
  } finally {
    stream.destroy();
    await fed;
  }
  if (feeding !== undefined) throw feeding;
}
