/**
 * What the offline machine does with a key signing request: looks at it as at a stranger's, and
 * signs it. Everything in the request may have been written by somebody who broke into the online
 * machine; the KSK must not sign what would break the zone or outlast the next ceremony.
 */

import { formatDuration } from '../../config/duration.js';
import { isoTime } from '../../config/time.js';
import { algorithmByNumber, algorithmName } from '../../dnssec/algorithms.js';
import { bitLength, FLAG_ZONE, parseRsaPublicKey } from '../../dnssec/dnskey.js';
import { publicKeyObject } from '../../dnssec/keyobject.js';
import { keyTag } from '../../dnssec/keytag.js';
import { refusal, ZonewrightError } from '../../errors.js';
import { equalBytes, zoneLabel } from '../../names/name.js';
import { openSigner, type Signer } from '../../sign/engine.js';
import { isAnnounced, keyRecordSets } from '../keyrecords.js';
import { revokedForm } from '../select.js';
import { isRevoked, isSep, type KeyPair, signingKey } from '../store.js';
import { phaseAt, TIMING_FIELDS } from '../timing.js';
import {
  type Bundle,
  type BundleFile,
  dnskeysOf,
  expiryOf,
  type SignatureTimes,
} from './bundle.js';
import { bundleFault, dnskeyFault, flagsOf, tagClash } from './check.js';
import { inOrder, signRecordSet } from './rrset.js';

/** No RSA key below is signed for: NIST SP 800-57 part 1, table 2 (112 bits of strength). */
const MIN_RSA_BITS = 2048;

/** Seconds: signatures that begin longer ago serve nobody whose clock is right. */
const MAX_INCEPTION_OFFSET = 7 * 86_400;
/** More than this many bundles are a mistake, or meant to keep this machine busy. */
const MAX_BUNDLES = 10_000;

/** What the offline machine lets itself be asked for. Seconds. */
export interface SigningLimits {
  readonly times: SignatureTimes;
  /** The longest life of one signature. */
  readonly maxValidity: number;
  /** From `now` until the last signature expires, at most. */
  readonly maxPeriod: number;
  /** Until when the last bundle's keys are signed again and again; undefined: once. */
  readonly until: number | undefined;
  /** DS digest types of the CDS records. */
  readonly digests: readonly number[];
  readonly now: number;
}

/** One bundle to be signed. */
export interface PlannedBundle {
  readonly at: number;
  /** The request's bundle. */
  readonly zsks: readonly Uint8Array[];
  readonly ttl: number;
  /** In the form in which they are published. */
  readonly ksks: readonly KeyPair[];
  readonly signers: readonly KeyPair[];
  readonly announced: readonly KeyPair[];
}

/** The KSKs of a bundle at its time, by the timing metadata of the offline store. */
function ksksAt(keys: readonly KeyPair[], at: number) {
  const ksks: KeyPair[] = [];
  const signers: KeyPair[] = [];
  const announced: KeyPair[] = [];
  for (const key of keys) {
    const phase = phaseAt(key.timing, at);
    const form = phase.revoked ? revokedForm(key) : key;
    if (phase.published) ksks.push(form);
    if (phase.published && phase.signs && key.secret !== undefined) signers.push(form);
    // Without a SyncPublish time the parent is to have the key that signs, as with dnssec-ksr.
    const told = key.timing.syncPublish !== undefined || key.timing.syncDelete !== undefined;
    const since = key.timing.syncPublish ?? (phase.signs ? Number.NEGATIVE_INFINITY : undefined);
    const isWanted = told ? isAnnounced({ ...key.timing, syncPublish: since }, at) : phase.signs;
    if (isWanted && !phase.removed && !phase.revoked && !isRevoked(key)) announced.push(form);
  }
  return { ksks, signers, announced };
}

/**
 * Checks a request and lays out what is to be signed.
 *
 * @param file of the request, for messages.
 * @param stored all keys in the offline machine's folder; the KSKs are those with SEP flag.
 * @throws ZonewrightError (exit 4) that says what of the request is refused, and why.
 */
export function planResponse(
  zone: Uint8Array,
  request: BundleFile,
  file: string,
  stored: readonly KeyPair[],
  limits: SigningLimits,
): PlannedBundle[] {
  const label = zoneLabel(zone);
  const ksks = stored.filter(isSep);
  if (!ksks.some((key) => key.secret !== undefined)) {
    throw refusal(`there is no KSK of ${label} with its private half here`, {
      hint: 'name its folder with --key-dir; make one with "zonewright keys generate --role ksk"',
    });
  }
  checkTimes(limits);
  const plan: PlannedBundle[] = [];
  const { bundles } = request;
  checkPeriod(bundles, file, limits);
  for (const [i, bundle] of bundles.entries()) {
    const refuse = (message: string, hint?: string): ZonewrightError =>
      refusal(`the bundle of ${isoTime(bundle.at)} ${message}`, {
        place: { file, line: bundle.line },
        hint,
      });
    checkZsks(bundle, ksks, refuse);
    if (i > 0) checkChange(bundles[i - 1], bundle, refuse);
    // The keys of a bundle are signed anew before the signatures expire, and when the KSKs change.
    const end = bundles[i + 1]?.at ?? Math.max(bundle.at + 1, limits.until ?? 0);
    for (let at = bundle.at; at < end; ) {
      const then = ksksAt(ksks, at);
      checkAlgorithms(bundle, at, then, refuse);
      if (plan.length === MAX_BUNDLES) {
        throw refuse(`would be one more than ${MAX_BUNDLES} to be signed`, 'ask for less');
      }
      plan.push({ at, zsks: dnskeysOf(bundle), ttl: bundle.sets[0].ttl, ...then });
      at = nextAt(ksks, at, limits.times);
    }
  }
  return plan;
}

/** When what was signed at `at` has to be signed anew. */
function nextAt(ksks: readonly KeyPair[], at: number, times: SignatureTimes): number {
  const changes = ksks.flatMap((key) => TIMING_FIELDS.map(([name]) => key.timing[name] ?? 0));
  return Math.min(at + times.validity - times.refresh, ...changes.filter((time) => time > at));
}

type Refuse = (message: string, hint?: string) => ZonewrightError;

function checkTimes({ times, maxValidity }: SigningLimits): void {
  const { validity, refresh, inceptionOffset } = times;
  if (inceptionOffset > MAX_INCEPTION_OFFSET) {
    throw refusal(
      `signatures are asked for that begin ${formatDuration(inceptionOffset)} before their time; at most ${formatDuration(MAX_INCEPTION_OFFSET)} is signed`,
      { hint: '--inception-offset chooses another one' },
    );
  }
  if (validity > maxValidity) {
    throw refusal(
      `signatures are asked for that live ${formatDuration(validity)}; at most ${formatDuration(maxValidity)} is signed`,
      { hint: 'a longer life is allowed by --max-validity; --validity chooses another one' },
    );
  }
  if (refresh >= validity) {
    throw refusal(
      `signatures that live ${formatDuration(validity)} can't be replaced with ${formatDuration(refresh)} left`,
      { hint: 'choose a shorter --refresh or a longer --validity' },
    );
  }
}

function checkPeriod(bundles: readonly Bundle[], file: string, limits: SigningLimits): void {
  const { now, times, maxPeriod, until } = limits;
  const first = bundles[0].at;
  const last = Math.max(bundles[bundles.length - 1].at, until ?? 0) + times.validity;
  if (first + times.validity <= now) {
    throw refusal(
      `the request begins at ${isoTime(first)}: those signatures would have expired by now`,
      { place: { file }, hint: 'make a new request, or set the clock of this machine' },
    );
  }
  if (last > now + maxPeriod) {
    throw refusal(
      `the last signatures would expire at ${isoTime(last)}, more than ${formatDuration(maxPeriod)} from now`,
      {
        place: { file },
        hint: 'what is signed in advance serves whoever takes the online keys, until then; ask for less, or allow more with --max-period',
      },
    );
  }
}

/** Each key of a request must be one that a zone may be signed with, and none of the KSKs. */
function checkZsks(bundle: Bundle, ksks: readonly KeyPair[], refuse: Refuse): void {
  const zsks = dnskeysOf(bundle);
  for (const zsk of zsks) {
    const tag = keyTag(zsk);
    if (flagsOf(zsk) !== FLAG_ZONE) {
      throw refuse(
        `has key ${tag} with the flags ${flagsOf(zsk)}; only ZSKs (256) may be in a request`,
        'a key-signing key that is signed for could take over the zone',
      );
    }
    const fault = dnskeyFault(zsk) ?? weakness(zsk) ?? brokenPoint(zsk);
    if (fault !== undefined) throw refuse(`has key ${tag}, which ${fault}`);
    if (ksks.some((key) => equalBytes(key.dnskey.subarray(4), zsk.subarray(4)))) {
      throw refuse(`has key ${tag}, which is a KSK with other flags`);
    }
  }
  const live = ksks.filter((key) => !phaseAt(key.timing, bundle.at).removed);
  const clash = tagClash([...zsks, ...live.map((key) => key.dnskey)]);
  if (clash !== undefined) {
    throw refuse(
      `has a key with the tag of another one (${keyTag(clash[0])}, ${keyTag(clash[1])}), as they are or revoked`,
      'a signature could not be told to be of the one or the other: make another ZSK',
    );
  }
}

function weakness(zsk: Uint8Array): string | undefined {
  if (algorithmByNumber(zsk[3])?.family !== 'rsa') return undefined;
  const bits = bitLength(parseRsaPublicKey(zsk.subarray(4))?.modulus ?? new Uint8Array(0));
  return bits < MIN_RSA_BITS ? `has ${bits} bits, not at least ${MIN_RSA_BITS}` : undefined;
}

function brokenPoint(zsk: Uint8Array): string | undefined {
  try {
    publicKeyObject(zsk);
    return undefined;
  } catch (error) {
    if (!(error instanceof ZonewrightError)) throw error;
    return 'is no key that signatures could be checked with';
  }
}

/** From one bundle to the next, a key of each algorithm must stay: caches hold either RRset. */
function checkChange(before: Bundle, bundle: Bundle, refuse: Refuse): void {
  const old = dnskeysOf(before);
  const now = dnskeysOf(bundle);
  for (const algorithm of new Set(now.map((zsk) => zsk[3]))) {
    const own = old.filter((zsk) => zsk[3] === algorithm);
    if (own.length === 0) continue;
    if (own.some((zsk) => now.some((one) => equalBytes(one, zsk)))) continue;
    throw refuse(
      `replaces all ${algorithmName(algorithm)} ZSKs of the bundle before at once`,
      'a new ZSK is published beside the old one before it signs (RFC 7583 §3.2.1)',
    );
  }
}

/** What is signed with an algorithm has to be signed with all (RFC 4035 §2.2). */
function checkAlgorithms(
  bundle: Bundle,
  at: number,
  { ksks, signers }: Pick<PlannedBundle, 'ksks' | 'signers'>,
  refuse: Refuse,
): void {
  const zsks = new Set(dnskeysOf(bundle).map((zsk) => zsk[3]));
  const able = new Set(signers.filter((key) => !isRevoked(key)).map((key) => key.algorithm));
  const mute = [...zsks, ...ksks.map((key) => key.algorithm)].find((one) => !able.has(one));
  if (mute !== undefined) {
    throw refuse(
      `has keys of ${algorithmName(mute)}, and no KSK of it signs here at ${isoTime(at)}`,
      'bring the private half of the KSK here, or mend its times with dnssec-settime',
    );
  }
  const bare = [...able].find((algorithm) => !zsks.has(algorithm));
  if (bare !== undefined) {
    throw refuse(`has no ZSK of ${algorithmName(bare)}, and a KSK of it is published`);
  }
}

/**
 * Makes the response: all RRsets and their signatures, each verified before it is given away.
 *
 * @throws ZonewrightError (exit 4) when a signature does not verify.
 */
export async function signResponse(
  zone: Uint8Array,
  plan: readonly PlannedBundle[],
  { times, digests }: Pick<SigningLimits, 'times' | 'digests'>,
): Promise<Bundle[]> {
  const opened = new Map<string, Signer>();
  const signerOf = async (key: KeyPair): Promise<Signer> => {
    const name = `${key.file} ${key.tag}`;
    const signer = opened.get(name) ?? (await openSigner(signingKey(key), 'openssl'));
    opened.set(name, signer);
    return signer;
  };
  const bundles: Bundle[] = [];
  for (const { at, zsks, ttl, ksks, signers, announced } of plan) {
    const dnskeys = [...ksks.map((key) => key.dnskey), ...zsks];
    const children = announced.map((key) => key.dnskey);
    const sets = keyRecordSets(zone, dnskeys, children, ttl, digests);
    const rrsigs: Uint8Array[] = [];
    for (const key of signers) {
      const signer = await signerOf(key);
      const [from, to] = [at - times.inceptionOffset, at + times.validity];
      for (const set of sets) rrsigs.push(signRecordSet(zone, set, signer, from, to));
    }
    bundles.push({ at, sets, rrsigs: inOrder(rrsigs) });
  }
  for (const [i, bundle] of bundles.entries()) {
    const fault = bundleFault(zone, bundle, bundles[i + 1]?.at);
    if (fault !== undefined) {
      throw refusal(`the bundle of ${isoTime(bundle.at)} that was signed is bad: ${fault}`, {
        hint: 'nothing was written',
      });
    }
  }
  return bundles;
}

/** When the last signature of a response expires. */
export function lastExpiry(bundles: readonly Bundle[]): number {
  return Math.max(...bundles.map(expiryOf));
}
