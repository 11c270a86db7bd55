/**
 * The zone that all contestants work on: the sample registry as a master file, made complete.
 *
 * The sample has name servers inside their own delegation without an address, as registries do.
 * A signer signs such a zone, but checkers call it broken (RFC 9471: such glue is not optional),
 * so here each of them is given an address.
 */

import { appendFileSync, createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** TTL and address (RFC 2544's range, as the sample has them) of the records that are added. */
const ADDED = '\t172800\tin\ta\t198.18.0.53\n';

/**
 * Appends an address for each name server at or below its own delegation that has none. The file
 * is the sample's: names absolute and in lower case, one record a line, fields with tabs between.
 *
 * @returns how many addresses were added.
 */
export async function completeGlue(file: string): Promise<number> {
  const hosts = new Set<string>();
  const addressed = new Set<string>();
  const lines = createInterface({
    input: createReadStream(file),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  for await (const line of lines) {
    const [owner, , , type, target] = line.split('\t');
    if (type === 'a' || type === 'aaaa') addressed.add(owner);
    else if (type === 'ns' && (target === owner || target.endsWith(`.${owner}`))) hosts.add(target);
  }
  const lacking = [...hosts].filter((host) => !addressed.has(host));
  appendFileSync(file, lacking.map((host) => host + ADDED).join(''));
  return lacking.length;
}
