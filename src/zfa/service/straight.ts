/**
 * When a download goes straight from its file to the network (sendfile.ts): between two pieces, while
 * few downloads run, and not by a network so slow that pieces serve it as well.
 */

import type { ServerResponse } from 'node:http';
import type { OutgoingStream } from './exchange.js';
import type { OpenStraightWay, StraightWay } from './sendfile.js';

/** The straight way of one download. */
export interface StraightRun {
  /** Is it worth going now? */
  readonly isDue: boolean;
  /** A piece was written. */
  passed(): void;
  /**
   * Sends straight what the network takes, which has taken all that was written.
   *
   * @returns where the download stands.
   */
  go(from: number): Promise<number>;
  close(): void;
}

/** Pieces that are sent before the straight way is tried again. */
const DETOUR = 16;
/** Octets that go straight at a time. */
const STRAIGHT = 4 << 20;
/** Milliseconds in a row: then a piece is written, by which Node.js sees that there is progress. */
const STRAIGHT_RUN = 1000;
/** A network that took so little, so many times in a row, is a slow one. */
const LITTLE = 32 << 10;
const LITTLE_TIMES = 8;

/**
 * @param openWay undefined: there is no straight way on this system.
 * @param isOpen is the connection?
 */
export function createStraightRun(
  out: ServerResponse,
  stream: OutgoingStream,
  openWay: OpenStraightWay | undefined,
  isOpen: () => boolean,
): StraightRun {
  const { source, end } = stream;
  let way: StraightWay | undefined;
  const never = openWay === undefined || source.fileAt === undefined;
  /** Pieces that go before the straight way is tried again. */
  let detour = never ? Number.POSITIVE_INFINITY : 0;
  let little = 0;
  return {
    get isDue() {
      return detour === 0;
    },
    passed: () => {
      if (detour > 0) detour--;
    },
    go: async (from) => {
      way ??= openWay?.(out);
      if (way === undefined) {
        detour = Number.POSITIVE_INFINITY;
        return from;
      }
      let at = from;
      const began = performance.now();
      while (isOpen() && performance.now() - began < STRAIGHT_RUN) {
        const place = source.fileAt?.(at);
        const length = Math.min(place?.length ?? 0, end - at, STRAIGHT);
        if (place === undefined || length < LITTLE) break;
        const sent = await way.send(place.fd, place.at, length);
        if (sent > 0) stream.progress(at, at + sent);
        at += sent;
        if (sent < length) break;
      }
      little = at - from < LITTLE ? little + 1 : 0;
      if (little >= LITTLE_TIMES) detour = DETOUR;
      return at;
    },
    close: () => way?.close(),
  };
}
