/**
 * The copy of a zone for the holders of zone file access: the same text with the SOA record
 * repeated as the last line (registry agreement, Specification 4 §2), gzip, and its MD5 sum.
 */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Pool } from '../threads/pool.js';
import { createGzip } from './gzip.js';
import { type ManifestFile, md5sumLine } from './manifest.js';

/** An SOA record as text is shorter than this. */
const HEAD = 1 << 14;

/**
 * Writes `<zone file>.gz` and `<zone file>.gz.md5`.
 *
 * @param zoneFile the signed zone, SOA first.
 * @returns the zone file, the copy and its sum, as the manifest has them.
 */
export async function writeHoldersCopy(zoneFile: string, pool: Pool): Promise<ManifestFile[]> {
  const name = basename(zoneFile);
  const hash = createHash('sha256');
  let bytes = 0;
  let soa: Uint8Array | undefined;
  const gzip = await createGzip(`${zoneFile}.gz`, pool);
  try {
    for await (const piece of createReadStream(zoneFile, { highWaterMark: 1 << 20 })) {
      const text = piece as Buffer;
      if (bytes === 0) {
        const end = text.indexOf(0x0a) + 1;
        if (end === 0 || end > HEAD) throw new Error(`${zoneFile} does not begin with a record`);
        soa = new Uint8Array(text.subarray(0, end));
      }
      hash.update(text);
      bytes += text.length;
      await gzip.write(text);
    }
    if (soa === undefined) throw new Error(`${zoneFile} is empty`);
    await gzip.write(soa);
  } catch (error) {
    await gzip.abandon();
    throw error;
  }
  const packed = await gzip.close();
  const line = md5sumLine(packed.md5, `${name}.gz`);
  await writeFile(`${zoneFile}.gz.md5`, line, { flag: 'wx' });
  return [
    { name, bytes, sha256: hash.digest('hex') },
    { name: `${name}.gz`, bytes: packed.bytes, sha256: packed.sha256 },
    {
      name: `${name}.gz.md5`,
      bytes: line.length,
      sha256: createHash('sha256').update(line).digest('hex'),
    },
  ];
}
