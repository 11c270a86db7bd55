/** The short way of verification finds what the long way finds, in very many broken zones. */
import { describe, expect, it } from 'vitest';
import { sameBothWays, sameWithFaults } from './both-ways.js';
import { BROKEN, goodZone } from './broken.js';

describe('the short way', () => {
  it('finds what the long way finds in zones with random faults', async () => {
    expect(await sameWithFaults(100)).toBeGreaterThan(150);
  });

  it('finds what the long way finds in each kind of broken zone', async () => {
    for (const one of BROKEN) await sameBothWays(one.make().text);
    for (const denial of ['nsec', 'nsec3', 'opt-out'] as const)
      await sameBothWays(goodZone(denial));
  });
});
