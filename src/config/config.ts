/**
 * Reads and checks the configuration file, zonewright.toml (README, "Configuration").
 *
 * Every error names the file, the line where it is known, and the key path, and ends the run
 * with exit code 2. A key that zonewright does not know is an error: a misspelt guard must not
 * be a guard that is off. Paths in the file are relative to the file's folder.
 */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import * as v from 'valibot';
import { usageError, type ZonewrightError } from '../errors.js';
import { isAtOrBelow, nameToText, zoneLabel } from '../names/name.js';
import type { TokenSettings } from '../pkcs11/settings.js';
import { formatDuration } from './duration.js';
import { type KeyPath, lineOf } from './locate.js';
import { BUNDLES, CONFIG_PLACES } from './places.js';
import { type FileOutput, fileSchema, KNOWN_KEYS } from './schema.js';
import { type ServerAddress, serverAddressText } from './server-address.js';
import { nearest } from './suggest.js';

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

/**
 * Reads the configuration: the file given by `--config`, or the first of {@link CONFIG_PLACES}.
 *
 * @param given the value of `--config`.
 * @throws ZonewrightError (exit 2) when there is none or it is wrong.
 */
export function loadConfig(given?: string, folder: string = process.cwd()): Config {
  return readConfig(findConfig(given, folder));
}

/**
 * The path of the configuration file.
 *
 * @throws ZonewrightError (exit 2) when there is none.
 */
export function findConfig(given?: string, folder: string = process.cwd()): string {
  if (given !== undefined) return resolve(folder, given);
  for (const place of CONFIG_PLACES) {
    const path = resolve(folder, place);
    if (existsSync(path)) return path;
  }
  throw usageError('no configuration file found', {
    hint: `looked for ./${CONFIG_PLACES[0]} and ${CONFIG_PLACES[1]}; write one with "zonewright init", or name one with --config FILE`,
  });
}

/**
 * Reads and checks one configuration file.
 *
 * @throws ZonewrightError (exit 2).
 */
export function readConfig(file: string): Config {
  const path = resolve(file);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw usageError(
      code === 'ENOENT' ? 'no such configuration file' : `can't be read (${code ?? 'error'})`,
      {
        place: { file },
        hint: 'write one with "zonewright init", or name another with --config FILE',
        cause,
      },
    );
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw usageError('is not UTF-8 text', { place: { file }, cause });
  }
  return parseConfig(text, path);
}

/**
 * Checks the text of a configuration file.
 *
 * @param file its path, for messages and as the base of relative paths.
 * @throws ZonewrightError (exit 2) with the key path and the line.
 */
export function parseConfig(text: string, file: string): Config {
  let data: unknown;
  try {
    data = parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    throw usageError(
      `is not valid TOML: ${cause.message.split('\n')[0].replace(/^Invalid TOML document: /, '')}`,
      {
        place: { file, line: cause.line },
        text: lineText(text, cause.line),
        cause,
      },
    );
  }
  const result = v.safeParse(fileSchema, data);
  if (!result.success) {
    const faults = result.issues.map((issue) => explain(issue, text));
    throw wrongKeys(faults, text, file);
  }
  return build(result.output, text, file);
}

interface Fault {
  readonly path: KeyPath;
  readonly line: number | undefined;
  readonly message: string;
}

function explain(issue: v.BaseIssue<unknown>, text: string): Fault {
  // A union reports as itself; the part that came nearest knows the deeper path.
  const deeper = issue.issues?.find((sub) => (sub.path?.length ?? 0) > 0);
  const own = issue.path ?? [];
  const steps = deeper?.path === undefined ? own : [...own, ...deeper.path];
  const path = steps.map((step) => step.key as string | number);
  const line = lineOf(text, path);
  const blame = deeper ?? issue;
  if (blame.type === 'strict_object' && blame.expected === 'never') {
    return { path, line, message: unknownKey(path) };
  }
  if (blame.type === 'strict_object' && path.length > 0 && blame.input === undefined) {
    return { path, line, message: 'is missing' };
  }
  const input = blame.input;
  if (input === undefined) return { path, line, message: 'is missing' };
  const shown =
    !mayBeSecret(path) &&
    (typeof input === 'string' || typeof input === 'number' || typeof input === 'boolean')
      ? `${JSON.stringify(input)} `
      : '';
  return { path, line, message: `${shown}${blame.message}` };
}

/**
 * A connection text has its password in it, a PIN or passphrase may have been written where its file belongs, and
 * a PKCS#11 URI may hold one.
 */
function mayBeSecret(path: KeyPath): boolean {
  return (
    (path[0] === 'source' && path[1] === 'url') ||
    (path[0] === 'keys' && path[1] === 'passphrase') ||
    isPin(path) ||
    path.at(-1) === 'key-storage'
  );
}

function unknownKey(path: KeyPath): string {
  const key = String(path.at(-1));
  const table = path.slice(0, -1);
  const pattern = table
    .map((part, i) => (i === 1 && (table[0] === 'zones' || table[0] === 'policy') ? '*' : part))
    .join('.');
  const near = nearest(key, KNOWN_KEYS.get(pattern) ?? []);
  if (near !== undefined) return `is not a key of this table; did you mean "${near}"?`;
  const home = [...KNOWN_KEYS].find(([name, keys]) => name !== '' && keys.includes(key));
  if (home !== undefined) return `is not a key of this table; it belongs to ${tableName(home[0])}`;
  if (KNOWN_KEYS.get('')?.includes(key)) {
    return 'is not a key of this table; it belongs to the top of the file, before any table';
  }
  return 'is not a key of this table';
}

function tableName(pattern: string): string {
  if (pattern === 'zones.*') return '[[zones]]';
  return `[${pattern.replace('zones.*', 'zones').replace('*', 'NAME')}]`;
}

function wrongKeys(faults: readonly Fault[], text: string, file: string): ZonewrightError {
  const [first, ...rest] = [...faults].sort((a, b) => (a.line ?? 1e9) - (b.line ?? 1e9));
  const others = rest.map(
    (fault) =>
      `${fault.line === undefined ? '' : `line ${fault.line}: `}${pathText(fault.path)} ${fault.message}`,
  );
  return usageError(first.message, {
    place: { file, line: first.line, field: pathText(first.path) },
    text: first.line === undefined || isPin(first.path) ? undefined : lineText(text, first.line),
    hint: others.length === 0 ? undefined : `and also: ${others.join('; ')}`,
  });
}

/** `zones[0].ns-ttl`. */
function pathText(path: KeyPath): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`))
    .join('');
}

/** A PIN may have any form, so that nothing can be left out of its line. */
function isPin(path: KeyPath): boolean {
  return path[0] === 'pkcs11' && path[1] === 'pin';
}

/** A line as it stands in the file, without passwords that don't belong there. */
function lineText(text: string, line: number): string | undefined {
  return text
    .split('\n')
    [line - 1]?.trimEnd()
    .replaceAll(/:\/\/[^\s"']*@/g, '://…@')
    .replaceAll(/((?:password|pin-value)\s*=\s*)[^\s"'][^\s"']*/gi, '$1…')
    .replace(/(\bpin\s*=).*/, '$1 …')
    .replace(/(passphrase["']?\s*=).*/i, '$1 …');
}

function build(raw: FileOutput, text: string, file: string): Config {
  const folder = dirname(resolve(file));
  const at = (path: string): string => resolve(folder, path);
  const atMaybe = (path: string | undefined) => (path === undefined ? undefined : at(path));
  const faults: Fault[] = [];
  const warnings: string[] = [];
  const fault = (path: KeyPath, message: string): void => {
    faults.push({ path, line: lineOf(text, path), message });
  };

  const source = buildSource(raw.source, at, fault);
  const policies = new Map<string, Policy>();
  for (const [name, entry] of Object.entries(raw.policy)) {
    policies.set(name, buildPolicy(name, entry, fault, warnings));
    if (entry['key-storage'] !== undefined && raw.pkcs11 === undefined) {
      fault(['policy', name, 'key-storage'], 'needs a table [pkcs11] with the module of the token');
    }
  }
  const zones = raw.zones.map((zone, i): ZoneConfig => {
    const where = (key: string): KeyPath => ['zones', i, key];
    const label = zoneLabel(zone.name);
    if (raw.zones.findIndex((other) => zoneLabel(other.name) === label) !== i) {
      fault(where('name'), `is a second zone "${label}"`);
    }
    const parent = raw.zones.find(
      (other) => zoneLabel(other.name) !== label && isAtOrBelow(zone.name, 0, other.name),
    );
    // A registry's one host object would be data of the one zone and glue of the other.
    if (parent !== undefined && source.format !== 'master') {
      fault(
        where('name'),
        `"${label}" lies in the zone "${zoneLabel(parent.name)}": give each of the two a configuration of its own`,
      );
    }
    if (label === BUNDLES) {
      fault(where('name'), `"${label}" is where the output folder has the holders' bundles`);
    }
    const policy = policies.get(zone.policy);
    if (policy === undefined) {
      const near = nearest(zone.policy, policies.keys());
      fault(
        where('policy'),
        `${JSON.stringify(zone.policy)} is not defined; ${near === undefined ? `write a table [policy.${zone.policy}]` : `did you mean "${near}"?`}`,
      );
    }
    // A master file brings its own apex; any other export knows nothing of it.
    if (source.format !== 'master') {
      if (zone.soa === undefined) fault(where('soa'), 'is missing');
      if (zone.ns === undefined) fault(where('ns'), 'is missing');
    }
    if (zone.ns !== undefined) {
      const texts = zone.ns.map((name) => nameToText(name));
      const twice = texts.find((name, n) => texts.indexOf(name) !== n);
      if (twice !== undefined) fault(where('ns'), `names ${twice} twice`);
      if (texts.length === 1) warnings.push(`zone ${label} has one name server only (RFC 2182)`);
    }
    checkParentKeys(zone, policy, where, fault);
    if (zone.soa !== undefined && zone.soa.retry >= zone.soa.refresh) {
      warnings.push(`zone ${label}: SOA retry is not shorter than refresh (RFC 1912 §2.2)`);
    }
    return {
      name: zone.name,
      text: nameToText(zone.name),
      label,
      // Without its policy the zone never leaves this function: the fault is thrown below.
      policy: policy ?? [...policies.values()][0],
      serial: zone.serial,
      glue: zone.glue,
      classic: zone.format === 'verisign-classic',
      soa: zone.soa,
      ns: zone.ns,
      nsTtl: zone['ns-ttl'],
      glueTtl: zone['glue-ttl'],
      dsTtl: zone['ds-ttl'],
      records: atMaybe(zone.records),
      parentDs: Array.isArray(zone['parent-ds']) ? zone['parent-ds'] : atMaybe(zone['parent-ds']),
      parentServers: zone['parent-servers'],
      publishPendingRestore:
        zone['publish-pending-restore'] ?? raw['publish-pending-restore'] ?? false,
      keepSac048Orphans: zone['keep-sac048-orphans'] ?? raw['keep-sac048-orphans'] ?? false,
      missingGlue: zone['missing-glue'] ?? raw['missing-glue'] ?? 'keep',
      invalidNs: zone['invalid-ns'] ?? raw['invalid-ns'] ?? 'keep',
    };
  });
  if (faults.length > 0) throw wrongKeys(faults, text, file);

  return {
    file: resolve(file),
    stateDir: at(raw['state-dir']),
    outputDir: at(raw['output-dir']),
    keyDir: at(raw['key-dir']),
    source,
    policies,
    zones,
    keys: {
      passphrase:
        raw.keys.passphrase === undefined ? undefined : { file: at(raw.keys.passphrase.file) },
    },
    guards: {
      maxChange: raw.guards['max-change'],
      maxRemoved: raw.guards['max-removed'],
      verify: raw.guards.verify,
      minSignatureLife: raw.guards['min-signature-life'],
    },
    publish: { keep: raw.publish.keep, after: raw.publish.after },
    zfa: buildZfa(raw.zfa, at),
    pkcs11: raw.pkcs11 && buildPkcs11(raw.pkcs11, at),
    warnings,
  };
}

function buildZfa(raw: FileOutput['zfa'], at: (path: string) => string): ZfaConfig {
  const { agreement } = raw;
  return {
    formats: raw.formats,
    limitHours: raw['limit-hours'],
    keepDays: raw['keep-days'],
    validity: raw.validity,
    agreement: agreement && { version: agreement.version, file: at(agreement.file) },
    signInTries: raw['sign-in-tries'],
    trustedProxies: raw['trusted-proxies'],
    baseUrl: raw['base-url'],
  };
}

function buildPkcs11(
  { module, pin, sessions }: NonNullable<FileOutput['pkcs11']>,
  at: (path: string) => string,
): TokenSettings {
  return {
    // A name without a folder is looked for by the system.
    module: module.includes('/') ? at(module) : module,
    pin: pin !== undefined && 'file' in pin ? { file: at(pin.file) } : pin,
    sessions,
  };
}

type FaultFn = (path: KeyPath, message: string) => void;

/** What a zone says of its parent: the root has none, and no server is asked twice. */
function checkParentKeys(
  zone: FileOutput['zones'][number],
  policy: Policy | undefined,
  where: (key: string) => KeyPath,
  fault: FaultFn,
): void {
  const texts = (zone['parent-servers'] ?? []).map(serverAddressText);
  const twice = texts.find((text, n) => texts.indexOf(text) !== n);
  if (twice !== undefined) fault(where('parent-servers'), `names ${twice} twice`);
  if (zone.name.length > 1) return;
  if (texts.length > 0) {
    fault(where('parent-servers'), 'has no meaning for the root zone, which has no parent');
  }
  if (policy?.parentCheck === true) {
    fault(
      where('policy'),
      `"${policy.name}" has parent-check = true, and the root zone has no parent that could be asked`,
    );
  }
}

function buildSource(
  raw: FileOutput['source'],
  at: (path: string) => string,
  fault: FaultFn,
): SourceConfig {
  const postgres = raw.format === 'postgres';
  if (postgres) {
    if (raw.url === undefined) fault(['source', 'url'], 'is missing');
    if (raw.queries === undefined) fault(['source', 'queries'], 'is missing');
    if (raw.path !== undefined) fault(['source', 'path'], 'has no meaning for a database');
  } else {
    if (raw.path === undefined) fault(['source', 'path'], 'is missing');
    for (const key of ['url', 'queries'] as const) {
      if (raw[key] !== undefined) fault(['source', key], 'is for format = "postgres" only');
    }
  }
  if (raw.format === 'whois-bulk' && raw['status-overlay'] === undefined) {
    fault(
      ['source', 'status-overlay'],
      'is missing: a whois-bulk export has no statuses, so names on hold would be published; name a file of "domainname,status" rows (an empty file, if no name is held)',
    );
  }
  if (raw.format !== 'whois-bulk' && raw['status-overlay'] !== undefined) {
    fault(['source', 'status-overlay'], 'is for format = "whois-bulk" only');
  }
  const { url, queries } = raw;
  return {
    format: raw.format,
    path: raw.path === undefined ? undefined : at(raw.path),
    statusOverlay: raw['status-overlay'] === undefined ? undefined : at(raw['status-overlay']),
    url: url === undefined ? undefined : 'file' in url ? { file: at(url.file) } : url,
    queries: queries === undefined ? undefined : { ...queries, records: queries.records },
    maxRejects: raw['max-rejects'],
  };
}

function buildPolicy(
  name: string,
  raw: FileOutput['policy'][string],
  fault: FaultFn,
  warnings: string[],
): Policy {
  const where = (...keys: string[]): KeyPath => ['policy', name, ...keys];
  const algorithms = Array.isArray(raw.algorithm) ? raw.algorithm : [raw.algorithm];
  if (new Set(algorithms).size !== algorithms.length) {
    fault(where('algorithm'), 'names an algorithm twice');
  }
  if (raw.nsec === true && raw.nsec3 !== undefined) {
    fault(where('nsec'), 'is set beside nsec3: a zone has one of the two');
  }
  if (raw['signature-refresh'] + raw['signature-jitter'] >= raw['signature-validity']) {
    const sum = formatDuration(raw['signature-refresh'] + raw['signature-jitter']);
    fault(
      where('signature-validity'),
      `is not longer than signature-refresh and signature-jitter together (${sum}): a new signature could be due at once`,
    );
  }
  if (raw['signature-validity'] + raw['inception-offset'] >= 2 ** 31) {
    fault(where('signature-validity'), 'is longer than 68 years, more than RFC 4034 §3.1.5 allows');
  }
  if (raw.insecure && raw['trust-anchor']) {
    fault(
      where('insecure'),
      'is set beside trust-anchor: no validator drops its last trust anchor (RFC 5011 §5), so the zone can never be unsigned',
    );
  }
  const iterations = raw.nsec3?.iterations ?? 0;
  if (iterations > 0) {
    warnings.push(`policy ${name}: ${iterations} NSEC3 iterations; RFC 9276 §3.1 asks for 0`);
  }
  const lifetime = (value: number | 'unlimited') => (value === 'unlimited' ? undefined : value);
  return {
    name,
    algorithms,
    csk: raw.csk,
    keyStorage: raw['key-storage'],
    denial:
      raw.nsec === true
        ? { kind: 'nsec' }
        : {
            kind: 'nsec3',
            optOut: raw.nsec3?.['opt-out'] ?? false,
            iterations,
            salt: raw.nsec3?.salt ?? new Uint8Array(0),
          },
    zonemd: raw.zonemd,
    kskLifetime: lifetime(raw['ksk-lifetime']),
    zskLifetime: lifetime(raw['zsk-lifetime']),
    signatureValidity: raw['signature-validity'],
    signatureRefresh: raw['signature-refresh'],
    signatureJitter: raw['signature-jitter'],
    inceptionOffset: raw['inception-offset'],
    dnskeyTtl: raw['dnskey-ttl'],
    parentDsTtl: raw['parent-ds-ttl'],
    propagationDelay: raw['propagation-delay'],
    parentPropagationDelay: raw['parent-propagation-delay'],
    safetyMargin: raw['safety-margin'],
    parentCheck: raw['parent-check'],
    kskRoll: raw['ksk-roll'],
    trustAnchor: raw['trust-anchor'],
    insecure: raw.insecure,
  };
}

/**
 * The configured zones that `--zone` flags name; all of them without a flag.
 *
 * @throws ZonewrightError (exit 2) for a zone that is not configured.
 */
export function selectZones(config: Config, names: readonly Uint8Array[]): readonly ZoneConfig[] {
  if (names.length === 0) return config.zones;
  const labels = new Set(names.map((name) => zoneLabel(name)));
  for (const label of labels) {
    if (config.zones.some((zone) => zone.label === label)) continue;
    const known = config.zones.map((zone) => zone.label);
    const near = nearest(label, known);
    throw usageError(`zone "${label}" is not in the configuration`, {
      place: { file: config.file },
      hint:
        near === undefined ? `configured zones: ${known.join(', ')}` : `did you mean "${near}"?`,
    });
  }
  return config.zones.filter((zone) => labels.has(zone.label));
}
