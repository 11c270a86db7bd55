/**
 * Mutated zone files through `sign`: either a zone that the outside judges accept (exit 0), or
 * exit 3 with an error that names file and line, and the old output left as it was. Never a
 * crash, a hang or a half-written output.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tempDir, zonewright } from '../tools/cli.js';
import { describeWithTools, judges } from '../tools/judges.js';
import { bindKeys, smallZone } from '../tools/outside-signers.js';
import { inPairs, KINDS, mutate, seeded } from './mutate.js';

const CASES = 90;
const BEFORE = 'what was there before\n';

describeWithTools(
  ['dnssec-keygen', 'dnssec-verify', 'kzonesign', 'ldns-verify-zone'],
  'sign of mutated zone files',
  () => {
    it(`survives ${CASES} of them`, async () => {
      const folder = tempDir('fuzz-zone');
      const keys = join(folder, 'keys');
      await bindKeys('example', 'ECDSAP256SHA256', keys);
      const good = Buffer.from(smallZone('example'));

      const one = async (number: number): Promise<string | undefined> => {
        const kind = KINDS[number % KINDS.length] as string;
        const place = join(folder, `${number}`);
        mkdirSync(place);
        const input = join(place, 'example.zone');
        const output = join(place, 'signed');
        writeFileSync(input, mutate(kind, good, seeded(number)));
        writeFileSync(output, BEFORE);
        const done = await zonewright(
          ['sign', input, '--zone', 'example', '--key-dir', keys, '--output', output],
          { cwd: place, timeout: 30_000 },
        );
        const named = `${number} (${kind}, ${input}): exit ${done.status}\n${done.stderr}`;
        if (done.timedOut) return `hang: ${named}`;
        const after = readFileSync(output, 'latin1');
        if (done.status === 3) {
          if (after !== BEFORE) return `output changed: ${named}`;
          const place = /error: \S*example\.zone(:\d+)?/.exec(done.stderr);
          // What a zone lacks has no line.
          const placed = place?.[1] !== undefined || /\bno (SOA|NS)\b/.test(done.stderr);
          return place !== null && placed ? undefined : `no file and line: ${named}`;
        }
        if (done.status !== 0) return `wrong exit: ${named}`;
        const against = await judges({
          zone: 'example',
          file: output,
          only: ['dnssec-verify', 'kzonesign', 'ldns-verify-zone'],
        });
        return against.length === 0 ? undefined : `${named}\n${JSON.stringify(against)}`;
      };

      const failures = await inPairs(
        Array.from({ length: CASES }, (_, number) => () => one(number)),
      );
      expect(failures.filter((failure) => failure !== undefined)).toEqual([]);
    });
  },
);
