/**
 * Signs the same hash over and over with a key in a PKCS#11 token, by pkcs11js and nothing else:
 * what the token gives at most. Prints the signatures a second of all threads together.
 *
 * usage: node bare-loop.mjs MODULE PIN-FILE KEY-LABEL SIGNATURES THREADS
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

const { PKCS11, ...C } = createRequire(import.meta.url)('pkcs11js');
const [module, pinFile, label, signatures, threads] = process.argv.slice(2);

const api = new PKCS11();
api.load(module);
if (isMainThread) api.C_Initialize({ flags: C.CKF_OS_LOCKING_OK });
const [slot] = api.C_GetSlotList(true);
const session = api.C_OpenSession(slot, C.CKF_SERIAL_SESSION);

if (isMainThread) {
  api.C_Login(session, C.CKU_USER, readFileSync(pinFile, 'utf8').trim());
  const workers = Array.from(
    { length: Number(threads) },
    () => new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) }),
  );
  const next = () =>
    Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
  await next();
  const started = performance.now();
  const done = next();
  for (const worker of workers) worker.postMessage('go');
  await done;
  const seconds = (performance.now() - started) / 1000;
  process.stdout.write(`${Math.round((Number(signatures) * workers.length) / seconds)}\n`);
  process.exit(0);
}

api.C_FindObjectsInit(session, [
  { type: C.CKA_CLASS, value: C.CKO_PRIVATE_KEY },
  { type: C.CKA_LABEL, value: label },
]);
const [key] = api.C_FindObjects(session, 1);
api.C_FindObjectsFinal(session);
const mechanism = { mechanism: C.CKM_ECDSA };
const hash = Buffer.alloc(32, 7);
const out = Buffer.alloc(64);
parentPort.once('message', () => {
  for (let i = 0; i < Number(signatures); i++) {
    api.C_SignInit(session, mechanism, key);
    api.C_Sign(session, hash, out);
  }
  parentPort.postMessage('done');
});
parentPort.postMessage('ready');
