/**
 * The older layout of the .com zone file, for holders who parse it: `$ORIGIN COM.`, `$TTL`,
 * relative upper-case names, no class, and no TTL where it is that of the delegations. Made
 * from the zone file as it is published, so the records, and their signatures, are the same.
 */

import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { nameToText } from '../names/name.js';

const LF = 0x0a;
const TAB = 0x09;
const SPACE = 0x20;
const PIECE = 1 << 20;
/** A line of the zone file is shorter than this: 65,535 octets of RDATA, eight for each. */
const LONGEST = 1 << 20;

/** Types whose RDATA is one name, relative in this layout. */
const NAME_TYPES = new Set(['ns', 'cname', 'dname', 'ptr']);

export interface ClassicOptions {
  /** The zone file: one record a line, tabs between the fields. */
  readonly zoneFile: string;
  /** The file to write; it must not exist. */
  readonly file: string;
  /** The zone's wire name. */
  readonly apex: Uint8Array;
  /** TTL of the delegations in seconds: the file's `$TTL`. */
  readonly ttl: number;
}

/** Writes the zone in the older layout and syncs it to disk. */
export async function writeClassic(options: ClassicOptions): Promise<void> {
  const origin = nameToText(options.apex).toUpperCase();
  const handle = await open(options.file, 'wx', 0o644);
  try {
    await writeAll(handle, Buffer.from(`$ORIGIN ${origin}\n$TTL ${options.ttl}\n`));
    const layout = createLayout(options.apex, options.ttl);
    let rest: Uint8Array = new Uint8Array(0);
    for await (const piece of createReadStream(options.zoneFile, { highWaterMark: PIECE })) {
      const text = Buffer.concat([rest, piece as Buffer]);
      const end = text.lastIndexOf(LF) + 1;
      if (end === 0 && text.length > LONGEST) throw new Error('a line of the zone has no end');
      await writeAll(handle, layout(text.subarray(0, end)));
      rest = text.subarray(end);
    }
    if (rest.length > 0) throw new Error(`${options.zoneFile} does not end in a line feed`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    at += (await handle.write(bytes, at, bytes.length - at, null)).bytesWritten;
  }
}

/** A function that rewrites whole lines. What it returns holds until its next call. */
export function createLayout(apex: Uint8Array, ttl: number): (text: Uint8Array) => Uint8Array {
  const suffix = Buffer.from(nameToText(apex));
  const ttlText = Buffer.from(String(ttl));
  let out = new Uint8Array(0);
  let o = 0;

  /** A name in upper case, without the zone's name behind it; `@` for the zone's own. */
  const name = (text: Uint8Array, start: number, end: number): void => {
    let stop = end;
    const cut = end - suffix.length;
    if (suffix.length === 1) {
      if (end - start === 1) {
        out[o++] = 0x40;
        return;
      }
      stop = end - 1;
    } else if (cut >= start && endsWith(text, end, suffix)) {
      if (cut === start) {
        out[o++] = 0x40;
        return;
      }
      if (text[cut - 1] === 0x2e && !isEscaped(text, start, cut - 1)) stop = cut - 1;
    }
    for (let i = start; i < stop; i++) {
      const c = text[i];
      out[o++] = c >= 0x61 && c <= 0x7a ? c - 32 : c;
    }
  };

  return (text) => {
    if (out.length < text.length + 16) out = new Uint8Array(text.length + 4096);
    o = 0;
    for (let p = 0; p < text.length; ) {
      const ownerEnd = text.indexOf(TAB, p);
      const ttlEnd = text.indexOf(TAB, ownerEnd + 1);
      const classEnd = text.indexOf(TAB, ttlEnd + 1);
      const typeEnd = text.indexOf(TAB, classEnd + 1);
      const end = text.indexOf(LF, typeEnd + 1);
      const type = String.fromCharCode(...text.subarray(classEnd + 1, typeEnd));
      name(text, p, ownerEnd);
      out[o++] = SPACE;
      if (!same(text, ownerEnd + 1, ttlEnd, ttlText)) {
        for (let i = ownerEnd + 1; i < ttlEnd; i++) out[o++] = text[i];
        out[o++] = SPACE;
      }
      if (type === 'soa') {
        out[o++] = 0x49;
        out[o++] = 0x4e;
        out[o++] = SPACE;
      }
      for (let i = classEnd + 1; i < typeEnd; i++) {
        out[o++] = text[i] >= 0x61 && text[i] <= 0x7a ? text[i] - 32 : text[i];
      }
      out[o++] = SPACE;
      if (NAME_TYPES.has(type)) name(text, typeEnd + 1, end);
      else for (let i = typeEnd + 1; i < end; i++) out[o++] = text[i];
      out[o++] = LF;
      p = end + 1;
    }
    return out.subarray(0, o);
  };
}

function endsWith(text: Uint8Array, end: number, suffix: Uint8Array): boolean {
  for (let i = 0; i < suffix.length; i++) {
    if (text[end - suffix.length + i] !== suffix[i]) return false;
  }
  return true;
}

function same(text: Uint8Array, start: number, end: number, other: Uint8Array): boolean {
  if (end - start !== other.length) return false;
  for (let i = 0; i < other.length; i++) if (text[start + i] !== other[i]) return false;
  return true;
}

/** Is the octet at `at` behind an odd number of backslashes? */
function isEscaped(text: Uint8Array, start: number, at: number): boolean {
  let n = 0;
  while (at - n - 1 >= start && text[at - n - 1] === 0x5c) n++;
  return n % 2 === 1;
}
