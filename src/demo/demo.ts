/**
 * `npm run demo`: a registry for com and net, from export to published zones, all below demo/ in
 * the repository's folder. Run again, it is the next day there.
 *
 * It only runs the command line, and shows each command, so that what it does can be typed.
 */

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CONFIG_TEMPLATE } from '../config/template.js';
import { clockNow, isoTime } from '../config/time.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BIN = join(ROOT, 'bin', 'zonewright.js');
const DEMO = join(ROOT, 'demo');
const DAY = 86_400;
const DOMAINS = 2000;
const ZONES = ['com', 'net'] as const;

/** Those who download the zones in the demo. */
const HOLDERS = [
  { id: 'acme-labs', name: 'Acme Labs', email: 'zones@acme.example', zones: 'com,net' },
  { id: 'brandwatch', name: 'Brand Watch', email: 'ops@brandwatch.example', zones: 'com' },
] as const;

/** What the demo keeps between runs: which day it is there. */
interface Day {
  /** Days since the first run, from 0. */
  readonly day: number;
  /** Midnight (UTC) of that day, seconds since 1970. */
  readonly now: number;
}

const DAY_FILE = join(DEMO, 'day.json');
/** Is there once the holders are. */
const HOLDERS_FILE = join(DEMO, 'holders.txt');

/** The demo begins some days ago, so that its next days are not in the future at once. */
const DAYS_BACK = 6;

/**
 * The configuration of the demo. A small registry changes by larger shares than a large one, and
 * opt-out is for very large zones (RFC 9276 §3.1); ldns-verify-zone 1.8 never ends on a zone with
 * opt-out and ZONEMD.
 */
function configText(): string {
  return CONFIG_TEMPLATE.replace(
    '# zonewright.toml: configuration of zonewright.',
    '# zonewright.toml of the demo: change it as you like; "npm run demo" leaves it alone.',
  )
    .replace('{ opt-out = true,', '{ opt-out = false,')
    .replace('max-change = "5%" ', 'max-change = "50%"')
    .replace('max-removed = "1%" ', 'max-removed = "50%"');
}

/** The day after the last run's. */
function nextDay(): Day {
  if (!existsSync(DAY_FILE))
    return { day: 0, now: (Math.floor(clockNow() / DAY) - DAYS_BACK) * DAY };
  const last = JSON.parse(readFileSync(DAY_FILE, 'utf8')) as Day;
  return { day: last.day + 1, now: last.now + DAY };
}

/** Remembers the day, whole or not at all. */
function keepDay(day: Day): void {
  writeFileSync(`${DAY_FILE}.new`, `${JSON.stringify(day)}\n`);
  renameSync(`${DAY_FILE}.new`, DAY_FILE);
}

/** Runs one zonewright command in demo/, shown as it would be typed. Ends the demo on failure. */
async function zonewright(...args: string[]): Promise<void> {
  const typed = args.map((arg) => (/^[\w@.,:/=-]+$/.test(arg) ? arg : `'${arg}'`));
  process.stdout.write(`\n$ zonewright ${typed.join(' ')}\n`);
  const child = spawn(process.execPath, [BIN, ...args], { cwd: DEMO, stdio: 'inherit' });
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (status) => resolve(status ?? 1));
  });
  if (code === 0) return;
  process.stderr.write(
    `\nThe demo stopped: that command ended with exit code ${code}.\nTo begin anew, remove the folder ${DEMO}\n`,
  );
  process.exit(code);
}

async function demo(): Promise<void> {
  const today = nextDay();
  const now = isoTime(today.now);
  for (const folder of ['state', 'out']) mkdirSync(join(DEMO, folder), { recursive: true });
  mkdirSync(join(DEMO, 'keys'), { recursive: true, mode: 0o700 });
  const config = join(DEMO, 'zonewright.toml');
  if (!existsSync(config)) writeFileSync(config, configText());
  process.stdout.write(`Day ${today.day + 1} of the demo: ${now}\n`);

  // Another number of domains is a day's growth: the names of the days before stay.
  const domains = String(DOMAINS + 10 * today.day);
  await zonewright('sample', '--sound', '--domains', domains, '--out', 'export', '--now', now);
  await zonewright('keys', 'generate', '--now', now);
  if (!existsSync(HOLDERS_FILE)) await addHolders(now);
  await zonewright('build', '--now', now);
  for (const zone of ZONES) {
    await zonewright('verify', `out/${zone}/current/${zone}.zone`, '--zone', zone, '--now', now);
  }
  keepDay(today);
  process.stdout.write(closing(now));
}

/** Those who may download. Their passwords are shown, as to an operator, this once. */
async function addHolders(now: string): Promise<void> {
  for (const { id, name, email, zones } of HOLDERS) {
    const what = ['--name', name, '--email', email, '--zones', zones];
    await zonewright('zfa', 'add', id, ...what, '--now', now);
    await zonewright('zfa', 'approve', id, '--now', now);
  }
  writeFileSync(HOLDERS_FILE, `${HOLDERS.map(({ id }) => id).join('\n')}\n`);
}

function closing(now: string): string {
  const date = now.slice(0, 10).replaceAll('-', '');
  const [{ id }] = HOLDERS;
  const here = relative(process.cwd(), DEMO) || '.';
  return `
Published below ${DEMO}:
  out/com/current/com.zone       the signed zone (out/net/current/net.zone)
  out/com/current/com.zone.gz    the holders' copy
  out/com/current/manifest.json  serial, counts, sizes, digests, guard results
  out/com/current/orphans.csv    glue that was stripped or kept, and why
  out/com/current/added.txt.gz   delegated names that are new, and removed.txt.gz
  out/bundles/${date}           the holders' bundles of the day: ${HOLDERS.map((holder) => holder.id).join(', ')}
  zonewright.toml                the configuration; export/ is the registry's export

What to try next:
  npm run demo                   again: it is the next day
  cd ${here}
  alias zonewright="${process.execPath} ${BIN}"
  zonewright diff out/com/$(ls out/com | head -1) out/com/current
  zonewright keys list --now ${now}
  zonewright build --dry-run --now ${now}
  zonewright doctor

Fetch a bundle, as a holder does; the password was shown when the holder was approved,
"zonewright zfa passwd ${id}" makes another one:
  zonewright zfa serve --listen 127.0.0.1:8053 --plain &
  curl -u ${id} -O -J http://127.0.0.1:8053/bundles/latest.tar     asks for the password
  tar -xf zfa-${id}-${date}.tar && md5sum -c com.zone.gz.md5
or open http://127.0.0.1:8053/ in a browser, or have it without the service:
  zonewright zfa bundle --holder ${id} --output ${id}.tar --now ${now}
`;
}

await demo();
