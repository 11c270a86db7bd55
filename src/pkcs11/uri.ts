/**
 * PKCS#11 URIs (RFC 7512), which name a token or a key in one: `pkcs11:token=zw;object=com-ksk`.
 *
 * The attributes that tell tokens and keys apart are known. Any other is refused, not ignored: a
 * URI that means less than it says could mean another key. `pin-source` may also stand among the
 * first attributes, as BIND's documentation has it.
 */

/** What a URI says; texts are decoded. */
export interface TokenUri {
  /** The token's label. */
  readonly token?: string | undefined;
  readonly manufacturer?: string | undefined;
  readonly model?: string | undefined;
  readonly serial?: string | undefined;
  readonly slotId?: number | undefined;
  /** CKA_LABEL of the key. */
  readonly object?: string | undefined;
  /** CKA_ID of the key. */
  readonly id?: Uint8Array | undefined;
  /** Path of the file with the PIN. */
  readonly pinSource?: string | undefined;
}

/** What is wrong with a URI, as a sentence part: `has no "="`. It never holds a value. */
export class UriFault extends Error {
  override readonly name = 'UriFault';
}

const TEXTS: ReadonlyMap<string, 'token' | 'manufacturer' | 'model' | 'serial' | 'object'> =
  new Map([
    ['token', 'token'],
    ['manufacturer', 'manufacturer'],
    ['model', 'model'],
    ['serial', 'serial'],
    ['object', 'object'],
  ]);

/**
 * Reads a URI.
 *
 * @throws UriFault
 */
export function parseTokenUri(text: string): TokenUri {
  const scheme = /^pkcs11:/i.exec(text);
  if (scheme === null) throw new UriFault('does not begin with "pkcs11:"');
  const rest = text.slice(scheme[0].length);
  const mark = rest.indexOf('?');
  const path = mark < 0 ? rest : rest.slice(0, mark);
  const query = mark < 0 ? '' : rest.slice(mark + 1);
  const parts = [...path.split(';'), ...query.split('&')].filter((part) => part !== '');
  const uri: { -readonly [K in keyof TokenUri]: TokenUri[K] } = {};
  const seen = new Set<string>();
  for (const part of parts) {
    const equals = part.indexOf('=');
    if (equals < 0) throw new UriFault('has an attribute without "="');
    const name = part.slice(0, equals);
    if (seen.has(name)) throw new UriFault(`has ${printableName(name)} twice`);
    seen.add(name);
    const bytes = percentDecode(part.slice(equals + 1));
    const key = TEXTS.get(name);
    if (key !== undefined) uri[key] = utf8(bytes, name);
    else if (name === 'id') uri.id = bytes;
    else if (name === 'slot-id') uri.slotId = slotNumber(utf8(bytes, name));
    else if (name === 'pin-source') uri.pinSource = pinFile(utf8(bytes, name));
    else if (name === 'type') checkType(utf8(bytes, name));
    else if (name === 'pin-value') {
      throw new UriFault('holds a PIN: write it to a file of mode 0600 and name that: pin-source');
    } else if (name !== 'module-path' && name !== 'module-name') {
      // Which library is loaded is not for a key file to say: those two are passed over.
      throw new UriFault(
        `has the attribute ${printableName(name)}; known are token, serial, manufacturer, model, slot-id, object, id, type and pin-source`,
      );
    }
  }
  return uri;
}

/** Writes a URI, `pin-source` behind the question mark (RFC 7512 §2.3). */
export function formatTokenUri(uri: TokenUri): string {
  const parts: string[] = [];
  for (const [name, key] of TEXTS) {
    const value = uri[key];
    if (key !== 'object' && value !== undefined) parts.push(`${name}=${percentEncode(value)}`);
  }
  if (uri.slotId !== undefined) parts.push(`slot-id=${uri.slotId}`);
  if (uri.object !== undefined) parts.push(`object=${percentEncode(uri.object)}`);
  if (uri.id !== undefined) {
    // All octets encoded, as RFC 7512 §2.3 asks for.
    parts.push(`id=${[...uri.id].map(percent).join('')}`);
  }
  const query = uri.pinSource === undefined ? '' : `?pin-source=${percentEncode(uri.pinSource)}`;
  return `pkcs11:${parts.join(';')}${query}`;
}

/** The token that a URI means, for messages: without key and PIN source. */
export function tokenName(uri: TokenUri): string {
  if (uri.token !== undefined) return `token "${uri.token}"`;
  const { serial, manufacturer, model, slotId } = uri;
  return `token ${formatTokenUri({ serial, manufacturer, model, slotId })}`;
}

/** The key that a URI means, for messages. */
export function keyName(uri: TokenUri): string {
  const { object, id } = uri;
  return object !== undefined ? `key "${object}"` : `key ${formatTokenUri({ id })}`;
}

function percentDecode(text: string): Uint8Array {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (text[i] === '%') {
      const digits = text.slice(i + 1, i + 3);
      if (!/^[0-9a-f]{2}$/i.test(digits)) throw new UriFault('has a "%" without two digits');
      bytes.push(Number.parseInt(digits, 16));
      i += 2;
    } else if (code < 0x21 || code === 0x7f) {
      throw new UriFault('has a space or a control character: encode it with "%"');
    } else {
      bytes.push(...new TextEncoder().encode(text[i]));
    }
  }
  return Uint8Array.from(bytes);
}

function percentEncode(text: string): string {
  let out = '';
  for (const byte of new TextEncoder().encode(text)) {
    const c = String.fromCharCode(byte);
    out += /[A-Za-z0-9._~/:@+-]/.test(c) ? c : percent(byte);
  }
  return out;
}

function percent(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

function utf8(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UriFault(`has a ${name} that is not UTF-8`);
  }
}

function slotNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new UriFault('has a slot-id that is no number');
  return Number(text);
}

function checkType(text: string): void {
  if (text !== 'private') throw new UriFault('has another type than private');
}

/** RFC 7512 §2.4: a path, or a file URI. */
function pinFile(text: string): string {
  if (text.startsWith('|')) throw new UriFault('has a program as its pin-source; name a file');
  return text.replace(/^file:(?:\/\/(?:localhost)?(?=\/))?/i, '');
}

function printableName(name: string): string {
  return /^[A-Za-z0-9_-]{1,40}$/.test(name) ? `"${name}"` : 'that is none';
}
