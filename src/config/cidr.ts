/** Ranges of addresses as flags and configuration write them: `192.0.2.0/24`, `2001:db8::/32`. */

import { BlockList, isIP } from 'node:net';
import { canonicalAddress } from './server-address.js';

/** What a range looks like; for messages. */
export const CIDR_FORM =
  'an address or a range of addresses, such as "192.0.2.7", "192.0.2.0/24" or "2001:db8::/32" (bits beyond the length are 0)';

/**
 * Reads a range; a single address is the range that holds it alone.
 *
 * @returns the range in one text that it has (`192.0.2.0/24`); undefined when `text` is none, or
 *   has bits beyond its length (`192.0.2.7/24` is likelier a slip than a range).
 */
export function parseCidr(text: string): string | undefined {
  const parts = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i.exec(text.trim());
  if (parts === null) return undefined;
  const family = isIP(parts[1]);
  if (family === 0) return undefined;
  const bits = family === 4 ? 32 : 128;
  const length = parts[2] === undefined ? bits : Number(parts[2]);
  if (length > bits) return undefined;
  const address = canonicalAddress(parts[1]);
  const free = BigInt(bits - length);
  const value = toNumber(address, family);
  return (value >> free) << free === value ? `${address}/${length}` : undefined;
}

/** An address as a number. */
function toNumber(address: string, family: number): bigint {
  if (family === 4) {
    return address.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
  }
  const [head, tail] = address.split('::');
  const groups = (half: string | undefined): string[] =>
    half === undefined || half === '' ? [] : half.split(':').flatMap(fourthAddress);
  const before = groups(head);
  const after = groups(tail);
  const gap = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...gap, ...after].reduce(
    (sum, group) => (sum << 16n) | BigInt(`0x${group}`),
    0n,
  );
}

/** An IPv4 address at the end of an IPv6 one stands for two groups. */
function fourthAddress(group: string): string[] {
  if (!group.includes('.')) return [group];
  const [a, b, c, d] = group.split('.').map(Number);
  return [((a << 8) | b).toString(16), ((c << 8) | d).toString(16)];
}

/**
 * A test for addresses in any of the ranges, as {@link parseCidr} has given them. An IPv4 address
 * that comes in IPv6 form (`::ffff:192.0.2.7`) counts as IPv4.
 */
export function addressTest(ranges: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const [address, length] = range.split('/');
    list.addSubnet(address, Number(length), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return (address) => {
    const plain = plainAddress(address);
    return list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
  };
}

/** `::ffff:192.0.2.7` → `192.0.2.7`; others as they are. */
export function plainAddress(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}
