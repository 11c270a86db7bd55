import { describe, expect, test } from 'vitest';
import { parseBaseUrl } from '#zonewright/config/base-url.js';
import { addressTest, parseCidr } from '#zonewright/config/cidr.js';

describe('ranges of addresses', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7/32'],
    ['192.0.2.0/24', '192.0.2.0/24'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:DB8:0::/32', '2001:db8::/32'],
    ['2001:db8::1', '2001:db8::1/128'],
    ['::/0', '::/0'],
  ])('%s', (text, range) => expect(parseCidr(text)).toBe(range));

  test.each([
    '192.0.2.7/24',
    '192.0.2.0/33',
    '2001:db8::1/64',
    '::/129',
    'example',
    '',
    '1.2.3',
    '::1%lo',
    '10/8',
  ])('%s is none', (text) => expect(parseCidr(text)).toBeUndefined());

  test('hold what they should, also IPv4 in IPv6 form', () => {
    const inside = addressTest(['192.0.2.0/24', '2001:db8::/32']);
    expect(['192.0.2.255', '::ffff:192.0.2.1', '2001:db8:ffff::1'].filter(inside)).toHaveLength(3);
    expect(['192.0.3.0', '::ffff:192.0.3.1', '2001:db9::', 'no address'].filter(inside)).toEqual(
      [],
    );
  });
});

describe('origins', () => {
  test.each([
    ['https://zfa.example', 'https://zfa.example'],
    ['https://ZFA.example:8443/', 'https://zfa.example:8443'],
    ['http://127.0.0.1:80', 'http://127.0.0.1'],
  ])('%s', (text, origin) => expect(parseBaseUrl(text)).toBe(origin));

  test.each([
    'zfa.example',
    'ftp://zfa.example',
    'https://u@zfa.example',
    'https://zfa.example/x',
    'https://zfa.example/?q',
    '',
  ])('%s is none', (text) => expect(parseBaseUrl(text)).toBeUndefined());
});
