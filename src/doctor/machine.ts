/** Checks of the machine: its Node.js, clock, random source, memory, disks and tools. */

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { freemem } from 'node:os';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Config } from '../config/model.js';
import { formatSize } from '../config/size.js';
import { isoTime } from '../config/time.js';
import { type Check, findTool, may, statOf } from './check.js';

const GIB = 2 ** 30;
const MIB = 2 ** 20;

/** Tools that check zonewright's zones from outside; none is needed to build. */
const JUDGES = ['dnssec-verify', 'ldns-verify-zone', 'kzonesign', 'named-checkzone', 'validns'];

export function checkNode(version: string): Check {
  const name = 'Node.js';
  const [major, minor] = version.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return { name, status: 'ok', detail: version };
  return { name, status: 'fail', detail: version, advice: 'install Node.js 20.19 or newer' };
}

/**
 * A clock that is wrong makes signatures that are not valid yet, or no more. It can't be right
 * when it is before the time zonewright was compiled or the last state was written.
 */
export function checkClock(now: number, config: Config | undefined): Check {
  const name = 'clock';
  const latest = [new URL(import.meta.url).pathname, config?.stateDir, config?.outputDir]
    .map((path) => (path === undefined ? undefined : statOf(path)))
    .reduce((seconds, stat) => Math.max(seconds, (stat?.mtimeMs ?? 0) / 1000), 0);
  const wall = Math.floor(Date.now() / 1000);
  // Steps of the clock since this process began: the monotonic clock does not follow them.
  const stepped = Math.abs(Date.now() - (performance.timeOrigin + performance.now())) / 1000;
  if (wall + 300 < latest) {
    return {
      name,
      status: 'fail',
      detail: `${isoTime(wall)} is before ${isoTime(Math.floor(latest))}, when files here were written`,
      advice: 'set the clock, or wait: signatures made now would carry wrong times',
    };
  }
  if (stepped > 5) {
    return {
      name,
      status: 'warn',
      detail: `stepped by ${stepped.toFixed(0)} s in the last moments`,
      advice: 'look at the time service (timedatectl, chronyc tracking)',
    };
  }
  const shift = Math.abs(now - wall) > 60 ? ` (--now: ${isoTime(now)})` : '';
  return { name, status: 'ok', detail: isoTime(wall) + shift };
}

export async function checkTimeService(): Promise<Check> {
  const name = 'time service';
  try {
    const { stdout } = await promisify(execFile)(
      'timedatectl',
      ['show', '--property=NTPSynchronized', '--value'],
      { timeout: 3000 },
    );
    if (stdout.trim() === 'yes') return { name, status: 'ok', detail: 'synchronised' };
    if (stdout.trim() === 'no') {
      return {
        name,
        status: 'warn',
        detail: 'the clock is not synchronised',
        advice: 'run a time service: timedatectl set-ntp true, or chrony',
      };
    }
  } catch {
    // No systemd here, or it does not answer: nothing known is not a fault.
  }
  return { name, status: 'ok', detail: 'not known here (timedatectl does not say)' };
}

export function checkEntropy(): Check {
  const name = 'entropy';
  const advice =
    'make no keys on this machine before its random source is seeded (rngd, virtio-rng)';
  let available = Number.NaN;
  try {
    available = Number(readFileSync('/proc/sys/kernel/random/entropy_avail', 'utf8'));
  } catch {
    // Not Linux: the draw below is all there is to see.
  }
  if (available < 128) {
    return { name, status: 'fail', detail: `the kernel has ${available} bits`, advice };
  }
  if (randomBytes(32).equals(randomBytes(32))) {
    return { name, status: 'fail', detail: 'two draws of 256 bits were the same', advice };
  }
  const bits = Number.isNaN(available) ? '' : ` (${available} bits)`;
  return { name, status: 'ok', detail: `the random source answers${bits}` };
}

export function checkMemory(bound: number): Check {
  const name = 'memory';
  const free = availableMemory();
  const detail = `bound ${formatSize(bound)}, available ${formatSize(free)}`;
  if (bound <= free) return { name, status: 'ok', detail };
  return { name, status: 'warn', detail, advice: 'give a smaller --memory, or free some memory' };
}

/** What can be had without swapping; os.freemem() does not count the page cache. */
function availableMemory(): number {
  try {
    const line = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'));
    if (line !== null) return Number(line[1]) * 1024;
  } catch {
    // Not Linux.
  }
  return freemem();
}

/** A folder that will be written: there or makeable, writable, with room for `need` bytes. */
export function checkSpace(name: string, folder: string, need: number): Check {
  let there = folder;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  if (!statOf(there)?.isDirectory()) {
    return { name, status: 'fail', detail: `${there} is not a folder`, advice: 'name another one' };
  }
  if (!may(there, constants.W_OK | constants.X_OK)) {
    return {
      name,
      status: 'fail',
      detail: `${there} can't be written to`,
      advice: 'give this user the right, or run as the user who has it',
    };
  }
  const { bavail, bsize } = statfsSync(there);
  const free = bavail * bsize;
  const detail = `${folder}: ${formatSize(free)} free`;
  const least = Math.max(64 * MIB, need);
  if (free < least) {
    return {
      name,
      status: 'fail',
      detail,
      advice: `free at least ${formatSize(least)}, or name another folder`,
    };
  }
  if (free < Math.max(GIB, 2 * need)) {
    return { name, status: 'warn', detail, advice: 'little room: free some' };
  }
  return { name, status: 'ok', detail };
}

export function checkTools(): Check {
  const name = 'outside judges';
  const found = JUDGES.filter((tool) => findTool(tool) !== undefined);
  if (found.length > 0) return { name, status: 'ok', detail: found.join(', ') };
  return {
    name,
    status: 'ok',
    detail: 'none (not needed; bind9-utils, ldnsutils, knot-dnssecutils have some)',
  };
}
