/**
 * Routes of the portal: its pages, signing in and out, and accepting the agreement.
 *
 * A page is made anew for every request and never kept by a browser. Forms are answered by leading to
 * another page (303), so that going back or loading again sends nothing twice; only what went wrong is
 * said at once, with its status.
 */

import { messageOf } from '../../errors.js';
import { logEvents } from '../audit/log.js';
import type { Holder } from '../holders/model.js';
import { agreed } from '../holders/rules.js';
import { findHolder, saveChange } from '../holders/store.js';
import { assemblePage } from '../portal/assemble.js';
import { ASSETS, type Asset } from '../portal/assets.js';
import { formFields, isOwnForm, PAGE_HEADERS } from '../portal/guard.js';
import { renderHome } from '../portal/home.js';
import type { SignInNotice } from '../portal/model.js';
import { renderSignIn } from '../portal/sign-in.js';
import { HttpError, htmlReply, type PlainReply, type Request, seeOther } from './exchange.js';
import { agreementText, gatherSources } from './portal-sources.js';
import type { Route } from './router.js';
import { hasAgreed, type Service } from './service.js';

/** The portal's part of the table. */
export function portalRoutes(service: Service): readonly Route[] {
  return [
    { method: 'GET', path: '/', handle: (request) => homePage(service, request) },
    { method: 'POST', path: '/sign-in', handle: (request) => signIn(service, request) },
    { method: 'POST', path: '/sign-out', handle: (request) => signOut(service, request) },
    { method: 'POST', path: '/agreement', handle: (request) => accept(service, request) },
    // Where a form was answered with a page, its address may be asked for again.
    ...['/sign-in', '/sign-out', '/agreement'].map(
      (path): Route => ({ method: 'GET', path, handle: () => seeOther('/') }),
    ),
    ...ASSETS.map(assetRoute),
  ];
}

function assetRoute({ path, type, body, version }: Asset): Route {
  return {
    method: 'GET',
    path,
    handle: ({ query }) => ({
      status: 200,
      headers: {
        'Content-Type': type,
        'X-Content-Type-Options': 'nosniff',
        // Under the address that the pages give it never changes.
        'Cache-Control':
          query.get('v') === version ? 'public, max-age=31536000, immutable' : 'no-cache',
      },
      body,
    }),
  };
}

/** The parameter by which `/` knows that one comes from signing out. */
const SIGNED_OUT = 'signed-out';

async function homePage(service: Service, request: Request): Promise<PlainReply> {
  const session = await sessionOf(service, request);
  if (session.holder !== undefined) return holderPage(service, request, session.holder);
  const notice: SignInNotice | undefined =
    session.notice ?? (request.query.has(SIGNED_OUT) ? { kind: 'signed-out' } : undefined);
  // Who comes by a link in a mail is signed in, perhaps, but the browser keeps a strict cookie back
  // from a request that another site has led to. The one that follows is our own.
  const led = request.headers['sec-fetch-site'] === 'cross-site';
  const headers = led && request.query.size === 0 ? { Refresh: '0; url=/' } : {};
  return signInPage(request, 200, notice, { headers });
}

/** Who is signed in; else, if there was a session, why it is none. */
async function sessionOf(
  { auth }: Service,
  request: Request,
): Promise<
  | { readonly holder: Holder }
  | { readonly holder: undefined; readonly notice: SignInNotice | undefined }
> {
  try {
    const holder = await auth.session(request);
    if (holder !== undefined) return { holder };
    const had = (request.headers.cookie ?? '').includes('zfa=');
    return { holder: undefined, notice: had ? { kind: 'ended' } : undefined };
  } catch (error) {
    return { holder: undefined, notice: noticeOf(error, request) };
  }
}

async function holderPage(
  service: Service,
  request: Request,
  holder: Holder,
  { status = 200, unticked = false }: { status?: number; unticked?: boolean } = {},
): Promise<PlainReply> {
  const sources = gatherSources(service, request, holder, { unticked });
  return htmlReply(status, renderHome(assemblePage(sources)), PAGE_HEADERS);
}

function signInPage(
  request: Request,
  status: number,
  notice: SignInNotice | undefined,
  { name = '', headers = {} }: { name?: string; headers?: PlainReply['headers'] } = {},
): PlainReply {
  const { host } = new URL(request.origin);
  return htmlReply(status, renderSignIn({ host, name, notice }), { ...PAGE_HEADERS, ...headers });
}

async function signIn(service: Service, request: Request): Promise<PlainReply> {
  if (!isOurs(request)) return foreign(service, request);
  const field = formFields((await request.body()).toString('utf8'));
  // What is typed or pasted with blanks around is meant without.
  const name = field('username').trim();
  const password = field('password').trim();
  if (name === '' || password === '') return signInPage(request, 400, { kind: 'empty' }, { name });
  let holder: Holder;
  try {
    holder = await service.auth.signIn(request, name, password, 'portal');
  } catch (error) {
    const notice = noticeOf(error, request);
    const { status, headers } = error as HttpError;
    // Not the challenge of 401: a browser would ask for the password itself.
    const wait = headers['Retry-After'];
    return signInPage(request, status, notice, {
      name,
      headers: wait === undefined ? {} : { 'Retry-After': wait },
    });
  }
  return seeOther('/', {
    ...PAGE_HEADERS,
    'Set-Cookie': await service.auth.sessionCookie(request, holder),
  });
}

/** What a refusal is in words of the page. @throws the error, when it is none. */
function noticeOf(error: unknown, { now }: Request): SignInNotice {
  if (!(error instanceof HttpError)) throw error;
  switch (error.status) {
    case 401:
      return { kind: 'wrong' };
    case 403:
      return { kind: 'address' };
    case 429:
      return { kind: 'locked', until: now + Number(error.headers['Retry-After'] ?? 60), now };
    case 503:
      return { kind: 'unavailable' };
    default:
      throw error;
  }
}

async function signOut(service: Service, request: Request): Promise<PlainReply> {
  if (!isOurs(request)) return foreign(service, request);
  return seeOther(`/?${SIGNED_OUT}`, {
    ...PAGE_HEADERS,
    'Set-Cookie': await service.auth.endSession(request),
  });
}

async function accept(service: Service, request: Request): Promise<PlainReply> {
  if (!isOurs(request)) return foreign(service, request);
  const session = await sessionOf(service, request);
  if (session.holder === undefined) {
    return signInPage(request, 401, session.notice ?? { kind: 'ended' });
  }
  const { holder } = session;
  const field = formFields((await request.body()).toString('utf8'));
  const { agreement } = service.config.zfa;
  // Nothing to accept any more, or a newer one than was read: the page shows what is.
  if (hasAgreed(service.config, holder) || field('version') !== agreement?.version) {
    return seeOther('/', PAGE_HEADERS);
  }
  // Nobody has read what can't be shown.
  if (agreementText(service, agreement.file) === undefined) {
    return holderPage(service, request, holder, { status: 503 });
  }
  if (field('accept') !== 'yes') {
    return holderPage(service, request, holder, { status: 400, unticked: true });
  }
  agree(service, request, holder.id, agreement.version);
  return seeOther('/', PAGE_HEADERS);
}

/** Notes that a holder has accepted the agreement, with what else is known of it. */
function agree(
  { config, db, holders, warn }: Service,
  { now, address }: Request,
  id: string,
  version: string,
): void {
  db.change(() => {
    const before = findHolder(db, id);
    if (before === undefined) return;
    const { holder, event } = agreed(before, version, now);
    const detail = { ...event.detail, address };
    saveChange(db, { holder, event: { ...event, detail } }, 'holder');
  });
  // Now, because the next step may fail, and this connection does not see its own change.
  holders.forget();
  try {
    logEvents(db, config.stateDir);
  } catch (error) {
    // It is agreed. The line is written with the next second's (server.ts).
    warn(`the audit log: ${messageOf(error)}`);
  }
}

function isOurs({ headers, origin }: Request): boolean {
  const site = headers['sec-fetch-site'];
  return isOwnForm(
    {
      site: Array.isArray(site) ? site.join() : site,
      origin: headers.origin,
      referer: headers.referer,
    },
    origin,
  );
}

/** A form that another site has sent: it is not acted on, and who sits there is told. */
function foreign({ audit }: Service, request: Request): PlainReply {
  audit.refused({ reason: 'foreign-site', address: request.address, status: 403 });
  return signInPage(request, 403, { kind: 'foreign' });
}
