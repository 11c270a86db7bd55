/**
 * Resolvers that live in simulated time: libfaketime gives them the time that stands in a file, and
 * their caches stay from the first day to the last. A validating Unbound asks one that does not
 * validate, as behind a provider's or an office's cache: so it gets what has lain there for up to its
 * TTL, be the keys what they are by now, and asking once more gives no newer data.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ResolverOptions, resolver, type Server } from '../../served/servers.js';
import { byClock, clockText } from '../../tools/faketime.js';
import { CHILD } from './child.js';
import { PARENT } from './parent.js';

export interface Resolvers {
  /** Asks the name servers, and keeps what they say. */
  readonly cache: Server;
  /** Asks the cache, and validates. */
  readonly validator: Server;
  /** Seconds since 1970; the time stands still until it is set again. */
  setTime(now: number): void;
  /** What the validator complained of last. */
  lastComplaint(): string;
  stop(): Promise<void>;
}

/** Of both: nothing leaves the cache before its TTL has run out. */
const CONFIG = [
  'cache-max-ttl: 2419200',
  'cache-max-negative-ttl: 2419200',
  'max-udp-size: 4096',
  'edns-buffer-size: 4096',
  'qname-minimisation: no',
];

/** @param authorities the name servers of both zones. */
export async function startResolvers(
  folder: string,
  anchor: string,
  authorities: readonly Server[],
  now: number,
): Promise<Resolvers> {
  mkdirSync(folder, { recursive: true });
  const clock = join(folder, 'clock');
  const setTime = (time: number): void => {
    writeFileSync(`${clock}.new`, clockText(new Date(time * 1000)));
    renameSync(`${clock}.new`, clock);
  };
  setTime(now);
  const zones = [
    { name: PARENT, file: '', anchors: [anchor] },
    { name: `${CHILD}.`, file: '', anchors: [] },
  ];
  const env = byClock(clock);
  const start = (name: string, upstream: Server | readonly Server[], options: ResolverOptions) =>
    resolver(join(folder, name), zones, upstream, { ...options, env });
  const cache = await start('cache', authorities, {
    config: [...CONFIG, 'module-config: "iterator"'],
  });
  let validator: Server;
  try {
    validator = await start('validator', cache, {
      forwards: true,
      config: [
        ...CONFIG,
        // All algorithms of the DS RRset have to be good, not one.
        'harden-algo-downgrade: yes',
        // What is bogus is found out each time that it is asked for.
        'val-bogus-ttl: 0',
      ],
    });
  } catch (error) {
    await cache.stop();
    throw error;
  }
  const log = join(folder, 'validator', 'unbound.log');
  return {
    cache,
    validator,
    setTime,
    lastComplaint: () =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line.includes('validation failure'))
        .at(-1) ?? '',
    stop: async () => {
      await validator.stop();
      await cache.stop();
    },
  };
}
