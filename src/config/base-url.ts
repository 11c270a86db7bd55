/** The origin under which the world knows the download service. */

/** What it looks like; for messages. */
export const BASE_URL_FORM =
  'an address such as "https://zfa.example" or "https://example:8443", without path, query and user';

/** Reads an origin. @returns it without a slash at its end; undefined when `text` is none. */
export function parseBaseUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { origin, protocol, pathname, search, hash, username, password } = new URL(text);
  const bare = pathname === '/' && `${search}${hash}${username}${password}` === '';
  return bare && (protocol === 'https:' || protocol === 'http:') ? origin : undefined;
}
