/**
 * What is said of a zone file and its holders' copy (registry agreement, Specification 4 §2): the
 * copy's MD5 sum as a file, and the hashes for the manifest. ZONEMD stands near the beginning of
 * both files and is known only when all is written, so that hashes can't be had on the way: the
 * threads read the files once more, each one file.
 */

import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Pool, Task } from '../threads/pool.js';
import type { FileHashes } from './hash.task.js';
import { type ManifestFile, md5sumLine } from './manifest.js';

const HASH: Task = { module: new URL('./hash.task.js', import.meta.url).href, name: 'hashFile' };

/**
 * Writes `<zone file>.gz.md5`.
 *
 * @param zoneFile the signed zone; beside it lies its packed copy, `<zone file>.gz`.
 * @returns the zone file, the copy and its sum, as the manifest has them.
 */
export async function describeCopy(zoneFile: string, pool: Pool): Promise<ManifestFile[]> {
  const name = basename(zoneFile);
  const hash = (file: string, algorithms: readonly string[], again = false): Promise<FileHashes> =>
    pool.run<FileHashes>(HASH, { file, algorithms, again });
  const [zone, packed] = await Promise.all([
    // What the copy unpacks to is this file and its SOA record once more: no need to unpack it.
    hash(zoneFile, ['sha256'], true),
    hash(`${zoneFile}.gz`, ['sha256', 'md5']),
  ]);
  const line = md5sumLine(packed.hashes[1], `${name}.gz`);
  await writeFile(`${zoneFile}.gz.md5`, line, { flag: 'wx' });
  return [
    { name, bytes: zone.bytes, sha256: zone.hashes[0] },
    {
      name: `${name}.gz`,
      bytes: packed.bytes,
      sha256: packed.hashes[0],
      unpacked: zone.again,
    },
    {
      name: `${name}.gz.md5`,
      bytes: line.length,
      sha256: createHash('sha256').update(line).digest('hex'),
    },
  ];
}
