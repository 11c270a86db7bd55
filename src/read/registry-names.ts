/**
 * Reads the names of a registry export: text to lower-case wire form, the zone that a name
 * belongs to, and its sort key there. The hot path works on octets; a name that is not ASCII
 * goes through IDNA (names/idna.ts).
 */
import { toAscii } from '../names/idna.js';
import {
  countLabels,
  MAX_KEY,
  MAX_WIRE,
  NameFault,
  nameFaultText,
  ROOT,
  textToWire,
  wireToKey,
} from '../names/name.js';
import { isPunycode } from '../names/punycode.js';

/** The name is in none of the zones. */
export const OUTSIDE = -1;
/** The name can't be used; `fault` says why. */
export const REFUSED = -2;

/** What an octet is in a host name (RFC 952, RFC 1123 §2.1). */
const OTHER = 0;
const LETTER = 1;
const HYPHEN = 2;
const DOT = 3;
const HIGH = 4;
const KIND = new Uint8Array(256);
const LOWER = new Uint8Array(256);
for (let c = 0; c < 256; c++) {
  LOWER[c] = c >= 0x41 && c <= 0x5a ? c + 32 : c;
  const lower = LOWER[c];
  if ((lower >= 0x61 && lower <= 0x7a) || (c >= 0x30 && c <= 0x39)) KIND[c] = LETTER;
  else if (c >= 0x80) KIND[c] = HIGH;
}
KIND[0x2d] = HYPHEN;
KIND[0x2e] = DOT;

const NOT_LDH = -20;
const EDGE_HYPHEN = -21;
const NOT_PUNYCODE = -22;
const NOT_ASCII = -23;

const utf8 = new TextDecoder('utf-8', { fatal: true });
const encoder = new TextEncoder();

/** Reads names; holds the last one read of each kind. */
export class RegistryNames {
  /** Wire form of the last domain name, and its length. */
  readonly wire = new Uint8Array(MAX_WIRE + 1);
  wireLength = 0;
  /** Sort key of the last domain name in its zone. */
  readonly key = new Uint8Array(MAX_KEY);
  keyLength = 0;
  /** Wire form of the last host name. */
  readonly hostWire = new Uint8Array(MAX_WIRE + 1);
  hostLength = 0;
  /** Sort key of the last host name that {@link locateHost} was asked for. */
  readonly hostKey = new Uint8Array(MAX_KEY);
  hostKeyLength = 0;
  /** Why the last name was refused: `is no host name`. */
  fault = '';

  private readonly apexes: readonly Uint8Array[];
  private readonly labels: readonly number[];
  /** Zones in the order in which they are tried: the longest name first. */
  readonly order: readonly number[];
  private readonly lastText = new Uint8Array(1024);
  private lastLength = -1;
  private lastZone = OUTSIDE;

  /** @param apexes wire names of the zones. */
  constructor(apexes: readonly Uint8Array[]) {
    this.apexes = apexes;
    this.labels = apexes.map((apex) => countLabels(apex));
    this.order = apexes.map((_, i) => i).sort((a, b) => this.labels[b] - this.labels[a]);
  }

  /**
   * Reads the name of a domain object in `text[start, end)`: letters, digits and hyphens.
   *
   * @returns the zone, as an index into the apexes, {@link OUTSIDE} or {@link REFUSED}. The key
   *   is set for a name in a zone.
   */
  domain(text: Uint8Array, start: number, end: number): number {
    const length = end - start;
    // Child rows of a domain follow each other: most names are the one just read.
    if (length === this.lastLength) {
      const last = this.lastText;
      let i = 0;
      while (i < length && last[i] === text[start + i]) i++;
      if (i === length) return this.lastZone;
    }
    this.lastLength = -1;
    let wireLength = hostNameToWire(text, start, end, this.wire);
    if (wireLength === NOT_ASCII) {
      const ascii = this.fromUnicode(text, start, end);
      if (ascii === undefined) return REFUSED;
      wireLength = hostNameToWire(ascii, 0, ascii.length, this.wire);
    }
    if (wireLength < 0) {
      const wildcard = text[start] === 0x2a && text[start + 1] === 0x2e;
      this.fault = wildcard ? 'is a wildcard' : faultText(wireLength);
      return REFUSED;
    }
    this.wireLength = wireLength;
    const zone = this.zoneOf(this.wire, 0, wireLength);
    if (zone >= 0) {
      this.keyLength = wireToKey(this.wire, 0, this.labels[zone], this.key, 0);
      if (this.keyLength === 0) {
        this.fault = 'is the zone itself';
        return REFUSED;
      }
    }
    if (length <= this.lastText.length) {
      for (let i = 0; i < length; i++) this.lastText[i] = text[start + i];
      this.lastLength = length;
      this.lastZone = zone;
    }
    return zone;
  }

  /**
   * Reads the name of a host in `text[start, end)`. Any domain name will do: what is wrong with
   * it as a host name is a matter of the zone's rules.
   *
   * @returns false when it can't be used.
   */
  host(text: Uint8Array, start: number, end: number): boolean {
    let length = hostNameToWire(text, start, end, this.hostWire);
    if (length === NOT_ASCII) {
      const ascii = this.fromUnicode(text, start, end);
      if (ascii === undefined) return false;
      length = textToWire(ascii, 0, ascii.length, ROOT, this.hostWire, 0);
    } else if (length === NOT_LDH || length === EDGE_HYPHEN) {
      const at = end - start === 1 && text[start] === 0x40;
      length = at ? NOT_LDH : textToWire(text, start, end, ROOT, this.hostWire, 0);
    }
    if (length < 0) {
      this.fault = faultText(length);
      return false;
    }
    this.hostLength = length;
    return true;
  }

  /**
   * The zone of the host with the wire name `wire[at…]`, or {@link OUTSIDE}; sets
   * {@link hostKey}. A host may be at the apex.
   */
  locateHost(wire: Uint8Array, at: number, length: number): number {
    const zone = this.zoneOf(wire, at, length);
    if (zone >= 0) this.hostKeyLength = wireToKey(wire, at, this.labels[zone], this.hostKey, 0);
    return zone;
  }

  /** The closest enclosing zone of a wire name. */
  private zoneOf(wire: Uint8Array, at: number, length: number): number {
    const { order, apexes } = this;
    for (let k = 0; k < order.length; k++) {
      const apex = apexes[order[k]];
      const from = at + length - apex.length;
      if (from < at) continue;
      let i = apex.length - 1;
      while (i >= 0 && wire[from + i] === apex[i]) i--;
      if (i >= 0) continue;
      // The tail agrees; it must begin where a label begins.
      let p = at;
      while (p < from) p += wire[p] + 1;
      if (p === from) return order[k];
    }
    return OUTSIDE;
  }

  private fromUnicode(text: Uint8Array, start: number, end: number): Uint8Array | undefined {
    let name: string;
    try {
      name = utf8.decode(text.subarray(start, end));
    } catch {
      this.fault = 'is not UTF-8';
      return undefined;
    }
    try {
      return encoder.encode(toAscii(name));
    } catch (error) {
      this.fault = `is no IDNA 2008 name (${(error as Error).message.replace(/^.*: /s, '')})`;
      return undefined;
    }
  }
}

function faultText(fault: number): string {
  switch (fault) {
    case NOT_LDH:
      return 'holds a character that no host name has';
    case EDGE_HYPHEN:
      return 'has a label that begins or ends with a hyphen';
    case NOT_PUNYCODE:
      return 'has a label with xn-- that is no A-label';
    default:
      return nameFaultText(fault);
  }
}

/**
 * Reads a host name (letters, digits, hyphens; a final dot is allowed) to lower-case wire form.
 *
 * @returns its length, or a negative fault.
 */
function hostNameToWire(text: Uint8Array, start: number, end: number, out: Uint8Array): number {
  if (end - start > 1024) return NameFault.longName;
  let stop = end;
  if (stop > start && text[stop - 1] === 0x2e) stop--;
  if (stop <= start) return NameFault.empty;
  let label = 0;
  let o = 1;
  let fault = 0;
  for (let i = start; i <= stop; i++) {
    const c = i < stop ? text[i] : 0x2e;
    const kind = KIND[c];
    if (kind === LETTER || kind === HYPHEN) {
      // Longer than any name: the buffer's end is near, and the count below says it.
      if (o < MAX_WIRE) out[o] = LOWER[c];
      o++;
      continue;
    }
    if (kind === HIGH) return NOT_ASCII;
    if (kind === OTHER) {
      // A later octet may still be non-ASCII, and then IDNA judges the whole name.
      fault = NOT_LDH;
      o++;
      continue;
    }
    const n = o - label - 1;
    if (fault !== 0) {
      label = o++;
      continue;
    }
    if (n === 0) fault = NameFault.emptyLabel;
    else if (n > 63) fault = NameFault.longLabel;
    else if (o + 1 > MAX_WIRE) fault = NameFault.longName;
    else {
      out[label] = n;
      if (out[label + 1] === 0x2d || out[o - 1] === 0x2d) fault = EDGE_HYPHEN;
      else if (n >= 4 && out[label + 3] === 0x2d && out[label + 4] === 0x2d) {
        const ace = out[label + 1] === 0x78 && out[label + 2] === 0x6e;
        if (ace && !isPunycode(out, label + 5, o)) fault = NOT_PUNYCODE;
      }
    }
    label = o++;
  }
  if (fault !== 0) return fault;
  // `label` is where the next label's length would stand: the root label.
  out[label] = 0;
  return label + 1;
}
