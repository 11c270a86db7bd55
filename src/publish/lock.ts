/**
 * One run at a time: the lock that a build, or a command that changes keys, holds in the state
 * folder.
 *
 * The lock is a file that comes into being whole (written beside its place, then linked), so of
 * two runs one gets it. It says who holds it: a process, known by its number, start time and the
 * boot of its machine, so that a lock whose holder was killed, or went down with the machine, is
 * recognised and taken over, and a process that came to have the same number is not taken for
 * the holder.
 */

import { randomBytes } from 'node:crypto';
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { onExit } from '../cleanup.js';
import { clockNow, isoTime } from '../config/time.js';
import { lockedError, type ZonewrightError } from '../errors.js';
import { storageError } from './storage.js';

const NAME = 'lock';

/** Who holds a lock, as the lock file (JSON) says. */
export interface Holder {
  readonly pid: number;
  /** Clock ticks since boot at which the process began (proc(5)); null where unknown. */
  readonly started: string | null;
  /** Identity of the boot; null where unknown. */
  readonly boot: string | null;
  /** Identity of the process number space (containers); null where unknown. */
  readonly pids: string | null;
  readonly host: string;
  /** What it does, e.g. `build`. */
  readonly command: string;
  /** Wall clock time, ISO 8601. */
  readonly since: string;
  /** Differs from run to run. */
  readonly token: string;
}

/** A lock that is held. */
export interface Lock {
  readonly path: string;
  /**
   * Makes sure that the lock is still ours; call before what can't be undone.
   *
   * @throws ZonewrightError (exit 5) when somebody has removed or replaced the file.
   */
  assertHeld(): void;
  release(): void;
}

/**
 * Takes the lock of a state folder, which is made if it is not there.
 *
 * @param command what the run does, for those who find it locked.
 * @throws ZonewrightError (exit 5) naming the holder; (exit 1 or 2) when the folder can't be
 *   written to.
 */
export function acquireLock(stateDir: string, command: string): Lock {
  const path = join(stateDir, NAME);
  const self: Holder = {
    pid: process.pid,
    started: processStart(process.pid) ?? null,
    boot: bootIdentity(),
    pids: pidSpace(),
    host: hostname(),
    command,
    since: isoTime(clockNow()),
    token: randomBytes(12).toString('hex'),
  };
  const own = join(stateDir, `.${NAME}-${self.token}`);
  let made = false;
  try {
    made = mkdirSync(stateDir, { recursive: true }) !== undefined;
    writeFileSync(own, `${JSON.stringify(self)}\n`, { flag: 'wx', mode: 0o644 });
  } catch (error) {
    throw storageError(error, stateDir);
  }
  try {
    // Each turn either takes the lock, finds a live holder, or removes one dead holder's lock.
    for (let turn = 0; turn < 20; turn++) {
      if (tryLink(own, path)) {
        sweep(stateDir);
        return heldLock(path, self, made ? stateDir : undefined);
      }
      const holder = readHolder(path);
      if (holder === 'gone') continue;
      if (holder !== 'broken' && isAlive(holder, self)) throw lockedBy(holder, self, path);
      takeAway(path, holder === 'broken' ? undefined : holder.token, self.token);
    }
    throw lockedError('other runs keep taking the lock', { place: { file: path } });
  } catch (error) {
    throw storageError(error, path);
  } finally {
    rmSync(own, { force: true });
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes what runs that were killed within {@link acquireLock} have left; an hour is long. */
function sweep(stateDir: string): void {
  for (const name of readdirSync(stateDir)) {
    if (!name.startsWith(`.${NAME}-`) && !name.startsWith(`${NAME}-stale-`)) continue;
    const path = join(stateDir, name);
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > 3_600_000) rmSync(path, { force: true });
  }
}

/** @param made the folder that was made for the lock; it goes with it when it stays empty. */
function heldLock(path: string, self: Holder, made: string | undefined): Lock {
  const mine = (): boolean => {
    const holder = readHolder(path);
    return typeof holder === 'object' && holder.token === self.token;
  };
  const remove = (): void => {
    if (!mine()) return;
    rmSync(path, { force: true });
    if (made !== undefined && readdirSync(made).length === 0) rmdirSync(made);
  };
  const forget = onExit(remove);
  return {
    path,
    assertHeld: () => {
      if (mine()) return;
      throw lockedError('the lock of this run was removed or taken by another one', {
        place: { file: path },
        hint: 'nothing was published; see that one run at a time is started',
      });
    },
    release: () => {
      forget();
      remove();
    },
  };
}

/**
 * Moves a dead holder's lock away. Another run may have done so before us and hold a lock of its
 * own by now: what was moved is looked at again, and put back if it is not what we judged.
 */
function takeAway(path: string, token: string | undefined, ownToken: string): void {
  const aside = `${path}-stale-${ownToken}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = readHolder(aside);
  if (typeof moved === 'object' && moved.token !== token) tryLink(aside, path);
  rmSync(aside, { force: true });
}

/** The holder in a lock file; `broken` for a file that no run wrote whole (a power cut). */
function readHolder(path: string): Holder | 'gone' | 'broken' {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'gone';
    throw error;
  }
  try {
    const holder = JSON.parse(text) as Holder;
    return typeof holder?.pid === 'number' && typeof holder.token === 'string' ? holder : 'broken';
  } catch {
    return 'broken';
  }
}

/** Does the holder still run, as far as this machine can tell? In doubt, yes. */
function isAlive(holder: Holder, self: Holder): boolean {
  if (holder.host === self.host && holder.boot !== self.boot) return false;
  // Another machine, or another container: its process numbers mean nothing here.
  if (holder.boot !== self.boot || holder.pids !== self.pids) return true;
  if (holder.boot === null && holder.host !== self.host) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const started = processStart(holder.pid);
  return started === undefined || holder.started === null || started === holder.started;
}

function lockedBy(holder: Holder, self: Holder, path: string): ZonewrightError {
  const near = holder.boot === self.boot && holder.pids === self.pids;
  const where = near ? '' : ` on ${holder.host}`;
  return lockedError(
    `another run holds the lock: ${holder.command}, process ${holder.pid}${where}, since ${holder.since}`,
    {
      place: { file: path },
      hint: near
        ? `wait for it to end (ps -p ${holder.pid}); a lock whose process is gone is taken over by itself`
        : `from here it can't be seen whether it still runs; if it does not, remove ${path}`,
    },
  );
}

/** Field 22 of /proc/PID/stat; undefined where there is no such process or no /proc. */
function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in parentheses and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended; only its parent has not looked yet.
    return fields[0] === 'Z' ? 'ended' : fields[19];
  } catch {
    return undefined;
  }
}

function bootIdentity(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return null;
  }
}

function pidSpace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}
