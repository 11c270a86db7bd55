/**
 * What guards the portal's forms and its session. Pure.
 *
 * A form of another site that is sent here (CSRF) is stopped twice: the cookie is SameSite=Strict, and
 * the browser says where a request comes from. The second also holds for signing in, where there is no
 * cookie yet and a stranger could sign somebody in to his own account.
 */

/** For every page and answer of the portal: nothing but what is served here, and nothing inline. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'Cache-Control': 'no-store',
  // Not `no-referrer`: with it browsers hide the origin of our own forms, too.
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'clipboard-write=(self)',
};

/**
 * Was this POST sent by a page of ours? Browsers send `Sec-Fetch-Site` to addresses that they trust
 * (TLS and loopback), and `Origin` with every POST. Of one that sends neither, as text browsers do, the
 * page that it names has to be ours (`Referer`); who says nothing is not believed.
 *
 * @param own our own origin, as in `https://zfa.example`.
 */
export function isOwnForm(
  told: {
    readonly site: string | undefined;
    readonly origin: string | undefined;
    readonly referer: string | undefined;
  },
  own: string,
): boolean {
  // What the browser itself compares is right behind any proxy, too.
  if (told.site !== undefined) return told.site === 'same-origin';
  const from = told.origin ?? originOf(told.referer);
  return from?.toLowerCase() === own.toLowerCase();
}

function originOf(address: string | undefined): string | undefined {
  if (address === undefined || !URL.canParse(address)) return undefined;
  return new URL(address).origin;
}

/** The fields of a form (application/x-www-form-urlencoded), each at its first value. */
export function formFields(body: string): (name: string) => string {
  const fields = new URLSearchParams(body);
  return (name) => fields.get(name) ?? '';
}
