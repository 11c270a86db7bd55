/**
 * The zone whose keys roll: a small zone with delegations of every kind, its configuration, which
 * may change from day to day, and its builds, made in this process at the times of the simulation.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Reporter } from '#zonewright/cli/output.js';
import { buildCommand } from '#zonewright/publish/build.js';
import { type Finished, zonewright } from '../../tools/cli.js';
import { parseZoneText, type TextRecord } from '../../tools/zone-text.js';

export const CHILD = 'child.example';

/** How many hosts, and delegations of each kind, the zone has on all days. */
export const HOSTS = 24;
export const DELEGATIONS = 6;
/** Names that are asked for unvalidated only, all of the longest TTL. */
export const SLEEPERS = 36;

/** What of the zone and its policy may change. */
export interface Settings {
  /** Lines of `[policy.p]`, as TOML has them. */
  readonly policy: Readonly<Record<string, string>>;
  /** Lines of `[[zones]]`. */
  readonly zone: Readonly<Record<string, string>>;
  /** The largest TTL in the zone file. */
  readonly longestTtl: number;
}

/** A published zone. */
export interface Built {
  readonly at: number;
  readonly file: string;
  readonly serial: number;
  readonly records: readonly TextRecord[];
  /** What happened to the keys. */
  readonly events: readonly string[];
  /** The keys in the zone. */
  readonly keys: readonly {
    readonly tag: number;
    readonly algorithm: number;
    readonly role: string;
  }[];
}

export interface Child {
  settings: Settings;
  build(now: number): Promise<Built>;
  /** Runs the command line at a time. */
  command(now: number, ...args: readonly string[]): Promise<Finished>;
}

/** A new zone with keys. */
export async function createChild(folder: string, settings: Settings, now: number): Promise<Child> {
  mkdirSync(join(folder, 'keys'), { recursive: true, mode: 0o700 });
  const config = join(folder, 'zonewright.toml');
  const child: Child = {
    settings,
    build: async (at) => {
      configure(folder, child.settings);
      writeFileSync(join(folder, 'child.zone'), zoneText(child.settings, at));
      await buildCommand({
        config,
        json: false,
        quiet: true,
        verbose: false,
        color: false,
        threads: 1,
        memory: 64 << 20,
        tmpDir: folder,
        now: at,
        debug: false,
        reporter: SILENT,
        zones: [],
        dryRun: false,
        overrides: [],
        reason: undefined,
      });
      return readBuilt(join(folder, 'out', CHILD, 'current'), at);
    },
    command: (at, ...args) => {
      configure(folder, child.settings);
      const time = new Date(at * 1000).toISOString();
      return zonewright([...args, '--config', config, '--now', time]);
    },
  };
  const made = await child.command(now, 'keys', 'generate');
  if (made.status !== 0) throw new Error(made.stderr);
  return child;
}

const nothing = (): void => undefined;
const SILENT: Reporter = {
  stage: nothing,
  progress: nothing,
  done: nothing,
  info: nothing,
  detail: nothing,
  warn: nothing,
  error: nothing,
};

function readBuilt(folder: string, at: number): Built {
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as {
    serial: number;
    generation: string;
    keys: Built['keys'];
    keyEvents: { what: string }[];
  };
  // Not by the link: that leads elsewhere tomorrow.
  const file = join(folder, '..', manifest.generation, `${CHILD}.zone`);
  return {
    at,
    file,
    serial: manifest.serial,
    records: parseZoneText(readFileSync(file, 'latin1'), file),
    events: manifest.keyEvents.map(({ what }) => what),
    keys: manifest.keys,
  };
}

function configure(folder: string, { policy, zone }: Settings): void {
  const lines = (table: Readonly<Record<string, string>>): string[] =>
    Object.entries(table).map(([name, value]) => `${name} = ${value}`);
  const text = [
    'state-dir = "state"',
    'output-dir = "out"',
    'key-dir = "keys"',
    '[source]',
    'format = "master"',
    'path = "child.zone"',
    '[guards]',
    // The zone is so small that one name is a great change.
    'max-change = "100%"',
    'max-removed = "100%"',
    '[policy.p]',
    ...lines(policy),
    '[[zones]]',
    `name = "${CHILD}"`,
    'policy = "p"',
    ...lines(zone),
  ];
  writeFileSync(join(folder, 'zonewright.toml'), `${text.join('\n')}\n`);
}

/** TTLs of the hosts, up to the longest. */
const ttlOf = (i: number, longest: number): number =>
  [longest, 86_400, longest, 3600][i % 4] as number;

/** The zone as registered: the same names every day, and one that changes. */
function zoneText({ longestTtl }: Settings, now: number): string {
  const day = Math.floor(now / 86_400);
  const lines = [
    `$ORIGIN ${CHILD}.`,
    '$TTL 86400',
    '@ SOA ns1 hostmaster 1 1800 900 604800 3600',
    '@ NS ns1',
    `@ ${longestTtl} TXT "a zone of a long life"`,
    'ns1 A 127.0.0.1',
    `day${day % 7} TXT "day ${day}"`,
  ];
  for (let i = 0; i < HOSTS; i++) {
    lines.push(`host${i} ${Math.min(ttlOf(i, longestTtl), longestTtl)} A 192.0.2.${i + 1}`);
  }
  for (let i = 0; i < SLEEPERS; i++) lines.push(`sleeper${i} ${longestTtl} A 192.0.2.200`);
  for (let i = 0; i < DELEGATIONS; i++) {
    const ds = `${1000 + i} 13 2 ${(i + 17).toString(16).repeat(32)}`;
    lines.push(`secure${i} NS ns.secure${i}`, `ns.secure${i} A 192.0.2.${100 + i}`);
    lines.push(`secure${i} ${i % 2 === 0 ? longestTtl : 3600} DS ${ds}`);
    lines.push(`insecure${i} NS ns.secure${i}`);
  }
  return `${lines.join('\n')}\n`;
}
