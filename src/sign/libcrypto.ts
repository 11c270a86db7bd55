/**
 * ECDSA signatures by the system's libcrypto itself. node:crypto sets the operation up anew for
 * each signature, which takes almost half as long as the signature; here the context is kept
 * (EVP_PKEY_sign, OpenSSL 3). It is the same code that signs: OpenSSL's, in its own memory.
 *
 * All of it is optional: without the foreign function interface (koffi), without a libcrypto of
 * OpenSSL 3, or when a probe does not verify, node:crypto goes on making the signatures.
 */

import type { KeyObject } from 'node:crypto';
import { createRequire } from 'node:module';
import type { HashName } from '../dnssec/algorithms.js';

/** Names of the library of OpenSSL 3, which keeps its ABI (and 4, which may). */
const LIBRARIES: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  linux: ['libcrypto.so.3'],
  darwin: ['libcrypto.3.dylib'],
  freebsd: ['libcrypto.so.3'],
};
/** Octets of the largest signature in DER: two numbers of 48 octets and what is around them. */
const DER_ROOM = 128;
/** Pointers and sizes have 64 bits here; nothing else was tried. */
const ARCHITECTURES: readonly string[] = ['x64', 'arm64'];

/** A native pointer, or null. */
type Pointer = unknown;

interface Libcrypto {
  readonly BIO_new_mem_buf: (octets: Uint8Array, length: number) => Pointer;
  readonly BIO_free: (bio: Pointer) => number;
  readonly d2i_PrivateKey_bio: (bio: Pointer, key: Pointer) => Pointer;
  readonly EVP_PKEY_CTX_new: (key: Pointer, engine: Pointer) => Pointer;
  readonly EVP_PKEY_CTX_free: (context: Pointer) => void;
  readonly EVP_PKEY_free: (key: Pointer) => void;
  readonly EVP_PKEY_sign_init: (context: Pointer) => number;
  readonly EVP_PKEY_sign: (
    context: Pointer,
    signature: Uint8Array,
    length: BigUint64Array,
    hash: Uint8Array,
    hashLength: number,
  ) => number;
  readonly digest: Readonly<
    Partial<Record<HashName, (data: Uint8Array, length: number, hash: Uint8Array) => Pointer>>
  >;
}

/** Loaded once a thread; null: it can't be had. */
let loaded: Libcrypto | null | undefined;

function libcrypto(): Libcrypto | null {
  if (loaded === undefined) {
    try {
      loaded = load();
    } catch {
      loaded = null;
    }
  }
  return loaded;
}

/** @throws Error when there is no such interface or library. */
function load(): Libcrypto | null {
  const names = LIBRARIES[process.platform];
  if (names === undefined || !ARCHITECTURES.includes(process.arch)) return null;
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  // Node.js exports the names of its own OpenSSL: the library's shall mean the library.
  const library = koffi.load(names[0], { deep: true });
  const version = library.func('unsigned long OpenSSL_version_num()') as () => number;
  if (Math.floor(version() / 0x10000000) < 3) return null;
  return {
    BIO_new_mem_buf: library.func('void *BIO_new_mem_buf(const void *buf, int len)'),
    BIO_free: library.func('int BIO_free(void *bio)'),
    d2i_PrivateKey_bio: library.func('void *d2i_PrivateKey_bio(void *bio, void *key)'),
    EVP_PKEY_CTX_new: library.func('void *EVP_PKEY_CTX_new(void *key, void *engine)'),
    EVP_PKEY_CTX_free: library.func('void EVP_PKEY_CTX_free(void *context)'),
    EVP_PKEY_free: library.func('void EVP_PKEY_free(void *key)'),
    EVP_PKEY_sign_init: library.func('int EVP_PKEY_sign_init(void *context)'),
    EVP_PKEY_sign: library.func(
      'int EVP_PKEY_sign(void *context, void *sig, void *siglen, const void *tbs, size_t tbslen)',
    ),
    digest: {
      sha256: library.func('void *SHA256(const void *data, size_t length, void *hash)'),
      sha384: library.func('void *SHA384(const void *data, size_t length, void *hash)'),
    },
  };
}

/** Signs `data[start, end)`, writes r and s at full length to `out[at…]`; false: it failed. */
export type EcdsaSign = (
  data: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
) => boolean;

/**
 * Opens an ECDSA key in libcrypto.
 *
 * @param half octets of r and of s.
 * @returns undefined when libcrypto can't be had or does not take the key.
 */
export function openEcdsa(secret: KeyObject, hash: HashName, half: number): EcdsaSign | undefined {
  const lib = libcrypto();
  const digest = lib?.digest[hash];
  if (lib === null || digest === undefined) return undefined;
  let context: Pointer;
  try {
    context = openContext(lib, secret);
  } catch {
    return undefined;
  }
  if (!context) return undefined;
  const hashed = new Uint8Array(64);
  const hashLength = hash === 'sha256' ? 32 : 48;
  const signature = new Uint8Array(DER_ROOM);
  const length = new BigUint64Array(1);
  const words = new Uint32Array(length.buffer);
  const room = new Uint32Array(new BigUint64Array([BigInt(DER_ROOM)]).buffer);
  return (data, start, end, out, at) => {
    digest(data.subarray(start, end), end - start, hashed);
    words[0] = room[0];
    words[1] = room[1];
    if (lib.EVP_PKEY_sign(context, signature, length, hashed, hashLength) !== 1) return false;
    return rawFromDer(signature, half, out, at);
  };
}

/** A context that signs with the key; null: libcrypto does not take it. */
function openContext(lib: Libcrypto, secret: KeyObject): Pointer {
  const der = secret.export({ format: 'der', type: 'pkcs8' });
  try {
    const bio = lib.BIO_new_mem_buf(der, der.length);
    const key = bio ? lib.d2i_PrivateKey_bio(bio, null) : null;
    if (bio) lib.BIO_free(bio);
    if (!key) return null;
    const context = lib.EVP_PKEY_CTX_new(key, null);
    // The context holds the key from now on.
    lib.EVP_PKEY_free(key);
    if (!context || lib.EVP_PKEY_sign_init(context) === 1) return context;
    lib.EVP_PKEY_CTX_free(context);
    return null;
  } finally {
    der.fill(0);
  }
}

/**
 * Writes the two numbers of an ECDSA signature in DER (RFC 3279 §2.2.3) at full length (RFC 6605
 * §4); false when it is not such a signature.
 */
export function rawFromDer(der: Uint8Array, half: number, out: Uint8Array, at: number): boolean {
  // SEQUENCE and INTEGER; all lengths are below 128.
  if (der[0] !== 0x30) return false;
  let p = 2;
  let o = at;
  for (let number = 0; number < 2; number++) {
    if (der[p] !== 0x02) return false;
    let n = der[p + 1];
    p += 2;
    while (n > 0 && der[p] === 0) {
      p++;
      n--;
    }
    if (n > half) return false;
    for (let i = n; i < half; i++) out[o++] = 0;
    for (const end = p + n; p < end; p++) out[o++] = der[p];
  }
  return p === der[1] + 2;
}
