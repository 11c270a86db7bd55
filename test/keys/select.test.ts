import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { keyTag, revokedKeyTag } from '#zonewright/dnssec/keytag.js';
import { keyRoles } from '#zonewright/keys/roles.js';
import { selectKeys, tagsMeet } from '#zonewright/keys/select.js';
import type { KeyPair } from '#zonewright/keys/store.js';
import { readKeys } from '#zonewright/keys/store.js';
import { ACTIVE, bindLikeKey, DAY, keyFolder, NOW, newKey, refusalWith, ZONE } from './helpers.js';

const tags = (keys: readonly KeyPair[]): number[] =>
  keys.map(({ tag }) => tag).sort((a, b) => a - b);
const sorted = (...numbers: number[]): number[] => numbers.sort((a, b) => a - b);

function select(dir: string, now = NOW) {
  return selectKeys(readKeys(dir, ZONE), now);
}

function refusedWith(dir: string, now: number, ...parts: string[]): void {
  let error: unknown;
  try {
    select(dir, now);
  } catch (e) {
    error = e;
  }
  expect(error).toSatisfy(refusalWith(...parts));
}

describe('selectKeys', () => {
  it('KSK signs the DNSKEY RRset, ZSK the rest', () => {
    const dir = keyFolder();
    const ksk = newKey(dir, 'ksk');
    const zsk = newKey(dir, 'zsk');
    const chosen = select(dir);
    expect(tags(chosen.dnskeys)).toEqual(sorted(ksk.tag, zsk.tag));
    expect(tags(chosen.ksks)).toEqual([ksk.tag]);
    expect(tags(chosen.zsks)).toEqual([zsk.tag]);
  });

  it('a CSK signs all', () => {
    const dir = keyFolder();
    const { tag } = newKey(dir, 'csk');
    const chosen = select(dir);
    expect([tags(chosen.ksks), tags(chosen.zsks)]).toEqual([[tag], [tag]]);
  });

  it.each([true, false])('keys without a declared role that all have SEP %s act as CSKs', (sep) => {
    const dir = keyFolder();
    const one = bindLikeKey(dir, sep);
    const two = bindLikeKey(dir, sep);
    const chosen = select(dir);
    const both = sorted(one.tag, two.tag);
    expect([tags(chosen.ksks), tags(chosen.zsks)]).toEqual([both, both]);
    const keys = readKeys(dir, ZONE);
    expect([...keyRoles(keys, NOW).values()]).toEqual(['csk', 'csk']);
  });

  it('a KSK does not take over when its ZSK is only late: refused, with when and what to type', () => {
    const dir = keyFolder();
    bindLikeKey(dir, true);
    const late = bindLikeKey(dir, false, { created: NOW, publish: NOW + DAY, activate: NOW + DAY });
    refusedWith(
      dir,
      NOW,
      'lacks an active ZSK',
      '2026-11-23T00:00:00Z',
      'dnssec-settime',
      late.file,
    );
    expect(tags(select(dir, NOW + DAY).zsks)).toEqual([late.tag]);
  });

  it('a published key that does not sign yet is fine beside one that does (pre-publication)', () => {
    const dir = keyFolder();
    const ksk = newKey(dir, 'ksk');
    const zsk = newKey(dir, 'zsk');
    const next = newKey(dir, 'zsk', { created: NOW, publish: NOW, activate: NOW + DAY });
    const chosen = select(dir);
    expect(tags(chosen.dnskeys)).toEqual(sorted(ksk.tag, zsk.tag, next.tag));
    expect(tags(chosen.zsks)).toEqual([zsk.tag]);
  });

  it('every algorithm signs everything (RFC 4035 §2.2)', () => {
    const dir = keyFolder();
    const made = [13, 15].flatMap((a) => [
      newKey(dir, 'ksk', ACTIVE, a),
      newKey(dir, 'zsk', ACTIVE, a),
    ]);
    const chosen = select(dir);
    expect(tags(chosen.dnskeys)).toEqual(tags(made));
    expect(chosen.ksks.map((key) => key.algorithm)).toEqual([13, 15]);
    expect(chosen.zsks.map((key) => key.algorithm)).toEqual([13, 15]);
  });

  it('an algorithm that is published and does not sign is refused', () => {
    const dir = keyFolder();
    newKey(dir, 'csk');
    newKey(dir, 'ksk', ACTIVE, 15);
    refusedWith(
      dir,
      NOW,
      'ED25519',
      'lacks an active ZSK',
      'zonewright keys generate --zone example',
    );
  });

  it('signatures may come before their DNSKEY, for a new algorithm (RFC 6781 §4.1.4)', () => {
    const dir = keyFolder();
    newKey(dir, 'csk');
    const next = newKey(dir, 'csk', { created: NOW, publish: NOW + DAY, activate: NOW }, 15);
    const chosen = select(dir);
    expect(tags(chosen.dnskeys)).not.toContain(next.tag);
    expect(tags(chosen.zsks)).toContain(next.tag);
    expect(tags(chosen.ksks)).not.toContain(next.tag);
  });

  it('a KSK that has ceased to sign is named with the time', () => {
    const dir = keyFolder();
    const ksk = newKey(dir, 'ksk', { ...ACTIVE, inactive: NOW + DAY });
    newKey(dir, 'zsk');
    refusedWith(
      dir,
      NOW + DAY,
      'lacks an active KSK',
      'ceased to sign at 2026-11-23T00:00:00Z',
      ksk.file,
    );
  });

  it('a key whose private half is elsewhere is named', () => {
    const dir = keyFolder();
    const ksk = newKey(dir, 'ksk');
    newKey(dir, 'zsk');
    const keys = readKeys(dir, ZONE).map((key) =>
      key.tag === ksk.tag ? { ...key, secret: undefined, privateFile: undefined } : key,
    );
    expect(() => selectKeys(keys, NOW)).toThrow(
      expect.objectContaining({
        exitCode: 4,
        hint: expect.stringContaining(ksk.privateFile ?? '?'),
      }),
    );
  });

  it('no keys, no published key: refused with the next command', () => {
    const dir = keyFolder();
    refusedWith(dir, NOW, 'has no keys', 'zonewright keys generate');
    newKey(dir, 'csk', { created: NOW, publish: NOW + DAY, activate: NOW + DAY });
    refusedWith(dir, NOW, 'no key of example is published', '2026-11-23T00:00:00Z');
  });

  it('a revoked KSK is published with the REVOKE flag and its other tag, and signs the DNSKEY RRset (RFC 5011 §2.1)', () => {
    const dir = keyFolder();
    const old = newKey(dir, 'ksk', { ...ACTIVE, revoke: NOW + DAY });
    const ksk = newKey(dir, 'ksk');
    const zsk = newKey(dir, 'zsk');
    const chosen = select(dir, NOW + DAY);
    const revoked = chosen.dnskeys.find((key) => (key.flags & 0x80) !== 0);
    expect(revoked?.tag).toBe(revokedKeyTag(old.dnskey));
    expect(keyTag(revoked?.dnskey ?? new Uint8Array(4))).toBe(revoked?.tag);
    expect(tags(chosen.ksks)).toEqual(sorted(ksk.tag, revokedKeyTag(old.dnskey)));
    expect(tags(chosen.zsks)).toEqual([zsk.tag]);
  });

  it('a revoked key is no KSK to live on', () => {
    const dir = keyFolder();
    newKey(dir, 'ksk', { ...ACTIVE, revoke: NOW + DAY });
    newKey(dir, 'zsk');
    refusedWith(dir, NOW + DAY, 'lacks an active KSK');
  });

  it('two live keys with a tag in common are refused by name, also where revocation makes it so (.ru, January 2024)', () => {
    const dir = keyFolder();
    const ksk = newKey(dir, 'ksk');
    const [real] = readKeys(dir, ZONE);
    // A second key whose tag is the first one's: same octets, two of the same parity swapped.
    const swapped = real.dnskey.slice();
    [swapped[10], swapped[12]] = [swapped[12], swapped[10]];
    const twin: KeyPair = { ...real, dnskey: swapped, file: 'Ktwin.key' };
    expect(keyTag(swapped)).toBe(ksk.tag);
    expect(() => selectKeys([real, twin], NOW)).toThrow(
      /two live keys share a key tag: .*Kexample.*Ktwin\.key/,
    );
    const gone = { ...twin, timing: { ...ACTIVE, delete: NOW } };
    expect(selectKeys([{ ...real, declaredRole: 'csk' }, gone], NOW).dnskeys).toHaveLength(1);
  });

  it.each([5, 7])('a published key of a SHA-1 algorithm is refused, %i', (algorithm) => {
    const dir = keyFolder();
    newKey(dir, 'csk');
    const [key] = readKeys(dir, ZONE);
    const dnskey = key.dnskey.slice();
    dnskey[3] = algorithm;
    const old: KeyPair = { ...key, algorithm, dnskey, tag: keyTag(dnskey), file: 'Kold.key' };
    expect(() => selectKeys([key, old], NOW)).toThrow(
      expect.objectContaining({
        exitCode: 4,
        message: expect.stringContaining('SHA-1'),
        place: { file: 'Kold.key' },
      }),
    );
  });

  it('tagsMeet looks at both forms of both keys', () => {
    const key = Uint8Array.of(1, 1, 3, 13, 9, 9);
    const revoked = Uint8Array.of(1, 0x81, 3, 13, 9, 9);
    const other = Uint8Array.of(1, 1, 3, 13, 9, 10);
    expect(tagsMeet(key, revoked)).toBe(true);
    expect(tagsMeet(key, other)).toBe(false);
  });

  it('a .state file gives the role (BIND dnssec-policy)', () => {
    const dir = keyFolder();
    const key = bindLikeKey(dir, true);
    writeFileSync(key.file.replace(/key$/, 'state'), 'Algorithm: 13\nKSK: yes\nZSK: no\n');
    refusedWith(dir, NOW, 'lacks an active ZSK');
  });
});
