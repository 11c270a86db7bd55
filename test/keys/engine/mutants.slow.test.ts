/** The model check finds every defect that is put into the engine. */

import { expect, test } from 'vitest';
import { defectiveEngine } from './engines.js';
import { explore } from './explore.js';
import { MUTANTS } from './mutants.js';
import { DEEP, FAST } from './scenario.js';

test.each(MUTANTS)('$name', async ({ defects, scenario: name, wrong }) => {
  const scenario = [...FAST, ...DEEP].find((one) => one.name === name);
  if (scenario === undefined) throw new Error(`no scenario ${name}`);
  const report = explore(await defectiveEngine(defects), scenario);
  expect(report.wrong?.what).toMatch(wrong);
});
