/**
 * Reads the text of key signing requests and signed key responses, in either dialect (format.ts).
 *
 * The file comes from another machine: it is refused for whatever it need not hold. Only DNSKEY
 * records may stand in a request, and DNSKEY, CDNSKEY, CDS and RRSIG in a response, all of the
 * zone's apex; bundles are in order of time; and the last line must be there, for without it a file
 * that was cut off looks whole.
 */

import { readFileSync, statSync } from 'node:fs';
import { parseDuration } from '../../config/duration.js';
import { isoTime, parseTime } from '../../config/time.js';
import { inputError, type ZonewrightError } from '../../errors.js';
import { equalBytes, nameFromText, nameToText } from '../../names/name.js';
import { rdataFromText } from '../../records/rdata.js';
import { TYPE, typeToText } from '../../records/types.js';
import {
  BUNDLE_VERSION,
  type Bundle,
  type BundleFile,
  type BundleKind,
  type Dialect,
  KSR,
  type SignatureTimes,
  SKR,
} from './bundle.js';
import { inOrder, type RecordSet } from './rrset.js';

/** Octets; ten years of weekly bundles with large RSA keys have a fifth of it. */
const MAX_SIZE = 16 << 20;
const MAX_BUNDLES = 10_000;
/** Records of a bundle. */
const MAX_RECORDS = 200;
/** Characters of a line, and words of a record: a DNSKEY of RSA has some 700 and a dozen. */
const MAX_LINE = 8192;
const MAX_WORDS = 1000;
/** RFC 2181 §8. */
const MAX_TTL = 2 ** 31 - 1;

const KIND_TEXT: Readonly<Record<BundleKind, string>> = {
  [KSR]: 'a key signing request',
  [SKR]: 'a signed key response',
};

const TYPES: Readonly<Record<BundleKind, readonly number[]>> = {
  [KSR]: [TYPE.DNSKEY],
  [SKR]: [TYPE.DNSKEY, TYPE.CDNSKEY, TYPE.CDS, TYPE.RRSIG],
};

/** The order of a bundle's RRsets. */
const SETS: readonly number[] = [TYPE.DNSKEY, TYPE.CDNSKEY, TYPE.CDS];

/**
 * Reads a request or response from a file.
 *
 * @throws ZonewrightError (exit 3) with file and line.
 */
export function readBundles(kind: BundleKind, file: string, zone: Uint8Array): BundleFile {
  return parseBundles(kind, readBundleText(file), file, zone);
}

/**
 * The text of a request or response.
 *
 * @throws ZonewrightError (exit 3) for a file that can't be read or is far too large.
 */
export function readBundleText(file: string): string {
  try {
    const { size } = statSync(file);
    if (size > MAX_SIZE) {
      throw inputError(`has ${size} octets; no request or response has so many`, {
        place: { file },
        hint: 'Is this the right file?',
      });
    }
    return readFileSync(file, 'latin1');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === undefined) throw cause;
    throw inputError(code === 'ENOENT' ? 'no such file' : `can't be read (${code})`, {
      place: { file },
      cause,
    });
  }
}

interface Word {
  readonly text: string;
  readonly line: number;
}

interface OpenBundle {
  readonly at: number;
  readonly line: number;
  readonly records: { type: number; ttl: number; rdata: Uint8Array; line: number }[];
}

/**
 * Reads the text of a request or response.
 *
 * @param file its path, for messages.
 * @throws ZonewrightError (exit 3) with file and line.
 */
export function parseBundles(
  kind: BundleKind,
  text: string,
  file: string,
  zone: Uint8Array,
): BundleFile {
  const bad = (line: number, message: string, more?: { text?: string; hint?: string }) =>
    inputError(message, { place: { file, line }, ...more });
  const bundles: Bundle[] = [];
  let dialect: Dialect | undefined;
  let open: OpenBundle | undefined;
  let words: Word[] = [];
  let depth = 0;
  let footer: string | undefined;

  const close = (): void => {
    if (open !== undefined) bundles.push(bundleOf(open, bad));
    open = undefined;
  };
  const header = (line: number, raw: string): void => {
    const parts = /^;; +(\w+) +(\S+) +(.+?)\s*$/.exec(raw);
    if (parts === null) throw bad(line, 'is not a whole header', { text: raw });
    const [, name, version, rest] = parts;
    if (name !== kind) {
      const other = name === KSR || name === SKR ? `of ${KIND_TEXT[name]}` : 'not known';
      throw bad(line, `is a header ${other}; this must be ${KIND_TEXT[kind]}`, { text: raw });
    }
    if (version !== BUNDLE_VERSION) {
      throw bad(line, `is of version ${version}, not ${BUNDLE_VERSION}`, { text: raw });
    }
    close();
    if (/^generated(?:\s|$)/.test(rest)) {
      footer = rest;
      return;
    }
    const stamp = rest.split(/\s/)[0];
    const form = /^\d{14}$/.test(stamp) ? 'bind' : /^\d{1,11}$/.test(stamp) ? 'knot' : undefined;
    const at = form === 'bind' ? parseTime(stamp) : form === 'knot' ? Number(stamp) : undefined;
    if (form === undefined || at === undefined) {
      throw bad(line, 'has no time of the form YYYYMMDDHHMMSS, nor seconds since 1970', {
        text: raw,
      });
    }
    if (dialect !== undefined && dialect !== form) {
      throw bad(line, 'has its time in another form than the header before', { text: raw });
    }
    const last = bundles.at(-1);
    // dnssec-ksr ends a stretch of keys with a bundle of the time at which the next begins: the
    // earlier of the two is for no time at all.
    if (last?.at === at && kind === SKR) bundles.pop();
    else if (last !== undefined && last.at >= at) {
      throw bad(line, `is for ${isoTime(at)}, not after the bundle before (${isoTime(last.at)})`, {
        text: raw,
        hint: 'bundles stand in order of time, each of another time',
      });
    }
    if (bundles.length >= MAX_BUNDLES) throw bad(line, `is one bundle more than ${MAX_BUNDLES}`);
    dialect = form;
    open = { at, line, records: [] };
  };
  const record = (): void => {
    const { line } = words[0];
    if (open === undefined) throw bad(line, 'stands before the first header');
    if (open.records.length >= MAX_RECORDS) {
      throw bad(line, `is one record more than ${MAX_RECORDS} in a bundle`);
    }
    open.records.push({ ...parseRecord(words, kind, zone, bad), line });
    words = [];
  };

  for (const [index, raw] of text.split(/\r\n|\n/).entries()) {
    const line = index + 1;
    if (raw.length > MAX_LINE) throw bad(line, `is longer than ${MAX_LINE} characters`);
    const isHeader = /^\s*;+\s*(?:KeySigningRequest|SignedKeyResponse)\b/i.test(raw);
    if (footer !== undefined && raw.trim() !== '') {
      throw bad(line, 'stands after the last line', { text: raw });
    }
    if (isHeader) {
      if (depth > 0) throw bad(line, 'a header stands between ( and )', { text: raw });
      header(line, raw);
      continue;
    }
    if (depth === 0 && /^\s+[^\s;]/.test(raw)) {
      throw bad(line, 'the record has no owner', { text: raw });
    }
    for (const [part] of raw.matchAll(/;.*|[()]|[^\s();]+/g)) {
      if (part.startsWith(';')) break;
      if (part === '(') depth++;
      else if (part === ')') depth--;
      else words.push({ text: part, line });
      if (depth < 0) throw bad(line, 'a ) without its (', { text: raw });
    }
    if (words.length > MAX_WORDS) throw bad(line, `the record has more than ${MAX_WORDS} words`);
    if (depth === 0 && words.length > 0) record();
  }
  const lines = text.split('\n').length;
  if (depth > 0) throw bad(lines, 'ends between ( and )');
  if (footer === undefined) {
    throw bad(lines, `does not end in a line ";; ${kind} ${BUNDLE_VERSION} generated …"`, {
      hint: `the file was cut off, or is not ${KIND_TEXT[kind]}; fetch it again`,
    });
  }
  if (dialect === undefined) throw bad(lines, 'has no bundle');
  return { dialect, bundles, times: timesOf(footer) };
}

type Bad = (
  line: number,
  message: string,
  more?: { text?: string; hint?: string },
) => ZonewrightError;

function parseRecord(
  words: readonly Word[],
  kind: BundleKind,
  zone: Uint8Array,
  bad: Bad,
): { type: number; ttl: number; rdata: Uint8Array } {
  const [first] = words;
  const { line } = first;
  let owner: Uint8Array;
  try {
    owner = nameFromText(first.text.toLowerCase());
  } catch (error) {
    throw bad(line, `the owner ${(error as Error).message}`, { text: first.text });
  }
  if (!equalBytes(owner, zone)) {
    throw bad(line, `is a record of ${nameToText(owner)}, not of ${nameToText(zone)}`, {
      text: first.text,
      hint: 'Is this the right file, and the right --zone?',
    });
  }
  let at = 1;
  let ttl: number | undefined;
  for (; at < words.length; at++) {
    const word = words[at].text.toUpperCase();
    if (/^\d{1,10}$/.test(word) && ttl === undefined) ttl = Number(word);
    else if (word !== 'IN' && word !== 'CLASS1') break;
  }
  if (ttl === undefined || ttl > MAX_TTL) throw bad(line, 'the record has no TTL');
  const name = words[at]?.text.toUpperCase() ?? '';
  const type = TYPES[kind].find((one) => typeToText(one) === name);
  if (type === undefined) {
    const allowed = TYPES[kind].map(typeToText).join(', ');
    throw bad(line, `is no record of type ${allowed}`, { text: name });
  }
  const rest = words.slice(at + 1).map((word) => word.text);
  try {
    return { type, ttl, rdata: rdataFromText(type, rest.join(' ')) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw bad(line, `the ${name} record can't be read: ${error.message.slice(-160)}`);
  }
}

/** @throws ZonewrightError when the records are no RRsets, or there is no DNSKEY. */
function bundleOf({ at, line, records }: OpenBundle, bad: Bad): Bundle {
  const sets: RecordSet[] = [];
  for (const type of SETS) {
    const own = records.filter((record) => record.type === type);
    if (own.length === 0) continue;
    const [{ ttl }] = own;
    const other = own.find((record) => record.ttl !== ttl);
    if (other !== undefined) {
      throw bad(other.line, `has another TTL than the ${typeToText(type)} record before (${ttl})`);
    }
    const twice = own.find((record, i) =>
      own.slice(0, i).some((before) => equalBytes(before.rdata, record.rdata)),
    );
    if (twice !== undefined) throw bad(twice.line, 'is there twice');
    sets.push({ type, ttl, rdata: inOrder(own.map(({ rdata }) => rdata)) });
  }
  if (sets[0]?.type !== TYPE.DNSKEY) throw bad(line, 'the bundle has no DNSKEY record');
  const rrsigs = records.filter(({ type }) => type === TYPE.RRSIG).map(({ rdata }) => rdata);
  return { at, sets, rrsigs: inOrder(rrsigs), line };
}

/** The times that a request of zonewright asks for; undefined when its last line has none. */
function timesOf(footer: string): SignatureTimes | undefined {
  const time = (label: string): number | undefined => {
    const text = new RegExp(`, ${label} (P[0-9A-Z]{1,40})(?:,|$)`).exec(footer);
    return text === null ? undefined : parseDuration(text[1]);
  };
  const validity = time('validity');
  const refresh = time('refresh');
  const inceptionOffset = time('inception-offset');
  if (validity === undefined || refresh === undefined || inceptionOffset === undefined) {
    return undefined;
  }
  return { validity, refresh, inceptionOffset };
}
