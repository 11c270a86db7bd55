// Preloaded into a process under test: counts its calls that change the disk, and ends it by
// kill -9 before the one whose number KILL_BEFORE is.
const fs = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');

const CALLS = [
  'openSync',
  'writeSync',
  'writeFileSync',
  'fsyncSync',
  'renameSync',
  'linkSync',
  'symlinkSync',
  'rmSync',
  'mkdirSync',
  'rmdirSync',
];
let left = Number(process.env.KILL_BEFORE);
for (const name of CALLS) {
  const call = fs[name];
  fs[name] = (...args) => {
    const changes = name !== 'openSync' || /[wax+]/.test(String(args[1] ?? 'r'));
    if (changes && left-- === 0) process.kill(process.pid, 'SIGKILL');
    return call(...args);
  };
}
syncBuiltinESMExports();
