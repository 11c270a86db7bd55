/** Stand-in until the audit log is there. */
import { appendFileSync } from 'node:fs';
import { zfaPlaces } from '../places.js';
import type { AuditSink } from './audit.js';

export function openAudit(stateDir: string): AuditSink {
  const path = zfaPlaces(stateDir).auditLog;
  return {
    write: (entry) => appendFileSync(path, `${JSON.stringify(entry)}\n`),
    flush: async () => undefined,
    close: async () => undefined,
  };
}
