/** The page of somebody who is not signed in: a form, and what went wrong in words. */

import { clockText, dayText, durationText } from '../../present/calendar.js';
import { html, type Markup } from '../../present/markup.js';
import type { SignInNotice, SignInPage } from './model.js';
import { notice, page } from './page.js';

/** The page. */
export function renderSignIn({ host, name, notice: told }: SignInPage): string {
  const failed = told !== undefined && WRONG_INPUT.has(told.kind);
  const describedBy = failed && html` aria-invalid="true" aria-describedby="notice"`;
  // Who has typed the name already goes on with the password.
  const focus = (here: boolean) => here && html` autofocus=""`;
  return page({
    title: `${failed ? 'Not signed in · ' : ''}Sign in · Zone file access`,
    kind: 'sign-in',
    bar: html`<p class="host">${host}</p>`,
    main: html`<h1>Sign in</h1>
<p class="dim">For holders of zone file access: your zones, their checksums and the bundle of each day.</p>
${told !== undefined && html`<div id="notice">${noticeOf(told)}</div>`}
<form method="post" action="/sign-in" class="sign-in-form">
<p class="field"><label for="name">Account</label>
<input id="name" name="username" type="text" value="${name}" required="" maxlength="64" autocomplete="username" autocapitalize="none" spellcheck="false"${describedBy}${focus(name === '')}/></p>
<p class="field"><label for="password">Password</label>
<input id="password" name="password" type="password" required="" maxlength="1024" autocomplete="current-password"${describedBy}${focus(name !== '')}/></p>
<p><button type="submit" class="primary">Sign in</button></p>
</form>
<section class="help" aria-labelledby="help">
<h2 id="help">Can’t sign in?</h2>
<p>Account and password came with your approval. A lost password can’t be looked up: ask the registry for a new one. The old one stops working with it.</p>
</section>`,
    footer: html`<p>Signing in sets one cookie, for 24 hours or until you sign out. Nothing else is stored in your browser.</p>`,
  });
}

/** What the fields themselves are to blame for. */
const WRONG_INPUT: ReadonlySet<SignInNotice['kind']> = new Set(['wrong', 'empty']);

function noticeOf(told: SignInNotice): Markup {
  switch (told.kind) {
    case 'wrong':
      return notice(
        'error',
        'Account or password is not right',
        'Type both again: the account is all lower-case, and the hyphens of the password belong to it. An account whose access has ended gives the same answer.',
        'alert',
      );
    case 'empty':
      return notice('error', 'Something is missing', 'Fill in account and password.', 'alert');
    case 'locked':
      return notice(
        'error',
        'Too many tries',
        html`Signing in is closed for this account or from your address until <time datetime="${new Date(told.until * 1000).toISOString()}">${untilText(told.until, told.now)}</time>. Tries until then are not looked at. If they were not yours, tell the registry.`,
        'alert',
      );
    case 'foreign':
      return notice(
        'error',
        'That did not come from this page',
        'The browser does not say that the form was sent from this page, so it was not acted on. Use the form below.',
        'alert',
      );
    case 'address':
      return notice(
        'error',
        'Not from this address',
        'This account may be used from certain addresses only, and yours is not among them. Use one of those, or ask the registry to add yours.',
        'alert',
      );
    case 'unavailable':
      return notice(
        'error',
        'Signing in is not possible at the moment',
        'The service can’t do its work just now; the password was not looked at. Try again in a few minutes.',
        'alert',
      );
    case 'ended':
      return notice('warning', 'Your session has ended', 'Sign in again to go on.', 'status');
    case 'signed-out':
      return notice(
        'good',
        'You are signed out',
        'The session has ended. Downloads that were running go on.',
        'status',
      );
  }
}

/** A time today by its clock, another with its day, and how far away it is. */
function untilText(until: number, now: number): string {
  const sameDay = Math.floor(until / 86_400) === Math.floor(now / 86_400);
  const minutes = Math.max(1, Math.ceil((until - now) / 60));
  // The minute that is shown has passed when the door opens.
  const shown = Math.ceil(until / 60) * 60;
  const clock = `${clockText(shown)} UTC`;
  return `${sameDay ? clock : `${dayText(shown)}, ${clock}`} (in ${durationText(minutes * 60)})`;
}
