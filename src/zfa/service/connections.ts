/**
 * The connections of the service and their bounds. When all places are taken, a connection that is
 * no running download makes room: of the address that has most of them, the one that has been open
 * longest. Those who only keep connections open, or send a request a letter at a time, don't keep
 * others out.
 */

import type { Server, Socket } from 'node:net';
import { plainAddress } from '../../config/cidr.js';
import { addressKey } from './lockout.js';

export interface Connections {
  /** Marks what this connection does as a running download, until the returned function is called. */
  hold(socket: Socket): () => void;
  /**
   * Waits until all requests before this one are answered: clients may send ahead, but nothing is
   * opened for an answer that can't be sent yet.
   *
   * @returns how to tell that this one is answered; undefined: the connection has ended, or has
   *   more requests waiting than is sensible.
   */
  turn(socket: Socket): Promise<(() => void) | undefined> | (() => void) | undefined;
  /** Ends those that are between two requests; the others when they are answered. */
  drain(): void;
  /** Ends all. */
  destroyAll(): void;
  readonly open: number;
}

/** Requests that a client may send ahead on one connection. */
const PIPELINED = 8;

interface State {
  /** Whose it is. */
  readonly address: string;
  /** What to end: the TLS connection once there is one, the TCP connection before. */
  socket: Socket;
  /** Downloads that run on it. */
  held: number;
  /** Requests that are not answered. */
  requests: number;
  /** Tells those that wait for their turn whether it is theirs, or the connection has ended. */
  readonly waiting: ((its: boolean) => void)[];
}

/** @param most connections at a time. */
export function watchConnections(server: Server, most: number): Connections {
  /** In the order in which they came. */
  const open = new Set<State>();
  const states = new WeakMap<Socket, State>();
  /** By addresses and ports, until the TLS connection on it is known. */
  const bare = new Map<string, State>();
  let draining = false;
  const end = (state: State): void => {
    open.delete(state);
    state.socket.destroy();
  };
  server.on('connection', (socket: Socket) => {
    if (open.size >= most) {
      const victim = victimOf(open);
      if (victim === undefined) {
        socket.destroy();
        return;
      }
      end(victim);
    }
    const address = addressKey(plainAddress(socket.remoteAddress ?? ''));
    const state: State = { address, socket, held: 0, requests: 0, waiting: [] };
    const ends = endsOf(socket);
    open.add(state);
    states.set(socket, state);
    bare.set(ends, state);
    socket.once('close', () => {
      open.delete(state);
      if (bare.get(ends) === state) bare.delete(ends);
      for (const tell of state.waiting.splice(0)) tell(false);
    });
  });
  server.on('secureConnection', (socket: Socket) => {
    const state = bare.get(endsOf(socket));
    if (state === undefined) return;
    state.socket = socket;
    states.set(socket, state);
  });
  return {
    get open() {
      return open.size;
    },
    hold: (socket) => {
      const state = states.get(socket);
      if (state === undefined) return () => undefined;
      state.held++;
      return () => {
        state.held--;
      };
    },
    turn: (socket) => {
      const state = states.get(socket);
      if (state === undefined || socket.destroyed || state.requests >= PIPELINED) return undefined;
      const leave = (): void => {
        state.requests--;
        state.waiting.shift()?.(!state.socket.destroyed);
        if (draining && state.requests === 0) state.socket.end();
      };
      if (state.requests++ === 0) return leave;
      return new Promise((resolve) => {
        state.waiting.push((its) => resolve(its ? leave : undefined));
      });
    },
    drain: () => {
      draining = true;
      for (const state of [...open]) if (state.requests === 0) end(state);
    },
    destroyAll: () => {
      for (const state of [...open]) end(state);
    },
  };
}

/** Who makes room; undefined: all are running downloads. */
function victimOf(open: ReadonlySet<State>): State | undefined {
  /** The oldest of each address, and how many it has. */
  const groups = new Map<string, { readonly oldest: State; count: number }>();
  let largest: { readonly oldest: State; count: number } | undefined;
  for (const state of open) {
    if (state.held > 0) continue;
    const group = groups.get(state.address) ?? { oldest: state, count: 0 };
    group.count++;
    groups.set(state.address, group);
    if (largest === undefined || group.count > largest.count) largest = group;
  }
  return largest?.oldest;
}

/** The four numbers that no two open connections share. */
function endsOf(socket: Socket): string {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
