/**
 * The beginning of an age file, for one recipient. The library makes it, all kinds of recipients
 * included; what it does not give away is the file's key. A recipient of our own, which adds nothing
 * to the header, is told it, so that the rest can be made piece by piece (age-source.ts).
 */

import { hkdfSync } from 'node:crypto';
import { Encrypter } from 'age-encryption';
import type { AgeSeal } from './age-source.js';

const NONCE = 16;
/** The end of a header: a line `--- <mac>`. */
const MAC_LINE = /^--- [A-Za-z0-9+/]{43}$/;

/**
 * A new seal, for one text only.
 *
 * @param recipient `age1…`.
 * @throws Error when it is none.
 */
export async function makeSeal(recipient: string): Promise<AgeSeal> {
  let fileKey: Uint8Array | undefined;
  const encrypter = new Encrypter();
  encrypter.addRecipient({
    wrapFileKey(key) {
      fileKey = Uint8Array.from(key);
      return [];
    },
  });
  encrypter.addRecipient(recipient);
  // Header, nonce and one empty chunk (16 octets), which is left out.
  const whole = Buffer.from(await encrypter.encrypt(new Uint8Array()));
  const head = whole.subarray(0, whole.length - 16);
  const nonce = head.subarray(head.length - NONCE);
  const lines = head.toString('latin1', 0, head.length - NONCE).split('\n');
  if (fileKey === undefined || lines.pop() !== '' || !MAC_LINE.test(lines.pop() ?? '')) {
    throw new Error('an age header that is not as expected');
  }
  const key = Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32));
  fileKey.fill(0);
  return { head, key };
}
