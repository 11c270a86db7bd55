/** Where a service listens, as flags write it: `127.0.0.1:8080`, `[::]:443`. */

import { BlockList, isIP } from 'node:net';
import { canonicalAddress } from './server-address.js';

export interface ListenAddress {
  /** IPv4 or IPv6 address without brackets. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

/** What it looks like; for messages. */
export const LISTEN_FORM =
  'an IP address and a port, such as "127.0.0.1:8080", "0.0.0.0:443" or "[::]:443"';

/** Reads an address. @returns undefined when `text` is none; a name is none, either. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const parts =
    /^\[(?<six>[0-9a-f:.]+)\]:(?<port>\d{1,5})$/i.exec(text) ??
    /^(?<four>[\d.]+):(?<port>\d{1,5})$/.exec(text);
  const { four, six, port } = parts?.groups ?? {};
  const host = four ?? six;
  if (host === undefined || isIP(host) !== (four === undefined ? 6 : 4)) return undefined;
  return Number(port) > 65_535 ? undefined : { host: canonicalAddress(host), port: Number(port) };
}

/** @example listenText({ host: '::1', port: 443 }) // '[::1]:443' */
export function listenText({ host, port }: ListenAddress): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Can only this machine reach what listens there? */
export function isLoopback({ host }: ListenAddress): boolean {
  const loopback = new BlockList();
  loopback.addSubnet('127.0.0.0', 8, 'ipv4');
  loopback.addAddress('::1', 'ipv6');
  return loopback.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}
