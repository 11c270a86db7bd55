/**
 * Sends a run of octets: reads a piece while the one before is written, and goes on when the
 * network has taken it. Nothing is queued beyond these two pieces. Where it can be, and few downloads
 * run, what the network takes between two pieces goes to it straight from the file (straight.ts).
 *
 * (Measured on loopback with one processor for the client and one for the service: as fast as nginx
 * with sendfile; two pieces of half a MiB in turn, as by TLS, 0.6 to 0.9 of it.)
 */

import type { ServerResponse } from 'node:http';
import type { Buffers, Piece } from './buffers.js';
import type { OutgoingStream } from './exchange.js';
import type { OpenStraightWay } from './sendfile.js';
import { createStraightRun } from './straight.js';

/** Counts the transfers that run, for the size of their pieces. */
export interface Transfers {
  /**
   * Sends the body of a reply whose head is written, ends it and closes the source.
   *
   * @throws what the source throws; the connection is then broken off, because a client must not
   *   take what it has got for all.
   */
  send(out: ServerResponse, stream: OutgoingStream): Promise<void>;
  readonly running: number;
}

/** @param openStraight undefined: all octets go by pieces. */
export function createTransfers(
  buffers: Buffers,
  openStraight: OpenStraightWay | undefined = undefined,
): Transfers {
  let running = 0;
  return {
    get running() {
      return running;
    },
    send: async (out, stream) => {
      running++;
      try {
        await pump(out, stream, buffers, openStraight, () => running);
      } finally {
        running--;
      }
    },
  };
}

/**
 * Among others, the first pieces are small: TLS keeps memory as large as the largest piece for each
 * connection, and slow clients seem fast until the kernel's buffers are full, which takes some MiB.
 */
const FIRST_PIECE = 64 << 10;
/** So many downloads at a time may go straight. */
const ALONE = 4;
const FEW = 16;
const PROVEN = 16 << 20;
/** Pieces that are sent before a larger one is asked for again. */
const PATIENCE = 16;
/** Octets of a piece between two straight ways. */
const BETWEEN = 256 << 10;

/** The pieces of one transfer, one for each of its two turns. */
interface Turns {
  /** The piece of a turn: of the size wanted, or of what there was room for; at most `left` octets. */
  piece(turn: number, wanted: number, left: number): Buffer;
  /** The piece of a turn becomes the other turn's. */
  swap(turn: number): void;
  release(): void;
}

function createTurns(buffers: Buffers): Turns {
  const pieces: (Piece | undefined)[] = [undefined, undefined];
  let patience = 0;
  return {
    piece: (turn, wanted, left) => {
      const have = pieces[turn];
      const size = have?.buffer.length ?? 0;
      // There may have been no room for a larger one: that is not tried each time.
      const small = size * 2 <= wanted && (have === undefined || ++patience % PATIENCE === 0);
      if (small || size > wanted) {
        have?.release();
        pieces[turn] = buffers.take(wanted);
      }
      const { buffer } = pieces[turn]!;
      return left < buffer.length ? buffer.subarray(0, left) : buffer;
    },
    swap: (turn) => {
      pieces[1 - turn]?.release();
      pieces[1 - turn] = pieces[turn];
      pieces[turn] = undefined;
    },
    release: () => {
      for (const piece of pieces) piece?.release();
    },
  };
}

async function pump(
  out: ServerResponse,
  stream: OutgoingStream,
  buffers: Buffers,
  openStraight: OpenStraightWay | undefined,
  running: () => number,
): Promise<void> {
  const { source, start, end } = stream;
  let open = !out.destroyed && !out.closed;
  let complete = false;
  let wake = (): void => undefined;
  const onClose = (): void => {
    open = false;
    wake();
  };
  out.once('close', onClose);

  const straight = createStraightRun(out, stream, openStraight, () => open);
  const isStraight = (): boolean => straight.isDue && running() <= ALONE;
  let proven = false;
  const turns = createTurns(buffers);
  const read = async (turn: number, at: number): Promise<Buffer> => {
    const others = running();
    const first = others > FEW ? FIRST_PIECE / 4 : FIRST_PIECE;
    const { size: share } = buffers.share(others);
    const most = isStraight() ? BETWEEN : proven ? share : first;
    const into = turns.piece(turn, Math.min(share, most), end - at);
    const length = await source.read(into, at);
    if (length === 0) throw new Error(`the source ends at ${at}, before ${end}`);
    return into.subarray(0, length);
  };
  /** Resolves when the network has taken the piece, or the connection is closed. */
  const write = (piece: Buffer): Promise<boolean> =>
    new Promise((resolve) => {
      if (!open) return resolve(false);
      wake = () => resolve(false);
      out.write(piece, (error) => resolve(open && (error === undefined || error === null)));
    });

  let reading: Promise<Buffer> | undefined;
  try {
    stream.started(() => {
      open = false;
      out.destroy();
      wake();
    });
    let at = start;
    if (at < end && open) reading = read(0, at);
    for (let turn = 0; at < end && open; turn = 1 - turn) {
      const piece = await reading!;
      reading = undefined;
      const next = at + piece.length;
      const goesOn = next < end;
      const written = write(piece);
      straight.passed();
      const thenStraight = isStraight();
      const both = buffers.share(running()).pieces === 2;
      if (both && !thenStraight && goesOn && open) {
        reading = read(1 - turn, next);
        // Its failure counts when its turn comes; it must not be an unhandled one till then.
        reading.catch(() => undefined);
      }
      if (!(await written)) break;
      stream.progress(at, next);
      at = next;
      if (thenStraight && goesOn && open) at = await straight.go(at);
      proven = at - start >= PROVEN;
      if (at < end && open && reading === undefined) {
        turns.swap(turn);
        reading = read(1 - turn, at);
      }
    }
    complete = open && at === end;
    if (complete) complete = await finish(out, () => open);
  } catch (error) {
    out.destroy();
    throw error;
  } finally {
    out.off('close', onClose);
    // A read that is under way still writes into its piece.
    await reading?.catch(() => undefined);
    if (!complete) out.destroy();
    straight.close();
    turns.release();
    stream.finished(complete);
    await source.close().catch(() => undefined);
  }
}

/** Ends the reply. @returns was all of it taken by the network? */
function finish(out: ServerResponse, isOpen: () => boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const onClose = (): void => resolve(isOpen());
    out.once('close', onClose);
    out.end(() => {
      out.off('close', onClose);
      resolve(true);
    });
  });
}
