/**
 * What zonewright and the other signers and checkers are called with, so that all of them do
 * the same work on the same zone with the same keys and as many threads.
 *
 * Where they can't be equal, the difference is in the peers' favour: zonewright adds a ZONEMD
 * digest and forces its output to the disk, the peers do neither.
 */

import { join } from 'node:path';
import type { Contestant } from './contestants.js';
import { type KnotZone, keyStems, knotCommandLine } from './knot.js';
import type { CommandLine } from './measure.js';
import { type OwnSettings, type Signing, signArguments, zonewright } from './own.js';
import { pathOf } from './programs.js';
import { publishedZone, type Registry } from './registry.js';

/** What is the same for all. */
export interface Work {
  /** Keys, configurations and zones lie below it. */
  readonly base: string;
  /** The zone's name without final dot. */
  readonly zone: string;
  readonly unsigned: string;
  /** The signed zone that is verified. */
  readonly signed: string;
  /** The signed zone of the day before; undefined: nobody needs it. */
  readonly yesterday: string | undefined;
  /** BIND key pairs. */
  readonly keyDir: string;
  /** The registry of the build contest; undefined: nobody needs it. */
  readonly registry: Registry | undefined;
  /** A folder for what the contestants write. */
  readonly folder: string;
  readonly own: OwnSettings;
  readonly signing: Signing;
}

/** `zonewright sign` of the work's zone. */
export function signCommandLine(work: Work, output: string, ...more: string[]): CommandLine {
  const { own, signing, zone, keyDir, unsigned } = work;
  return zonewright(own, ...signArguments(signing, zone, keyDir, unsigned, output), ...more);
}

function registryOf({ registry }: Work): Registry {
  if (registry === undefined) throw new Error('there is no registry');
  return registry;
}

/** What kzonesign signs when it is run as this contestant; of no other there is any. */
export function knotZones(name: Contestant, work: Work): KnotZone[] {
  const { base, zone, unsigned, keyDir, signing, own } = work;
  const { optOut, algorithm } = signing;
  const common = { threads: own.threads, optOut, algorithm };
  if (name === 'kzonesign')
    return [{ zone, unsigned, keyDir, folder: join(base, 'knot'), ...common }];
  if (name !== 'kzonesign-build') return [];
  const registry = registryOf(work);
  return registry.zones.map((one) => ({
    ...one,
    keyDir: registry.keyDir,
    folder: join(base, `knot-${one.zone}`),
    ...common,
  }));
}

/** The file that a signer among the contestants writes its only zone to. */
const outputOf = (name: Contestant, { folder }: Work): string => join(folder, name);

/** What dnssec-verify is called with. */
export function checkCommandLine(zone: string, file: string): CommandLine {
  return { file: pathOf('dnssec-verify') ?? 'dnssec-verify', args: ['-q', '-o', zone, file] };
}

/** The zones that a run of zonewright leaves and that are not like those of another contestant. */
export function newZones(name: Contestant, work: Work): Array<{ zone: string; file: string }> {
  if (name === 'next-day') return [{ zone: work.zone, file: outputOf(name, work) }];
  if (name !== 'build') return [];
  const registry = registryOf(work);
  return registry.zones.map(({ zone }) => ({ zone, file: publishedZone(registry, zone) }));
}

/**
 * What a contestant is run with, one command after the other; what they write goes below
 * `work.folder`.
 */
export function commandLines(name: Contestant, work: Work): CommandLine[] {
  if (name === 'kzonesign' || name === 'kzonesign-build') {
    return knotZones(name, work).map((zone) => knotCommandLine(zone, work.folder));
  }
  return [commandLine(name, work)];
}

function commandLine(
  name: Exclude<Contestant, 'kzonesign' | 'kzonesign-build'>,
  work: Work,
): CommandLine {
  const { zone, unsigned, signed, yesterday, keyDir, folder, own, signing } = work;
  const output = outputOf(name, work);
  const file = pathOf(name) ?? name;
  switch (name) {
    case 'sign-no-verify':
      return signCommandLine(work, output, '--no-verify');
    case 'sign':
      return signCommandLine(work, output);
    case 'next-day':
      if (yesterday === undefined) throw new Error('there is no zone of the day before');
      return signCommandLine(work, output, '--no-verify', '--previous', yesterday);
    case 'verify':
      return zonewright(own, 'verify', signed, '--zone', zone);
    case 'build':
      return zonewright(own, 'build', '--config', registryOf(work).config);
    case 'dnssec-signzone': {
      // It verifies what it signed unless told not to; text is the faster output format.
      const smart = ['-q', '-S', '-K', keyDir, '-d', folder, '-o', zone];
      const denial = ['-3', '-', '-H', '0', ...(signing.optOut ? ['-A'] : [])];
      const threads = ['-n', String(own.threads)];
      return { file, args: [...smart, ...denial, ...threads, '-f', output, unsigned] };
    }
    case 'ldns-signzone': {
      const denial = ['-n', '-t', '0', ...(signing.optOut ? ['-p'] : [])];
      const keys = keyStems(keyDir, zone);
      return { file, args: ['-o', zone, ...denial, '-f', output, unsigned, ...keys] };
    }
    case 'dnssec-verify':
      return checkCommandLine(zone, signed);
    case 'kzonecheck':
      return { file, args: ['-d', 'on', '-o', zone, signed] };
    case 'ldns-verify-zone':
      return { file, args: ['-V', '1', signed] };
  }
}
