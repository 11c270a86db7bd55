/**
 * Writes the sample registry as master files (RFC 1035 §5), one for each zone: unsigned, one
 * record a line. A master file knows no statuses, so every domain is delegated; names that
 * have no name servers in the registry are with the first hoster here, and a host without
 * address has one: the file is a zone that verifies.
 */
import { join } from 'node:path';
import { dayStart } from './days.js';
import { dsRandom, putDsFields } from './ds.js';
import {
  ADDRESS_BITS,
  type HostZones,
  hostZones,
  isV6,
  ownerOf,
  putAddress,
  putHostName,
} from './hosts.js';
import {
  ADDRESS,
  createPlan,
  describe,
  KEY_DATA,
  type Plan,
  type Registry,
  zoneOf,
} from './plan.js';
import type { SampleCounts } from './rde-csv.js';
import {
  closeSink,
  constant,
  drain,
  makeRoom,
  openSink,
  putByte,
  putBytes,
  putText,
  type Sink,
  STDOUT,
} from './sink.js';

const NS = constant('.\t172800\tin\tns\t');
const A = constant('.\t172800\tin\ta\t');
const AAAA = constant('.\t172800\tin\taaaa\t');
const DS = constant('.\t86400\tin\tds\t');
const END_OF_NAME = constant('.\n');
const NEWLINE = 0x0a;
const SPACE = 0x20;

/** Domains between two looks at what waits for the reader of standard output: a megabyte. */
const DRAIN_EVERY = 8192;

/** What `writeMaster` is told. */
export interface MasterOptions {
  /** A folder, or {@link STDOUT} for the only zone. */
  readonly out: string;
  readonly gzip: boolean;
  readonly pause: (domains: number) => Promise<void>;
}

/** The files of a sample in master format. */
export function masterFiles(zones: readonly string[], gzip: boolean): string[] {
  return zones.map((zone) => `${zone}.zone${gzip ? '.gz' : ''}`);
}

/** Writes `<zone>.zone` for each zone into the folder `options.out`, or to standard output. */
export async function writeMaster(
  registry: Registry,
  options: MasterOptions,
): Promise<SampleCounts> {
  const zones = hostZones(registry);
  const { out, gzip } = options;
  const files =
    out === STDOUT ? [out] : masterFiles(registry.zones, gzip).map((file) => join(out, file));
  const sinks = files.map((file) => openSink(file, gzip, 'CRC32'));
  const counts: SampleCounts = { domains: 0, hosts: 0, nndn: 0, bytes: 0, files };
  registry.zones.forEach((zone, i) => {
    putText(
      sinks[i],
      `${zone}.\t900\tin\tsoa\ta.gtld-servers.net. nstld.verisign-grs.com. ${dayStart(registry.day)} 1800 900 604800 86400\n` +
        `${zone}.\t172800\tin\tns\ta.gtld-servers.net.\n${zone}.\t172800\tin\tns\tb.gtld-servers.net.\n` +
        `www.nic.${zone}.\t86400\tin\ta\t198.18.0.80\n_dmarc.${zone}.\t86400\tin\ttxt\t"v=DMARC1; p=reject"\n`,
    );
  });
  const plan = createPlan();
  for (let index = 0; index < registry.domains; index++) {
    describe(registry, index, plan);
    const sink = sinks[plan.zone];
    makeRoom(sink);
    writeDelegation(sink, registry, zones, plan);
    counts.domains++;
    for (let i = 0; i < plan.hostCount; i++) {
      const hostSink = sinks[zoneOf(registry, ownerOf(plan.hosts[i]))];
      makeRoom(hostSink);
      writeAddresses(hostSink, registry, zones, plan.hosts[i], plan.addresses[i] || ADDRESS.v4);
      counts.hosts++;
    }
    if (index % DRAIN_EVERY === DRAIN_EVERY - 1) for (const one of sinks) await drain(one);
    if (index % 65536 === 65535) await options.pause(index + 1);
  }
  for (const sink of sinks) {
    closeSink(sink);
    await drain(sink);
    counts.bytes += sink.size;
  }
  return counts;
}

function putOwner(sink: Sink, zones: HostZones, plan: Plan): void {
  putBytes(sink, plan.label, plan.labelLength);
  putBytes(sink, zones.inside[plan.zone]);
}

function writeDelegation(sink: Sink, registry: Registry, zones: HostZones, plan: Plan): void {
  if (plan.serverCount === 0) {
    // Hosts 0 and 1 are those of the first hoster.
    plan.servers[plan.serverCount++] = 0;
    plan.servers[plan.serverCount++] = 1;
  }
  for (let i = 0; i < plan.serverCount; i++) {
    putOwner(sink, zones, plan);
    putBytes(sink, NS);
    putHostName(sink, registry, zones, plan.servers[i]);
    putBytes(sink, END_OF_NAME);
  }
  for (let i = 0; i < plan.dsCount; i++) {
    const type = plan.ds[i] === KEY_DATA ? 2 : plan.ds[i];
    putOwner(sink, zones, plan);
    putBytes(sink, DS);
    putDsFields(sink, dsRandom(registry, plan, i), type, SPACE);
    putByte(sink, NEWLINE);
  }
}

function writeAddresses(
  sink: Sink,
  registry: Registry,
  zones: HostZones,
  number: number,
  addresses: number,
): void {
  for (const bit of ADDRESS_BITS) {
    if ((addresses & bit) === 0) continue;
    putHostName(sink, registry, zones, number);
    putBytes(sink, isV6(bit) ? AAAA : A);
    putAddress(sink, registry.seed, number, bit);
    putByte(sink, NEWLINE);
  }
}
