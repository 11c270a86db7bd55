import { describe, expect, it } from 'vitest';
import { nameFromText } from '#zonewright/names/name.js';
import { createLayout } from '#zonewright/write/classic.js';

const layout = (zone: string, text: string): string =>
  Buffer.from(createLayout(nameFromText(zone), 172800)(Buffer.from(text))).toString('latin1');

describe('the older .com layout', () => {
  it('makes names relative and upper-case, drops class and the TTL of delegations', () => {
    expect(
      layout(
        'com',
        [
          'com.\t900\tin\tsoa\ta.gtld-servers.net. nstld.verisign-grs.com. 1 2 3 4 5',
          'com.\t172800\tin\tns\ta.gtld-servers.net.',
          'example.com.\t172800\tin\tns\tns1.example.com.',
          'example.com.\t86400\tin\tds\t1 13 2 AABB',
          'example.com.\t86400\tin\trrsig\tDS 13 2 86400 20261205201121 20261122045739 1 com. aBcD==',
          'ns1.example.com.\t172800\tin\taaaa\t2001:db8::1',
          '',
        ].join('\n'),
      ),
    ).toBe(
      [
        '@ 900 IN SOA a.gtld-servers.net. nstld.verisign-grs.com. 1 2 3 4 5',
        '@ NS A.GTLD-SERVERS.NET.',
        'EXAMPLE NS NS1.EXAMPLE',
        'EXAMPLE 86400 DS 1 13 2 AABB',
        'EXAMPLE 86400 RRSIG DS 13 2 86400 20261205201121 20261122045739 1 com. aBcD==',
        'NS1.EXAMPLE AAAA 2001:db8::1',
        '',
      ].join('\n'),
    );
  });

  it('leaves a name that only looks as if it ended in the zone fully qualified', () => {
    expect(layout('com', 'x.com.\t172800\tin\tns\tns.telecom.\n')).toBe('X NS NS.TELECOM.\n');
    // The dot before `com` is part of the label.
    expect(layout('com', 'x.com.\t172800\tin\tns\tns\\.com.\n')).toBe('X NS NS\\.COM.\n');
    expect(layout('com', 'x.com.\t172800\tin\tns\tcom.\n')).toBe('X NS @\n');
  });

  it('works for the root', () => {
    expect(layout('.', '.\t172800\tin\tns\ta.root-servers.net.\n')).toBe(
      '@ NS A.ROOT-SERVERS.NET\n',
    );
  });
});
