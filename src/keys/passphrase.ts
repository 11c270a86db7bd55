/**
 * The passphrase of encrypted private keys: one line, from a file that nobody else can read, or
 * from an open file descriptor. It never stands in an argument or in the environment, where other
 * processes of the machine could see it, and is kept as a KeyObject, which prints as nothing.
 */

import { createSecretKey, type KeyObject } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { isatty } from 'node:tty';
import { refusal, usageError } from '../errors.js';

/** The octets of a passphrase; a KeyObject of type `secret`. */
export type Passphrase = KeyObject;

/** Where a passphrase stands. */
export type PassphraseSource = { readonly file: string } | { readonly fd: number };

/** OpenSSL takes no longer one. */
const LONGEST = 1024;

/**
 * Reads a passphrase: the one line of a file or descriptor, without its line end.
 *
 * @throws ZonewrightError: exit 2 when it can't be read or is no single line, exit 4 when others
 *   can read it. No error holds a part of it.
 */
export function readPassphrase(source: PassphraseSource): Passphrase {
  const place = { file: 'file' in source ? source.file : `file descriptor ${source.fd}` };
  let bytes: Buffer;
  try {
    bytes = 'file' in source ? readClosedFile(source.file) : readDescriptor(source.fd);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === undefined || cause instanceof RangeError) throw cause;
    const hints: Readonly<Record<string, string>> = {
      ENOENT: 'name the file that holds the passphrase of the private keys',
      EBADF: 'open it, e.g. 3< /run/secrets/keys, or name a file with --passphrase-file',
    };
    throw usageError(`the passphrase can't be read (${code})`, { place, hint: hints[code], cause });
  }
  let end = bytes.indexOf(0x0a);
  const more = end >= 0 && end < bytes.length - 1;
  if (end < 0) end = bytes.length;
  if (end > 0 && bytes[end - 1] === 0x0d) end--;
  try {
    if (more || end === 0 || end > LONGEST) {
      const what = end === 0 ? 'is empty' : more ? 'has more than one line' : 'is too long';
      throw usageError(`the passphrase ${what}`, {
        place,
        hint: `it must be one line of 1 to ${LONGEST} octets`,
      });
    }
    return createSecretKey(bytes.subarray(0, end));
  } finally {
    bytes.fill(0);
  }
}

/** As {@link readPassphrase}, of a passphrase that may not be wanted: undefined gives undefined. */
export function maybePassphrase(source: PassphraseSource | undefined): Passphrase | undefined {
  return source === undefined ? undefined : readPassphrase(source);
}

/** As {@link maybePassphrase}, read when it is first asked for; a descriptor can be read once only. */
export function passphraseOnce(source: PassphraseSource | undefined): () => Passphrase | undefined {
  let read: Passphrase | undefined;
  return () => {
    read ??= maybePassphrase(source);
    return read;
  };
}

function readClosedFile(file: string): Buffer {
  const fd = openSync(file, 'r');
  try {
    const { mode, uid } = fstatSync(fd);
    if ((mode & 0o077) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, '0');
      throw refusal(`the passphrase is open to other users (mode ${octal})`, {
        place: { file },
        hint: `run: chmod 600 ${file}`,
      });
    }
    const self = process.getuid?.();
    if (self !== undefined && uid !== self && uid !== 0) {
      throw refusal('the file of the passphrase belongs to another user', {
        place: { file },
        hint: `run: chown $(id -u) ${file}`,
      });
    }
    return readAll(fd);
  } finally {
    closeSync(fd);
  }
}

function readDescriptor(fd: number): Buffer {
  if (isatty(fd)) {
    throw usageError('the passphrase is not read from a terminal, which would show it', {
      hint: 'give it through a pipe or a file, e.g. --passphrase-fd 3 3< /run/secrets/keys',
    });
  }
  return readAll(fd);
}

/** Reads to the end, but no more than tells that it is too long. */
function readAll(fd: number): Buffer {
  const bytes = Buffer.alloc(LONGEST + 3);
  let length = 0;
  while (length < bytes.length) {
    try {
      const read = readSync(fd, bytes, length, bytes.length - length, null);
      if (read === 0) break;
      length += read;
    } catch (error) {
      // A pipe that was left non-blocking and has nothing yet.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
  return bytes.subarray(0, length);
}
