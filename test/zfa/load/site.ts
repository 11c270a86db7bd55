/**
 * A registry with one published generation of any size, holders and a running download service, for
 * tests of many downloads: the zone is random octets, which no step after publication looks into.
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '#zonewright/zfa/database/open.js';
import { saveHolder } from '#zonewright/zfa/holders/store.js';
import { type Running, startZonewright, zonewrightOk } from '../../tools/cli.js';
import { approvedHolder } from '../holder.js';

export const GENERATION = '20261122T000000Z-1795305600';
export const DATE = '20261122';
export const NOW = '2026-11-22T08:00:00Z';

export interface SiteOptions {
  /** Octets of com.zone.gz. */
  readonly size: number;
  readonly holders: number;
  /** Lines for the table [zfa]. */
  readonly zfa?: readonly string[];
}

export interface Site {
  readonly folder: string;
  /** Ids of the holders. */
  readonly ids: readonly string[];
}

export async function makeSite(folder: string, options: SiteOptions): Promise<Site> {
  await zonewrightOk(['init', '.'], { cwd: folder });
  const config = join(folder, 'zonewright.toml');
  const lines = options.zfa ?? [];
  writeFileSync(
    config,
    readFileSync(config, 'utf8')
      .replace(/\[\[zones\]\]\nname = "net"[\s\S]*?\n\n/, '')
      .replace('formats = ["gz"]', `formats = ["gz"]\n${lines.join('\n')}`),
  );
  publishRandom(folder, GENERATION, options);
  const ids = Array.from({ length: options.holders }, (_, n) => `holder-${n}`);
  const db = openDatabase(join(folder, 'state'));
  db.change(() => {
    for (const id of ids) {
      saveHolder(db, approvedHolder(id));
    }
  });
  db.close();
  return { folder, ids };
}

/** Makes a generation of com with random octets current. */
export function publishRandom(
  folder: string,
  generation: string,
  { size }: Pick<SiteOptions, 'size'>,
): void {
  const zone = join(folder, 'out', 'com');
  const place = join(zone, generation);
  mkdirSync(place, { recursive: true });
  const zoneHash = createHash('sha256');
  const file = openSync(join(place, 'com.zone.gz'), 'w');
  const block = randomBytes(1 << 20);
  for (let at = 0; at < size; at += block.length) {
    block.writeUInt32LE(at / block.length);
    const octets = block.subarray(0, Math.min(block.length, size - at));
    writeSync(file, octets);
    zoneHash.update(octets);
  }
  closeSync(file);
  const zonePacked = { bytes: size, sha256: zoneHash.digest('hex') };
  const small = {
    'com.zone.gz.md5': `${'0'.repeat(32)}  com.zone.gz\n`,
    'added.txt.gz': '',
    'removed.txt.gz': '',
  };
  for (const [name, text] of Object.entries(small)) writeFileSync(join(place, name), text);
  const describe = (name: keyof typeof small): { name: string; bytes: number; sha256: string } => ({
    name,
    bytes: small[name].length,
    sha256: createHash('sha256').update(small[name]).digest('hex'),
  });
  // What it would unpack to nobody reads: the octets are no gzip.
  const unpacked = { bytes: size * 5, sha256: 'a'.repeat(64) };
  const empty = { bytes: 0, sha256: createHash('sha256').digest('hex') };
  const files = [
    { ...describe('added.txt.gz'), unpacked: empty },
    { name: 'com.zone', ...unpacked },
    { name: 'com.zone.gz', ...zonePacked, unpacked },
    describe('com.zone.gz.md5'),
    { ...describe('removed.txt.gz'), unpacked: empty },
  ];
  const manifest = {
    version: 1,
    zone: 'com',
    serial: Number(generation.split('-')[1]),
    generation,
    buildTime: '2026-11-22T00:00:00Z',
    zonewright: '0',
    previous: null,
    source: { format: 'rde-csv' },
    counts: { delegations: 1000, added: 1, removed: 2, records: 3000 },
    files,
    keyTags: [],
    keys: [],
    keyEvents: [],
    keyStates: {},
    timings: {},
    guards: [],
  };
  writeFileSync(join(place, 'manifest.json'), `${JSON.stringify(manifest)}\n`);
  symlinkSync(generation, join(zone, 'current'));
}

/** A service that runs. */
export interface Serving {
  readonly running: Running;
  readonly url: string;
  readonly port: number;
  readonly pid: number;
}

/** Starts the service on a free port and waits until it listens. @param how flags of TLS or --plain. */
export async function serve(
  folder: string,
  how: readonly string[] = ['--plain'],
): Promise<Serving> {
  const flags = ['--listen', '127.0.0.1:0', '--json', '--now', NOW, ...how];
  const running = startZonewright(['zfa', 'serve', ...flags], {
    cwd: folder,
    timeout: 3_600_000,
  });
  const line = await new Promise<string>((resolve, reject) => {
    let text = '';
    running.child.stdout?.on('data', (piece: Buffer) => {
      text += piece;
      if (text.includes('\n')) resolve(text);
    });
    void running.finished.then((done) => reject(new Error(done.stderr)));
  });
  const { listening } = JSON.parse(line) as { listening: string };
  return {
    running,
    url: listening,
    port: Number(new URL(listening).port),
    pid: running.child.pid!,
  };
}

/** A process's greatest resident memory so far, octets (proc(5), VmHWM). */
export function peakMemory(pid: number): number {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) * 1024;
}
