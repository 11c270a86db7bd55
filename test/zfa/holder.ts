/** Holders for tests, and passwords that cost little to check. */
import { randomBytes, scryptSync } from 'node:crypto';
import type { Holder } from '#zonewright/zfa/holders/model.js';

/** 2026-11-22. */
const AT = 1_795_305_600;

/** An approved holder of `com` who may download from anywhere, with no end. */
export function approvedHolder(id: string, more: Partial<Holder> = {}): Holder {
  return {
    id,
    name: `Name of ${id}`,
    organisation: undefined,
    email: `${id}@holders.example`,
    purpose: undefined,
    zones: ['com'],
    allow: [],
    agreement: undefined,
    state: 'approved',
    expires: undefined,
    ageKey: undefined,
    hasPassword: true,
    epoch: 1,
    created: AT,
    approved: AT,
    changed: AT,
    ...more,
  };
}

/** A PHC string that takes a millisecond to check. */
export function cheapHash(password: string): string {
  const salt = randomBytes(16);
  const hash = scryptSync(password, salt, 32, { N: 1024, r: 8, p: 1 });
  const text = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');
  return `$scrypt$ln=10,r=8,p=1$${text(salt)}$${text(hash)}`;
}
