/** How holders are shown: as JSON, as a table, one by one. Never a password or its hash. */

import type { Config } from '../../config/model.js';
import { isoTime } from '../../config/time.js';
import { tableLines } from '../../present/table.js';
import { type Holder, type HolderState, isActive } from './model.js';

/** The state at a time: one whose time has ended is expired, noted or not. */
export function stateAt(holder: Holder, now: number): HolderState {
  return holder.state === 'approved' && !isActive(holder, now) ? 'expired' : holder.state;
}

/** Without the version that the configuration asks for nothing can be downloaded: says so. */
export function warnOfAgreement(
  warn: (text: string) => void,
  { zfa }: Config,
  holder: Holder,
): void {
  const wanted = zfa.agreement?.version;
  const has = holder.agreement?.version;
  if (wanted === undefined || has === wanted) return;
  warn(
    `${holder.id} has agreed to ${has === undefined ? 'nothing' : `"${has}"`}, the configuration asks for "${wanted}": downloads are refused until then (in the portal, or zfa change --agreement)`,
  );
}

/** A holder for programs; times in ISO 8601. */
export function holderJson(holder: Holder, now: number): Readonly<Record<string, unknown>> {
  const { agreement } = holder;
  return {
    id: holder.id,
    state: stateAt(holder, now),
    active: isActive(holder, now),
    name: holder.name,
    organisation: holder.organisation ?? null,
    email: holder.email,
    purpose: holder.purpose ?? null,
    zones: holder.zones,
    allow: holder.allow,
    agreement:
      agreement === undefined
        ? null
        : { version: agreement.version, date: isoTime(agreement.date) },
    ageKey: holder.ageKey ?? null,
    hasPassword: holder.hasPassword,
    created: isoTime(holder.created),
    approved: maybeTime(holder.approved) ?? null,
    expires: maybeTime(holder.expires) ?? null,
    changed: isoTime(holder.changed),
  };
}

/** Holders as a table. */
export function holderTable(holders: readonly Holder[], now: number): string {
  const rows = [
    ['ID', 'STATE', 'EXPIRES', 'ZONES', 'NAME', 'E-MAIL'],
    ...holders.map((holder) => [
      holder.id,
      stateAt(holder, now),
      maybeTime(holder.expires)?.slice(0, 10) ?? '-',
      holder.zones.join(','),
      holder.name,
      holder.email,
    ]),
  ];
  return tableLines(rows)
    .map((line) => `${line}\n`)
    .join('');
}

/** One holder, a field a line. */
export function holderText(holder: Holder, now: number): string {
  const { agreement } = holder;
  const fields: (readonly [string, string | undefined])[] = [
    ['id', holder.id],
    ['state', stateAt(holder, now)],
    ['name', holder.name],
    ['organisation', holder.organisation],
    ['e-mail', holder.email],
    ['purpose', holder.purpose],
    ['zones', holder.zones.join(', ')],
    ['addresses', holder.allow.length === 0 ? 'any' : holder.allow.join(', ')],
    [
      'agreement',
      agreement === undefined ? 'none' : `${agreement.version}, ${isoTime(agreement.date)}`,
    ],
    ['age key', holder.ageKey],
    ['password', holder.hasPassword ? 'set' : 'none'],
    ['added', isoTime(holder.created)],
    ['approved', maybeTime(holder.approved)],
    ['expires', maybeTime(holder.expires)],
  ];
  return fields
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name.padEnd(12)}  ${value}\n`)
    .join('');
}

function maybeTime(seconds: number | undefined): string | undefined {
  return seconds === undefined ? undefined : isoTime(seconds);
}
