/** A zone whose KSK is elsewhere: `sign`, `doctor`, `keys list` and `keys generate`. */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createReporter } from '#zonewright/cli/output.js';
import { runChecks } from '#zonewright/doctor/command.js';
import { presignedAt } from '#zonewright/keys/offline/presigned.js';
import { responseFile } from '#zonewright/keys/offline/store.js';
import { selectKeys } from '#zonewright/keys/select.js';
import { readKeys } from '#zonewright/keys/store.js';
import { writeTiming } from '#zonewright/keys/write.js';
import { APEX } from '../../sign/sign.js';
import { tempDir, zonewright, zonewrightOk } from '../../tools/cli.js';
import { readZoneText } from '../../tools/zone-text.js';
import { DAY, keyFolder, NOW, newKey, refusalWith, text, ZONE } from '../helpers.js';
import {
  at,
  bringPublic,
  ceremony,
  golden,
  goldenStore,
  imported,
  keys,
  machines,
} from './helpers.js';

const ACTIVE = { created: NOW, publish: NOW, activate: NOW };

/** The selection at a time, as build and sign make it. */
function selectAt(dir: string, now: number) {
  const all = readKeys(dir, ZONE);
  return selectKeys(all, now, presignedAt(dir, ZONE, all, now));
}

describe('the keys of a zone whose KSK is elsewhere', () => {
  it("the bundle's KSK is published, no KSK signs here, with its .key file or without", async () => {
    for (const hasFile of [true, false]) {
      const both = machines();
      if (hasFile) bringPublic(both.ksk, both.online);
      await ceremony(both, [0, 20]);
      const { dnskeys, ksks, zsks, presigned } = selectAt(both.online, NOW + 8 * DAY);
      expect(dnskeys.map((key) => key.tag).sort()).toEqual([both.ksk.tag, both.zsk.tag].sort());
      expect(ksks).toEqual([]);
      expect(zsks.map((key) => key.tag)).toEqual([both.zsk.tag]);
      expect(presigned).toMatchObject({ from: NOW + 7 * DAY, until: NOW + 14 * DAY });
    }
  });

  it('a KSK with its private half here is used, whatever is stored', async () => {
    const both = machines();
    await ceremony(both, [0, 20]);
    const here = newKey(both.online, 'ksk', ACTIVE);
    expect(selectAt(both.online, NOW)).toMatchObject({ presigned: undefined });
    expect(selectAt(both.online, NOW).ksks.map((key) => key.tag)).toEqual([here.tag]);
    // A KSK that has ceased to sign does not.
    writeTiming(here, { ...ACTIVE, inactive: NOW, delete: NOW + DAY });
    expect(selectAt(both.online, NOW).presigned).toBeDefined();
  });

  it('nothing stored: the refusal names both ways', () => {
    const { online, ksk } = machines();
    bringPublic(ksk, online);
    expect(() => selectAt(online, NOW)).toThrow(
      expect.objectContaining({
        exitCode: 4,
        hint: expect.stringMatching(/only published.*import-response/) as string,
      }),
    );
  });

  it('no bundle for now: before the first, after the last, in a gap', async () => {
    const both = machines();
    await ceremony(both, [0, 20]);
    const refused = (now: number, ...parts: string[]) =>
      expect(() => selectAt(both.online, now)).toThrow(
        expect.objectContaining({
          exitCode: 4,
          message: expect.stringMatching(new RegExp(parts.join('.*'))) as string,
        }),
      );
    refused(NOW - 1, 'no pre-signed DNSKEY RRset', 'the next are for 2026-11-22');
    expect(selectAt(both.online, NOW + 34 * DAY - 1).presigned).toBeDefined();
    refused(NOW + 34 * DAY, 'they ran out at 2026-12-26T00:00:00Z');
  });

  it('other ZSKs than were signed: a new one, or one that is gone', async () => {
    const both = machines();
    await ceremony(both, [0, 20]);
    const more = newKey(both.online, 'zsk', ACTIVE);
    const check = (part: string) =>
      expect(() => selectAt(both.online, NOW)).toThrow(
        expect.objectContaining({ exitCode: 4, message: expect.stringContaining(part) as string }),
      );
    check(`lacks ZSK ${more.tag}`);
    writeTiming(both.zsk, { ...ACTIVE, delete: NOW });
    check(`has ZSK ${both.zsk.tag}, which the key files do not publish`);
  });

  it('a stored response that was changed or damaged is exit 4', async () => {
    const both = machines();
    await ceremony(both, [0, 20]);
    const file = responseFile(both.online, ZONE);
    const whole = text(file);
    writeFileSync(file, whole.replace(/(\tRRSIG\tDNSKEY .*)(..)==\n/, '$1AA==\n'));
    expect(() => selectAt(both.online, NOW)).toThrow(
      expect.objectContaining({
        exitCode: 4,
        message: expect.stringContaining('does not verify') as string,
      }),
    );
    writeFileSync(file, whole.slice(0, 300));
    expect(() => selectAt(both.online, NOW)).toThrow(
      expect.objectContaining({ exitCode: 4, hint: expect.stringContaining('damaged') as string }),
    );
  });
});

describe('sign', () => {
  const sign = (dir: string, now: string, ...flags: readonly string[]) => {
    const folder = tempDir('offline');
    const input = join(folder, 'zone');
    const output = join(folder, 'signed');
    writeFileSync(input, APEX);
    const where = ['--zone', 'example', '--key-dir', dir, '--output', output, '--now', now];
    return { output, done: zonewright(['sign', input, ...where, ...flags]) };
  };

  it.each([8, 13])(
    'puts the records of the day in, octet for octet; algorithm %i',
    async (algorithm) => {
      const both = machines(algorithm);
      await ceremony(both, [0, 60]);
      const { output, done } = sign(both.online, at(9), '--json');
      const { status, stdout, stderr } = await done;
      expect(stderr).not.toContain('warning');
      expect(status).toBe(0);
      const json = JSON.parse(stdout) as { keys: unknown[] };
      expect(json.keys).toContainEqual(expect.objectContaining({ tag: both.ksk.tag, role: 'ksk' }));
      const records = readZoneText(output).filter(({ type, rdata }) =>
        /^(?:CDS|CDNSKEY|DNSKEY)/.test(type === 'RRSIG' ? rdata : type),
      );
      const lines = records.map(({ ttl, type, rdata }) => `${ttl} ${type} ${rdata}`.toLowerCase());
      const bundle = text(responseFile(both.online, ZONE))
        .split(/^;;.*$/m)[2]
        .trim()
        .split('\n');
      const wanted = bundle.map((line) => line.split('\t').slice(1).join(' '));
      const asSigned = wanted.map((line) => line.replace(' IN ', ' ').toLowerCase());
      expect(lines.sort()).toEqual(asSigned.sort());
    },
  );

  it('warns in the last 30 days, and says what to do', async () => {
    const both = machines();
    await ceremony(both, [0, 60]);
    const { stderr } = await sign(both.online, at(45)).done;
    expect(stderr).toMatch(
      /warning: example: the pre-signed DNSKEY RRsets run out at 2027-02-04T00:00:00Z, in P29D; .*keys request/,
    );
  });

  it('writes nothing without a bundle for the day: exit 4', async () => {
    const both = machines();
    await ceremony(both, [0, 20]);
    const { output, done } = sign(both.online, at(90));
    expect(await done).toMatchObject({ status: 4 });
    expect(() => readFileSync(output)).toThrow();
  });

  it("works with keymgr's response, where CDS have TTL 0, and dnssec-ksr's", async () => {
    for (const maker of ['knot', 'bind'] as const) {
      const dir = goldenStore(maker);
      await imported(golden(maker, 'response'), dir);
      const all = readKeys(dir, ZONE);
      // The golden keys have no private halves; the selection alone can be made.
      const presigned = presignedAt(dir, ZONE, all, NOW + 20 * DAY);
      expect(presigned?.sets.map(({ ttl }) => ttl)).toEqual(
        maker === 'knot' ? [3600, 0, 0] : [3600, 3600, 3600],
      );
    }
  });
});

describe('lists and checks', () => {
  it('keys list shows the KSK and the bundles, and warns when they run out', async () => {
    const both = machines();
    await ceremony(both, [0, 20]);
    const flags = ['--zone', 'example', '--key-dir', both.online];
    const { out, err } = await keys('list', ...flags, '--json', '--now', at(6));
    const { keys: listed, presigned } = JSON.parse(out) as {
      keys: { tag: number; role: string }[];
      presigned: { zone: string; bundles: unknown[]; lasts: string }[];
    };
    expect(listed.map(({ tag, role }) => `${role} ${tag}`).sort()).toEqual([
      `ksk ${both.ksk.tag}`,
      `zsk ${both.zsk.tag}`,
    ]);
    expect(presigned).toMatchObject([{ zone: 'example', lasts: '2026-12-26T00:00:00Z' }]);
    expect(presigned[0].bundles).toHaveLength(4);
    expect(err).toMatch(/warning: .*run out at 2026-12-26/);
    const late = await keys('list', ...flags, '--now', at(50));
    expect(late.err).toMatch(/warning: .*ran out at 2026-12-26/);
    rmSync(responseFile(both.online, ZONE));
    const { out: bare } = await keys('list', ...flags, '--json');
    expect(JSON.parse(bare)).toMatchObject({ presigned: [] });
  });

  it('keys generate makes no KSK here', async () => {
    const both = machines();
    await ceremony(both, [0, 20]);
    const flags = ['--zone', 'example', '--key-dir', both.online, '--now', at(1)];
    const { out } = await keys('generate', ...flags, '--json');
    expect(JSON.parse(out)).toMatchObject({ keys: [] });
  });

  it('doctor: ok, a warning in the last 30 days, a failure of keys after', async () => {
    const folder = tempDir('offline');
    await zonewrightOk(['init', folder]);
    const dir = join(folder, 'keys');
    const offline = keyFolder();
    const config = ['--config', join(folder, 'zonewright.toml')];
    for (const zone of ['com', 'net']) {
      const where = ['--zone', zone, '--now', at(0)];
      await keys('generate', ...where, ...config, '--role', 'zsk');
      await keys('generate', ...where, '--key-dir', offline, '--role', 'ksk');
      const [ksr, skr] = [join(folder, 'ksr'), join(folder, 'skr')];
      await keys('request', ...where, ...config, '--to', at(80), '--out', ksr);
      await keys('sign-request', ksr, ...where, '--key-dir', offline, '--out', skr);
      await keys('import-response', skr, ...where, ...config);
    }
    const doctorAt = async (day: number) => {
      const settings = { quiet: true, verbose: false, color: false, json: false };
      const checks = await runChecks({
        ...settings,
        config: config[1],
        threads: 1,
        memory: 1,
        tmpDir: folder,
        now: NOW + day * DAY,
        debug: false,
        reporter: createReporter(settings),
      });
      return checks.find(({ name }) => name === 'keys of com');
    };
    expect(await doctorAt(1)).toMatchObject({ status: 'ok' });
    expect((await doctorAt(1))?.detail).toContain('on another machine');
    expect(await doctorAt(75)).toMatchObject({
      status: 'warn',
      advice: expect.stringContaining('keys request --zone com') as string,
    });
    expect(await doctorAt(120)).toMatchObject({ status: 'fail', keys: true });
    // The state of the store alone decides, not a flag: nothing of the KSK is here.
    expect(readKeys(dir, new Uint8Array([3, 0x63, 0x6f, 0x6d, 0]))).not.toHaveLength(0);
  });

  it('import warns when the signatures will be too short for the guard on their life', async () => {
    const folder = tempDir('offline');
    await zonewrightOk(['init', folder]);
    const config = ['--config', join(folder, 'zonewright.toml')];
    const offline = keyFolder();
    const where = ['--zone', 'com', '--now', at(0)];
    await keys('generate', ...where, ...config, '--role', 'zsk');
    await keys('generate', ...where, '--key-dir', offline, '--role', 'ksk');
    const [ksr, skr] = [join(folder, 'ksr'), join(folder, 'skr')];
    await keys('request', ...where, ...config, '--to', at(30), '--out', ksr);
    const sign = ['sign-request', ksr, ...where, '--key-dir', offline, '--out', skr];
    await keys(...sign, '--validity', 'P7D', '--refresh', 'PT1H');
    const { err } = await keys('import-response', skr, ...where, ...config);
    expect(err).toMatch(/warning: .*to live when others take their place.*--validity/);
    await keys(...sign);
    const good = await keys('import-response', skr, ...where, ...config, '--shorten');
    expect(good.err).not.toContain('to live when');
  });
});

it('what is refused has a place', () => {
  const { online, ksk } = machines();
  bringPublic(ksk, online);
  try {
    selectAt(online, NOW);
  } catch (error) {
    expect(refusalWith('.key')(error)).toBe(true);
    return;
  }
  throw new Error('was taken');
});
