/**
 * How the service begins to listen, what it does at intervals, and how it ends: the listeners close
 * at once, so that a new process can take over the address; running downloads go on for a time;
 * what was counted is written.
 */

import type { Server } from 'node:http';
import type { ListenAddress } from '../../config/listen-address.js';
import { listenText } from '../../config/listen-address.js';
import { EXIT, messageOf, usageError, ZonewrightError } from '../../errors.js';

/** Begins to listen. @throws ZonewrightError (exit 2) when the address can't be had. */
export async function listen(server: Server, address: ListenAddress): Promise<ListenAddress> {
  await new Promise<void>((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => reject(listenError(error, address));
    server.once('error', onError);
    server.listen({ host: address.host, port: address.port, backlog: 1024 }, () => {
      server.off('error', onError);
      resolve();
    });
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the server has no address');
  return { host: address.host, port: bound.port };
}

function listenError(error: NodeJS.ErrnoException, address: ListenAddress): unknown {
  const where = listenText(address);
  if (error.code === 'EADDRINUSE') {
    return usageError(`${where} is in use by another process`, {
      hint: 'end that one first (a service that was asked to end frees its address at once), or choose another port',
      cause: error,
    });
  }
  if (error.code === 'EACCES') {
    return usageError(`this user may not listen on ${where}`, {
      hint: 'take a port from 1024 up, or give the service the right (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE)',
      cause: error,
    });
  }
  if (error.code === 'EADDRNOTAVAIL') {
    return usageError(`this machine does not have the address ${address.host}`, { cause: error });
  }
  return new ZonewrightError(EXIT.unexpected, `can't listen on ${where} (${error.code})`, {
    cause: error,
  });
}

/** Tells the same thing once a minute at most: a flood of requests must not flood the log. */
export function quietly(warn: (text: string) => void): (text: string) => void {
  const told = new Map<string, number>();
  return (text) => {
    const now = performance.now();
    if (now - (told.get(text) ?? Number.NEGATIVE_INFINITY) < TELL_EVERY) return;
    if (told.size >= 100) told.clear();
    told.set(text, now);
    warn(text);
  };
}

/** Something that is done at intervals; a failure is told, and it is done again next time. */
export interface Chore {
  /** Milliseconds. */
  readonly every: number;
  readonly what: string;
  readonly run: () => void;
}

/** A failure that goes on is told so often, milliseconds. */
const TELL_EVERY = 60_000;

/** Runs chores until the returned function is called. */
export function startChores(chores: readonly Chore[], warn: (text: string) => void): () => void {
  const timers = chores.map((chore) => setInterval(() => attempt(chore, warn), chore.every));
  return () => {
    for (const timer of timers) clearInterval(timer);
  };
}

/** Does a chore now; that it failed is told, and the next time is another try. */
export function attempt({ what, run }: Chore, warn: (text: string) => void): void {
  try {
    run();
  } catch (error) {
    warn(`${what}: ${messageOf(error)}`);
  }
}

/**
 * Waits until nothing runs.
 *
 * @param limit milliseconds.
 * @returns false: the time was over before.
 */
export async function waitForNone(
  running: () => number,
  limit: number,
  hurry: Promise<void>,
): Promise<boolean> {
  const end = performance.now() + limit;
  let hurried = false;
  void hurry.then(() => {
    hurried = true;
  });
  while (running() > 0) {
    if (hurried || performance.now() >= end) return false;
    await Promise.race([hurry, new Promise((resolve) => setTimeout(resolve, 50))]);
  }
  return true;
}
