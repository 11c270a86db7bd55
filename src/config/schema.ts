/**
 * The form of zonewright.toml: which keys each table may hold, what their values look like, and
 * the default of each. Rules between keys are in config.ts.
 */

import * as v from 'valibot';
import { algorithmByName, signingMnemonics } from '../dnssec/algorithms.js';
import { DEFAULT_SESSIONS } from '../pkcs11/settings.js';
import { parseTokenUri } from '../pkcs11/uri.js';
import { rdataFromText } from '../records/rdata.js';
import { TYPE } from '../records/types.js';
import { BASE_URL_FORM, parseBaseUrl } from './base-url.js';
import { CIDR_FORM, parseCidr } from './cidr.js';
import { DURATION_FORM, parseDuration } from './duration.js';
import { parseHostName, parseMailbox, parseZoneName, ZONE_FORM } from './names.js';
import { parseServerAddress, SERVER_FORM } from './server-address.js';
import { PERCENT_FORM, parsePercent } from './size.js';

const TTL_LIMIT = 2 ** 31 - 1;

/** A text value that `parse` understands; `form` says what it looks like. */
function parsed<T>(parse: (text: string) => T | undefined, form: string) {
  return v.pipe(
    v.string(`is not ${form}`),
    v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
      const value = parse(dataset.value);
      if (value !== undefined) return value;
      addIssue({ message: `is not ${form}` });
      return NEVER;
    }),
  );
}

function whole(from: number, to: number) {
  const message = `is not a whole number from ${from} to ${to}`;
  return v.pipe(
    v.number(message),
    v.integer(message),
    v.minValue(from, message),
    v.maxValue(to, message),
  );
}

function oneOf<const T extends readonly string[]>(...words: T) {
  return v.picklist(words, `is not one of ${words.map((w) => `"${w}"`).join(', ')}`);
}

const text = v.pipe(v.string('is not a string'), v.minLength(1, 'is empty'));
const flag = v.boolean('is not true or false');
const duration = parsed(parseDuration, DURATION_FORM);
const positive = parsed(
  (value) => parseDuration(value) || undefined,
  `${DURATION_FORM}, longer than zero`,
);
const lifetime = v.union([v.literal('unlimited'), positive], lifetimeMessage);
const share = parsed(parsePercent, PERCENT_FORM);
const u32 = whole(0, 2 ** 32 - 1);
/** RFC 2181 §8: a TTL is at most 2^31 - 1. */
const ttl = v.union(
  [whole(0, TTL_LIMIT), v.pipe(duration, v.maxValue(TTL_LIMIT))],
  `is not a whole number of seconds from 0 to ${TTL_LIMIT}, or ${DURATION_FORM}`,
);

function lifetimeMessage(): string {
  return `is not ${DURATION_FORM}, longer than zero, or "unlimited"`;
}

const zoneName = parsed(parseZoneName, ZONE_FORM);
const hostName = parsed(parseHostName, 'a host name, such as "a.gtld-servers.net."');
const mailbox = parsed(
  parseMailbox,
  'a mailbox as a domain name (RFC 1035 §3.3.13): write a dot for the @',
);

const algorithm = v.pipe(
  v.union([v.string(), v.number()], algorithmMessage('')),
  v.rawTransform<string | number, number>(({ dataset, addIssue, NEVER }) => {
    const known = algorithmByName(String(dataset.value));
    if (known?.signs) return known.number;
    addIssue({ message: algorithmMessage(String(dataset.value)) });
    return NEVER;
  }),
);

function algorithmMessage(value: string): string {
  return algorithmByName(value)?.signs === false
    ? `uses SHA-1, which signs no new zone (RFC 9905); use one of ${signingMnemonics()}`
    : `is not one of ${signingMnemonics()}`;
}

const salt = parsed((value) => {
  const hex = value === '-' ? '' : value;
  if (!/^(?:[0-9a-f]{2}){0,255}$/i.test(hex)) return undefined;
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}, 'a salt of up to 255 octets in hexadecimal, or "" for none');

/** Rules that a zone may set, and the top level for all zones at once. */
const zoneRules = {
  'publish-pending-restore': v.optional(flag),
  'keep-sac048-orphans': v.optional(flag),
  'missing-glue': v.optional(oneOf('drop', 'keep')),
  'invalid-ns': v.optional(oneOf('drop', 'keep')),
};

const source = v.strictObject(
  {
    format: oneOf('rde-csv', 'rde-xml', 'whois-bulk', 'master', 'postgres'),
    path: v.optional(text),
    'status-overlay': v.optional(text),
    url: v.optional(
      v.union(
        [v.strictObject({ env: text }), v.strictObject({ file: text })],
        'is not { env = "NAME" } or { file = "PATH" }: a connection text holds a password, which does not belong in the configuration',
      ),
    ),
    queries: v.optional(
      v.strictObject(
        { domains: text, hosts: text, records: v.optional(text) },
        'is not a table { domains = "SELECT …", hosts = "SELECT …", records = "SELECT …" }',
      ),
    ),
    'max-rejects': v.optional(whole(0, Number.MAX_SAFE_INTEGER), 100),
  },
  'is not a table',
);

/** A token: a PKCS#11 URI that names no key. */
const storage = parsed((value) => {
  try {
    const { object, id } = parseTokenUri(value);
    return object === undefined && id === undefined ? value : undefined;
  } catch {
    return undefined;
  }
}, 'a PKCS#11 URI of a token, such as "pkcs11:token=zw" (RFC 7512)');

const policy = v.strictObject(
  {
    algorithm: v.optional(
      v.union(
        [algorithm, v.pipe(v.array(algorithm), v.minLength(1, 'names no algorithm'))],
        (issue) =>
          // The union hides its parts' messages: show the one about the value that was given.
          algorithmMessage(Array.isArray(issue.input) ? '' : String(issue.input)),
      ),
      'ECDSAP256SHA256',
    ),
    csk: v.optional(flag, false),
    'key-storage': v.optional(storage),
    nsec: v.optional(flag),
    nsec3: v.optional(
      v.strictObject(
        {
          'opt-out': v.optional(flag, false),
          iterations: v.optional(
            v.pipe(
              whole(0, 65_535),
              v.maxValue(100, 'is above 100, which validators treat as insecure (RFC 9276 §3.2)'),
            ),
            0,
          ),
          salt: v.optional(salt, ''),
        },
        'is not a table such as { opt-out = true, iterations = 0, salt = "" }',
      ),
    ),
    zonemd: v.optional(flag, true),
    'ksk-lifetime': v.optional(lifetime, 'P2Y'),
    'zsk-lifetime': v.optional(lifetime, 'P90D'),
    'signature-validity': v.optional(positive, 'P14D'),
    'signature-refresh': v.optional(positive, 'P7D'),
    'signature-jitter': v.optional(duration, 'PT12H'),
    'inception-offset': v.optional(duration, 'PT1H'),
    'dnskey-ttl': v.optional(ttl, 'P1D'),
    'parent-ds-ttl': v.optional(ttl, 'P1D'),
    'propagation-delay': v.optional(duration, 'PT1H'),
    'parent-propagation-delay': v.optional(duration, 'PT1H'),
    'safety-margin': v.optional(duration, 'PT1H'),
    'parent-check': v.optional(flag, false),
    'ksk-roll': v.optional(oneOf('double-signature', 'double-ds'), 'double-signature'),
    'trust-anchor': v.optional(flag, false),
    insecure: v.optional(flag, false),
  },
  'is not a table',
);

/** DS RDATA in presentation form (RFC 4034 §5.3). */
const ds = parsed((value) => {
  try {
    return rdataFromText(TYPE.DS, value);
  } catch {
    return undefined;
  }
}, 'DS data such as "12345 13 2 <64 hexadecimal digits>"');

const soa = v.strictObject(
  {
    mname: hostName,
    rname: mailbox,
    refresh: u32,
    retry: u32,
    expire: u32,
    minimum: u32,
    ttl,
  },
  'is not a table such as { mname = "a.gtld-servers.net.", rname = "…", refresh = 1800, … }',
);

const zone = v.strictObject(
  {
    name: zoneName,
    policy: text,
    serial: v.optional(oneOf('unixtime', 'date', 'increment', 'keep'), 'unixtime'),
    glue: v.optional(oneOf('wide', 'narrow', 'keep-all'), 'wide'),
    format: v.optional(oneOf('standard', 'verisign-classic'), 'standard'),
    soa: v.optional(soa),
    ns: v.optional(v.pipe(v.array(hostName, 'is not a list'), v.minLength(1, 'is empty'))),
    'ns-ttl': v.optional(ttl, 172_800),
    'glue-ttl': v.optional(ttl, 172_800),
    'ds-ttl': v.optional(ttl, 86_400),
    records: v.optional(text),
    'parent-servers': v.optional(
      v.pipe(
        v.array(parsed(parseServerAddress, SERVER_FORM), 'is not a list of addresses'),
        v.minLength(1, 'names no server; leave it out, and the servers are looked up'),
        v.maxLength(100, 'names more than 100 servers'),
      ),
    ),
    'parent-ds': v.optional(v.union([v.array(ds), text], 'is not a list of DS data, or a file')),
    ...zoneRules,
  },
  'is not a table',
);

const guards = v.strictObject(
  {
    'max-change': v.optional(share, '5%'),
    'max-removed': v.optional(share, '1%'),
    verify: v.optional(oneOf('full', 'new'), 'full'),
    'min-signature-life': v.optional(positive),
  },
  'is not a table',
);

const publish = v.strictObject(
  { keep: v.optional(whole(1, 100_000), 7), after: v.optional(text) },
  'is not a table',
);

const pkcs11 = v.strictObject(
  {
    module: text,
    pin: v.optional(
      v.union(
        [v.strictObject({ env: text }), v.strictObject({ file: text })],
        'is not { file = "PATH" } or { env = "NAME" }: a PIN does not belong in the configuration',
      ),
    ),
    sessions: v.optional(whole(1, 256), DEFAULT_SESSIONS),
  },
  'is not a table',
);

/** 100 years, seconds. */
const LONGEST = 100 * 366 * 86_400;

const zfa = v.strictObject(
  {
    formats: v.optional(v.pipe(v.array(oneOf('gz')), v.minLength(1, 'is empty')), ['gz']),
    'limit-hours': v.optional(whole(0, 24 * 365), 24),
    'keep-days': v.optional(whole(1, 3660), 7),
    // An end beyond the year 9999 could not be written as a date.
    validity: v.optional(v.pipe(positive, v.maxValue(LONGEST, 'is longer than 100 years')), 'P1Y'),
    agreement: v.optional(
      v.strictObject(
        {
          version: v.pipe(text, v.maxLength(64, 'is longer than 64 characters')),
          file: text,
        },
        'is not a table such as { version = "2026-1", file = "AGREEMENT.txt" }',
      ),
    ),
    'sign-in-tries': v.optional(whole(1, 100_000), 8),
    'trusted-proxies': v.optional(v.array(parsed(parseCidr, CIDR_FORM), 'is not a list'), []),
    'base-url': v.optional(parsed(parseBaseUrl, BASE_URL_FORM)),
  },
  'is not a table',
);

const keys = v.strictObject(
  {
    passphrase: v.optional(
      v.strictObject(
        { file: text },
        'is not { file = "PATH" }: the passphrase itself does not belong in the configuration',
      ),
    ),
  },
  'is not a table',
);

/** The whole file. */
export const fileSchema = v.strictObject({
  'state-dir': v.optional(text, 'state'),
  'output-dir': v.optional(text, 'out'),
  'key-dir': v.optional(text, 'keys'),
  ...zoneRules,
  source,
  policy: v.record(
    v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]+$/, 'is not a policy name of letters and digits')),
    policy,
    'is not a table',
  ),
  zones: v.pipe(
    v.array(zone, 'is not an array of tables; write [[zones]]'),
    v.minLength(1, 'names no zone'),
  ),
  keys: v.optional(keys, {}),
  guards: v.optional(guards, {}),
  publish: v.optional(publish, {}),
  zfa: v.optional(zfa, {}),
  pkcs11: v.optional(pkcs11),
});

export type FileOutput = v.InferOutput<typeof fileSchema>;

/** The keys each table may hold, by the table's path with `*` for a name or an index. */
export const KNOWN_KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  ['', Object.keys(fileSchema.entries)],
  ['source', Object.keys(source.entries)],
  ['source.url', ['env', 'file']],
  ['source.queries', ['domains', 'hosts', 'records']],
  ['policy.*', Object.keys(policy.entries)],
  ['policy.*.nsec3', ['opt-out', 'iterations', 'salt']],
  ['zones.*', Object.keys(zone.entries)],
  ['zones.*.soa', Object.keys(soa.entries)],
  ['keys', Object.keys(keys.entries)],
  ['keys.passphrase', ['file']],
  ['guards', Object.keys(guards.entries)],
  ['publish', Object.keys(publish.entries)],
  ['zfa', Object.keys(zfa.entries)],
  ['zfa.agreement', ['version', 'file']],
  ['pkcs11', Object.keys(pkcs11.entries)],
  ['pkcs11.pin', ['env', 'file']],
]);
