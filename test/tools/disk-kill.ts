/**
 * Processes that are killed at a given change of the disk, also where a library makes it
 * (disk-kill.c; kill.cjs sees Node's own calls only).
 */

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT, tempDir } from './cli.js';
import { describeUnless, hasTool, toolPath } from './judges.js';

/** `describe` for tests that need the library. */
export function describeWithDiskKill(title: string, body: () => void): void {
  const lacking = hasTool('cc') ? undefined : 'cc not installed';
  describeUnless(process.platform === 'linux' ? lacking : 'needs Linux', title, body);
}

/** Compiles the library; returns its path. */
export function compileDiskKill(): string {
  const out = join(tempDir('disk-kill'), 'disk-kill.so');
  const source = join(ROOT, 'test', 'tools', 'disk-kill.c');
  execFileSync(toolPath('cc'), ['-shared', '-fPIC', '-O1', '-o', out, source, '-ldl'], {
    stdio: 'pipe',
  });
  return out;
}

/** Where a process is killed. */
export interface DiskKill {
  /** Changes of files with this in their path count. */
  readonly path: string;
  /** Number of the change that does not happen, from 0. */
  readonly before: number;
  /** If it is a write, half of it does happen. */
  readonly torn: boolean;
}

/** The environment of the process. @param library as {@link compileDiskKill} has made it. */
export function diskKillEnv(library: string, kill: DiskKill): Record<string, string> {
  return {
    LD_PRELOAD: library,
    DISK_KILL_PATH: kill.path,
    DISK_KILL_BEFORE: String(kill.before),
    ...(kill.torn ? { DISK_KILL_TORN: '1' } : {}),
  };
}
