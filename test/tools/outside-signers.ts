/**
 * Zones signed by other people's signers (BIND, Knot DNS, ldns), to prove that the judges accept
 * good zones and that `zonewright verify` does.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finished, run } from './cli.js';
import { toolPath } from './judges.js';

export type Denial = 'nsec' | 'nsec3' | 'opt-out';

export interface OutsideZone {
  /** Without the trailing dot. */
  readonly zone: string;
  /** The unsigned zone file's text. */
  readonly text: string;
  /** A folder of the caller's; everything is made in it. */
  readonly folder: string;
  readonly denial: Denial;
  /** BIND's mnemonic, e.g. ECDSAP256SHA256. */
  readonly algorithm: string;
}

async function must(tool: string, args: readonly string[], cwd: string): Promise<Finished> {
  const done = await run(toolPath(tool), args, { cwd });
  if (done.status !== 0) throw new Error(`${tool}: exit ${done.status}\n${done.stderr}`);
  return done;
}

/** Makes a KSK and a ZSK with dnssec-keygen; gives their file names without extension. */
export async function bindKeys(
  zone: string,
  algorithm: string,
  folder: string,
): Promise<{ readonly ksk: string; readonly zsk: string }> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const size = algorithm.startsWith('RSA') ? ['-b', '2048'] : [];
  const common = ['-q', '-K', folder, '-a', algorithm, ...size];
  const ksk = await must('dnssec-keygen', [...common, '-f', 'KSK', zone], folder);
  const zsk = await must('dnssec-keygen', [...common, zone], folder);
  return { ksk: ksk.stdout.trim(), zsk: zsk.stdout.trim() };
}

/** dnssec-signzone; gives the signed file's path. */
export async function signWithBind(work: OutsideZone): Promise<string> {
  const keys = join(work.folder, 'bind-keys');
  await bindKeys(work.zone, work.algorithm, keys);
  writeFileSync(join(work.folder, 'unsigned'), work.text);
  const signed = join(work.folder, 'bind.signed');
  const denial = { nsec: [], nsec3: ['-3', '-'], 'opt-out': ['-3', '-', '-A'] }[work.denial];
  await must(
    'dnssec-signzone',
    ['-q', '-S', '-K', keys, '-o', work.zone, ...denial, '-f', signed, 'unsigned'],
    work.folder,
  );
  return signed;
}

/** kzonesign with keys of its own; gives the signed file's path. */
export async function signWithKnot(work: OutsideZone): Promise<string> {
  const base = join(work.folder, 'knot');
  mkdirSync(join(base, 'out'), { recursive: true });
  const unsigned = join(base, 'unsigned');
  writeFileSync(unsigned, work.text);
  const config = join(base, 'knot.conf');
  writeFileSync(
    config,
    `server:
    rundir: "${base}"
database:
    storage: "${base}"
policy:
  - id: test
    algorithm: ${work.algorithm.toLowerCase()}
    nsec3: ${work.denial === 'nsec' ? 'off' : 'on'}
    nsec3-iterations: 0
    nsec3-salt-length: 0
    nsec3-opt-out: ${work.denial === 'opt-out' ? 'on' : 'off'}
zone:
  - domain: "${work.zone}"
    file: "${unsigned}"
    dnssec-signing: on
    dnssec-policy: test
    zonemd-generate: zonemd-sha384
`,
  );
  await must('kzonesign', ['-c', config, '-o', join(base, 'out'), work.zone], base);
  const [made] = readdirSync(join(base, 'out'));
  if (made === undefined) throw new Error('kzonesign wrote no file');
  return join(base, 'out', made);
}

/** ldns-signzone with keys by dnssec-keygen; gives the signed file's path. */
export async function signWithLdns(work: OutsideZone): Promise<string> {
  const keys = join(work.folder, 'ldns-keys');
  const { ksk, zsk } = await bindKeys(work.zone, work.algorithm, keys);
  const unsigned = join(work.folder, 'ldns-unsigned');
  writeFileSync(unsigned, work.text);
  const signed = join(work.folder, 'ldns.signed');
  // -n takes NSEC3; -p makes it opt-out; -z adds ZONEMD (scheme:hash).
  const denial = { nsec: [], nsec3: ['-n', '-t', '0'], 'opt-out': ['-n', '-p', '-t', '0'] };
  await must(
    'ldns-signzone',
    [
      '-o',
      work.zone,
      ...denial[work.denial],
      '-z',
      '1:1',
      '-f',
      signed,
      unsigned,
      join(keys, zsk),
      join(keys, ksk),
    ],
    work.folder,
  );
  return signed;
}

/**
 * A small TLD with every kind of name: apex name servers inside the zone, secure and insecure
 * delegations, in-domain and sibling glue, empty non-terminals, data of the zone's own, names
 * whose order is not the order of their bytes.
 */
export function smallZone(zone: string, serial = 2026112201): string {
  const ds = (n: number): string =>
    `${1000 + n} 13 2 ${n.toString(16).padStart(2, '0').repeat(32).toUpperCase()}`;
  const lines = [
    `@ SOA ns1.nic hostmaster.nic ${serial} 1800 900 604800 3600`,
    '@ NS ns1.nic',
    '@ NS ns.elsewhere.test.',
    '@ TXT "a zone for tests" "second string; with a semicolon"',
    'ns1.nic A 192.0.2.1',
    'ns1.nic AAAA 2001:db8::1',
    'www.nic A 192.0.2.80',
    '_dmarc TXT "v=DMARC1; p=reject"',
    'mail MX 10 mail.elsewhere.test.',
    'alias CNAME www.nic',
    'a.deep.empty TXT "below two empty non-terminals"',
    'co NS ns1.nic',
    'secure NS ns1.secure',
    'secure NS ns2.secure',
    `secure DS ${ds(1)}`,
    `secure DS ${ds(2)}`,
    'ns1.secure A 192.0.2.11',
    'ns2.secure AAAA 2001:db8:0:0:1::11',
    'insecure NS ns1.insecure',
    'insecure NS ns1.secure',
    'ns1.insecure A 192.0.2.21',
    'third.second.insecure-ent NS ns.elsewhere.test.',
    'third.second.secure-ent NS ns.elsewhere.test.',
    `third.second.secure-ent DS ${ds(3)}`,
    'xn--bcher-kva NS ns.elsewhere.test.',
    `xn--bcher-kva DS ${ds(4)}`,
    '0--0 NS ns.elsewhere.test.',
    'z9 NS ns.elsewhere.test.',
    `z9 DS ${ds(5)}`,
  ];
  for (let i = 0; i < 40; i++) {
    lines.push(`name${i} NS ns1.secure`, `name${i} NS ns${i % 3}.elsewhere.test.`);
    if (i % 5 === 0) lines.push(`name${i} DS ${ds(10 + i)}`);
  }
  return `$ORIGIN ${zone}.\n$TTL 3600\n${lines.join('\n')}\n`;
}
