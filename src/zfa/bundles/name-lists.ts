/**
 * What several changes of a zone, one after another, come to: from the lists of names that each of
 * them added and removed, those that were added and removed from the first state to the last.
 *
 * The lists are `added.txt.gz` and `removed.txt.gz` of generations: a name a line, in canonical order
 * (RFC 4034 §6.1). They are walked side by side, so many at a time that their files can be open and a
 * block of each in memory; what many changes come to is a change again.
 */

import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { compareBytes, MAX_KEY, MAX_WIRE, ROOT, textToWire, wireToKey } from '../../names/name.js';
import { createPool, type Pool } from '../../threads/pool.js';
import { createGzip, type DigestedGzip, digested, type TextDigest } from '../../write/gzip.js';

const LF = 0x0a;
const BLOCK = 1 << 16;
/** Changes that are joined at a time: two files of each are open. */
const AT_ONCE = 32;

/** Errors of the system for want of something. */
const SHORTAGES = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN']);

/** Paths of the two lists of a change. */
export interface ChangeLists {
  readonly added: string;
  readonly removed: string;
}

/** The lists of the change that undoes a change. */
export function inverse({ added, removed }: ChangeLists): ChangeLists {
  return { added: removed, removed: added };
}

/** A list that was made. */
export interface MadeList {
  readonly names: number;
  readonly unpacked: TextDigest;
}

/** A list that can't be read, is none, or is not known. */
export class UnusableList extends Error {}

/** What changes came to. */
export interface MadeLists {
  readonly added: MadeList;
  readonly removed: MadeList;
}

/**
 * Writes the lists of what changes, in the order of time, come to. Without any the lists are empty.
 *
 * @param out paths of the files to make; of many changes there are others beside them meanwhile.
 * @throws UnusableList; the error of the file system for what is written.
 */
export async function joinChanges(
  steps: readonly ChangeLists[],
  out: ChangeLists,
): Promise<MadeLists> {
  const pool = createPool(0);
  try {
    return await joinGroups(steps, out, pool);
  } finally {
    await pool.close();
  }
}

/** Joins so many at a time as may be open, and then what each group came to. */
async function joinGroups(
  steps: readonly ChangeLists[],
  out: ChangeLists,
  pool: Pool,
): Promise<MadeLists> {
  if (steps.length <= AT_ONCE) return joinAtOnce(steps, out, pool);
  const groups: ChangeLists[] = [];
  try {
    for (let at = 0; at < steps.length; at += AT_ONCE) {
      // Groups of groups are fewer than what they were made of: the number tells them apart.
      const name = `${steps.length}-${at}`;
      const group = { added: `${out.added}.${name}`, removed: `${out.removed}.${name}` };
      groups.push(group);
      await joinAtOnce(steps.slice(at, at + AT_ONCE), group, pool);
    }
    return await joinGroups(groups, out, pool);
  } finally {
    const paths = groups.flatMap(({ added, removed }) => [added, removed]);
    await Promise.all(paths.map((path) => rm(path, { force: true })));
  }
}

async function joinAtOnce(
  steps: readonly ChangeLists[],
  out: ChangeLists,
  pool: Pool,
): Promise<MadeLists> {
  const outputs: NameOutput[] = [];
  // In the order of time: of a name in several lists, the first tells what was, the last what is.
  const lists = steps.flatMap(({ added, removed }) => [
    new NameList(added, true),
    new NameList(removed, false),
  ]);
  try {
    const added = new NameOutput(digested(await createGzip(out.added, pool)));
    outputs.push(added);
    const removed = new NameOutput(digested(await createGzip(out.removed, pool)));
    outputs.push(removed);
    await walk(lists, async (first, last) => {
      if (first.adds !== last.adds) return;
      await (first.adds ? added : removed).add(first);
    });
    return { added: await added.close(), removed: await removed.close() };
  } catch (error) {
    await Promise.allSettled(outputs.map(({ file }) => file.abandon()));
    throw error;
  } finally {
    for (const list of lists) list.close();
  }
}

/** Calls for each name, in order, with the first and the last of the lists that have it. */
async function walk(
  lists: readonly NameList[],
  take: (first: NameList, last: NameList) => Promise<void>,
): Promise<void> {
  for (const list of lists) await list.next();
  for (;;) {
    let first: NameList | undefined;
    let last: NameList | undefined;
    for (const list of lists) {
      if (list.ended) continue;
      const d = first === undefined ? -1 : list.compare(first);
      if (d < 0) first = list;
      if (d <= 0) last = list;
    }
    if (first === undefined || last === undefined) return;
    await take(first, last);
    // The first one's name is what the others are compared with: it goes on last.
    for (const list of lists) {
      if (list !== first && !list.ended && list.compare(first) === 0) await list.next();
    }
    await first.next();
  }
}

/** A list that is read, standing at one of its names. */
class NameList {
  ended = false;
  /** The block of text, and the current line in it, its newline included. */
  block: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  private key = new Uint8Array(MAX_KEY);
  private keyEnd = 0;
  private before = new Uint8Array(MAX_KEY);
  private readonly wire = new Uint8Array(MAX_WIRE);
  private readonly packed;
  private readonly text;

  /** @param adds the names were added, else removed. */
  constructor(
    private readonly path: string,
    readonly adds: boolean,
  ) {
    this.packed = createReadStream(path, { highWaterMark: BLOCK });
    const gunzip = createGunzip();
    // An error of either comes out where the text is read.
    pipeline(this.packed, gunzip).catch(() => undefined);
    this.text = gunzip[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** Goes to the next name, or to the end. */
  async next(): Promise<void> {
    this.start = this.end;
    let end = this.block.indexOf(LF, this.start);
    while (end < 0) {
      const more = await this.readMore();
      const rest = this.block.subarray(this.start);
      if (more.done === true) {
        if (rest.length > 0) throw this.unusable('ends in the midst of a line');
        this.ended = true;
        return;
      }
      this.block = rest.length === 0 ? more.value : Buffer.concat([rest, more.value]);
      this.start = 0;
      end = this.block.indexOf(LF, rest.length);
    }
    this.end = end + 1;
    this.readKey(end);
  }

  private async readMore(): Promise<IteratorResult<Buffer>> {
    try {
      return await this.text.next();
    } catch (error) {
      // Not the list's fault, and gone at the next time.
      if (SHORTAGES.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
      throw this.unusable(`can't be read: ${(error as Error).message}`);
    }
  }

  private unusable(why: string): UnusableList {
    return new UnusableList(`${this.path} ${why}`);
  }

  private readKey(end: number): void {
    const { key, keyEnd, before, wire } = this;
    const length = textToWire(this.block, this.start, end, ROOT, wire, 0);
    if (length < 0) throw this.unusable('has a line that is no name');
    this.key = before;
    this.before = key;
    this.keyEnd = wireToKey(wire, 0, 0, this.key, 0);
    if (keyEnd > 0 && compareBytes(key, 0, keyEnd, this.key, 0, this.keyEnd) >= 0) {
      throw this.unusable('is not in order');
    }
  }

  /** @returns below 0: this list's name is the earlier one. */
  compare(other: NameList): number {
    return compareBytes(this.key, 0, this.keyEnd, other.key, 0, other.keyEnd);
  }

  close(): void {
    this.packed.destroy();
  }
}

/** Collects lines into blocks. */
class NameOutput {
  private names = 0;
  private readonly block = Buffer.allocUnsafe(BLOCK);
  private length = 0;

  constructor(readonly file: DigestedGzip) {}

  async add({ block, start, end }: NameList): Promise<void> {
    this.names++;
    if (this.length + end - start > BLOCK) await this.flush();
    this.length += block.copy(this.block, this.length, start, end);
  }

  private async flush(): Promise<void> {
    await this.file.write(this.block.subarray(0, this.length));
    this.length = 0;
  }

  async close(): Promise<MadeList> {
    await this.flush();
    await this.file.close();
    return { names: this.names, unpacked: this.file.digest() };
  }
}
