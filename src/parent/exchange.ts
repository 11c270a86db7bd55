/**
 * Asks one server for a zone's DS RRset, over UDP or TCP.
 *
 * UDP: a socket of its own for each try, connected, so that the system picks a random port and
 * lets through packets of that server only; what does not fit the question (another id, another
 * question, no message at all) is passed over, as anybody may have sent it, and the wait goes on.
 * TCP: what comes is the server's word, so the first message ends the try; the time counts for the
 * whole exchange, however small the pieces.
 */

import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIP } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { ServerAddress } from '../config/server-address.js';
import { equalBytes } from '../names/name.js';
import { u16 } from '../records/numbers.js';
import { TYPE } from '../records/types.js';
import { type DsAnswer, type Fault, judgeAnswer } from './answer.js';
import {
  CLASS_IN,
  decodeMessage,
  encodeQuestion,
  MalformedMessage,
  type Message,
  messageId,
} from './message.js';

export interface Asking {
  /** Lower-case wire form; not the root. */
  readonly zone: Uint8Array;
  /** The zone that must answer; undefined: any above `zone`. */
  readonly parent: Uint8Array | undefined;
  /** How often a question is sent before the server counts as silent; at least 1. */
  readonly tries: number;
  /** Seconds that a try waits. */
  readonly timeout: number;
}

/** The outcome of a try; `again`: another try may have a better one. */
interface Outcome {
  readonly answer: DsAnswer | Fault;
  readonly again: boolean;
}

/** Pause after a try that failed at once: the server may be starting. Milliseconds. */
const PAUSE = 200;

const NO_ROUTE = ['ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL', 'EAFNOSUPPORT'];

/** Asks over UDP. Never rejects for what a server or the network does. */
export function askUdp(server: ServerAddress, asking: Asking): Promise<DsAnswer | Fault> {
  return inTries(() => tryUdp(server, asking), asking);
}

/** Asks over TCP. Never rejects for what a server or the network does. */
export function askTcp(server: ServerAddress, asking: Asking): Promise<DsAnswer | Fault> {
  return inTries(() => tryTcp(server, asking), asking);
}

async function inTries(one: () => Promise<Outcome>, asking: Asking): Promise<DsAnswer | Fault> {
  for (let left = asking.tries - 1; ; left--) {
    const begin = performance.now();
    const { answer, again } = await one();
    if (!again || left <= 0) return answer;
    const waited = performance.now() - begin;
    if (waited < PAUSE) await pause(Math.min(PAUSE, asking.timeout * 1000) - waited);
  }
}

interface Reading {
  readonly answer: DsAnswer | Fault;
  /** The message does not belong to the question: anybody may have sent it. */
  readonly stray: boolean;
}

function stray(fault: Fault['fault'], text: string): Reading {
  return { answer: { fault, text }, stray: true };
}

/** What a message is to the question with this id. */
function readMessage(octets: Uint8Array, id: number, { zone, parent }: Asking): Reading {
  const got = messageId(octets);
  if (got !== undefined && got !== id) {
    return stray('wrong-id', 'answers with the id of another question');
  }
  let message: Message;
  try {
    message = decodeMessage(octets);
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error;
    return stray('malformed', `answers with a message that ${error.message}`);
  }
  if (!message.response) {
    return stray('malformed', 'answers with a message that is no response to a query');
  }
  const [question] = message.questions;
  if (
    message.questions.length !== 1 ||
    question.type !== TYPE.DS ||
    question.class !== CLASS_IN ||
    !equalBytes(question.name, zone)
  ) {
    return stray('wrong-question', 'answers another question');
  }
  return { answer: judgeAnswer(message, zone, parent), stray: false };
}

function silence({ tries, timeout }: Asking): Fault {
  const times = tries === 1 ? 'once' : `${tries} times`;
  return { fault: 'timeout', text: `does not answer within ${timeout} s, asked ${times}` };
}

function networkOutcome(error: Error): Outcome {
  const code = (error as NodeJS.ErrnoException).code ?? error.message;
  if (NO_ROUTE.includes(code)) {
    const text = `can't be reached: this machine has no route to it (${code})`;
    return { answer: { fault: 'no-route', text }, again: false };
  }
  return { answer: { fault: 'unreachable', text: `can't be reached (${code})` }, again: true };
}

function tryUdp({ address, port }: ServerAddress, asking: Asking): Promise<Outcome> {
  const id = randomInt(0x10000);
  const question = encodeQuestion(asking.zone, id);
  return new Promise((resolve) => {
    const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
    let strayed: Fault | DsAnswer | undefined;
    let open = true;
    const end = (outcome: Outcome): void => {
      // Errors that come late have nobody left to hear them.
      if (!open) return;
      open = false;
      clearTimeout(timer);
      socket.close();
      resolve(outcome);
    };
    const timer = setTimeout(
      () => end({ answer: strayed ?? silence(asking), again: true }),
      asking.timeout * 1000,
    );
    socket.on('error', (error) => end(networkOutcome(error)));
    socket.on('message', (octets) => {
      const reading = readMessage(octets, id, asking);
      if (reading.stray) strayed ??= reading.answer;
      else end({ answer: reading.answer, again: false });
    });
    socket.on('connect', () => {
      if (open) socket.send(question, (error) => error !== null && end(networkOutcome(error)));
    });
    socket.connect(port, address);
  });
}

function tryTcp({ address, port }: ServerAddress, asking: Asking): Promise<Outcome> {
  const id = randomInt(0x10000);
  const question = encodeQuestion(asking.zone, id);
  const framed = Buffer.alloc(2 + question.length);
  framed.writeUInt16BE(question.length);
  framed.set(question, 2);
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, noDelay: true });
    const frame = Buffer.alloc(2 + 0xffff);
    let held = 0;
    let open = true;
    const end = (outcome: Outcome): void => {
      if (!open) return;
      open = false;
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    const timer = setTimeout(
      () => end({ answer: silence(asking), again: true }),
      asking.timeout * 1000,
    );
    socket.on('error', (error) => end(networkOutcome(error)));
    socket.on('connect', () => socket.write(framed));
    socket.on('data', (piece) => {
      held += piece.copy(frame, held);
      // The first two octets are the length of the message (RFC 1035 §4.2.2).
      const wanted = held < 2 ? frame.length : 2 + u16(frame, 0);
      if (held < wanted) return;
      const { answer } = readMessage(frame.subarray(2, wanted), id, asking);
      end({ answer, again: false });
    });
    socket.on('close', () => {
      const text = 'closes the connection before its whole answer';
      end({ answer: { fault: 'unreachable', text }, again: true });
    });
  });
}
