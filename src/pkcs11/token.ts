/**
 * Tokens in their slots: finding one by its URI, and logging in to it.
 *
 * The login is one for the whole process (PKCS#11 2.40 §5.6, C_Login): the main thread logs in and
 * holds a session as long as it lives, and the sessions of the other threads are logged in by
 * that. So the PIN goes to no other thread, and a wrong one is tried once only in a run: tokens
 * lock themselves after some.
 */

import { onExit } from '../cleanup.js';
import { refusal } from '../errors.js';
import { type Api, codeOf, type Handle, loadModule, tokenError } from './module.js';
import { type PinSource, readPin, type TokenSettings } from './settings.js';
import { type TokenUri, tokenName } from './uri.js';

const CKF_SERIAL_SESSION = 4;
const CKF_RW_SESSION = 2;
const CKF_LOGIN_REQUIRED = 4;
const CKF_PROTECTED_AUTHENTICATION_PATH = 0x100;
const CKF_TOKEN_INITIALIZED = 0x400;
const CKU_USER = 1;
const CKR_USER_ALREADY_LOGGED_IN = 0x100;

/** What a token says of itself. */
export interface TokenInfo {
  readonly label: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly serial: string;
  readonly slotId: number;
  readonly flags: number;
}

/** A token in its slot. */
export interface Token {
  readonly api: Api;
  readonly slot: Handle;
  readonly info: TokenInfo;
  /** Mechanisms that it knows, by number. */
  readonly mechanisms: ReadonlySet<number>;
}

/** By module and slot: the session that keeps this process logged in, or why it is not. */
const logins = new Map<string, { readonly session: Handle } | { readonly error: unknown }>();

/** All tokens that a module has in its slots. */
export function listTokens(module: string): readonly TokenInfo[] {
  const api = loadModule(module);
  return tokensOf(api, module).map(({ info }) => info);
}

/**
 * Finds the token that a URI names.
 *
 * @throws ZonewrightError (exit 4) when there is none, or more than one.
 */
export function findToken(module: string, uri: TokenUri): Token {
  const api = loadModule(module);
  const all = tokensOf(api, module);
  const fitting = all.filter(({ info }) => fits(info, uri));
  if (fitting.length === 0) {
    const there = all.map(({ info }) => JSON.stringify(info.label)).join(', ');
    throw refusal(`the ${tokenName(uri)} is not there`, {
      place: { file: module },
      hint:
        all.length === 0
          ? 'the module has no initialised token: is the HSM connected, and its configuration found?'
          : `the module has ${there}`,
    });
  }
  if (fitting.length > 1) {
    const serials = fitting.map(({ info }) => info.serial).join(', ');
    throw refusal(`more than one ${tokenName(uri)} is there`, {
      place: { file: module },
      hint: `tell them apart by serial= in the URI: ${serials}`,
    });
  }
  const { slot, info } = fitting[0];
  try {
    return { api, slot, info, mechanisms: new Set(api.C_GetMechanismList(slot)) };
  } catch (error) {
    throw tokenError(error, `the ${tokenName(uri)} does not answer`);
  }
}

function tokensOf(api: Api, module: string): { readonly slot: Handle; readonly info: TokenInfo }[] {
  try {
    const found: { readonly slot: Handle; readonly info: TokenInfo }[] = [];
    for (const slot of api.C_GetSlotList(true)) {
      const info = infoOf(api, slot);
      if (info !== undefined && (info.flags & CKF_TOKEN_INITIALIZED) !== 0) {
        found.push({ slot, info });
      }
    }
    return found;
  } catch (error) {
    throw tokenError(error, "the slots of the PKCS#11 module can't be read", { file: module });
  }
}

/** Undefined: this one does not answer, which says nothing about the others. */
function infoOf(api: Api, slot: Handle): TokenInfo | undefined {
  try {
    const info = api.C_GetTokenInfo(slot);
    return {
      label: unpadded(info.label),
      manufacturer: unpadded(info.manufacturerID),
      model: unpadded(info.model),
      serial: unpadded(info.serialNumber),
      slotId: slot.readUIntLE(0, Math.min(slot.length, 6)),
      flags: info.flags,
    };
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}

/** These texts have a fixed length (PKCS#11 2.40 §3.2). */
function unpadded(text: string): string {
  return text.replace(/[ \0]+$/, '');
}

function fits(info: TokenInfo, uri: TokenUri): boolean {
  return (
    (uri.token === undefined || uri.token === info.label) &&
    (uri.manufacturer === undefined || uri.manufacturer === info.manufacturer) &&
    (uri.model === undefined || uri.model === info.model) &&
    (uri.serial === undefined || uri.serial === info.serial) &&
    (uri.slotId === undefined || uri.slotId === info.slotId)
  );
}

/**
 * Finds a token and logs this process in to it, unless it is.
 *
 * @throws ZonewrightError (exit 4, or 2 when no PIN is known).
 */
export function openToken(settings: TokenSettings, uri: TokenUri): Token {
  const token = findToken(settings.module, uri);
  const name = `${settings.module} ${token.info.slotId}`;
  let login = logins.get(name);
  if (login === undefined) {
    try {
      login = { session: logIn(token, uri, settings.pin) };
    } catch (error) {
      login = { error };
    }
    logins.set(name, login);
  }
  if ('error' in login) throw login.error;
  return token;
}

function logIn(token: Token, uri: TokenUri, configured: PinSource | undefined): Handle {
  const { api, info } = token;
  const what = `the ${tokenName(uri)}`;
  const needsPin =
    (info.flags & CKF_LOGIN_REQUIRED) !== 0 &&
    (info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) === 0;
  const source = uri.pinSource === undefined ? configured : { file: uri.pinSource };
  if (needsPin && source === undefined) {
    throw refusal(`${what} wants a PIN`, {
      hint: 'say which file has it: pin in [pkcs11], --pin-file, or pin-source in the URI',
    });
  }
  const pin = needsPin && source !== undefined ? readPin(source) : undefined;
  const session = openSession(token);
  try {
    if ((info.flags & CKF_LOGIN_REQUIRED) !== 0) api.C_Login(session, CKU_USER, pin);
  } catch (error) {
    if (codeOf(error) !== CKR_USER_ALREADY_LOGGED_IN) {
      closeSession(api, session);
      const file = source !== undefined && 'file' in source ? source.file : undefined;
      throw tokenError(
        error,
        `${what} refuses the login`,
        file === undefined ? undefined : { file },
      );
    }
  }
  onExit(() => closeSession(api, session));
  return session;
}

/**
 * Opens a session with a token that this process is logged in to.
 *
 * @throws ZonewrightError (exit 4).
 */
export function openSession({ api, slot, info }: Token, readWrite = false): Handle {
  try {
    return api.C_OpenSession(slot, CKF_SERIAL_SESSION | (readWrite ? CKF_RW_SESSION : 0));
  } catch (error) {
    throw tokenError(error, `the token "${info.label}" opens no session`);
  }
}

/** Closes a session; one that is gone already is no fault. */
export function closeSession(api: Api, session: Handle): void {
  try {
    api.C_CloseSession(session);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
  }
}
