/**
 * What the handlers of the download service get and give: a request whose outside is checked, and
 * a reply as a value. Only server.ts touches the sockets.
 */

import type { IncomingHttpHeaders } from 'node:http';
import type { ByteSource } from '../stream/byte-source.js';

export type Method = 'GET' | 'HEAD' | 'POST';

/** A request, as far as it was checked before its handler runs. */
export interface Request {
  readonly method: Method;
  /** As it was sent, without the query; nothing is decoded. */
  readonly path: string;
  /** The route's parameters, as they stood in the path. They name nothing until looked up. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Cookies by name. */
  readonly cookies: Readonly<Record<string, string | undefined>>;
  /** The client's address, behind trusted proxies too; IPv4 never in IPv6 form. */
  readonly address: string;
  /** Where the client says it is, without a slash at its end: `https://zfa.example:8443`. */
  readonly origin: string;
  /** Did the client come by TLS? Decides about `Secure` cookies. */
  readonly secure: boolean;
  /** Seconds since 1970. */
  readonly now: number;
  /** Has the client gone away? Work that takes long looks here before it begins. */
  gone(): boolean;
  /**
   * The body, read once.
   *
   * @throws HttpError 413 beyond {@link BODY_LIMIT}.
   */
  body(): Promise<Buffer>;
}

/** Octets of a request's body: what a sign-in needs, many times over. */
export const BODY_LIMIT = 4096;

/** A header with several values is several headers. */
export type ReplyHeaders = Readonly<Record<string, string | readonly string[]>>;

/** A reply whose body is in memory. */
export interface PlainReply {
  readonly status: number;
  /** Beyond the security headers that every reply has; these win. Any case. */
  readonly headers?: ReplyHeaders;
  /** Text is sent as UTF-8. undefined: none. */
  readonly body?: string | Uint8Array | undefined;
}

/** A reply whose body is a run of octets of a source. */
export interface StreamReply {
  readonly status: number;
  readonly headers: ReplyHeaders;
  readonly stream: OutgoingStream;
}

/** The octets from `start` up to `end` (not included); closed by who sends it, in any case. */
export interface OutgoingStream {
  readonly source: ByteSource;
  readonly start: number;
  readonly end: number;
  /** Called when octets have been taken by the network. */
  progress(from: number, to: number): void;
  /** Called once at the end. @param complete all of it was taken. */
  finished(complete: boolean): void;
  /** Called with a function that ends the transfer at once. */
  started(cut: (why: string) => void): void;
}

export type Reply = PlainReply | StreamReply;

/** Handles the requests of a route. Throws {@link HttpError} for anything that is refused. */
export type Handler = (request: Request) => Promise<Reply> | Reply;

/** A refusal with its status. What it says reaches the client: never a path, never an echo. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  constructor(
    readonly status: number,
    message: string,
    readonly headers: ReplyHeaders = {},
  ) {
    super(message);
  }
}

/** JSON as the CZDS interface writes it. */
export function jsonReply(status: number, value: unknown, headers: ReplyHeaders = {}): PlainReply {
  return {
    status,
    headers: { 'Content-Type': 'application/json;charset=UTF-8', ...headers },
    body: JSON.stringify(value),
  };
}

/** Plain text. */
export function textReply(status: number, text: string, headers: ReplyHeaders = {}): PlainReply {
  return {
    status,
    headers: { 'Content-Type': 'text/plain; charset=utf-8', ...headers },
    body: `${text}\n`,
  };
}

/** A page. The Content-Security-Policy lets it have what stands in it, and no script from outside. */
export function htmlReply(status: number, html: string, headers: ReplyHeaders = {}): PlainReply {
  return {
    status,
    headers: { 'Content-Type': 'text/html; charset=utf-8', ...headers },
    body: html,
  };
}

/** Go and GET another page (303). @param location a path of this service. */
export function seeOther(location: string, headers: ReplyHeaders = {}): PlainReply {
  return { status: 303, headers: { Location: location, ...headers } };
}
