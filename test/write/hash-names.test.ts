/**
 * A name of the zone may look like the hash of another one: everybody knows the zone's names and
 * parameters, and can register it. Then its owner holds an NSEC3 record, too (RFC 5155 §7.1), and
 * the ZONEMD digest wants both in one order (RFC 8976 §3.3.1).
 */
import { describe, expect, it } from 'vitest';
import { nsec3Hash } from '#zonewright/denial/nsec3-hash.js';
import { APEX, signText } from '../sign/sign.js';

const DIGITS = '0123456789abcdefghijklmnopqrstuv';

/** Base32hex of the NSEC3 hash without salt and iterations. */
function hashOf(name: string): string {
  const wire = Buffer.concat([
    ...name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.from([0]),
  ]);
  const hash = new Uint8Array(20);
  nsec3Hash(wire, 0, wire.length, { iterations: 0, salt: new Uint8Array(0) }, hash, 0);
  const bits = [...hash].map((octet) => octet.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{5}/g) ?? []).map((five) => DIGITS[Number.parseInt(five, 2)]).join('');
}

describe('a name that is the hash of another name', () => {
  const DS = `DS 1 13 2 ${'00'.repeat(32)}`;
  const ofApex = hashOf('example');
  const ofHost = hashOf('ns1.example');
  const ofSecure = hashOf('secure.example');
  const zone = `${APEX}
secure NS ns.other.
secure ${DS}
${ofApex} NS ns.other.
${ofApex} ${DS}
${ofHost} A 192.0.2.2
${ofHost} TYPE65534 \\# 1 00
${ofSecure} NS ns.${ofSecure}
ns.${ofSecure} A 192.0.2.3
`;
  for (const flags of [[], ['--opt-out']]) {
    it(`signs and verifies with it ${flags.join(' ')}`, async () => {
      // sign verifies what it wrote, the digest among it.
      const signed = await signText(zone, ...flags);
      expect(signed.stderr).not.toContain('error');
      expect(signed.status).toBe(0);
      for (const [hash, types] of [
        [ofApex, ['NS', 'DS', 'RRSIG', 'NSEC3', 'RRSIG']],
        [ofHost, ['A', 'RRSIG', 'NSEC3', 'RRSIG', 'TYPE65534', 'RRSIG']],
        [ofSecure, ['NS', 'NSEC3', 'RRSIG']],
      ] as const) {
        const mine = signed.records.filter((r) => r.owner === `${hash}.example.`);
        expect(mine.map((r) => r.type)).toEqual(types);
      }
    });
  }
});
