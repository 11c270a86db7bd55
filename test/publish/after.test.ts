/** publish.after: words, not a shell. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandFor, runAfter, splitCommand } from '#zonewright/publish/after.js';
import { tempDir } from '../tools/cli.js';

describe('the words of a command', () => {
  it.each([
    ['nsd-control reload {zone}', ['nsd-control', 'reload', '{zone}']],
    ['  a   b\t', ['a', 'b']],
    [`a 'b c' "d e" f\\ g ""`, ['a', 'b c', 'd e', 'f g', '']],
    [`a "x\\"y" 'z\\'`, ['a', 'x"y', 'z\\']],
    [`a pre'mid'"post"`, ['a', 'premidpost']],
    [`a '$HOME; rm -rf /'`, ['a', '$HOME; rm -rf /']],
  ])('%s', (text, words) => {
    expect(splitCommand(text)).toEqual(words);
  });

  it.each([
    'a; b',
    'a && b',
    'a | b',
    'a > file',
    'a $HOME',
    'a `b`',
    'a "$(b)"',
    'a *.zone',
    "a 'b",
    'a \\',
    '  ',
    "'' a",
  ])('refuses with exit 2: %s', (text) => {
    expect(() => splitCommand(text)).toThrow(expect.objectContaining({ exitCode: 2 }));
  });

  it('put the zone into any word, and into nothing else', () => {
    expect(commandFor(['a', '{zone}', 'x={zone}.zone'], 'com')).toEqual(['a', 'com', 'x=com.zone']);
    expect(commandFor(['a', '{zone}'], 'root')).toEqual(['a', '.']);
    expect(() => commandFor(['a', '{zone}'], '-rf')).toThrow('no zone label');
  });
});

describe('running it', () => {
  const node = (script: string) => [process.execPath, '-e', script];

  it('passes words and environment as they are', async () => {
    const marker = join(tempDir(), 'made by a shell');
    const script = 'console.log(process.argv[1] + process.env.ZONEWRIGHT_ZONE)';
    const argv = [...node(script), `$(touch '${marker}')`];
    const result = await runAfter(argv, { ZONEWRIGHT_ZONE: 'com' });
    expect(result).toEqual({ ok: true, how: 'exit 0', output: `$(touch '${marker}')com` });
    expect(existsSync(marker)).toBe(false);
  });

  it('tells exit code, signal, missing command and time-out', async () => {
    expect(await runAfter(node('console.error("no");process.exit(3)'), {})).toEqual({
      ok: false,
      how: 'exit 3',
      output: 'no',
    });
    const killed = await runAfter(node('process.kill(process.pid, "SIGTERM")'), {});
    expect(killed).toMatchObject({ ok: false, how: 'signal SIGTERM' });
    const none = await runAfter(['/no/such/command'], {});
    expect(none).toMatchObject({ ok: false, how: 'no such command' });
    const slow = await runAfter(node('setInterval(() => {}, 1000)'), {}, 0.3);
    expect(slow).toMatchObject({ ok: false, how: 'no end after 0.3 s, killed' });
  });
});
