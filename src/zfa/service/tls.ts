/**
 * The service's certificate and private key, and their renewal while it runs: the files are looked
 * at every few seconds and on SIGHUP. A certificate that can't be used does not replace one that
 * can: the service goes on with the old one and warns.
 */

import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { SecureContextOptions } from 'node:tls';
import { createSecureContext } from 'node:tls';
import { isoTime } from '../../config/time.js';
import { usageError, ZonewrightError } from '../../errors.js';

export interface TlsFiles {
  /** PEM: the certificate, and those that lead to the root's. */
  readonly cert: string;
  /** PEM: its private key, not encrypted. */
  readonly key: string;
}

/** What is handed to the server. TLS 1.2 and 1.3 with the suites of Node.js. */
export interface Certificate {
  readonly context: SecureContextOptions;
  /** For the log: whose, until when. */
  readonly text: string;
  /** Seconds since 1970. */
  readonly expires: number;
}

/** @throws ZonewrightError (exit 2): missing, unreadable, or no pair. Never shows what is in them. */
export function readCertificate({ cert, key }: TlsFiles): Certificate {
  const certText = readPem(cert, 'a certificate');
  const keyText = readPem(key, 'a private key');
  let found: X509Certificate;
  try {
    found = new X509Certificate(certText);
  } catch (cause) {
    throw usageError('is no certificate in PEM form', { place: { file: cert }, cause });
  }
  const context: SecureContextOptions = { cert: certText, key: keyText, minVersion: 'TLSv1.2' };
  try {
    // Also finds a key that does not belong to the certificate.
    createSecureContext(context);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const mismatch = code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH';
    throw usageError(
      mismatch
        ? 'the private key does not belong to the certificate'
        : 'is no private key that can be used',
      {
        place: { file: key },
        hint: mismatch
          ? `the certificate is in ${cert}`
          : 'it must be in PEM form, without a passphrase',
      },
    );
  }
  const names = found.subjectAltName ?? found.subject.replaceAll('\n', ', ');
  const expires = Math.floor(Date.parse(found.validTo) / 1000);
  return { context, text: `${names}, valid until ${isoTime(expires)}`, expires };
}

function readPem(path: string, what: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'error';
    throw usageError(`${what} can't be read (${code})`, { place: { file: path }, cause });
  }
}

export interface CertificateWatch {
  /** Looks now. @param patient a fault may be a pair that is just being replaced: wait a look. */
  look(patient: boolean): void;
}

/**
 * Watches over the files.
 *
 * @param use puts a new certificate to use.
 */
export function watchCertificate(
  files: TlsFiles,
  use: (certificate: Certificate) => void,
  tell: { info(text: string): void; warn(text: string): void },
): CertificateWatch {
  let stamp = stampOf(files);
  /** The stamp of files that could not be used, and whether that has been told. */
  let faulty: { stamp: string; told: boolean } | undefined;
  return {
    look: (patient) => {
      const now = stampOf(files);
      if (now === stamp && patient) return;
      try {
        const certificate = readCertificate(files);
        use(certificate);
        stamp = now;
        faulty = undefined;
        tell.info(`new certificate: ${certificate.text}`);
      } catch (error) {
        if (!(error instanceof ZonewrightError)) throw error;
        const again = faulty?.stamp === now;
        if (!patient || (again && !faulty!.told)) {
          const file = error.place?.file;
          tell.warn(`the old certificate stays in use: ${file}: ${error.message}`);
          faulty = { stamp: now, told: true };
        } else if (!again) {
          faulty = { stamp: now, told: false };
        }
      }
    },
  };
}

/** Differs when one of the files is another one, or has been written to. */
function stampOf(files: TlsFiles): string {
  return [files.cert, files.key]
    .map((path) => {
      const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
      return stat === undefined ? '-' : `${stat.ino} ${stat.size} ${stat.mtimeNs}`;
    })
    .join(', ');
}
