/** The synthetic export: deterministic, and every awkward case of the zone rules is in it. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { domainToASCII } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { sampleCommand } from '#zonewright/sample/sample.js';
import { STATUSES } from '#zonewright/zone/status.js';
import { tempFolder } from '../read/deposit.js';
import { readFacts } from '../read/registry-facts.js';

type Rows = string[][];

/** Fields of simple rows; quoted fields with commas or line feeds are put on one line first. */
function rows(folder: string, key: string): Rows {
  const name = readdirSync(folder).find((file) => file.endsWith(`_${key}.csv`)) as string;
  const text = readFileSync(join(folder, name), 'utf8').replace(/"(?:[^"]|"")*"/g, 'quoted');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(','));
}

function digest(folder: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).sort()) hash.update(readFileSync(join(folder, name)));
  return hash.digest('hex');
}

async function sample(domains: number, more: Partial<Parameters<typeof sampleCommand>[0]> = {}) {
  const out = join(tempFolder(), 'export');
  const summary = await sampleCommand({ domains, out, ...more });
  return { out, summary };
}

const group = (pairs: Rows, from: number, to: number): Map<string, string[]> => {
  const map = new Map<string, string[]>();
  for (const row of pairs) map.set(row[from], [...(map.get(row[from]) ?? []), row[to]]);
  return map;
};
const parentOf = (name: string): string => name.split('.').slice(-2).join('.');

describe('a sample of fifty names', () => {
  let out: string;
  let domains: string[];
  let statuses: Map<string, string[]>;
  let rgp: Set<string>;
  let held: Set<string>;
  let addresses: Map<string, string[]>;
  let hostNames: string[];
  let servers: Map<string, string[]>;

  beforeAll(async () => {
    ({ out } = await sample(50));
    domains = rows(out, 'domain').map((row) =>
      domainToASCII(row[1].replace(/\.$/, '')).toLowerCase(),
    );
    const statusRows = rows(out, 'domainStatuses');
    statuses = group(statusRows, 0, 1);
    rgp = new Set(statusRows.map((row) => row[4]).filter(Boolean));
    const forbidding = new Set(STATUSES.filter((s) => s.forbids).map((s) => s.name));
    held = new Set(statusRows.filter((row) => forbidding.has(row[1])).map((row) => row[0]));
    const nameOf = new Map(rows(out, 'host').map(([name, roid]) => [roid, name]));
    hostNames = [...nameOf.values(), ...rows(out, 'attributes').map((row) => row[1])];
    addresses = group(
      rows(out, 'hostAddresses').map(([roid, , address]) => [nameOf.get(roid) as string, address]),
      0,
      1,
    );
    for (const [, host, address] of rows(out, 'attributes')) {
      if (address !== '') addresses.set(host, [...(addresses.get(host) ?? []), address]);
    }
    servers = group(
      [
        ...rows(out, 'serversByRoid').map(([name, roid]) => [name, nameOf.get(roid) as string]),
        ...rows(out, 'serversByName').map(([host, name]) => [name, host]),
        ...rows(out, 'attributes').map(([name, host]) => [name, host]),
      ],
      0,
      1,
    );
  });

  /** Hosts named by delegations that are published. */
  const named = (): Set<string> =>
    new Set([...servers].filter(([name]) => !held.has(name)).flatMap(([, hosts]) => hosts));
  const delegated = (): string[] => domains.filter((name) => !held.has(name) && servers.has(name));

  it('has every EPP and RGP status, and several on one name', () => {
    const known = (vocabulary: string): string[] =>
      STATUSES.filter((s) => s.vocabulary === vocabulary).map((s) => s.name);
    const epp = new Set([...statuses.values()].flat());
    expect(known('epp').filter((name) => !epp.has(name))).toEqual([]);
    expect(known('rgp').filter((name) => !rgp.has(name))).toEqual([]);
    expect([...statuses.values()].some((list) => list.length > 3)).toBe(true);
  });

  it('has names without name servers', () => {
    expect(domains.filter((name) => !servers.has(name)).length).toBeGreaterThanOrEqual(2);
  });

  it('has in-domain, sibling and cross-zone glue, IPv4 and IPv6', () => {
    const uses = delegated().flatMap((name) =>
      (servers.get(name) as string[]).map((host) => [name, host] as const),
    );
    expect(uses.some(([name, host]) => host.endsWith(`.${name}`) && addresses.has(host))).toBe(
      true,
    );
    const sibling = [...named()].filter((host) => {
      const cut = parentOf(host);
      return delegated().includes(cut) && !servers.get(cut)?.includes(host) && addresses.has(host);
    });
    expect(sibling.length).toBeGreaterThan(0);
    expect(uses.some(([name, host]) => name.endsWith('.com') && host.endsWith('.net'))).toBe(true);
    expect(uses.some(([name, host]) => name.endsWith('.net') && host.endsWith('.com'))).toBe(true);
    const kinds = [...addresses.values()].map((list) =>
      [...new Set(list.map((a) => (a.includes(':') ? '6' : '4')))].sort().join(''),
    );
    expect(new Set(kinds)).toEqual(new Set(['4', '6', '46']));
    expect(uses.some(([, host]) => /\.(org|info|de)$/.test(host))).toBe(true);
  });

  it('has name servers without address', () => {
    const bare = delegated().filter((name) =>
      servers.get(name)?.some((host) => host.endsWith(`.${name}`) && !addresses.has(host)),
    );
    expect(bare.length).toBeGreaterThanOrEqual(2);
  });

  it('has orphans of both classes', () => {
    const cut = new Set(delegated());
    const withAddress = [...addresses.keys()];
    const unreferenced = withAddress.filter((h) => cut.has(parentOf(h)) && !named().has(h));
    const sac048 = withAddress.filter((h) => !cut.has(parentOf(h)) && named().has(h));
    const stray = withAddress.filter((h) => !cut.has(parentOf(h)) && !named().has(h));
    const everNamed = new Set([...servers.values()].flat());
    // Named by nobody, and by a held name only.
    expect(unreferenced.some((h) => !everNamed.has(h))).toBe(true);
    expect(unreferenced.some((h) => everNamed.has(h))).toBe(true);
    // Below a held name, and below a name that is gone.
    expect(sac048.some((h) => domains.includes(parentOf(h)))).toBe(true);
    expect(sac048.some((h) => !domains.includes(parentOf(h)))).toBe(true);
    expect(stray.length).toBeGreaterThanOrEqual(2);
    expect(hostNames).toContain('a.gtld-servers.net');
  });

  it('has DS data with all digest types, key data, and DS where there is no delegation', () => {
    const ds = rows(out, 'ds');
    expect(new Set(ds.map((row) => row[4]))).toEqual(new Set(['1', '2', '4']));
    expect([...group(ds, 0, 2).values()].some((list) => list.length > 1)).toBe(true);
    expect(rows(out, 'keys').length).toBeGreaterThan(0);
    expect(ds.some((row) => held.has(row[0]) && servers.has(row[0]))).toBe(true);
    expect(ds.some((row) => !servers.has(row[0]))).toBe(true);
  });

  it('has awkward names', () => {
    const written = rows(out, 'domain').map((row) => row[1]);
    expect(written.some((name) => /^xn--/.test(name))).toBe(true);
    expect(written.some((name) => /[^\0-\x7f]/.test(name) && name === name.toLowerCase())).toBe(
      true,
    );
    expect(written.some((name) => /[^\0-\x7f]/.test(name) && name !== name.toLowerCase())).toBe(
      true,
    );
    expect(written.some((name) => /^[A-Z]+\.COM$/.test(name))).toBe(true);
    expect(written.some((name) => name.endsWith('.'))).toBe(true);
    expect(written.some((name) => /^[^.]{63}\./.test(name))).toBe(true);
    expect(written.some((name) => /^\d\d/.test(name))).toBe(true);
    expect(written.some((name) => /^[0-9a-v]{32}\./.test(name))).toBe(true);
    expect(new Set(rows(out, 'nndn').map((row) => row.slice(3, 5).join()))).toEqual(
      new Set(['blocked,', 'withheld,', 'mirrored,', 'mirrored,0', 'mirrored,1']),
    );
  });

  it('is not in canonical order', () => {
    expect(domains).not.toEqual([...domains].sort());
  });
});

describe('a sample', () => {
  it('is read without a reject, packed or not, with either checksum', async () => {
    const { out, summary } = await sample(2500);
    const plain = await readFacts(out, ['com', 'net']);
    expect(plain.rejects).toEqual([]);
    expect(plain.warnings).toEqual([]);
    expect(plain.result).toMatchObject({ domains: 2500, hosts: summary.hosts, mirrors: 6 });
    expect(plain.result.perZone[1]).toBeGreaterThan(150);
    const packed = await sample(2500, { gzip: true, checksum: 'SHA256' });
    expect((await readFacts(packed.out, ['com', 'net'])).facts).toEqual(plain.facts);
  });

  it('has 4.5% secure names and most names with few hosts', async () => {
    const { out } = await sample(20_000);
    const secure = new Set([...rows(out, 'ds'), ...rows(out, 'keys')].map((row) => row[0]));
    // Beside the 4.5% there are DS of a held name and of one without name servers.
    expect(secure.size).toBe(20 * (45 + 2));
    const uses = rows(out, 'serversByRoid').map((row) => row[1]);
    const counts = [
      ...group(
        uses.map((host) => [host, '']),
        0,
        1,
      ).values(),
    ].map((l) => l.length);
    counts.sort((a, b) => b - a);
    const hosts = rows(out, 'host').length;
    const top = counts.slice(0, Math.round(hosts * 0.05)).reduce((a, b) => a + b, 0);
    expect(top / uses.length).toBeGreaterThan(0.6);
    expect(new Set(rows(out, 'domain').map((row) => row[1])).size).toBe(20_000);
  });

  it('is the same for the same seed and another for another', async () => {
    const one = await sample(300);
    expect(digest((await sample(300)).out)).toBe(digest(one.out));
    expect(digest((await sample(300, { seed: 2 })).out)).not.toBe(digest(one.out));
    // The beginning does not depend on the size, but for the choice among the hosters.
    const first = (folder: string): string[] => rows(folder, 'domain').map(String).slice(0, 300);
    expect(first((await sample(5000)).out)).toEqual(first(one.out));
  });

  it('takes other zones, one or many', async () => {
    const one = await sample(200, { zones: ['test'] });
    expect((await readFacts(one.out, ['test'])).result).toMatchObject({
      perZone: [200],
      outside: 0,
    });
    const three = await sample(2000, { zones: ['a', 'b.c', 'org'] });
    const read = await readFacts(three.out, ['a', 'b.c', 'org']);
    expect(read.rejects).toEqual([]);
    expect(Math.min(...read.result.perZone)).toBeGreaterThan(20);
    const tiny = await sample(1);
    expect((await readFacts(tiny.out, ['com', 'net'])).rejects).toEqual([]);
  });

  it('as master files has a delegation for each name, with configured TTLs', async () => {
    const { out, summary } = await sample(3000, { format: 'master', zones: ['com'] });
    expect(summary.files.map((file) => file.slice(out.length + 1))).toEqual(['com.zone']);
    const lines = readFileSync(join(out, 'com.zone'), 'utf8').trimEnd().split('\n');
    const records = lines.map((line) => line.split('\t'));
    expect(records.every((fields) => fields.length === 5 && fields[2] === 'in')).toBe(true);
    expect(records[0].slice(0, 4)).toEqual(['com.', '900', 'in', 'soa']);
    const of = (type: string): string[][] => records.filter((fields) => fields[3] === type);
    expect(new Set(of('ns').map((fields) => fields[0])).size).toBe(3000 + 1);
    expect(new Set(of('ds').map((fields) => fields[0])).size).toBe(3 * (45 + 2));
    expect(new Set(of('ns').map((fields) => fields[1]))).toEqual(new Set(['172800']));
    expect(new Set(of('ds').map((fields) => fields[1]))).toEqual(new Set(['86400']));
  });

  it('replaces another sample, but no other file', async () => {
    const { out } = await sample(60);
    const before = digest(out);
    await sampleCommand({ domains: 60, out, seed: 9 });
    expect(digest(out)).not.toBe(before);
    writeFileSync(join(out, 'zonewright.toml'), '');
    await expect(sampleCommand({ domains: 60, out })).rejects.toMatchObject({ exitCode: 2 });
    expect(existsSync(join(out, 'zonewright.toml'))).toBe(true);
  });

  it('refuses numbers, formats and zones that can not be', async () => {
    const out = join(tempFolder(), 'x');
    for (const wrong of [
      { domains: 0 },
      { domains: 1.5 },
      { domains: 2 ** 28 },
      { domains: 50, format: 'xml' },
      { domains: 50, zones: [] },
      { domains: 50, zones: ['a', 'A'] },
      { domains: 50, zones: ['a b'] },
      { domains: 50, zones: ['../x'] },
    ]) {
      await expect(sampleCommand({ out, ...wrong })).rejects.toMatchObject({ exitCode: 2 });
    }
  });
});
