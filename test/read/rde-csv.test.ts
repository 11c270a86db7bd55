/**
 * The examples of RFC 9022 for the CSV model, and what the specification of exports asks of
 * hostile input.
 */
import { describe, expect, it } from 'vitest';
import { keyTag } from '#zonewright/dnssec/keytag.js';
import { type CsvText, type DepositText, domainsOnly, writeDepositFolder } from './deposit.js';
import { readFacts } from './registry-facts.js';

const FIELDS = {
  // RFC 9022 §5.1.2.1.1
  domain: [
    'csvDomain:fName',
    'rdeCsv:fRoid',
    'rdeCsv:fIdnTableId',
    'csvDomain:fOriginalName',
    'rdeCsv:fRegistrant',
    'rdeCsv:fClID',
    'rdeCsv:fCrRr',
    'rdeCsv:fCrID',
    'rdeCsv:fCrDate',
    'rdeCsv:fUpRr',
    'rdeCsv:fUpID',
    'rdeCsv:fUpDate',
    'rdeCsv:fExDate',
  ],
  // §5.1.2.1.3
  domainStatuses: [
    'csvDomain:fName',
    'csvDomain:fStatus',
    'rdeCsv:fStatusDescription',
    'rdeCsv:fLang',
    'csvDomain:fRgpStatus',
  ],
  // §5.2.2.1.1
  host: [
    'csvHost:fName',
    'rdeCsv:fRoid',
    'rdeCsv:fClID',
    'rdeCsv:fCrRr',
    'rdeCsv:fCrID',
    'rdeCsv:fCrDate',
    'rdeCsv:fUpRr',
    'rdeCsv:fUpID',
    'rdeCsv:fUpDate',
    'rdeCsv:fTrDate',
  ],
  hostAddresses: ['rdeCsv:fRoid', 'csvHost:fAddr', 'csvHost:fAddrVersion'],
  servers: ['csvDomain:fName', 'rdeCsv:fRoid'],
  serversByName: ['csvDomain:fName', 'csvHost:fName'],
  attributes: ['csvDomain:fName', 'csvHost:fName', 'csvHost:fAddr', 'csvHost:fAddrVersion'],
  ds: [
    'csvDomain:fName',
    'csvDomain:fMaxSigLife',
    'csvDomain:fKeyTag',
    'csvDomain:fDsAlg',
    'csvDomain:fDigestType',
    'csvDomain:fDigest',
  ],
  keys: [
    'csvDomain:fName',
    'csvDomain:fMaxSigLife',
    'csvDomain:fFlags',
    'csvDomain:fProtocol',
    'csvDomain:fKeyAlg',
    'csvDomain:fPubKey',
  ],
  nndn: [
    'csvNNDN:fAName',
    'rdeCsv:fIdnTableId',
    'csvNNDN:fOriginalName',
    'csvNNDN:fNameState',
    'csvNNDN:fMirroringNS',
    'rdeCsv:fCrDate',
  ],
};

const DATES = '2009-04-03T22:00:00.0Z,registrarX,clientY,2009-12-03T09:05:00.0Z';
const domainRow = (name: string, roid: string, table = '', original = ''): string =>
  `${name},${roid},${table},${original},registrantid,registrarX,registrarX,clientY,${DATES},2025-04-03T22:00:00.0Z\n`;
const hostRow = (name: string, roid: string): string =>
  `${name},${roid},registrarX,registrarX,clientY,1999-05-08T12:10:00.0Z,registrarX,clientY,2009-10-03T09:34:00.0Z,2007-01-08T09:19:00.0Z\n`;

const A = 'xn--bc123-3ve.example';
const B = 'xn--bc321-3ve.example';

const DOMAIN: CsvText = {
  name: 'domain',
  fields: FIELDS.domain,
  text:
    domainRow('domain1.example', 'Ddomain1-TEST') +
    domainRow('domain2.example', 'Ddomain2-TEST') +
    domainRow(A, 'Dxnabc123-TEST', 'LANG-1') +
    domainRow(B, 'Dxnabc321-TEST', 'LANG-1', A),
};
const STATUSES: CsvText = {
  name: 'domainStatuses',
  fields: FIELDS.domainStatuses,
  text:
    'domain1.example,clientUpdateProhibited,"Disallow update",en,\n' +
    'domain1.example,clientDeleteProhibited,"Disallow delete",en,\n' +
    `domain2.example,ok,,,\n${A},ok,,,\n${B},ok,,,\n`,
};
const SERVERS: CsvText = {
  name: 'domainNameServers',
  fields: FIELDS.servers,
  text: `domain1.example,Hns1_domain1_test-TEST
domain1.example,Hns2_domain1_test-TEST
domain2.example,Hns1_domain2_test-TEST
domain2.example,Hns2_domain2_test-TEST
${A},Hns1_example_test-TEST
${A},Hns2_example_test-TEST
${B},Hns1_example_test-TEST
${B},Hns2_example_test-TEST
`,
};
const OTHER_HOSTS =
  hostRow('ns2.domain1.example', 'Hns2_domain1_test-TEST') +
  hostRow('ns1.domain2.example', 'Hns1_domain2_test-TEST') +
  hostRow('ns2.domain2.example', 'Hns2_domain2_test-TEST') +
  hostRow('ns1.example.net', 'Hns1_example_test-TEST') +
  hostRow('ns2.example.net', 'Hns2_example_test-TEST');
/** The RFC's example gives ns1.domain1.example the ROID of ns1.example.net; this does not. */
const HOSTS: CsvText = {
  name: 'host',
  fields: FIELDS.host,
  text: hostRow('ns1.domain1.example', 'Hns1_domain1_test-TEST') + OTHER_HOSTS,
};
const HOSTS_OF_RFC: CsvText = {
  ...HOSTS,
  text: hostRow('ns1.domain1.example', 'Hns1_example_test-TEST') + OTHER_HOSTS,
};
const ADDRESSES: CsvText = {
  name: 'hostAddresses',
  fields: FIELDS.hostAddresses,
  text: `Hns1_domain1_test-TEST,192.0.2.1,v4
Hns2_domain1_test-TEST,2001:DB8::1,v6
Hns1_domain2_test-TEST,192.0.2.2,v4
Hns2_domain2_test-TEST,2001:DB8::2,v6
`,
};
// The RFC shortens the digests and keys of its examples; these are whole.
const DIGEST = `${'91C9B176EB'.repeat(6)}F1C4`;
const DS: CsvText = {
  name: 'dnssec',
  fields: FIELDS.ds,
  text: `domain1.example,604800,30730,8,2,${DIGEST}\ndomain1.example,604800,61882,8,2,${DIGEST.toLowerCase()}\n`,
};
const V6_1 = '20010DB8000000000000000000000001';
const V6_2 = '20010DB8000000000000000000000002';

const RFC: DepositText = {
  csv: [DOMAIN, STATUSES, SERVERS, HOSTS, ADDRESSES, DS],
  counts: { csvDomain: 4, csvHost: 6 },
};
const RFC_FACTS = [
  'domain1.example. DOMAIN',
  `domain1.example. DS 86400 30730 8 2 ${DIGEST}`,
  `domain1.example. DS 86400 61882 8 2 ${DIGEST}`,
  'domain1.example. NS 172800 ns1.domain1.example.',
  'domain1.example. NS 172800 ns2.domain1.example.',
  'domain1.example. STATUS clientDeleteProhibited',
  'domain1.example. STATUS clientUpdateProhibited',
  'domain2.example. DOMAIN',
  'domain2.example. NS 172800 ns1.domain2.example.',
  'domain2.example. NS 172800 ns2.domain2.example.',
  'domain2.example. STATUS ok',
  'ns1.domain1.example. ADDRESS 172800 1 C0000201',
  'ns1.domain2.example. ADDRESS 172800 1 C0000202',
  `ns2.domain1.example. ADDRESS 172800 28 ${V6_1}`,
  `ns2.domain2.example. ADDRESS 172800 28 ${V6_2}`,
  ...[A, B].flatMap((name) => [
    `${name}. DOMAIN`,
    `${name}. NS 172800 ns1.example.net.`,
    `${name}. NS 172800 ns2.example.net.`,
    `${name}. STATUS ok`,
  ]),
].sort();

const readDeposit = (deposit: DepositText, zones?: readonly string[], threads?: number) =>
  readFacts(writeDepositFolder(deposit), zones, threads);
const failure = (deposit: DepositText, zones?: readonly string[]) =>
  readDeposit(deposit, zones).then(
    () => 'no failure',
    (error: { exitCode: number; message: string }) => `${error.exitCode} ${error.message}`,
  );

describe('RFC 9022, examples of the CSV model', () => {
  it('reads domains, statuses, name servers by ROID, hosts, addresses and DS data', async () => {
    const read = await readDeposit(RFC);
    expect(read.rejects).toEqual([]);
    expect(read.facts).toEqual(RFC_FACTS);
    expect(read.result).toMatchObject({ domains: 4, hosts: 6, perZone: [4], outside: 0 });
  });

  it('gives the same facts with threads, and whatever the order of the files', async () => {
    const reversed = { ...RFC, csv: [...RFC.csv].reverse() };
    expect((await readDeposit(reversed, undefined, 2)).facts).toEqual(RFC_FACTS);
  });

  it('takes the order of fields from the XML', async () => {
    const swapped = (csv: CsvText): CsvText => ({
      ...csv,
      fields: [...csv.fields].reverse(),
      text: String(csv.text)
        .trimEnd()
        .split('\n')
        .map((line) => `${line.split(',').reverse().join(',')}\n`)
        .join(''),
    });
    expect((await readDeposit({ ...RFC, csv: RFC.csv.map(swapped) })).facts).toEqual(RFC_FACTS);
  });

  it('refuses every use of a ROID that two hosts have, as in §5.2.2.1.1', async () => {
    const read = await readDeposit({
      csv: [DOMAIN, { ...SERVERS, file: 'ns.csv' }, { ...HOSTS_OF_RFC, file: 'host.csv' }],
    });
    expect(read.rejects).toEqual([
      'host.csv:1 fRoid is the ROID of ns1.example.net, too',
      'host.csv:5 fRoid is the ROID of ns1.domain1.example, too',
      // No host has this ROID in the example.
      'ns.csv:1 fRoid names a host that is not in the deposit',
      'ns.csv:5 fRoid is the ROID of more than one host',
      'ns.csv:7 fRoid is the ROID of more than one host',
    ]);
    expect(read.facts.filter((line) => line.startsWith(A))).toEqual([
      `${A}. DOMAIN`,
      `${A}. NS 172800 ns2.example.net.`,
    ]);
  });

  it('reads name servers by name and as attributes (§§5.1.2.1.4, 5.1.2.1.5)', async () => {
    const read = await readDeposit({
      csv: [
        DOMAIN,
        {
          name: 'domainNameServers',
          fields: FIELDS.serversByName,
          text: `${A},NS1.Example.NET.\n`,
        },
        {
          name: 'domainNameServersAddresses',
          fields: FIELDS.attributes,
          text: `domain1.example,ns1.domain1.example,192.0.2.1,v4
domain1.example,ns2.domain1.example,2001:DB8::1,v6
domain2.example,ns1.example.net,,
`,
        },
      ],
    });
    expect(read.rejects).toEqual([]);
    expect(read.facts.filter((line) => !line.endsWith('DOMAIN'))).toEqual([
      'domain1.example. NS 172800 ns1.domain1.example.',
      'domain1.example. NS 172800 ns2.domain1.example.',
      'domain2.example. NS 172800 ns1.example.net.',
      'ns1.domain1.example. ADDRESS 172800 1 C0000201',
      `ns2.domain1.example. ADDRESS 172800 28 ${V6_1}`,
      `${A}. NS 172800 ns1.example.net.`,
    ]);
  });

  it('computes the DS of key data (RFC 4509 §2.3)', async () => {
    // dskey.example.com of RFC 4509, whose DS is given there.
    const key =
      'AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw==';
    const read = await readDeposit(
      {
        csv: [
          { name: 'domain', fields: ['csvDomain:fName'], text: 'dskey.example.com\n' },
          { name: 'dnssec', fields: FIELDS.keys, text: `dskey.example.com,,256,3,5,${key}\n` },
        ],
      },
      ['example.com'],
    );
    expect(read.facts[1]).toBe(
      'dskey.example.com. DS 86400 60485 5 2 D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A',
    );
    expect(keyTag(Buffer.concat([Buffer.from([1, 0, 3, 5]), Buffer.from(key, 'base64')]))).toBe(
      60485,
    );
  });
});

describe('RFC 9022 §5.6, names that are no domain names', () => {
  const nndn = (text: string): CsvText => ({
    name: 'NNDN',
    fields: FIELDS.nndn,
    text,
    file: 'n.csv',
  });
  const day = '2005-04-23T11:49:00.0Z';

  it('delegates a mirrored variant as its original, and no other', async () => {
    const read = await readDeposit({
      ...RFC,
      csv: [
        ...RFC.csv,
        nndn(
          `xn--bc456-3ve.example,LANG-1,${A},blocked,,${day}
xn--bc789-3ve.example,LANG-1,domain1.example,mirrored,1,${day}
m2.example,,domain2.example,mirrored,,${day}
m3.example,,domain2.example,mirrored,0,${day}
m4.example,,domain2.example,withheld,,${day}
reserved.example,,,blocked,,${day}
`,
        ),
      ],
    });
    expect(read.rejects).toEqual([]);
    expect(read.result).toMatchObject({ mirrors: 2, mirrorsPerZone: [2] });
    expect(read.facts.filter((line) => !RFC_FACTS.includes(line))).toEqual([
      'm2.example. DOMAIN',
      'm2.example. NS 172800 ns1.domain2.example.',
      'm2.example. NS 172800 ns2.domain2.example.',
      'm2.example. STATUS ok',
      // Held or not as the original; no DS, for its keys are another child's.
      'xn--bc789-3ve.example. DOMAIN',
      'xn--bc789-3ve.example. NS 172800 ns1.domain1.example.',
      'xn--bc789-3ve.example. NS 172800 ns2.domain1.example.',
      'xn--bc789-3ve.example. STATUS clientDeleteProhibited',
      'xn--bc789-3ve.example. STATUS clientUpdateProhibited',
    ]);
  });

  it('refuses mirrors of nothing, of other registries and of names that are domains', async () => {
    const read = await readDeposit({
      ...RFC,
      csv: [
        ...RFC.csv,
        nndn(
          `m1.example,,gone.example,mirrored,1,${day}
m2.example,,domain1.test,mirrored,1,${day}
m3.example,,,mirrored,1,${day}
m4.example,,domain1.example,sold,1,${day}
m5.example,,domain1.example,mirrored,yes,${day}
domain1.example,,domain2.example,mirrored,1,${day}
`,
        ),
      ],
    });
    expect(read.rejects).toEqual([
      'n.csv:2 fOriginalName is in no configured zone',
      'n.csv:3 fOriginalName is empty, so there is nothing to mirror',
      'n.csv:4 fNameState is not blocked, withheld or mirrored',
      'n.csv:5 fMirroringNS is not true, false, 1 or 0',
      'n.csv:1 fOriginalName is not a domain in the deposit',
      'n.csv:6 fOriginalName is of a mirrored name that is a domain object as well',
    ]);
    expect(read.facts).toEqual(RFC_FACTS);
  });
});

describe('names of an export', () => {
  it('tolerates case, final dot, CRLF, byte order mark, blank lines and comments', async () => {
    const read = await readDeposit(
      domainsOnly(
        '\ufeffOne.EXAMPLE.\r\n\r\n# a comment\n\ntwo.example\r\n"three.example"\nfour.Example',
      ),
    );
    expect(read.rejects).toEqual([]);
    expect(read.facts).toEqual(
      ['four', 'one', 'three', 'two'].map((name) => `${name}.example. DOMAIN`),
    );
    expect(read.result.domains).toBe(4);
  });

  it('converts U-labels by IDNA 2008', async () => {
    const read = await readDeposit(domainsOnly('München.example\nстрана。example\n☃.example\n'));
    expect(read.facts).toEqual(['xn--80aa2bkeg.example. DOMAIN', 'xn--mnchen-3ya.example. DOMAIN']);
    expect(read.rejects).toEqual([
      '0-domain.csv:3 fName is no IDNA 2008 name (U+2603 is not allowed in IDNA 2008)',
    ]);
  });

  it('rejects what is no name, with line and field', async () => {
    const bad: [string, string][] = [
      ['*.example', 'is a wildcard'],
      ['a_b.example', 'holds a character that no host name has'],
      ['-a.example', 'has a label that begins or ends with a hyphen'],
      ['a-.example', 'has a label that begins or ends with a hyphen'],
      ['a..example', 'has an empty label'],
      ['.example', 'has an empty label'],
      [`${'a'.repeat(64)}.example`, 'has a label longer than 63 octets'],
      [`${'a.'.repeat(130)}example`, 'is longer than 255 octets'],
      ['xn--99999999.example', 'has a label with xn-- that is no A-label'],
      ['""', 'is empty'],
      ['example', 'is the zone itself'],
      ['"a.example', 'has a quote that is not closed'],
    ];
    const read = await readDeposit(domainsOnly(bad.map(([name]) => `${name}\n`).join('')));
    expect(read.facts).toEqual([]);
    expect(read.rejects).toEqual(
      bad.map(([, reason], i) => {
        const field = reason.includes('quote') ? 'line' : 'fName';
        return `0-domain.csv:${i + 1} ${field} ${reason}`;
      }),
    );
  });

  it('accepts labels of 63 octets and names of 255', async () => {
    const label = 'a'.repeat(63);
    // 3 × 64 + 54 + "example" 8 + root 1 = 255.
    const name = `${label}.${label}.${label}.${'b'.repeat(53)}.example`;
    const read = await readDeposit(domainsOnly(`${name}\n`));
    expect(read.rejects).toEqual([]);
    expect(read.facts).toEqual([`${name}. DOMAIN`]);
    expect((await readDeposit(domainsOnly(`${name.replace('.b', '.bb')}\n`))).rejects).toHaveLength(
      1,
    );
  });

  it('gives each name to the closest enclosing zone and leaves out those in none', async () => {
    const read = await readDeposit(
      {
        ...domainsOnly('a.example\nb.co.example\nc.test\nanexample\nxco.example\n'),
        counts: { csvDomain: 5, 'csvDomain co.example': 1 },
      },
      ['example', 'co.example'],
    );
    expect(read.facts).toEqual([
      'a.example. DOMAIN',
      'b.co.example. DOMAIN',
      'xco.example. DOMAIN',
    ]);
    expect(read.result).toMatchObject({ perZone: [2, 1], outside: 2, domains: 5 });
  });
});

describe('rows', () => {
  it('reads quoted fields with separators, quotes and line feeds (RFC 4180)', async () => {
    const read = await readDeposit({
      csv: [
        DOMAIN,
        {
          name: 'domainStatuses',
          file: 's.csv',
          fields: FIELDS.domainStatuses,
          text: 'domain1.example,serverHold,"a ""court"", and\nmore",en,\ndomain2.example,"o""k",,,\ndomain2.example,"ok"x,,,\ndomain2.example,ok,5" disk,,\n',
        },
      ],
    });
    expect(read.rejects).toEqual([
      's.csv:3 fStatus is no status of RFC 5731',
      's.csv:4 line has text behind a closing quote',
    ]);
    expect(read.facts.filter((line) => line.includes('STATUS'))).toEqual([
      'domain1.example. STATUS serverHold',
      // A status that is not known may forbid.
      'domain2.example. STATUS (unknown)',
      'domain2.example. STATUS ok',
    ]);
  });

  it('reads both statuses of a row, and other separators', async () => {
    const read = await readDeposit({
      csv: [
        DOMAIN,
        {
          name: 'domainStatuses',
          file: 's.csv',
          sep: '|',
          fields: ['csvDomain:fName', 'csvDomain:fStatus', 'csvDomain:fRgpStatus'],
          text: 'domain1.example|pendingDelete|redemptionPeriod\ndomain1.example||\ndomain1.example|ok|nonsense\ndomain1.example|ok\n',
        },
      ],
    });
    expect(read.facts.filter((line) => line.includes('STATUS'))).toEqual([
      'domain1.example. STATUS (unknown)',
      'domain1.example. STATUS ok',
      'domain1.example. STATUS pendingDelete',
      'domain1.example. STATUS rgp:redemptionPeriod',
    ]);
    expect(read.rejects).toEqual([
      's.csv:2 fStatus is empty',
      's.csv:3 fRgpStatus is no status of RFC 3915',
      's.csv:4 line has 2 fields where the XML lists 3',
    ]);
  });

  it('rejects addresses, DS and key data that can not be', async () => {
    const read = await readDeposit({
      csv: [
        DOMAIN,
        HOSTS,
        {
          ...ADDRESSES,
          file: 'a.csv',
          text: `Hns1_domain1_test-TEST,192.0.2.256,v4
Hns1_domain1_test-TEST,192.0.2.1,v6
Hns1_domain1_test-TEST,2001:db8::1::2,v6
Hunknown-TEST,192.0.2.1,v4
Hns1_example_test-TEST,192.0.2.1,v4
`,
        },
        {
          ...DS,
          file: 'd.csv',
          text: `domain1.example,,65536,8,2,${DIGEST}
domain1.example,,1,x,2,${DIGEST}
domain1.example,,1,8,2,${DIGEST}00
domain1.example,,1,8,2,${DIGEST.slice(1)}g
domain1.example,,1,8,200,ABCD
`,
        },
        {
          name: 'dnssec',
          file: 'k.csv',
          fields: FIELDS.keys,
          text: 'domain1.example,,1,3,8,AwEAAQ==\ndomain1.example,,257,2,8,AwEAAQ==\ndomain1.example,,257,3,8,A?==\n',
        },
      ],
    });
    expect(read.rejects).toEqual([
      'a.csv:1 fAddr is no IP address',
      'a.csv:2 fAddrVersion does not fit the address (v4 or v6)',
      'a.csv:3 fAddr is no IP address',
      'a.csv:4 fRoid names a host that is not in the deposit',
      'd.csv:1 fKeyTag is no whole number from 0 to 65535',
      'd.csv:2 fDsAlg is no whole number from 0 to 255',
      'd.csv:3 fDigest has 33 octets; digest type 2 has 32',
      'd.csv:4 fDigest is no digest in hexadecimal',
      'k.csv:1 fFlags is not that of a zone key (RFC 4034 §2.1.1)',
      'k.csv:2 fProtocol is not 3 (RFC 4034 §2.1.2)',
      'k.csv:3 fPubKey is no public key in base64',
    ]);
    expect(read.facts.filter((line) => line.includes(' DS '))).toEqual([
      'domain1.example. DS 86400 1 8 200 ABCD',
    ]);
    // A host outside the zones has no glue here.
    expect(read.result.outside).toBe(1);
  });

  it('knows file and line of every fact, over chunks', async () => {
    const filler = 'x'.repeat(500);
    const rows = Array.from({ length: 20_000 }, (_, i) => `n${i}.example,"${filler}\ny"\n`);
    const text = rows.join('');
    const bad = `${text}b_d.example,\n`;
    const read = await readFacts(
      writeDepositFolder({
        csv: [{ name: 'domain', fields: ['csvDomain:fName', 'rdeCsv:fRoid'], text: bad }],
      }),
      ['example'],
      2,
    );
    expect(read.result.domains).toBe(20_001);
    expect(read.facts).toHaveLength(20_000);
    expect(read.rejects).toEqual([
      '0-domain.csv:40001 fName holds a character that no host name has',
    ]);
  });
});

describe('a deposit that is not whole ends the run with exit 3', () => {
  it('a wrong checksum', async () => {
    const csv = { ...DOMAIN, attributes: 'cksum="75E2D01F"' };
    expect(await failure({ csv: [csv] })).toBe('3 has a wrong checksum: the XML says 75E2D01F');
    const sha = { ...DOMAIN, attributes: `cksum="${'0'.repeat(64)}" cksumAlg="SHA256"` };
    expect(await failure({ csv: [sha] })).toMatch(/^3 has a wrong checksum/);
  });

  it('a wrong count, over all and of a zone', async () => {
    expect(await failure({ ...RFC, counts: { csvDomain: 5 } })).toBe(
      '3 the header counts 5 objects of csvDomain, the files hold 4',
    );
    expect(await failure({ ...RFC, counts: { csvHost: 5 } })).toMatch(/csvHost, the files hold 6/);
    expect(await failure({ ...RFC, counts: { 'csvDomain example': 3 } })).toMatch(
      /of example, .* 4$/,
    );
    expect(await failure({ ...RFC, counts: { csvNNDN: 2 } })).toMatch(/csvNNDN, the files hold 0/);
  });

  it('a wrong count names the row that made it wrong', async () => {
    const text = 'a.example\n"b.example\nc.example\n';
    const deposit = { ...domainsOnly(text), counts: { csvDomain: 3 } };
    const error = await readFacts(writeDepositFolder(deposit)).catch((e: unknown) => e);
    expect(error).toMatchObject({
      exitCode: 3,
      message: 'the header counts 3 objects of csvDomain, the files hold 2',
      hint: expect.stringMatching(/^1 rows of csvDomain can't be used; the first: .*csv:2/),
    });
  });

  it('but a row that cannot be used is of no zone, and no zone lacks it', async () => {
    const deposit = { ...domainsOnly('a.example\n*.example\n'), counts: {} };
    const counted = (n: number) => ({
      ...deposit,
      counts: { csvDomain: 2, 'csvDomain example': n },
    });
    const read = await readFacts(writeDepositFolder(counted(2)), ['example']);
    expect(read.rejects).toHaveLength(1);
    expect(await failure(counted(3), ['example'])).toMatch(/counts 3 .* of example, .* 1$/);
  });

  it('differential and incremental deposits, by name', async () => {
    expect(await failure({ ...RFC, type: 'DIFF' })).toMatch(/^3 .* DIFF: differential deposits/);
    expect(await failure({ ...RFC, type: 'INCR' })).toMatch(/^3 .* INCR: incremental deposits/);
  });

  it('a quote that is never closed', async () => {
    const text = `"${'a'.repeat(5 << 20)}\n`;
    expect(await failure(domainsOnly(text))).toMatch(/^3 a record is longer than/);
  });

  it('a reject beyond the limit', async () => {
    const folder = writeDepositFolder(domainsOnly('a_.example\n'));
    const error = new Error('enough');
    await expect(
      readFacts(folder, ['example'], 0, {
        reject: () => {
          throw error;
        },
      }),
    ).rejects.toBe(error);
  });

  it('says when there is no checksum', async () => {
    const read = await readDeposit({ csv: [{ ...DOMAIN, attributes: '' }] });
    expect(read.warnings).toEqual([expect.stringMatching(/has no checksum/)]);
  });
});
