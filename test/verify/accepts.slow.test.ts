/**
 * `zonewright verify` accepts what BIND, Knot and ldns sign (04-dnssec, Verification): NSEC,
 * NSEC3 and opt-out, each algorithm; and so do the other judges, so that a refusal of ours is ours.
 */
import { expect, it } from 'vitest';
import { tempDir, zonewright } from '../tools/cli.js';
import { describeWithTools, judges } from '../tools/judges.js';
import {
  type Denial,
  type OutsideZone,
  signWithBind,
  signWithKnot,
  signWithLdns,
  smallZone,
} from '../tools/outside-signers.js';

const SIGNERS: readonly (readonly [
  name: string,
  tool: string,
  sign: (work: OutsideZone) => Promise<string>,
])[] = [
  ['BIND', 'dnssec-signzone', signWithBind],
  ['Knot DNS', 'kzonesign', signWithKnot],
  ['ldns', 'ldns-signzone', signWithLdns],
];
const DENIALS: readonly Denial[] = ['nsec', 'nsec3', 'opt-out'];
const ALGORITHMS = ['RSASHA256', 'ECDSAP256SHA256', 'ECDSAP384SHA384', 'ED25519'];

for (const [name, tool, sign] of SIGNERS) {
  describeWithTools([tool, 'dnssec-keygen'], `verify of zones by ${name}`, () => {
    for (const denial of DENIALS) {
      // Every algorithm once, and every denial with the default algorithm.
      for (const algorithm of denial === 'opt-out' ? ALGORITHMS : ['ECDSAP256SHA256']) {
        it(`accepts ${denial}, ${algorithm}`, async () => {
          const folder = tempDir('accepts');
          const text = smallZone('example');
          const file = await sign({ zone: 'example', text, folder, denial, algorithm });
          const against = await judges({
            zone: 'example',
            file,
            only: ['dnssec-verify', 'kzonecheck', 'kzonesign'],
          });
          expect(against).toEqual([]);
          const done = await zonewright(['verify', file, '--zone', 'example', '--json']);
          expect(JSON.parse(done.stdout)).toMatchObject({ ok: true, faults: [] });
          expect(done.status, done.stderr).toBe(0);
        });
      }
    }
  });
}
