/** What the portal's page of a holder is made of, gathered from the disk and the database. */

import { readFileSync } from 'node:fs';
import { readAgreementText } from '../agreement-text.js';
import type { Database, Value } from '../database/open.js';
import type { Holder } from '../holders/model.js';
import { zfaPlaces } from '../places.js';
import type { CurrentZone, PageSources, ZoneDay } from '../portal/assemble.js';
import type { PortalBundle } from '../portal/model.js';
import { type BundleStore, hasZones, isFor } from './bundle-routes.js';
import type { Request } from './exchange.js';
import { hasAgreed, type Service } from './service.js';

/** Days of a zone's history that are looked at: what the picture shows. */
const MOST_DAYS = 3 * 366;

/** @param more what only this request knows. */
export function gatherSources(
  service: Service,
  request: Request,
  holder: Holder,
  more: { readonly unticked: boolean },
): PageSources {
  const { config, db } = service;
  const { zfa } = config;
  return {
    origin: request.origin,
    now: request.now,
    holder,
    limitHours: zfa.limitHours,
    keepDays: zfa.keepDays,
    agreement: zfa.agreement && {
      version: zfa.agreement.version,
      text: agreementText(service, zfa.agreement.file),
      agreed: hasAgreed(config, holder),
    },
    unticked: more.unticked,
    publicKey: publicKey(zfaPlaces(config.stateDir).publicKey),
    zone: (label) => ({ current: currentZone(service, label), days: zoneDays(db, label) }),
    bundles: bundlesOf(service, holder),
  };
}

/** The agreement's text; undefined: it can’t be read, which is told. */
export function agreementText({ warn }: Service, file: string): string | undefined {
  try {
    return readAgreementText(file).toString('utf8');
  } catch (error) {
    warn(`the agreement can’t be read, so nobody can accept it: ${(error as Error).message}`);
    return undefined;
  }
}

/** The line of base64 of a minisign key file; undefined: there is none yet. */
function publicKey(path: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  return text
    .split('\n')
    .find((line) => /^RW[A-Za-z0-9+/]{54}$/.test(line.trim()))
    ?.trim();
}

function currentZone({ published, warn }: Service, label: string): CurrentZone | undefined {
  try {
    const zone = published.current(label);
    return (
      zone && {
        ...zone,
        files: Array.from(zone.files.values(), ({ name, bytes, sha256 }) => ({
          name,
          bytes,
          sha256,
          href: `/files/${label}/${name}`,
        })),
      }
    );
  } catch (error) {
    warn(`${label}: ${(error as Error).message}`);
    return undefined;
  }
}

/** Oldest first. */
function zoneDays(db: Database, label: string): ZoneDay[] {
  const optional = (value: Value): number | undefined =>
    typeof value === 'number' ? value : undefined;
  return db
    .sql(
      `SELECT date, generation, serial, delegations, added, removed, packed, sha256
       FROM zone_days WHERE zone = ? ORDER BY date DESC LIMIT ${MOST_DAYS}`,
    )
    .all(label)
    .map((row) => ({
      date: String(row.date),
      generation: String(row.generation),
      serial: Number(row.serial),
      delegations: optional(row.delegations),
      added: optional(row.added),
      removed: optional(row.removed),
      packed: Number(row.packed),
      sha256: String(row.sha256),
    }))
    .reverse();
}

/** The holder's bundles; not those with a zone that it has lost, which it would not be given. */
function bundlesOf({ bundles, warn }: Service, holder: Holder): PortalBundle[] {
  const found: PortalBundle[] = [];
  for (const date of daysOf(bundles, warn)) {
    const describe = (encrypted: boolean): BundleLink | undefined => {
      const bundle = bundles.find(date, holder, { encrypted });
      if (bundle === undefined || !hasZones(holder, bundle) || !isFor(holder, bundle))
        return undefined;
      const { fileName, zones, size } = bundle;
      const href = `/bundles/${date}.tar${encrypted ? '.age' : ''}`;
      return { name: fileName, href, bytes: size, zones };
    };
    try {
      const plain = describe(false);
      if (plain === undefined) continue;
      const encrypted = holder.ageKey === undefined ? undefined : describe(true);
      found.push({ date, ...plain, encrypted });
    } catch (error) {
      // One that is out of order must not take the page from everybody.
      warn(`the bundle of ${date} for ${holder.id} can’t be read: ${(error as Error).message}`);
    }
  }
  return found;
}

/** None while they are out of order: the zones are there all the same. */
function daysOf(bundles: BundleStore, warn: (text: string) => void): readonly string[] {
  try {
    return bundles.days();
  } catch (error) {
    warn(`the bundles can’t be read: ${(error as Error).message}`);
    return [];
  }
}

type BundleLink = Omit<PortalBundle, 'date' | 'encrypted'>;
