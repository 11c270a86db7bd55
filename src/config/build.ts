/** From the keys of a configuration file to what they mean, and which of them do not go together. */

import { dirname, resolve } from 'node:path';
import { isAtOrBelow, nameToText, zoneLabel } from '../names/name.js';
import type { TokenSettings } from '../pkcs11/settings.js';
import { formatDuration } from './duration.js';
import { type Fault, wrongKeys } from './faults.js';
import { type KeyPath, lineOf } from './locate.js';
import type { Config, Policy, SourceConfig, ZfaConfig, ZoneConfig } from './model.js';
import { BUNDLES } from './places.js';
import type { FileOutput } from './schema.js';
import { serverAddressText } from './server-address.js';
import { nearest } from './suggest.js';

type FaultFn = (path: KeyPath, message: string) => void;

/**
 * The configuration that a file's keys make together, each of which the schema has checked.
 *
 * @param text of the file, for messages.
 * @param file its path, the base of relative paths.
 * @throws ZonewrightError (exit 2) for keys that do not go together.
 */
export function buildConfig(raw: FileOutput, text: string, file: string): Config {
  const folder = dirname(resolve(file));
  const at = (path: string): string => resolve(folder, path);
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
  const zones = raw.zones.map((_, i) => buildZone(raw, i, policies, at, fault, warnings));
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

/** What one of the `[[zones]]` says. */
function buildZone(
  raw: FileOutput,
  i: number,
  policies: ReadonlyMap<string, Policy>,
  at: (path: string) => string,
  fault: FaultFn,
  warnings: string[],
): ZoneConfig {
  const zone = raw.zones[i];
  const { format } = raw.source;
  const atMaybe = (path: string | undefined) => (path === undefined ? undefined : at(path));
  const where = (key: string): KeyPath => ['zones', i, key];
  const label = zoneLabel(zone.name);
  if (raw.zones.findIndex((other) => zoneLabel(other.name) === label) !== i) {
    fault(where('name'), `is a second zone "${label}"`);
  }
  const parent = raw.zones.find(
    (other) => zoneLabel(other.name) !== label && isAtOrBelow(zone.name, 0, other.name),
  );
  // A registry's one host object would be data of the one zone and glue of the other.
  if (parent !== undefined && format !== 'master') {
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
  if (format !== 'master') {
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
