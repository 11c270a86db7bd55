/**
 * The work of `zonewright keys request`, `keys sign-request` and `keys import-response`: the files,
 * what is shown, and the order of writing. The rules are in the files beside this one.
 */

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { CommonOptions } from '../../cli/common.js';
import { countText, printJson } from '../../cli/output.js';
import type { TokenFlags } from '../../cli/token-flags.js';
import { formatDuration } from '../../config/duration.js';
import type { Config, ZoneConfig } from '../../config/model.js';
import { isoTime } from '../../config/time.js';
import { algorithmName } from '../../dnssec/algorithms.js';
import { bitLength, parseRsaPublicKey } from '../../dnssec/dnskey.js';
import { dsMatches } from '../../dnssec/ds.js';
import { keyTag } from '../../dnssec/keytag.js';
import { refusal, usageError } from '../../errors.js';
import { BUILD_INTERVAL } from '../../guard/guards.js';
import { zoneLabel } from '../../names/name.js';
import { readWrittenApex } from '../../publish/apex-of.js';
import { publishedOf } from '../../publish/published.js';
import { u32 } from '../../records/numbers.js';
import { readDsFile } from '../../verify/trust.js';
import { underLock } from '../commands/locked.js';
import { type Target, targets } from '../commands/targets.js';
import { replaceFile } from '../files.js';
import { generateKeyPair } from '../generate.js';
import { DEFAULT_STATE_POLICY } from '../list.js';
import { maybePassphrase, type PassphraseSource } from '../passphrase.js';
import { hasSecret } from '../roles.js';
import { isSep, type KeyPair, readKeys } from '../store.js';
import { tokenAccess } from '../token-access.js';
import { writeTiming } from '../write.js';
import { type Dialect, dnskeysOf, KSR, type SignatureTimes, SKR } from './bundle.js';
import { formatBundles } from './format.js';
import { joinResponse } from './import-response.js';
import { parseBundles, readBundleText } from './parse.js';
import { coveredUntil, zsksOf } from './presigned.js';
import { requestBundles, timelineOf } from './request.js';
import { lastExpiry, type PlannedBundle, planResponse, signResponse } from './sign-request.js';
import { readResponse, responseFile, writeResponse } from './store.js';
import { type NewZsk, planSuccessors, type RollRules } from './successors.js';

/** What the commands without a policy take from flags; seconds, undefined: not said. */
interface TimeFlags {
  readonly validity: number | undefined;
  readonly refresh: number | undefined;
  readonly inceptionOffset: number | undefined;
}

/** `zonewright keys request`. */
export interface KeysRequestOptions extends CommonOptions, TimeFlags {
  readonly zone: Uint8Array;
  readonly keyDir: string | undefined;
  /** Seconds since 1970; undefined: where the stored response ends, or now. */
  readonly from: number | undefined;
  readonly to: number;
  readonly zskLifetime: number | undefined;
  /** undefined: standard output. */
  readonly out: string | undefined;
  readonly format: Dialect;
}

/** `zonewright keys sign-request`. */
export interface KeysSignRequestOptions extends CommonOptions, TimeFlags {
  readonly file: string;
  readonly zone: Uint8Array;
  readonly keyDir: string;
  readonly out: string | undefined;
  /** undefined: the request's. */
  readonly format: Dialect | undefined;
  readonly maxValidity: number;
  readonly maxPeriod: number;
  /** Seconds since 1970. */
  readonly to: number | undefined;
  readonly digests: readonly number[];
  /** Do not ask. */
  readonly yes: boolean;
  /** How a KSK in a token, or an encrypted one, is opened. */
  readonly tokenFlags?: TokenFlags | undefined;
  readonly passphrase?: PassphraseSource | undefined;
}

/** `zonewright keys import-response`. */
export interface KeysImportResponseOptions extends CommonOptions {
  readonly file: string;
  readonly zone: Uint8Array;
  readonly keyDir: string | undefined;
  readonly shorten: boolean;
}

const DEFAULT_TIMES: SignatureTimes = {
  validity: DEFAULT_STATE_POLICY.signatureValidity,
  refresh: DEFAULT_STATE_POLICY.signatureRefresh,
  inceptionOffset: 3600,
};

/** The SOA expire (seconds) of a zone of which nothing is known yet; most registries have it. */
const USUAL_EXPIRE = 7 * 86_400;

/** The seconds that the build's guard wants every signature to live; undefined: not known. */
async function leastLifeOf({ config, entry }: Target): Promise<number | undefined> {
  const told = config?.guards.minSignatureLife;
  if (told !== undefined || config === undefined || entry === undefined) return told;
  // A master file brings its own SOA; the last that was built tells.
  const expire = entry.soa?.expire ?? (await publishedExpire(config, entry));
  return expire === undefined ? undefined : expire + BUILD_INTERVAL;
}

async function publishedExpire(config: Config, zone: ZoneConfig): Promise<number | undefined> {
  const file = publishedOf(join(config.outputDir, zone.label), zone.label)?.zoneFile;
  if (file === undefined || file.endsWith('.gz')) return undefined;
  const [soa] = (await readWrittenApex(file, zone.name)).soa;
  return soa === undefined ? undefined : u32(soa.rdata, soa.rdata.length - 8);
}

// ---- request ----------------------------------------------------------------------------------

/** Runs `zonewright keys request`. */
export async function keysRequestCommand(options: KeysRequestOptions): Promise<void> {
  if (options.json && options.out === undefined) throw jsonNeedsOut();
  const [target] = await targets({ ...options, zones: [options.zone] });
  await underLock(target.stateDir, 'keys request', () => request(options, target));
}

async function request(options: KeysRequestOptions, target: Target): Promise<void> {
  const { zone, keyDir, policy } = target;
  const { now, to, reporter } = options;
  const label = zoneLabel(zone);
  if (policy?.csk === true) {
    throw usageError(`the policy "${policy.name}" of ${label} has a CSK, which signs the zone`, {
      hint: 'a key that is needed every day can not be kept offline: set csk = false and roll to a KSK and a ZSK',
    });
  }
  const stored = readResponse(keyDir, zone) ?? [];
  const end = stored.at(-1)?.at ?? 0;
  const from = options.from ?? Math.max(now, end);
  if (to <= from) {
    throw usageError(`--to ${isoTime(to)} is not after ${isoTime(from)}, where the request begins`);
  }
  const times = await timesOf(options, target);
  const zsks = zsksOf(readKeys(keyDir, zone, { leaveSealed: true }));
  if (!zsks.some(hasSecret)) {
    throw refusal(`${label} has no ZSK with its private half in ${keyDir}`, {
      hint: `make one: zonewright keys generate --zone ${label} --role zsk`,
    });
  }
  const ttl =
    policy?.dnskeyTtl ??
    zsks.find((key) => key.ttl !== undefined)?.ttl ??
    DEFAULT_STATE_POLICY.dnskeyTtl;
  const plan = planSuccessors(zsks, rollRules(options, target, times, ttl), now, from, to);
  // First the ends, then the keys that follow: a run that is cut off in between goes on from there.
  for (const { key, timing } of plan.retimed) {
    reporter.info(`ZSK ${key.tag} ceases to sign at ${isoTime(timing.inactive ?? 0)}`);
    writeTiming(key, timing);
  }
  const passphrase = maybePassphrase(target.passphrase);
  const uri = policy?.keyStorage;
  const storage = uri === undefined ? undefined : { uri, access: target.access };
  const secretPlace = { passphrase, storage };
  for (const wish of plan.made) {
    const { tag } = generateKeyPair(keyDir, { ...newKey(zone, wish, ttl), ...secretPlace });
    reporter.info(
      `ZSK ${tag} made: published from ${isoTime(wish.timing.publish ?? 0)}, signs from ${isoTime(wish.timing.activate ?? 0)}`,
    );
  }
  const timeline = timelineOf(zsksOf(readKeys(keyDir, zone, { leaveSealed: true })));
  const step = times.validity - times.refresh;
  const bundles = requestBundles(timeline, { from, to, step, ttl });
  const text = formatBundles(KSR, options.format, zone, bundles, now, times);
  const sha256 = put(text, options.out);
  reporter.info(
    `${label}: ${countText(bundles.length)} bundles from ${isoTime(from)} to ${isoTime(to)}; SHA-256 of the request: ${sha256}`,
  );
  if (!options.json) return;
  printJson({
    zone: label,
    from: isoTime(from),
    to: isoTime(to),
    bundles: bundles.map((bundle) => ({
      from: isoTime(bundle.at),
      tags: dnskeysOf(bundle).map(keyTag),
    })),
    file: options.out,
    sha256,
  });
}

function newKey(zone: Uint8Array, { algorithm, like, timing }: NewZsk, ttl: number) {
  const rsa = parseRsaPublicKey(like.dnskey.subarray(4));
  // A short key of the past is no pattern for a new one: generateKeyPair knows the least.
  const bits = algorithm === 8 || algorithm === 10 ? bitLength(rsa?.modulus ?? like.dnskey) : 0;
  return {
    zone,
    algorithm,
    role: 'zsk' as const,
    timing,
    ttl,
    bits: bits > 2048 ? bits : undefined,
  };
}

/** How long signatures shall live; the build's guard may want more life than the policy says. */
async function timesOf(flags: TimeFlags, target: Target): Promise<SignatureTimes> {
  const { policy, config } = target;
  const validity = flags.validity ?? policy?.signatureValidity ?? DEFAULT_TIMES.validity;
  const usual = USUAL_EXPIRE + BUILD_INTERVAL;
  const assumed = config !== undefined && usual < validity ? usual : 0;
  const refresh = flags.refresh ?? policy?.signatureRefresh ?? DEFAULT_TIMES.refresh;
  return {
    validity,
    refresh: Math.max(refresh, (await leastLifeOf(target)) ?? assumed),
    inceptionOffset:
      flags.inceptionOffset ?? policy?.inceptionOffset ?? DEFAULT_TIMES.inceptionOffset,
  };
}

/** RFC 7583 §3.2.1, with the longest TTL that the zone is known to have. */
function rollRules(
  options: KeysRequestOptions,
  { policy, entry }: Target,
  times: SignatureTimes,
  ttl: number,
): RollRules {
  const spread =
    (policy?.propagationDelay ?? DEFAULT_STATE_POLICY.propagationDelay) +
    (policy?.safetyMargin ?? 0);
  const ttls = [entry?.nsTtl, entry?.dsTtl, entry?.glueTtl, entry?.soa?.ttl, entry?.soa?.minimum];
  const longest = Math.max(ttl, ...ttls.map((one) => one ?? 86_400));
  return {
    lifetime: options.zskLifetime ?? policy?.zskLifetime,
    prepublish: ttl + spread,
    retire: times.validity - times.refresh + longest + spread,
  };
}

// ---- sign-request -----------------------------------------------------------------------------

/** Runs `zonewright keys sign-request`; needs no configuration, and reads none. */
export async function keysSignRequestCommand(options: KeysSignRequestOptions): Promise<void> {
  const { file, zone, now, reporter } = options;
  if (options.json && options.out === undefined) throw jsonNeedsOut();
  const label = zoneLabel(zone);
  const text = readBundleText(file);
  const request = parseBundles(KSR, text, file, zone);
  const wished = request.times ?? DEFAULT_TIMES;
  const times: SignatureTimes = {
    validity: options.validity ?? wished.validity,
    refresh: options.refresh ?? wished.refresh,
    inceptionOffset: options.inceptionOffset ?? wished.inceptionOffset,
  };
  const { maxValidity, maxPeriod, digests, to: until } = options;
  const limits = { times, maxValidity, maxPeriod, until, digests, now };
  const access = {
    ...tokenAccess(options.tokenFlags),
    passphrase: maybePassphrase(options.passphrase),
  };
  const keys = readKeys(options.keyDir, zone, access);
  const plan = planResponse(zone, request, file, keys, limits);
  reporter.info(`request ${file}, SHA-256 ${sha256Of(text)}`);
  for (const line of planText(label, plan, times)) reporter.info(line);
  await confirm(options);
  const bundles = await signResponse(zone, plan, limits);
  const format = options.format ?? request.dialect;
  const sha256 = put(formatBundles(SKR, format, zone, bundles, now), options.out);
  reporter.info(`${label}: signed; SHA-256 of the response: ${sha256}`);
  if (!options.json) return;
  printJson({
    zone: label,
    bundles: plan.map(({ at, zsks, signers }) => ({
      from: isoTime(at),
      zsks: zsks.map(keyTag),
      signers: signers.map((key) => key.tag),
    })),
    lasts: isoTime(lastExpiry(bundles)),
    file: options.out,
    sha256,
  });
}

/** What will be signed, for the person who is asked to. */
function planText(
  label: string,
  plan: readonly PlannedBundle[],
  { validity, inceptionOffset }: SignatureTimes,
): string[] {
  const named = new Map<string, string>();
  for (const { zsks, ksks } of plan) {
    for (const key of ksks) named.set(key.file + key.tag, keyText('KSK', key.dnskey));
    for (const zsk of zsks) named.set(Buffer.from(zsk).toString('hex'), keyText('ZSK', zsk));
  }
  const rows = plan.map(({ at, zsks, ksks, signers, announced }) => {
    const tags = (keys: readonly KeyPair[]): string => keys.map((key) => key.tag).join(' ');
    const cds = announced.length > 0 ? `  CDS ${tags(announced)}` : '';
    return `  ${isoTime(at)}  until ${isoTime(at + validity)}  ZSK ${zsks.map(keyTag).join(' ')}  KSK ${tags(ksks)}${cds}  signed by ${tags(signers)}`;
  });
  return [
    `${label}: to be signed are ${countText(plan.length)} bundles, signatures of ${formatDuration(validity)} that begin ${formatDuration(inceptionOffset)} before:`,
    ...rows,
    'of the keys',
    ...named.values(),
  ];
}

/** `  ZSK 12345 ECDSAP256SHA256, SHA-256 of its DNSKEY 1f…`. */
function keyText(role: string, dnskey: Uint8Array): string {
  return `  ${role} ${keyTag(dnskey)} ${algorithmName(dnskey[3])}, SHA-256 of its DNSKEY ${sha256Of(dnskey)}`;
}

/** Asks on a terminal; elsewhere nobody is there to ask. */
async function confirm({ yes, file }: KeysSignRequestOptions): Promise<void> {
  if (yes || !process.stdin.isTTY || !process.stderr.isTTY) return;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question('Sign this? (yes or no) ');
    if (answer.trim().toLowerCase() === 'yes') return;
  } finally {
    terminal.close();
  }
  throw refusal('not signed', { place: { file }, hint: 'answer yes to sign, or give --yes' });
}

// ---- import-response --------------------------------------------------------------------------

/** Runs `zonewright keys import-response`. */
export async function keysImportResponseCommand(options: KeysImportResponseOptions): Promise<void> {
  const [target] = await targets({ ...options, zones: [options.zone] });
  await underLock(target.stateDir, 'keys import-response', () => importResponse(options, target));
}

async function importResponse(options: KeysImportResponseOptions, target: Target): Promise<void> {
  const { zone, keyDir, entry } = target;
  const { file, now, reporter } = options;
  const label = zoneLabel(zone);
  const response = parseBundles(SKR, readBundleText(file), file, zone);
  const keys = readKeys(keyDir, zone, { leaveSealed: true });
  const zsks = zsksOf(keys);
  const ds =
    typeof entry?.parentDs === 'string' ? await readDsFile(entry.parentDs, zone) : entry?.parentDs;
  const { bundles, warnings } = joinResponse(response.bundles, {
    zone,
    file,
    stored: readResponse(keyDir, zone) ?? [],
    zsks,
    timeline: timelineOf(zsks),
    known: keys.filter(isSep).map((key) => key.dnskey),
    atParent: (dnskey) => ds?.some((one) => dsMatches(one, zone, dnskey)) ?? false,
    leastLife: await leastLifeOf(target),
    mayShorten: options.shorten,
    now,
  });
  for (const warning of warnings) reporter.warn(warning);
  writeResponse(keyDir, zone, bundles, now);
  const path = responseFile(keyDir, zone);
  const lasts = coveredUntil(bundles, Math.max(now, bundles[0].at)) ?? now;
  reporter.info(
    `${label}: ${countText(bundles.length)} bundles are stored in ${path}; they last until ${isoTime(lasts)}`,
  );
  if (!options.json) return;
  printJson({
    zone: label,
    file: path,
    imported: response.bundles.length,
    bundles: bundles.map((bundle) => ({
      from: isoTime(bundle.at),
      tags: dnskeysOf(bundle).map(keyTag),
    })),
    lasts: isoTime(lasts),
    warnings,
  });
}

// ---- files ------------------------------------------------------------------------------------

function jsonNeedsOut() {
  return usageError('--json and the text would both go to standard output', {
    hint: 'give --out a file name',
  });
}

function sha256Of(data: Uint8Array | string): string {
  // The text was read octet by octet.
  const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
  return createHash('sha256').update(bytes).digest('hex');
}

/** Writes a text to a file, whole or not at all, or to standard output; returns its SHA-256. */
function put(text: string, out: string | undefined): string {
  if (out === undefined) {
    process.stdout.write(text);
  } else {
    try {
      replaceFile(out, text, 0o644);
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? 'error';
      throw usageError(`can't be written (${code})`, { place: { file: out }, cause });
    }
  }
  return sha256Of(text);
}
