/**
 * The key engine under check, and copies of it with a defect put in: a check that finds nothing in
 * the one has to find something in each of the others.
 *
 * A copy is made of the compiled engine, with a piece of one of its files replaced; that the piece
 * is there, and once only, is checked, so that no defect gets lost when the engine changes.
 */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Advance from '#zonewright/keys/engine/advance.js';
import type * as Explain from '#zonewright/keys/engine/explain.js';
import type * as Model from '#zonewright/keys/engine/model.js';
import type * as Observed from '#zonewright/keys/engine/observed.js';
import type * as Requests from '#zonewright/keys/engine/requests.js';

export type Engine = Pick<typeof Advance, 'advance'> &
  Pick<typeof Explain, 'explain'> &
  Pick<typeof Model, 'newKey'> &
  Pick<typeof Observed, 'observeTtl' | 'greatestTtl'> &
  Pick<typeof Requests, 'requestRoll' | 'noteDsSeen' | 'noteDsGone' | 'revokeKey'>;

/** A defect: in a file of the engine, a piece of its code for another one. */
export interface Defect {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const DIST = resolve('dist');
const FOLDER = join(DIST, 'keys', 'engine');

async function load(folder: string): Promise<Engine> {
  const module = async <T>(name: string): Promise<T> =>
    (await import(/* @vite-ignore */ pathToFileURL(join(folder, `${name}.js`)).href)) as T;
  const { advance } = await module<typeof Advance>('advance');
  const { explain } = await module<typeof Explain>('explain');
  const { newKey } = await module<typeof Model>('model');
  const { observeTtl, greatestTtl } = await module<typeof Observed>('observed');
  const requests = await module<typeof Requests>('requests');
  const { requestRoll, noteDsSeen, noteDsGone, revokeKey } = requests;
  return {
    advance,
    explain,
    newKey,
    observeTtl,
    greatestTtl,
    requestRoll,
    noteDsSeen,
    noteDsGone,
    revokeKey,
  };
}

/** The engine as it is. */
export const soundEngine = (): Promise<Engine> => load(FOLDER);

/** A copy of the engine with defects. */
export async function defectiveEngine(defects: readonly Defect[]): Promise<Engine> {
  const root = mkdtempSync(join(tmpdir(), 'zonewright-engine-'));
  const folder = join(root, 'keys', 'engine');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  const outside = pathToFileURL(DIST).href;
  for (const name of readdirSync(FOLDER).filter((file) => file.endsWith('.js'))) {
    let code = readFileSync(join(FOLDER, name), 'utf8');
    for (const { file, from, to } of defects) {
      if (`${file}.js` !== name) continue;
      const places = code.split(from).length - 1;
      if (places !== 1) throw new Error(`${name} has ${places} times: ${from}`);
      code = code.replace(from, () => to);
    }
    writeFileSync(join(folder, name), code.replaceAll("from '../../", `from '${outside}/`));
  }
  try {
    return await load(folder);
  } finally {
    rmSync(root, { recursive: true });
  }
}
