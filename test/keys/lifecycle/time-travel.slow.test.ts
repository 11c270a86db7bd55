/**
 * Time travel: a small zone is built on each of 1,200 days, through rolls of every kind, and judged
 * on its day by two outside validators that take a time, and all the while by an Unbound that lives
 * in the same time and keeps its cache. Not one answer is bogus.
 *
 * The resolver has whatever there is to have: it asks a quick and a slow name server in turn, and
 * answers that it took unvalidated are asked for again in the last second of their TTL. That this
 * finds what is wrong is shown by lives in which something is.
 */
import { expect, it } from 'vitest';
import { tempDir } from '../../tools/cli.js';
import { faketimeLibrary } from '../../tools/faketime.js';
import { describeUnless, hasTool, judge } from '../../tools/judges.js';
import { CHILD, createChild } from '../travel/child.js';
import { DAY, type LifeOptions, type LifeReport, live, type Turn } from '../travel/life.js';

const JUDGES = ['ldns-verify-zone', 'dnssec-verify', 'kzonesign'] as const;
const TOOLS = ['nsd', 'unbound', 'dig', 'dnssec-signzone', 'dnssec-keygen', ...JUDGES];
const absent = TOOLS.filter((tool) => !hasTool(tool));
if (faketimeLibrary() === undefined) absent.push('libfaketime');

const roll = (role: string): readonly string[] => ['keys', 'roll', '--zone', CHILD, '--role', role];

/** What happens in the long life. */
const TURNS: readonly Turn[] = [
  // RSA, and TTLs that change in the middle of rolls.
  { day: 60, command: roll('ksk') },
  { day: 62, policy: { 'dnskey-ttl': '"PT2H"' } },
  { day: 70, longestTtl: 4 * DAY },
  { day: 116, longestTtl: DAY },
  { day: 120, policy: { 'dnskey-ttl': '"P3D"' } },
  { day: 125, off: 4 },
  // To ECDSA, with opt-out in the middle of it.
  { day: 150, policy: { algorithm: '"ECDSAP256SHA256"' } },
  { day: 154, policy: { nsec3: '{ opt-out = true }' } },
  { day: 155, policy: { 'dnskey-ttl': '"PT12H"' } },
  { day: 250, policy: { nsec3: undefined, zonemd: 'false' } },
  // Double DS.
  { day: 300, policy: { 'ksk-roll': '"double-ds"' } },
  { day: 310, command: roll('ksk') },
  { day: 312, command: roll('zsk') },
  { day: 400, policy: { 'ksk-lifetime': '"P60D"', zonemd: undefined } },
  // One key for both roles, rolled by time, and two again.
  { day: 500, policy: { csk: 'true', 'ksk-roll': '"double-signature"' } },
  { day: 520, policy: { 'ksk-lifetime': '"P45D"' } },
  { day: 620, policy: { csk: 'false' } },
  { day: 680, policy: { 'ksk-lifetime': '"P1Y"' } },
  // To EdDSA, with a KSK roll on its way, and a change of the denial.
  { day: 698, command: roll('ksk') },
  { day: 700, policy: { algorithm: '"ED25519"' } },
  { day: 705, policy: { nsec: 'true' } },
  { day: 780, policy: { nsec: undefined, nsec3: '{ opt-out = true, salt = "abcd" }' } },
  // An operator who is too quick.
  { day: 820, command: roll('ksk') },
  { day: 821, earlyDs: true },
  // Two algorithms, and back to the older one of them by double DS.
  { day: 880, policy: { algorithm: '["ECDSAP256SHA256", "ED25519"]', nsec3: undefined } },
  { day: 950, command: [...roll('ksk'), '--algorithm', 'ED25519'] },
  { day: 1000, policy: { algorithm: '"ECDSAP256SHA256"', 'ksk-roll': '"double-ds"' } },
  // Everything at once.
  { day: 1080, policy: { algorithm: '"ED25519"', csk: 'true' }, longestTtl: 5 * DAY },
  { day: 1084, policy: { 'dnskey-ttl': '"PT1H"' }, longestTtl: 3600 },
  { day: 1130, command: roll('csk') },
];

const LONG: LifeOptions = {
  folder: '',
  seed: 20261122,
  builds: 1200,
  settings: {
    policy: {
      algorithm: '"RSASHA256"',
      'zsk-lifetime': '"P30D"',
      'ksk-lifetime': '"P200D"',
    },
    zone: {},
    longestTtl: 2 * DAY,
  },
  turns: TURNS,
  teller: 'operator',
  missed: 3,
};

/** A life of a few weeks in which little happens. */
const SHORT: Omit<LifeOptions, 'folder'> = {
  seed: 4,
  builds: 45,
  settings: {
    policy: { 'zsk-lifetime': '"P20D"', 'ksk-lifetime': '"unlimited"' },
    zone: {},
    longestTtl: 2 * DAY,
  },
  turns: [{ day: 16, command: roll('ksk') }],
  teller: 'operator',
  judged: false,
};

/** The kinds of keys that were published and withdrawn again, and how many at least. */
const ROLLED = {
  'zsk 8': 4,
  'ksk 8': 2,
  'zsk 13': 15,
  'ksk 13': 5,
  'csk 13': 2,
  'zsk 15': 6,
  'ksk 15': 2,
  'csk 15': 1,
};

/** Steps that a life has to go through for its sake to be served. */
function expectSteps({ events }: LifeReport, ...steps: readonly RegExp[]): void {
  for (const step of steps) expect(events).toContainEqual(expect.stringMatching(step));
}

describeUnless(
  absent.length === 0 ? undefined : `${absent.join(', ')} not installed`,
  'time travel',
  () => {
    it('1,200 days of rolls, without one bogus answer', async () => {
      const report = await live({ ...LONG, folder: tempDir('travel') });
      expect(report.complaints).toEqual([]);
      expect(report).toMatchObject({ builds: 1200, judged: 1199 });
      for (const [kind, least] of Object.entries(ROLLED)) {
        expect(report.withdrawn.get(kind) ?? 0, kind).toBeGreaterThanOrEqual(least);
      }
      expectSteps(
        report,
        /key \d+ signs the zone instead of key \d+$/,
        /the DS of key \d+ shall be at the parent instead of/,
        /the DS of key \d+ shall be at the parent besides$/,
        /key \d+ is published instead of key \d+$/,
      );
      // Most answers are authenticated, and none of those that have to be is not.
      expect(report.authentic).toBeGreaterThan(report.questions / 2);
      expect(report.held).toBeGreaterThan(4000);
    });

    it('the build asks the parent itself; secure, insecure, and secure again', async () => {
      const report = await live({
        ...SHORT,
        folder: tempDir('travel'),
        builds: 200,
        judged: true,
        teller: 'parent-check',
        // Longer than configured: the greater one counts, which the parent's servers tell.
        dsTtl: 3 * DAY,
        turns: [
          { day: 16, command: roll('ksk') },
          { day: 50, policy: { 'ksk-roll': '"double-ds"' }, command: roll('ksk') },
          { day: 90, policy: { insecure: 'true' } },
          { day: 130, policy: { insecure: undefined }, command: ['keys', 'generate'] },
        ],
      });
      expect(report.complaints).toEqual([]);
      // Up, a roll, and one by double DS, down, and up again.
      expect(report.parentChanges).toBe(6);
      expect(report.withdrawn.get('ksk 13')).toBe(3);
      expect(report.judged).toBeGreaterThan(150);
      expectSteps(
        report,
        /key \d+, key \d+ are withdrawn$/,
        /^2026-05-14.* shall be at the parent$/,
      );
    });

    it('what is right in a short life', async () => {
      const report = await live({ ...SHORT, folder: tempDir('travel') });
      expect(report.complaints).toEqual([]);
      expect(report.withdrawn).toEqual(
        new Map([
          ['ksk 13', 1],
          ['zsk 13', 1],
        ]),
      );
    });

    const WRONG: readonly (readonly [string, Partial<LifeOptions>])[] = [
      ['the DS is said to be changed, and is not', { teller: 'liar' }],
      ['name servers are slower than propagation-delay', { lag: 3 * DAY }],
      ['the parent gives the DS a longer TTL than parent-ds-ttl', { dsTtl: 9 * DAY }],
    ];
    it.each(WRONG)('is found to be bogus where %s', async (_, wrong) => {
      const { complaints } = await live({ ...SHORT, ...wrong, folder: tempDir('travel') });
      expect(complaints.length).toBeGreaterThan(0);
      for (const complaint of complaints) {
        expect(complaint).toMatch(/SERVFAIL: .*validation failure/);
      }
    });

    it.each(JUDGES)('%s knows the time', async (tool) => {
      const start = Date.UTC(2027, 0, 1) / 1000;
      const child = await createChild(tempDir('judged'), SHORT.settings, start);
      const { file } = await child.build(start);
      const at = (days: number) =>
        judge(tool, { zone: `${CHILD}.`, file, now: new Date((start + days * DAY) * 1000) });
      expect(await at(1)).toMatchObject({ ok: true });
      expect(await at(-1)).toMatchObject({ ok: false });
      expect(await at(15)).toMatchObject({ ok: false });
    });
  },
);
