/**
 * Turns internationalised names into A-labels, strictly: the mapping of UTS #46 without its
 * transitional part, then the rules of IDNA 2008 (RFC 5891 §§4.2, 5.4; code points of RFC 5892,
 * bidirectional rule of RFC 5893).
 *
 * UTS #46 by itself lets through what IDNA 2008 does not, such as emoji; the derived property of
 * RFC 5892 §3 is therefore computed here from Unicode's own properties. The tables of the mapping
 * are large and are loaded when the first name needs them.
 */
import { createRequire } from 'node:module';

interface Tr46 {
  toASCII(
    name: string,
    options: {
      checkHyphens: boolean;
      checkBidi: boolean;
      checkJoiners: boolean;
      useSTD3ASCIIRules: boolean;
      verifyDNSLength: boolean;
      transitionalProcessing: boolean;
    },
  ): string | null;
  toUnicode(name: string, options: { checkHyphens: boolean }): { domain: string; error: boolean };
}

let loaded: Tr46 | undefined;

function tr46(): Tr46 {
  loaded ??= createRequire(import.meta.url)('tr46') as Tr46;
  return loaded;
}

const ASCII = /^[\0-\x7f]*$/;
const LDH = /^[a-z0-9-]*$/;

/** RFC 5892 §2.6: code points whose general properties would give a wrong answer. */
const ALWAYS = /^[\u00df\u03c2\u06fd\u06fe\u0f0b\u3007]$/u;
const NEVER = /^[\u0640\u07fa\u302e\u302f\u3031-\u3035\u303b]$/u;
/** RFC 5892 §2.8 and §2.9: ignorable blocks and old Hangul jamo. */
const NEVER_BLOCKS =
  /^[\u{20d0}-\u{20ff}\u{1d100}-\u{1d1ff}\u{1d200}-\u{1d24f}\u{1100}-\u{11ff}\u{a960}-\u{a97f}\u{d7b0}-\u{d7ff}]$/u;
/** RFC 5892 §2.1, without the upper-case letters that are never stable. */
const LETTER_DIGIT = /^[\p{Ll}\p{Lo}\p{Lm}\p{Mn}\p{Mc}\p{Nd}]$/u;
const IGNORABLE = /^[\p{Default_Ignorable_Code_Point}\p{White_Space}\p{Noncharacter_Code_Point}]$/u;
const JOINER = /^[\u200c\u200d]$/u;

const ARABIC_INDIC = /[\u0660-\u0669]/u;
const EXTENDED_ARABIC_INDIC = /[\u06f0-\u06f9]/u;

/** Why a code point may not stand where it does; undefined: it may (RFC 5892 §3, appendix A). */
function codePointFault(points: readonly string[], i: number): string | undefined {
  const c = points[i];
  if (c <= '\x7f') {
    return LDH.test(c) ? undefined : 'is no letter, digit or hyphen';
  }
  switch (c) {
    case '\u00b7':
      return points[i - 1] === 'l' && points[i + 1] === 'l'
        ? undefined
        : 'stands between l and l only';
    case '\u0375':
      return /^\p{Script=Greek}$/u.test(points[i + 1] ?? '') ? undefined : 'needs Greek behind it';
    case '\u05f3':
    case '\u05f4':
      return /^\p{Script=Hebrew}$/u.test(points[i - 1] ?? '')
        ? undefined
        : 'needs Hebrew before it';
    case '\u30fb':
      return points.some((p) => /^[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]$/u.test(p))
        ? undefined
        : 'needs Japanese letters beside it';
    default:
      break;
  }
  // The joiners' context has been checked with the mapping (CheckJoiners).
  if (JOINER.test(c) || ALWAYS.test(c)) return undefined;
  const refused =
    NEVER.test(c) ||
    NEVER_BLOCKS.test(c) ||
    IGNORABLE.test(c) ||
    !LETTER_DIGIT.test(c) ||
    c.normalize('NFKC').toLowerCase().normalize('NFKC') !== c;
  return refused ? 'is not allowed in IDNA 2008' : undefined;
}

function labelFault(label: string): string | undefined {
  const points = Array.from(label);
  for (let i = 0; i < points.length; i++) {
    const fault = codePointFault(points, i);
    if (fault !== undefined) {
      const hex = points[i].codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
      return `U+${hex} ${fault}`;
    }
  }
  if (ARABIC_INDIC.test(label) && EXTENDED_ARABIC_INDIC.test(label)) {
    return 'mixes two kinds of Arabic-Indic digits';
  }
  return undefined;
}

/**
 * The name with every U-label as an A-label, in lower case. Labels that are ASCII already are
 * lower-cased and otherwise left alone; a final dot is kept.
 *
 * @throws RangeError with the reason when the name breaks IDNA 2008.
 * @example toAscii('München.COM') // 'xn--mnchen-3ya.com'
 */
export function toAscii(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  const fail = (reason: string): never => {
    throw new RangeError(`"${text}" is no internationalised name: ${reason}`);
  };
  const mapped = tr46().toUnicode(text, { checkHyphens: false }).domain;
  const labels = mapped.split('.');
  for (const label of labels) {
    if (ASCII.test(label)) continue;
    const fault = labelFault(label);
    if (fault !== undefined) fail(fault);
    if (label.startsWith('-') || label.endsWith('-')) fail('a label begins or ends with a hyphen');
    if (label.slice(2, 4) === '--') fail('a label has hyphens in its third and fourth place');
  }
  const ascii =
    tr46().toASCII(text, {
      checkHyphens: false,
      checkBidi: true,
      checkJoiners: true,
      // STD 3 is checked above, label by label: ASCII labels such as _dmarc are the caller's.
      useSTD3ASCIIRules: false,
      verifyDNSLength: false,
      transitionalProcessing: false,
    }) ?? fail('it breaks the rules for joiners, marks or writing from right to left');
  for (const label of ascii.split('.')) {
    if (label.length > 63) fail('an A-label is longer than 63 octets');
  }
  return ascii;
}
