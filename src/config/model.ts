/** What a configuration says, checked and with its units: the types that the rest of zonewright reads. */

import type { TokenSettings } from '../pkcs11/settings.js';
import type { ServerAddress } from './server-address.js';

export interface Config {
  /** The file it was read from, absolute. */
  readonly file: string;
  /** Serials, key states, holders, audit log; absolute, as all paths here. */
  readonly stateDir: string;
  /** Published generations. */
  readonly outputDir: string;
  readonly keyDir: string;
  readonly source: SourceConfig;
  readonly policies: ReadonlyMap<string, Policy>;
  readonly zones: readonly ZoneConfig[];
  readonly keys: KeysConfig;
  readonly guards: Guards;
  readonly publish: PublishConfig;
  readonly zfa: ZfaConfig;
  /** How keys in PKCS#11 tokens are reached; undefined: there are none. */
  readonly pkcs11: TokenSettings | undefined;
  /** What is lawful but unwise, as sentences for the log and `doctor`. */
  readonly warnings: readonly string[];
}

export type SourceFormat = 'rde-csv' | 'rde-xml' | 'whois-bulk' | 'master' | 'postgres';

export interface SourceConfig {
  readonly format: SourceFormat;
  /** File or folder of the export; undefined for postgres only. */
  readonly path: string | undefined;
  /** whois-bulk: file of `domainname,status` rows. */
  readonly statusOverlay: string | undefined;
  /** postgres: where the connection text stands (it is a secret, never here itself). */
  readonly url: { readonly env: string } | { readonly file: string } | undefined;
  /** postgres: the queries. */
  readonly queries:
    | {
        readonly domains: string;
        readonly hosts: string;
        readonly records: string | undefined;
      }
    | undefined;
  /** More rejected records than this end the run with exit 3. */
  readonly maxRejects: number;
}

/** How a zone proves that a name does not exist. */
export type Denial =
  | { readonly kind: 'nsec' }
  | {
      readonly kind: 'nsec3';
      readonly optOut: boolean;
      readonly iterations: number;
      readonly salt: Uint8Array;
    };

/** Signing and key policy; all durations and TTLs in seconds. */
export interface Policy {
  readonly name: string;
  /** DNSSEC algorithm numbers; each of them signs everything. */
  readonly algorithms: readonly number[];
  /** One key for both roles instead of KSK and ZSK. */
  readonly csk: boolean;
  /** PKCS#11 URI of the token where new keys are made; undefined: in the key folder. */
  readonly keyStorage: string | undefined;
  readonly denial: Denial;
  readonly zonemd: boolean;
  /** undefined: never rolled by time. A CSK follows this one. */
  readonly kskLifetime: number | undefined;
  readonly zskLifetime: number | undefined;
  readonly signatureValidity: number;
  readonly signatureRefresh: number;
  readonly signatureJitter: number;
  readonly inceptionOffset: number;
  readonly dnskeyTtl: number;
  readonly parentDsTtl: number;
  readonly propagationDelay: number;
  readonly parentPropagationDelay: number;
  readonly safetyMargin: number;
  /** Ask the parent's name servers for the DS. */
  readonly parentCheck: boolean;
  /** What a new KSK begins with (RFC 6781 §4.1.2). */
  readonly kskRoll: 'double-signature' | 'double-ds';
  /** Validators have the zone's KSK as a trust anchor and follow RFC 5011; there is no DS. */
  readonly trustAnchor: boolean;
  /** The zone is to be unsigned: first its DS goes, then its keys. */
  readonly insecure: boolean;
}

export type SerialMode = 'unixtime' | 'date' | 'increment' | 'keep';
export type GlueMode = 'wide' | 'narrow' | 'keep-all';

export interface SoaConfig {
  readonly mname: Uint8Array;
  readonly rname: Uint8Array;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly minimum: number;
  readonly ttl: number;
}

export interface ZoneConfig {
  /** The apex, wire form. */
  readonly name: Uint8Array;
  /** The apex, presentation form with final dot. */
  readonly text: string;
  /** The name in file names and JSON: `com`; the root is `root`. */
  readonly label: string;
  readonly policy: Policy;
  readonly serial: SerialMode;
  readonly glue: GlueMode;
  /** Also write `<label>.classic.zone` in the older .com layout. */
  readonly classic: boolean;
  /** undefined: from the master file (format master only). */
  readonly soa: SoaConfig | undefined;
  /** Apex name servers, wire form; undefined: from the master file (format master only). */
  readonly ns: readonly Uint8Array[] | undefined;
  readonly nsTtl: number;
  readonly glueTtl: number;
  readonly dsTtl: number;
  /** Master file with further authoritative records of the zone. */
  readonly records: string | undefined;
  /** DS RDATA at the parent, or the file that has the DS records; undefined: not known. */
  readonly parentDs: readonly Uint8Array[] | string | undefined;
  /** Name servers of the parent zone; undefined: found by the system's resolver. */
  readonly parentServers: readonly ServerAddress[] | undefined;
  readonly publishPendingRestore: boolean;
  readonly keepSac048Orphans: boolean;
  readonly missingGlue: 'drop' | 'keep';
  readonly invalidNs: 'drop' | 'keep';
}

export interface KeysConfig {
  /** Where the passphrase of encrypted private keys stands; keys that are made get it, too. */
  readonly passphrase: { readonly file: string } | undefined;
}

export interface Guards {
  /** Largest share (0 to 1) of delegations that may change. */
  readonly maxChange: number;
  /** Largest share (0 to 1) of delegations that may go. */
  readonly maxRemoved: number;
  /** Verify all signatures, or those made in this run. */
  readonly verify: 'full' | 'new';
  /** Seconds of life the shortest signature must have; undefined: SOA expire plus one day. */
  readonly minSignatureLife: number | undefined;
}

export interface PublishConfig {
  /** Generations to keep. */
  readonly keep: number;
  /** Command to run after the switch; `{zone}` stands for the zone's label. */
  readonly after: string | undefined;
}

export interface ZfaConfig {
  readonly formats: readonly 'gz'[];
  /** Hours in which a holder may fetch a file once; 0: no limit. */
  readonly limitHours: number;
  /** Days whose bundles are kept. */
  readonly keepDays: number;
  /** Seconds for which an approval holds that does not say. */
  readonly validity: number;
  /** What holders must have agreed to, and the file with its text; undefined: nothing. */
  readonly agreement: { readonly version: string; readonly file: string } | undefined;
  /** Tries to sign in that an address has in five minutes. */
  readonly signInTries: number;
  /** Ranges of proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /** Origin of the download service's addresses, without a slash at its end; undefined: as asked. */
  readonly baseUrl: string | undefined;
}
