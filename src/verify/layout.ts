/**
 * How a zone file begins: one record a line, each with its absolute owner, TTL and class, tabs
 * between? Only such a layout, which is ours, promises canonical order; other signers have their
 * own (BIND and ldns write NSEC3 behind the rest, Knot DNS in parts).
 */

/** Octets at the beginning of a file that show its layout. */
export const LAYOUT_SAMPLE = 1 << 16;

/** Is the text that begins like this in our layout? The last line may be cut off. */
export function isOurLayout(text: Uint8Array): boolean {
  const { buffer, byteOffset } = text;
  const length = Math.min(text.length, LAYOUT_SAMPLE);
  const lines = Buffer.from(buffer, byteOffset, length).toString('latin1').split('\n');
  lines.pop();
  return lines.every((line) => /^\S*\.\t\d+\tin\t/.test(line));
}
