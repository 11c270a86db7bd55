/**
 * A second, simple implementation of what a build publishes: from a deposit of the CSV model
 * (RFC 8909, RFC 9022) and the zones' configuration to the unsigned records of each zone and the
 * rows of orphans.csv. Maps, sets and strings; the whole export in memory; no code of the product.
 *
 * It is strict: a row it can't use is an error, because a test that compares two zones must know
 * which input it compares them on.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { isIPv4, isIPv6 } from 'node:net';
import { join } from 'node:path';
import { domainToASCII } from 'node:url';
import { gunzipSync } from 'node:zlib';

/** The part of a zone's configuration that decides which records it holds. Names end in a dot. */
export interface ZoneRules {
  readonly name: string;
  readonly ns: readonly string[];
  readonly nsTtl: number;
  readonly glueTtl: number;
  readonly dsTtl: number;
  readonly glue: 'wide' | 'narrow';
  /** The options of 03-zone, as in the configuration; all off by default. */
  readonly publishPendingRestore?: boolean;
  readonly keepSac048Orphans?: boolean;
  readonly dropMissingGlue?: boolean;
  readonly dropInvalidNs?: boolean;
}

/** A record without its class; `rdata` in presentation form. */
export interface ReferenceRecord {
  readonly owner: string;
  readonly ttl: number;
  readonly type: string;
  readonly rdata: string;
}

export type OrphanClass = 'unreferenced' | 'sac048';

/** A row of orphans.csv. */
export interface Orphan {
  readonly class: OrphanClass;
  readonly action: 'strip' | 'keep';
  readonly host: string;
  readonly address: string;
  readonly superordinate: string;
  readonly references: number;
  readonly example: string;
}

/** What one zone should hold: everything but the SOA and what signing adds. */
export interface ReferenceZone {
  readonly records: readonly ReferenceRecord[];
  readonly orphans: readonly Orphan[];
  /** In-domain name servers that have no address in the export. */
  readonly missingGlue: readonly string[];
}

/** The registry's database, as far as zones need it. Names end in a dot. */
export interface Registry {
  /** Registered names with their statuses (EPP and RGP together). */
  readonly statuses: Map<string, Set<string>>;
  readonly nameServers: Map<string, Set<string>>;
  /** DS RDATA, digests in upper case. */
  readonly ds: Map<string, Set<string>>;
  readonly addresses: Map<string, Set<string>>;
}

// --- Names and addresses ---

/** Lower-case A-label form with the trailing dot. */
export function normalName(text: string): string {
  const bare = text.trim().replace(/\.$/, '');
  const isAscii = [...bare].every((c) => c.charCodeAt(0) < 128);
  const name = (isAscii ? bare : domainToASCII(bare)).toLowerCase();
  const labels = name.split('.');
  if (name.length > 253 || labels.some((label) => !/^[a-z0-9_-]{1,63}$/.test(label))) {
    throw new Error(`not a name: ${JSON.stringify(text)}`);
  }
  return `${name}.`;
}

/** The names above a name, nearest first, up to and without the root: `b.c.` gives `c.`. */
function above(name: string): string[] {
  const labels = name.split('.').slice(0, -1);
  return labels.slice(1).map((_, i) => `${labels.slice(i + 1).join('.')}.`);
}

/** Canonical order (RFC 4034 section 6.1) for names of plain ASCII labels. */
export function canonicalCompare(a: string, b: string): number {
  const x = a.split('.').slice(0, -1).reverse();
  const y = b.split('.').slice(0, -1).reverse();
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const order = Buffer.compare(Buffer.from(x[i] as string), Buffer.from(y[i] as string));
    if (order !== 0) return order;
  }
  return x.length - y.length;
}

/** RFC 5952 form, by way of the URL standard's serializer, which follows it. */
export function normalAddress(text: string): {
  readonly type: 'A' | 'AAAA';
  readonly text: string;
} {
  if (isIPv4(text)) return { type: 'A', text };
  if (isIPv6(text) && !text.includes('%')) {
    return { type: 'AAAA', text: new URL(`http://[${text}]/`).hostname.slice(1, -1) };
  }
  throw new Error(`not an address: ${JSON.stringify(text)}`);
}

// --- The deposit ---

/** RFC 4180 rows: quotes, doubled quotes inside them, newlines inside them, CRLF or LF. */
function csvRows(text: string, separator: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c !== '"') field += c;
      else if (text[i + 1] === '"') field += text[++i];
      else quoted = false;
    } else if (c === '"' && field === '') quoted = true;
    else if (c === separator) {
      row.push(field);
      field = '';
    } else if (c === '\n') {
      rows.push([...row, field.replace(/\r$/, '')]);
      row = [];
      field = '';
    } else field += c;
  }
  if (quoted) throw new Error('a quoted field does not end');
  if (row.length > 0 || field !== '') rows.push([...row, field]);
  return rows.filter((fields) => fields.some((one) => one !== ''));
}

interface Table {
  readonly name: string;
  readonly rows: readonly Map<string, string>[];
}

/** The CSV files of a deposit's folder, each row as a map from field name (with prefix) to text. */
function readTables(folder: string): Table[] {
  const xmlFile = readdirSync(folder).find((name) => name.endsWith('.xml'));
  if (xmlFile === undefined) throw new Error(`${folder}: no deposit XML`);
  const xml = readFileSync(join(folder, xmlFile), 'utf8').replace(/<!--[\s\S]*?-->/g, '');
  if (!/<rde:deposit\b[^>]*\btype="FULL"/.test(xml)) throw new Error('not a FULL deposit');
  const tables: Table[] = [];
  for (const [, attributes = '', body = ''] of xml.matchAll(
    /<rdeCsv:csv\b([^>]*)>([\s\S]*?)<\/rdeCsv:csv>/g,
  )) {
    const name = /\bname="([^"]*)"/.exec(attributes)?.[1] ?? '';
    const separator = /\bsep="([^"]*)"/.exec(attributes)?.[1] ?? ',';
    const fieldList = /<rdeCsv:fields>([\s\S]*?)<\/rdeCsv:fields>/.exec(body)?.[1] ?? '';
    const fields = [...fieldList.matchAll(/<(\w+:\w+)/g)].map((match) => match[1] as string);
    const rows: Map<string, string>[] = [];
    for (const [, fileAttributes = '', file = ''] of body.matchAll(
      /<rdeCsv:file\b([^>]*)>([\s\S]*?)<\/rdeCsv:file>/g,
    )) {
      const raw = readFileSync(join(folder, file.trim()));
      const bytes =
        /compression="gzip"/i.test(fileAttributes) || file.trim().endsWith('.gz')
          ? gunzipSync(raw)
          : raw;
      const text = bytes.toString('utf8').replace(/^\ufeff/, '');
      for (const row of csvRows(text, separator)) {
        if (row.length !== fields.length) throw new Error(`${file.trim()}: ${row.join(separator)}`);
        rows.push(new Map(fields.map((field, i) => [field, row[i] as string])));
      }
    }
    tables.push({ name, rows });
  }
  return tables;
}

function addTo(map: Map<string, Set<string>>, key: string, value: string): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([value]));
  else set.add(value);
}

/** Wire form of a plain ASCII name, for digests. */
function wireName(name: string): Buffer {
  const labels = name.split('.').slice(0, -1);
  return Buffer.concat([
    ...labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
    Buffer.from([0]),
  ]);
}

/** The DS with SHA-256 of a key (RFC 4034 section 5.1.4 and appendix B, RFC 4509). */
export function dsOfKey(
  owner: string,
  flags: number,
  protocol: number,
  algorithm: number,
  key: string,
): string {
  const rdata = Buffer.concat([
    Buffer.from([flags >> 8, flags & 255, protocol, algorithm]),
    Buffer.from(key.replace(/\s/g, ''), 'base64'),
  ]);
  let sum = 0;
  for (const [i, byte] of rdata.entries()) sum += i % 2 === 0 ? byte * 256 : byte;
  const tag = (sum + Math.floor(sum / 65536)) % 65536;
  const digest = createHash('sha256').update(wireName(owner)).update(rdata).digest('hex');
  return `${tag} ${algorithm} 2 ${digest.toUpperCase()}`;
}

/** Reads a deposit of the CSV model. */
export function readDeposit(folder: string): Registry {
  const tables = readTables(folder);
  const rowsOf = (name: string): readonly Map<string, string>[] =>
    tables.filter((table) => table.name === name).flatMap((table) => table.rows);
  const statuses = new Map<string, Set<string>>();
  const nameServers = new Map<string, Set<string>>();
  const ds = new Map<string, Set<string>>();
  const addresses = new Map<string, Set<string>>();
  const hostOfRoid = new Map<string, string>();

  for (const row of rowsOf('domain')) {
    const name = normalName(row.get('csvDomain:fName') ?? '');
    if (statuses.has(name)) throw new Error(`${name} is registered twice`);
    statuses.set(name, new Set());
  }
  for (const row of rowsOf('domainStatuses')) {
    const set = statuses.get(normalName(row.get('csvDomain:fName') ?? ''));
    if (set === undefined) throw new Error('a status of an unknown domain');
    set.add(`epp:${row.get('csvDomain:fStatus')}`);
    if (row.get('csvDomain:fRgpStatus')) set.add(`rgp:${row.get('csvDomain:fRgpStatus')}`);
  }
  for (const row of rowsOf('host')) {
    const roid = row.get('rdeCsv:fRoid') ?? '';
    if (hostOfRoid.has(roid)) throw new Error(`two hosts have the ROID ${roid}`);
    hostOfRoid.set(roid, normalName(row.get('csvHost:fName') ?? ''));
  }
  const hostOf = (roid: string): string => {
    const host = hostOfRoid.get(roid);
    if (host === undefined) throw new Error(`no host has the ROID ${roid}`);
    return host;
  };
  for (const row of rowsOf('hostAddresses')) {
    const host = hostOf(row.get('rdeCsv:fRoid') ?? '');
    addTo(addresses, host, normalAddress(row.get('csvHost:fAddr') ?? '').text);
  }
  for (const row of rowsOf('domainNameServers')) {
    const roid = row.get('rdeCsv:fRoid');
    const host = roid ? hostOf(roid) : normalName(row.get('csvHost:fName') ?? '');
    addTo(nameServers, normalName(row.get('csvDomain:fName') ?? ''), host);
  }
  for (const row of rowsOf('domainNameServersAddresses')) {
    const host = normalName(row.get('csvHost:fName') ?? '');
    addTo(nameServers, normalName(row.get('csvDomain:fName') ?? ''), host);
    const address = row.get('csvHost:fAddr');
    if (address) addTo(addresses, host, normalAddress(address).text);
  }
  for (const row of rowsOf('dnssec')) {
    const name = normalName(row.get('csvDomain:fName') ?? '');
    const get = (field: string): string => row.get(`csvDomain:${field}`) ?? '';
    addTo(
      ds,
      name,
      get('fKeyTag') !== ''
        ? `${Number(get('fKeyTag'))} ${Number(get('fDsAlg'))} ${Number(get('fDigestType'))} ${get('fDigest').toUpperCase()}`
        : dsOfKey(
            name,
            Number(get('fFlags')),
            Number(get('fProtocol')),
            Number(get('fKeyAlg')),
            get('fPubKey'),
          ),
    );
  }
  // A mirrored name with mirrored name servers is delegated as its original is. It is not the
  // original's name, so the original's DS (a digest over that name) is not for it.
  for (const row of rowsOf('NNDN')) {
    const mirrored = row.get('csvNNDN:fNameState') === 'mirrored';
    // RFC 9022 section 5.6.2.1.1: not defined means true.
    const withServers = !/^(false|0)$/i.test(row.get('csvNNDN:fMirroringNS') ?? '');
    if (!mirrored || !withServers) continue;
    const name = normalName(row.get('csvNNDN:fAName') ?? '');
    const original = normalName(row.get('csvNNDN:fOriginalName') ?? '');
    statuses.set(name, statuses.get(original) ?? new Set());
    for (const host of nameServers.get(original) ?? []) addTo(nameServers, name, host);
  }
  return { statuses, nameServers, ds, addresses };
}

// --- The zone rules ---

/** Statuses that keep a name out of the zone (RFC 5731, RFC 3915, .com Appendix 7). */
const FORBIDDING: ReadonlySet<string> = new Set([
  'epp:clientHold',
  'epp:serverHold',
  'epp:pendingDelete',
  'epp:pendingCreate',
  'epp:inactive',
  'rgp:redemptionPeriod',
  'rgp:pendingDelete',
  'rgp:pendingRestore',
]);

/** Whether statuses let a name be delegated. */
function mayDelegate(statuses: ReadonlySet<string>, zone: ZoneRules): boolean {
  const restored = zone.publishPendingRestore === true && statuses.has('rgp:pendingRestore');
  // A name in pendingRestore is in EPP's pendingDelete at the same time (RFC 3915 section 2).
  const excused = restored ? ['rgp:pendingRestore', 'epp:pendingDelete'] : [];
  return [...statuses].every((status) => !FORBIDDING.has(status) || excused.includes(status));
}

/** A name server's name that can't be one: an address, no host name, or with a missing dot. */
function isInvalidHost(host: string, zone: ZoneRules): boolean {
  const labels = host.split('.').slice(0, -1);
  return (
    labels.every((label) => /^\d+$/.test(label)) ||
    labels.some((label) => !/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(label)) ||
    host.endsWith(`.${zone.name}${zone.name}`)
  );
}

/**
 * Takes in-domain name servers without address out of the delegations, and delegations that have
 * no name server left, until nothing changes.
 */
function withoutMissingGlue(
  delegated: Map<string, Set<string>>,
  addresses: ReadonlyMap<string, ReadonlySet<string>>,
  drops: (name: string) => boolean,
): void {
  for (let changed = true; changed; ) {
    changed = false;
    for (const [name, hosts] of delegated) {
      if (!drops(name)) continue;
      const left = [...hosts].filter(
        (host) => addresses.has(host) || !(host === name || above(host).includes(name)),
      );
      if (left.length === hosts.size) continue;
      changed = true;
      if (left.length === 0) delegated.delete(name);
      else delegated.set(name, new Set(left));
    }
  }
}

/** Derives every zone of a build. Keys of the result are the zones' names. */
export function referenceZones(
  registry: Registry,
  zones: readonly ZoneRules[],
): Map<string, ReferenceZone> {
  const zoneOf = (name: string): ZoneRules | undefined =>
    zones
      .filter((zone) => name === zone.name || above(name).includes(zone.name))
      .sort((a, b) => b.name.length - a.name.length)[0];

  // Delegations: the names that may be published and have a name server...
  const delegated = new Map<string, Set<string>>();
  for (const [name, statuses] of registry.statuses) {
    const zone = zoneOf(name);
    if (zone === undefined || zone.name === name || !mayDelegate(statuses, zone)) continue;
    const hosts = [...(registry.nameServers.get(name) ?? [])].filter(
      (host) => zone.dropInvalidNs !== true || !isInvalidHost(host, zone),
    );
    if (hosts.length > 0) delegated.set(name, new Set(hosts));
  }
  // ... without those below another delegation, which are occluded.
  for (const name of [...delegated.keys()]) {
    if (above(name).some((upper) => delegated.has(upper))) delegated.delete(name);
  }

  withoutMissingGlue(
    delegated,
    registry.addresses,
    (name) => zoneOf(name)?.dropMissingGlue === true,
  );

  // Which delegations name a host, over all the zones of the build.
  const namedBy = new Map<string, Set<string>>();
  for (const [name, hosts] of delegated) for (const host of hosts) addTo(namedBy, host, name);

  const result = new Map<string, ReferenceZone>();
  for (const zone of zones) {
    const records: ReferenceRecord[] = [];
    const orphans: Orphan[] = [];
    const missingGlue = new Set<string>();
    for (const target of zone.ns) {
      records.push({ owner: zone.name, ttl: zone.nsTtl, type: 'NS', rdata: target });
    }
    for (const [name, hosts] of delegated) {
      if (zoneOf(name) !== zone) continue;
      for (const rdata of hosts) {
        records.push({ owner: name, ttl: zone.nsTtl, type: 'NS', rdata });
        const inDomain = rdata === name || above(rdata).includes(name);
        if (inDomain && !registry.addresses.has(rdata)) missingGlue.add(rdata);
      }
      for (const rdata of registry.ds.get(name) ?? []) {
        records.push({ owner: name, ttl: zone.dsTtl, type: 'DS', rdata });
      }
    }
    for (const [host, addresses] of registry.addresses) {
      if (zoneOf(host) !== zone) continue;
      const cut = [host, ...above(host)].filter((name) => delegated.has(name)).at(-1);
      const references = namedBy.get(host) ?? new Set<string>();
      const apex = zone.ns.includes(host);
      const orphan = orphanClass(cut, references, apex);
      const sibling = cut !== undefined && delegated.get(cut)?.has(host) !== true;
      for (const address of addresses) {
        const kept = orphan === 'sac048' && zone.keepSac048Orphans === true;
        if (orphan !== undefined) {
          orphans.push({
            class: orphan,
            action: kept ? 'keep' : 'strip',
            host,
            address,
            superordinate: cut ?? registeredAbove(host, zone.name),
            references: references.size,
            example: [...references].sort(canonicalCompare)[0] ?? '',
          });
        }
        if (kept || (orphan === undefined && !(sibling && zone.glue === 'narrow' && !apex))) {
          const { type } = normalAddress(address);
          records.push({ owner: host, ttl: zone.glueTtl, type, rdata: address });
        }
      }
    }
    result.set(zone.name, { records, orphans, missingGlue: [...missingGlue].sort() });
  }
  return result;

  /** The name that is or would be registered above a host: one label below the apex. */
  function registeredAbove(host: string, apex: string): string {
    return (
      [host, ...above(host)]
        .filter((name) => name !== apex && zoneOf(name)?.name === apex)
        .at(-1) ?? ''
    );
  }
}

/** The glue table of the specification, as far as it says what an orphan is. */
function orphanClass(
  cut: string | undefined,
  references: ReadonlySet<string>,
  apex: boolean,
): OrphanClass | undefined {
  if (apex) return undefined;
  if (cut !== undefined) return references.size === 0 ? 'unreferenced' : undefined;
  return references.size > 0 ? 'sac048' : 'unreferenced';
}
