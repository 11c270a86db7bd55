/**
 * A validating Unbound that lives in simulated time: libfaketime gives it the time that stands in a
 * file, and its cache stays from the first day to the last.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { resolver, type Server } from '../../served/servers.js';
import { CHILD } from './child.js';
import { PARENT } from './parent.js';

/** The library, or undefined where it is not installed. */
export function faketimeLibrary(): string | undefined {
  const found = readdirSync('/usr/lib')
    .map((name) => `/usr/lib/${name}/faketime/libfaketime.so.1`)
    .find((path) => existsSync(path));
  return found;
}

export interface Validator extends Server {
  /** Seconds since 1970; it stands still until it is set again. */
  setTime(now: number): void;
  /** What it complained of last. */
  lastComplaint(): string;
}

export async function startValidator(
  folder: string,
  anchor: string,
  authorities: readonly Server[],
  now: number,
): Promise<Validator> {
  mkdirSync(folder, { recursive: true });
  const clock = join(folder, 'clock');
  const setTime = (time: number): void => {
    const text = new Date(time * 1000).toISOString().slice(0, 19).replace('T', ' ');
    writeFileSync(`${clock}.new`, `${text}\n`);
    renameSync(`${clock}.new`, clock);
  };
  setTime(now);
  const zones = [
    { name: PARENT, file: '', anchors: [anchor] },
    { name: `${CHILD}.`, file: '', anchors: [] },
  ];
  const server = await resolver(folder, zones, authorities, {
    config: [
      // Nothing leaves the cache before its TTL has run out.
      'cache-max-ttl: 2419200',
      'cache-max-negative-ttl: 2419200',
      // All algorithms of the DS RRset have to be good, not one.
      'harden-algo-downgrade: yes',
      // What is bogus is found out each time that it is asked for.
      'val-bogus-ttl: 0',
      'max-udp-size: 4096',
      'edns-buffer-size: 4096',
    ],
    env: {
      TZ: 'UTC',
      LD_PRELOAD: faketimeLibrary() ?? '',
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_NO_CACHE: '1',
      // Time-outs go by the real time.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
  });
  const log = join(folder, 'unbound.log');
  return {
    ...server,
    setTime,
    lastComplaint: () =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line.includes('validation failure'))
        .at(-1) ?? '',
  };
}
