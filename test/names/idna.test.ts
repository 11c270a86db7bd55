/** Internationalised names: UTS #46 mapping, IDNA 2008 (RFC 5891–5893), Punycode (RFC 3492). */
import { domainToUnicode } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toAscii } from '#zonewright/names/idna.js';
import { isPunycode } from '#zonewright/names/punycode.js';

describe('toAscii', () => {
  const good: [string, string][] = [
    ['München.COM', 'xn--mnchen-3ya.com'],
    ['Example.COM.', 'example.com.'],
    // RFC 5894 §7.2: sharp s and final sigma are letters of their own.
    ['straße.de', 'xn--strae-oqa.de'],
    ['ελλάς.gr', 'xn--hxarsa0b.gr'],
    ['ＡＢＣ。com', 'abc.com'],
    // Decomposed: a, combining acute accent.
    ['a\u0301b.com', 'xn--b-tfa.com'],
    ['_dmarc.münchen.de', '_dmarc.xn--mnchen-3ya.de'],
    // RFC 5892 appendix A.3 and A.7: middle dots.
    ['l·l.cat', 'xn--ll-0ea.cat'],
    ['ア・ア.jp', 'xn--ccka0y.jp'],
    // Appendix A.2: a joiner behind a virama.
    ['क्\u200dष.com', 'xn--11b2ezcw70k.com'],
    ['пример.испытание', 'xn--e1afmkfd.xn--80akhbyknj4f'],
  ];
  for (const [text, name] of good) {
    it(`converts ${text}`, () => {
      expect(toAscii(text)).toBe(name);
    });
  }

  const bad: [string, string, RegExp][] = [
    ['emoji', '☃.net', /U\+2603 is not allowed/],
    ['a heart', 'I♥.com', /U\+2665/],
    ['a middle dot between other letters', 'a·b.cat', /U\+00B7 stands between/],
    ['a lone katakana middle dot', 'ü・.jp', /U\+30FB needs Japanese/],
    ['a Greek keraia before Latin', '͵a.gr', /U\+0375 needs Greek/],
    ['a geresh behind Latin', 'a׳.il', /U\+05F3 needs Hebrew|right to left/],
    ['two kinds of digits', '٠۰.com', /Arabic-Indic/],
    ['a tatweel', 'بـب.com', /U\+0640/],
    ['a joiner without a virama', 'अ\u200c.com', /joiners/],
    ['a leading mark', '\u0301a.com', /marks/],
    ['mixed directions (RFC 5893)', 'א1a.com', /right to left/],
    ['hyphens in third and fourth place', 'ab--ü.com', /third and fourth/],
    ['a hyphen at the edge', '-ü.com', /begins or ends with a hyphen/],
    ['a full-width underscore', 'ａ＿ü.com', /U\+005F/],
    ['an A-label of an emoji beside a U-label', 'xn--n3h.ü.com', /U\+2603/],
    ['Punycode that is none beside a U-label', 'xn--99999999.ü.com', /./],
    ['a label that becomes too long', `${'ü'.repeat(60)}.com`, /longer than 63/],
  ];
  for (const [what, text, reason] of bad) {
    it(`refuses ${what}`, () => {
      expect(() => toAscii(text)).toThrow(RangeError);
      expect(() => toAscii(text)).toThrow(reason);
    });
  }

  it('throws nothing but RangeError, and what it returns decodes to what Unicode says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }), (text) => {
        let name: string;
        try {
          name = toAscii(text);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          return;
        }
        expect(name).toMatch(/^[\0-\x7f]*$/);
        // Alone, digits would be an IPv4 address to the other reader.
        if (!/^[a-z0-9.-]+$/.test(name)) return;
        const unicode = domainToUnicode(`${name}.test`).replace(/\.test$/, '');
        expect(toAscii(unicode || name)).toBe(name);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('isPunycode', () => {
  const check = (text: string): boolean => isPunycode(Buffer.from(text), 0, text.length);

  it('accepts the samples of RFC 3492 §7.1', () => {
    const samples = [
      'egbpdaj6bu4bxfgehfvwxn',
      'ihqwcrb4cv8a8dqg056pqjye',
      'proprostemluvesky-uyb24dma41a',
      '4dbcagdahymbxekheh6e0a7fei0b',
      'd9juau41awczczp',
      'porqunopuedensimplementehablarenespaol-fmd56a',
      'hello-another-way--fc4qua05auwb3674vfr0b',
      '2-u9tlzr9756bt3uc0v',
      'majikoi5-783gue6qz075azm5e',
      'n3h',
    ];
    expect(samples.filter((sample) => !check(sample))).toEqual([]);
  });

  it('refuses what is cut off, overflows, is empty or only ASCII', () => {
    const bad = ['', '-', '--', 'abc-', '99999999', 'mnchen-3y', 'a_b', '999999b'];
    expect(bad.filter(check)).toEqual([]);
  });

  it('agrees with Node on every A-label that Node makes', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'aüя日한ñ9-'), minLength: 1, maxLength: 15 }),
        (u) => {
          const a = new URL(`http://a${u}z.example`).hostname.split('.')[0];
          if (a.startsWith('xn--')) expect(check(a.slice(4))).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});
