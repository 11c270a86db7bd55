#!/usr/bin/env node
// The executable of package.json's "bin": starts the compiled command line.
import { existsSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';

// The compiler's view of a run of seconds in several threads: what it inlines and peels is compiled
// once a thread and seldom pays (measured with the V8 of Node.js 20: 7% less processor time for a
// million delegations). Other versions have other flags and are left alone.
if (process.versions.v8.startsWith('11.3.')) {
  setFlagsFromString('--max-inlined-bytecode-size-cumulative=300');
  setFlagsFromString('--no-turbo-loop-peeling');
}

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
