/**
 * The whole way of a zone with an offline KSK: two ceremonies, a ZSK roll and a KSK roll, a build
 * each day with nothing but the day's time, validators of other people at that time, and a refusal
 * when the signatures have run out.
 *
 * One of the days is today: dnssec-verify takes no other time (and does not live with faketime).
 */

import { cpSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { clockNow, isoTime } from '#zonewright/config/time.js';
import { generateKeyPair } from '#zonewright/keys/generate.js';
import { readKeys } from '#zonewright/keys/store.js';
import { writeTiming } from '#zonewright/keys/write.js';
import { nameFromText } from '#zonewright/names/name.js';
import { zonewright, zonewrightOk } from '../../tools/cli.js';
import { describeWithTools, judges } from '../../tools/judges.js';
import { build, makeRegistry, published, type Registry } from '../../tools/registry.js';
import { readZoneText } from '../../tools/zone-text.js';
import { DAY, keyFolder } from '../helpers.js';

const COM = nameFromText('com');
/** Days of the second ceremony, of its new KSK, and of the last one's end. */
const AGAIN = 25;
const NEXT_KSK = 32;
const OLD_KSK_ENDS = 45;
const END = 60;
/** In the middle of a ZSK roll, with both KSKs. */
const TODAY = 41;
const BEGIN = clockNow() - TODAY * DAY;

const at = (day: number): string => isoTime(BEGIN + day * DAY);
/** Life of a signature. */
const VALIDITY = 14;

/** Takes the private half of the KSK away from the online machine; returns the offline folder. */
function goOffline(registry: Registry): string {
  const online = join(registry.folder, 'keys');
  const offline = keyFolder();
  const ksk = readKeys(online, COM).find((key) => key.declaredRole === 'ksk')!;
  for (const ending of ['key', 'private', 'state']) {
    const name = basename(ksk.file).replace(/key$/, ending);
    cpSync(join(online, name), join(offline, name));
    if (ending === 'private') rmSync(join(online, name));
  }
  return offline;
}

async function ceremony(registry: Registry, offline: string, day: number, to: number) {
  const common = ['--zone', 'com', '--now', at(day)];
  const cwd = registry.folder;
  await zonewrightOk(['keys', 'request', ...common, '--to', at(to), '--out', 'com.ksr'], { cwd });
  await zonewrightOk(
    ['keys', 'sign-request', 'com.ksr', ...common, '--key-dir', offline, '--out', 'com.skr'],
    { cwd },
  );
  return zonewrightOk(['keys', 'import-response', 'com.skr', ...common], { cwd });
}

/** A second KSK on the offline machine, double-signature (RFC 6781 §4.1.2), and the first one's end. */
function rollKsk(offline: string): number {
  const [old] = readKeys(offline, COM);
  const from = BEGIN + NEXT_KSK * DAY;
  const times = { created: BEGIN + AGAIN * DAY, publish: from, activate: from };
  const next = generateKeyPair(offline, { zone: COM, algorithm: 13, role: 'ksk', timing: times });
  const end = BEGIN + OLD_KSK_ENDS * DAY;
  writeTiming(old, { ...old.timing, inactive: end, delete: end });
  return next.tag;
}

/** What the validators say against the published zone at a day. */
async function complaints(file: string, day: number): Promise<string[]> {
  const now = new Date((BEGIN + day * DAY) * 1000);
  const work = { zone: 'com.', file, allow: /address|glue/i };
  const only = ['ldns-verify-zone', 'kzonesign', 'kzonecheck'] as const;
  const against = [...(await judges({ ...work, now, only }))];
  if (day === TODAY) against.push(...(await judges({ ...work, only: ['dnssec-verify'] })));
  return against.map(({ tool, output }) => `${tool}: ${output}`);
}

/** Key tags that sign the RRset of a type. */
function signersOf(file: string, covered: string): number[] {
  const signatures = readZoneText(file).filter(
    ({ owner, type, rdata }) =>
      owner === 'com.' && type === 'RRSIG' && rdata.split(' ')[0] === covered,
  );
  return signatures.map(({ rdata }) => Number(rdata.split(' ')[6])).sort((a, b) => a - b);
}

/** What `keys list` says of the stored response. */
async function listed(registry: Registry, day: number): Promise<{ lasts: string }> {
  const flags = ['keys', 'list', '--zone', 'com', '--json', '--now', at(day)];
  const { stdout } = await zonewrightOk(flags, { cwd: registry.folder });
  return (JSON.parse(stdout) as { presigned: [{ lasts: string }] }).presigned[0];
}

describeWithTools(
  ['ldns-verify-zone', 'kzonesign', 'kzonecheck', 'dnssec-verify'],
  'offline KSK, day by day',
  () => {
    it('builds for 60 days over a ZSK and a KSK roll, then refuses', async () => {
      const registry = await makeRegistry({
        zones: ['com'],
        domains: 60,
        optOut: false,
        policy: ['zsk-lifetime = "P20D"', 'dnskey-ttl = 86400'],
        guards: ['max-change = "100%"', 'max-removed = "100%"'],
      });
      const cwd = registry.folder;
      // The keys of the registry are of this very moment; those of the walk are of its begin.
      rmSync(join(cwd, 'keys'), { recursive: true });
      await zonewrightOk(['keys', 'generate', '--now', at(0)], { cwd });
      const [{ tag: oldKsk }] = readKeys(join(cwd, 'keys'), COM).filter(
        (key) => key.declaredRole === 'ksk',
      );
      const offline = goOffline(registry);
      const bare = await zonewright(['build', '--now', at(0)], { cwd });
      expect(bare.status).toBe(4);
      expect(bare.stderr).toContain('import-response');

      await ceremony(registry, offline, 0, AGAIN + 5);
      const zskTags = new Set<number>();
      const kskSigners = new Set<string>();
      let newKsk = 0;
      for (let day = 0; day <= END; day++) {
        if (day === AGAIN) {
          newKsk = rollKsk(offline);
          await ceremony(registry, offline, day, END);
        }
        const done = await build(registry, '--now', at(day));
        const zone = published(registry, 'com', 'com.zone');
        expect(await complaints(zone, day), `day ${day}`).toEqual([]);
        for (const tag of signersOf(zone, 'SOA')) zskTags.add(tag);
        kskSigners.add(signersOf(zone, 'DNSKEY').join(' '));
        expect(signersOf(zone, 'CDS')).toEqual(signersOf(zone, 'DNSKEY'));
        const { lasts } = await listed(registry, day);
        const left = (Date.parse(lasts) / 1000 - BEGIN) / DAY - day;
        expect(left).toBeGreaterThan(day < AGAIN ? AGAIN - day : END - day);
        expect(done.stderr.includes('run out'), `day ${day}`).toBe(left <= 30);
      }
      // 20, 40 and 60 days: three rolls.
      expect(zskTags.size).toBe(4);
      expect([...kskSigners]).toEqual([
        `${oldKsk}`,
        [oldKsk, newKsk].sort((a, b) => a - b).join(' '),
        `${newKsk}`,
      ]);

      const current = readlinkSync(join(cwd, 'out', 'com', 'current'));
      // What is stored ends with the third ZSK, which the last bundle has, or with its signatures.
      const { lasts } = await listed(registry, END);
      const changed = await zonewright(['build', '--now', lasts], { cwd });
      expect(changed.status).toBe(4);
      expect(changed.stderr).toContain('which the key files do not publish');
      const late = await zonewright(['build', '--now', at(END + VALIDITY)], { cwd });
      expect(late.status).toBe(4);
      expect(late.stderr).toContain('no pre-signed DNSKEY RRset');
      expect(readlinkSync(join(cwd, 'out', 'com', 'current'))).toBe(current);
      // Nothing private of a KSK ever came to the online machine.
      for (const name of readdirSync(join(cwd, 'keys'))) {
        if (!name.endsWith('.private')) continue;
        const pair = join(cwd, 'keys', name.replace(/private$/, 'key'));
        expect(readFileSync(pair, 'utf8')).toContain('DNSKEY 256 ');
      }
    });
  },
);
