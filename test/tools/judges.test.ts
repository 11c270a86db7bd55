/**
 * The judges judge: each accepts a good zone by another signer and rejects a broken one, so that
 * a verdict of theirs on our zones means something.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { tempDir } from './cli.js';
import { describeWithTools, JUDGES, judge, judges, type Tool } from './judges.js';
import { signWithBind, smallZone } from './outside-signers.js';

describeWithTools(
  ['dnssec-keygen', 'dnssec-signzone', ...JUDGES],
  'judges of zones with ECDSA keys',
  () => {
    let good = '';
    let folder = '';

    beforeAll(async () => {
      folder = tempDir('judges');
      good = await signWithBind({
        zone: 'example',
        text: smallZone('example'),
        folder,
        denial: 'nsec3',
        algorithm: 'ECDSAP256SHA256',
      });
    });

    /** The good zone's text with a change, as a file. */
    function changed(name: string, change: (text: string) => string): string {
      const before = readFileSync(good, 'utf8');
      const after = change(before);
      expect(after).not.toBe(before);
      const file = join(folder, name);
      writeFileSync(file, after);
      return file;
    }

    it('accept a zone by dnssec-signzone', async () => {
      expect(await judges({ zone: 'example', file: good })).toEqual([]);
    });

    it('are asked for another time, where they have a flag for it', async () => {
      const soon = new Date(Date.now() + 86_400_000);
      expect(await judges({ zone: 'example', file: good, now: soon })).toEqual([]);
    });

    for (const tool of ['ldns-verify-zone', 'kzonesign', 'kzonecheck'] as const) {
      it(`${tool} rejects signatures that have expired by then`, async () => {
        const later = new Date(Date.now() + 100 * 86_400_000);
        expect((await judge(tool, { zone: 'example', file: good, now: later })).ok).toBe(false);
      });
    }

    for (const tool of ['dnssec-verify', 'ldns-verify-zone', 'kzonesign', 'kzonecheck'] as const) {
      it(`${tool} rejects a changed DS`, async () => {
        const file = changed('ds', (text) => text.replace('01010101', '01010102'));
        expect((await judge(tool, { zone: 'example', file })).ok).toBe(false);
      });
    }

    it('named-checkzone rejects a zone without the glue of an in-domain name server', async () => {
      const file = changed('glue', (text) => text.replace(/^ns1\.insecure\..*\n/m, ''));
      const verdict = await judge('named-checkzone', { zone: 'example', file });
      expect(verdict.ok, verdict.output).toBe(false);
    });

    for (const tool of JUDGES) {
      it(`${tool} rejects a zone without SOA`, async () => {
        const file = changed('soa', (text) => text.replace(/^.*\sSOA\s.*\n/m, ''));
        expect((await judge(tool, { zone: 'example', file })).ok).toBe(false);
      });
    }
  },
);

describeWithTools(
  ['dnssec-keygen', 'dnssec-signzone', 'validns'],
  'validns on zones with RSASHA256 keys',
  () => {
    const only: readonly Tool[] = ['validns'];

    it('accepts a zone by dnssec-signzone and rejects a changed DS', async () => {
      const folder = tempDir('validns');
      const file = await signWithBind({
        zone: 'example',
        text: smallZone('example'),
        folder,
        denial: 'opt-out',
        algorithm: 'RSASHA256',
      });
      expect(await judges({ zone: 'example', file, only })).toEqual([]);
      const broken = join(folder, 'broken');
      writeFileSync(broken, readFileSync(file, 'utf8').replace('01010101', '01010102'));
      expect(await judges({ zone: 'example', file: broken, only })).toHaveLength(1);
    });
  },
);
