/** What a build remembers: serials, the audit log, switches under way. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  audit,
  beginPublishing,
  endPublishing,
  notePublications,
  readPublications,
  unfinishedPublishing,
} from '#zonewright/publish/state.js';
import { assertSpace, storageError } from '#zonewright/publish/storage.js';
import { tempDir } from '../tools/cli.js';

const COM = { serial: 7, generation: '20261122T000000Z-7', buildTime: '2026-11-22T00:00:00Z' };

it('remembers zones beside each other', () => {
  const dir = tempDir();
  expect(readPublications(dir)).toEqual({});
  notePublications(dir, { com: COM });
  notePublications(dir, { net: { ...COM, serial: 9 } });
  notePublications(dir, { com: { ...COM, serial: 8 } });
  expect(readPublications(dir)).toEqual({
    com: { ...COM, serial: 8 },
    net: { ...COM, serial: 9 },
  });
});

it('does not take damaged state for none', () => {
  const dir = tempDir();
  writeFileSync(join(dir, 'serials.json'), '{"version":1,');
  expect(() => readPublications(dir)).toThrow(expect.objectContaining({ exitCode: 4 }));
});

it('knows of switches that were begun and not ended', () => {
  const dir = tempDir();
  expect(unfinishedPublishing(dir)).toBeUndefined();
  beginPublishing(dir, { com: COM });
  expect(unfinishedPublishing(dir)).toEqual({ com: COM });
  endPublishing(dir);
  expect(unfinishedPublishing(dir)).toBeUndefined();
});

it('appends whole lines to the audit log, also behind one that a crash cut off', () => {
  const dir = tempDir();
  audit(dir, 1795305600, { event: 'published', zone: 'com' });
  appendFileSync(join(dir, 'audit.jsonl'), '{"at":"2026-11');
  audit(dir, 1795305601, { event: 'refused', zone: 'net' });
  const lines = readFileSync(join(dir, 'audit.jsonl'), 'utf8').split('\n');
  expect(lines).toHaveLength(4);
  expect(JSON.parse(lines[0])).toMatchObject({ at: '2026-11-22T00:00:00Z', event: 'published' });
  expect(JSON.parse(lines[2])).toMatchObject({ event: 'refused', zone: 'net' });
});

it('says in words what a disk has against a write', () => {
  const file = join(tempDir(), 'file');
  writeFileSync(file, '');
  try {
    mkdirSync(join(file, 'folder'));
  } catch (error) {
    expect(storageError(error, 'x')).toMatchObject({ exitCode: 2, hint: expect.any(String) });
  }
  expect(storageError(new Error('ENOSPC: no space left on device, write'), 'out')).toMatchObject({
    exitCode: 1,
    message: 'the disk is full',
    place: { file: 'out' },
  });
  const other = new TypeError('x');
  expect(storageError(other, 'out')).toBe(other);
  expect.assertions(3);
});

it('asks for room before a build', () => {
  const dir = tempDir();
  assertSpace(join(dir, 'not', 'there', 'yet'), 1, 'a build');
  expect(() => assertSpace(dir, 2 ** 60, 'a build')).toThrow(
    expect.objectContaining({ exitCode: 1, message: expect.stringContaining('1048576 TiB') }),
  );
});
