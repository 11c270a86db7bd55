/** The key store shared with BIND's tools: what each side writes, the other reads. */

import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { parseDnskey } from '#zonewright/dnssec/dnskey.js';
import { dsRdata } from '#zonewright/dnssec/ds.js';
import { selectKeys } from '#zonewright/keys/select.js';
import { readKeys, signingKey } from '#zonewright/keys/store.js';
import { writeTiming } from '#zonewright/keys/write.js';
import { openSigner, openVerifier } from '#zonewright/sign/engine.js';
import { wire } from '../dnssec/vectors.js';
import { describeWithTools, toolPath } from '../tools/judges.js';
import { ACTIVE, DAY, keyFolder, NOW, newKey, text, ZONE } from './helpers.js';

const ALGORITHMS = [8, 10, 13, 14, 15, 16];
/** One of each family: RSA keys take long to make. */
const FAMILIES = [8, 13, 16];

function bind(dir: string, tool: string, ...args: readonly string[]): string {
  return execFileSync(toolPath(tool), args, {
    cwd: dir,
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

describeWithTools(
  ['dnssec-keygen', 'dnssec-settime', 'dnssec-signzone', 'dnssec-dsfromkey', 'dnssec-verify'],
  'BIND',
  () => {
    it.each(ALGORITHMS)(
      'keys of dnssec-keygen are read and sign, algorithm %i',
      async (algorithm) => {
        const dir = keyFolder();
        const bits = algorithm < 13 ? ['-b', '2048'] : [];
        const now = NOW - (NOW % 60);
        const times = ['-P', '20261122000000', '-A', '20261123000000', '-I', '20270122000000'];
        const args = ['-q', '-K', '.', '-a', String(algorithm), ...bits, ...times];
        const stem = bind(dir, 'dnssec-keygen', ...args, '-f', 'KSK', 'example').trim();
        const [key] = readKeys(dir, ZONE);
        expect(key.file).toBe(join(dir, `${stem}.key`));
        expect(key.flags).toBe(257);
        expect(key.timing).toMatchObject({
          publish: now,
          activate: now + DAY,
          inactive: now + 61 * DAY,
        });
        const signer = await openSigner(signingKey(key), 'openssl');
        const verifier = await openVerifier(key.dnskey, 'noble');
        const out = new Uint8Array(600);
        const end = signer.sign(ZONE, 0, ZONE.length, out, 0);
        expect(verifier.verify(ZONE, 0, ZONE.length, out, 0, end)).toBe(true);
      },
    );

    it.each(['.', '0/25.2.0.192.in-addr.arpa', 'A_b.Example'])(
      'finds the files that dnssec-keygen makes for zone %s',
      (zone) => {
        const dir = keyFolder();
        bind(dir, 'dnssec-keygen', '-q', '-K', '.', '-a', '13', zone);
        expect(readKeys(dir, wire(zone.toLowerCase()))).toHaveLength(1);
      },
    );

    it.each(FAMILIES)(
      'dnssec-settime and dnssec-dsfromkey take our keys, algorithm %i',
      (algorithm) => {
        const dir = keyFolder();
        const key = newKey(dir, 'ksk', ACTIVE, algorithm);
        const printed = bind(dir, 'dnssec-settime', '-u', '-p', 'all', basename(key.file));
        expect(printed).toContain(`Publish: ${NOW}`);
        for (const type of [2, 4]) {
          const line = bind(dir, 'dnssec-dsfromkey', '-a', String(type), basename(key.file)).trim();
          const [, , , tag, alg, digestType, digest] = line.split(/\s+/);
          const ds = dsRdata(ZONE, key.dnskey, type);
          expect([(ds[0] << 8) | ds[1], ds[2], ds[3]]).toEqual([+tag, +alg, +digestType]);
          expect(Buffer.from(ds.subarray(4)).toString('hex').toUpperCase()).toBe(digest);
        }
        // BIND rewrites both files: everything must come back, with the new time.
        bind(dir, 'dnssec-settime', '-K', '.', '-I', '20270101000000', basename(key.file));
        const [again] = readKeys(dir, ZONE);
        expect(again.timing).toEqual({ ...ACTIVE, inactive: Date.UTC(2027, 0, 1) / 1000 });
        expect(again.dnskey).toEqual(key.dnskey);
        expect(again.declaredRole).toBe('ksk');
      },
    );

    it('times that we change are what dnssec-settime shows, and its tags are kept', () => {
      const dir = keyFolder();
      const old = bind(
        dir,
        'dnssec-keygen',
        '-q',
        '-a',
        '13',
        '-I',
        '+30d',
        '-D',
        '+60d',
        'example',
      ).trim();
      bind(dir, 'dnssec-keygen', '-q', '-S', `${old}.key`, '-i', '10d');
      const keys = readKeys(dir, ZONE);
      expect(keys).toHaveLength(2);
      const next = keys.find((key) => !key.file.includes(old))!;
      const kept = text(next.privateFile)
        .split('\n')
        .filter((line) => !/^(Created|Publish|Activate|Inactive|Delete):/.test(line));
      writeTiming(next, { ...next.timing, activate: NOW + 5 * DAY, delete: NOW + 50 * DAY });
      const printed = bind(dir, 'dnssec-settime', '-u', '-p', 'all', basename(next.file));
      expect(printed).toContain(`Activate: ${NOW + 5 * DAY}`);
      expect(printed).toContain(`Delete: ${NOW + 50 * DAY}`);
      expect(text(next.privateFile).split('\n')).toEqual(expect.arrayContaining(kept));
    });

    it.each(FAMILIES)('dnssec-signzone -S signs with our pair, algorithm %i', (algorithm) => {
      const dir = keyFolder();
      const timing = { created: 1e9, publish: 1e9, activate: 1e9 };
      const ksk = newKey(dir, 'ksk', timing, algorithm);
      const zsk = newKey(dir, 'zsk', timing, algorithm);
      writeFileSync(
        join(dir, 'zone'),
        'example. 60 IN SOA a.example. b.example. 1 60 60 60 60\nexample. 60 IN NS a.example.\na.example. 60 IN A 192.0.2.1\n',
      );
      bind(dir, 'dnssec-signzone', '-S', '-q', '-K', '.', '-o', 'example', '-f', 'signed', 'zone');
      bind(dir, 'dnssec-verify', '-q', '-o', 'example', 'signed');
      const signed = text(join(dir, 'signed'));
      for (const key of [ksk, zsk]) {
        const field = Buffer.from(parseDnskey(key.dnskey)!.publicKey).toString('base64');
        expect(signed.replaceAll(/\s/g, '')).toContain(field);
      }
    });

    // phaseAt and dnssec-signzone -S must agree on what a set of times means.
    it.each([
      ['in use', ['-P', '-2d', '-A', '-1d']],
      ['not published', ['-P', '+1d', '-A', '+2d']],
      ['published only', ['-P', '-1d', '-A', '+2d']],
      ['ceased to sign', ['-P', '-3d', '-A', '-2d', '-I', '-1d']],
      ['deleted', ['-P', '-4d', '-A', '-3d', '-I', '-2d', '-D', '-1d']],
      ['created only', ['-G']],
      ['no Publish, Activate ahead', ['-P', 'none', '-A', '+1d']],
      ['no Publish, Activate reached', ['-P', 'none', '-A', '-1d']],
      ['Publish ahead, Activate reached', ['-P', '+1d', '-A', '-1d']],
      ['no Activate', ['-P', '-1d', '-A', 'none']],
    ])('publishes and signs like dnssec-signzone -S: %s', (_, times) => {
      const dir = keyFolder();
      const make = (...args: string[]): string =>
        bind(dir, 'dnssec-keygen', '-q', '-a', '13', ...args, 'example').trim();
      make('-f', 'KSK');
      make();
      const stem = make(...times);
      const tag = Number(stem.slice(-5));
      writeFileSync(
        join(dir, 'zone'),
        'example. 60 IN SOA a.example. b.example. 1 60 60 60 60\nexample. 60 IN NS a.example.\na.example. 60 IN A 192.0.2.1\n',
      );
      bind(
        dir,
        'dnssec-signzone',
        '-S',
        '-q',
        '-O',
        'full',
        '-o',
        'example',
        '-f',
        'signed',
        'zone',
      );
      const signed = text(join(dir, 'signed'));
      const chosen = selectKeys(readKeys(dir, ZONE), Math.floor(Date.now() / 1000));
      const key = readKeys(dir, ZONE).find((k) => k.tag === tag)!;
      const field = Buffer.from(key.dnskey.subarray(4)).toString('base64');
      const flat = signed.replaceAll(/\s/g, '');
      expect(chosen.dnskeys.some((k) => k.tag === tag)).toBe(flat.includes(field));
      const signs = new RegExp(`\\sRRSIG\\s+SOA 13 .* ${tag} example\\.`).test(signed);
      expect(chosen.zsks.some((k) => k.tag === tag)).toBe(signs);
    });

    it('dnssec-keygen writes modes that are taken', () => {
      const dir = keyFolder();
      bind(dir, 'dnssec-keygen', '-q', '-a', '15', 'example');
      const file = readdirSync(dir).find((name) => name.endsWith('.private')) ?? '';
      expect(statSync(join(dir, file)).mode & 0o777).toBe(0o600);
      chmodSync(dir, 0o700);
      expect(readKeys(dir, ZONE)).toHaveLength(1);
    });
  },
);
