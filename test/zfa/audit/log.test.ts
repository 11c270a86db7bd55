import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createChainCheck, EMPTY, linesAfter } from '#zonewright/zfa/audit/chain.js';
import { appendAudit, checkAudit, logEvents, readAudit } from '#zonewright/zfa/audit/log.js';
import { openAuditWriter } from '#zonewright/zfa/audit/writer.js';
import { type Database, openDatabase } from '#zonewright/zfa/database/open.js';
import { noteEvent } from '#zonewright/zfa/holders/store.js';
import { zfaPlaces } from '#zonewright/zfa/places.js';
import { tempDir } from '../../tools/cli.js';

const AT = 1_795_305_600;
const entry = (n: number) => ({ at: AT + n, event: 'sign-in', holder: `h${n}` });

interface Site {
  readonly state: string;
  readonly log: string;
  readonly db: Database;
}

function site(lines = 0): Site {
  const state = tempDir('audit');
  const db = openDatabase(state);
  for (let n = 1; n <= lines; n++) appendAudit(db, state, [entry(n)]);
  return { state, db, log: join(state, 'zfa/audit.jsonl') };
}

const linesOf = ({ log }: Site): string[] => readFileSync(log, 'utf8').trimEnd().split('\n');
const faults = ({ db, state }: Site): string[] =>
  checkAudit(db, state).faults.map(({ line, what }) => `${line}: ${what}`);

describe('the audit log', () => {
  it('holds what was written, in order, a line each', () => {
    const at = site(3);
    expect([...readAudit(at.state)].map(({ n, holder }) => [n, holder])).toEqual([
      [1, 'h1'],
      [2, 'h2'],
      [3, 'h3'],
    ]);
    expect(checkAudit(at.db, at.state)).toMatchObject({ lines: 3, faults: [] });
  });

  it('is a log without faults before its first line', () => {
    expect(checkAudit(site().db, tempDir('audit'))).toMatchObject({ lines: 0, faults: [] });
  });

  it('nothing from outside makes another line, or hides in one', () => {
    const at = site();
    const holder = 'x\n{"n":2}\r\u2028\u202e\u001b[2J\u0000\u009f';
    appendAudit(at.db, at.state, [{ ...entry(1), holder, n: 99, prev: 'mine' }]);
    const text = readFileSync(at.log, 'utf8');
    expect(text).toMatch(/^[\x20-\x7e]+\n$/);
    expect(JSON.parse(text)).toMatchObject({ n: 1, prev: '0'.repeat(64), holder });
    expect(faults(at)).toEqual([]);
  });

  it('goes on where another process has appended', () => {
    const at = site(2);
    const other = openDatabase(at.state);
    appendAudit(other, at.state, [entry(3)]);
    appendAudit(at.db, at.state, [entry(4)]);
    expect(faults(at)).toEqual([]);
    expect(linesOf(at)).toHaveLength(4);
    other.close();
  });
});

describe('what was tampered with is found', () => {
  const rewrite = (at: Site, change: (lines: string[]) => string[]): void =>
    writeFileSync(at.log, `${change(linesOf(at)).join('\n')}\n`);

  it.each<[string, (lines: string[]) => string[], RegExp]>([
    ['a changed line', (l) => l.with(1, l[1].replace('h2', 'h9')), /^2: was changed/],
    ['a changed first line', (l) => l.with(0, l[0].replace('h1', 'h9')), /^1: was changed/],
    ['a changed last line', (l) => l.with(4, l[4].replace('h5', 'h9')), /^5: line 5 was changed/],
    ['a removed line', (l) => l.toSpliced(2, 1), /^3: line 3 is missing before it/],
    ['a removed first line', (l) => l.slice(1), /^1: line 1 is missing before it/],
    ['a removed last line', (l) => l.slice(0, 4), /^4: is the last one, but line 5 is missing/],
    ['several removed lines', (l) => [l[0], l[4]], /^2: lines 2 to 4 are missing/],
    ['two lines that changed places', (l) => [l[0], l[2], l[1], l[3], l[4]], /line 2 is missing/],
    ['a line twice', (l) => l.toSpliced(2, 0, l[1]), /^3: is line 2 a second time/],
    ['a line put in', (l) => l.toSpliced(2, 0, '{"event":"mine"}'), /^3: is not a line of/],
    ['garbage', (l) => l.with(3, 'x'), /^4: is not a line of/],
    ['an empty log', () => [], /is the last one, but lines 1 to 5 are missing|not a line/],
  ])('%s', (_, change, message) => {
    const at = site(5);
    rewrite(at, change);
    expect(faults(at)[0]).toMatch(message);
    // The service goes on, and what it writes after it does not cover the traces.
    appendAudit(at.db, at.state, [entry(6)]);
    expect(faults(at).length).toBeGreaterThan(0);
  });

  it('a line that was changed together with all that follow, but not the head', () => {
    const at = site(3);
    const forged = linesAfter(EMPTY, [entry(1), { ...entry(2), holder: 'nobody' }, entry(3)]);
    writeFileSync(at.log, forged.text);
    expect(faults(at)).toEqual(['3: line 3 was changed']);
  });

  it('a log that was taken away', () => {
    const at = site(3);
    rmSync(at.log);
    expect(faults(at)).toEqual(['0: is the last one, but lines 1 to 3 are missing after it']);
  });

  it('any lines removed, moved or doubled', () => {
    const at = site(8);
    const good = linesOf(at);
    const { head } = linesAfter(EMPTY, [1, 2, 3, 4, 5, 6, 7, 8].map(entry));
    fc.assert(
      fc.property(fc.array(fc.nat(7), { maxLength: 10 }), (order) => {
        const check = createChainCheck(head);
        for (const n of order) check.line(good[n]);
        check.end();
        const whole = order.length === 8 && order.every((n, i) => n === i);
        expect(check.faults.length === 0).toBe(whole);
      }),
    );
  });

  it('any one change of any octet but the last newline', () => {
    const at = site(6);
    const good = readFileSync(at.log);
    fc.assert(
      fc.property(fc.nat(good.length - 2), fc.integer({ min: 1, max: 255 }), (place, mask) => {
        const bad = Buffer.from(good);
        bad[place] ^= mask;
        const check = createChainCheck(linesAfter(EMPTY, [1, 2, 3, 4, 5, 6].map(entry)).head);
        for (const line of bad.toString('latin1').split('\n').slice(0, -1)) check.line(line);
        check.end();
        expect(check.faults.length).toBeGreaterThan(0);
      }),
    );
  });
});

describe('after a kill', () => {
  it('half a line is cut off, and the next one stands alone', () => {
    const at = site(2);
    appendFileSync(at.log, '{"n":3,"prev":"');
    appendAudit(at.db, at.state, [entry(3)]);
    expect(faults(at)).toEqual([]);
    expect(linesOf(at)).toHaveLength(3);
  });

  it('lines that the database does not know of are taken over', () => {
    const at = site(2);
    const known = JSON.parse(
      at.db.sql("SELECT value FROM facts WHERE name = 'audit-head'").get()!.value as string,
    );
    appendFileSync(at.log, linesAfter(known, [entry(3), entry(4)]).text);
    expect(faults(at)).toEqual([]);
    appendAudit(at.db, at.state, [entry(5)]);
    expect(linesOf(at)).toHaveLength(5);
    expect(faults(at)).toEqual([]);
  });

  it('a database that was lost takes the whole log over', () => {
    const at = site(3);
    const fresh = openDatabase(tempDir('audit'));
    fresh.close();
    at.db.sql('DELETE FROM facts').run();
    appendAudit(at.db, at.state, [entry(4)]);
    expect(faults(at)).toEqual([]);
    expect(linesOf(at)).toHaveLength(4);
  });

  it('what happened to a holder is written once, whenever the kill came', () => {
    const at = site(1);
    const happen = (holder: string): void =>
      at.db.change(() => noteEvent(at.db, { at: AT, holder, event: 'added', detail: { a: 1 } }));
    happen('one');
    happen('two');
    // Killed after the append and before the commit: the file has it, the database does not know.
    const before = at.db.sql("SELECT value FROM facts WHERE name = 'audit-head'").get()!.value;
    expect(logEvents(at.db, at.state)).toBe(2);
    at.db.sql("UPDATE facts SET value = ? WHERE name = 'audit-head'").run(before);
    at.db.sql('UPDATE events SET logged = 0').run();
    happen('three');
    expect(logEvents(at.db, at.state)).toBe(1);
    expect(logEvents(at.db, at.state)).toBe(0);
    const holders = [...readAudit(at.state)].slice(1).map(({ holder, change }) => [holder, change]);
    expect(holders).toEqual([
      ['one', 1],
      ['two', 2],
      ['three', 3],
    ]);
    expect(faults(at)).toEqual([]);
  });

  it('a change after a backup was brought back is written, though its number stands there already', () => {
    const at = site(1);
    const change = (event: 'changed' | 'revoked', when: number): number => {
      at.db.change(() => noteEvent(at.db, { at: when, holder: 'acme', event, detail: {} }));
      return logEvents(at.db, at.state);
    };
    const head = at.db.sql("SELECT value FROM facts WHERE name = 'audit-head'").get()!.value;
    expect(change('changed', AT)).toBe(1);
    // The backup knows neither the change nor its line.
    at.db.sql('DELETE FROM events').run();
    at.db.sql('DELETE FROM sqlite_sequence').run();
    at.db.sql("UPDATE facts SET value = ? WHERE name = 'audit-head'").run(head);
    expect(change('revoked', AT + 60)).toBe(1);
    expect([...readAudit(at.state)].map(({ event }) => event)).toEqual([
      'sign-in',
      'changed',
      'revoked',
    ]);
    expect(faults(at)).toEqual([]);
  });

  it('lines whose head could not be written stand there once', () => {
    const at = site(1);
    // A full disk lets the append through, and not the database's commit.
    const full: Database = {
      ...at.db,
      change: (action) =>
        at.db.change(() => {
          action();
          throw new Error('full');
        }),
    };
    appendAudit(full, at.state, [entry(2)]);
    appendAudit(at.db, at.state, [entry(3)]);
    expect([...readAudit(at.state)].map(({ holder }) => holder)).toEqual(['h1', 'h2', 'h3']);
    expect(faults(at)).toEqual([]);
  });

  it('a torn end of somebody else is not cut off', () => {
    const at = site(3);
    truncateSync(at.log, readFileSync(at.log).length - 1);
    appendAudit(at.db, at.state, [entry(4)]);
    expect(linesOf(at)).toHaveLength(4);
    expect(faults(at)).toEqual([]);
  });
});

describe('the writer of a service', () => {
  it('writes everything, in order, also beside others', async () => {
    const at = site();
    const states: unknown[] = [];
    const writer = openAuditWriter(at.state, (error) => states.push(error));
    for (let n = 1; n <= 500; n++) {
      writer.write(entry(n));
      if (n % 100 === 0) appendAudit(at.db, at.state, [{ at: AT, event: 'other' }]);
      if (n % 70 === 0) await writer.flush();
    }
    await writer.close();
    const own = [...readAudit(at.state)].filter(({ event }) => event === 'sign-in');
    expect(own.map(({ holder }) => holder)).toEqual(
      Array.from({ length: 500 }, (_, n) => `h${n + 1}`),
    );
    expect(faults(at)).toEqual([]);
    expect(states).toEqual([]);
  });

  it('goes on with another thread when one could not begin', async () => {
    const at = site();
    at.db.close();
    const { database } = zfaPlaces(at.state);
    const good = readFileSync(database);
    for (const end of ['', '-wal', '-shm']) rmSync(`${database}${end}`, { force: true });
    writeFileSync(database, 'no database'.repeat(1000));
    const states: (string | undefined)[] = [];
    const writer = openAuditWriter(at.state, (error) => states.push(error?.message));
    writer.write(entry(1));
    await writer.flush();
    expect(states).toEqual([expect.stringContaining('not a database')]);
    writeFileSync(database, good);
    await writer.close();
    expect(states.at(-1)).toBeUndefined();
    expect([...readAudit(at.state)].map(({ holder }) => holder)).toEqual(['h1']);
  });

  it('tells when it can not write, keeps what it has, and goes on when it can', async () => {
    const at = site();
    const states: (string | undefined)[] = [];
    const writer = openAuditWriter(at.state, (error) => states.push(error?.message));
    writer.write(entry(1));
    await writer.flush();
    // A folder in the log's place.
    rmSync(at.log);
    const { mkdirSync, rmdirSync } = await import('node:fs');
    mkdirSync(at.log);
    writer.write(entry(2));
    await writer.flush();
    expect(states).toEqual([expect.stringContaining('folder')]);
    rmdirSync(at.log);
    writer.write(entry(3));
    await writer.close();
    expect(states.at(-1)).toBeUndefined();
    expect([...readAudit(at.state)].map(({ holder }) => holder)).toEqual(['h2', 'h3']);
  });
});
