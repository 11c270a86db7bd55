/**
 * Finds the zone file that an argument of `diff` means, the zone that it holds, and reads it.
 */

import {
  closeSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import { inputError } from '../errors.js';
import { nameFromKey, ROOT } from '../names/name.js';
import { type MasterFacts, readMaster } from '../read/master.js';
import { createPlaces } from '../read/places.js';
import { FACT_HEADER, factLength, factType } from '../records/entry.js';
import { TYPE } from '../records/types.js';
import { Cursor } from '../sort/cursor.js';
import type { SpillPlan } from '../sort/spill-plan.js';
import { createPool, type Pool } from '../threads/pool.js';

/** Octets at the start of a file in which its SOA has to stand. */
const HEAD = 1 << 16;

/**
 * The zone file that a path means: a file, or that of a generation's folder (also by the link
 * `current`): `<zone>.zone`, or `<zone>.zone.gz` where only that is left.
 *
 * @throws ZonewrightError (exit 3).
 */
export function zoneFileOf(path: string): string {
  if (path === '-') return path;
  let info: Stats;
  try {
    info = statSync(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
  if (!info.isDirectory()) return path;
  // `current` may be switched while the file is read: what is read is one generation.
  const folder = realpathSync(path);
  const names = readdirSync(folder).filter((name) => !name.endsWith('.classic.zone'));
  const plain = names.filter((name) => name.endsWith('.zone'));
  const packed = names.filter((name) => name.endsWith('.zone.gz') && !/\.classic\./.test(name));
  const found = plain.length > 0 ? plain : packed;
  if (found.length === 1) return join(folder, found[0]);
  throw inputError(
    found.length === 0 ? 'the folder has no zone file' : 'the folder has several zone files',
    { place: { file: path }, hint: 'name the file itself, or the folder of a generation' },
  );
}

/**
 * The name of the zone in a file: the owner of the SOA record near its start. Undefined when
 * there is none, or when the file leaves the name to its reader (`@` without $ORIGIN).
 */
export async function zoneNameOf(path: string): Promise<Uint8Array | undefined> {
  const text = headOf(path);
  // The text is cut at HEAD: what is broken there does not matter.
  const pool = createPool(0);
  const facts = await readMaster(path, {
    apex: ROOT,
    dropDnssec: true,
    pool,
    places: createPlaces(),
    reject: () => undefined,
    source: (async function* () {
      yield text;
    })(),
  });
  const cursor = new Cursor(facts.runs);
  while (cursor.next()) {
    for (let i = 0; i < cursor.parts; i++) {
      const block = cursor.partBlocks[i];
      const end = cursor.partEnds[i];
      for (let at = cursor.partStarts[i]; at < end; at += FACT_HEADER + factLength(block, at)) {
        if (factType(block, at) !== TYPE.SOA) continue;
        if (cursor.keyEnd === cursor.keyStart && hasBareApex(text)) return undefined;
        return nameFromKey(cursor.keyBlock.slice(cursor.keyStart, cursor.keyEnd));
      }
    }
  }
  return undefined;
}

/** Does an `@` stand as an owner before any $ORIGIN? */
function hasBareApex(text: Uint8Array): boolean {
  const start = new TextDecoder('latin1').decode(text);
  const at = /^@\s/m.exec(start)?.index ?? -1;
  const origin = /^\$ORIGIN\s/im.exec(start)?.index ?? Number.POSITIVE_INFINITY;
  return at >= 0 && at < origin;
}

/** Whole lines from the start of a file, plain or gzip. */
function headOf(path: string): Uint8Array {
  const head = Buffer.alloc(HEAD);
  let length = 0;
  try {
    const fd = openSync(path, 'r');
    try {
      length = readSync(fd, head, 0, HEAD, 0);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    throw unreadable(path, cause);
  }
  const raw = head.subarray(0, length);
  const packed = raw[0] === 0x1f && raw[1] === 0x8b;
  try {
    // The packed text is cut off, so what there is of it has to be flushed out.
    const text = packed ? gunzipSync(raw, { finishFlush: constants.Z_SYNC_FLUSH }) : raw;
    return new Uint8Array(length < HEAD ? text : text.subarray(0, text.lastIndexOf(0x0a) + 1));
  } catch {
    // Damaged from the start: reading the whole file says so, with all that is to be said.
    return new Uint8Array(0);
  }
}

function unreadable(path: string, cause: unknown): Error {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
  return inputError(`can't read it: ${code === 'ENOENT' ? 'there is no such file' : code}`, {
    place: { file: path },
    hint: 'name a zone file or the folder of a generation',
    cause,
  });
}

/**
 * Reads a zone file for a comparison.
 *
 * @param dropDnssec without what a signer makes.
 * @throws ZonewrightError (exit 3) for the first record that can't be used.
 */
export function readZone(
  path: string,
  apex: Uint8Array,
  pool: Pool,
  spill: SpillPlan,
  dropDnssec: boolean,
): Promise<MasterFacts> {
  return readMaster(path, {
    apex,
    dropDnssec,
    pool,
    spill,
    places: createPlaces(),
    reject: ({ file, line, field, reason, text }) => {
      throw inputError(reason, { place: { file, line, field }, text });
    },
  });
}
