/**
 * Other people's programs at another time than now, by libfaketime.
 */
import { existsSync, readdirSync } from 'node:fs';

const LIB = '/usr/lib';

/** The library's path, or undefined where it is not installed. */
export function faketimeLibrary(): string | undefined {
  return readdirSync(LIB)
    .map((name) => `${LIB}/${name}/faketime/libfaketime.so.1`)
    .find((path) => existsSync(path));
}

function preload(): string {
  const library = faketimeLibrary();
  if (library === undefined) throw new Error('libfaketime is not installed');
  // BIND's jemalloc asks for the time while libfaketime asks for memory, and neither comes to an
  // end: the C library's own malloc is to be found first.
  const libc = library.replace(/faketime\/.*/, 'libc.so.6');
  return existsSync(libc) ? `${library}:${libc}` : library;
}

/** `2026-11-22 00:00:00`, UTC. */
const timeText = (time: Date): string => time.toISOString().slice(0, 19).replace('T', ' ');

/** Environment of a program for which it is always this time. */
export function atTime(time: Date): Record<string, string> {
  return { LD_PRELOAD: preload(), TZ: 'UTC', FAKETIME: timeText(time) };
}

/** Environment of a program for which it is the time in a file, see {@link clockText}. Its own
 * time-outs go by the real time. */
export function byClock(file: string): Record<string, string> {
  return {
    LD_PRELOAD: preload(),
    TZ: 'UTC',
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}

/** Contents of the file of {@link byClock}. */
export const clockText = (time: Date): string => `${timeText(time)}\n`;
