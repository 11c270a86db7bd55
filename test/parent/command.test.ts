/** `zonewright keys parent`, run as a user does, with the parent's servers on loopback. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ServerAddress, serverAddressText } from '#zonewright/config/server-address.js';
import { dsRdata } from '#zonewright/dnssec/ds.js';
import { readKeys } from '#zonewright/keys/store.js';
import { tempDir, zonewright, zonewrightOk } from '../tools/cli.js';
import { type Behaviour, ds, honest, startServer, ZONE, ZONE_TEXT } from './servers.js';

let folder: string;
let ksk: { tag: number; dnskey: Uint8Array };

beforeAll(async () => {
  folder = tempDir('keys-parent');
  await zonewrightOk(['keys', 'generate', '--zone', ZONE_TEXT, '--key-dir', join(folder, 'keys')]);
  const found = readKeys(join(folder, 'keys'), ZONE).find(({ flags }) => flags === 257);
  ksk = found as NonNullable<typeof found>;
}, 60_000);

function configure(servers: readonly ServerAddress[]): string {
  const file = join(folder, 'zonewright.toml');
  writeFileSync(
    file,
    `[source]
format = "master"
path = "zones"
[policy.p]
[[zones]]
name = "${ZONE_TEXT}"
policy = "p"
parent-servers = ${JSON.stringify(servers.map(serverAddressText))}
`,
  );
  return file;
}

async function keysParent(behaviours: readonly Behaviour[], ...flags: readonly string[]) {
  const servers = await Promise.all(behaviours.map((behaviour) => startServer(behaviour)));
  const config = configure(servers);
  const before = filesOf(folder);
  const done = await zonewrightOk([
    'keys',
    'parent',
    '--zone',
    ZONE_TEXT,
    '--config',
    config,
    '-q',
    ...flags,
  ]);
  expect(filesOf(folder)).toEqual(before);
  return done.stdout;
}

/** Everything in the folder, with contents: the command changes nothing. */
function filesOf(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((file) => `${file}: ${readFileSync(file, 'utf8')}`);
}

describe('keys parent', () => {
  it('--json: servers with their answers, the agreed set, the verdict on the KSK, foreign DS', async () => {
    const own = dsRdata(ZONE, ksk.dnskey, 2);
    const out = await keysParent([honest([own, ds(7)], 300), honest([own, ds(7)], 900)], '--json');
    const foreign = `${(ds(7)[0] << 8) | ds(7)[1]} 13 2 `;
    const answer = { ds: expect.arrayContaining([expect.stringContaining(foreign)]), ttl: 300 };
    expect(JSON.parse(out)).toMatchObject({
      version: 1,
      zone: ZONE_TEXT,
      parent: null,
      agreed: true,
      ttl: 900,
      ds: [expect.any(String), expect.any(String)],
      problems: [],
      servers: [
        { address: '127.0.0.1', udp: answer, tcp: answer, differs: null, excused: false },
        { address: '127.0.0.1' },
      ],
      keys: [{ tag: ksk.tag, role: 'ksk', algorithm: 'ECDSAP256SHA256', verdict: 'seen' }],
      dsOfNoKey: [expect.stringContaining(foreign)],
    });
  });

  it('without: the table, the problems and the verdicts', async () => {
    const out = await keysParent([
      honest([ds(7)]),
      { ...honest([ds(7)]), tcp: (_, socket) => socket.end() },
    ]);
    const lines = out.split('\n');
    expect(lines[0]).toBe(`${ZONE_TEXT}. at its parent: NO AGREEMENT`);
    expect(lines[1]).toMatch(/^SERVER +ADDRESS +UDP +TCP$/);
    expect(lines[2]).toMatch(/^127\.0\.0\.1:\d+ +127\.0\.0\.1:\d+ +\d+\/13\/2 +\d+\/13\/2$/);
    expect(lines[3]).toMatch(/^127\.0\.0\.1:\d+ +127\.0\.0\.1:\d+ +\d+\/13\/2 +unreachable$/);
    expect(out).toMatch(/over TCP closes the connection before its whole answer\n/);
    expect(out).toContain(`ksk   ECDSAP256SHA256  ${ksk.tag}`);
    expect(out.trimEnd()).toMatch(/unclear$/);
  });

  it('says "gone" when all deny', async () => {
    const out = await keysParent([honest([])]);
    expect(out).toContain(`${ZONE_TEXT}. at its parent (example.): all its name servers agree\n`);
    expect(out).toContain(`${ZONE_TEXT}. has no DS at its parent\n`);
    expect(out.trimEnd()).toMatch(/gone$/);
  });

  it('refuses the root zone with exit 2', async () => {
    const keys = join(folder, 'root-keys');
    await zonewrightOk(['keys', 'generate', '--zone', '.', '--key-dir', keys]);
    const done = await zonewright(['keys', 'parent', '--zone', '.', '--key-dir', keys], {
      cwd: keys,
    });
    expect(done).toMatchObject({ status: 2, stdout: '' });
    expect(done.stderr).toContain('no parent');
  });

  it('needs a zone', async () => {
    const done = await zonewright(['keys', 'parent']);
    expect(done.status).toBe(2);
    expect(done.stderr).toContain('--zone');
  });
});
