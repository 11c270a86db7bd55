/** What can happen to a file that was left lying about. */
import fc from 'fast-check';

/** Does something to the line of that number, or to an octet of the text. */
export type Damage = (lines: string[], at: number) => void;
const inLine =
  (change: (line: string) => string): Damage =>
  (lines, at) => {
    lines[at] = change(lines[at]);
  };
const swap: Damage = (lines, at) => {
  const other = (at * 7 + 1) % lines.length;
  [lines[at], lines[other]] = [lines[other], lines[at]];
};
const DAMAGES: readonly Damage[] = [
  swap,
  (lines, at) => void lines.splice(at, 1),
  (lines, at) => void lines.splice(at, 0, lines[at]),
  inLine((line) => line.replace('\n', '\r\n')),
  inLine((line) => line.replace('\t', ' ')),
  inLine((line) => line.replaceAll('\t', '  ')),
  inLine((line) => line.replace('\t', '\t\t')),
  inLine((line) => line.replace('\tin\t', '\tIN\t')),
  inLine((line) => line.replace('\tin\t', '\tch\t')),
  inLine((line) => line.replace(/\t\d+\tin/, '\tin')),
  inLine((line) => line.replace(/\t(\d+)\tin/, '\tin\t$1')),
  inLine((line) => line.replace(/\t\d+\t/, '\t1h\t')),
  inLine((line) => line.replace(/\t\d+\t/, '\t99999999999\t')),
  inLine((line) => line.toUpperCase()),
  inLine((line) => line.replace(/[a-z]/, (c) => c.toUpperCase())),
  inLine((line) => line.replace(/\t[a-z0-9]+\t([^\t]+\n)/, (part) => part.toUpperCase())),
  inLine((line) => line.replace(/^./, (c) => `\\${String(c.charCodeAt(0)).padStart(3, '0')}`)),
  inLine((line) => line.replace(/^[^\t]+/, '')),
  inLine((line) => line.replace(/^([^\t]*)\.\t/, '$1\t')),
  inLine((line) => line.replace(/^[^\t]+/, 'other.net.')),
  inLine((line) => `$TTL 5\n${line}`),
  inLine((line) => `; ${line}`),
  inLine((line) => line.replace('\n', ' ; comment\n')),
  inLine((line) => line.replace('\n', ' \n')),
  inLine((line) => line.replace(/\n$/, ' (\n')),
  inLine((line) => line.replace(/\n$/, ' )\n')),
  inLine((line) => line.replace(/(.)\n$/, '(\n$1 )\n')),
  inLine((line) => line.slice(0, line.length >> 1)),
  inLine((line) => `${line.slice(0, line.length >> 1)}\n`),
];
export const someDamage = fc.oneof(
  fc.tuple(fc.constantFrom(...DAMAGES), fc.nat(1000)).map(
    ([damage, n]): Damage =>
      (lines) => {
        if (lines.length > 0) damage(lines, n % lines.length);
      },
  ),
  fc.tuple(fc.nat(100_000), fc.nat(255), fc.constantFrom(0, 1)).map(
    ([n, octet, gone]): Damage =>
      (lines) => {
        const text = lines.join('');
        const at = n % (text.length + 1);
        const after = text.slice(at + gone);
        lines.splice(0, lines.length, text.slice(0, at) + String.fromCharCode(octet) + after);
      },
  ),
);
