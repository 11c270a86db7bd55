/**
 * One holder's bundle, from what the day has: which zones, what its agreement and its manifest say.
 * The same holder and day give the same octets.
 */

import { createHash } from 'node:crypto';
import { isoTime } from '../../config/time.js';
import type { Holder } from '../holders/model.js';
import { AGREEMENT_FILE, type PartHead } from './day-files.js';
import { countOf, type Digest, type GenerationFile, type ZoneGeneration } from './generations.js';
import { type BundleFile, layOut, layoutTag } from './layout.js';
import { type SigningKey, signatureText } from './minisign.js';
import type { HeaderMaker } from './tar-header.js';

const RULE = '-'.repeat(72);

/** The agreement's text, which is a shared file of the day. */
export interface AgreementText extends Digest {
  readonly version: string;
  readonly text: Buffer;
}

/** What all bundles of a day have in common. */
export interface DayParts {
  /** YYYYMMDD. */
  readonly date: string;
  /** Seconds since 1970. */
  readonly modified: number;
  /** By label. */
  readonly zones: ReadonlyMap<string, ZoneGeneration>;
  /** Undefined: none is configured. */
  readonly agreement: AgreementText | undefined;
  readonly key: SigningKey;
  readonly headers: HeaderMaker;
}

export interface Composed {
  /** Without what makes the encrypted form. */
  readonly head: Omit<PartHead, 'age'>;
  readonly own: Buffer;
}

/** @returns undefined when there is none of the holder's zones. */
export async function composeBundle(holder: Holder, day: DayParts): Promise<Composed | undefined> {
  const zones = holder.zones.flatMap((label) => day.zones.get(label) ?? []);
  if (zones.length === 0) return undefined;
  const { modified: mtime, agreement } = day;
  const heading = Buffer.from(agreementHeading(holder, agreement));
  const manifest = Buffer.from(manifestText(holder, zones, day, heading));
  const comment = `timestamp:${mtime}\tfile:manifest.json\tholder:${holder.id}\tdate:${day.date}\thashed`;
  const signature = Buffer.from(signatureText(day.key, manifest, comment));
  const shared = agreement && { name: AGREEMENT_FILE, bytes: agreement.bytes };
  const files: BundleFile[] = [
    ...zones.flatMap(({ files, buildTime }) =>
      files.map((file) => ({ name: file.name, mtime: buildTime, contents: [file] })),
    ),
    { name: 'AGREEMENT.txt', mtime, contents: shared ? [heading, shared] : [heading] },
    { name: 'manifest.json', mtime, contents: [manifest] },
    { name: 'manifest.json.minisig', mtime, contents: [signature] },
  ];
  const layout = await layOut(files, day.headers);
  const hashes = new Map(zones.flatMap((zone) => zone.files.map((f) => [f.name, f.sha256])));
  if (agreement !== undefined) hashes.set(AGREEMENT_FILE, agreement.sha256);
  return {
    head: {
      holder: holder.id,
      zones: zones.map(({ zone }) => zone),
      pieces: layout.pieces,
      size: layout.size,
      etag: layoutTag(layout, (name) => hashes.get(name)),
    },
    own: layout.own,
  };
}

function agreementHeading(
  { id, name, agreement: accepted }: Holder,
  agreement: AgreementText | undefined,
): string {
  const lines = ['Zone file access', `Holder: ${id} (${oneLine(name)})`];
  if (agreement === undefined) {
    lines.push('The registry has configured no agreement for zone file access.');
    return `${lines.join('\n')}\n`;
  }
  lines.push(`Agreement: version ${oneLine(agreement.version)}`);
  if (accepted === undefined) lines.push('Accepted: not yet');
  else if (accepted.version === agreement.version) {
    lines.push(`Accepted: ${isoTime(accepted.date)}`);
  } else {
    const { version, date } = accepted;
    lines.push(`Accepted: version ${oneLine(version)} only, ${isoTime(date)}`);
  }
  return `${lines.join('\n')}\n${RULE}\n`;
}

/** A text that must not begin lines of its own. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}

function manifestText(
  holder: Holder,
  zones: readonly ZoneGeneration[],
  { date, agreement }: DayParts,
  heading: Buffer,
): string {
  const accepted = holder.agreement;
  const agreementHash = createHash('sha256').update(heading);
  if (agreement !== undefined) agreementHash.update(agreement.text);
  const manifest = {
    version: 1,
    holder: holder.id,
    date: dashed(date),
    agreement:
      agreement === undefined
        ? null
        : {
            version: agreement.version,
            accepted: accepted ? { version: accepted.version, date: isoTime(accepted.date) } : null,
          },
    zones: zones.map((zone) => ({
      zone: zone.zone,
      serial: zone.serial,
      buildTime: zone.manifest.buildTime,
      counts: countsOf(zone),
      changesSince: sinceOf(zone),
      files: zone.files.map(describe),
    })),
    files: [
      {
        name: 'AGREEMENT.txt',
        bytes: heading.length + (agreement?.bytes ?? 0),
        sha256: agreementHash.digest('hex'),
      },
    ],
  };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

const COUNTS = ['delegations', 'secureDelegations', 'glue', 'records', 'rrsets'] as const;

/** Numbers of the zone that holders are told; null: not known. */
function countsOf({ manifest, changes }: ZoneGeneration): Record<string, number | null> {
  const { added, removed, changed } = changes;
  return {
    ...Object.fromEntries(COUNTS.map((name) => [name, countOf(manifest, name) ?? null])),
    added: added ?? null,
    removed: removed ?? null,
    changed: changed ?? null,
  };
}

/** What the names added and removed are against; null: nothing, all are new. */
function sinceOf({ changes: { since } }: ZoneGeneration): Record<string, unknown> | null {
  if (since === undefined) return null;
  const { serial, date } = since;
  return { serial, date: date === undefined ? null : dashed(date) };
}

/** @example dashed('20261122') // '2026-11-22' */
function dashed(date: string): string {
  return `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
}

function describe({ name, bytes, sha256, unpacked }: GenerationFile): Record<string, unknown> {
  return { name, bytes, sha256, ...(unpacked && { unpacked }) };
}
