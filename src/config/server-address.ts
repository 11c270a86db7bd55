/** Addresses of name servers as configuration writes them: `192.0.2.1`, `[2001:db8::1]:5300`. */

import { isIP, SocketAddress } from 'node:net';

/** Where a name server is asked. */
export interface ServerAddress {
  /** IPv4 or IPv6 address in its canonical text, without brackets. */
  readonly address: string;
  readonly port: number;
}

export const DNS_PORT = 53;

/** What an address looks like; for messages. */
export const SERVER_FORM =
  'an IP address, with or without a port, such as "192.0.2.1", "192.0.2.1:5300", "2001:db8::1" or "[2001:db8::1]:5300"';

/**
 * Reads an address; without a port it has 53.
 *
 * @returns undefined when `text` is not an address: a host name, a port beyond 65535, an IPv6
 *   address with an interface (`%eth0`) or with a port but without brackets.
 */
export function parseServerAddress(text: string): ServerAddress | undefined {
  const parts =
    /^\[(?<six>[^\]%]+)\](?::(?<port>\d{1,5}))?$/.exec(text) ??
    /^(?<four>[\d.]+)(?::(?<port>\d{1,5}))?$/.exec(text) ??
    /^(?<six>[^%[\]]+)$/.exec(text);
  const { four, six, port: portText } = parts?.groups ?? {};
  const host = four ?? six;
  if (host === undefined || isIP(host) !== (four === undefined ? 6 : 4)) return undefined;
  const port = portText === undefined ? DNS_PORT : Number(portText);
  if (port < 1 || port > 65_535) return undefined;
  return { address: canonicalAddress(host), port };
}

/** An IP address in the one text that it has (RFC 5952), so that texts can be compared. */
export function canonicalAddress(address: string): string {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  return new SocketAddress({ address, family }).address;
}

/** The text of an address, the port only where it is not 53. */
export function serverAddressText({ address, port }: ServerAddress): string {
  if (port === DNS_PORT) return address;
  return isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}
