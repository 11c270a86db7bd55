/** A zone in which everything happens that the sort has to keep in order. */
import { APEX } from '../sign/sign.js';

/** Below this size `sign` takes no threads. */
const WANTS_THREADS = (4 << 20) + 1;

/**
 * The text of a zone `example`: delegations in random order, secure ones, shared hosts, glue,
 * empty non-terminals, doubled records, names with binary octets; comments make it large enough
 * for threads.
 */
export function zoneText(names: number): string {
  const out: string[] = [];
  for (let i = 0; i < names; i++) {
    const n = `d${String((i * 48_271) % names).padStart(5, '0')}.example.`;
    if (i % 400 === 7) {
      out.push(`x${i}.shared.ent.${n} 60 IN TXT "${i}"`, `${n} 60 IN TXT "a" "b"`);
    } else if (i % 3 === 0) {
      out.push(`${n} 300 IN NS ns.other.net.`, `${n} 300 IN NS ns.other.net.`);
      if (i % 2 === 0) out.push(`${n} 60 IN DS ${i % 65_536} 13 2 ${'aB'.repeat(32)}`);
    } else {
      out.push(`${n} 300 IN NS ns.${n}`, `${n} 300 IN NS NS.D00001.Example.`);
      out.push(`ns.${n} 300 IN A 192.0.2.${i % 250}`, `ns.${n} 300 IN AAAA 2001:db8::${i % 999}`);
    }
    if (i % 500 === 3) out.push(`\\000\\001_B${i}.example. 300 IN NS ns.other.net.`);
  }
  // Comments between the records, so that these come in many chunks.
  const missing = WANTS_THREADS - APEX.length - out.reduce((sum, line) => sum + line.length + 1, 0);
  const filler = `; ${'-'.repeat(Math.max(0, Math.ceil(missing / out.length) - 3))}`;
  return `${APEX}${out.map((line) => `${line}\n${filler}\n`).join('')}`;
}
