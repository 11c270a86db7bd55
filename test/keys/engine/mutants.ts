/**
 * Defects of the key engine, one rule or waiting time each, and the scenario in which the model
 * check finds it. A piece of code is that of the compiled file.
 *
 * What is not here, because the engine is safe twice: a step's own preconditions (a ZSK signs when
 * its DNSKEY is known, a DNSKEY goes when the DS is gone) and the order of steps only keep it from
 * trying what the rules forbid anyway. They are here together with the rule that stands behind them.
 * With RFC 5011 a key waits for propagation and TTL twice, before its hold-down and after. And the
 * margin of the DS is for what no model knows: reports here are true.
 */

import type { Defect } from './engines.js';

export interface Mutant {
  readonly name: string;
  readonly defects: readonly Defect[];
  /** The name of a scenario. */
  readonly scenario: string;
  /** What the check says. */
  readonly wrong: RegExp;
}

const rules = (from: string, to: string): Defect => ({ file: 'rules', from, to });
const times = (from: string, to: string): Defect => ({ file: 'times', from, to });
const steps = (from: string, to: string): Defect => ({ file: 'steps', from, to });

const NO_RULE_2 = rules('if ((same & signing) !== 0)', 'if (true)');
const NO_RULE_2_SIGNERS = rules('if ((signing & mask) === 0)', 'if (false)');
const NO_RULE_3 = rules('if ((signatures.keys & inSet & mask) !== 0)', 'if (true)');
const INCONSISTENT = steps(
  'consistent: isConsistent(after, policy) || !isConsistent(before, policy)',
  'consistent: true',
);
const DNSKEY = 'return [times.propagation, times.dnskeyTtl, times.margin];';
const ZRRSIG = 'return [times.propagation, times.zoneTtl, times.margin];';
const DS = 'return [times.parentPropagation, times.dsTtl, times.margin];';
const ANCHOR = 'return [HOLD_DOWN, times.propagation, looks, times.margin];';
const SEEN = 'const seen = rumoured ? key.dsSeen : key.dsGone;';
const without = (parts: string, part: string): Defect =>
  times(parts, parts.replace(new RegExp(`${part}(, )?`), '').replace(', ]', ']'));

/** Nobody who validates strictly, or nobody at all, gets from the DS to the keys, or to the data. */
const KEYS_FAIL = /\(ds-dnskey\)/;
const DATA_FAILS = /\(dnskey-data\)/;

function mutant(
  name: string,
  scenario: string,
  wrong: RegExp,
  ...defects: readonly Defect[]
): Mutant {
  return { name, defects, scenario, wrong };
}

export const MUTANTS: readonly Mutant[] = [
  // The rules.
  mutant(
    'rule 1 dropped',
    'KSK, early DS',
    /no DS/,
    rules('!live.some((key) => followed(key))', 'false'),
  ),
  mutant('rule 2 dropped: DS to DNSKEY', 'algorithm, early DS', KEYS_FAIL, NO_RULE_2),
  mutant(
    'rule 2 dropped: each algorithm signs the DNSKEY RRset',
    'another algorithm whose KSK has a Publish time',
    KEYS_FAIL,
    NO_RULE_2_SIGNERS,
    INCONSISTENT,
  ),
  mutant('rule 3 dropped', 'algorithm', DATA_FAILS, NO_RULE_3),
  mutant(
    'rule 2 without algorithms: any DS that can be followed suffices',
    'algorithm, early DS',
    KEYS_FAIL,
    rules(
      'return [...algorithmsOf(keys, ds)].map((algorithm) => ds & maskOf(keys, algorithm));',
      'return [ds];',
    ),
  ),
  mutant(
    'only the DNSKEY RRset of now is looked at',
    'algorithm',
    DATA_FAILS,
    rules('of keySets)', 'of keySets.slice(-1))'),
  ),
  mutant(
    'only the signatures of now are looked at',
    'algorithm',
    DATA_FAILS,
    rules('of signatureSets)', 'of signatureSets.slice(-1))'),
  ),
  mutant(
    'replaced RRsets are taken to be forgotten at once',
    'algorithm',
    DATA_FAILS,
    rules('if (ended + keep <= now)', 'if (ended <= now)'),
  ),
  mutant(
    'a DS that comes or goes is taken to be there',
    'revoke',
    KEYS_FAIL,
    rules('for (let n = 0; n <', 'for (let n = (1 << open.length) - 1; n <'),
  ),
  mutant(
    'a DS that comes or goes is taken not to be there',
    'algorithm',
    DATA_FAILS,
    rules('n < 1 << open.length; n++', 'n < 1; n++'),
  ),

  // The waits.
  mutant('DNSKEY: propagation', 'ZSK', DATA_FAILS, without(DNSKEY, 'times.propagation')),
  mutant('DNSKEY: TTL', 'ZSK', DATA_FAILS, without(DNSKEY, 'times.dnskeyTtl')),
  mutant('DNSKEY: margin', 'late publication, ZSK', DATA_FAILS, without(DNSKEY, 'times.margin')),
  mutant('signatures: propagation', 'ZSK', DATA_FAILS, without(ZRRSIG, 'times.propagation')),
  mutant('signatures: TTL', 'ZSK', DATA_FAILS, without(ZRRSIG, 'times.zoneTtl')),
  mutant(
    'signatures: margin',
    'late publication, ZSK',
    DATA_FAILS,
    without(ZRRSIG, 'times.margin'),
  ),
  mutant('DS: propagation', 'CSK', KEYS_FAIL, without(DS, 'times.parentPropagation')),
  mutant('DS: TTL', 'CSK', KEYS_FAIL, without(DS, 'times.dsTtl')),
  mutant(
    'a DS comes by time alone',
    'KSK, double DS',
    KEYS_FAIL,
    times(SEEN, 'const seen = rumoured ? since : key.dsGone;'),
  ),
  mutant(
    'a DS goes by time alone',
    'CSK',
    KEYS_FAIL,
    times(SEEN, 'const seen = rumoured ? key.dsSeen : since;'),
  ),
  mutant(
    'what was seen of an earlier DS is believed of this one',
    'KSK, early DS',
    /./,
    steps('after = { ...after, dsSeen: undefined };', '{}'),
    steps('after = { ...after, dsGone: undefined };', '{}'),
    // Which a second rule would make good here.
    times('Math.max(seen, since)', 'seen'),
  ),
  mutant('RFC 5011: hold-down', 'RFC 5011', /./, without(ANCHOR, 'HOLD_DOWN')),
  mutant(
    'RFC 5011: looks once an hour at the most',
    'RFC 5011, short TTL',
    /./,
    times('times.dnskeyTtl.seconds < LOOKS.seconds ? LOOKS : times.dnskeyTtl', 'times.dnskeyTtl'),
  ),
  mutant(
    'RFC 5011: a key is revoked before its successor is trusted',
    'RFC 5011',
    /./,
    steps("if (anchors.some((key) => stays(key) && known(key, 'ds')))", 'if (true)'),
    NO_RULE_2,
  ),
  mutant('a lowered TTL counts at once', 'TTLs down, ZSK', DATA_FAILS, {
    file: 'observed',
    from: 'if (seconds <= configured.seconds)',
    to: 'if (true)',
  }),
  mutant(
    'a TTL counts from the build that published it, not from the one that replaced it',
    'TTLs down, ZSK',
    DATA_FAILS,
    { file: 'observed', from: 'i === last ? { ...one, lastSeen: now } : one', to: 'one' },
  ),

  // The steps.
  mutant(
    'a ZSK signs before its DNSKEY is known',
    'ZSK',
    DATA_FAILS,
    steps("if (signing.length > 0 && !known(key, 'dnskey'))", 'if (false)'),
    NO_RULE_3,
  ),
  mutant(
    'the old signatures go on beside the new ones',
    'emergency ZSK in a ZSK roll',
    /two keys/,
    steps(
      "changes: [...put([key], 'zrrsig', 'rumoured'), ...put(signing, 'zrrsig', 'unretentive')]",
      "changes: put([key], 'zrrsig', 'rumoured')",
    ),
  ),
  mutant(
    'a DNSKEY goes before its signatures are forgotten',
    'ZSK',
    DATA_FAILS,
    steps("if (!away(key, 'zrrsig'))", 'if (false)'),
    NO_RULE_3,
  ),
  mutant(
    'when a record had come is forgotten',
    'ZSK + ZSK + ZSK',
    DATA_FAILS,
    steps("if (!away(key, 'zrrsig'))", 'if (false)'),
    {
      file: 'model',
      from: "state === 'unretentive' && before?.state === 'rumoured' ? before.since : undefined",
      to: 'undefined',
    },
  ),
  mutant(
    'a DNSKEY goes before its DS is forgotten',
    'KSK, double signature',
    KEYS_FAIL,
    steps("const free = going.filter((key) => away(key, 'ds'));", 'const free = going;'),
    NO_RULE_2,
  ),
  mutant(
    'a DS is asked for before its DNSKEY is known',
    'KSK, double signature',
    KEYS_FAIL,
    steps("wanting.filter((key) => known(key, 'dnskey') && known(key, 'krrsig'))", 'wanting'),
    NO_RULE_2,
  ),
  mutant(
    'a zone that is not signed by its own keys',
    'emergency ZSK in an algorithm roll',
    /./,
    INCONSISTENT,
  ),

  // What is said, and that it ends.
  mutant('an emergency does not say what it breaks', 'emergency ZSK', DATA_FAILS, {
    file: 'advance',
    from: '...(breaks.length > 0 ? { breaks } : {})',
    to: '',
  }),
  mutant(
    'an emergency says that it is over too early',
    'emergency ZSK',
    DATA_FAILS,
    rules('until: first?.at,', 'until: first && first.at - 3600,'),
  ),
  mutant(
    'a step is said to come when the last data expires',
    'going insecure in an algorithm roll',
    /too early/,
    {
      file: 'explain',
      from: 'const until = taken.find(({ steps }) => steps.has(step.what))?.at;',
      to: 'const until = lawfulFrom(breaks);',
    },
  ),
  mutant(
    'a DS that leads nowhere stays',
    'KSK + algorithm, double DS',
    /no end/,
    steps('if (vain.length < old.length)', 'if (false)'),
  ),
  mutant(
    'the ZSK of a revoked algorithm stays',
    'RFC 5011, algorithm',
    /no end/,
    steps('...withdraw([...old, ...rest])', '...withdraw(old)'),
  ),
  mutant(
    'a trust anchor goes without a successor',
    'RFC 5011, going insecure',
    /./,
    steps("if (policy.anchor === 'rfc5011')\n            return;", ''),
  ),
  mutant('requests are not judged', 'revoke', /./, {
    file: 'requests',
    from: 'if (breaks.length === 0 || emergency)',
    to: 'if (true)',
  }),
];
