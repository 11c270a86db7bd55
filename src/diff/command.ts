/**
 * `zonewright diff OLD NEW`: the names added, removed and changed, one a line, in canonical order
 * on standard output; the numbers on standard error, or as one JSON object with `--json`:
 *
 *     {"version", "zone", "old", "new",
 *      "added", "removed", "changed",              names; a delegation and all below it is one
 *      "changes": {"ns", "ds", "glue", "data", "ttl"},   changed names by what differs
 *      "delegations": {"old", "new", "added", "removed", "changed"}}
 *
 * What a signer makes (RRSIG, NSEC, NSEC3, DNSKEY, ZONEMD, …) and the serial are left out.
 */

import type { DiffOptions } from '../cli/options.js';
import { countText, printJson } from '../cli/output.js';
import { usageError } from '../errors.js';
import { equalBytes, nameToText } from '../names/name.js';
import { textSize } from '../read/source.js';
import type { Run } from '../sort/run.js';
import { openSpillPlan } from '../sort/spill-plan.js';
import { createPool } from '../threads/pool.js';
import { compareZones, type DiffCounts } from './compare.js';
import { DIFFERENCE_NAMES } from './unit.js';
import { readZone, zoneFileOf, zoneNameOf } from './zone-file.js';

/**
 * Runs the command.
 *
 * @throws ZonewrightError: exit 2 when the zone's name is not known, or differs; 3 for input that
 *   can't be read.
 */
export async function diffCommand(options: DiffOptions): Promise<void> {
  const { reporter } = options;
  const piped = [options.old, options.new].filter((path) => path === '-').length;
  if (piped === 2 || (piped === 1 && options.zone === undefined)) {
    throw usageError(
      piped === 2 ? 'both files are standard input' : 'standard input is read once only',
      { hint: piped === 2 ? 'name one of them' : 'say which zone it is with --zone' },
    );
  }
  const older = zoneFileOf(options.old);
  const newer = zoneFileOf(options.new);
  const apex = options.zone ?? (await commonName(older, newer));
  const [oldSize, newSize] = await Promise.all([textSize(older), textSize(newer)]);
  const threads = options.threads > 1 ? options.threads : 0;
  const spill = openSpillPlan({
    tmpDir: options.tmpDir,
    // Both zones are held at once.
    memory: options.memory / 2,
    threads: Math.max(1, threads),
    input: oldSize === undefined || newSize === undefined ? undefined : Math.max(oldSize, newSize),
  });
  const pool = createPool(threads);
  try {
    const read = async (path: string): Promise<readonly Run[]> => {
      reporter.stage(`reading ${path}`);
      const { runs, records } = await readZone(path, apex, pool, spill, true);
      reporter.done(`${countText(records)} records`);
      return runs;
    };
    const oldRuns = await read(older);
    const newRuns = await read(newer);
    reporter.stage('comparing');
    const counts = await compareZones(oldRuns, newRuns, apex, pool, 'marked', {
      first: options.json ? () => undefined : writeOut,
    });
    reporter.done();
    if (options.json) printJson(summary(counts, apex, options));
    else reporter.info(sentence(counts, apex));
  } finally {
    await pool.close();
    spill.close();
  }
}

async function commonName(older: string, newer: string): Promise<Uint8Array> {
  const names: Uint8Array[] = [];
  for (const file of [older, newer]) {
    const name = await zoneNameOf(file);
    if (name === undefined) {
      throw usageError('has no SOA record with a full name near its start', {
        place: { file },
        hint: 'say which zone it is with --zone',
      });
    }
    names.push(name);
  }
  if (!equalBytes(names[0], names[1])) {
    throw usageError(
      `the files are of different zones: ${nameToText(names[0])} and ${nameToText(names[1])}`,
      { hint: 'compare two files of one zone' },
    );
  }
  return names[0];
}

/** Standard output takes a large difference only as fast as its reader does. */
function writeOut(lines: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(lines, (error) => (error ? reject(error) : resolve()));
  });
}

function summary(counts: DiffCounts, apex: Uint8Array, options: DiffOptions) {
  return {
    zone: nameToText(apex),
    old: options.old,
    new: options.new,
    added: counts.added,
    removed: counts.removed,
    changed: counts.changed,
    changes: Object.fromEntries(DIFFERENCE_NAMES.map((name, i) => [name, counts.kinds[i]])),
    delegations: {
      old: counts.oldDelegations,
      new: counts.newDelegations,
      added: counts.delegationsAdded,
      removed: counts.delegationsRemoved,
      changed: counts.delegationsChanged,
    },
  };
}

function sentence(counts: DiffCounts, apex: Uint8Array): string {
  const kinds = DIFFERENCE_NAMES.map((name, i) => ({ name, n: counts.kinds[i] }))
    .filter(({ n }) => n > 0)
    .map(({ name, n }) => `${name} ${countText(n)}`);
  const what = kinds.length === 0 ? '' : ` (${kinds.join(', ')})`;
  return `${nameToText(apex)} ${countText(counts.added)} added, ${countText(counts.removed)} removed, ${countText(counts.changed)} changed${what}; delegations ${countText(counts.oldDelegations)} → ${countText(counts.newDelegations)}`;
}
