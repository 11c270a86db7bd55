/** The short way of verification finds what the long way finds, and is taken. */
import { describe, expect, it } from 'vitest';
import { contentsOf, sameBothWays, sameWithFaults } from './both-ways.js';
import { type Denial, goodZone } from './broken.js';
import type { Rec } from './plain-signer.js';
import { delegations, zoneOf } from './small-zone.js';

/** The zone is another one, and judged the same both ways. */
async function changedBothWays(text: string, from: string | RegExp, to: string): Promise<void> {
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  await sameBothWays(changed);
}

describe('the short way', () => {
  it('finds what the long way finds in zones with random faults', async () => {
    expect(await sameWithFaults(10)).toBeGreaterThan(5);
  });

  it('is taken by nearly all of a good zone, and goes on behind the others', async () => {
    const contents = delegations(200).concat(
      Array.from({ length: 2000 }, (_, i) =>
        contentsOf(`d${i}.example.`, i % 3 === 0 ? 'secure' : 'insecure'),
      ).flat(),
    );
    for (const denial of ['nsec3', 'opt-out'] as const) {
      const text = zoneOf('example', contents, denial);
      const owners = new Set(text.split('\n').map((line) => line.split('\t')[0])).size;
      // The apex, and the 200 delegations with their glue.
      const taken = await sameBothWays(text);
      expect(taken).toBeGreaterThan(owners - 410);
      expect(taken).toBeLessThan(owners - 200);
    }
  });

  it('finds the bad ones among many signatures', async () => {
    const contents = Array.from({ length: 1200 }, (_, i) =>
      contentsOf(`d${i}.example.`, 'secure'),
    ).flat();
    let n = 0;
    const text = zoneOf('example', contents, 'opt-out').replaceAll(
      /(\tin\trrsig\tDS .* .{40})(.)(.*)/g,
      (line, head: string, c: string, tail: string) =>
        n++ % 97 === 5 ? `${head}${c === 'x' ? 'y' : 'x'}${tail}` : line,
    );
    expect(await sameBothWays(text)).toBeGreaterThan(2300);
  });

  it('leaves names alone that need more than a look', async () => {
    const zone = (owner: string, denial: Denial = 'opt-out'): string =>
      zoneOf('example', contentsOf(owner, 'secure'), denial, { zonemd: true });
    // As the first name, escaped octets.
    const text = zone('a.example.');
    const escaped = String.raw`\000\001.example.`;
    await changedBothWays(text, /\n(\w{32}\.)/, `\n${escaped}\t3600\tin\tns\tns.a.test.\n$1`);
    // A wildcard whose signature counts the asterisk.
    const wild = zone('*.example.');
    await changedBothWays(wild, /(\*\.example\.\t\d+\tin\trrsig\tDS \d+) 1 /, '$1 2 ');
    // An NSEC3 record below a hash.
    const hashed = /\n(\w{32}\.example\.\t.*)\n(\w{32}\.example\.\t.*\tNSEC3 \d+) 2 /;
    await changedBothWays(text, hashed, '\nx.$1\nx.$2 3 ');
    // Two signatures, the second one bad.
    const signature = /(\na\.example\.\t\d+\tin\trrsig\tDS .* )(.)(.*)/;
    await changedBothWays(text, signature, '$1$2$3$10$3');
    await changedBothWays(text, signature, '$1/$3$1$2$3');
    // Signatures over what must not be signed.
    const ds = /\na\.example\.\t\d+\tin\tds\t.*/;
    await changedBothWays(text, ds, '');
    await changedBothWays(
      zone('a.example.', 'nsec3').replace(ds, ''),
      /\trrsig\tDS /,
      '\trrsig\tNS ',
    );
    // An empty non-terminal that first need not and then must have a record.
    const under = (kinds: string[]): Rec[] =>
      kinds.flatMap((kind, i) => contentsOf(`${'abc'[i]}.ent.example.`, kind));
    for (const kinds of [
      ['insecure', 'insecure', 'secure'],
      ['insecure', 'secure', 'insecure'],
      ['secure', 'insecure', 'secure'],
    ]) {
      for (const denial of ['nsec3', 'opt-out'] as const) {
        await sameBothWays(zoneOf('example', under(kinds), denial));
      }
    }
  });

  it('leaves signatures alone whose times are none', async () => {
    const text = zoneOf('example', contentsOf('a.example.', 'secure'), 'opt-out');
    const times = /(\tin\trrsig\t(?:DS|NSEC3) .*) (\d{14}) (\d{14}) /g;
    for (const [expiration, inception] of [
      ['20800101000000', '20790101000000'],
      ['20800101000000', '19800101000000'],
      ['20150101000000', '20140101000000'],
      ['20140101000000', '20150101000000'],
      ['20790101000000', '20800101000000'],
    ]) {
      await changedBothWays(text, times, `$1 ${expiration} ${inception} `);
    }
  });

  it('is not taken where a zone is none for it', async () => {
    const apexDname = goodZone('nsec3').replace(
      /(\nexample\.\t3600\tin\tdnskey)/,
      '\nexample.\t3600\tin\tdname\telsewhere.test.$1',
    );
    expect(await sameBothWays(apexDname)).toBe(0);
    expect(await sameBothWays(goodZone('nsec'))).toBe(0);
  });

  it('works for deep zones, the root and salted chains', async () => {
    const deep = ['a.x.y.example.', 'b.a.x.y.example.', 'c.d.x.y.example.', 'e.d.x.y.example.'];
    const contents = deep.flatMap((owner) => contentsOf(owner, 'secure'));
    expect(await sameBothWays(zoneOf('x.y.example', contents, 'opt-out'), 'x.y.example')).toBe(7);
    const root = ['com.', 'org.', 'net.'].flatMap((owner) => contentsOf(owner, 'insecure'));
    expect(await sameBothWays(zoneOf('', root, 'nsec3'), '.')).toBe(7);
  });
});
