/**
 * The facts of a sample export against those of the tests' own reader of deposits
 * (test/reference), which shares no code with the product.
 */
import { isIPv6 } from 'node:net';
import { describe, expect, it } from 'vitest';
import { sampleCommand } from '#zonewright/sample/sample.js';
import { readDeposit } from '../reference/reference.js';
import { tempFolder } from './deposit.js';
import { readFacts } from './registry-facts.js';

/** Octets of an address in upper-case hexadecimal, with its type. */
function addressHex(text: string): string {
  if (!isIPv6(text)) {
    const octets = text.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
    return `1 ${octets.join('').toUpperCase()}`;
  }
  const [head, tail] = text.split('::').map((half) => half.split(':').filter(Boolean));
  const gap = Array.from({ length: 8 - head.length - (tail?.length ?? 0) }, () => '0');
  const groups = [...head, ...gap, ...(tail ?? [])].map((group) => group.padStart(4, '0'));
  return `28 ${groups.join('').toUpperCase()}`;
}

describe('a sample export', () => {
  it('gives the facts that an independent reader finds', async () => {
    const out = `${tempFolder()}/export`;
    await sampleCommand({ domains: 3000, out, seed: 7 });
    const read = await readFacts(out, ['com', 'net'], 2);
    const reference = readDeposit(out);
    const expected = new Set<string>();
    const each = (map: Map<string, Set<string>>, line: (value: string) => string): void => {
      for (const [name, values] of map) {
        if (!/\.(com|net)\.$/.test(name)) continue;
        for (const value of values) expected.add(`${name} ${line(value)}`);
      }
    };
    for (const name of reference.statuses.keys()) expected.add(`${name} DOMAIN`);
    each(reference.statuses, (status) => `STATUS ${status.replace(/^epp:/, '')}`);
    each(reference.nameServers, (host) => `NS 172800 ${host}`);
    each(reference.ds, (ds) => `DS 86400 ${ds}`);
    each(reference.addresses, (address) => `ADDRESS 172800 ${addressHex(address)}`);
    // Mirrored names whose field mirroringNS is empty: the default is true (RFC 9022 §5.6.2.1.1).
    const byDefault = /^xn--\S+-3-\S+\.com\. /;
    const without = (lines: Iterable<string>): string[] =>
      [...lines].filter((line) => !byDefault.test(line)).sort();
    expect(without(new Set(read.facts))).toEqual(without(expected));
    expect(
      read.facts.filter((line) => byDefault.test(line) && line.endsWith('DOMAIN')),
    ).toHaveLength(3);
    expect(read.facts.length).toBeGreaterThan(12_000);
  });
});
