/**
 * Keys in a token: finding the private half, reading the public half in the form of a DNSKEY
 * (RFC 3110, RFC 6605, RFC 8080), making pairs.
 */

import { randomBytes } from 'node:crypto';
import { type Algorithm, type CurveName, signingAlgorithm } from '../dnssec/algorithms.js';
import { makeRsaPublicKey, publicKeyFault } from '../dnssec/dnskey.js';
import { refusal } from '../errors.js';
import { type Api, type Attribute, codeOf, type Handle, tokenError } from './module.js';
import { closeSession, openSession, type Token } from './token.js';
import { keyName, type TokenUri, tokenName } from './uri.js';

/** Attributes and classes of objects (PKCS#11 2.40 §4; Edwards curves: PKCS#11 3.0). */
const CKA_CLASS = 0x00;
const CKA_TOKEN = 0x01;
const CKA_PRIVATE = 0x02;
const CKA_LABEL = 0x03;
const CKA_KEY_TYPE = 0x100;
const CKA_ID = 0x102;
const CKA_SENSITIVE = 0x103;
const CKA_SIGN = 0x108;
const CKA_VERIFY = 0x10a;
const CKA_MODULUS = 0x120;
const CKA_MODULUS_BITS = 0x121;
const CKA_PUBLIC_EXPONENT = 0x122;
const CKA_EXTRACTABLE = 0x162;
const CKA_EC_PARAMS = 0x180;
const CKA_EC_POINT = 0x181;
const CKO_PUBLIC_KEY = 2;
const CKO_PRIVATE_KEY = 3;
const CKK_RSA = 0;
const CKK_EC = 3;
const CKK_EC_EDWARDS = 0x40;
const CKM_RSA_PKCS_KEY_PAIR_GEN = 0x00;
const CKM_EC_KEY_PAIR_GEN = 0x1040;
const CKM_EC_EDWARDS_KEY_PAIR_GEN = 0x1055;

/** More keys of one name than these are not looked at. */
const MAX_FOUND = 100;

/** CKA_EC_PARAMS: the curve's object identifier in DER (RFC 5480 §2.1.1.1, RFC 8410 §3). */
const CURVES: Readonly<Record<CurveName, string>> = {
  'P-256': '06082a8648ce3d030107',
  'P-384': '06052b81040022',
  Ed25519: '06032b6570',
  Ed448: '06032b6571',
};

function keyType(algorithm: Algorithm): number {
  if (algorithm.family === 'rsa') return CKK_RSA;
  return algorithm.family === 'ecdsa' ? CKK_EC : CKK_EC_EDWARDS;
}

/**
 * The private keys of an algorithm's type that a URI names, as the session sees them.
 *
 * @throws ZonewrightError (exit 4) when there is none.
 */
export function findPrivateKeys(
  { api }: Token,
  session: Handle,
  uri: TokenUri,
  algorithm: Algorithm,
): readonly Handle[] {
  if (uri.object === undefined && uri.id === undefined) {
    throw refusal(`the URI of the key names the ${tokenName(uri)} and no key in it`, {
      hint: 'name the key by object= or id=',
    });
  }
  const wanted: Attribute[] = [
    { type: CKA_CLASS, value: CKO_PRIVATE_KEY },
    { type: CKA_KEY_TYPE, value: keyType(algorithm) },
  ];
  if (uri.object !== undefined) wanted.push({ type: CKA_LABEL, value: uri.object });
  if (uri.id !== undefined) wanted.push({ type: CKA_ID, value: Buffer.from(uri.id) });
  const found = find(api, session, wanted);
  if (found.length === 0) {
    throw refusal(
      `the ${tokenName(uri)} has no private ${algorithm.mnemonic} ${keyName(uri)} for this user`,
      { hint: 'list its keys: pkcs11-tool --module … --login --list-objects' },
    );
  }
  return found;
}

function find(api: Api, session: Handle, wanted: Attribute[]): Handle[] {
  try {
    api.C_FindObjectsInit(session, wanted);
    try {
      return api.C_FindObjects(session, MAX_FOUND);
    } finally {
      api.C_FindObjectsFinal(session);
    }
  } catch (error) {
    throw tokenError(error, 'the token does not find its keys');
  }
}

/** The value of an attribute; undefined: the object has none that can be read. */
function read(api: Api, session: Handle, object: Handle, type: number): Buffer | undefined {
  try {
    const [{ value }] = api.C_GetAttributeValue(session, object, [{ type }]);
    return Buffer.isBuffer(value) ? value : undefined;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}

/**
 * The public half of a private key in the form of a DNSKEY's key field. (RSA has its numbers in the
 * private key, too; on a curve, the public key object of the same CKA_ID has the point.)
 *
 * @returns undefined when the token does not have it.
 */
export function publicHalf(
  { api }: Token,
  session: Handle,
  secret: Handle,
  algorithm: Algorithm,
): Uint8Array | undefined {
  if (algorithm.family === 'rsa') return publicField(api, session, secret, algorithm);
  const id = read(api, session, secret, CKA_ID);
  if (id === undefined || id.length === 0) return undefined;
  const [object] = find(api, session, [
    { type: CKA_CLASS, value: CKO_PUBLIC_KEY },
    { type: CKA_KEY_TYPE, value: keyType(algorithm) },
    { type: CKA_ID, value: id },
  ]);
  return object === undefined ? undefined : publicField(api, session, object, algorithm);
}

function publicField(
  api: Api,
  session: Handle,
  object: Handle,
  algorithm: Algorithm,
): Uint8Array | undefined {
  if (algorithm.family === 'rsa') {
    const modulus = read(api, session, object, CKA_MODULUS);
    const exponent = read(api, session, object, CKA_PUBLIC_EXPONENT);
    if (modulus === undefined || exponent === undefined || exponent.length === 0) return undefined;
    return makeRsaPublicKey({ modulus, exponent });
  }
  const point = read(api, session, object, CKA_EC_POINT);
  return point === undefined ? undefined : pointField(point, algorithm);
}

/**
 * CKA_EC_POINT as a DNSKEY has it. The point is in an OCTET STRING by the standard; Edwards points
 * are in a BIT STRING with some tokens, and some have neither around it.
 */
export function pointField(point: Uint8Array, algorithm: Algorithm): Uint8Array | undefined {
  const length = algorithm.publicLength;
  // SEC 1 §2.3.3: 4 stands before the two numbers of a point that is not compressed.
  const mark = algorithm.family === 'ecdsa' ? [4] : [];
  const inner = length + mark.length;
  const heads: readonly (readonly number[])[] = [
    [0x04, inner, ...mark],
    [0x03, inner + 1, 0, ...mark],
    mark,
  ];
  for (const head of heads) {
    if (point.length === head.length + length && head.every((octet, i) => point[i] === octet)) {
      return Uint8Array.from(point.subarray(head.length));
    }
  }
  return undefined;
}

/** A pair that was made in a token. */
export interface NewPair {
  /** Names the private key: its label and its CKA_ID. */
  readonly uri: TokenUri;
  /** The key field of its DNSKEY. */
  readonly publicKey: Uint8Array;
  /** Takes it out of the token again: nobody has used it. */
  discard(): void;
}

/**
 * Makes a key pair in a token that this process is logged in to. The private key is sensitive and
 * can't be extracted: nobody, the operator included, sees its value.
 *
 * @param label of the pair; an identifier is put behind it.
 * @throws ZonewrightError (exit 4).
 */
export function makePair(
  token: Token,
  uri: TokenUri,
  algorithmNumber: number,
  bits: number,
  label: string,
): NewPair {
  const algorithm = signingAlgorithm(algorithmNumber);
  const mechanism = generationMechanism(algorithm);
  if (!token.mechanisms.has(mechanism)) {
    throw refusal(`the ${tokenName(uri)} makes no keys of ${algorithm.mnemonic}`, {
      hint: 'choose another algorithm, or another token',
    });
  }
  const id = randomBytes(16);
  const object = `${label}-${id.toString('hex', 0, 4)}`;
  const common: Attribute[] = [
    { type: CKA_TOKEN, value: true },
    { type: CKA_LABEL, value: object },
    { type: CKA_ID, value: id },
  ];
  const { api } = token;
  const session = openSession(token, true);
  try {
    const pair = api.C_GenerateKeyPair(
      session,
      { mechanism },
      [
        ...common,
        { type: CKA_PRIVATE, value: false },
        { type: CKA_VERIFY, value: true },
        ...publicTemplate(algorithm, bits),
      ],
      [
        ...common,
        { type: CKA_PRIVATE, value: true },
        { type: CKA_SENSITIVE, value: true },
        { type: CKA_EXTRACTABLE, value: false },
        { type: CKA_SIGN, value: true },
      ],
    );
    const discard = (): void => destroy(token, [pair.privateKey, pair.publicKey]);
    const publicKey = publicField(api, session, pair.publicKey, algorithm);
    const isSecret =
      read(api, session, pair.privateKey, CKA_SENSITIVE)?.[0] === 1 &&
      read(api, session, pair.privateKey, CKA_EXTRACTABLE)?.[0] === 0;
    const fault =
      publicKey === undefined
        ? 'can not be read'
        : (publicKeyFault(algorithm, publicKey) ??
          (isSecret ? undefined : 'belongs to a private key that can leave the token'));
    if (publicKey === undefined || fault !== undefined) {
      discard();
      throw refusal(`the ${tokenName(uri)} made a key pair whose public half ${fault}`, {
        hint: 'the pair was removed again; make keys with another token',
      });
    }
    return { uri: { ...uri, object, id: new Uint8Array(id) }, publicKey, discard };
  } catch (error) {
    throw tokenError(error, `the ${tokenName(uri)} makes no key of ${algorithm.mnemonic}`);
  } finally {
    closeSession(api, session);
  }
}

function destroy(token: Token, objects: readonly Handle[]): void {
  const session = openSession(token, true);
  try {
    for (const object of objects) token.api.C_DestroyObject(session, object);
  } catch (error) {
    throw tokenError(error, `the token "${token.info.label}" does not remove a key`);
  } finally {
    closeSession(token.api, session);
  }
}

function generationMechanism(algorithm: Algorithm): number {
  if (algorithm.family === 'rsa') return CKM_RSA_PKCS_KEY_PAIR_GEN;
  return algorithm.family === 'ecdsa' ? CKM_EC_KEY_PAIR_GEN : CKM_EC_EDWARDS_KEY_PAIR_GEN;
}

function publicTemplate({ curve }: Algorithm, bits: number): Attribute[] {
  if (curve !== undefined) {
    return [{ type: CKA_EC_PARAMS, value: Buffer.from(CURVES[curve], 'hex') }];
  }
  return [
    { type: CKA_MODULUS_BITS, value: bits },
    { type: CKA_PUBLIC_EXPONENT, value: Buffer.from('010001', 'hex') },
  ];
}
