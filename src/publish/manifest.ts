/**
 * manifest.json: what a generation is, for programs (README, "Outputs"). Fields are only ever
 * added; `version` changes when one changes its meaning.
 */

import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Judgement } from '../guard/judge.js';
import type { KeyStates } from '../keys/lifecycle/zone-keys.js';

export const MANIFEST = 'manifest.json';

export interface ManifestFile {
  readonly name: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** Of a gzip file: what it unpacks to. */
  readonly unpacked?: { readonly bytes: number; readonly sha256: string } | undefined;
}

export interface Manifest {
  readonly version: 1;
  /** The zone's label: `com`. */
  readonly zone: string;
  readonly serial: number;
  /** Name of the generation's folder. */
  readonly generation: string;
  /** ISO 8601: the `--now` of the build. */
  readonly buildTime: string;
  /** zonewright's version. */
  readonly zonewright: string;
  /** The generation that was current before; null: none. */
  readonly previous: { readonly generation: string; readonly serial: number } | null;
  /** Numbers of things: delegations, glue, signatures, names added and removed, … */
  readonly counts: Readonly<Record<string, unknown>>;
  /** The export: its format, and its own identifier and time where it has them. */
  readonly source: {
    readonly format: string;
    readonly id?: string | undefined;
    readonly watermark?: string | undefined;
  };
  readonly files: readonly ManifestFile[];
  /** Tags of the published DNSKEYs. */
  readonly keyTags: readonly number[];
  /** The published DNSKEYs. */
  readonly keys: readonly {
    readonly tag: number;
    readonly algorithm: number;
    readonly role: string;
    /** Seconds since it was made; null: not known. */
    readonly age: number | null;
    /** The next thing that happens to it; null: nothing is due. */
    readonly nextEvent: { readonly at: string; readonly what: string } | null;
  }[];
  /** What the key engine did in this build. */
  readonly keyEvents: readonly { readonly what: string }[];
  /** The states of all keys, as this generation was published with them. */
  readonly keyStates: KeyStates;
  /** Seconds, by stage. */
  readonly timings: Readonly<Record<string, number>>;
  readonly guards: readonly Judgement[];
}

/** Writes the manifest into a generation's folder. */
export function writeManifest(folder: string, manifest: Manifest): void {
  writeFileSync(join(folder, MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/** The manifest of a generation's folder; undefined when it has none that can be read. */
export function readManifest(folder: string): Manifest | undefined {
  try {
    const data = JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8')) as Manifest;
    return data.version === 1 && Number.isInteger(data.serial) ? data : undefined;
  } catch {
    return undefined;
  }
}

/** Size and SHA-256 of the files in a folder, by name, but for those in `known`. */
export async function describeFiles(
  folder: string,
  known: readonly ManifestFile[] = [],
): Promise<ManifestFile[]> {
  const files = [...known];
  for (const name of readdirSync(folder)) {
    if (known.some((file) => file.name === name)) continue;
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const piece of createReadStream(join(folder, name), { highWaterMark: 1 << 20 })) {
      bytes += (piece as Buffer).length;
      hash.update(piece as Buffer);
    }
    files.push({ name, bytes, sha256: hash.digest('hex') });
  }
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A line as md5sum(1) writes and checks it. */
export function md5sumLine(hex: string, name: string): string {
  return `${hex}  ${name}\n`;
}
