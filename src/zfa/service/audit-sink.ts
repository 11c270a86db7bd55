/**
 * Opens the audit log for the service. To be replaced by the writer of src/zfa/audit/ when that is
 * there: this one appends lines in order, without the chain of hashes.
 */

import { appendFile } from 'node:fs/promises';
import { zfaPlaces } from '../places.js';
import type { AuditSink } from './audit.js';

/** @param onState told when lines can't be written, and when they can again. Lines are kept till then. */
export function openAudit(
  stateDir: string,
  onState: (error: Error | undefined) => void,
): AuditSink {
  const path = zfaPlaces(stateDir).auditLog;
  let waiting: string[] = [];
  let writing: Promise<void> | undefined;
  const write = async (): Promise<void> => {
    while (waiting.length > 0) {
      const lines = waiting;
      waiting = [];
      try {
        await appendFile(path, lines.join(''), { mode: 0o600 });
        onState(undefined);
      } catch (error) {
        waiting = [...lines, ...waiting];
        onState(error as Error);
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    }
    writing = undefined;
  };
  const flush = (): Promise<void> => {
    writing ??= write();
    return writing;
  };
  return {
    write: (entry) => {
      waiting.push(`${JSON.stringify(entry)}\n`);
      void flush();
    },
    flush,
    close: flush,
  };
}
