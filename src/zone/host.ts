/** What is wrong with the name of a name server (RFC 952, RFC 1123 §2.1; spec of guards). */

import { wireLength } from '../names/name.js';

/** Why a name can't be a name server's; 0: it can. */
export const HostFault = {
  none: 0,
  address: 1,
  notHostName: 2,
  zoneNameTwice: 3,
} as const;

export const HOST_FAULT_NAMES = [
  '',
  'is an address',
  'is not a host name',
  "ends in the zone's name twice",
] as const;

/**
 * Looks at a name server's wire name.
 *
 * @param apex the zone's wire name: `ns1.example.com.com.` in com is the failure of .se in
 *   October 2009, a missing final dot.
 */
export function hostFault(name: Uint8Array, at: number, apex: Uint8Array): number {
  let p = at;
  let n = name[p];
  if (n === 0) return HostFault.notHostName;
  let labels = 0;
  let numeric = 0;
  while (n !== 0) {
    const end = p + 1 + n;
    let digits = true;
    for (let i = p + 1; i < end; i++) {
      const c = name[i];
      if (c >= 0x30 && c <= 0x39) continue;
      digits = false;
      if (c >= 0x61 && c <= 0x7a) continue;
      if (c !== 0x2d || i === p + 1 || i === end - 1) return HostFault.notHostName;
    }
    labels++;
    if (digits) numeric++;
    p = end;
    n = name[p];
  }
  if (numeric === labels) return HostFault.address;
  const inner = apex.length - 1;
  if (inner > 0) {
    const length = wireLength(name, at);
    const from = at + length - 1 - 2 * inner;
    if (from > at && endsTwice(name, at, from, apex, inner)) return HostFault.zoneNameTwice;
  }
  return HostFault.none;
}

function endsTwice(
  name: Uint8Array,
  at: number,
  from: number,
  apex: Uint8Array,
  inner: number,
): boolean {
  let p = at;
  while (p < from) p += name[p] + 1;
  if (p !== from) return false;
  for (let i = 0; i < inner; i++) {
    if (name[from + i] !== apex[i] || name[from + inner + i] !== apex[i]) return false;
  }
  return true;
}
