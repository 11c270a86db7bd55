/**
 * The second engine: @noble/curves and @noble/hashes, and RSA with the language's own integers.
 * It shares no cryptographic code with OpenSSL; each checks the other.
 *
 * ECDSA nonces are derived from key and message (RFC 6979), EdDSA (RFC 8032) and RSASSA-PKCS1-v1_5
 * (RFC 8017 §8.2) are deterministic by themselves: the same zone gives the same bytes.
 *
 * Limitations: slow (P-256: some thousand signatures a second), and the arithmetic does not run
 * in constant time; sign where nobody else can measure.
 */

import { ed448 } from '@noble/curves/ed448.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384 } from '@noble/curves/nist.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { type Algorithm, type HashName, signingAlgorithm } from '../dnssec/algorithms.js';
import { parseRsaPublicKey, signatureLength } from '../dnssec/dnskey.js';
import { checkDnskey, type RsaSecret, rawSecret, rsaSecret } from '../dnssec/keyobject.js';
import { keyTag } from '../dnssec/keytag.js';
import { refusal } from '../errors.js';
import { keyObjectOf } from '../pkcs11/token-key.js';
import type { Signer, SigningKey, Verifier } from './engine-types.js';

type Sign = (data: Uint8Array) => Uint8Array;
type Verify = (data: Uint8Array, signature: Uint8Array) => boolean;

const HASHES: Readonly<Record<HashName, (data: Uint8Array) => Uint8Array>> = {
  sha1,
  sha256,
  sha384,
  sha512,
};

/**
 * @throws ZonewrightError (exit 4) when the algorithm signs nothing or the key is broken.
 */
export function openNobleSigner(key: SigningKey): Signer {
  const algorithm = signingAlgorithm(key.algorithm, key.file);
  const { publicKey } = checkDnskey(key.dnskey, key.file);
  const sign = signWith(algorithm, key);
  return {
    algorithm: key.algorithm,
    tag: key.tag,
    signatureLength: signatureLength(algorithm, publicKey),
    sign(data, start, end, out, at) {
      const signature = sign(data.subarray(start, end));
      out.set(signature, at);
      return at + signature.length;
    },
  };
}

/**
 * @throws ZonewrightError (exit 4) when the algorithm is not known or the key is broken.
 */
export function openNobleVerifier(dnskey: Uint8Array): Verifier {
  const { algorithm, publicKey } = checkDnskey(dnskey);
  const length = signatureLength(algorithm, publicKey);
  const verify = verifyWith(algorithm, publicKey);
  return {
    algorithm: algorithm.number,
    tag: keyTag(dnskey),
    signatureLength: length,
    verify(data, start, end, sig, sigStart, sigEnd) {
      if (sigEnd - sigStart !== length) return false;
      return verify(data.subarray(start, end), sig.subarray(sigStart, sigEnd));
    },
  };
}

function signWith(algorithm: Algorithm, key: SigningKey): Sign {
  const object = keyObjectOf(key);
  if (algorithm.family === 'rsa') return rsaSigner(algorithm.hash!, rsaSecret(object));
  const secret = rawSecret(object);
  if (algorithm.family === 'eddsa') {
    const curve = algorithm.curve === 'Ed25519' ? ed25519 : ed448;
    return (data) => curve.sign(data, secret);
  }
  const curve = algorithm.curve === 'P-256' ? p256 : p384;
  if (!curve.utils.isValidSecretKey(secret)) {
    throw refusal(`the private key is not a valid ${algorithm.mnemonic} key`, {
      place: { file: key.file },
    });
  }
  return (data) => curve.sign(data, secret, { prehash: true, lowS: false, extraEntropy: false });
}

function verifyWith(algorithm: Algorithm, publicKey: Uint8Array): Verify {
  if (algorithm.family === 'rsa') return rsaVerifier(algorithm.hash!, publicKey);
  if (algorithm.family === 'eddsa') {
    const curve = algorithm.curve === 'Ed25519' ? ed25519 : ed448;
    const key = publicKey.slice();
    // RFC 8032 asks for canonical encodings; the laxer rules of ZIP 215 are not DNSSEC's.
    const options = { zip215: false };
    if (!curve.utils.isValidPublicKey(key, false)) throw brokenKey(algorithm);
    return quiet((data, signature) => curve.verify(signature, data, key, options));
  }
  const curve = algorithm.curve === 'P-256' ? p256 : p384;
  // SEC 1 §2.3.3: the uncompressed point is the DNSKEY's x‖y after an octet 4.
  const point = new Uint8Array(1 + publicKey.length);
  point[0] = 4;
  point.set(publicKey, 1);
  if (!curve.utils.isValidPublicKey(point, false)) throw brokenKey(algorithm);
  // DNSSEC knows no rule against a high s: half of all signatures have one.
  const options = { prehash: true, lowS: false };
  return quiet((data, signature) => curve.verify(signature, data, point, options));
}

function brokenKey(algorithm: Algorithm) {
  return refusal(`the public key is not a valid ${algorithm.mnemonic} key`);
}

/** A signature out of range is a false one, not an exception. */
function quiet(verify: Verify): Verify {
  return (data, signature) => {
    try {
      return verify(data, signature);
    } catch {
      return false;
    }
  };
}

// ---- RSASSA-PKCS1-v1_5 (RFC 8017 §8.2) ---------------------------------------------------

/** DER of DigestInfo up to the hash value (RFC 8017 §9.2, note 1). */
const DIGEST_INFO: Readonly<Record<HashName, string>> = {
  sha1: '3021300906052b0e03021a05000414',
  sha256: '3031300d060960864801650304020105000420',
  sha384: '3041300d060960864801650304020205000430',
  sha512: '3051300d060960864801650304020305000440',
};

/** EMSA-PKCS1-v1_5 (RFC 8017 §9.2): 00 01 FF…FF 00 DigestInfo, as a number. */
function encodedMessage(hash: HashName, data: Uint8Array, length: number): bigint {
  const info = DIGEST_INFO[hash] + hex(HASHES[hash](data));
  const padding = 'ff'.repeat(length - 3 - info.length / 2);
  return BigInt(`0x0001${padding}00${info}`);
}

function rsaSigner(hash: HashName, secret: RsaSecret): Sign {
  const n = toBigInt(secret.modulus);
  const e = toBigInt(secret.publicExponent);
  const p = toBigInt(secret.prime1);
  const q = toBigInt(secret.prime2);
  const dp = toBigInt(secret.exponent1);
  const dq = toBigInt(secret.exponent2);
  const qInverse = toBigInt(secret.coefficient);
  const length = secret.modulus.length;
  return (data) => {
    const message = encodedMessage(hash, data, length);
    // RSASP1 with the Chinese remainder theorem (RFC 8017 §5.2.1).
    const s1 = power(message % p, dp, p);
    const s2 = power(message % q, dq, q);
    const h = ((((s1 - s2) * qInverse) % p) + p) % p;
    const s = s2 + q * h;
    // One wrong half would give the primes away (Boneh, DeMillo, Lipton 1997): check first.
    if (power(s, e, n) !== message) {
      throw refusal('the private RSA key makes signatures that do not verify');
    }
    return fromBigInt(s, length);
  };
}

function rsaVerifier(hash: HashName, publicKey: Uint8Array): Verify {
  const { modulus, exponent } = parseRsaPublicKey(publicKey)!;
  const n = toBigInt(modulus);
  const e = toBigInt(exponent);
  return (data, signature) => {
    const s = toBigInt(signature);
    return s < n && power(s, e, n) === encodedMessage(hash, data, modulus.length);
  };
}

/** base^exponent mod modulus, by squaring from the exponent's highest bit down. */
function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus;
    if (bit === '1') result = (result * base) % modulus;
  }
  return result;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function toBigInt(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${hex(bytes)}`);
}

function fromBigInt(value: bigint, length: number): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex'));
}
