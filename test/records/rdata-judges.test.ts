/**
 * Outside judges: BIND and ldns read a zone with a record of every type, as a person would write
 * it and as we write it, and must see the same zone; Knot DNS must accept ours.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nameFromText } from '#zonewright/names/name.js';
import { rdataFromText, rdataToText } from '#zonewright/records/rdata.js';
import { TYPE, typeFromText } from '#zonewright/records/types.js';
import { run } from '../tools/cli.js';
import { describeWithTools, toolPath } from '../tools/judges.js';

const ORIGIN = nameFromText('example.com.');
const KEY =
  'AwEAAbdxyhNuSutc5EMzxTs9LBPCIkOFH8cIvM4p9+LrV4e19WzK00+CI6zBCQTdtWsuxKbWIy87UOoJTwkUs7lBu+Up';
const SHA1 = '2BB183AF5F22588179A53B0A 98631FAD1A292118';
const SHA256 = 'd4b7d520e7bb5f0f67674a0cceb1e3e0 614b93c4f9e99b8383f6a1e4469da50a';
const SHA384 =
  'c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3 a1ddc0b9a87153b9a9713b3c9ae5cc27777f98b8e730044c';

/** Type, RDATA as people write it, and judges that don't know the type or misread it. */
const ROWS: readonly [type: string, rdata: string, blind?: string][] = [
  ['A', '192.0.2.1'],
  ['NS', 'ns.example.net.'],
  ['CNAME', 'www.example.net.'],
  ['DNAME', 'other.example.net.'],
  ['PTR', '@'],
  ['HINFO', 'PDP-11 "UNIX V7"'],
  ['MINFO', 'a b.example.net.'],
  ['MX', '10 mail'],
  ['TXT', 'plain "two words" "a\\"b;c" "\\200\\001" ""'],
  ['TXT', `"${'x'.repeat(255)}" "${'y'.repeat(255)}"`],
  ['SPF', '"v=spf1 -all"'],
  ['RP', 'admin txt.example.net.'],
  ['AFSDB', '1 afs'],
  ['X25', '"311061700956"', 'kzonecheck'],
  ['ISDN', '"150862028003217" "004"', 'kzonecheck'],
  ['RT', '10 relay'],
  ['NSAP', '0x47.0005.80.005a00.0000.0001.e133.ffffff000161.00', 'kzonecheck'],
  ['PX', '10 a.example.net. b.example.net.', 'kzonecheck'],
  ['KEY', `256 3 8 ${KEY}`],
  ['AAAA', '2001:DB8:0:0:1:0:0:1'],
  ['AAAA', '::ffff:192.0.2.33'],
  ['AAAA', '1:2:3:4:5:6:7::'],
  ['LOC', '42 21 43.952 N 71 5 6.344 W -24m 1m 200m'],
  // ldns 1.8 takes the latitude's minutes for the longitude's.
  ['LOC', '32 7 S 116 E 10', 'ldns-read-zone'],
  ['SRV', '0 5 5060 sip'],
  ['NAPTR', '100 10 "u" "E2U+sip" "!^(\\\\+44.*)$!sip:\\\\1@example.com!" .'],
  ['KX', '10 kx'],
  ['CERT', 'PKIX 65535 RSASHA256 AQIDBAUG'],
  ['APL', '1:192.168.32.0/21 !1:192.168.38.0/28 2:2001:db8::/32'],
  ['DS', `60485 RSASHA1 1 ${SHA1}`],
  ['DS', `12345 13 2 ${SHA256}`],
  ['DS', `12345 14 4 ${SHA384}`],
  ['CDS', `12345 13 2 ${SHA256}`],
  ['SSHFP', '2 1 123456789abcdef67890123456789abcdef67890'],
  ['IPSECKEY', '10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ=='],
  ['IPSECKEY', '10 3 2 gw.example.net. AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ=='],
  ['DNSKEY', `257 3 RSASHA256 ${KEY.slice(0, 30)} ${KEY.slice(30)}`],
  ['CDNSKEY', `257 3 8 ${KEY}`],
  ['DHCID', 'AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA='],
  ['NSEC3PARAM', '1 0 12 aabbccdd'],
  ['TLSA', '0 0 1 d2abde240d7cd3ee6b4b28c54df034b9 7983a1d16e8a410e4561cb106618e971'],
  ['SMIMEA', '3 1 1 d2abde240d7cd3ee6b4b28c54df034b9 7983a1d16e8a410e4561cb106618e971'],
  ['HIP', `2 200100107B1A74DF365639CC39F1D578 ${KEY} rvs.example.net.`, 'kzonecheck'],
  ['OPENPGPKEY', KEY],
  ['CSYNC', '66 3 A NS AAAA'],
  ['ZONEMD', `2018031900 1 240 ${SHA384}`],
  ['SVCB', '16 svc mandatory=alpn,ipv4hint ipv4hint=192.0.2.1,192.0.2.2 alpn=h2,h3-19'],
  ['HTTPS', '1 . alpn="h2,h3" port=8443 ipv6hint=2001:DB8::1 ech=AAAA key667="hello\\210qoo"'],
  ['HTTPS', '0 alias.example.net.'],
  ['NID', '10 0014:4fff:ff20:ee64'],
  ['L32', '10 10.1.2.0'],
  ['L64', '10 2001:0DB8:1140:1000'],
  ['LP', '10 l64-subnet'],
  ['EUI48', '00-00-5e-00-53-2a'],
  ['EUI64', '00-00-5e-ef-10-00-00-2a'],
  ['URI', '10 1 "ftp://ftp1.example.com/public"'],
  ['CAA', '128 issue "ca1.example.net; policy=\\"ev\\""'],
  ['AVC', '"app-name:WOLFGANG|app-class:OAM"', 'ldns-read-zone kzonecheck'],
  ['TALINK', '. talink.example.net.', 'kzonecheck'],
  ['TYPE65534', '\\# 4 0a 00 0001'],
  ['TYPE65533', '\\# 0'],
];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zonewright-rdata-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HEAD = 'SOA ns1.example.com. admin.example.com. 1 1800 900 604800 86400';

/** The zone's lines; `rewritten` in our words, otherwise as in the table. */
function zone(judge: string, rewritten: boolean): string {
  const lines = [`example.com. 3600 IN ${HEAD}`, 'example.com. 3600 IN NS ns.example.net.'];
  ROWS.forEach(([type, text, blind], i) => {
    if (blind?.includes(judge)) return;
    const number = typeFromText(new TextEncoder().encode(type), 0, type.length);
    // An apex type stays at the apex, each other one gets a name of its own.
    const apex = ['DNSKEY', 'NSEC3PARAM', 'ZONEMD', 'CSYNC'].includes(type);
    const owner = apex ? 'example.com.' : `r${i}.example.com.`;
    const rdata = rewritten ? rdataToText(number, rdataFromText(number, text, ORIGIN)) : text;
    lines.push(`${owner} 3600 IN ${type} ${rdata}`);
    if (number === TYPE.DS) lines.push(`${owner} 3600 IN NS ns.example.net.`);
  });
  return `$ORIGIN example.com.\n${lines.join('\n')}\n`;
}

async function seenBy(judge: string, args: string[], rewritten: boolean): Promise<string[]> {
  const file = join(folder, `${judge}-${rewritten ? 'ours' : 'theirs'}.zone`);
  writeFileSync(file, zone(judge, rewritten));
  const done = await run(toolPath(judge), [...args, file]);
  expect(done.status, done.stdout + done.stderr).toBe(0);
  return done.stdout.split('\n').filter((line) => line !== '');
}

describeWithTools(['named-checkzone'], 'BIND', () => {
  it('sees the same zone in our text as in the original', async () => {
    const args = ['-q', '-i', 'none', '-k', 'ignore', '-s', 'full', '-D', '-o', '-', 'example.com'];
    const theirs = await seenBy('named-checkzone', args, false);
    expect(theirs.length).toBeGreaterThan(ROWS.length);
    expect(await seenBy('named-checkzone', args, true)).toEqual(theirs);
  });
});

describeWithTools(['ldns-read-zone'], 'ldns', () => {
  it('sees the same zone in our text as in the original', async () => {
    const theirs = await seenBy('ldns-read-zone', ['-c'], false);
    expect(theirs.length).toBeGreaterThan(ROWS.length - 5);
    expect(await seenBy('ldns-read-zone', ['-c'], true)).toEqual(theirs);
  });
});

describeWithTools(['kzonecheck'], 'Knot DNS', () => {
  it('accepts our text', async () => {
    await seenBy('kzonecheck', ['-d', 'off', '-o', 'example.com'], true);
  });
});
