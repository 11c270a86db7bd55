/** `zonewright zfa add` and `change`: what is known of a holder. */

import { refusal, usageError } from '../../../errors.js';
import { zoneLabel } from '../../../names/name.js';
import {
  ageKeyField,
  agreementField,
  allowField,
  emailField,
  idField,
  textField,
  zonesField,
} from '../fields.js';
import { type Holder, isActive } from '../model.js';
import type { HolderEdit } from '../rules.js';
import * as rules from '../rules.js';
import { findHolder, saveChange } from '../store.js';
import { stateAt, warnOfAgreement } from '../view.js';
import {
  apply,
  flagFault,
  type HolderOptions,
  type Site,
  tellHolder,
  withHolders,
  withNewHolders,
} from './context.js';

/** What `add` and `change` say of a holder; undefined: nothing is said. */
export interface FieldFlags {
  readonly name?: string | undefined;
  readonly organisation?: string | undefined;
  readonly email?: string | undefined;
  readonly purpose?: string | undefined;
  /** Wire names. */
  readonly zones?: readonly Uint8Array[] | undefined;
  readonly allow?: readonly string[] | undefined;
  /** Addresses are not bounded any more. */
  readonly allowAny?: boolean | undefined;
  readonly agreement?: string | undefined;
  /** Empty: none any more. */
  readonly ageKey?: string | undefined;
}

/** What a holder can't be without is given. */
export interface AddOptions extends HolderOptions, FieldFlags {
  readonly name: string;
  readonly email: string;
  readonly zones: readonly Uint8Array[];
}

/** `zfa add`: a holder that waits for approval. */
export async function addCommand(options: AddOptions): Promise<void> {
  const { id, now } = options;
  await withNewHolders(options, async (site) => {
    const { db } = site;
    const edit = await checkedFields(options, site, now);
    try {
      idField(id);
    } catch (error) {
      throw flagFault(error, `"${id}"`);
    }
    const change = rules.added(
      {
        id,
        name: edit.name!,
        organisation: edit.organisation,
        email: edit.email!,
        purpose: edit.purpose,
        zones: edit.zones!,
        allow: edit.allow ?? [],
        agreement: edit.agreement,
        ageKey: edit.ageKey,
      },
      now,
    );
    db.change(() => {
      const there = findHolder(db, id);
      if (there !== undefined) {
        throw refusal(`there is a holder "${id}" already, ${stateAt(there, now)}: ${there.name}`, {
          hint: `an id is given once; see: zonewright zfa show ${id}`,
        });
      }
      saveChange(db, change);
    });
    tellHolder(options, change.holder, `added, pending; next: zonewright zfa approve ${id}`);
  });
}

export interface ChangeOptions extends HolderOptions, FieldFlags {}

/** `zfa change`: what is known of a holder. */
export async function changeCommand(options: ChangeOptions): Promise<void> {
  const { id, now } = options;
  await withHolders(options, async (site) => {
    const edit = await checkedFields(options, site, now);
    if (Object.keys(edit).length === 0) {
      throw usageError('nothing to change', { hint: 'name a field, e.g. --zones com,net' });
    }
    let zonesBefore: readonly string[] = [];
    const holder = apply(site, id, (before) => {
      zonesBefore = before.zones;
      return rules.edited(before, edit, now);
    });
    if (edit.agreement !== undefined) warnOfAgreement(options.reporter.warn, site.config, holder);
    tellHolder(options, holder, `changed: ${Object.keys(edit).join(', ')}`);
    if (isActive(holder, now)) tellOfBundles(options, holder, zonesBefore);
  });
}

/** Bundles are as they were made: what a change of zones means for those of today. */
function tellOfBundles(
  { reporter }: ChangeOptions,
  holder: Holder,
  before: readonly string[],
): void {
  const { id, zones } = holder;
  const lost = before.filter((zone) => !zones.includes(zone));
  const gained = zones.filter((zone) => !before.includes(zone));
  const parts = [
    ...(lost.length > 0 ? [`bundles with ${lost.join(', ')} are refused from now on`] : []),
    ...(gained.length > 0 ? [`${gained.join(', ')} will be in the next bundle`] : []),
  ];
  if (parts.length === 0) return;
  reporter.info(`${id}: ${parts.join('; ')}; for a new one now: zonewright zfa bundle`);
}

/** The fields that flags say something of. @throws ZonewrightError (exit 2) for a wrong one. */
async function checkedFields(
  flags: FieldFlags,
  { config }: Site,
  now: number,
): Promise<HolderEdit> {
  const known = config.zones.map((zone) => zone.label);
  const { name, organisation, email, purpose, zones, allow, allowAny, agreement, ageKey } = flags;
  try {
    return {
      ...(name === undefined ? {} : { name: textField('name', name) }),
      ...(organisation === undefined
        ? {}
        : { organisation: maybeText('organisation', organisation) }),
      ...(email === undefined ? {} : { email: emailField(email) }),
      ...(purpose === undefined ? {} : { purpose: maybeText('purpose', purpose) }),
      ...(zones === undefined
        ? {}
        : {
            zones: zonesField(
              zones.map((zone) => zoneLabel(zone)),
              known,
            ),
          }),
      ...(allow === undefined ? {} : { allow: allowField(allow) }),
      ...(allowAny === true ? { allow: [] } : {}),
      ...(ageKey === undefined
        ? {}
        : { ageKey: ageKey === '' ? undefined : await ageKeyField(ageKey) }),
      ...(agreement === undefined
        ? {}
        : { agreement: { version: agreementField(agreement), date: now } }),
    };
  } catch (error) {
    throw flagFault(error);
  }
}

function maybeText(field: string, text: string): string | undefined {
  return text.trim() === '' ? undefined : textField(field, text);
}
