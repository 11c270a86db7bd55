/**
 * Octets of a file straight to the network (sendfile(2), Linux): they are not copied to this process
 * and back, which is half of a download's work. For connections without TLS only; behind a proxy that
 * does TLS those are all of them.
 *
 * Optional: without the foreign function interface (koffi), or on another system, downloads are sent
 * in pieces (transfer.ts), as they are between two calls: a call sends what the network takes at
 * once, and writing a piece waits until it takes more.
 *
 * A call runs in a thread, since the file may have to come from the disk. Meanwhile the connection may
 * end, and its number be given to another one: a call has a number of its own (dup(2)), which stays
 * taken until it has returned.
 */

import { close } from 'node:fs';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { loadLibc } from './libc.js';

/** The way from files to one connection. */
export interface StraightWay {
  /**
   * Sends octets of an open file.
   *
   * @returns how many the network has taken; 0 when it takes none now, or never will: writing tells.
   */
  send(file: number, at: number, length: number): Promise<number>;
  /** To be called once, when no send is under way. */
  close(): void;
}

/** @returns the way to the connection of a reply; undefined: there is none, now or at all. */
export type OpenStraightWay = (out: ServerResponse) => StraightWay | undefined;

/** How files are sent straight on this system; undefined: they are not. */
export function straightWays(): OpenStraightWay | undefined {
  const libc = loadLibc();
  if (libc === undefined) return undefined;
  return (out) => {
    const number = descriptorOf(out);
    const own = number === undefined ? -1 : libc.dup(number);
    if (own < 0) return undefined;
    const place = new BigInt64Array(1);
    return {
      send: (file, at, length) =>
        new Promise((resolve) => {
          place[0] = BigInt(at);
          libc.sendfile.async(own, file, place, length, (error, sent) => {
            resolve(error === null || error === undefined ? Math.max(0, Number(sent)) : 0);
          });
        }),
      close: () => close(own, () => undefined),
    };
  };
}

/**
 * The number of the connection that a reply is written to, if octets can be put on it as they are.
 * Node.js does not document where it keeps it; without it there is no straight way.
 */
function descriptorOf(out: ServerResponse): number | undefined {
  const { socket } = out;
  if (socket === null || socket.destroyed || out.chunkedEncoding || 'encrypted' in socket) {
    return undefined;
  }
  const fd = (socket as Socket & { readonly _handle?: { readonly fd?: unknown } | null })._handle
    ?.fd;
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
}
