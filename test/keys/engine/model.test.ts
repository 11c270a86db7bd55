/** The model check of the key engine, with small bounds: each kind of roll by itself. */

import { afterAll, expect, test } from 'vitest';
import { soundEngine } from './engines.js';
import { explore, type Report, tableOf } from './explore.js';
import { FAST } from './scenario.js';

const engine = await soundEngine();
const reports = new Map<string, Report>();
afterAll(() => console.info(tableOf(FAST, reports)));

test.each(FAST)('$name: every reachable state validates, and comes to its end', (scenario) => {
  const report = explore(engine, scenario);
  reports.set(scenario.name, report);
  expect(report.wrong).toBeUndefined();
});
