/**
 * The outside judges: zone checkers that other people wrote (BIND, ldns, Knot DNS, NSD, validns),
 * behind one function, with what is known of each one's flags and blind spots.
 *
 * A test that needs a tool which is not installed is skipped with a message that names the tool;
 * with REQUIRE_TOOLS=1 in the environment it fails instead.
 */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, it } from 'vitest';
import { ROOT, run } from './cli.js';
import { atTime } from './faketime.js';

export type Tool =
  | 'dnssec-verify'
  | 'ldns-verify-zone'
  | 'kzonesign'
  | 'kzonecheck'
  | 'named-checkzone'
  | 'nsd-checkzone'
  | 'validns';

/**
 * The judges for a zone of any algorithm. `validns` is not among them: Debian's knows RSA only,
 * so a test names it for zones signed with RSASHA256.
 */
export const JUDGES: readonly Tool[] = [
  'dnssec-verify',
  'ldns-verify-zone',
  'kzonesign',
  'kzonecheck',
  'named-checkzone',
  'nsd-checkzone',
];

export interface Verdict {
  readonly tool: Tool;
  readonly ok: boolean;
  readonly output: string;
}

export interface Case {
  /** The zone's name, with or without the trailing dot. */
  readonly zone: string;
  readonly file: string;
  /** Judge at this time instead of now. `dnssec-verify` has no flag for it and needs libfaketime:
   * see judges(). */
  readonly now?: Date;
  /**
   * Complaints of `named-checkzone` and `kzonecheck` that don't count as faults of this zone,
   * e.g. an in-zone name server without addresses that the export really lacks.
   */
  readonly allow?: RegExp;
  /** A key with SEP flag signs the zone's data, too. */
  readonly csk?: boolean;
  /** Milliseconds a judge may take; then it counts as a rejection. Default two minutes. */
  readonly timeout?: number;
}

const TOOLS_REQUIRED = process.env.REQUIRE_TOOLS === '1';

/** The full path of an installed program, looked for in PATH and the system's folders. */
function pathOf(name: string): string | undefined {
  const places = (process.env.PATH ?? '').split(delimiter).concat('/usr/sbin', '/usr/local/sbin');
  for (const place of places) {
    try {
      accessSync(join(place, name), constants.X_OK);
      return join(place, name);
    } catch {
      // Not here; look in the next folder.
    }
  }
  return undefined;
}

/** Whether a program is installed. */
export function hasTool(name: string): boolean {
  return pathOf(name) !== undefined;
}

/** Whether a program is installed. With REQUIRE_TOOLS=1 an absent one is an error. */
export function requireTool(name: string): boolean {
  const there = pathOf(name) !== undefined;
  if (!there && TOOLS_REQUIRED) throw new Error(`REQUIRE_TOOLS=1, but ${name} is not installed`);
  return there;
}

/** The full path of a program that is known to be installed. */
export function toolPath(name: string): string {
  const path = pathOf(name);
  if (path === undefined) throw new Error(`${name} is not installed`);
  return path;
}

/**
 * `describe` for tests that need outside programs: skipped with a title that names the absent
 * ones, or, with REQUIRE_TOOLS=1, failed.
 */
export function describeWithTools(names: readonly string[], title: string, body: () => void): void {
  const absent = names.filter((name) => pathOf(name) === undefined);
  describeUnless(
    absent.length === 0 ? undefined : `${absent.join(', ')} not installed`,
    title,
    body,
  );
}

/** `describe` that is skipped (or, with REQUIRE_TOOLS=1, failed) for a reason, if there is one. */
export function describeUnless(reason: string | undefined, title: string, body: () => void): void {
  if (reason === undefined) {
    describe(title, body);
  } else if (TOOLS_REQUIRED) {
    describe(title, () => {
      it('has what it needs', () => {
        throw new Error(`REQUIRE_TOOLS=1, but ${reason}`);
      });
    });
  } else {
    describe.skip(`${title} [skipped: ${reason}]`, () => {
      it(`needs: ${reason}`, () => undefined);
    });
  }
}

/** Real zones, kept beside the repository, not in it. */
const SHARED = join(ROOT, '..', 'shared', 'data');

/** The path of a real zone's file, or undefined where the data is not there. */
export function sharedData(name: string): string | undefined {
  const path = join(SHARED, name);
  return existsSync(path) ? path : undefined;
}

/** `describe` for tests over real data: skipped with a message where it is absent. */
export function describeWithData(
  files: readonly string[],
  title: string,
  body: (paths: readonly string[]) => void,
): void {
  const absent = files.filter((name) => sharedData(name) === undefined);
  if (absent.length > 0) {
    // Data is not a tool: its absence is never a failure.
    describe.skip(`${title} [skipped: no ${absent.join(', ')} in ${SHARED}]`, () => {
      it(`needs: ${absent.join(', ')}`, () => undefined);
    });
    return;
  }
  describe(title, () => body(files.map((name) => join(SHARED, name))));
}

function withoutDot(zone: string): string {
  return zone === '.' ? '.' : zone.replace(/\.$/, '');
}

function epoch(date: Date): string {
  return String(Math.floor(date.getTime() / 1000));
}

/** YYYYMMDDhhmmss, UTC. */
export function compactTime(date: Date): string {
  return date.toISOString().slice(0, 19).replace(/[-:T]/g, '');
}

interface Opinion {
  readonly ok: boolean;
  readonly output: string;
}

/** How a judge is called: its arguments, and what of its output and exit code is consent. */
type Runner = (work: Case, folder: string) => Promise<Opinion>;

async function plain(
  tool: Tool,
  args: readonly string[],
  work: Case,
  env: Readonly<Record<string, string>> = {},
): Promise<Opinion> {
  const done = await run(toolPath(tool), args, { env, timeout: work.timeout ?? 120_000 });
  const output = done.stdout + done.stderr;
  return { ok: done.status === 0, output: done.timedOut ? `${output}\ntimed out` : output };
}

const RUNNERS: Readonly<Record<Tool, Runner>> = {
  // Complains of everything and exits 1. Judges at what it takes for the real time.
  'dnssec-verify': (work) => {
    const args = [...(work.csk === true ? ['-z'] : []), '-o', work.zone, work.file];
    return plain('dnssec-verify', args, work, work.now === undefined ? {} : atTime(work.now));
  },

  // -k is not given: the chain from the root is not its business here. It never ends on some
  // broken NSEC3 chains, nor (1.8.3) on a good opt-out zone that has ZONEMD, whoever signed it:
  // such a zone is shown to it without ZONEMD.
  'ldns-verify-zone': (work, folder) => {
    const time = work.now === undefined ? [] : ['-t', compactTime(work.now)];
    const text = readFileSync(work.file, 'latin1');
    let { file } = work;
    if (/\sNSEC3\s+1 1 /i.test(text) && /\sZONEMD\s/i.test(text)) {
      file = join(folder, 'without-zonemd');
      const kept = text.split('\n').filter((line) => !/\s(RRSIG\s+)?ZONEMD\s+\d/i.test(line));
      writeFileSync(file, kept.join('\n'), 'latin1');
    }
    return plain('ldns-verify-zone', [...time, file], work);
  },

  // Wants a signature over the data by each key with SEP flag, where any of them makes some: a CSK
  // that comes or goes is nothing for it (Knot DNS 3.2). Reads a server's configuration; one with nothing but the zone in it.
  kzonesign: (work, folder) => {
    const { zone, file, now } = work;
    const config = join(folder, 'knot.conf');
    mkdirSync(join(folder, 'db'), { recursive: true });
    writeFileSync(
      config,
      [
        'server:',
        `    rundir: "${folder}"`,
        'database:',
        `    storage: "${join(folder, 'db')}"`,
        'zone:',
        `  - domain: "${zone}"`,
        `    file: "${file}"`,
        '',
      ].join('\n'),
    );
    const time = now === undefined ? [] : ['-t', epoch(now)];
    return plain('kzonesign', ['-c', config, '-v', ...time, withoutDot(zone)], work);
  },

  // Exits 1 on anything, missing glue too, with a line `[owner] complaint` for each.
  kzonecheck: async (work) => {
    const time = work.now === undefined ? [] : ['-t', epoch(work.now)];
    const args = ['-d', 'on', '-o', work.zone, ...time, work.file];
    const { ok, output } = await plain('kzonecheck', args, work);
    const complaints = output.split('\n').filter((line) => line.startsWith('['));
    const { allow } = work;
    const allowed = complaints.length > 0 && complaints.every((line) => allow?.test(line));
    return { ok: ok || allowed, output };
  },

  // Exits 0 on missing glue, so every line that is not its usual "loaded" and "OK" counts.
  // It does not look at signatures: it judges contents.
  'named-checkzone': async (work) => {
    const args = ['-i', 'local', '-k', 'fail', work.zone, work.file];
    const { ok, output } = await plain('named-checkzone', args, work);
    const complaints = output
      .split('\n')
      .filter(
        (line) =>
          line !== '' &&
          line !== 'OK' &&
          !/: loaded serial \d+( \(DNSSEC signed\))?$/.test(line) &&
          !(work.allow?.test(line) ?? false),
      );
    return { ok: ok && complaints.length === 0, output };
  },

  // Calls the repeated SOA of the holders' copy an error: give it the name servers' file.
  'nsd-checkzone': (work) => plain('nsd-checkzone', [work.zone, work.file], work),

  // RSA only; assumes that opt-out leaves out all it may; refuses unusual DS algorithm numbers.
  validns: (work) => {
    const time = work.now === undefined ? [] : ['-t', epoch(work.now)];
    const origin = work.zone.endsWith('.') ? work.zone : `${work.zone}.`;
    return plain('validns', ['-z', origin, ...time, work.file], work);
  },
};

/** One judge's opinion of a signed zone file. */
export async function judge(tool: Tool, work: Case): Promise<Verdict> {
  const folder = mkdtempSync(join(tmpdir(), 'zonewright-judge-'));
  try {
    return { tool, ...(await RUNNERS[tool](work, folder)) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Asks the judges (all for any algorithm, or `only`), one after another, and gives the verdicts
 * against the zone: an empty array is a good zone. At another time than now `dnssec-verify`
 * is left out.
 *
 * @throws when a judge is not installed and REQUIRE_TOOLS=1, and when fewer than three of the
 *   judges wanted can be asked (a silence of absent judges must not look like consent).
 */
export async function judges(
  work: Case & { readonly only?: readonly Tool[] },
): Promise<readonly Verdict[]> {
  const wanted = (work.only ?? JUDGES).filter(
    (tool) => work.now === undefined || tool !== 'dnssec-verify',
  );
  const able = wanted.filter((tool) => requireTool(tool));
  if (able.length < Math.min(3, wanted.length)) {
    throw new Error(`only ${able.join(', ') || 'no judge'} of ${wanted.join(', ')} installed`);
  }
  const against: Verdict[] = [];
  for (const tool of able) {
    const verdict = await judge(tool, work);
    if (!verdict.ok) against.push(verdict);
  }
  return against;
}
