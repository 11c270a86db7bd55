/**
 * From a request of Node's server to a reply on its socket: checks the outside of the request,
 * finds its route, runs the handler, and writes what that gives. What a handler throws becomes a
 * status and a sentence; never a stack, a path or an echo.
 */

import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { parseCookie } from 'cookie';
import { addressTest } from '../../config/cidr.js';
import type { ZfaConfig } from '../../config/model.js';
import { messageOf, placeText, ZonewrightError } from '../../errors.js';
import { clientAddress, requestOrigin } from './client-address.js';
import type { Connections } from './connections.js';
import {
  BODY_LIMIT,
  HttpError,
  jsonReply,
  type PlainReply,
  type Reply,
  type ReplyHeaders,
  type Request,
  textReply,
} from './exchange.js';
import type { ServiceMetrics } from './metrics.js';
import type { createRouter, Route } from './router.js';
import { securityHeaders } from './security-headers.js';
import type { Transfers } from './transfer.js';

export interface ResponderOptions {
  readonly zfa: ZfaConfig;
  readonly route: ReturnType<typeof createRouter>;
  readonly connections: Connections;
  readonly transfers: Transfers;
  readonly metrics: ServiceMetrics;
  readonly clock: () => number;
  /** Is the connection itself by TLS? */
  readonly tls: boolean;
  /** Milliseconds after which a reply that nobody takes is broken off. */
  readonly stallTime: number;
  /** Called before each request is handled. */
  readonly before: () => void;
  /** The service is ending: connections end with their reply. */
  readonly draining: () => boolean;
  readonly warn: (text: string) => void;
}

/** Octets of a path and query; none of ours comes near. */
const PATH_LIMIT = 2048;

/** @returns the listener of `request` events; never throws. */
export function createResponder(
  options: ResponderOptions,
): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  const { zfa, route, connections, transfers, metrics, clock } = options;
  const isProxy = zfa.trustedProxies.length === 0 ? () => false : addressTest(zfa.trustedProxies);

  const respond = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const { socket } = incoming;
    const release = { hold: (): void => undefined };
    const turn = connections.turn(socket);
    const leave = typeof turn === 'function' ? turn : await turn;
    if (leave === undefined) {
      socket.destroy();
      return;
    }
    outgoing.once('close', () => {
      release.hold();
      leave();
    });
    const address = clientAddress(
      socket.remoteAddress,
      incoming.headers['x-forwarded-for'],
      isProxy,
    );
    const proxied = isProxy(socket.remoteAddress ?? '');
    const secure = options.tls || (proxied && incoming.headers['x-forwarded-proto'] === 'https');
    const body = bodyReader(incoming);
    // Who waits in the line of password checks is not idle.
    socket.setTimeout(0);
    let found: Route | undefined;
    let reply: Reply;
    try {
      options.before();
      const target = targetOf(incoming.url ?? '');
      if (target === undefined) throw new HttpError(400, 'the address is none of this service');
      const match = route(incoming.method, target.path);
      if (match.kind === 'none') throw new HttpError(404, 'not there');
      found = match.route;
      if (match.kind === 'method') {
        throw new HttpError(405, 'not possible here', { Allow: match.allow });
      }
      if ((incoming.headersDistinct.host?.length ?? 0) > 1) {
        throw new HttpError(400, 'more than one Host header');
      }
      const origin = requestOrigin(incoming.headers, secure, zfa.baseUrl, socket);
      if (origin === undefined) throw new HttpError(400, 'the Host header names no host');
      const request: Request = {
        method: incoming.method as Request['method'],
        path: target.path,
        params: match.params,
        query: target.query,
        headers: incoming.headers,
        cookies: parseCookie(incoming.headers.cookie ?? ''),
        address,
        origin,
        secure,
        now: clock(),
        gone: () => socket.destroyed,
        body: body.read,
      };
      reply = await match.route.handle(request);
    } catch (error) {
      reply = errorReply(error, found, options.warn);
    }
    socket.setTimeout(options.stallTime);
    // A body that nobody wants is not read to its end either.
    if (options.draining() || body.unread()) outgoing.setHeader('Connection', 'close');
    metrics.answered(found?.path ?? 'none', reply.status);
    const headers = mergeHeaders(securityHeaders(secure), reply.headers ?? {});
    if ('stream' in reply) {
      if (outgoing.destroyed || socket.destroyed) {
        // Gone while it was prepared. The transfer tells all who have to know.
        await transfers.send(outgoing, reply.stream);
        return;
      }
      release.hold = connections.hold(socket);
      try {
        outgoing.writeHead(reply.status, headers);
      } catch (error) {
        reply.stream.finished(false);
        await reply.stream.source.close();
        throw error;
      }
      await transfers.send(outgoing, reply.stream);
      return;
    }
    writePlain(incoming, outgoing, reply, headers);
  };

  return (incoming, outgoing) => {
    // A client that breaks off is no error of ours.
    incoming.on('error', () => undefined);
    outgoing.on('error', () => undefined);
    respond(incoming, outgoing).catch((error: unknown) => {
      options.warn(`a reply broke off: ${messageOf(error)}`);
      outgoing.destroy();
    });
  };
}

function writePlain(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { status, body }: PlainReply,
  headers: OutgoingHttpHeaders,
): void {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  // A reply to HEAD has the length of what GET would send; a handler may have set it.
  const length = status === 304 ? {} : { 'Content-Length': String(bytes?.length ?? 0) };
  outgoing.writeHead(status, { ...length, ...headers });
  outgoing.end(incoming.method === 'HEAD' || status === 304 ? undefined : bytes);
}

/** Later ones win, whatever their case. */
function mergeHeaders(base: Record<string, string>, more: ReplyHeaders): OutgoingHttpHeaders {
  const names = new Set(Object.keys(more).map((name) => name.toLowerCase()));
  const kept = Object.entries(base).filter(([name]) => !names.has(name.toLowerCase()));
  const own = Object.entries(more).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : [...value],
  ]);
  return Object.fromEntries([...kept, ...own]);
}

/** Path and query of a request target (RFC 9112 §3.2); undefined: it is neither form of ours. */
function targetOf(
  url: string,
): { readonly path: string; readonly query: URLSearchParams } | undefined {
  if (url.length > PATH_LIMIT) return undefined;
  const rest = url.replace(/^https?:\/\/[^/?#]*/i, '');
  const [path, query] = rest.split('?', 2);
  const known = path === '' && rest !== url ? '/' : path;
  if (!known.startsWith('/')) return undefined;
  return { path: known, query: new URLSearchParams(query ?? '') };
}

function errorReply(
  error: unknown,
  route: Route | undefined,
  warn: (text: string) => void,
): PlainReply {
  if (error instanceof ZonewrightError) {
    // The database or the published zones are out of order; /healthz tells it, too.
    warn(`a request failed: ${placeText(error.place)}${error.message}`);
    const later = new HttpError(503, 'not possible just now', { 'Retry-After': '10' });
    return errorReply(later, route, warn);
  }
  if (!(error instanceof HttpError)) {
    warn(`a request failed: ${messageOf(error)}`);
    return errorReply(new HttpError(500, 'this did not work'), route, warn);
  }
  const { status, message, headers } = error;
  if (message === '') return { status, headers };
  return route?.errors === 'json'
    ? jsonReply(status, { message }, headers)
    : textReply(status, message, headers);
}

/** Reads a request's body, within its limit. */
function bodyReader(incoming: IncomingMessage): {
  readonly read: () => Promise<Buffer>;
  readonly unread: () => boolean;
} {
  const announced = Number(incoming.headers['content-length'] ?? 0);
  const hasBody = announced > 0 || incoming.headers['transfer-encoding'] !== undefined;
  let done = false;
  const tooLarge = (): HttpError => new HttpError(413, `at most ${BODY_LIMIT} octets`);
  return {
    unread: () => hasBody && !done,
    read: () =>
      new Promise((resolve, reject) => {
        if (announced > BODY_LIMIT) return reject(tooLarge());
        const pieces: Buffer[] = [];
        let length = 0;
        incoming.on('data', (piece: Buffer) => {
          length += piece.length;
          if (length > BODY_LIMIT) {
            incoming.pause();
            incoming.removeAllListeners('data');
            reject(tooLarge());
          } else {
            pieces.push(piece);
          }
        });
        incoming.once('end', () => {
          done = true;
          resolve(Buffer.concat(pieces));
        });
        incoming.once('close', () => reject(new HttpError(400, 'the request was broken off')));
      }),
  };
}
