/** The walk by ranges finds the same in every broken zone as a walk in one piece. */
import { describe, it } from 'vitest';
import { BROKEN } from './broken.js';
import { sameInRanges } from './check.js';

describe('verify in ranges', () => {
  it.each(BROKEN.map((one) => [one.title, one] as const))('finds the same: %s', async (_, one) => {
    await sameInRanges(one.make().text);
  });
});
