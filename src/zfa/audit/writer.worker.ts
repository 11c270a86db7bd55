/** The thread of {@link openAuditWriter}: appends what it is sent, and closes the database at the end. */

import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../errors.js';
import { openDatabase } from '../database/open.js';
import type { AuditEntry } from './chain.js';
import { appendAudit } from './log.js';
import type { Answer } from './writer.js';

const { stateDir } = workerData as { readonly stateDir: string };
const db = openDatabase(stateDir);
const port = parentPort!;
port.on('message', (message: readonly AuditEntry[] | 'end') => {
  if (message === 'end') {
    db.close();
    port.close();
    return;
  }
  const answer: { error?: string } = {};
  try {
    appendAudit(db, stateDir, message);
  } catch (error) {
    answer.error = messageOf(error);
  }
  port.postMessage(answer satisfies Answer);
});
