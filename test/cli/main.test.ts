/** The command line's frame: flags, errors, exit codes, signals (README, "Exit codes"). */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createProgram } from '#zonewright/cli/main.js';
import { BIN, ROOT, start, tempDir, zonewright } from '../tools/cli.js';

const VERSION = (
  JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
).version;

describe('help', () => {
  test('names every command, the common flags and the exit codes', async () => {
    const { status, stdout, stderr } = await zonewright(['--help']);
    expect(status).toBe(0);
    expect(stderr).toBe('');
    for (const name of ['init', 'sample', 'build', 'sign', 'verify', 'diff', 'keys', 'doctor']) {
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    }
    for (const flag of ['--config', '--json', '-q, --quiet', '-v, --verbose', '--no-color']) {
      expect(stdout).toContain(flag);
    }
    expect(stdout).toContain('Exit codes: 0 done; 1 unexpected failure');
  });

  test('of every command has examples', async () => {
    for (const command of (await createProgram()).commands) {
      for (const leaf of command.commands.length > 0 ? command.commands : [command]) {
        let text = '';
        leaf.configureOutput({ writeOut: (part) => (text += part) });
        leaf.outputHelp();
        expect(text, leaf.name()).toContain('Examples:\n  ');
      }
    }
  });

  test('--version', async () => {
    expect(await zonewright(['--version'])).toMatchObject({ status: 0, stdout: `${VERSION}\n` });
  });
});

describe('wrong usage ends with exit 2, says what is wrong and shows the usage', () => {
  test.each([
    [['sing'], "unknown command 'sing'", 'did you mean sign?'],
    [['build', '--jsn'], "unknown option '--jsn'", 'did you mean --json?'],
    [['sign', 'f', '--zoen', 'com'], "unknown option '--zoen'", 'did you mean --zone?'],
    [['sign', 'f'], "'--zone <Z>' not specified", 'usage: zonewright sign [options] <INPUT>'],
    [['verify', '--zone', 'com'], "missing required argument 'FILE'", 'usage: zonewright verify'],
    [['diff', 'a'], "missing required argument 'NEW'", 'usage: zonewright diff'],
    [['build', 'x'], 'too many arguments', 'usage: zonewright build'],
    [['keys', 'lst'], "unknown command 'lst'", 'did you mean list?'],
    [['build', '--threads', '0'], "'--threads <N>' argument '0'", 'usage: zonewright build'],
    [['build', '--threads', '2x'], 'Expected a whole number from 1 to 1024', 'usage'],
    [['build', '--memory', 'lots'], 'Expected a size such as 512MiB', 'usage'],
    [['build', '--memory', '1MiB'], 'at least 64MiB', 'usage'],
    [['build', '--now', 'noon'], 'Expected a UTC time such as', 'usage'],
    [['build', '--now'], "'--now <T>' argument missing", 'usage: zonewright build'],
    [['build', '--zone', 'a..b'], 'Expected a zone name', 'usage: zonewright build'],
    [['build', '--override', 'max-removed'], '--override needs --reason', 'recorded'],
    [['build', '--reason', 'why'], '--reason has no meaning', ''],
    [['sample', '--domains', '-1', '--out', 'x'], 'Expected a whole number from 1', 'usage'],
    [['completion', 'tcsh'], 'Allowed choices are bash, zsh, fish', 'usage: zonewright completion'],
    [['keys', 'list', '--config', 'no/such.toml'], 'no such configuration file', 'zonewright init'],
    [[], 'no command given', 'usage: zonewright'],
  ])('%j', async (args, message, more) => {
    const { status, stdout, stderr } = await zonewright(args, { cwd: tempDir('usage') });
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr.replaceAll(/\s+/g, ' ')).toContain(message);
    expect(stderr).toContain(more);
    expect(stderr).not.toContain('    at ');
  });

  const SIGN = ['sign', 'f', '--zone', 'com', '--key-dir', 'k', '--output', 'o'];
  test.each([
    [['--validity', '14d'], "'--validity <P>' argument '14d'"],
    [['--iterations', '-1'], 'Expected a whole number from 0 to 65535'],
    [['--salt', 'abc'], 'hexadecimal'],
    [['--glue', 'all'], 'Allowed choices are wide, narrow, keep-all'],
    [['--serial', 'unix'], 'Allowed choices are keep, increment, unixtime, date'],
    [['--engine', 'gnutls'], 'Allowed choices are openssl, noble, pkcs11'],
    [['--nsec', '--nsec3'], 'cannot be used with'],
    [['--nsec', '--opt-out'], 'cannot be used with'],
    [['--validity', 'P7D'], 'not shorter than --validity'],
    [['--output', '-', '--json'], 'both write to standard output'],
  ])('sign %j', async (args, message) => {
    const { status, stderr } = await zonewright([...SIGN, ...args], { cwd: tempDir('usage') });
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('--json', () => {
  test('a failed command prints one object with the exit code, before or after the command', async () => {
    const folder = tempDir('json');
    for (const args of [
      ['--json', 'keys', 'list', '--config', 'none.toml'],
      ['keys', 'list', '--config', 'none.toml', '--json'],
    ]) {
      const { status, stdout, stderr } = await zonewright(args, { cwd: folder });
      expect(status).toBe(2);
      expect(JSON.parse(stdout)).toEqual({
        version: 1,
        error: {
          message: 'no such configuration file',
          file: join(folder, 'none.toml'),
          hint: expect.stringContaining('zonewright init') as string,
          exitCode: 2,
        },
      });
      expect(stderr).toContain('zonewright: error: ');
    }
  });
});

/** Runs main() for a quick command, then the statements of `then` in the same process. */
function afterMain(then: string, args: readonly string[] = []) {
  const code = `
    import { main } from ${JSON.stringify(join(ROOT, 'dist/cli/main.js'))};
    import { onExit } from ${JSON.stringify(join(ROOT, 'dist/cleanup.js'))};
    import { writeSync } from 'node:fs';
    onExit(() => writeSync(1, 'first registered\\n'));
    onExit(() => { throw new Error('in a hook'); });
    onExit(() => writeSync(1, 'last registered\\n'));
    onExit(() => writeSync(1, 'forgotten\\n'))();
    await main(['node', 'zonewright', 'completion', 'fish', ...${JSON.stringify(args)}]);
    writeSync(1, '\\nready\\n');
    ${then}
  `;
  return start(process.execPath, ['--input-type=module', '-e', code]);
}

describe('how a run ends', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s: cleanup, latest first, then exit %i', async (signal, code) => {
    const { child, finished } = afterMain('setInterval(() => {}, 1000);');
    child.stdout?.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('ready\n')) child.kill(signal);
    });
    const { status, stdout, stderr } = await finished;
    expect(status).toBe(code);
    expect(stdout.split('ready\n')[1]).toBe('last registered\nfirst registered\n');
    expect(stderr).toBe('');
  });

  test('cleanup at a normal end, too', async () => {
    const { status, stdout } = await afterMain('').finished;
    expect(status).toBe(0);
    expect(stdout).toMatch(/ready\nlast registered\nfirst registered\n$/);
  });

  test.each([
    ['thrown', "setTimeout(() => { throw new Error('boom'); });"],
    ['rejected', "Promise.reject(new Error('boom'));"],
  ])('an error that nobody caught (%s): exit 1, no stack', async (_how, code) => {
    const { status, stdout, stderr } = await afterMain(code).finished;
    expect(status).toBe(1);
    expect(stderr).toMatch(/^zonewright: unexpected failure: boom\n/);
    expect(stderr).not.toContain('    at ');
    expect(stdout).toContain('first registered');
  });

  test('--debug shows the stack', async () => {
    const { stderr } = await afterMain("throw new Error('boom');", ['--debug']).finished;
    expect(stderr).toMatch(/unexpected failure: Error: boom\n {4}at /);
  });

  test('a reader that has gone is no error', async () => {
    const child = spawn(process.execPath, [BIN, 'completion', 'zsh'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});
