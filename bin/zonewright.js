#!/usr/bin/env node
// The executable of package.json's "bin": starts the compiled command line.
import { existsSync } from 'node:fs';

const main = new URL('../dist/cli/main.js', import.meta.url);
if (existsSync(main)) {
  const { main: run } = await import(main.href);
  await run(process.argv);
} else {
  process.stderr.write(
    'zonewright: not compiled yet: run "npm ci" (or "npm run build") in its folder\n',
  );
  process.exitCode = 1;
}
