/**
 * `zonewright sample`: a synthetic registry export, the same for the same seed, with every
 * awkward case in it that the readers and the zone rules have to deal with.
 */
import { mkdir, readdir } from 'node:fs/promises';
import { printJson, type Reporter } from '../cli/output.js';
import { usageError } from '../errors.js';
import { nameFromText, nameToText } from '../names/name.js';
import { MAX_DAY } from './days.js';
import { rdeCsvFiles } from './deposit-files.js';
import { masterFiles, writeMaster } from './master.js';
import { createRegistry } from './plan.js';
import { MAX_DOMAINS, seedFromText } from './random.js';
import { type SampleCounts, writeRdeCsv } from './rde-csv.js';
import { type ChecksumAlgorithm, STDOUT } from './sink.js';

/** What is to be made. */
export interface SampleOptions {
  /** Number of domain names; from 50 on every awkward case is there. */
  readonly domains: number;
  /**
   * The folder to write to; it is made, and may hold nothing but such a sample. `-`: standard
   * output, for the master file of one zone.
   */
  readonly out: string;
  /** `rde-csv` (default): one deposit with all zones; `master`: a zone file for each zone. */
  readonly format?: string | undefined;
  /** Leave out delegations that lack an address in the zone. */
  readonly sound?: boolean | undefined;
  /** The same registry so many days later, with a hundredth changed each day; default 0. */
  readonly day?: number | undefined;
  /** Any text; another seed makes other names. */
  readonly seed?: string | number | undefined;
  /** Zones, the main one first, as text or in wire form. Default com and net. */
  readonly zones?: readonly (string | Uint8Array)[] | undefined;
  /** Compress the files, but not the XML of the deposit. */
  readonly gzip?: boolean | undefined;
  /** Checksums in the deposit; CRC32 by default. */
  readonly checksum?: ChecksumAlgorithm | undefined;
  /** Told how far the work is. */
  readonly reporter?: Reporter | undefined;
  /** Print the summary as one JSON object on standard output. */
  readonly json?: boolean | undefined;
  /** Ends the work between two pieces. */
  readonly signal?: AbortSignal | undefined;
}

/** What was made. */
export interface SampleSummary extends SampleCounts {
  readonly format: 'rde-csv' | 'master';
  readonly seed: string;
  readonly zones: readonly string[];
  readonly day: number;
  readonly seconds: number;
}

/**
 * Writes a sample export.
 *
 * @throws ZonewrightError (exit 2) for a wrong number, format or zone, or a folder in use; the
 *   system's error EPIPE when the reader of standard output has gone.
 */
export async function sampleCommand(options: SampleOptions): Promise<SampleSummary> {
  const { domains, out } = options;
  if (!Number.isSafeInteger(domains) || domains < 1 || domains > MAX_DOMAINS - 2_000_000) {
    throw usageError(`--domains must be a whole number from 1 to ${MAX_DOMAINS - 2_000_000}`, {
      text: String(domains),
    });
  }
  const format = options.format ?? 'rde-csv';
  if (format !== 'rde-csv' && format !== 'master') {
    throw usageError('--format must be rde-csv or master', { text: format });
  }
  const zones = checkZones(options.zones ?? ['com', 'net']);
  const seed = String(options.seed ?? '1');
  const gzip = options.gzip ?? false;
  const day = options.day ?? 0;
  if (!Number.isSafeInteger(day) || day < 0 || day > MAX_DAY) {
    throw usageError(`--day must be a whole number from 0 to ${MAX_DAY}`, { text: String(day) });
  }
  if (out === STDOUT) {
    checkStdout(format, zones, options.json === true);
  } else {
    await mkdir(out, { recursive: true });
    const own = format === 'master' ? masterFiles(zones, gzip) : rdeCsvFiles(zones, gzip);
    await checkFolder(out, own);
  }
  const registry = createRegistry(domains, seedFromText(seed), zones, options.sound, day);
  const { reporter } = options;
  reporter?.stage(`writing ${out === STDOUT ? 'standard output' : out}`);
  const pause = async (done: number): Promise<void> => {
    reporter?.progress(done, domains, 'domains');
    // Lets signals and the terminal have their turn.
    await new Promise((resolve) => setImmediate(resolve));
    options.signal?.throwIfAborted();
  };
  const started = performance.now();
  const counts =
    format === 'master'
      ? await writeMaster(registry, { out, gzip, pause })
      : await writeRdeCsv(registry, {
          out,
          gzip,
          checksum: options.checksum ?? 'CRC32',
          pause,
        });
  const seconds = (performance.now() - started) / 1000;
  const summary: SampleSummary = { format, seed, zones, day, ...counts, seconds };
  const figures = `${counts.domains} domains, ${counts.hosts} hosts, ${counts.bytes} bytes`;
  reporter?.done(`${figures} in ${counts.files.length} files`);
  if (options.json === true) printJson({ ...summary });
  return summary;
}

/** A stream has room for one file, and for nothing beside it. */
function checkStdout(format: string, zones: readonly string[], json: boolean): void {
  if (format !== 'master' || zones.length !== 1) {
    throw usageError('--out - writes the master file of one zone', {
      hint: `add --format master --zones ${zones[0]}`,
    });
  }
  if (json) {
    throw usageError('--json and --out - both write to standard output', {
      hint: 'name a folder with --out',
    });
  }
}

/** A sample may replace one of its kind, nothing else. */
async function checkFolder(folder: string, own: readonly string[]): Promise<void> {
  const other = (await readdir(folder)).find((name) => !own.includes(name));
  if (other !== undefined) {
    throw usageError(`${folder} holds another file: ${other}`, {
      hint: 'Name a new folder with --out.',
    });
  }
}

function checkZones(zones: readonly (string | Uint8Array)[]): string[] {
  const names = zones.map((zone) => {
    try {
      const wire = typeof zone === 'string' ? nameFromText(zone.trim()) : zone;
      const text = nameToText(wire).slice(0, -1);
      // Room for the longest label and host label in front of the zone.
      if (/^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(text) && wire.length < 120) return text;
    } catch {
      // The message below serves.
    }
    throw usageError('--zones must be names of zones, separated by commas', {
      text: typeof zone === 'string' ? zone : nameToText(zone),
    });
  });
  if (names.length === 0 || new Set(names).size !== names.length) {
    throw usageError('--zones must name each zone once', { text: names.join(',') });
  }
  return names;
}
