/** A small zone with its keys in hand, for tests that build it day by day. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir, zonewrightOk } from '../../tools/cli.js';

/** Its configuration; `[policy.p]` is where its policy goes. */
export const CONFIG = `state-dir = "state"
output-dir = "out"
key-dir = "keys"
[source]
format = "master"
path = "example.zone"
[policy.p]
[[zones]]
name = "example"
policy = "p"
`;
/** The zone's export. */
export const TEXT = `example. 3600 in soa ns1.example. host.example. 1 3600 900 604800 3600
example. 3600 in ns ns1.example.
ns1.example. 3600 in a 192.0.2.1
`;

/**
 * A folder with a configuration and keys of example, made on 2026-01-01.
 *
 * @param policy goes to its policy.
 * @param records stand behind those of {@link TEXT}.
 */
export async function newZone(policy = '', records = ''): Promise<string> {
  const folder = tempDir('zone-keys');
  mkdirSync(join(folder, 'keys'), { mode: 0o700 });
  writeFileSync(
    join(folder, 'zonewright.toml'),
    CONFIG.replace('[policy.p]', `[policy.p]\n${policy}`),
  );
  writeFileSync(join(folder, 'example.zone'), TEXT + records);
  await zonewrightOk(['keys', 'generate', '--now', '2026-01-01'], { cwd: folder });
  return folder;
}

interface Status {
  zones: { keys: { tag: number; role: string; goal: string; states: Record<string, string> }[] }[];
}
/** What `keys status` says of the keys. */
export async function statusOf(folder: string, now: string) {
  const { stdout } = await zonewrightOk(['keys', 'status', '--json', '--now', now], {
    cwd: folder,
  });
  return (JSON.parse(stdout) as Status).zones[0].keys;
}
