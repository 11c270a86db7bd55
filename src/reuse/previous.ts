/**
 * The previous zone: the signed zone of the build before, whose good signatures are kept and with
 * which the new one is compared. In zonewright's own layout it is read in ranges, where it lies
 * (sorted-file.ts); in any other, with a pass of its own.
 *
 * It is data that was left lying about: whatever is wrong with it costs what it would have saved,
 * and a warning.
 */

import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { readZone } from '../diff/zone-file.js';
import { EXIT, inputError, placeText, ZonewrightError } from '../errors.js';
import { equalBytes, nameFromText, nameToText } from '../names/name.js';
import { FACT_HEADER, factLength, factType } from '../records/entry.js';
import { TYPE } from '../records/types.js';
import { lookUp } from '../sort/cursor.js';
import type { Run } from '../sort/run.js';
import type { SpillPlan } from '../sort/spill-plan.js';
import type { Pool } from '../threads/pool.js';
import { hasCut } from '../zone/context.js';
import { PreviousFault } from './fault.js';
import { type FileIdentity, SortedZoneFile } from './sorted-file.js';

/** Octets at the start of a file that show its layout. */
const HEAD = 1 << 16;
const LF = 0x0a;
const NO_KEY = new Uint8Array(0);
/** Above the key of the apex and below all others. */
const BEHIND_APEX = Uint8Array.of(1);

/** Where its records come from. Plain data, posted to the threads. */
export type PreviousSource =
  | { readonly kind: 'file'; readonly file: FileIdentity }
  | { readonly kind: 'runs'; readonly runs: readonly Run[] };

export interface PreviousZone {
  readonly source: PreviousSource;
  /** DNSKEY RDATA of its apex. */
  readonly dnskeys: readonly Uint8Array[];
}

export interface PreviousOptions {
  /** A file that is there, plain or gzip; undefined: there is none. */
  readonly path: string | undefined;
  /** The zone's wire name. */
  readonly apex: Uint8Array;
  readonly pool: Pool;
  /** Bounds what is held in memory. */
  readonly spill: SpillPlan;
  readonly warn: (text: string) => void;
}

/**
 * Does something with the previous zone: `use` is called again, with what is left to try, when it
 * turns out not to be what it seemed to be.
 *
 * @param use is given undefined when there is none that can be used; throws {@link PreviousFault}.
 */
export async function withPrevious<T>(
  options: PreviousOptions,
  use: (previous: PreviousZone | undefined) => Promise<T>,
): Promise<T> {
  const { path } = options;
  if (path === undefined) return use(undefined);
  let previous: PreviousZone | undefined;
  try {
    previous = openInPlace(path, options.apex);
    if (previous !== undefined) return await use(previous);
  } catch (error) {
    if (!(error instanceof PreviousFault)) throw error;
  }
  return use(await readWhole(path, options));
}

/** The file as it lies there; undefined when it is in another layout than zonewright's. */
function openInPlace(path: string, apex: Uint8Array): PreviousZone | undefined {
  const file = identify(path, apex);
  if (file === undefined) return undefined;
  const open = new SortedZoneFile(file, apex);
  try {
    const runs = open.range(undefined, BEHIND_APEX, false);
    return { source: { kind: 'file', file }, dnskeys: dnskeysOf(runs) };
  } finally {
    open.close();
  }
}

/** Reads the file into runs; undefined, with a warning, when it is no such zone. */
async function readWhole(
  path: string,
  { apex, pool, spill, warn }: PreviousOptions,
): Promise<PreviousZone | undefined> {
  try {
    const { runs } = await readZone(path, apex, pool, spill, false);
    const dnskeys = dnskeysOf(runs);
    if (dnskeys.length === 0) {
      throw inputError(`no signed zone ${nameToText(apex)}`, { place: { file: path } });
    }
    return { source: { kind: 'runs', runs }, dnskeys };
  } catch (error) {
    if (!(error instanceof ZonewrightError) || error.exitCode !== EXIT.input) throw error;
    warn(`${placeText(error.place)}${error.message}: every signature is made anew`);
    return undefined;
  }
}

/** The file, if it is plain text that begins as zonewright writes this zone. */
function identify(path: string, apex: Uint8Array): FileIdentity | undefined {
  let head = Buffer.alloc(HEAD);
  let file: FileIdentity;
  try {
    const info = statSync(path);
    // A pipe can be opened but once, and has no places to look at.
    if (!info.isFile()) return undefined;
    const { size, ino, mtimeMs } = info;
    file = { path, size, inode: ino, modified: mtimeMs };
    const fd = openSync(path, 'r');
    try {
      head = head.subarray(0, readSync(fd, head, 0, HEAD, 0));
      const last = Buffer.alloc(1);
      // Without a line feed at the end it was cut off.
      if (readSync(fd, last, 0, 1, size - 1) < 1 || last[0] !== LF) return undefined;
    } finally {
      closeSync(fd);
    }
  } catch {
    // Reading the whole of it says what is wrong.
    return undefined;
  }
  const lines = head.subarray(0, head.lastIndexOf(LF)).toString('latin1').split('\n');
  const owner = /^(\S+\.)\t\d+\tin\tsoa\t/.exec(lines[0])?.[1];
  if (owner === undefined || !lines.every((line) => /^\S+\.\t\d+\tin\t\S/.test(line))) {
    return undefined;
  }
  try {
    return equalBytes(nameFromText(owner), apex) ? file : undefined;
  } catch {
    return undefined;
  }
}

function dnskeysOf(runs: readonly Run[]): Uint8Array[] {
  const dnskeys: Uint8Array[] = [];
  lookUp(runs, NO_KEY, (block, start, end) => {
    for (let at = start; at < end; at += FACT_HEADER + factLength(block, at)) {
      if (factType(block, at) !== TYPE.DNSKEY) continue;
      const rdata = at + FACT_HEADER;
      dnskeys.push(block.slice(rdata, rdata + factLength(block, at)));
    }
  });
  return dnskeys;
}

/** Tells whether the previous zone has a cut at a key. */
export function previousCuts(
  source: PreviousSource,
  apex: Uint8Array,
): (key: Uint8Array) => boolean {
  if (source.kind === 'runs') return (key) => hasCut(source.runs, key);
  return (key) => {
    const file = new SortedZoneFile(source.file, apex);
    try {
      // Behind the name itself and before all below it.
      return hasCut(file.range(key, Uint8Array.of(...key, 1), false), key);
    } finally {
      file.close();
    }
  };
}
