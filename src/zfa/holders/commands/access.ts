/**
 * `zonewright zfa approve`, `passwd`, `deny`, `revoke` and `renew`: who may download, and until when.
 *
 * `--json` prints {"version", "id", "password", "expires"} for approve and passwd.
 */

import { isOutputNowhere, printJson, writeOnce } from '../../../cli/output.js';
import { isoTime } from '../../../config/time.js';
import { EXIT, ZonewrightError } from '../../../errors.js';
import { expireDue } from '../expire.js';
import { textField } from '../fields.js';
import type { Holder } from '../model.js';
import { hashPassword, makePassword } from '../password.js';
import * as rules from '../rules.js';
import { passwordHashOf, requireHolder, savePasswordHash } from '../store.js';
import { warnOfAgreement } from '../view.js';
import {
  apply,
  flagFault,
  type HolderOptions,
  type Site,
  tellHolder,
  withHolders,
} from './context.js';

export interface ApproveOptions extends HolderOptions {
  /** Seconds since 1970; undefined: as configured. */
  readonly expires: number | undefined;
}

/** `zfa approve`: access, and the password, shown this once. */
export async function approveCommand(options: ApproveOptions): Promise<void> {
  const { now } = options;
  await withHolders(options, async (site) => {
    const expires = options.expires ?? now + site.config.zfa.validity;
    const rule = (holder: Holder): rules.Change => rules.approved(holder, expires, now);
    await givePassword(options, site, rule, 'approved');
  });
}

/** `zfa passwd`: another password, shown this once; the old one and its tokens are void. */
export async function passwdCommand(options: HolderOptions): Promise<void> {
  await withHolders(options, (site) =>
    givePassword(
      options,
      site,
      (holder) => rules.passwordChanged(holder, options.now),
      'has another password; the old one and its tokens are void',
    ),
  );
}

async function givePassword(
  options: HolderOptions,
  site: Site,
  rule: (holder: Holder) => rules.Change,
  what: string,
): Promise<void> {
  const { id } = options;
  // Refusals come before the third of a second that the hash takes.
  rule(requireHolder(site.db, id));
  const password = makePassword();
  const hash = await hashPassword(password);
  const holder = apply(site, id, rule, () => savePasswordHash(site.db, id, hash));
  const expires = isoTime(holder.expires!);
  warnOfAgreement(options.reporter.warn, site.config, holder);
  options.reporter.info(`${id}: ${what}; access until ${expires}`);
  options.reporter.info('the password, shown this once (zonewright zfa passwd makes another):');
  show(options, { id, password, expires });
}

/** The change is made by now: that its password can't be shown must not go unsaid. */
function show(
  { json, reporter }: HolderOptions,
  given: { readonly id: string; readonly password: string; readonly expires: string },
): void {
  const { id, password } = given;
  const another = `zonewright zfa passwd ${id} makes another`;
  if (isOutputNowhere()) {
    reporter.warn(`standard output leads nowhere, and the password is lost: ${another}`);
  }
  try {
    if (json) printJson(given, writeOnce);
    else writeOnce(`${password}\n`);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ZonewrightError(
      EXIT.unexpected,
      `${id}: the change was made, but its password could not be written to standard output (${code})`,
      { hint: another, cause },
    );
  }
}

export interface ReasonOptions extends HolderOptions {
  readonly reason: string;
}

/** `zfa deny`. */
export async function denyCommand(options: ReasonOptions): Promise<void> {
  await end(options, rules.denied, 'denied');
}

/** `zfa revoke`: access ends at once, running downloads too. */
export async function revokeCommand(options: ReasonOptions): Promise<void> {
  await end(options, rules.revoked, 'revoked: password and tokens are void, downloads end');
}

async function end(
  options: ReasonOptions,
  rule: (holder: Holder, reason: string, now: number) => rules.Change,
  what: string,
): Promise<void> {
  const { id, now } = options;
  let reason: string;
  try {
    reason = textField('reason', options.reason);
  } catch (error) {
    throw flagFault(error);
  }
  await withHolders(options, (site) => {
    const holder = apply(
      site,
      id,
      (before) => rule(before, reason, now),
      () => savePasswordHash(site.db, id, null),
    );
    tellHolder(options, { ...holder, hasPassword: false }, what);
  });
}

export interface RenewOptions extends HolderOptions {
  readonly expires: number;
}

/** `zfa renew`: access until another time, with the password that there is. */
export async function renewCommand(options: RenewOptions): Promise<void> {
  const { id, now, expires } = options;
  await withHolders(options, (site) => {
    // Its end is noted first, if no build has: the figures of the month count it.
    expireDue(site.db, now);
    const holder = apply(site, id, (before) => rules.renewed(before, expires, now));
    tellHolder(options, holder, `access until ${isoTime(expires)}`);
    if (passwordHashOf(site.db, id) === undefined) {
      options.reporter.warn(`${id} has no password: zonewright zfa passwd ${id} makes one`);
    }
  });
}
