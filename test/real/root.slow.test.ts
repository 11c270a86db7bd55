/**
 * The real root zone, which comes signed: the old signatures go, every delegation, DS and address
 * stays, and the outside judges accept what we sign. Not validns: it takes every name of the root
 * zone for one that does not belong to it, whoever signs.
 */
import { it } from 'vitest';
import { tempDir } from '../tools/cli.js';
import { describeWithData, describeWithTools, JUDGES } from '../tools/judges.js';
import { checkReal } from './real.js';

const WAYS: readonly (readonly [algorithm: string, ...flags: string[]])[] = [
  ['RSASHA256', '--nsec'],
  ['ECDSAP256SHA256', '--nsec3'],
  ['ED25519', '--nsec3', '--opt-out'],
];

describeWithData(['root-2026-08-22.zone.gz'], 'sign of the real root zone', ([input]) => {
  describeWithTools(['dnssec-keygen', ...JUDGES], 'judged', () => {
    for (const [algorithm, ...flags] of WAYS) {
      it(`${algorithm} ${flags.join(' ')}`, async () => {
        await checkReal({ zone: '.', input: input as string, algorithm, flags }, tempDir('root'));
      });
    }
  });
});
