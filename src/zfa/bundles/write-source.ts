/** Writes a source into a file, which appears when it is whole, or to standard output. */

import { createHash, randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { onExit } from '../../cleanup.js';
import { wantWholeOutput } from '../../cli/output.js';
import { syncPath } from '../../durable.js';
import { storageError } from '../../publish/storage.js';
import { writeAll } from '../../write/gzip.js';
import { isDevice, outputError } from '../../write/place.js';
import type { ByteSource } from '../stream/byte-source.js';
import type { Digest } from './generations.js';

const BLOCK = 1 << 20;

/**
 * @param output a path, or `-` for standard output. A file that is there is replaced.
 * @param progress called with the octets so far.
 * @throws ZonewrightError (exit 1 or 2) for the disk; the source's error.
 */
export async function writeSource(
  source: ByteSource,
  output: string,
  progress: (octets: number) => void,
): Promise<Digest> {
  if (output === '-') return toStdout(source, progress);
  return (await isDevice(output))
    ? toDevice(source, output, progress)
    : toFile(source, output, progress);
}

/** A pipe or a device is written into, not replaced. */
async function toDevice(
  source: ByteSource,
  path: string,
  progress: (octets: number) => void,
): Promise<Digest> {
  const file = await open(path, 'w');
  try {
    return await copy(source, (octets) => writeAll(file, octets), progress);
  } catch (error) {
    throw storageError(error, path);
  } finally {
    await file.close();
  }
}

async function toFile(
  source: ByteSource,
  path: string,
  progress: (octets: number) => void,
): Promise<Digest> {
  const folder = dirname(path);
  const draft = join(folder, `.${basename(path)}-${randomBytes(6).toString('hex')}`);
  const forget = onExit(() => rmSync(draft, { force: true }));
  let file: FileHandle | undefined;
  try {
    file = await open(draft, 'wx', 0o644);
    const handle = file;
    const digest = await copy(source, (octets) => writeAll(handle, octets), progress);
    await file.sync();
    await file.close();
    file = undefined;
    await rename(draft, path);
    syncPath(folder);
    return digest;
  } catch (error) {
    throw outputError(error, path);
  } finally {
    await file?.close();
    rmSync(draft, { force: true });
    forget();
  }
}

function toStdout(source: ByteSource, progress: (octets: number) => void): Promise<Digest> {
  wantWholeOutput();
  const write = (octets: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      process.stdout.write(octets, (error) => (error ? reject(error) : resolve()));
    });
  return copy(source, write, progress);
}

async function copy(
  source: ByteSource,
  write: (octets: Uint8Array) => Promise<void>,
  progress: (octets: number) => void,
): Promise<Digest> {
  const hash = createHash('sha256');
  const block = Buffer.allocUnsafe(BLOCK);
  let bytes = 0;
  for (;;) {
    const n = await source.read(block, bytes);
    if (n === 0) break;
    const octets = block.subarray(0, n);
    hash.update(octets);
    await write(octets);
    bytes += n;
    progress(bytes);
  }
  if (bytes !== source.size) throw new Error(`${bytes} octets of ${source.size} were read`);
  return { bytes, sha256: hash.digest('hex') };
}
