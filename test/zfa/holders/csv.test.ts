import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ZonewrightError } from '#zonewright/errors.js';
import { type Exported, holdersToCsv, readHoldersCsv } from '#zonewright/zfa/holders/csv.js';
import type { Holder } from '#zonewright/zfa/holders/model.js';
import { tempDir } from '../../tools/cli.js';

const NOW = 1_795_305_600; // 2026-11-22
const ZONES = ['com', 'net', 'org'];
const HASH = `$scrypt$ln=17,r=8,p=1$${'A'.repeat(22)}$${'B'.repeat(43)}`;

function write(text: string | Uint8Array): string {
  const file = join(tempDir('csv'), 'holders.csv');
  writeFileSync(file, text);
  return file;
}

const read = (text: string | Uint8Array) => readHoldersCsv(write(text), ZONES, NOW);

const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .map((value) => value.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/gu, '').trim())
  .filter((value) => value !== '');
const time = (min: number, max: number) => fc.integer({ min, max });

/** Holders as the database may have them, long enough ago that every state is possible. */
const exported: fc.Arbitrary<Exported> = fc
  .record({
    id: fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,20}$/),
    name: text,
    organisation: fc.option(text, { nil: undefined }),
    purpose: fc.option(text, { nil: undefined }),
    zones: fc.subarray(ZONES, { minLength: 1 }),
    allow: fc.subarray(['192.0.2.0/24', '198.51.100.7/32', '2001:db8::/32']),
    agreement: fc.option(
      fc.record({ version: fc.constantFrom('2026-1', 'v 2'), date: time(1, NOW) }),
      {
        nil: undefined,
      },
    ),
    state: fc.constantFrom('pending', 'approved', 'expired', 'revoked', 'denied'),
    created: time(NOW - 5000, NOW - 4001),
    approved: time(NOW - 4000, NOW - 3001),
    ended: time(NOW - 3000, NOW),
    later: time(NOW + 1, NOW + 5000),
    hash: fc.constantFrom(HASH, undefined),
  })
  .map(({ later, hash, ended, approved, state, ...rest }) => {
    const had = state === 'approved' || state === 'expired' || state === 'revoked';
    const holder: Holder = {
      ...rest,
      email: 'a@acme.example',
      ageKey: undefined,
      state,
      approved: had ? approved : undefined,
      expires: state === 'approved' ? later : state === 'expired' ? ended : undefined,
      hasPassword: hash !== undefined,
      epoch: 1,
      changed: NOW,
    };
    const over = state === 'revoked' || state === 'denied';
    return { holder, hash, ended: over ? ended : undefined };
  });

describe('holders as CSV', () => {
  it('come back as they were', async () => {
    const all = fc.uniqueArray(exported, { selector: ({ holder }) => holder.id, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(all, async (before) => {
        const after = await read(holdersToCsv(before, true));
        expect(after.map(({ holder, hash }) => ({ holder, hash }))).toEqual(
          before.map(({ holder, hash }) => ({ holder, hash })),
        );
        for (const [i, { ended }] of before.entries()) {
          expect(after[i].event).toMatchObject({ event: 'imported', at: ended ?? NOW });
        }
      }),
    );
  });

  it('have no hashes unless asked for', () => {
    fc.assert(
      fc.property(exported, (one) => {
        expect(holdersToCsv([one], false)).not.toContain('scrypt');
      }),
    );
  });

  it('may have a BOM, CRLF, another order of columns, empty lines and long fields', async () => {
    const long = `"${'Acme, ""Labs"" '.repeat(20)}"`;
    const rows = `Zones,EMAIL,id,name\r\ncom net,a@b.example,one,${long}\r\n\r\ncom,c@d.example,two,Zwei\r\n`;
    const all = await read(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(rows)]));
    expect(all.map(({ line, holder }) => [line, holder.id, holder.zones, holder.state])).toEqual([
      [2, 'one', ['com', 'net'], 'pending'],
      [4, 'two', ['com'], 'pending'],
    ]);
    expect(all[0].holder.name).toMatch(/^Acme, "Labs" Acme/);
  });
});

it('lines of a CSV file may end in several ways; its fields are separated by commas', async () => {
  const mixed = 'id,name,email,zones\none,A,a@b.c,com\r\ntwo,B,a@b.c,com\nthree,C,a@b.c,com';
  expect((await read(mixed)).map(({ holder, line }) => [holder.id, line])).toEqual([
    ['one', 2],
    ['two', 3],
    ['three', 4],
  ]);
  for (const separator of [';', '\t']) {
    const other = 'id,name,email,zones\none,A,a@b.c,com\n'.replaceAll(',', separator);
    await expect(read(other)).rejects.toMatchObject({
      message: expect.stringContaining('other than a comma'),
      place: { line: 1 },
    });
  }
});

describe('what can not be imported is told with its line and field', () => {
  const HEAD = 'id,name,email,zones,allow,state,approved,expires,ended,password-hash,age-key';
  const good = ['ok,Acme,a@b.example,com', '', '', '', '', '', '', ''];
  it.each<[string, string, string | undefined, number, RegExp]>([
    ['an id', 'A B,x,a@b.c,com,,,,,,,', 'id', 3, /is not an id/],
    ['an id twice', 'ok,x,a@b.c,com,,,,,,,', 'id', 3, /twice/],
    ['no name', 'x,,a@b.c,com,,,,,,,', 'name', 3, /is empty/],
    ['a name of several lines', 'x,"a\nb",a@b.c,com,,,,,,,', 'name', 4, /control/],
    ['a name that turns the line around', 'x,a\u202eb,a@b.c,com,,,,,,,', 'name', 3, /control/],
    ['a long name', `x,${'n'.repeat(1001)},a@b.c,com,,,,,,,`, 'name', 3, /longer/],
    ['an address', 'x,x,nobody,com,,,,,,,', 'email', 3, /e-mail/],
    ['no zone', 'x,x,a@b.c,,,,,,,,', 'zones', 3, /no zone/],
    ['another zone', 'x,x,a@b.c,com de,,,,,,,', 'zones', 3, /"de".*com, net, org/],
    ['a range', 'x,x,a@b.c,com,192.0.2.7/24,,,,,,', 'allow', 3, /192\.0\.2\.7\/24/],
    ['a state', 'x,x,a@b.c,com,,active,,,,,', 'state', 3, /one of pending/],
    ['a time', 'x,x,a@b.c,com,,approved,2026-02-30,2027-01-01,,,', 'approved', 3, /2026-02-30/],
    ['no approval', 'x,x,a@b.c,com,,approved,,2027-01-01,,,', 'approved', 3, /is empty/],
    [
      'approval to come',
      'x,x,a@b.c,com,,approved,2026-12-01,2027-01-01,,,',
      'approved',
      3,
      /future/,
    ],
    ['no end', 'x,x,a@b.c,com,,approved,2026-01-01,,,,', 'expires', 3, /is empty/],
    ['an end before', 'x,x,a@b.c,com,,expired,2026-01-01,2025-01-01,,,', 'expires', 3, /not after/],
    [
      'expired and not over',
      'x,x,a@b.c,com,,expired,2026-01-01,2027-01-01,,,',
      'expires',
      3,
      /future/,
    ],
    ['revoked without when', 'x,x,a@b.c,com,,revoked,2026-01-01,,,,', 'ended', 3, /is empty/],
    ['revoked to come', 'x,x,a@b.c,com,,revoked,2026-01-01,,2027-01-01,,', 'ended', 3, /between/],
    ['pending and approved', 'x,x,a@b.c,com,,pending,2026-01-01,,,,', 'approved', 3, /pending/],
    ['a password', 'x,x,a@b.c,com,,,,,,secret,', 'password-hash', 3, /is not a hash/],
    [
      'a costly hash',
      `x,x,a@b.c,com,,,,,,"${HASH.replace('17', '31')}",`,
      'password-hash',
      3,
      /hash/,
    ],
    ['an age key', 'x,x,a@b.c,com,,,,,,,age1qqq', 'age-key', 3, /age/],
    [
      'a secret age key',
      `x,x,a@b.c,com,,,,,,,AGE-SECRET-KEY-1${'Q'.repeat(58)}`,
      'age-key',
      3,
      /age/,
    ],
    ['too few fields', 'x,x', undefined, 3, /./],
    ['an open quotation mark', 'x,"x,a@b.c,com,,,,,,,', undefined, 3, /./],
  ])('%s', async (_, row, field, line, message) => {
    const file = write(`${HEAD}\n${good.join(',')}\n${row}\n`);
    const error = await readHoldersCsv(file, ZONES, NOW).then(
      () => undefined,
      (thrown: ZonewrightError) => thrown,
    );
    expect(error).toMatchObject({ exitCode: 3, message: expect.stringMatching(message) });
    expect(error!.place).toMatchObject({ file, line });
    expect(error!.place!.field).toBe(field);
    // Whatever stood in a field of secrets is not repeated.
    expect(JSON.stringify(error)).not.toMatch(/secret"|SECRET-KEY/);
  });

  it.each([
    ['a column that is none', 'id,name,email,zones,pasword\n', /no column "pasword"/],
    ['a column too few', 'id,name,zones\n', /lacks the column "email"/],
    ['a column twice', 'id,name,name,email,zones\na,b,c,a@b.c,com\n', /twice/],
    ['nothing', '', /is empty/],
  ])('a header with %s', async (_, content, message) => {
    await expect(read(content)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(message),
    });
  });

  it('a file in another encoding', async () => {
    const bytes = Buffer.from('id,name,email,zones\nx,M\xfcller,a@b.c,com\n', 'latin1');
    await expect(read(bytes)).rejects.toMatchObject({
      exitCode: 3,
      message: 'is not UTF-8',
      place: { line: 2 },
    });
  });

  it('any octets: its own error, or holders', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (octets) => {
        const bytes = Buffer.concat([Buffer.from('id,name,email,zones\n'), octets]);
        const result = await read(bytes).catch((error: ZonewrightError) => error.exitCode);
        expect(Array.isArray(result) || result === 3).toBe(true);
      }),
    );
  });
});
