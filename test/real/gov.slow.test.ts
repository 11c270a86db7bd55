/**
 * The real .gov zone of two days, signed every way: each delegation, DS and address of the input
 * is in the output and nothing else is; the outside judges accept the zone.
 */
import { describe, it } from 'vitest';
import { tempDir } from '../tools/cli.js';
import { describeWithData, describeWithTools, JUDGES } from '../tools/judges.js';
import { checkReal } from './real.js';

const WAYS: readonly (readonly [algorithm: string, ...flags: string[]])[] = [
  ['ECDSAP256SHA256', '--nsec3', '--opt-out'],
  ['ECDSAP256SHA256', '--nsec3'],
  ['ECDSAP256SHA256', '--nsec'],
  ['RSASHA256', '--nsec3', '--opt-out'],
  ['ECDSAP384SHA384', '--nsec3', '--opt-out'],
  ['ED25519', '--nsec3', '--opt-out'],
];

describeWithData(
  ['gov-2026-08-21.zone.gz', 'gov-2026-08-22.zone.gz'],
  'sign of the real .gov zone',
  ([dayOne, dayTwo]) => {
    describeWithTools(['dnssec-keygen', ...JUDGES], 'judged', () => {
      for (const [algorithm, ...flags] of WAYS) {
        it(`of 22 August 2026, ${algorithm} ${flags.join(' ')}`, async () => {
          const input = dayTwo as string;
          await checkReal({ zone: 'gov.', input, algorithm, flags }, tempDir('gov'));
        });
      }

      it('of 21 August 2026', async () => {
        const input = dayOne as string;
        const flags = ['--opt-out'];
        const algorithm = 'ECDSAP256SHA256';
        await checkReal({ zone: 'gov.', input, algorithm, flags }, tempDir('gov'));
      });
    });

    describeWithTools(['dnssec-keygen', 'validns'], 'judged by validns', () => {
      describe('without the DS of algorithm 2, which validns does not know', () => {
        it('RSASHA256 --nsec3 --opt-out', async () => {
          await checkReal(
            {
              zone: 'gov.',
              input: dayTwo as string,
              algorithm: 'RSASHA256',
              flags: ['--nsec3', '--opt-out', '--no-zonemd'],
              keep: (line) => !/\sDS\s+\d+\s+2\s/.test(line),
              judges: ['validns'],
            },
            tempDir('gov'),
          );
        });
      });
    });
  },
);
