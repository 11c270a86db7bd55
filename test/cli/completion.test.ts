/** Shell completion knows every command and flag, and bash itself completes with it. */
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { completionScript } from '#zonewright/cli/completion.js';
import { createProgram } from '#zonewright/cli/main.js';
import { run, zonewright } from '../tools/cli.js';

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

describe.each(['bash', 'zsh', 'fish'] as const)('%s', (shell) => {
  test('every command, flag and choice is in the script', async () => {
    const { status, stdout } = await zonewright(['completion', shell]);
    expect(status).toBe(0);
    for (const command of everyCommand(await createProgram())) {
      expect(stdout).toContain(command.name());
      for (const option of command.options) {
        const long = option.long!.slice(2);
        expect(stdout, `${command.name()} --${long}`).toContain(
          shell === 'fish' ? `-l ${long}` : `--${long}`,
        );
        if (option.argChoices !== undefined) expect(stdout).toContain(option.argChoices.join(' '));
      }
    }
  });
});

test('quotes, brackets and colons in descriptions are quoted for the shell', () => {
  const program = new Command('zonewright');
  program.command('go').summary("the host's: [own]").option('--x', "it's: [a]");
  expect(completionScript(program, 'fish')).toContain(`-a go -d 'the host\\'s: [own]'\n`);
  expect(completionScript(program, 'fish')).toContain(`-l x -d 'it\\'s: [a]'\n`);
  expect(completionScript(program, 'zsh')).toContain(`'go:the host'\\''s\\: [own]'\n`);
  expect(completionScript(program, 'zsh')).toContain(`'*--x[it'\\''s\\: \\[a\\]]'`);
});

describe('in bash', () => {
  async function complete(...words: string[]): Promise<string[]> {
    const { stdout, stderr } = await run('bash', [
      '-c',
      `source <("$1" "$2" completion bash)
       shift 2
       COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _zonewright
       printf '%s\\n' "\${COMPREPLY[@]}"`,
      'bash',
      process.execPath,
      'bin/zonewright.js',
      ...words,
    ]);
    expect(stderr.replaceAll(/.*compopt.*\n/g, '')).toBe('');
    return stdout.trim().split('\n').sort();
  }

  test('commands, flags, choices, nested commands', async () => {
    expect(await complete('zonewright', 's')).toEqual(['sample', 'sign']);
    expect(await complete('zonewright', 'sign', '--ser')).toEqual(['--serial']);
    expect(await complete('zonewright', 'sign', '--glue', '')).toEqual([
      'keep-all',
      'narrow',
      'wide',
    ]);
    expect(await complete('zonewright', 'completion', '')).toEqual(['bash', 'fish', 'zsh']);
    expect(await complete('zonewright', '--json', 'keys', 'l')).toEqual(['list']);
    expect(await complete('zonewright', 'verify', '--ds', 'packa')).toContain('package.json');
  });
});
