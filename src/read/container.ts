/**
 * The files of an export, whether they lie in a folder or in a tar file (POSIX ustar and pax;
 * plain or gzip). Only regular files that are asked for by name are read; nothing is written, and
 * links lead nowhere.
 */
import { constants } from 'node:fs';
import { lstat, open, readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join, posix, sep } from 'node:path';
import { extract } from 'tar-stream';
import { inputError, ZonewrightError } from '../errors.js';
import { isGzip, unpack } from './unpack.js';

const BLOCK = 1 << 20;
/** Members that a tar file may have; more are no deposit. */
const MAX_MEMBERS = 100_000;

/** The files of an export. */
export interface Container {
  /** The one XML file, with its path for messages. */
  readonly xml: string;
  /** Reads the XML file. */
  readXml<T>(read: (pieces: AsyncIterable<Uint8Array>, file: string) => Promise<T>): Promise<T>;
  /**
   * Reads the files named, once each, in the container's own order.
   *
   * @param names paths relative to the XML file's folder.
   * @param visit must read `pieces` to their end.
   * @param toEnd read on behind the last of them: only then damage at the end of a packed tar
   *   file shows.
   * @throws ZonewrightError (exit 3) for a file that is missing or no regular file.
   */
  readFiles(
    names: ReadonlySet<string>,
    visit: (name: string, file: string, pieces: AsyncIterable<Uint8Array>) => Promise<void>,
    toEnd: boolean,
  ): Promise<void>;
}

/** Opens a folder, an XML file in its folder, or a tar file. */
export async function openContainer(path: string): Promise<Container> {
  let info: Awaited<ReturnType<typeof lstat>>;
  try {
    // The path itself is the operator's own: there, a link is welcome.
    info = await lstat(await realpath(path));
  } catch (error) {
    throw unreadable(path, error);
  }
  if (info.isDirectory()) return folder(path, undefined);
  if (!info.isFile()) throw inputError('is no file and no folder', { place: { file: path } });
  if (/\.xml$/i.test(path)) return folder(dirname(path), basename(path));
  return tar(path);
}

function unreadable(file: string, error: unknown): Error {
  if (error instanceof ZonewrightError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  if (code === 'ENOENT') {
    return inputError('there is no such file', {
      place: { file },
      hint: 'Is the export complete? Check source.path.',
      cause: error,
    });
  }
  return inputError(`can't read it: ${code}`, { place: { file }, cause: error });
}

function chooseXml(names: readonly string[], path: string): string {
  if (names.length === 1) return names[0];
  if (names.length === 0) {
    throw inputError('holds no XML file: it is no data escrow deposit', { place: { file: path } });
  }
  throw inputError(`holds ${names.length} XML files, so which one describes the deposit?`, {
    place: { file: path },
    text: names.slice(0, 5).join(', '),
    hint: 'Name the XML file itself as source.path, or give each deposit its own folder.',
  });
}

// ---- folders -----------------------------------------------------------------------------

async function folder(path: string, xmlName: string | undefined): Promise<Container> {
  const root = await realpath(path);
  const names = xmlName === undefined ? await readdir(path) : [];
  const xml = xmlName ?? chooseXml(names.filter((name) => /\.xml$/i.test(name)).sort(), path);
  const openIn = async (name: string): Promise<AsyncGenerator<Uint8Array>> => {
    const full = join(path, name);
    let real: string;
    try {
      real = await realpath(full);
    } catch (error) {
      throw unreadable(full, error);
    }
    if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) {
      throw inputError('is a link that leads out of the export', { place: { file: full } });
    }
    return fileBlocks(full, constants.O_NOFOLLOW);
  };
  return {
    xml: join(path, xml),
    readXml: async (read) => read(await openIn(xml), join(path, xml)),
    readFiles: async (wanted, visit) => {
      for (const name of wanted) await visit(name, join(path, name), await openIn(name));
    },
  };
}

/** The octets of a regular file. Each piece is the receiver's own. */
async function* fileBlocks(path: string, flags = 0): AsyncGenerator<Uint8Array> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    // Without O_NONBLOCK a pipe that nobody writes to would hold the run here for ever.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | flags);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOOP') {
      throw inputError('is a link; an export must hold its files itself', {
        place: { file: path },
      });
    }
    throw unreadable(path, error);
  }
  try {
    const info = await handle.stat();
    if (!info.isFile()) {
      throw inputError('is no regular file', { place: { file: path } });
    }
    // One octet more than the file has: the first read shows its end, too, unless it grows.
    const size = Math.min(BLOCK, info.size + 1);
    for (;;) {
      const block = new Uint8Array(size);
      const { bytesRead } = await handle.read(block, 0, size, null);
      if (bytesRead === 0) return;
      yield block.subarray(0, bytesRead);
    }
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    await handle.close();
  }
}

// ---- tar files ---------------------------------------------------------------------------

async function tar(path: string): Promise<Container> {
  const names: string[] = [];
  await eachMember(path, async (name, type) => {
    if (type === 'file' && /\.xml$/i.test(name)) names.push(name);
    return true;
  });
  const xml = chooseXml(names, path);
  const inFolder = (name: string): string => posix.join(posix.dirname(xml), name);
  const shown = (name: string): string => `${path}(${name})`;
  return {
    xml: shown(xml),
    readXml: async <T>(
      read: (pieces: AsyncIterable<Uint8Array>, file: string) => Promise<T>,
    ): Promise<T> => {
      let result: { value: T } | undefined;
      await eachMember(path, async (name, type, pieces) => {
        if (name !== xml || type !== 'file') return true;
        result = { value: await read(pieces, shown(name)) };
        return false;
      });
      if (result === undefined) throw unreadable(shown(xml), { code: 'ENOENT' });
      return result.value;
    },
    readFiles: async (wanted, visit, toEnd) => {
      const missing = new Map(Array.from(wanted, (name) => [inFolder(name), name]));
      const seen = new Set<string>();
      await eachMember(path, async (name, type, pieces) => {
        if (seen.has(name)) throw inputError('is there twice', { place: { file: shown(name) } });
        const asked = missing.get(name);
        if (asked !== undefined) {
          if (type !== 'file') {
            throw inputError('is no regular file', { place: { file: shown(name) }, text: type });
          }
          missing.delete(name);
          seen.add(name);
          await visit(asked, shown(name), pieces);
        }
        return toEnd || missing.size > 0;
      });
      for (const name of missing.keys()) throw unreadable(shown(name), { code: 'ENOENT' });
    },
  };
}

/** Goes through a tar file until `visit` says false. Members that it leaves are skipped. */
async function eachMember(
  path: string,
  visit: (name: string, type: string, pieces: AsyncIterable<Uint8Array>) => Promise<boolean>,
): Promise<void> {
  const pack = extract();
  const raw = fileBlocks(path);
  const first = await raw.next();
  if (first.done === true) throw inputError('is empty', { place: { file: path } });
  const all = chain(first.value, raw);
  const source = isGzip(first.value) ? unpack(all, path) : all;
  let feeding: unknown;
  const fed = (async () => {
    for await (const piece of source) {
      if (pack.destroyed) return;
      if (!pack.write(piece)) {
        await new Promise<void>((resolve) => {
          pack.once('drain', resolve);
          pack.once('close', resolve);
        });
      }
    }
    pack.end(null);
  })().catch((error: unknown) => {
    feeding = error;
    pack.destroy(error as Error);
  });
  let members = 0;
  try {
    for await (const entry of pack) {
      if (++members > MAX_MEMBERS) {
        throw inputError(`holds more than ${MAX_MEMBERS} files`, { place: { file: path } });
      }
      const name = entry.header.name.replace(/^(\.\/)+/, '');
      const goOn = await visit(
        name,
        entry.header.type ?? 'file',
        entry as AsyncIterable<unknown> as AsyncIterable<Uint8Array>,
      );
      entry.resume();
      if (!goOn) return;
    }
  } catch (error) {
    if (feeding !== undefined) throw feeding;
    if (error instanceof ZonewrightError) throw error;
    if (!(error instanceof Error) || !isTarError(error)) throw error;
    throw inputError(`is no whole tar file: ${error.message}`, {
      place: { file: path },
      hint: 'It was cut off or damaged. Fetch or write it again.',
      cause: error,
    });
  } finally {
    pack.destroy(new Error('no longer wanted'));
    await fed;
  }
  if (feeding !== undefined) throw feeding;
}

function isTarError(error: Error): boolean {
  return /tar header|end of data|Size mismatch|premature|format/i.test(error.message);
}

async function* chain(
  first: Uint8Array,
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield first;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}
