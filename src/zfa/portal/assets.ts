/**
 * The style sheet and the script as files of their own, so that the pages need nothing inline. Their
 * addresses change with what is in them: a browser may keep them as long as it likes.
 */

import { createHash } from 'node:crypto';
import { SCRIPT } from './script.js';
import { STYLE } from './style.js';

export interface Asset {
  readonly path: string;
  readonly type: string;
  readonly body: string;
  /** The parameter `v` that the pages ask with. */
  readonly version: string;
}

const versionOf = (body: string): string =>
  createHash('sha256').update(body).digest('hex').slice(0, 12);

/** What is served; `path` without a query. */
export const ASSETS: readonly Asset[] = [
  {
    path: '/style.css',
    type: 'text/css; charset=utf-8',
    body: STYLE,
    version: versionOf(STYLE),
  },
  {
    path: '/script.js',
    type: 'text/javascript; charset=utf-8',
    body: SCRIPT,
    version: versionOf(SCRIPT),
  },
];

/** What the pages refer to. */
export const [STYLE_PATH, SCRIPT_PATH] = ASSETS.map(({ path, version }) => `${path}?v=${version}`);
