import { describe, expect, it } from 'vitest';
import {
  ageKeyField,
  agreementField,
  allowField,
  emailField,
  FieldFault,
  idField,
  textField,
  zonesField,
} from '#zonewright/zfa/holders/fields.js';

const name = (text: string): string => textField('name', text);
const zones = (...labels: string[]): string[] => zonesField(labels, ['com', 'net']);

describe('what a field takes', () => {
  it.each<[string, unknown, unknown]>([
    ['an id', idField('a.b_c-9'), 'a.b_c-9'],
    ['the longest id', idField('a'.repeat(64)), 'a'.repeat(64)],
    [
      'a name with blanks around it',
      name('  Müller & Söhne, 株式会社 '),
      'Müller & Söhne, 株式会社',
    ],
    [
      'an e-mail address',
      emailField("o'neil+zones@mail.acme.example"),
      "o'neil+zones@mail.acme.example",
    ],
    ['an address of another script', emailField('пример@пример.example'), 'пример@пример.example'],
    ['zones, sorted, each once', zones('net', 'com', 'net'), ['com', 'net']],
    [
      'ranges',
      allowField(['192.0.2.7', '2001:DB8::/32', '192.0.2.7/32']),
      ['192.0.2.7/32', '2001:db8::/32'],
    ],
    ['a version', agreementField(' 2026-1 '), '2026-1'],
  ])('%s', (_, taken, wanted) => {
    expect(taken).toEqual(wanted);
  });

  it('a public key of age', async () => {
    const key = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';
    expect(await ageKeyField(` ${key}\n`)).toBe(key);
  });
});

describe('what it does not', () => {
  it.each<[string, () => unknown]>([
    ['no id', () => idField('')],
    ['an id in upper case', () => idField('Acme')],
    ['an id that is a path', () => idField('../x')],
    ['an id with a colon (RFC 7617)', () => idField('a:b')],
    ['an id that is a flag', () => idField('-rf')],
    ['a long id', () => idField('a'.repeat(65))],
    ['a newline', () => name('a\nb')],
    ['a terminal sequence', () => name('\u001b[2J')],
    ['C1', () => name('a\u009bb')],
    ['a line separator', () => name('a\u2028b')],
    ['a right-to-left override', () => name('a\u202eb')],
    ['blanks', () => name(' \t ')],
    ['a long text', () => name('a'.repeat(1001))],
    ['no at sign', () => emailField('acme.example')],
    ['two addresses', () => emailField('a@b.c,d@e.f')],
    ['a header in an address', () => emailField('a@b.c\r\nBcc: d@e.f')],
    ['a name and an address', () => emailField('Acme <a@b.c>')],
    ['a long address', () => emailField(`a@${'b'.repeat(254)}`)],
    ['no zone', () => zones()],
    ['another zone', () => zones('com', 'de')],
    ['a zone in upper case', () => zones('COM')],
    ['a range with bits beyond its length', () => allowField(['192.0.2.7/24'])],
    ['a name for an address', () => allowField(['host.example'])],
    ['a long version', () => agreementField('1'.repeat(65))],
  ])('%s', (_, take) => {
    expect(take).toThrow(FieldFault);
  });

  it.each(['', 'age1x', `age1${'q'.repeat(58)}`, `AGE-SECRET-KEY-1${'Q'.repeat(58)}`])(
    'as an age key: "%s"',
    async (text) => {
      const error = await ageKeyField(text).catch((thrown: Error) => thrown);
      expect(error).toBeInstanceOf(FieldFault);
      if (text !== '') expect((error as Error).message).not.toContain(text);
    },
  );
});
