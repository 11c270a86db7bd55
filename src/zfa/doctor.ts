/** What `zonewright doctor` looks at of zone file access; nothing where there are no holders. */

import { statSync } from 'node:fs';
import type { Config } from '../config/model.js';
import type { Check } from '../doctor/check.js';
import { readAgreementText } from './agreement-text.js';
import { checkAudit } from './audit/log.js';
import { openDatabase } from './database/open.js';
import { expiringSoon } from './holders/expire.js';
import { isActive } from './holders/model.js';
import { listHolders } from './holders/store.js';
import { zfaPlaces } from './places.js';

/** @throws ZonewrightError when the database can't be opened. */
export function checkHolders(config: Config, now: number): Check[] {
  const db = openDatabase(config.stateDir);
  try {
    const holders = listHolders(db);
    const active = holders.filter((holder) => isActive(holder, now)).length;
    const pending = holders.filter(({ state }) => state === 'pending').length;
    const soon = expiringSoon(db, now);
    const detail = `${active} of ${holders.length} may download`;
    const wait = [
      ...(pending > 0 ? [`${pending} wait for approval`] : []),
      ...(soon.length > 0 ? [`access of ${soon.length} ends within 30 days`] : []),
    ];
    const checks: Check[] = [
      wait.length === 0
        ? { name: 'holders', status: 'ok', detail }
        : {
            name: 'holders',
            status: 'warn',
            detail: [detail, ...wait].join('; '),
            advice: 'zonewright zfa list --state pending; zonewright zfa list --expiring',
          },
    ];
    const { path, lines, faults } = checkAudit(db, config.stateDir);
    checks.push(
      faults.length === 0
        ? {
            name: 'audit log',
            status: 'ok',
            detail: `${lines} lines, none changed and none missing`,
          }
        : {
            name: 'audit log',
            status: 'fail',
            detail: `${path}:${faults[0].line}: ${faults[0].what}`,
            advice: 'somebody has changed the log: zonewright zfa log --check shows all faults',
          },
    );
    return [...checks, ...checkSecrets(config), ...checkAgreement(config)];
  } finally {
    db.close();
  }
}

/** Secrets that others may read. */
function checkSecrets(config: Config): Check[] {
  const { folder, tokenKey, signingKey, database } = zfaPlaces(config.stateDir);
  const open = [folder, tokenKey, signingKey, database].filter((path) => {
    const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
    return (mode & 0o077) !== 0;
  });
  if (open.length === 0) return [];
  return [
    {
      name: 'holders’ secrets',
      status: 'fail',
      detail: `others may read ${open.join(', ')}`,
      advice: `chmod go= ${open.join(' ')}`,
    },
  ];
}

function checkAgreement({ zfa: { agreement } }: Config): Check[] {
  if (agreement === undefined) return [];
  const name = 'agreement';
  try {
    readAgreementText(agreement.file);
    return [{ name, status: 'ok', detail: `${agreement.version}, ${agreement.file}` }];
  } catch {
    return [
      {
        name,
        status: 'fail',
        detail: `${agreement.file} can't be read: no bundle can be made`,
        advice: 'put the text there, or change zfa.agreement',
      },
    ];
  }
}
