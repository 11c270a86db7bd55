import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { expect, test } from 'vitest';
import { openDatabase } from '#zonewright/zfa/database/open.js';
import { STEPS } from '#zonewright/zfa/database/schema.js';
import { hasDatabase } from '#zonewright/zfa/places.js';
import { tempDir } from '../../tools/cli.js';

test('is made at first use, closed to others, and keeps what was committed', () => {
  const folder = join(tempDir('database'), 'state');
  expect(hasDatabase(folder)).toBe(false);
  const first = openDatabase(folder);
  first.change(() => first.sql('INSERT INTO facts VALUES (?, ?)').run('a', 'b'));
  first.close();
  expect(hasDatabase(folder)).toBe(true);
  expect(statSync(join(folder, 'zfa')).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, 'zfa/zfa.db')).mode & 0o777).toBe(0o600);
  const again = openDatabase(folder);
  expect(again.sql('SELECT value FROM facts WHERE name = ?').get('a')?.value).toBe('b');
  again.close();
});

test('tells when another connection has changed something', () => {
  const folder = tempDir('database');
  const [one, other] = [openDatabase(folder), openDatabase(folder)];
  const before = one.version();
  expect(one.version()).toBe(before);
  other.change(() => other.sql('INSERT INTO facts VALUES (?, ?)').run('a', 'b'));
  expect(one.version()).not.toBe(before);
  one.close();
  other.close();
});

test('a change that fails has not happened', () => {
  const db = openDatabase(tempDir('database'));
  expect(() =>
    db.change(() => {
      db.sql('INSERT INTO facts VALUES (?, ?)').run('a', 'b');
      throw new Error('in the middle');
    }),
  ).toThrow('in the middle');
  expect(db.sql('SELECT count(*) AS n FROM facts').get()?.n).toBe(0);
  db.close();
});

test('a file that is no database is refused and left as it is', () => {
  const folder = tempDir('database');
  mkdirSync(join(folder, 'zfa'));
  writeFileSync(join(folder, 'zfa/zfa.db'), 'no database '.repeat(1000));
  expect(() => openDatabase(folder)).toThrow(
    expect.objectContaining({ exitCode: 4, message: expect.stringContaining('damaged') }),
  );
  expect(statSync(join(folder, 'zfa/zfa.db')).size).toBe(12_000);
});

test('a database of the first version is brought forward, and loses nothing', () => {
  const folder = tempDir('database');
  mkdirSync(join(folder, 'zfa'));
  const old = new DatabaseSync(join(folder, 'zfa/zfa.db'));
  old.exec(`${STEPS[0]}; INSERT INTO facts VALUES ('a', 'b'); PRAGMA user_version = 1`);
  old.close();
  const db = openDatabase(folder);
  expect(db.sql('SELECT value FROM facts').get()?.value).toBe('b');
  expect(db.sql('SELECT count(*) AS n FROM ended_sessions').get()?.n).toBe(0);
  expect(db.sql('PRAGMA user_version').get()?.user_version).toBe(STEPS.length);
  db.close();
});

test('a database of a newer version is refused', () => {
  const folder = tempDir('database');
  const db = openDatabase(folder);
  db.sql('PRAGMA user_version = 999').run();
  db.close();
  expect(() => openDatabase(folder)).toThrow(
    expect.objectContaining({ exitCode: 4, message: expect.stringContaining('newer') }),
  );
});

test('a folder that can not be made is told with exit code 2', () => {
  const folder = tempDir('database');
  writeFileSync(join(folder, 'file'), '');
  expect(() => openDatabase(join(folder, 'file'))).toThrow(
    expect.objectContaining({ exitCode: 2 }),
  );
  expect(existsSync(join(folder, 'file'))).toBe(true);
});

test.each(['gone', 'empty'])(
  'a database that is %s, with an audit log, is not begun anew',
  (how) => {
    const folder = tempDir('database');
    const path = join(folder, 'zfa/zfa.db');
    mkdirSync(join(folder, 'zfa'));
    writeFileSync(join(folder, 'zfa/audit.jsonl'), '{}\n');
    if (how === 'empty') writeFileSync(path, '');
    expect(() => openDatabase(folder)).toThrow(
      expect.objectContaining({ exitCode: 4, message: expect.stringContaining('gone or empty') }),
    );
  },
);
