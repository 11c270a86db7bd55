/** What starting costs: commands load what they need, and nothing else (spec: `--help` < 150 ms). */
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { makeBase } from '../publish/small-registry.js';
import { BIN, ROOT, run, tempDir, zonewrightOk } from '../tools/cli.js';
import { addHolders, holder } from '../zfa/bundles/holders.js';

/** Writes the address of each module that is loaded to standard error, a line each. */
const HOOKS = `import { writeSync } from 'node:fs';
export async function load(url, context, next) {
  writeSync(2, 'loaded ' + url + '\\n');
  return next(url, context);
}`;
const script = (text: string): string => `data:text/javascript,${encodeURIComponent(text)}`;
const REGISTER = script(
  `import { register } from 'node:module'; register(${JSON.stringify(script(HOOKS))});`,
);

/** The modules that a run loads: packages by name, files of ours as `cli/main.js`. */
async function loaded(args: readonly string[]): Promise<{ packages: string[]; own: string[] }> {
  const done = await run(process.execPath, ['--import', REGISTER, BIN, ...args]);
  expect(done.status, done.stderr).toBe(0);
  const urls = [...done.stderr.matchAll(/^loaded (file:.*)$/gm)].map(([, url]) => url);
  const paths = urls.map((url) => fileURLToPath(url));
  const inner = (path: string): string => path.split(`${sep}node_modules${sep}`).at(-1) as string;
  return {
    packages: [
      ...new Set(
        paths.filter((path) => path !== inner(path)).map((path) => inner(path).split(sep)[0]),
      ),
    ],
    own: paths
      .filter((path) => path.startsWith(join(ROOT, 'dist')))
      .map((path) => path.slice(ROOT.length + '/dist/'.length).replaceAll(sep, '/')),
  };
}

describe('starting', () => {
  test.each([['--help'], ['--version'], ['sign', '--help'], ['completion', 'bash']])(
    '%s %s loads the command line only',
    async (...args) => {
      const { packages, own } = await loaded(args);
      expect(packages).toEqual(['commander']);
      expect(own).toContain('cli/main.js');
      const known =
        /^(cli|config\/(duration|listen-address|names|server-address|size|suggest|time)|names\/name|zfa\/(holders\/model|report\/month)|errors|cleanup)\b/;
      expect(own.filter((file) => !known.test(file))).toEqual([]);
    },
  );

  test('of keys list without a configuration loads no reader of configurations', async () => {
    const folder = join(tempDir('startup'), 'keys');
    await zonewrightOk(['keys', 'generate', '--zone', 'example', '--key-dir', folder, '--quiet']);
    const { packages } = await loaded(['keys', 'list', '--zone', 'example', '--key-dir', folder]);
    expect(packages).toEqual(['commander']);
  });

  test('of build loads the database of holders only where there is one', async () => {
    const registry = await makeBase();
    const config = join(registry.folder, 'zonewright.toml');
    const without = await loaded(['build', '-q', '--config', config]);
    expect(without.packages).not.toContain('@photostructure');
    expect(without.own.filter((file) => /^zfa\/(nightly|bundles|database)/.test(file))).toEqual([]);
    addHolders(registry, holder('acme'));
    const holders = await loaded(['build', '-q', '--config', config]);
    expect(holders.packages).toContain('@photostructure');
  });

  test('of sample loads no package but the command line', async () => {
    const out = join(tempDir('startup'), 'export');
    const { packages } = await loaded(['sample', '--domains', '50', '--out', out, '--quiet']);
    expect(packages).toEqual(['commander']);
  });
});
