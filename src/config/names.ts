/** Domain names as configuration and flags write them; stricter than the DNS itself. */

import { nameFromText, ROOT } from '../names/name.js';

/** Letters, digits, hyphens and underscores: a zone's name also becomes a folder and a file. */
const LDH = /^[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))*\.?$/i;

/** What a zone name looks like; for messages. */
export const ZONE_FORM = 'a zone name in A-label form, such as com or xn--p1ai';

/**
 * The wire form of a zone's name.
 *
 * @returns undefined when `text` is not a name that a zone can have here.
 */
export function parseZoneName(text: string): Uint8Array | undefined {
  if (text === '.') return ROOT;
  return LDH.test(text) ? wireOf(text) : undefined;
}

/** The wire form of a host name (RFC 1123 §2.1); undefined for an IPv4 address, too. */
export function parseHostName(text: string): Uint8Array | undefined {
  return LDH.test(text) && !/(?:^|\.)\d+\.?$/.test(text) ? wireOf(text) : undefined;
}

/** The wire form of a mailbox written as a name (RFC 1035 §3.3.13). */
export function parseMailbox(text: string): Uint8Array | undefined {
  return text.includes('@') ? undefined : wireOf(text);
}

function wireOf(text: string): Uint8Array | undefined {
  try {
    return nameFromText(text);
  } catch {
    return undefined;
  }
}
