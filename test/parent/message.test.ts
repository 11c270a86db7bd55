/** The question that the parent is asked, and the reading of answers, however broken. */
import { decode, encode } from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameFromText } from '#zonewright/names/name.js';
import {
  decodeMessage,
  encodeQuestion,
  MalformedMessage,
  type Message,
} from '#zonewright/parent/message.js';
import { answerWith, ds, dsRecord, response, ZONE, ZONE_TEXT } from './servers.js';

const QUERY = decode(Buffer.from(encodeQuestion(ZONE, 0x1234)));
const ANSWER = answerWith(QUERY, [ds(1), ds(2)]);
const OPT = {
  type: 'OPT' as const,
  name: '.',
  udpPayloadSize: 1232,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};

/** A message with these counts and octets after the header. */
function raw(counts: readonly [number, number, number, number], body: readonly number[]): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0x8400, 2);
  counts.forEach((count, i) => {
    head.writeUInt16BE(count, 4 + 2 * i);
  });
  return Buffer.concat([head, Buffer.from(body)]);
}

/** The octets of a DS record after its owner, with a digest of one octet. */
const FIXED = [0, 43, 0, 1, 0, 0, 0, 60, 0, 5, 0, 1, 13, 9, 0xaa];

describe('the question', () => {
  it('asks for the DS in class IN, without recursion, with EDNS and 1,232 octets, without DO', () => {
    expect(QUERY).toMatchObject({ id: 0x1234, type: 'query', flags: 0 });
    expect(QUERY.questions).toEqual([{ name: ZONE_TEXT, type: 'DS', class: 'IN' }]);
    expect(QUERY.additionals).toMatchObject([
      { type: 'OPT', name: '.', udpPayloadSize: 1232, ednsVersion: 0, flag_do: false },
    ]);
    expect(QUERY.answers).toEqual([]);
  });

  it('is asked for the longest labels and names', () => {
    const long = nameFromText(`${'a'.repeat(63)}.`.repeat(3) + 'b'.repeat(61));
    expect(decode(Buffer.from(encodeQuestion(long, 1))).questions?.[0].name).toHaveLength(253);
  });

  it.each(['a\\.b.example', '\\255.example', 'a\\032b.example', '\\\\.example'])(
    'is refused for %s rather than asked for another name',
    (text) => {
      expect(() => encodeQuestion(nameFromText(text), 1)).toThrow(
        expect.objectContaining({ exitCode: 2, message: expect.stringContaining('unusual') }),
      );
    },
  );
});

describe('an answer', () => {
  it('is read with its names in lower case', () => {
    const message = decodeMessage(
      response(QUERY, { answers: [dsRecord(ds(1), 'CHILD.Example', 60)] }),
    );
    expect(message).toMatchObject({
      id: 0x1234,
      response: true,
      authoritative: true,
      truncated: false,
      rcode: 0,
      questions: [{ name: ZONE, type: 43, class: 1 }],
      answers: [{ name: ZONE, type: 43, class: 1, ttl: 60, rdata: ds(1) }],
      authorities: [],
    });
  });

  it('does not keep the octets that it came in', () => {
    const octets = Buffer.from(ANSWER);
    const message = decodeMessage(octets);
    octets.fill(0);
    expect(message.answers[0].rdata).toEqual(ds(1));
  });

  it('follows compression pointers', () => {
    // Owner: a pointer to the question's name, and then one into its middle.
    const question = [...ZONE, 0, 43, 0, 1];
    const message = decodeMessage(
      raw([1, 2, 0, 0], [...question, 0xc0, 12, ...FIXED, 1, 0x41, 0xc0, 18, ...FIXED]),
    );
    expect(message.answers.map(({ name }) => name)).toEqual([ZONE, nameFromText('a.example')]);
  });

  it('keeps apart what dns-packet does not: a dot in a label, octets that are not UTF-8', () => {
    const dotted = [13, ...Buffer.from(ZONE_TEXT), 0];
    const names = [dotted, [1, 0xfe, 0], [1, 0xff, 0]].map(
      (name) => decodeMessage(raw([0, 1, 0, 0], [...name, ...FIXED])).answers[0].name,
    );
    expect(names).toEqual([dotted, [1, 0xfe, 0], [1, 0xff, 0]].map((n) => Uint8Array.from(n)));
  });

  it('has the error code of OPT joined to its own (BADVERS is 16)', () => {
    expect(decodeMessage(response(QUERY, { additionals: [OPT] })).rcode).toBe(0);
    const bad = { ...OPT, extendedRcode: 1 };
    expect(decodeMessage(response(QUERY, { additionals: [bad] })).rcode).toBe(16);
  });

  it.each<[string, Buffer, RegExp]>([
    ['nothing', Buffer.alloc(0), /shorter than a header/],
    ['eleven octets', Buffer.alloc(11), /shorter than a header/],
    ['65,535 records announced', raw([65535, 65535, 65535, 65535], []), /cut short/],
    ['a name without end', raw([1, 0, 0, 0], [3, 97, 98]), /cut short/],
    ['a question without type', raw([1, 0, 0, 0], [0, 0]), /cut short/],
    ['a pointer to itself', raw([1, 0, 0, 0], [0xc0, 12, 0, 43, 0, 1]), /pointer/],
    ['a pointer forwards', raw([1, 0, 0, 0], [0xc0, 16, 0, 43, 0, 1]), /pointer/],
    ['a pointer into the header', raw([1, 0, 0, 0], [0xc0, 0, 0, 43, 0, 1]), /pointer/],
    ['a loop by a label', raw([1, 0, 0, 0], [1, 97, 0xc0, 12, 0, 43, 0, 1]), /pointer/],
    ['half a pointer', raw([1, 0, 0, 0], [0xc0]), /cut short/],
    ['a label of kind 01', raw([1, 0, 0, 0], [0x41, 0, 0, 43, 0, 1]), /unknown kind/],
    ['a label of kind 10', raw([1, 0, 0, 0], [0x80, 0, 0, 43, 0, 1]), /unknown kind/],
    [
      'a name of 257 octets',
      raw([1, 0, 0, 0], [...Array(128).fill([1, 97]).flat(), 0, 0, 43, 0, 1]),
      /over 255/,
    ],
    ['rdata beyond the end', raw([0, 1, 0, 0], [0, ...FIXED.slice(0, -1)]), /cut short/],
    ['an octet at the end', Buffer.concat([ANSWER, Buffer.from([0])]), /after its last/],
    ['a TTL of 2^31', raw([0, 1, 0, 0], [0, 0, 43, 0, 1, 0x80, 0, 0, 0, 0, 0]), /TTL/],
    ['two OPT', response(QUERY, { additionals: [OPT, OPT] }), /OPT/],
    ['OPT as an answer', response(QUERY, { answers: [OPT] }), /OPT/],
    ['OPT with an owner', raw([0, 0, 0, 1], [1, 97, 0, 0, 41, 4, 0, 0, 0, 0, 0, 0, 0]), /OPT/],
  ])('is refused: %s', (_, octets, reason) => {
    expect(() => decodeMessage(octets)).toThrow(MalformedMessage);
    expect(() => decodeMessage(octets)).toThrow(reason);
  });

  it('takes little time at its worst: each name a long chain of pointers', () => {
    // Pointers that each go back by two octets, then records that start at the last of them.
    const chain: number[] = [0, 0, 43, 0, 1];
    for (let at = 12; chain.length < 16_000; ) {
      chain.push(0xc0 | (at >> 8), at & 0xff);
      at = 12 + chain.length - 2;
    }
    const last = 12 + chain.length - 2;
    const owner = [0xc0 | (last >> 8), last & 0xff];
    const records = Array(2900)
      .fill([...owner, ...FIXED])
      .flat();
    const body = [...chain, ...records];
    const begin = performance.now();
    expect(() => decodeMessage(raw([1, 2900, 0, 0], body))).toThrow(MalformedMessage);
    expect(performance.now() - begin).toBeLessThan(500);
  });
});

/** Reads octets; undefined where they are refused as they should be. */
function read(octets: Uint8Array): Message | undefined {
  try {
    return decodeMessage(octets);
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined;
    throw error;
  }
}

describe('any octets', () => {
  it('give a message or MalformedMessage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (octets) => {
        const message = read(octets);
        for (const { name } of message?.answers ?? []) expect(name.at(-1)).toBe(0);
      }),
      { numRuns: 5000 },
    );
  });

  it('behind a sound header, with names and pointers, do the same', () => {
    const piece = fc.oneof(
      fc.constantFrom([0xc0, 12], [0xc0, 14], [0], [...ZONE], [...FIXED], [0, 43, 0, 1], [63]),
      fc.array(fc.nat(255), { maxLength: 8 }),
    );
    // Records with sound fields, announced by their number: those with a sound owner are good.
    const owner = fc.oneof(fc.constantFrom([0], [...ZONE], [0xc0, 12], [1, 0xff, 0]), piece);
    const records = fc.array(
      owner.map((octets) => [...octets, ...FIXED]),
      { maxLength: 3 },
    );
    const count = fc.oneof(fc.nat(3), fc.constant(0xffff));
    const body = fc.oneof(
      records.map((all) => raw([0, all.length, 0, 0], all.flat())),
      fc
        .tuple(fc.tuple(count, count, count, count), fc.array(piece, { maxLength: 12 }))
        .map(([counts, pieces]) => raw(counts, pieces.flat())),
    );
    let good = 0;
    fc.assert(
      fc.property(body, (octets) => {
        if ((read(octets)?.answers.length ?? 0) > 0) good++;
      }),
      { numRuns: 20_000 },
    );
    expect(good).toBeGreaterThan(500);
  });

  it('that differ from a good answer in a few octets never crash, and are never longer', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(ANSWER.length - 1), fc.nat(255)), { maxLength: 6 }),
        fc.nat(ANSWER.length),
        (changes, length) => {
          const octets = Buffer.from(ANSWER);
          for (const [at, value] of changes) octets[at] = value;
          const message = read(octets.subarray(0, length));
          const held = message?.answers.reduce((sum, { rdata }) => sum + rdata.length, 0) ?? 0;
          expect(held).toBeLessThanOrEqual(length);
        },
      ),
      { numRuns: 10_000 },
    );
  });

  it('that dns-packet writes are read as it meant them', () => {
    const label = fc.stringMatching(/^[a-z0-9_-]{1,63}$/);
    const name = fc
      .array(label, { minLength: 1, maxLength: 5 })
      .map((labels) => labels.join('.'))
      .filter((text) => text.length <= 253);
    const digest = fc.uint8Array({ minLength: 1, maxLength: 64 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(name, digest, fc.nat(2 ** 31 - 1)), { maxLength: 5 }),
        fc.nat(0xffff),
        (records, id) => {
          const answers = records.map(([owner, octets, ttl]) =>
            dsRecord(Uint8Array.of(1, 2, 13, 9, ...octets), owner, ttl),
          );
          const octets = encode({ type: 'response', id, flags: 0, questions: [], answers });
          expect(decodeMessage(octets)).toMatchObject({
            id,
            authoritative: false,
            answers: records.map(([owner, digestOctets, ttl]) => ({
              name: nameFromText(owner),
              ttl,
              rdata: Uint8Array.of(1, 2, 13, 9, ...digestOctets),
            })),
          });
        },
      ),
    );
  });
});
