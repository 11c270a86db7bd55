/**
 * The model check of the key engine, in depth: two rolls at once, policies and TTLs changed in
 * mid-roll, DS records that come early or go early, late publication, emergencies.
 */

import { afterAll, expect, test } from 'vitest';
import { soundEngine } from './engines.js';
import { explore, type Report, tableOf } from './explore.js';
import { DEEP } from './scenario.js';

const engine = await soundEngine();
const reports = new Map<string, Report>();
afterAll(() => console.info(tableOf(DEEP, reports)));

test.each(DEEP)('$name: every reachable state validates, and comes to its end', (scenario) => {
  const report = explore(engine, scenario);
  reports.set(scenario.name, report);
  expect(report.wrong).toBeUndefined();
});
