import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashToText, nsec3Hash, textToHash } from '#zonewright/denial/nsec3-hash.js';
import { sha1 } from '#zonewright/denial/sha1.js';
import { nameFromText } from '#zonewright/names/name.js';
import { tempDir, zonewright } from '../tools/cli.js';
import { readZoneText } from '../tools/zone-text.js';

function hashed(name: string, salt: string, iterations: number): string {
  const wire = nameFromText(name);
  const hash = new Uint8Array(20);
  const text = new Uint8Array(32);
  nsec3Hash(wire, 0, wire.length, { iterations, salt: Buffer.from(salt, 'hex') }, hash, 0);
  hashToText(hash, 0, text, 0);
  const back = new Uint8Array(20);
  expect(textToHash(text, 0, back, 0)).toBe(true);
  expect(back).toEqual(hash);
  return Buffer.from(text).toString();
}

describe('SHA-1', () => {
  it('agrees with OpenSSL at every length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (message) => {
        const out = new Uint8Array(22);
        sha1(message, 0, message.length, out, 1);
        expect(Buffer.from(out.subarray(1, 21)).toString('hex')).toBe(
          createHash('sha1').update(message).digest('hex'),
        );
      }),
    );
  });
});

describe('NSEC3 hashes', () => {
  it('has the well-known hash of the .com apex', () => {
    expect(hashed('com.', '', 0)).toBe('ck0pojmg874ljref7efn8430qvit8bsm');
  });

  it.each([
    ['example', '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom'],
    ['a.example', '35mthgpgcu1qg68fab165klnsnk3dpvl'],
    ['ai.example', 'gjeqe526plbf1g8mklp59enfd789njgi'],
    ['ns1.example', '2t7b4g4vsa5smi47k61mv5bv1a22bojr'],
    ['ns2.example', 'q04jkcevqvmu85r014c7dkba38o0ji5r'],
    ['w.example', 'k8udemvp1j2f7eg6jebps17vp3n8i58h'],
    ['*.w.example', 'r53bq7cc2uvmubfu5ocmm6pers9tk9en'],
    ['x.w.example', 'b4um86eghhds6nea196smvmlo4ors995'],
    ['y.w.example', 'ji6neoaepv8b5o6k4ev33abha8ht9fgc'],
    ['x.y.w.example', '2vptu5timamqttgl4luu9kg21e0aor3s'],
    ['xx.example', 't644ebqk9bibcna874givr6joj62mlhv'],
    ['2t7b4g4vsa5smi47k61mv5bv1a22bojr.example', 'kohar7mbb8dc2ce8a9qvl8hon4k53uhi'],
  ])('RFC 5155 appendix A: H(%s)', (name, hash) => {
    expect(hashed(name, 'aabbccdd', 12)).toBe(hash);
  });
});

describe('the proofs of RFC 5155 appendix B', () => {
  // Owner of the NSEC3 record that the response of the appendix gives for the hashed name.
  it.each([
    ['B.1, next closer name', 'c.x.w.example', '0va5bpr2ou0vk0lbqeeljri88laipsfh', '0p9mhave'],
    ['B.1, wildcard', '*.x.w.example', '92pqneegtaue7pjatc3l3qnk738c6v5m', '35mthgpg'],
    ['B.3, opt-out delegation', 'c.example', '4g6p9u5gvfshp30pqecj98b3maqbn1ck', '35mthgpg'],
    [
      'B.4 and B.5, next closer name',
      'z.w.example',
      'qlu7gtfaeh0ek0c05ksfhdpbcgglbe03',
      'q04jkcev',
    ],
  ])('%s: %s hashes into the span of one record', (_, name, hash, covering) => {
    expect(hashed(name, 'aabbccdd', 12)).toBe(hash);
    const spans = CHAIN.filter(([owner, next]) =>
      owner < next ? owner < hash && hash < next : hash > owner || hash < next,
    );
    expect(spans).toHaveLength(1);
    expect(spans[0][0].startsWith(covering)).toBe(true);
  });
});

/** The zone of RFC 5155 appendix A without what signing adds. */
const UNSIGNED = `
$TTL 3600
example. 3600 IN SOA ns1.example. bugs.x.w.example. 1 3600 300 ( 3600000 3600 )
         NS  ns1.example.
         NS  ns2.example.
         MX  1 xx.example.
2t7b4g4vsa5smi47k61mv5bv1a22bojr.example. A 192.0.2.127
a.example.     NS ns1.a.example.
               NS ns2.a.example.
               DS 58470 5 1 ( 3079F1593EBAD6DC121E202A8B766A6A4837206C )
ns1.a.example. A  192.0.2.5
ns2.a.example. A  192.0.2.6
ai.example.    A  192.0.2.9
               HINFO "KLH-10" "ITS"
               AAAA  2001:db8:0:0:0:0:f00:baa9
c.example.     NS ns1.c.example.
               NS ns2.c.example.
ns1.c.example. A  192.0.2.7
ns2.c.example. A  192.0.2.8
ns1.example.   A  192.0.2.1
ns2.example.   A  192.0.2.2
*.w.example.   MX 1 ai.example.
x.w.example.   MX 1 xx.example.
x.y.w.example. MX 1 xx.example.
xx.example.    A  192.0.2.10
               HINFO "KLH-10" "TOPS-20"
               AAAA  2001:db8:0:0:0:0:f00:baaa
`;

/** Owner, next and types of the NSEC3 records that the appendix lists. */
const CHAIN: ReadonlyArray<readonly [string, string, string]> = [
  [
    '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom',
    '2t7b4g4vsa5smi47k61mv5bv1a22bojr',
    'MX DNSKEY NS SOA NSEC3PARAM RRSIG',
  ],
  ['2t7b4g4vsa5smi47k61mv5bv1a22bojr', '2vptu5timamqttgl4luu9kg21e0aor3s', 'A RRSIG'],
  ['2vptu5timamqttgl4luu9kg21e0aor3s', '35mthgpgcu1qg68fab165klnsnk3dpvl', 'MX RRSIG'],
  ['35mthgpgcu1qg68fab165klnsnk3dpvl', 'b4um86eghhds6nea196smvmlo4ors995', 'NS DS RRSIG'],
  ['b4um86eghhds6nea196smvmlo4ors995', 'gjeqe526plbf1g8mklp59enfd789njgi', 'MX RRSIG'],
  ['gjeqe526plbf1g8mklp59enfd789njgi', 'ji6neoaepv8b5o6k4ev33abha8ht9fgc', 'HINFO A AAAA RRSIG'],
  ['ji6neoaepv8b5o6k4ev33abha8ht9fgc', 'k8udemvp1j2f7eg6jebps17vp3n8i58h', ''],
  ['k8udemvp1j2f7eg6jebps17vp3n8i58h', 'kohar7mbb8dc2ce8a9qvl8hon4k53uhi', ''],
  ['kohar7mbb8dc2ce8a9qvl8hon4k53uhi', 'q04jkcevqvmu85r014c7dkba38o0ji5r', 'A RRSIG'],
  ['q04jkcevqvmu85r014c7dkba38o0ji5r', 'r53bq7cc2uvmubfu5ocmm6pers9tk9en', 'A RRSIG'],
  ['r53bq7cc2uvmubfu5ocmm6pers9tk9en', 't644ebqk9bibcna874givr6joj62mlhv', 'MX RRSIG'],
  ['t644ebqk9bibcna874givr6joj62mlhv', '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom', 'HINFO A AAAA RRSIG'],
];

describe('the NSEC3 chain of a signed zone', () => {
  it('is that of RFC 5155 appendix A: opt-out, salt, iterations, empty non-terminals, a wildcard', async () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'in'), UNSIGNED);
    const keys = ['keys', 'generate', '--zone', 'example', '--key-dir', 'keys'];
    expect((await zonewright(keys, { cwd: dir })).status).toBe(0);
    const run = await zonewright(
      'sign in --zone example --key-dir keys --output out --opt-out --iterations 12 --salt aabbccdd --no-zonemd'.split(
        ' ',
      ),
      { cwd: dir },
    );
    expect(run.stderr).toContain('iterations');
    expect(run.status).toBe(0);
    const chain = readZoneText(join(dir, 'out'))
      .filter((record) => record.type === 'NSEC3')
      .map(({ owner, rdata }) => {
        const [algorithm, flags, iterations, salt, next, ...types] = rdata.split(' ');
        expect([algorithm, flags, iterations, salt.toLowerCase()]).toEqual([
          '1',
          '1',
          '12',
          'aabbccdd',
        ]);
        return [owner.replace('.example.', ''), next.toLowerCase(), types.sort().join(' ')];
      });
    expect(chain).toEqual(
      CHAIN.map(([o, next, types]) => [o, next, types.split(' ').sort().join(' ')]),
    );
  });
});

describe('the TTL of denials (RFC 9077 §3)', () => {
  it.each([
    ['--nsec3', 60, 3600, 60],
    ['--nsec3', 3600, 300, 300],
    ['--nsec', 60, 3600, 60],
    ['--nsec', 3600, 300, 300],
  ])('%s with SOA TTL %i and minimum %i is %i', async (kind, soaTtl, minimum, wanted) => {
    const dir = tempDir();
    writeFileSync(
      join(dir, 'in'),
      `example. ${soaTtl} IN SOA ns. host. 1 3600 300 3600000 ${minimum}\nexample. 60 NS ns.\nwww.example. 60 A 192.0.2.1\n`,
    );
    const keys = ['keys', 'generate', '--zone', 'example', '--key-dir', 'keys'];
    expect((await zonewright(keys, { cwd: dir })).status).toBe(0);
    const run = await zonewright(
      ['sign', 'in', '--zone', 'example', '--key-dir', 'keys', '--output', 'out', kind],
      { cwd: dir },
    );
    expect(run.status).toBe(0);
    const denials = readZoneText(join(dir, 'out')).filter((r) => /^NSEC3?$/.test(r.type));
    expect(denials).toHaveLength(2);
    expect(denials.map((r) => r.ttl)).toEqual([wanted, wanted]);
  });
});
