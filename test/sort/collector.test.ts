/** A disk that can't take the temporary files is named as what it is: not as the output's. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Kind } from '#zonewright/records/entry.js';
import { TYPE } from '#zonewright/records/types.js';
import { Collector } from '#zonewright/sort/collector.js';
import { tempDir } from '../tools/cli.js';

it('names the folder that can not be made, and says what to do', () => {
  const file = join(tempDir('collector'), 'file');
  writeFileSync(file, '');
  const folder = join(file, 'runs');
  const collector = new Collector({ folder, memory: 1, threads: 1 });
  const key = Uint8Array.of(97, 0);
  const rdata = Uint8Array.of(1, 2, 3, 4);
  collector.writer.append(key, 0, 2, Kind.record, TYPE.A, 60, 0, 1, rdata, 0, 4);
  expect(() => collector.settle()).toThrow(
    expect.objectContaining({
      exitCode: 1,
      place: { file: expect.stringContaining(folder) },
      hint: expect.any(String),
    }),
  );
});
