/**
 * Who asks: by password (Basic, the sign-in of the API and of the portal), by access token
 * (Bearer) or by the portal's cookie.
 *
 * A wrong password, an unknown name, an account without a password, one that has expired or was
 * revoked: all get the same answer after the same work. A password that was right once is known
 * again without the work, as long as nothing of the account changes; what is kept for that is an
 * HMAC under a key that only this process has.
 */

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ZfaConfig } from '../../config/model.js';
import type { Database } from '../database/open.js';
import { type Holder, isActive, isHolderId } from '../holders/model.js';
import { checkPassword } from '../holders/password.js';
import { passwordHashOf } from '../holders/store.js';
import type { RefusalReason, ServiceAudit } from './audit.js';
import type { EndedSessions } from './ended-sessions.js';
import { HttpError, type ReplyHeaders, type Request } from './exchange.js';
import type { Familiar } from './familiar.js';
import { type HolderDirectory, mayComeFrom } from './holder-directory.js';
import { addressKey, createWindows } from './lockout.js';
import { makeRoom } from './memory.js';
import type { ServiceMetrics } from './metrics.js';
import { createLine } from './password-line.js';
import { type Audience, TOKEN_LIFE, type Tokens } from './tokens.js';

export interface Authentication {
  /**
   * The holder who asks, by Authorization or, without one, by the portal's cookie.
   *
   * @throws HttpError 401, 403 (right, but not from this address), 429 or 503 with Retry-After.
   */
  holderOf(request: Request): Promise<Holder>;
  /** The holder of the portal's cookie; undefined: nobody has signed in, or no longer. */
  session(request: Request): Promise<Holder | undefined>;
  /**
   * Signs in with name and password.
   *
   * @param how `api`: every try counts toward the address's tries; `portal`: the failed ones.
   * @throws HttpError 401, 403, 429 or 503 as {@link Authentication.holderOf}.
   */
  signIn(request: Request, name: string, password: string, how: SignInWay): Promise<Holder>;
  /** An access token for a holder who has just signed in. */
  token(holder: Holder): Promise<string>;
  /** The value of Set-Cookie that signs a browser in. */
  sessionCookie(request: Request, holder: Holder): Promise<string>;
  /**
   * Ends the session of the portal's cookie, for whoever has a copy of it, too.
   *
   * @returns the value of Set-Cookie that signs the browser out.
   */
  endSession(request: Request): Promise<string>;
  /** Password checks that wait or run. */
  readonly waiting: number;
}

export type SignInWay = 'api' | 'portal' | 'basic';

export interface AuthOptions {
  readonly db: Database;
  readonly zfa: ZfaConfig;
  readonly holders: HolderDirectory;
  readonly tokens: Tokens;
  readonly ended: EndedSessions;
  readonly familiar: Familiar;
  readonly audit: ServiceAudit;
  readonly metrics: ServiceMetrics;
  readonly clock: () => number;
  readonly limits: AuthLimits;
}

/** Numbers that tests change. */
export interface AuthLimits {
  /** Seconds in which an address has its tries. */
  readonly tryWindow: number;
  /** Failures from addresses that an account has not come from, in {@link AuthLimits.failureWindow}. */
  readonly accountFailures: number;
  readonly failureWindow: number;
  /** Password checks that may wait, in all and of one address: a minute's or two. */
  readonly waiting: number;
  readonly waitingOfOne: number;
}

export const AUTH_LIMITS: AuthLimits = {
  tryWindow: 300,
  accountFailures: 50,
  failureWindow: 3600,
  waiting: 300,
  waitingOfOne: 200,
};

/** Longest password that is looked at; longer ones are wrong. */
const PASSWORD_LIMIT = 256;
const CHALLENGE: ReplyHeaders = {
  'WWW-Authenticate': ['Basic realm="zone file access", charset="UTF-8"', 'Bearer'],
};
/** Accounts whose password is known again without work. */
const MOST_VERIFIED = 10_000;

interface Pending {
  readonly turn: Promise<Holder>;
  /** The requests that get its answer. */
  readonly waiting: Request[];
}

interface Verified {
  readonly mac: Buffer;
  readonly epoch: number;
}

export function createAuthentication(options: AuthOptions): Authentication {
  const { db, zfa, holders, tokens, ended, familiar, audit, metrics, clock, limits } = options;
  const tries = createWindows(zfa.signInTries, limits.tryWindow);
  const failures = createWindows(limits.accountFailures, limits.failureWindow);
  const line = createLine(limits.waiting, limits.waitingOfOne);
  const macKey = randomBytes(32);
  const verified = new Map<string, Verified>();
  /** Checks by Basic that are waiting or running, by what they check: the same is checked once. */
  const pending = new Map<string, Pending>();

  const macOf = (name: string, password: string): Buffer =>
    createHmac('sha256', macKey)
      .update(JSON.stringify([name, password]))
      .digest();

  const refuse = (
    request: Request,
    holder: string | undefined,
    how: string,
    reason: RefusalReason,
    error: HttpError,
  ): never => {
    audit.refused({ reason, address: request.address, holder, status: error.status });
    metrics.signIn(how, reason);
    throw error;
  };

  const activeOf = (id: string): Holder | undefined => {
    const holder = holders.find(id);
    return holder !== undefined && isActive(holder, clock()) ? holder : undefined;
  };

  const assertAddress = (request: Request, holder: Holder, how: string): Holder => {
    if (mayComeFrom(holder, request.address)) return holder;
    return refuse(
      request,
      holder.id,
      how,
      'address',
      new HttpError(403, 'this account may not be used from your address'),
    );
  };

  const assertMayTry = (request: Request, name: string, how: string): void => {
    const now = clock();
    const address = addressKey(request.address);
    const wait = tries.wait(address, now);
    if (wait > 0) refuse(request, name, how, 'tries', tooMany('too many tries to sign in', wait));
    // Of an unknown name as of a known one: what is looked up is the same.
    const locked = failures.wait(accountKey(name), now);
    const isFamiliar = familiar.has(name, address);
    if (locked > 0 && !isFamiliar) {
      refuse(
        request,
        name,
        how,
        'account-locked',
        tooMany('too many failed tries to sign in to this account', locked),
      );
    }
  };

  /** The work of a check; its turn has come. */
  const check = async (
    request: Request,
    name: string,
    password: string,
    how: SignInWay,
    waiting: readonly Request[],
  ): Promise<Holder> => {
    if (waiting.every((one) => one.gone())) throw new HttpError(408, 'gone');
    // Others of this address or account may have failed while this one waited.
    if (how !== 'api') assertMayTry(request, name, how);
    const lawful = isHolderId(name) && password.length <= PASSWORD_LIMIT;
    const hash = passwordHashOf(db, lawful ? name : '');
    makeRoom();
    const right = await checkPassword(password.slice(0, PASSWORD_LIMIT), hash);
    holders.refresh();
    const holder = right && lawful ? activeOf(name) : undefined;
    const now = clock();
    const address = addressKey(request.address);
    if (holder === undefined) {
      if (how !== 'api') tries.note(address, now);
      if (!familiar.has(name, address)) failures.note(accountKey(name), now);
      return refuse(request, name, how, 'password', unauthorized());
    }
    assertAddress(request, holder, how);
    if (verified.size >= MOST_VERIFIED) verified.delete(verified.keys().next().value!);
    verified.set(name, { mac: macOf(name, password), epoch: holder.epoch });
    familiar.note(name, address, now);
    audit.signedIn({ holder: holder.id, address: request.address, how });
    metrics.signIn(how, 'ok');
    return holder;
  };

  const signIn = (
    request: Request,
    name: string,
    password: string,
    how: SignInWay,
  ): Promise<Holder> => {
    assertMayTry(request, name, how);
    if (how === 'api') tries.note(addressKey(request.address), clock());
    const mac = macOf(name, password);
    // Joined checks share one answer, so that they must be alike in address and way, too.
    const key = `${how} ${request.address} ${mac.toString('base64')}`;
    const same = how === 'basic' ? pending.get(key) : undefined;
    if (same !== undefined) {
      same.waiting.push(request);
      return same.turn;
    }
    const waiting = [request];
    const address = addressKey(request.address);
    const turn = line.run(address, familiar.isKnown(address), () =>
      check(request, name, password, how, waiting),
    );
    if (turn === undefined) {
      const error = new HttpError(503, 'too many sign in just now', { 'Retry-After': '10' });
      return refuse(request, name, how, 'busy', error);
    }
    if (how !== 'basic') return turn;
    pending.set(key, { turn, waiting });
    const forget = (): void => {
      pending.delete(key);
    };
    turn.then(forget, forget);
    return turn;
  };

  const basic = async (request: Request, credentials: string): Promise<Holder> => {
    const text = Buffer.from(credentials, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    if (colon < 0) return refuse(request, undefined, 'basic', 'password', unauthorized());
    const name = text.slice(0, colon);
    const password = text.slice(colon + 1);
    assertMayTry(request, name, 'basic');
    const before = verified.get(name);
    if (before !== undefined && timingSafeEqual(before.mac, macOf(name, password))) {
      const holder = activeOf(name);
      if (holder !== undefined && holder.epoch === before.epoch) {
        return assertAddress(request, holder, 'basic');
      }
      verified.delete(name);
    }
    return signIn(request, name, password, 'basic');
  };

  const byToken = async (
    request: Request,
    token: string,
    audience: Audience,
  ): Promise<Holder | undefined> => {
    const found = await tokens.check(token, audience, clock());
    if (found === undefined) return undefined;
    const holder = activeOf(found.holder);
    if (holder === undefined || holder.epoch !== found.epoch) return undefined;
    return assertAddress(request, holder, audience === 'portal' ? 'cookie' : 'bearer');
  };

  const session = async (request: Request): Promise<Holder | undefined> => {
    const cookie = request.cookies[cookieName(request)];
    if (cookie === undefined || ended.has(cookie)) return undefined;
    return byToken(request, cookie, 'portal');
  };

  const endSession = async (request: Request): Promise<string> => {
    const token = request.cookies[cookieName(request)];
    const now = clock();
    if (token !== undefined && (await tokens.check(token, 'portal', now)) !== undefined) {
      ended.end(token, now + TOKEN_LIFE, now);
    }
    return cookie(request, '', 0);
  };

  return {
    get waiting() {
      return line.length;
    },
    holderOf: async (request) => {
      const { authorization } = request.headers;
      const parts = /^(basic|bearer) +([A-Za-z0-9+/=._~-]{1,4096}) *$/i.exec(authorization ?? '');
      if (parts?.[1].toLowerCase() === 'basic') return basic(request, parts[2]);
      const holder =
        parts !== null
          ? await byToken(request, parts[2], 'zfa')
          : authorization === undefined
            ? await session(request)
            : undefined;
      if (holder !== undefined) return holder;
      // Nothing was claimed, so that nothing is refused that the log should know of.
      if (authorization === undefined && request.headers.cookie === undefined) throw unauthorized();
      return refuse(request, undefined, 'bearer', 'token', unauthorized());
    },
    session,
    signIn: async (request, name, password, how) => signIn(request, name, password, how),
    token: (holder) => tokens.issue(holder, 'zfa', clock()),
    sessionCookie: async (request, holder) =>
      cookie(request, await tokens.issue(holder, 'portal', clock()), TOKEN_LIFE),
    endSession,
  };
}

function unauthorized(): HttpError {
  return new HttpError(401, 'sign in first', CHALLENGE);
}

function tooMany(message: string, wait: number): HttpError {
  return new HttpError(429, message, { 'Retry-After': String(Math.max(1, Math.ceil(wait))) });
}

/** Names that are no ids share one account: there is nothing to guess there. */
function accountKey(name: string): string {
  return isHolderId(name) ? name : '';
}

/** With `__Host-` a cookie is this host's own and came by TLS (RFC 6265bis §4.1.3.2). */
function cookieName(request: Request): string {
  return request.secure ? '__Host-zfa' : 'zfa';
}

function cookie(request: Request, value: string, life: number): string {
  const secure = request.secure ? '; Secure' : '';
  return `${cookieName(request)}=${value}; Path=/; Max-Age=${life}; HttpOnly; SameSite=Strict${secure}`;
}
