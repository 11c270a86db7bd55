/**
 * What has to be undone whenever the process ends: spill files, half-written output, locks.
 *
 * Hooks are synchronous, because nothing else runs once a process exits. They run on a normal
 * end, on an error, and on SIGINT, SIGTERM and SIGHUP (src/cli/main.ts). Only kill -9 and a
 * power cut get past them; what survives those must be recognised at the next start.
 */

const hooks = new Set<() => void>();
let listening = false;

/**
 * Runs `hook` when the process ends, latest first, unless the returned function is called
 * before that. A hook that throws does not keep the others from running.
 *
 * @returns a function that forgets the hook (it does not run it).
 * @example
 * const forget = onExit(() => rmSync(folder, { recursive: true, force: true }));
 */
export function onExit(hook: () => void): () => void {
  // A wrapper of its own, so that the same function registered twice counts twice.
  const entry = () => hook();
  if (!listening) {
    listening = true;
    process.once('exit', runCleanup);
  }
  hooks.add(entry);
  return () => {
    hooks.delete(entry);
  };
}

/** Runs all hooks now, once. */
export function runCleanup(): void {
  for (const hook of [...hooks].reverse()) {
    hooks.delete(hook);
    try {
      hook();
    } catch {
      // The process is ending, often because of an error that the user shall see instead.
    }
  }
}
