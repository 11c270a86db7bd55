/** What the fields of a holder may hold: one place for flags and for imported rows. */

import { CIDR_FORM, parseCidr } from '../../config/cidr.js';
import { ID_FORM, isHolderId } from './model.js';

/** A field that can't be taken, and what would be. */
export class FieldFault extends Error {
  override readonly name = 'FieldFault';
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

const LONGEST = 1000;
/** Control characters, and those that make a line read as another one. */
const HIDDEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

/** A text of a line. @throws FieldFault */
export function textField(field: string, text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') throw new FieldFault(field, 'is empty');
  if (trimmed.length > LONGEST) throw new FieldFault(field, `is longer than ${LONGEST} characters`);
  if (HIDDEN.test(trimmed)) throw new FieldFault(field, 'holds control characters');
  return trimmed;
}

/** @throws FieldFault */
export function idField(text: string): string {
  if (!isHolderId(text)) throw new FieldFault('id', `is not ${ID_FORM}`);
  return text;
}

/** An e-mail address as people write it (RFC 5322 §3.4.1 without quotes and comments). @throws FieldFault */
export function emailField(text: string): string {
  const email = textField('email', text);
  if (email.length <= 254 && /^[^\s@"<>(),:;\\[\]]{1,64}@[^\s@"<>(),:;\\[\]]+$/.test(email)) {
    return email;
  }
  throw new FieldFault('email', 'is not an e-mail address such as zones@acme.example');
}

/**
 * Labels of zones, sorted.
 *
 * @param known labels of the configured zones.
 * @throws FieldFault
 */
export function zonesField(labels: readonly string[], known: readonly string[]): string[] {
  if (labels.length === 0) throw new FieldFault('zones', 'names no zone');
  const wrong = labels.find((label) => !known.includes(label));
  if (wrong !== undefined) {
    const all = known.join(', ');
    throw new FieldFault('zones', `"${wrong}" is not in the configuration, which has ${all}`);
  }
  return [...new Set(labels)].sort();
}

/** Ranges of addresses, each once, in the one text that they have. @throws FieldFault */
export function allowField(ranges: readonly string[]): string[] {
  const all = ranges.map((text) => {
    const range = parseCidr(text);
    if (range === undefined) throw new FieldFault('allow', `"${text}" is not ${CIDR_FORM}`);
    return range;
  });
  return [...new Set(all)];
}

/** A version of the agreement. @throws FieldFault */
export function agreementField(text: string): string {
  const version = textField('agreement', text);
  if (version.length > 64) throw new FieldFault('agreement', 'is longer than 64 characters');
  return version;
}

/** An age recipient (X25519). @throws FieldFault */
export async function ageKeyField(text: string): Promise<string> {
  const key = text.trim();
  const { Encrypter } = await import('age-encryption');
  try {
    if (!/^age1[02-9ac-hj-np-z]{58}$/.test(key)) throw new Error('another kind of key');
    new Encrypter().addRecipient(key);
    return key;
  } catch {
    throw new FieldFault('age-key', 'is not a public key of age (age1…, from age-keygen -y)');
  }
}
