/**
 * Hosts of the sample export: their names and addresses.
 */
import { writeLabel } from './names.js';
import { ADDRESS, HOST_LABELS, type HostNumber, type Registry, zoneOf } from './plan.js';
import { MAX_DOMAINS, mix } from './random.js';
import { constant, putByte, putBytes, putNumber, type Sink } from './sink.js';

const LABELS = HOST_LABELS.map(constant);
const OUTSIDE_LABELS = [constant('ns1.'), constant('ns2.')];

/** The text of the zones and of the top-level domains that are outside all of them. */
export interface HostZones {
  readonly inside: readonly Uint8Array[];
  readonly outside: readonly Uint8Array[];
}

export function hostZones(registry: Registry): HostZones {
  const taken = new Set(registry.zones.map((zone) => zone.slice(zone.lastIndexOf('.') + 1)));
  return {
    inside: registry.zones.map((zone) => constant(`.${zone}`)),
    outside: ['org', 'info', 'de', 'example']
      .filter((t) => !taken.has(t))
      .map((t) => constant(`.${t}`)),
  };
}

/** The domain that owns a registry host. */
export function ownerOf(number: HostNumber): number {
  return Math.floor(number / HOST_LABELS.length);
}

/** Appends a host's name without a dot at the end. */
export function putHostName(
  sink: Sink,
  registry: Registry,
  zones: HostZones,
  number: HostNumber,
): void {
  if (number >= 0) {
    const owner = ownerOf(number);
    putBytes(sink, LABELS[number % HOST_LABELS.length]);
    sink.at = writeLabel(registry.seed, owner, sink.bytes, sink.at);
    putBytes(sink, zones.inside[zoneOf(registry, owner)]);
    return;
  }
  const outside = -1 - number;
  const pair = outside >>> 1;
  putBytes(sink, OUTSIDE_LABELS[outside & 1]);
  // Names from the far end of the permutation: no domain of the registry has them.
  const owner = MAX_DOMAINS - ((pair + 1) * 1000 - 500);
  sink.at = writeLabel(registry.seed, owner, sink.bytes, sink.at);
  putBytes(sink, zones.outside[pair % zones.outside.length]);
}

/** One address of a host: what it is and how to write it. */
export const ADDRESS_BITS = [ADDRESS.v4, ADDRESS.v6, ADDRESS.secondV4, ADDRESS.secondV6] as const;

/** Is the address of this bit an IPv6 address? */
export function isV6(bit: number): boolean {
  return bit === ADDRESS.v6 || bit === ADDRESS.secondV6;
}

const V6_PREFIX = constant('2001:db8:');
const HEX = constant('0123456789abcdef');

/**
 * Appends an address: IPv4 from 198.18.0.0/15 (RFC 2544), IPv6 from 2001:db8::/32 (RFC 3849),
 * in the text form of RFC 5952.
 */
export function putAddress(sink: Sink, seed: number, number: HostNumber, bit: number): void {
  const random = mix(seed ^ (bit * 0x1f1f), number | 0);
  if (!isV6(bit)) {
    putBytes(sink, V4_PREFIX);
    putNumber(sink, 18 + (random & 1));
    putByte(sink, 0x2e);
    putNumber(sink, (random >>> 8) & 255);
    putByte(sink, 0x2e);
    putNumber(sink, 1 + ((random >>> 16) % 254));
    return;
  }
  putBytes(sink, V6_PREFIX);
  putHexGroup(sink, 1 + (random & 0x7fff));
  putByte(sink, 0x3a);
  putHexGroup(sink, 1 + ((random >>> 16) & 0x7fff));
  putByte(sink, 0x3a);
  putByte(sink, 0x3a);
  putHexGroup(sink, 1 + (number & 0xff));
}

const V4_PREFIX = constant('198.');

function putHexGroup(sink: Sink, value: number): void {
  let shift = 12;
  while (shift > 0 && value >>> shift === 0) shift -= 4;
  for (; shift >= 0; shift -= 4) putByte(sink, HEX[(value >>> shift) & 15]);
}
