/** The collectors of several zones share a bound and a kernel's memory. */
import { expect, it } from 'vitest';
import { Kernel } from '#zonewright/kernel/kernel.js';
import { Kind } from '#zonewright/records/entry.js';
import { Collectors } from '#zonewright/sort/collectors.js';
import { tempDir } from '../tools/cli.js';

it('are all spilled when all together reach the bound, and use the memory again', () => {
  const kernel = new Kernel();
  const { top } = kernel;
  const plan = { folder: tempDir('collectors'), memory: 2 << 20, threads: 2 };
  const collectors = new Collectors(plan, 3, kernel);
  const key = new Uint8Array(60).fill(0x61);
  const rdata = new Uint8Array(100);
  const counts = [0, 0, 0];
  let most = 0;
  let spills = 0;
  for (let i = 0; i < 40_000; i++) {
    // Now one zone has nearly all facts, now another.
    const zone = i % 10 === 0 ? (i / 10) % 3 : Math.floor(i / 6000) % 3;
    // No key comes twice: each fact is an entry.
    for (let digit = 0, n = i; digit < 5; digit++, n = Math.floor(n / 10))
      key[digit] = 48 + (n % 10);
    collectors.writers[zone].append(key, 0, 60, Kind.ns, 2, 60, 1, i, rdata, 0, 100);
    counts[zone]++;
    if (i % 100 !== 0) continue;
    collectors.settle();
    most = Math.max(most, kernel.top - top);
    if (kernel.top !== top) continue;
    spills++;
    expect(collectors.writers.map(({ bytes }) => bytes)).toEqual([0, 0, 0]);
  }
  // 0.4 of a thread's MiB, the open blocks, and what came since the memory was looked at.
  expect(most).toBeLessThan(1.2 * 2 ** 20);
  expect(spills).toBeGreaterThan(8);
  const runs = collectors.finish();
  expect(runs.map((list) => list.reduce((sum, run) => sum + run.count, 0))).toEqual(counts);
});

it('give one run a zone when all is below the bound', () => {
  const plan = { folder: tempDir('collectors'), memory: 64 << 20, threads: 1 };
  const collectors = new Collectors(plan, 2, new Kernel());
  const key = Uint8Array.of(97, 0);
  collectors.writers[1].append(key, 0, 2, Kind.domain, 0, 0, 0, 1, key, 0, 0);
  collectors.settle();
  const runs = collectors.finish();
  expect(runs.map((list) => list.length)).toEqual([0, 1]);
  expect(runs[1][0]).toMatchObject({ file: undefined, count: 1 });
});
