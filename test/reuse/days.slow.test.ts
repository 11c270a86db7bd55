/** Zones whose signatures were kept, over days, before outside judges; and zones that others signed. */
import { expect, it } from 'vitest';
import { tempDir, zonewrightOk } from '../tools/cli.js';
import { describeWithTools, judges } from '../tools/judges.js';
import { signWithBind, smallZone } from '../tools/outside-signers.js';
import { publishedZone } from '../tools/registry.js';
import { buildDay, daysRegistry, exportOf } from './days.js';

const DAYS = 10;
const at = (day: number): string =>
  new Date(Date.now() + (day - DAYS) * 86_400_000).toISOString().replace(/\.\d+/, '');

describeWithTools(['dnssec-verify'], 'ten days of builds', () => {
  it('keep signatures, satisfy the guard on their life, and the last day satisfies the judges', async () => {
    const registry = await daysRegistry(at(-1));
    let made = 0;
    let first = 0;
    for (let day = 0; day <= DAYS; day++) {
      await exportOf(registry, day);
      for (const { counts } of await buildDay(registry, at(day))) {
        if (day === 0) first += counts.signatures.made;
        else made += counts.signatures.made;
      }
    }
    // In ten days each signature is made anew about twice: half of its fortnight is kept.
    expect(made).toBeGreaterThan(first);
    expect(made).toBeLessThan(5 * first);
    for (const { name } of registry.zones) {
      expect(
        await judges({
          zone: name,
          file: publishedZone(registry, name),
          allow:
            /missing glue record|has no (?:REQUIRED GLUE )?address records|deprecated digest type 1/,
        }),
      ).toEqual([]);
    }
  });
});

describeWithTools(['dnssec-signzone', 'dnssec-keygen', 'dnssec-verify'], 'a zone by BIND', () => {
  for (const denial of ['nsec', 'nsec3', 'opt-out'] as const) {
    it(`keeps its signatures in our hands, ${denial}`, async () => {
      const folder = tempDir('reuse-bind');
      const text = smallZone('example');
      const work = { zone: 'example', text, folder, denial, algorithm: 'ECDSAP256SHA256' };
      const previous = await signWithBind(work);
      const output = `${folder}/ours`;
      const flags = { nsec: ['--nsec'], nsec3: [], 'opt-out': ['--opt-out'] }[denial];
      const done = await zonewrightOk([
        ...['sign', `${folder}/unsigned`, '--zone', 'example', '--key-dir', `${folder}/bind-keys`],
        ...['--output', output, '--previous', previous, '--json', ...flags],
        // BIND signs for thirty days.
        ...['--validity', 'P31D'],
      ]);
      const { made, reused } = JSON.parse(done.stdout).signatures;
      expect(reused).toBeGreaterThan(made);
      expect(await judges({ zone: 'example', file: output })).toEqual([]);
    });
  }
});
