/** A thread that signs in one more session of a token; see crew.ts. */

import { workerData } from 'node:worker_threads';
import { openOpensslVerifier } from '../sign/engine-openssl.js';
import { type CrewStart, crewMemory, takeJobs, Word } from './crew.js';
import { openKey } from './signing.js';

const { key, length, memory } = workerData as CrewStart;
const crew = crewMemory(memory, length);
const verifier = openOpensslVerifier(key.dnskey);
const open = openKey(key, (data, signature) =>
  verifier.verify(data, 0, data.length, signature, 0, signature.length),
);
try {
  for (;;) {
    const call = Atomics.load(crew.words, Word.call);
    if (Atomics.load(crew.words, Word.closing) === 1) break;
    takeJobs(crew, open);
    Atomics.wait(crew.words, Word.call, call);
  }
} finally {
  open.close();
}
