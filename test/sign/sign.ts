/** Signs a zone given as text with `zonewright sign`, with a KSK and a ZSK of its own. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NOW, newKey } from '../keys/helpers.js';
import { type Finished, tempDir, zonewright } from '../tools/cli.js';
import { readZoneText, type TextRecord } from '../tools/zone-text.js';

export const CLOCK = '2026-11-22T00:00:00Z';

/** SOA, NS and the name server of the zone `example`. */
export const APEX = `$ORIGIN example.
$TTL 3600
@ IN SOA ns1.example. host.example. 1 7200 3600 1209600 300
@ NS ns1.example.
ns1 A 192.0.2.1
`;

export interface Signed extends Finished {
  readonly folder: string;
  /** The signed zone's file; it may not exist. */
  readonly output: string;
  /** Empty without an output. */
  readonly records: readonly TextRecord[];
}

/** Makes a key folder for the zone `example`. */
export function exampleKeys(folder: string, algorithm = 13): string {
  const keys = join(folder, 'keys');
  mkdirSync(keys, { mode: 0o700 });
  const timing = { created: NOW - 86400, publish: NOW - 86400, activate: NOW - 86400 };
  newKey(keys, 'ksk', timing, algorithm);
  newKey(keys, 'zsk', timing, algorithm);
  return keys;
}

/** Signs the text of a zone `example`. */
export async function signText(text: string, ...flags: readonly string[]): Promise<Signed> {
  const folder = tempDir('sign');
  const keys = exampleKeys(folder);
  const input = join(folder, 'zone');
  const output = join(folder, 'signed');
  writeFileSync(input, text);
  const done = await zonewright([
    ...['sign', input, '--zone', 'example', '--key-dir', keys, '--output', output],
    ...['--now', CLOCK, ...flags],
  ]);
  return { ...done, folder, output, records: existsSync(output) ? readZoneText(output) : [] };
}
