/**
 * Writes the sample registry as a data escrow deposit in the CSV model (RFC 8909, RFC 9022):
 * CSV files without header rows and the XML that describes them. Rows stand in the order of the
 * objects' numbers, which has nothing to do with the canonical order of their names.
 */
import { join } from 'node:path';
import { STATUSES } from '../zone/status.js';
import { type CsvDefinition, depositXml, type FieldName } from './deposit.js';
import { csvName, FILES, type FileKey, KEYS, xmlName } from './deposit-files.js';
import { dsRandom, putDsFields, putKeyFields } from './ds.js';
import { ADDRESS_BITS, type HostZones, hostZones, isV6, putAddress, putHostName } from './hosts.js';
import { aLabel, uLabel } from './names.js';
import { PLACE } from './places.js';
import {
  createPlan,
  describe,
  hasHostObjects,
  KEY_DATA,
  type Plan,
  type Registry,
  SERVERS_BY,
  SPELLING,
} from './plan.js';
import { mix } from './random.js';
import {
  type ChecksumAlgorithm,
  closeSink,
  constant,
  makeRoom,
  openSink,
  putByte,
  putBytes,
  putNumber,
  putText,
  type Sink,
} from './sink.js';

const COMMA = 0x2c;
const NEWLINE = 0x0a;
const UNDERSCORE = 0x5f;
const D = 0x44;
const H = 0x48;
const DASH_SUFFIX = constant('-ZW');
const REGISTRAR = constant('registrar');
const REGISTRARS = 20;
const V4 = constant(',v4\n');
const V6 = constant(',v6\n');
const STATUS_TEXT: Uint8Array[] = [];
for (const s of STATUSES) STATUS_TEXT[s.code] = constant(s.name);
const COURT_ORDER = constant('"Court order 12/2026, see ""register"", part 2"');
const TWO_LINES = constant('"Held:\nfee is due"');
const LANGUAGE_EN = constant('en');

/** What `writeRdeCsv` is told. */
export interface RdeCsvOptions {
  readonly out: string;
  readonly gzip: boolean;
  readonly checksum: ChecksumAlgorithm;
  /** Called now and then, so that the process stays responsive and can show progress. */
  readonly pause: (domains: number) => Promise<void>;
}

/** What was written. */
export interface SampleCounts {
  domains: number;
  hosts: number;
  nndn: number;
  bytes: number;
  files: string[];
}

interface Writer {
  readonly registry: Registry;
  readonly zones: HostZones;
  readonly sinks: Record<FileKey, Sink>;
  /** Domains of each zone. */
  readonly perZone: number[];
}

/** Writes the deposit into the folder `options.out`. */
export async function writeRdeCsv(
  registry: Registry,
  options: RdeCsvOptions,
): Promise<SampleCounts> {
  const fileName = (key: FileKey): string => csvName(registry.zones, key, options.gzip);
  const sinks = Object.fromEntries(
    KEYS.map((key) => [
      key,
      openSink(join(options.out, fileName(key)), options.gzip, options.checksum),
    ]),
  ) as Record<FileKey, Sink>;
  const writer: Writer = {
    registry,
    zones: hostZones(registry),
    sinks,
    perZone: registry.zones.map(() => 0),
  };
  writeRegistrars(writer);
  for (let pair = 0; pair < registry.outside; pair++) {
    writeHost(writer, -1 - 2 * pair, 0);
    writeHost(writer, -2 - 2 * pair, 0);
  }
  const plan = createPlan();
  for (let index = 0; index < registry.domains; index++) {
    describe(registry, index, plan);
    writeDomain(writer, plan);
    if (index % 65536 === 65535) await options.pause(index + 1);
  }
  const definitions: CsvDefinition[] = KEYS.map((key) => ({
    name: FILES[key][0],
    fields: FILES[key].slice(1) as FieldName[],
    file: fileName(key),
    gzip: options.gzip,
    algorithm: options.checksum,
    checksum: closeSink(sinks[key]),
  }));
  const xml = join(options.out, xmlName(registry.zones));
  const xmlSink = openSink(xml, false, 'CRC32');
  putText(
    xmlSink,
    depositXml(registry, definitions, {
      domain: sinks.domain.rows,
      perZone: writer.perZone,
      host: sinks.host.rows,
      registrar: sinks.registrar.rows,
      idnLanguage: sinks.idnLanguage.rows,
      nndn: sinks.nndn.rows,
    }),
  );
  closeSink(xmlSink);
  return {
    domains: sinks.domain.rows,
    hosts: sinks.host.rows,
    nndn: sinks.nndn.rows,
    bytes: KEYS.reduce((sum, key) => sum + sinks[key].size, xmlSink.size),
    files: [xml, ...KEYS.map((key) => join(options.out, fileName(key)))],
  };
}

function writeRegistrars(writer: Writer): void {
  const sink = writer.sinks.registrar;
  for (let i = 1; i <= REGISTRARS; i++) {
    const name = i === 1 ? '"Names, Inc."' : `Registrar ${i}`;
    putText(sink, `registrar${i},${name},${1000 + i},ok,2005-04-23T11:49:00.0Z\n`);
    sink.rows++;
  }
  putText(writer.sinks.idnLanguage, 'LATN,https://registry.example/latn\n');
  putText(writer.sinks.idnLanguage, 'ZXX,"https://registry.example/zxx"\n');
  writer.sinks.idnLanguage.rows = 2;
}

/** The domain's name as child rows have it: lower-case A-label. */
function putName(sink: Sink, writer: Writer, plan: Plan): void {
  putBytes(sink, plan.label, plan.labelLength);
  putBytes(sink, writer.zones.inside[plan.zone]);
}

/** The domain's name as the domain row has it, in one of its awkward spellings. */
function putSpelledName(sink: Sink, writer: Writer, plan: Plan): void {
  const { registry } = writer;
  if (plan.spelling === SPELLING.uLabel || plan.spelling === SPELLING.uLabelMixed) {
    const label = uLabel(registry.seed, plan.index);
    putText(sink, plan.spelling === SPELLING.uLabel ? label : mixedCase(label));
    putBytes(sink, writer.zones.inside[plan.zone]);
    return;
  }
  const start = sink.at;
  putName(sink, writer, plan);
  if (plan.spelling === SPELLING.dot) putByte(sink, 0x2e);
  if (plan.spelling !== SPELLING.upper) return;
  for (let i = start; i < sink.at; i++) {
    const c = sink.bytes[i];
    if (c >= 0x61 && c <= 0x7a) sink.bytes[i] = c - 32;
  }
}

/** Every other letter in upper case, where lower case brings the same letter back. */
function mixedCase(text: string): string {
  return Array.from(text, (letter, i) => {
    const upper = letter.toUpperCase();
    return i % 2 === 0 && upper.toLowerCase() === letter ? upper : letter;
  }).join('');
}

function putDomainRoid(sink: Sink, { index, changes }: Plan): void {
  putByte(sink, D);
  putNumber(sink, index);
  if (changes.owner > 0) {
    putByte(sink, UNDERSCORE);
    putNumber(sink, changes.owner);
  }
  putBytes(sink, DASH_SUFFIX);
}

function putHostRoid(sink: Sink, number: number): void {
  putByte(sink, H);
  if (number < 0) {
    putByte(sink, 0x58);
    putNumber(sink, -1 - number);
  } else {
    putNumber(sink, number);
  }
  putBytes(sink, DASH_SUFFIX);
}

function putRegistrar(sink: Sink, random: number): void {
  putBytes(sink, REGISTRAR);
  putNumber(sink, 1 + (random % REGISTRARS));
}

const DATE = constant('2000-01-01T00:00:00.0Z');

function putDate(sink: Sink, random: number, firstYear: number, years: number): void {
  const at = sink.at;
  putBytes(sink, DATE);
  const out = sink.bytes;
  const year = (firstYear + (random % years)) % 100;
  const month = 1 + ((random >>> 6) % 12);
  const day = 1 + ((random >>> 12) % 28);
  const hour = (random >>> 18) % 24;
  putTwo(out, at + 2, year);
  putTwo(out, at + 5, month);
  putTwo(out, at + 8, day);
  putTwo(out, at + 11, hour);
}

function putTwo(out: Uint8Array, at: number, value: number): void {
  const tens = (value / 10) | 0;
  out[at] = 0x30 + tens;
  out[at + 1] = 0x30 + value - tens * 10;
}

function writeDomain(writer: Writer, plan: Plan): void {
  const { sinks, registry } = writer;
  const random = mix(registry.seed ^ plan.changes.ownerSeed ^ 0xda7e, plan.index);
  const sink = sinks.domain;
  makeRoom(sink);
  putDomainRoid(sink, plan);
  putByte(sink, COMMA);
  putSpelledName(sink, writer, plan);
  putByte(sink, COMMA);
  if (plan.place >= PLACE.idn && plan.place <= PLACE.idnMixedCase) putText(sink, 'LATN');
  putByte(sink, COMMA);
  putByte(sink, COMMA);
  putRegistrar(sink, random);
  putByte(sink, COMMA);
  putDate(sink, random, 0, 26);
  putByte(sink, COMMA);
  // A name past its expiry date is delegated like any other: dates never decide.
  putDate(sink, random, 26, 10);
  putByte(sink, NEWLINE);
  sink.rows++;
  writer.perZone[plan.zone]++;

  writeStatuses(writer, plan);
  writeServers(writer, plan);
  for (let i = 0; i < plan.dsCount; i++) writeDs(writer, plan, i);
  if (hasHostObjects(plan)) {
    for (let i = 0; i < plan.hostCount; i++) writeHost(writer, plan.hosts[i], plan.addresses[i]);
  }
  if (plan.place === PLACE.idn) writeVariants(writer, plan);
}

function writeStatuses(writer: Writer, plan: Plan): void {
  const sink = writer.sinks.domainStatuses;
  makeRoom(sink);
  let rgp = plan.rgp;
  // The lowest bit first: EPP statuses only, and in the order of their codes.
  for (let rest = plan.statuses; rest !== 0; rest &= rest - 1) {
    const code = 31 - Math.clz32(rest & -rest);
    putName(sink, writer, plan);
    putByte(sink, COMMA);
    putBytes(sink, STATUS_TEXT[code]);
    putByte(sink, COMMA);
    if (plan.place === PLACE.serverHold) putBytes(sink, COURT_ORDER);
    if (plan.place === PLACE.clientHold) putBytes(sink, TWO_LINES);
    putByte(sink, COMMA);
    if (plan.place === PLACE.serverHold || plan.place === PLACE.clientHold) {
      putBytes(sink, LANGUAGE_EN);
    }
    putByte(sink, COMMA);
    if (rgp >= 0) putBytes(sink, STATUS_TEXT[rgp]);
    rgp = -1;
    putByte(sink, NEWLINE);
    sink.rows++;
  }
}

function writeServers(writer: Writer, plan: Plan): void {
  const { sinks, registry, zones } = writer;
  for (let i = 0; i < plan.serverCount; i++) {
    const server = plan.servers[i];
    if (plan.serversBy === SERVERS_BY.roid) {
      const sink = sinks.serversByRoid;
      makeRoom(sink);
      putName(sink, writer, plan);
      putByte(sink, COMMA);
      putHostRoid(sink, server);
      putByte(sink, NEWLINE);
      sink.rows++;
    } else if (plan.serversBy === SERVERS_BY.name) {
      const sink = sinks.serversByName;
      makeRoom(sink);
      putHostName(sink, registry, zones, server);
      putByte(sink, COMMA);
      putName(sink, writer, plan);
      putByte(sink, NEWLINE);
      sink.rows++;
    } else {
      writeAttributes(writer, plan, server);
    }
  }
}

/** Name servers as attributes of the domain: a row for each address, one without any if none. */
function writeAttributes(writer: Writer, plan: Plan, server: number): void {
  const { registry, zones } = writer;
  const sink = writer.sinks.attributes;
  let addresses = 0;
  for (let i = 0; i < plan.hostCount; i++) {
    if (plan.hosts[i] === server) addresses = plan.addresses[i];
  }
  let rows = 0;
  for (const bit of ADDRESS_BITS) {
    const last = bit === ADDRESS_BITS[ADDRESS_BITS.length - 1];
    if ((addresses & bit) === 0 && !(last && rows === 0)) continue;
    makeRoom(sink);
    putName(sink, writer, plan);
    putByte(sink, COMMA);
    putHostName(sink, registry, zones, server);
    putByte(sink, COMMA);
    if ((addresses & bit) !== 0) {
      putAddress(sink, registry.seed, server, bit);
      putBytes(sink, isV6(bit) ? V6 : V4);
    } else {
      putByte(sink, COMMA);
      putByte(sink, NEWLINE);
    }
    sink.rows++;
    rows++;
  }
}

function writeHost(writer: Writer, number: number, addresses: number): void {
  const { sinks, registry, zones } = writer;
  const random = mix(registry.seed ^ 0x4057, number | 0);
  const sink = sinks.host;
  makeRoom(sink);
  putHostName(sink, registry, zones, number);
  putByte(sink, COMMA);
  putHostRoid(sink, number);
  putByte(sink, COMMA);
  putRegistrar(sink, random);
  putByte(sink, COMMA);
  putDate(sink, random, 0, 26);
  putByte(sink, NEWLINE);
  sink.rows++;

  const statuses = sinks.hostStatuses;
  makeRoom(statuses);
  putHostRoid(statuses, number);
  putText(statuses, random % 10 === 0 ? ',serverUpdateProhibited,\n' : ',linked,\n');
  statuses.rows++;

  const rows = sinks.hostAddresses;
  makeRoom(rows);
  for (const bit of ADDRESS_BITS) {
    if ((addresses & bit) === 0) continue;
    putHostRoid(rows, number);
    putText(rows, isV6(bit) ? ',v6,' : ',v4,');
    putAddress(rows, registry.seed, number, bit);
    putByte(rows, NEWLINE);
    rows.rows++;
  }
}

function writeDs(writer: Writer, plan: Plan, i: number): void {
  const { sinks, registry } = writer;
  const type = plan.ds[i];
  const random = dsRandom(registry, plan, i);
  const sink = type === KEY_DATA ? sinks.keys : sinks.ds;
  makeRoom(sink);
  putName(sink, writer, plan);
  putByte(sink, COMMA);
  if ((random & 7) === 0) putNumber(sink, 604800);
  putByte(sink, COMMA);
  if (type === KEY_DATA) {
    putKeyFields(sink, random, COMMA);
  } else {
    putDsFields(sink, random, type, COMMA);
  }
  putByte(sink, NEWLINE);
  sink.rows++;
}

/** IDN variants that are not domain objects (RFC 9022 §5.6), one in each state. */
function writeVariants(writer: Writer, plan: Plan): void {
  const { registry } = writer;
  const sink = writer.sinks.nndn;
  const label = uLabel(registry.seed, plan.index);
  const zone = registry.zones[plan.zone];
  const original = `${aLabel(label)}.${zone}`;
  const states = ['blocked,', 'withheld,', 'mirrored,1', 'mirrored,', 'mirrored,0'];
  makeRoom(sink);
  states.forEach((state, i) => {
    const name = `${aLabel(`${label}-ä${i}`)}.${zone}`;
    putText(sink, `${name},LATN,${original},${state},2005-04-23T11:49:00.0Z\n`);
    sink.rows++;
  });
  // A reserved name, which is no variant of any.
  putText(sink, `reserved-${plan.index}.${zone},,,blocked,,2005-04-23T11:49:00.0Z\n`);
  sink.rows++;
}
