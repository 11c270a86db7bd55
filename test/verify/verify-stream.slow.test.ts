/** One pass in parts of any size finds the same in every broken zone as sorting it. */
import { describe, it } from 'vitest';
import { BROKEN } from './broken.js';
import { sameInParts } from './check.js';

describe('verify in one pass', () => {
  it.each(BROKEN.map((one) => [one.title, one] as const))('finds the same: %s', async (_, one) => {
    await sameInParts(one.make().text);
  });
});
