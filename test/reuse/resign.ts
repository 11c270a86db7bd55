/** Signs small zones in this process, one after the other, and knows which signatures were kept. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SignOptions } from '#zonewright/cli/options.js';
import { signCommand } from '#zonewright/sign/command.js';
import { NOW, ZONE } from '../keys/helpers.js';
import { tempDir } from '../tools/cli.js';
import { lineOf, parseZoneText, type TextRecord } from '../tools/zone-text.js';

export const HOUR = 3600;
export const DAY = 86_400;

/** What a signing said. */
export interface Resigned {
  readonly file: string;
  readonly text: string;
  readonly records: readonly TextRecord[];
  readonly warnings: readonly string[];
}

let folder: string | undefined;
let count = 0;

/** A new folder for keys. */
export function newKeyDir(): string {
  folder ??= tempDir('reuse');
  const dir = join(folder, `keys-${count++}`);
  mkdirSync(dir, { mode: 0o700 });
  return dir;
}

/** A file with this text. */
export function fileOf(text: string | Uint8Array): string {
  folder ??= tempDir('reuse');
  const file = join(folder, `file-${count++}`);
  writeFileSync(file, text);
  return file;
}

/** Signs the text of a zone `example` with deterministic signatures. */
export async function resign(
  text: string,
  keyDir: string,
  more: Partial<SignOptions> = {},
): Promise<Resigned> {
  const warnings: string[] = [];
  const nothing = (): void => undefined;
  const output = fileOf('');
  const options: SignOptions = {
    config: undefined,
    json: false,
    quiet: true,
    verbose: false,
    color: false,
    threads: 1,
    memory: 1 << 28,
    tmpDir: folder as string,
    now: NOW,
    debug: false,
    reporter: {
      stage: nothing,
      progress: nothing,
      done: nothing,
      info: nothing,
      detail: nothing,
      warn: (warning) => warnings.push(warning),
      error: (error) => warnings.push(error),
    },
    input: fileOf(text),
    zone: ZONE,
    keyDir,
    tokenFlags: {},
    output,
    denial: { kind: 'nsec3', optOut: false, iterations: 0, salt: new Uint8Array(0) },
    zonemd: true,
    validity: 14 * DAY,
    inceptionOffset: HOUR,
    jitter: 12 * HOUR,
    refresh: 7 * DAY,
    serial: 'keep',
    previous: undefined,
    glue: 'keep-all',
    engine: 'noble',
    verify: true,
    maxRejects: 0,
    ...more,
  };
  const code = await signCommand(options);
  if (code !== 0) throw new Error(`exit ${code}`);
  const signed = readFileSync(output, 'latin1');
  return { file: output, text: signed, records: parseZoneText(signed), warnings };
}

/** An RRSIG record's fields (RFC 4034 §3.1). */
export function rrsigFields(record: TextRecord) {
  const [type, algorithm, labels, ttl, expiration, inception, tag, signer] =
    record.rdata.split(' ');
  const time = (text = ''): number =>
    Date.parse(text.replace(/(....)(..)(..)(..)(..)(..)/, '$1-$2-$3T$4:$5:$6Z')) / 1000;
  return {
    type: type as string,
    algorithm: Number(algorithm),
    labels: Number(labels),
    ttl: Number(ttl),
    expiration: time(expiration),
    inception: time(inception),
    tag: Number(tag),
    signer,
  };
}

export const isRrsig = (record: TextRecord): boolean => record.type === 'RRSIG';
const rrsetOf = (records: readonly TextRecord[], owner: string, type: string): string =>
  records
    .filter((record) => record.owner === owner && record.type === type)
    .map(lineOf)
    .sort()
    .join('\n');

/**
 * What the signatures of a zone should be: those of `full`, which were all made now, but for those
 * that the rules keep of `previous`. Written apart from the product, on text.
 */
export function expectedRrsigs(
  previous: readonly TextRecord[],
  full: readonly TextRecord[],
  times: { readonly now: number; readonly refresh: number; readonly validity: number },
): string[] {
  const keysOf = (records: readonly TextRecord[]): string[] =>
    records.filter(({ type, owner }) => type === 'DNSKEY' && owner === 'example.').map(lineOf);
  const before = new Set(keysOf(previous));
  const keysAreThere = keysOf(full).every((key) => before.has(key));
  return full.filter(isRrsig).map((made) => {
    const { owner } = made;
    const fields = rrsigFields(made);
    const { type } = fields;
    const same = rrsetOf(previous, owner, type) === rrsetOf(full, owner, type);
    const kept = previous.find((record) => {
      if (!isRrsig(record) || record.owner !== owner) return false;
      const old = rrsigFields(record);
      const life = old.expiration - times.now;
      return (
        old.type === type &&
        old.tag === fields.tag &&
        old.ttl === fields.ttl &&
        old.inception <= times.now &&
        life > times.refresh &&
        life <= times.validity
      );
    });
    const keeps = keysAreThere && same && type !== 'ZONEMD' && kept !== undefined;
    return lineOf(keeps ? kept : made);
  });
}

/** The lines of all records but signatures, and the ZONEMD digest, which is over those too. */
export function unsignedLines(records: readonly TextRecord[]): string[] {
  return records.filter((r) => !isRrsig(r) && r.type !== 'ZONEMD').map(lineOf);
}

/** How many signatures one zone has of another. */
export function keptOf(older: Resigned, newer: Resigned): number {
  const before = new Set(older.records.filter(isRrsig).map(lineOf));
  return newer.records.filter((record) => isRrsig(record) && before.has(lineOf(record))).length;
}
