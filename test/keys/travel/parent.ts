/**
 * The parent zone, signed by BIND's dnssec-signzone with keys that stay, for all the years of the
 * simulation; only the DS RRset of the child changes.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../tools/cli.js';
import { toolPath } from '../../tools/judges.js';
import { bindKeys } from '../../tools/outside-signers.js';
import { CHILD } from './child.js';

export const PARENT = 'example.';

/** How long resolvers remember that there is no DS; seconds. */
export const PARENT_NEGATIVE_TTL = 3600;

export interface Parent {
  /** The trust anchor. */
  readonly anchor: string;
  /** A version of the zone with this DS RRset: RDATA as text. */
  sign(ds: readonly string[]): Promise<{ readonly text: string; readonly serial: number }>;
}

/** @param dsTtl the TTL of the DS RRset; seconds. */
export async function createParent(folder: string, dsTtl: number): Promise<Parent> {
  mkdirSync(folder, { recursive: true });
  const keys = join(folder, 'keys');
  const { ksk } = await bindKeys('example', 'ECDSAP256SHA256', keys);
  let serial = 0;
  return {
    anchor: readFileSync(join(keys, `${ksk}.key`), 'utf8'),
    sign: async (ds) => {
      serial++;
      const lines = [
        `${PARENT} 3600 SOA ns1.example. h.example. ${serial} 1800 900 604800 ${PARENT_NEGATIVE_TTL}`,
        `${PARENT} 3600 NS ns1.example.`,
        'ns1.example. 3600 A 127.0.0.1',
        `${CHILD}. 3600 NS ns1.${CHILD}.`,
        `ns1.${CHILD}. 3600 A 127.0.0.1`,
        ...ds.map((rdata) => `${CHILD}. ${dsTtl} DS ${rdata}`),
      ];
      writeFileSync(join(folder, 'unsigned'), `${lines.join('\n')}\n`);
      const signed = join(folder, 'signed');
      const years = ['-s', '20250101000000', '-e', '20370101000000'];
      const args = ['-q', '-S', '-K', keys, '-o', PARENT, ...years, '-f', signed, 'unsigned'];
      const done = await run(toolPath('dnssec-signzone'), args, { cwd: folder });
      if (done.status !== 0) throw new Error(`dnssec-signzone: ${done.stderr}`);
      return { text: readFileSync(signed, 'utf8'), serial };
    },
  };
}
