/** Where `sign` puts its output. */
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BIN, run, start, startZonewright, tempDir, zonewright } from '../tools/cli.js';
import { APEX, CLOCK, exampleKeys } from './sign.js';

function prepare(): { folder: string; args: string[] } {
  const folder = tempDir('output');
  const keys = exampleKeys(folder);
  writeFileSync(join(folder, 'zone'), APEX);
  const args = ['sign', join(folder, 'zone'), '--zone', 'example', '--key-dir', keys];
  return { folder, args: [...args, '--now', CLOCK, '--engine', 'noble'] };
}

describe('sign -', () => {
  for (const [title, bytes, cut] of [
    ['gzip data', gzipSync(APEX), 1],
    ['a byte order mark', Buffer.from(`\uFEFF${APEX}`), 2],
  ] as const) {
    it(`reads ${title} from a pipe that is slow to begin`, async () => {
      const { folder, args } = prepare();
      const input = join(folder, 'bytes');
      writeFileSync(input, bytes);
      const line = `(head -c ${cut} "$1"; sleep 0.7; tail -c +${cut + 1} "$1") | "$2" "$3" sign - --output - $4`;
      const rest = args.slice(2).join(' ');
      const done = await run('sh', ['-c', line, 'sh', input, process.execPath, BIN, rest]);
      expect(done.status).toBe(0);
      expect(done.stdout).toContain('example.\t3600\tin\tsoa\t');
    });
  }
});

describe('sign --validity', () => {
  it('is less than serial arithmetic can tell apart (RFC 4034 §3.1.5)', async () => {
    const { folder, args } = prepare();
    const done = await zonewright([...args, '--output', join(folder, 's'), '--validity', 'P70Y']);
    expect(done.status).toBe(2);
    expect(done.stderr).toContain('68 years');
  });
});

describe('sign --output', () => {
  it('writes to a named pipe (as to /dev/null) and does not replace it', async () => {
    const { folder, args } = prepare();
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const reader = start('cat', [pipe]);
    const done = await zonewright([...args, '--output', pipe], { timeout: 20_000 });
    expect(done.status).toBe(0);
    expect((await reader.finished).stdout).toContain('example.\t3600\tin\tsoa\t');
    expect(lstatSync(pipe).isFIFO()).toBe(true);
  });

  it('is refused for a folder', async () => {
    const { folder, args } = prepare();
    const done = await zonewright([...args, '--output', folder]);
    expect(done.status).toBe(2);
    expect(done.stderr).toContain('is a folder');
  });

  it('is refused where no folder is', async () => {
    const { folder, args } = prepare();
    const done = await zonewright([...args, '--output', join(folder, 'no', 'signed')]);
    expect(done.status).toBe(2);
    expect(done.stderr).toContain('there is no folder');
  });

  it('may be the input itself', async () => {
    const { folder, args } = prepare();
    const done = await zonewright([...args, '--output', join(folder, 'zone')]);
    expect(done.status).toBe(0);
    expect(readFileSync(join(folder, 'zone'), 'utf8')).toContain('\tdnskey\t');
    expect(readdirSync(folder).sort()).toEqual(['keys', 'zone']);
  });

  it('leaves nothing behind when a signal ends the run', async () => {
    const { folder, args } = prepare();
    const names = Array.from({ length: 3000 }, (_, i) => `n${i} A 192.0.2.1`);
    writeFileSync(join(folder, 'zone'), `${APEX}${names.join('\n')}\n`);
    const { child, finished } = startZonewright([...args, '--output', join(folder, 'signed')]);
    for (let i = 0; i < 200 && readdirSync(folder).length < 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(readdirSync(folder).length).toBe(3);
    child.kill('SIGINT');
    const done = await finished;
    expect(done.status ?? done.signal).toBe(130);
    expect(existsSync(join(folder, 'signed'))).toBe(false);
    expect(readdirSync(folder).sort()).toEqual(['keys', 'zone']);
  });
});
