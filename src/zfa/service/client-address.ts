/**
 * Where a request comes from and what address it was sent to, also behind a reverse proxy. Both
 * decide about access or stand in replies, so that nothing of it is taken on trust.
 */

import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { plainAddress } from '../../config/cidr.js';
import { listenText } from '../../config/listen-address.js';

/**
 * The client's address: the right-most of X-Forwarded-For that is no trusted proxy's, if the
 * connection comes from a trusted proxy; otherwise the connection's.
 */
export function clientAddress(
  remote: string | undefined,
  forwarded: string | string[] | undefined,
  isProxy: (address: string) => boolean,
): string {
  let address = plainAddress(remote ?? '');
  if (isIP(address) === 0) return '0.0.0.0';
  const hops = [forwarded ?? []].flat().join(',').split(',').reverse();
  for (const hop of hops) {
    if (!isProxy(address)) break;
    const before = plainAddress(hop.trim());
    // What is no address was not written by a proxy that can be trusted.
    if (isIP(before) === 0) break;
    address = before;
  }
  return address;
}

const HOST = /^(?:[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?\.?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;

/**
 * The origin that a client has asked.
 *
 * @param local where its connection came to: HTTP/1.0 needs no Host, and checks of load balancers
 *   send none.
 * @returns undefined: its Host header is none that could stand in a URL.
 */
export function requestOrigin(
  headers: IncomingHttpHeaders,
  secure: boolean,
  baseUrl: string | undefined,
  local: {
    readonly localAddress?: string | undefined;
    readonly localPort?: number | undefined;
  } = {},
): string | undefined {
  if (baseUrl !== undefined) return baseUrl;
  const { localAddress, localPort } = local;
  const host =
    headers.host ??
    (localAddress === undefined
      ? undefined
      : listenText({ host: plainAddress(localAddress), port: localPort ?? 0 }));
  if (host === undefined || !HOST.test(host)) return undefined;
  if (Number(/:(\d+)$/.exec(host)?.[1] ?? 0) > 65_535) return undefined;
  return `${secure ? 'https' : 'http'}://${host.toLowerCase()}`;
}

/** Does a browser say that this request comes from another site? (A form must come from here.) */
export function isForeign(headers: IncomingHttpHeaders, origin: string): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return headers.origin !== undefined && headers.origin.toLowerCase() !== origin.toLowerCase();
}
