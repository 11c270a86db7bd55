/**
 * What is made before anything is measured: zones, keys, a signed zone for the checkers, the
 * signed zone of the day before, and the registry of the build contest; each only when somebody
 * who is measured needs it.
 */

import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, ZonewrightError } from '../errors.js';
import { type Contestant, isOfRegistry } from './contestants.js';
import type { CommandLine, Measured, Meter } from './measure.js';
import {
  type OwnSettings,
  type Signatures,
  type Signing,
  signArguments,
  zonewright,
} from './own.js';
import { signCommandLine, type Work } from './peers.js';
import { prepareRegistry, type RegistryFigures } from './registry.js';

/** For what is not measured. */
export const PATIENCE = 3600;
/** The zone that contestants work on is the sample's of this day; the one before it is 0. */
const DAY = 1;
const ZONE = 'com';
/** Enough names to show whether zonewright takes a previous zone. */
const TRIAL_DOMAINS = 50;

/** What is to be measured. */
export interface Plan {
  readonly wanted: readonly Contestant[];
  readonly domains: number;
  readonly own: OwnSettings;
  readonly signing: Signing;
  readonly folder: string;
}

/** The figures of the zone. */
export interface ZoneFigures {
  readonly delegations: number;
  readonly secureDelegations: number;
  /** Records of the signed zone, and signatures among them. */
  readonly records: number;
  readonly signatures: number;
  readonly unsignedBytes: number;
  readonly signedBytes: number;
}

/** What is there to be measured with. */
export interface Prepared {
  readonly work: Work;
  /** undefined: only the registry is wanted. */
  readonly zone: ZoneFigures | undefined;
  readonly registry: RegistryFigures | undefined;
  /** Contestants that can't be measured, and why. */
  readonly missing: Map<Contestant, string>;
}

/** An error that says how a program ended. */
export function failure(what: string, done: Measured): ZonewrightError {
  const said = `${done.stderr}${done.stdout}`.trim().split('\n').slice(-5).join('\n');
  return new ZonewrightError(EXIT.unexpected, `${what} ended with ${done.status}`, { hint: said });
}

/** Makes all that `plan.wanted` need. */
export async function prepare(
  plan: Plan,
  meter: Meter,
  say: (text: string) => void,
): Promise<Prepared> {
  const { wanted, domains, own, signing, folder } = plan;
  const missing = new Map<Contestant, string>();
  const must = async (command: CommandLine): Promise<Record<string, unknown>> => {
    const done = await meter.run(command, PATIENCE);
    if (done.status !== 0) throw failure(command.args.slice(0, 2).join(' '), done);
    return JSON.parse(done.stdout) as Record<string, unknown>;
  };
  const keyDir = join(folder, 'keys');
  const out = join(folder, 'out');
  mkdirSync(out);
  mkdirSync(own.spill);
  let work: Work = {
    base: folder,
    zone: ZONE,
    unsigned: join(folder, 'sample', `${ZONE}.zone`),
    signed: join(folder, 'signed'),
    yesterday: undefined,
    keyDir,
    registry: undefined,
    folder: out,
    own,
    signing,
  };
  const sample = (count: number, day: number, to: string): CommandLine => {
    const what = ['--domains', String(count), '--day', String(day), '--zones', ZONE];
    return zonewright(own, 'sample', ...what, '--format', 'master', '--out', to);
  };
  let zone: ZoneFigures | undefined;
  if (wanted.some((name) => !isOfRegistry(name))) {
    say(`making a zone of ${domains} domains`);
    await must(sample(domains, DAY, join(folder, 'sample')));
    const { algorithm } = signing;
    await must(
      zonewright(
        own,
        ...['keys', 'generate', '--zone', ZONE],
        ...['--key-dir', keyDir],
        '--algorithm',
        algorithm,
      ),
    );
    const summary = await must(signCommandLine(work, work.signed, '--no-verify'));
    zone = figuresOf(summary, work);
  }
  if (wanted.includes('next-day')) {
    const first = join(folder, 'sample-before');
    const unsigned = join(first, `${ZONE}.zone`);
    const signed = join(folder, 'signed-before');
    const sign = (...more: string[]): CommandLine =>
      zonewright(
        own,
        ...signArguments(signing, ZONE, keyDir, unsigned, signed),
        '--no-verify',
        ...more,
      );
    // Signed now, as the other: keys made today sign nothing of yesterday, and of a signature's
    // fortnight a day decides nothing. A small zone tells whether it is worth making a large one.
    await must(sample(TRIAL_DOMAINS, 0, first));
    await must(sign());
    const trial = await meter.run(sign('--previous', signed), PATIENCE);
    if (trial.status === 0) {
      say('signing the zone of the day before');
      await must(sample(domains, 0, first));
      await must(sign());
      work = { ...work, yesterday: signed };
    } else {
      missing.set('next-day', reasonOf(trial));
    }
    rmSync(first, { recursive: true });
  }
  if (!wanted.some(isOfRegistry)) return { work, zone, registry: undefined, missing };
  say(`making a registry of ${domains} domains`);
  const peers = wanted.includes('kzonesign-build');
  const made = await prepareRegistry(
    must,
    own,
    signing,
    domains,
    join(folder, 'registry'),
    out,
    peers,
  );
  return { work: { ...work, registry: made.registry }, zone, registry: made.figures, missing };
}

function figuresOf(summary: Record<string, unknown>, { unsigned, signed }: Work): ZoneFigures {
  return {
    delegations: Number(summary.delegations),
    secureDelegations: Number(summary.secureDelegations),
    records: Number(summary.records),
    signatures: (summary.signatures as Signatures).made,
    unsignedBytes: statSync(unsigned).size,
    signedBytes: statSync(signed).size,
  };
}

/** Why zonewright refused, as its summary says it. */
function reasonOf({ stdout, stderr, status }: Measured): string {
  try {
    const { error } = JSON.parse(stdout) as { readonly error: { readonly message: string } };
    return error.message;
  } catch {
    return stderr.trim().split('\n')[0] || `it ended with ${status}`;
  }
}
