/**
 * Octets that go from a file straight to the network, between pieces that are written: that they are
 * the right ones, on the right connection, however a download ends.
 */
import { randomBytes } from 'node:crypto';
import { readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { Agent, createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBuffers } from '#zonewright/zfa/service/buffers.js';
import { type OpenStraightWay, straightWays } from '#zonewright/zfa/service/sendfile.js';
import { createTransfers, type Transfers } from '#zonewright/zfa/service/transfer.js';
import { type ByteSource, fileSource } from '#zonewright/zfa/stream/byte-source.js';
import { joinedSource, memorySource } from '#zonewright/zfa/stream/joined-source.js';
import { tempDir } from '../../tools/cli.js';

const MIB = 1 << 20;
/** The file between two runs of octets in memory, as in a bundle. */
const HEAD = randomBytes(1000);
const TAIL = randomBytes(70_000);
const FILE = randomBytes(24 * MIB + 12_345);
const WHOLE = Buffer.concat([HEAD, FILE, TAIL]);

let folder: string;
let path: string;
let server: Server;
let port: number;
/** Octets that went straight. */
let straight: number;
let transfers: Transfers;
let problems: unknown[];
/** What ends the download that began last. */
let cut: () => void;
let ended: (boolean | undefined)[];
/** The file gets shorter once it is open. */
let shrinks: boolean;

const counted =
  (open: OpenStraightWay): OpenStraightWay =>
  (out) => {
    const way = open(out);
    return (
      way && {
        ...way,
        send: async (...args) => {
          const sent = await way.send(...args);
          straight += sent;
          return sent;
        },
      }
    );
  };

async function whole(): Promise<ByteSource> {
  const file = await fileSource(path, FILE.length);
  return joinedSource(
    [
      { source: memorySource(HEAD), at: 0, length: HEAD.length },
      { source: file, at: 0, length: file.size },
      { source: memorySource(TAIL), at: 0, length: TAIL.length },
    ],
    () => file.close(),
  );
}

async function start(open: OpenStraightWay | undefined = straightWays()): Promise<void> {
  transfers = createTransfers(createBuffers(18 * MIB), open && counted(open));
  server = createServer((incoming, out) => {
    if (incoming.url === '/small') {
      out.end('small');
      return;
    }
    const from = Number(incoming.url?.slice(1));
    const n = ended.push(undefined) - 1;
    void whole().then((source) => {
      if (shrinks) truncateSync(path, 6 * MIB);
      out.writeHead(200, { 'Content-Length': WHOLE.length - from });
      return transfers
        .send(out, {
          source,
          start: from,
          end: WHOLE.length,
          progress: () => undefined,
          finished: (complete) => {
            ended[n] = complete;
          },
          started: (end) => {
            cut = () => end('test');
          },
        })
        .catch((error: unknown) => problems.push(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
}

beforeEach(() => {
  folder = tempDir('straight');
  path = join(folder, 'file');
  writeFileSync(path, FILE);
  straight = 0;
  problems = [];
  ended = [];
  shrinks = false;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const agent = new Agent({ keepAlive: true });

function ask(url: string, options: { agent?: Agent } = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: url, agent: false, ...options }, resolve).on(
      'error',
      reject,
    );
  });
}

/** All octets of a reply, at most; `each` is awaited after each piece. */
async function read(reply: IncomingMessage, each?: (octets: number) => unknown): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let octets = 0;
  try {
    for await (const piece of reply) {
      pieces.push(piece);
      octets += piece.length;
      await each?.(octets);
    }
  } catch {
    // Broken off.
  }
  return Buffer.concat(pieces);
}

const openFiles = (): number => readdirSync('/proc/self/fd').length;

describe('straight from the file', () => {
  it('go most of the octets, and all are right, wherever a download begins', async () => {
    await start();
    for (const from of [0, 1, 999, 1000, 1001, 5 * MIB, 1000 + FILE.length, WHOLE.length - 1]) {
      const got = await read(await ask(`/${from}`));
      expect(got.equals(WHOLE.subarray(from)), `from ${from}`).toBe(true);
    }
    expect(straight).toBeGreaterThan(3 * FILE.length * 0.6);
    expect(new Set(ended)).toEqual(new Set([true]));
    expect(problems).toEqual([]);
  });

  it('many on one connection, one after the other', async () => {
    await start();
    for (let n = 0; n < 4; n++) {
      expect((await read(await ask('/0', { agent }))).equals(WHOLE)).toBe(true);
      expect((await read(await ask('/small', { agent }))).toString()).toBe('small');
    }
    expect(straight).toBeGreaterThan(0);
  });

  it('a slow client gets all of it, too', async () => {
    await start();
    let n = 0;
    const got = await read(await ask('/0'), () => (++n % 50 === 0 ? wait(2) : undefined));
    expect(got.equals(WHOLE)).toBe(true);
  });

  it('more downloads than the straight way is for', async () => {
    await start();
    const all = await Promise.all(Array.from({ length: 12 }, async () => read(await ask('/0'))));
    for (const got of all) expect(got.equals(WHOLE)).toBe(true);
  });

  it('where there is no straight way, by pieces', async () => {
    await start(() => undefined);
    expect((await read(await ask('/0'))).equals(WHOLE)).toBe(true);
    expect(straight).toBe(0);
  });

  it('a slow disk is no stalled connection', async () => {
    const open = straightWays()!;
    await start((out) => {
      const way = open(out)!;
      // A disk that is slower than the network, which takes all that it is given.
      const send = async (file: number, at: number, length: number): Promise<number> => {
        await wait(400);
        let done = 0;
        while (done < length) done += await way.send(file, at + done, length - done);
        return done;
      };
      return { ...way, send };
    });
    // Without a piece between them the six or seven calls would take longer.
    server.timeout = 2000;
    expect((await read(await ask('/0'))).equals(WHOLE)).toBe(true);
    expect(straight).toBeGreaterThan(FILE.length * 0.6);
  });

  it('broken off at any time by either side: nothing on other connections, no file left open', async () => {
    await start();
    await read(await ask('/0'));
    const before = openFiles();
    let over = false;
    const others = Array.from({ length: 4 }, async () => {
      const own = new Agent({ keepAlive: true, maxSockets: 1 });
      let n = 0;
      // New connections all the time: they get the numbers of those that have just ended.
      for (; !over; n++) {
        const reply = await ask('/small', n % 2 === 0 ? {} : { agent: own });
        expect((await read(reply)).toString()).toBe('small');
      }
      own.destroy();
      return n;
    });
    for (let n = 0; n < 60; n++) {
      const limit = Math.floor(Math.random() * WHOLE.length);
      const reply = await ask('/0');
      const end = cut;
      const got = await read(reply, (octets) => {
        if (octets < limit) return;
        if (n % 2 === 0) reply.destroy();
        else end();
      });
      expect(got.equals(WHOLE.subarray(0, got.length))).toBe(true);
    }
    over = true;
    for (const n of await Promise.all(others)) expect(n).toBeGreaterThan(10);
    for (let n = 0; n < 100 && transfers.running > 0; n++) await wait(20);
    expect(transfers.running).toBe(0);
    expect(straight).toBeGreaterThan(10 * MIB);
    for (let n = 0; n < 100 && openFiles() > before + 2; n++) await wait(20);
    expect(openFiles()).toBeLessThanOrEqual(before + 2);
  });

  it('of a file that ends too early, it is no whole download', async () => {
    await start();
    shrinks = true;
    const reply = await ask('/0');
    const got = await read(reply);
    expect(got.length).toBeLessThanOrEqual(HEAD.length + 6 * MIB);
    expect(reply.complete).toBe(false);
    for (let n = 0; n < 100 && ended[0] === undefined; n++) await wait(20);
    expect(ended).toEqual([false]);
    expect(String(problems[0])).toContain('before its');
  });
});
