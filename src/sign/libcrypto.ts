/**
 * ECDSA signatures by libcrypto itself. node:crypto sets the operation up anew for each signature,
 * which takes almost half as long as the signature; here the context is kept (EVP_PKEY_sign,
 * OpenSSL 3). It is the same code that signs: OpenSSL's, in its own memory; and by preference the
 * very copy that Node.js has in itself, where that is to be had, else the system's.
 *
 * Each thread has a library context of its own. In one that is shared, the threads get into each
 * other's way at every signature: algorithms are looked up under a lock, for the nonce's hash too.
 *
 * All of it is optional: without the foreign function interface (koffi), without a libcrypto of
 * OpenSSL 3, or when a probe does not verify, node:crypto goes on making the signatures.
 */

import type { KeyObject } from 'node:crypto';
import type { HashName } from '../dnssec/algorithms.js';
import { loadKoffi } from '../foreign.js';

/** Names of the library of OpenSSL 3, which keeps its ABI (and 4, which may). */
const LIBRARIES: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  linux: 'libcrypto.so.3',
  darwin: 'libcrypto.3.dylib',
  freebsd: 'libcrypto.so.3',
};
/** Octets of the largest signature in DER: two numbers of 48 octets and what is around them. */
const DER_ROOM = 128;
/** What EVP_MD_fetch calls the hashes. */
const DIGESTS: Readonly<Partial<Record<HashName, string>>> = {
  sha256: 'SHA2-256',
  sha384: 'SHA2-384',
};

/** An address, which is below 2^53; 0 is null. As a number it is what koffi passes on fastest. */
type Pointer = number;

interface Libcrypto {
  /** OSSL_LIB_CTX of this thread. */
  readonly context: Pointer;
  readonly address: (memory: Uint8Array) => Pointer;
  readonly BIO_new_mem_buf: (octets: Pointer, length: number) => Pointer;
  readonly BIO_free: (bio: Pointer) => number;
  readonly d2i_PrivateKey_ex_bio: (
    bio: Pointer,
    key: Pointer,
    context: Pointer,
    properties: Pointer,
  ) => Pointer;
  readonly EVP_PKEY_CTX_new_from_pkey: (
    context: Pointer,
    key: Pointer,
    properties: Pointer,
  ) => Pointer;
  readonly EVP_PKEY_CTX_free: (context: Pointer) => void;
  readonly EVP_PKEY_free: (key: Pointer) => void;
  readonly EVP_PKEY_sign_init: (context: Pointer) => number;
  readonly EVP_PKEY_sign: (
    context: Pointer,
    signature: Pointer,
    length: Pointer,
    hash: Pointer,
    hashLength: number,
  ) => number;
  readonly EVP_MD_fetch: (context: Pointer, name: string, properties: Pointer) => Pointer;
  readonly EVP_Digest: (
    data: Pointer,
    length: number,
    hash: Pointer,
    hashLength: Pointer,
    digest: Pointer,
    engine: Pointer,
  ) => number;
  readonly ERR_clear_error: () => void;
}

/** Loaded once a thread; null: it can't be had. */
let loaded: Libcrypto | null | undefined;

function libcrypto(): Libcrypto | null {
  if (loaded === undefined) {
    loaded = loadOwn() ?? loadSystems();
  }
  return loaded;
}

/** What Node.js has in itself: it exports the names, unless it was built to hide them. */
export function loadOwn(): Libcrypto | null {
  return load(null);
}

/** The system's. */
export function loadSystems(): Libcrypto | null {
  return load(LIBRARIES[process.platform] ?? null);
}

/**
 * Loads libcrypto, with a new context.
 *
 * @param name of the library; null: what the program has in itself.
 * @returns null when there is no such interface or library.
 */
function load(name: string | null): Libcrypto | null {
  const koffi = process.platform in LIBRARIES ? loadKoffi() : undefined;
  if (koffi === undefined) return null;
  try {
    // Names that Node.js exports, too, shall mean the library's own.
    const library = koffi.load(name, { deep: true });
    const find = <T>(symbol: string, result: string, ...parameters: string[]): T =>
      library.func(symbol, result, parameters) as T;
    const P = 'uintptr_t';
    const SIZE = 'size_t';
    const version = find<() => number>('OpenSSL_version_num', 'ulong')();
    if (Math.floor(version / 0x10000000) < 3) return null;
    // A context of one's own has no configuration: where that asks for FIPS, it stays in force.
    const isFips = find<(context: Pointer) => number>(
      'EVP_default_properties_is_fips_enabled',
      'int',
      P,
    );
    const newContext = find<() => Pointer>('OSSL_LIB_CTX_new', P);
    return {
      context: isFips(0) === 1 ? 0 : newContext(),
      address: (memory) => Number(koffi.address(memory)),
      BIO_new_mem_buf: find('BIO_new_mem_buf', P, P, 'int'),
      BIO_free: find('BIO_free', 'int', P),
      d2i_PrivateKey_ex_bio: find('d2i_PrivateKey_ex_bio', P, P, P, P, P),
      EVP_PKEY_CTX_new_from_pkey: find('EVP_PKEY_CTX_new_from_pkey', P, P, P, P),
      EVP_PKEY_CTX_free: find('EVP_PKEY_CTX_free', 'void', P),
      EVP_PKEY_free: find('EVP_PKEY_free', 'void', P),
      EVP_PKEY_sign_init: find('EVP_PKEY_sign_init', 'int', P),
      EVP_PKEY_sign: find('EVP_PKEY_sign', 'int', P, P, P, P, SIZE),
      EVP_MD_fetch: find('EVP_MD_fetch', P, P, 'str', P),
      EVP_Digest: find('EVP_Digest', 'int', P, SIZE, P, P, P, P),
      ERR_clear_error: find('ERR_clear_error', 'void'),
    };
  } catch {
    return null;
  }
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
 * @param lib for tests.
 * @returns undefined when libcrypto can't be had or does not take the key.
 */
export function openEcdsa(
  secret: KeyObject,
  hash: HashName,
  half: number,
  lib = libcrypto(),
): EcdsaSign | undefined {
  const digestName = DIGESTS[hash];
  if (lib === null || digestName === undefined) return undefined;
  let context: Pointer;
  try {
    context = openContext(lib, secret);
  } catch {
    return undefined;
  }
  const digest = lib.EVP_MD_fetch(lib.context, digestName, 0);
  if (context === 0 || digest === 0) {
    // Node.js has the same queue of errors, and would take ours for one of its own next call.
    lib.ERR_clear_error();
    return undefined;
  }
  const { EVP_PKEY_sign, EVP_Digest } = lib;
  const hashLength = hash === 'sha256' ? 32 : 48;
  // What libcrypto reads and writes. Memory of its own does not move.
  const memory = new ArrayBuffer(64 + 8 + DER_ROOM);
  const length = new BigUint64Array(memory, 64, 1);
  const words = new Uint32Array(memory, 64, 2);
  const room = new Uint32Array(new BigUint64Array([BigInt(DER_ROOM)]).buffer);
  const signature = new Uint8Array(memory, 72, DER_ROOM);
  const hashAt = lib.address(new Uint8Array(memory));
  const lengthAt = hashAt + length.byteOffset;
  const signatureAt = hashAt + signature.byteOffset;
  let lastData: Uint8Array | undefined;
  let dataAt = 0;
  const failed = (): false => {
    lib.ERR_clear_error();
    return false;
  };
  return (data, start, end, out, at) => {
    if (data !== lastData) {
      dataAt = lib.address(data);
      lastData = data;
    }
    if (end > data.length) return false;
    if (EVP_Digest(dataAt + start, end - start, hashAt, 0, digest, 0) !== 1) return failed();
    words[0] = room[0];
    words[1] = room[1];
    if (EVP_PKEY_sign(context, signatureAt, lengthAt, hashAt, hashLength) !== 1) return failed();
    return rawFromDer(signature, half, out, at);
  };
}

/** A context that signs with the key; 0: libcrypto does not take it. */
function openContext(lib: Libcrypto, secret: KeyObject): Pointer {
  const der = secret.export({ format: 'der', type: 'pkcs8' });
  try {
    const bio = lib.BIO_new_mem_buf(lib.address(der), der.length);
    const key = bio === 0 ? 0 : lib.d2i_PrivateKey_ex_bio(bio, 0, lib.context, 0);
    lib.BIO_free(bio);
    if (key === 0) return 0;
    const context = lib.EVP_PKEY_CTX_new_from_pkey(lib.context, key, 0);
    // The context holds the key from now on.
    lib.EVP_PKEY_free(key);
    if (context === 0 || lib.EVP_PKEY_sign_init(context) === 1) return context;
    lib.EVP_PKEY_CTX_free(context);
    return 0;
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
