/** The pure parts of the service: ranges, conditions, windows, addresses, routes, buffers, the line. */
import { EventEmitter } from 'node:events';
import type { Server, Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLoopback, parseListenAddress } from '../../../src/config/listen-address.js';
import { createBuffers } from '../../../src/zfa/service/buffers.js';
import {
  clientAddress,
  isForeign,
  requestOrigin,
} from '../../../src/zfa/service/client-address.js';
import {
  conditionOf,
  httpDate,
  meetsRangeCondition,
  rangeCondition,
} from '../../../src/zfa/service/conditional.js';
import { watchConnections } from '../../../src/zfa/service/connections.js';
import { addressKey, createWindows } from '../../../src/zfa/service/lockout.js';
import { createLine } from '../../../src/zfa/service/password-line.js';
import { firstOffset, readRange } from '../../../src/zfa/service/ranges.js';
import { createRouter, type Route } from '../../../src/zfa/service/router.js';

describe('ranges', () => {
  it('one range is what RFC 9110 says', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.option(fc.nat(1200), { nil: undefined }),
        fc.option(fc.nat(1200), { nil: undefined }),
        (size, first, last) => {
          fc.pre(first !== undefined || last !== undefined);
          const answer = readRange(`bytes=${first ?? ''}-${last ?? ''}`, size);
          if (first === undefined) {
            const start = Math.max(0, size - last!);
            expect(answer).toEqual(
              last === 0 ? { kind: 'beyond' } : { kind: 'part', start, end: size },
            );
          } else if (last !== undefined && last < first) {
            // No range at all: such a header does not count.
            expect(answer.kind).not.toBe('part');
          } else if (first >= size) {
            expect(answer).toEqual({ kind: 'beyond' });
          } else {
            const end = Math.min(size, (last ?? size - 1) + 1);
            expect(answer).toEqual({ kind: 'part', start: first, end });
          }
        },
      ),
    );
  });

  it('no header is ever an error, and no answer leaves the file', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `bytes=${text}`),
          fc.stringMatching(/^bytes=[0-9,\- ]*$/),
        ),
        fc.nat(100),
        (header, size) => {
          const answer = readRange(header, size);
          if (answer.kind !== 'part') return;
          expect(answer.start).toBeGreaterThanOrEqual(0);
          expect(answer.start).toBeLessThan(answer.end);
          expect(answer.end).toBeLessThanOrEqual(size);
        },
      ),
    );
  });

  it('sets: those that join are one, others are not served, huge ones are refused', () => {
    expect(readRange('bytes=0-4, 5-9', 100)).toEqual({ kind: 'part', start: 0, end: 10 });
    expect(readRange('bytes=0-4,50-59', 100)).toEqual({ kind: 'whole' });
    expect(readRange(`bytes=${'0-,'.repeat(400)}0-`, 100)).toEqual({ kind: 'beyond' });
    expect(readRange('lines=0-4', 100)).toEqual({ kind: 'whole' });
    expect(readRange('bytes=0x1-4', 100)).toEqual({ kind: 'whole' });
    expect(firstOffset('bytes=17-')).toBe(17);
    expect(firstOffset('bytes=-17')).toBeUndefined();
  });
});

describe('conditions', () => {
  const file = { etag: 'x-1', modified: 1_000_000 };
  const date = (shift: number): string => httpDate(file.modified + shift);
  it('in the order of RFC 9110 §13.2.2', () => {
    expect(conditionOf({}, file)).toBe('send');
    expect(conditionOf({ 'if-none-match': '"a", W/"x-1"' }, file)).toBe('not-modified');
    expect(conditionOf({ 'if-none-match': '*' }, file)).toBe('not-modified');
    expect(conditionOf({ 'if-none-match': '"a"', 'if-modified-since': date(0) }, file)).toBe(
      'send',
    );
    expect(conditionOf({ 'if-modified-since': date(-1) }, file)).toBe('send');
    expect(conditionOf({ 'if-modified-since': date(0) }, file)).toBe('not-modified');
    expect(conditionOf({ 'if-modified-since': '17' }, file)).toBe('send');
    expect(conditionOf({ 'if-match': 'W/"x-1"' }, file)).toBe('failed');
    expect(conditionOf({ 'if-match': '"b", "x-1"' }, file)).toBe('send');
    expect(conditionOf({ 'if-unmodified-since': date(-1) }, file)).toBe('failed');
  });
  it('If-Range is met by the strong tag or by the very date', () => {
    const meets = (header: string | undefined): boolean =>
      meetsRangeCondition(rangeCondition(header), file);
    expect(meets(undefined)).toBe(true);
    expect(meets('"x-1"')).toBe(true);
    expect(meets('W/"x-1"')).toBe(false);
    expect(meets('x-1')).toBe(false);
    expect(meets(date(0))).toBe(true);
    expect(meets(date(1))).toBe(false);
  });
});

describe('windows', () => {
  it('let through as many as a list of all times would', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.nat(20)), { maxLength: 100 }),
        (limit, seconds, steps) => {
          const windows = createWindows(limit, seconds);
          const noted: { key: string; at: number }[] = [];
          let now = 0;
          for (const [key, pause] of steps) {
            now += pause;
            const recent = noted.filter((one) => one.key === key && one.at > now - seconds);
            const wait = windows.wait(key, now);
            expect(wait === 0).toBe(recent.length < limit);
            if (wait > 0) {
              // Then, and not a second sooner, there is room again.
              expect(recent.at(-limit)!.at + seconds).toBe(now + wait);
            } else {
              windows.note(key, now);
              noted.push({ key, at: now });
            }
          }
        },
      ),
    );
  });

  it('forget the oldest keys, and a clock that is set back locks nobody out', () => {
    const windows = createWindows(1, 10, 2);
    for (const key of ['a', 'b', 'c']) windows.note(key, 100);
    expect(['a', 'b', 'c'].map((key) => windows.wait(key, 100))).toEqual([0, 10, 10]);
    expect(windows.wait('c', 5)).toBe(10);
  });

  it('an IPv6 address counts as its /64', () => {
    expect(addressKey('192.0.2.7')).toBe('192.0.2.7');
    expect(addressKey('2001:db8::5')).toBe(addressKey('2001:db8:0:0:ffff::1'));
    expect(addressKey('2001:db8:0:1::5')).not.toBe(addressKey('2001:db8::5'));
    expect(addressKey('::1')).toBe('0:0:0:0');
    expect(addressKey('1:2:3:4:5:6:7:8')).toBe('1:2:3:4');
    expect(addressKey('::ffff:192.0.2.1')).toBe('0:0:0:0');
  });
});

describe('where a request comes from', () => {
  const isProxy = (address: string): boolean => address.startsWith('10.');
  it('behind proxies the right-most address that is none of them', () => {
    expect(clientAddress('192.0.2.1', '198.51.100.1', isProxy)).toBe('192.0.2.1');
    expect(clientAddress('10.0.0.1', '198.51.100.1, 10.0.0.2', isProxy)).toBe('198.51.100.1');
    expect(clientAddress('10.0.0.1', '1.2.3.4, 198.51.100.1', isProxy)).toBe('198.51.100.1');
    expect(clientAddress('10.0.0.1', ['1.2.3.4', '198.51.100.1'], isProxy)).toBe('198.51.100.1');
    expect(clientAddress('10.0.0.1', 'x" y, 10.0.0.2', isProxy)).toBe('10.0.0.2');
    expect(clientAddress('10.0.0.1', undefined, isProxy)).toBe('10.0.0.1');
    expect(clientAddress('::ffff:192.0.2.1', undefined, isProxy)).toBe('192.0.2.1');
    expect(clientAddress(undefined, undefined, isProxy)).toBe('0.0.0.0');
  });
  it('an origin is made of a Host that is one', () => {
    const origin = (host: string) => requestOrigin({ host }, true, undefined);
    expect(origin('zfa.example')).toBe('https://zfa.example');
    expect(origin('[::1]:8443')).toBe('https://[::1]:8443');
    for (const host of ['', 'a b', 'a/b', 'a@b', 'a"b', 'a:b', 'a:123456', 'a:65536', '<x>', '-']) {
      expect(origin(host), host).toBeUndefined();
    }
    const local = { localAddress: '::ffff:127.0.0.1', localPort: 8080 };
    expect(requestOrigin({}, false, undefined, local)).toBe('http://127.0.0.1:8080');
    const six = { localAddress: '::1', localPort: 8080 };
    expect(requestOrigin({}, false, undefined, six)).toBe('http://[::1]:8080');
    expect(requestOrigin({ host: 'x' }, false, 'https://zfa.example')).toBe('https://zfa.example');
  });
  it('a form of another site is told apart', () => {
    const at = 'https://zfa.example';
    expect(isForeign({}, at)).toBe(false);
    expect(isForeign({ origin: at, 'sec-fetch-site': 'same-origin' }, at)).toBe(false);
    expect(isForeign({ 'sec-fetch-site': 'cross-site' }, at)).toBe(true);
    expect(isForeign({ origin: 'https://evil.example' }, at)).toBe(true);
    expect(isForeign({ origin: 'null' }, at)).toBe(true);
  });
  it('listening addresses', () => {
    expect(parseListenAddress('127.0.0.1:80')).toEqual({ host: '127.0.0.1', port: 80 });
    expect(parseListenAddress('[0:0::1]:0')).toEqual({ host: '::1', port: 0 });
    for (const text of [
      '80',
      'localhost:80',
      '::1:80',
      '127.0.0.1',
      '1.2.3:80',
      '127.0.0.1:65536',
    ]) {
      expect(parseListenAddress(text), text).toBeUndefined();
    }
    expect(
      ['127.8.8.8', '::1', '0.0.0.0', '::'].map((host) => isLoopback({ host, port: 1 })),
    ).toEqual([true, true, false, false]);
  });
});

describe('the table of routes', () => {
  const handle = () => ({ status: 200 });
  const routes: Route[] = [
    { method: 'GET', path: '/czds/downloads/links', handle },
    { method: 'GET', path: '/czds/downloads/{zone}.zone', handle },
    { method: 'POST', path: '/sign-in', handle },
    { method: 'GET', path: '/sign-in', handle },
  ];
  const match = createRouter(routes);
  it('finds, in the order of the table', () => {
    expect(match('HEAD', '/czds/downloads/links')).toMatchObject({
      kind: 'found',
      route: routes[0],
    });
    expect(match('GET', '/czds/downloads/a.b.zone')).toMatchObject({ params: { zone: 'a.b' } });
    expect(match('GET', '/czds/downloads/.zone')).toEqual({ kind: 'none' });
    expect(match('GET', '/czds/downloads/a/b.zone')).toEqual({ kind: 'none' });
    expect(match('GET', '/czds/downloads/linksXzone')).toEqual({ kind: 'none' });
    expect(match('PUT', '/sign-in')).toMatchObject({ kind: 'method', allow: 'POST, GET, HEAD' });
    expect(match('POST', '/sign-in')).toMatchObject({ route: routes[2] });
    expect(match(undefined, '')).toEqual({ kind: 'none' });
  });
});

describe('buffers', () => {
  it('pieces that are taken at a time never overlap', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 13, max: 19 }), fc.nat(100)), {
          maxLength: 200,
        }),
        (steps) => {
          const buffers = createBuffers(1 << 20);
          const taken: ReturnType<typeof buffers.take>[] = [];
          for (const [take, power, which] of steps) {
            if (take) {
              const piece = buffers.take(2 ** power);
              const { byteOffset: start, length, buffer } = piece.buffer;
              for (const other of taken) {
                const { byteOffset, length: size } = other.buffer;
                const apart = start + length <= byteOffset || byteOffset + size <= start;
                expect(other.buffer.buffer !== buffer || apart).toBe(true);
              }
              taken.push(piece);
            } else if (taken.length > 0) {
              taken.splice(which % taken.length, 1)[0].release();
            }
          }
        },
      ),
    );
  });
  it('what all downloads are to have fits', () => {
    const total = 24 << 20;
    const buffers = createBuffers(total);
    for (const downloads of [1, 2, 10, 64, 65, 200, 1000, 2000]) {
      const { pieces, size } = buffers.share(downloads);
      expect(pieces * size * downloads).toBeLessThanOrEqual(total);
      expect(Number.isInteger(Math.log2(size))).toBe(true);
    }
    expect(buffers.share(1)).toEqual({ pieces: 2, size: 512 << 10 });
  });
});

describe('the line of password checks', () => {
  it('runs one at a time, addresses in turn, known ones first, and has an end', async () => {
    const line = createLine(6, 3);
    const order: string[] = [];
    let running = 0;
    const job = (name: string) => async (): Promise<void> => {
      expect(++running).toBe(1);
      order.push(name);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running--;
    };
    const all = [
      line.run('a', false, job('a1')),
      line.run('a', false, job('a2')),
      line.run('a', false, job('a3')),
      line.run('b', false, job('b1')),
      line.run('c', true, job('c1')),
      line.run('b', false, job('b2')),
    ];
    expect(line.run('d', false, job('d1'))).toBeUndefined();
    await Promise.all(all);
    expect(order).toEqual(['a1', 'c1', 'a2', 'b1', 'a3', 'b2']);
    expect(line.length).toBe(0);
    const failing = line.run('a', false, () => Promise.reject(new Error('x')));
    await expect(failing).rejects.toThrow('x');
    await expect(line.run('a', false, async () => 5)).resolves.toBe(5);
  });
});

describe('places for connections', () => {
  /** A socket as far as it is looked at. */
  const socketOf = (remoteAddress: string, remotePort: number): Socket => {
    const socket = Object.assign(new EventEmitter(), {
      remoteAddress,
      remotePort,
      destroyed: false,
      destroy: () => {
        socket.destroyed = true;
        socket.emit('close');
      },
    });
    return socket as unknown as Socket;
  };

  it('who has most of them makes room, downloads never', () => {
    const server = new EventEmitter() as unknown as Server;
    const connections = watchConnections(server, 10);
    const come = (address: string, port: number): Socket => {
      const socket = socketOf(address, port);
      server.emit('connection', socket);
      return socket;
    };
    const quiet = come('192.0.2.1', 1);
    const download = come('198.51.100.1', 1);
    connections.hold(download);
    const flood = Array.from({ length: 100 }, (_, i) => come('198.51.100.1', 2 + i));
    expect([quiet, download].map(({ destroyed }) => destroyed)).toEqual([false, false]);
    expect(flood.filter(({ destroyed }) => !destroyed)).toEqual(flood.slice(-8));
    expect(connections.open).toBe(10);
    for (const socket of [quiet, ...flood.slice(-8)]) connections.hold(socket);
    expect(come('203.0.113.1', 1).destroyed).toBe(true);
    connections.destroyAll();
    expect(connections.open).toBe(0);
  });
});
