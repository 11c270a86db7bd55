/**
 * Mutated registry exports through `build`: either the right zones are published (as the
 * reference derives them from the same mutated export), or exit 3 with an error that names the
 * file, and what was published before stays published, with nothing half-made beside it. Never a
 * crash, a hang or another exit.
 *
 * Every second case mends the deposit's checksums after the mutation, so that the mutation
 * reaches the parsers behind them.
 */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectPublishedAsReference, referenceOf } from '../reference/build.js';
import { run, tempDir, zonewright } from '../tools/cli.js';
import { mendChecksums } from '../tools/deposit.js';
import { describeWithTools } from '../tools/judges.js';
import {
  build,
  depositFiles,
  depositXml,
  leftIn,
  makeRegistry,
  publishedState,
  type Registry,
} from '../tools/registry.js';
import { inPairs, KINDS, mutate, pick, seeded } from './mutate.js';

const CASES = 110;
const ARCHIVES = 24;

/** What is wrong with a whole file has no line. */
const WHOLE_FILE =
  /checksum|cksum|truncat|cut off|incomplete|unexpected end|ends|count|gzip|missing|empty|no such|UTF-8/i;

let original: Registry;

beforeAll(async () => {
  original = await makeRegistry({
    domains: 300,
    // Rejects end the run, so that a zone that is published has everything in it; the guards are
    // not what is tested here.
    source: ['max-rejects = 0'],
    guards: ['max-change = "100%"', 'max-removed = "100%"'],
  });
  await build(original);
});

let compared = 0;
let refused = 0;

/** A copy of the registry, with its published generations. */
function copied(name: string): Registry {
  const folder = join(tempDir(`fuzz-${name}`), 'registry');
  cpSync(original.folder, folder, { recursive: true, verbatimSymlinks: true });
  return { ...original, folder, exportFolder: join(folder, 'export') };
}

/** Builds and says what is wrong with the outcome, if anything. */
async function outcome(
  registry: Registry,
  what: string,
  check: () => void,
): Promise<string | undefined> {
  const zones = registry.zones.map((zone) => zone.name);
  const before = zones.map((zone) => publishedState(registry, zone));
  const folders = zones.map((zone) => leftIn(registry, zone));
  const done = await zonewright(['build'], { cwd: registry.folder, timeout: 60_000 });
  const said = `${what} in ${registry.folder}: exit ${done.status}\n${done.stderr}`;
  if (done.timedOut) return `hang: ${said}`;
  if (done.status === 3) {
    refused++;
    if (zones.some((zone, i) => publishedState(registry, zone) !== before[i])) {
      return `published though refused: ${said}`;
    }
    if (zones.some((zone, i) => leftIn(registry, zone).join() !== folders[i]?.join())) {
      return `left something behind: ${said}`;
    }
    const place = /[\w-]+\.(csv|xml|tar|gz)\b(:\d+)?/.exec(done.stderr);
    if (place === null) return `no file named: ${said}`;
    return place[1] !== undefined && (place[2] !== undefined || WHOLE_FILE.test(done.stderr))
      ? undefined
      : `no line named: ${said}`;
  }
  if (done.status !== 0) return `wrong exit: ${said}`;
  try {
    check();
  } catch (error) {
    return `${said}${(error as Error).message}`;
  }
  return undefined;
}

describe('build of mutated exports', () => {
  it(`survives ${CASES} of them`, async () => {
    const one = async (number: number): Promise<string | undefined> => {
      const kind = KINDS[number % KINDS.length] as string;
      const random = seeded(number);
      const registry = copied(`${number}`);
      const files = [...depositFiles(registry.exportFolder), depositXml(registry.exportFolder)];
      const file = pick(random, files);
      const bytes = readFileSync(file);
      if (bytes.length === 0) return undefined;
      writeFileSync(file, mutate(kind, bytes, random));
      if (number % 2 === 0) {
        try {
          mendChecksums(registry.exportFolder);
        } catch {
          // The XML names no such file any more: a missing file, then.
        }
      }
      return outcome(registry, `${number} (${kind} of ${basename(file)})`, () => {
        let reference: ReturnType<typeof referenceOf>;
        try {
          reference = referenceOf(registry);
        } catch {
          // Stricter than the product: no opinion.
          return;
        }
        compared++;
        expectPublishedAsReference(registry, reference);
      });
    };
    const failures = await inPairs(Array.from({ length: CASES }, (_, number) => () => one(number)));
    expect(failures.filter((failure) => failure !== undefined)).toEqual([]);
    // Both outcomes occurred, or the mutations test less than they seem to.
    expect(refused).toBeGreaterThan(CASES / 4);
    expect(compared).toBeGreaterThan(3);
  });
});

describeWithTools(['tar', 'gzip'], 'build of mutated archives', () => {
  it(`survives ${ARCHIVES} of them`, async () => {
    const archive = join(tempDir('archive'), 'export.tar.gz');
    await run('tar', ['-czf', archive, '-C', dirname(depositXml(original.exportFolder)), '.']);
    const bytes = readFileSync(archive);
    const kinds = ['truncation', 'bit flip', 'random bytes', 'NUL'];

    const one = async (number: number): Promise<string | undefined> => {
      const kind = kinds[number % kinds.length] as string;
      const registry = copied(`archive-${number}`);
      const config = join(registry.folder, 'zonewright.toml');
      const text = readFileSync(config, 'utf8');
      writeFileSync(config, text.replace('path = "export"', 'path = "export.tar.gz"'));
      const changed = number === 0 ? bytes : mutate(kind, bytes, seeded(1000 + number));
      writeFileSync(join(registry.folder, 'export.tar.gz'), changed);
      return outcome(registry, `archive ${number} (${number === 0 ? 'whole' : kind})`, () => {
        // The checksums are right if it is accepted, so the contents are the original's.
        expectPublishedAsReference(registry, referenceOf(original));
      });
    };
    const failures = await inPairs(
      Array.from({ length: ARCHIVES }, (_, number) => () => one(number)),
    );
    expect(failures.filter((failure) => failure !== undefined)).toEqual([]);
  });
});

afterAll(() => {
  console.info(`exports: ${refused} refused, ${compared} compared with the reference`);
});
