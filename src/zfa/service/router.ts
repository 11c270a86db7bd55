/**
 * The fixed table of routes. A path is matched as it was sent: nothing in it is decoded, joined or
 * resolved, so that no path can mean another one. What stands for a parameter is a text that
 * handlers look up among what they know.
 */

import type { Handler, Method } from './exchange.js';

export interface Route {
  /** GET routes answer HEAD too: the reply is the same, without its body. */
  readonly method: 'GET' | 'POST';
  /** `/czds/downloads/{zone}.zone`: a parameter is part of one segment, and not empty. */
  readonly path: string;
  readonly handle: Handler;
  /** Who reads a refusal: a program that wants JSON, or (the default) plain text. */
  readonly errors?: 'json' | 'text';
}

/** What was found for a request. */
export type Match =
  | {
      readonly kind: 'found';
      readonly route: Route;
      readonly params: Readonly<Record<string, string>>;
    }
  /** The path is known, the method is not for it. `allow` is the header's value. */
  | { readonly kind: 'method'; readonly allow: string; readonly route: Route }
  | { readonly kind: 'none' };

/** Makes a matcher of a table; the first route that fits wins. */
export function createRouter(
  routes: readonly Route[],
): (method: string | undefined, path: string) => Match {
  const table = routes.map((route) => ({ route, pattern: patternOf(route.path) }));
  return (method, path) => {
    const wanted: Method | string | undefined = method === 'HEAD' ? 'GET' : method;
    const allowed = new Set<string>();
    let other: Route | undefined;
    for (const { route, pattern } of table) {
      const parts = pattern.exec(path);
      if (parts === null) continue;
      if (route.method === wanted) return { kind: 'found', route, params: { ...parts.groups } };
      other ??= route;
      for (const name of route.method === 'GET' ? ['GET', 'HEAD'] : [route.method]) {
        allowed.add(name);
      }
    }
    if (other === undefined) return { kind: 'none' };
    return { kind: 'method', allow: [...allowed].join(', '), route: other };
  };
}

function patternOf(path: string): RegExp {
  const text = path
    .split(/(\{\w+\})/)
    .map((part) => {
      const name = /^\{(\w+)\}$/.exec(part)?.[1];
      return name === undefined ? part.replace(/[.+*?^$()|[\]\\]/g, '\\$&') : `(?<${name}>[^/]+)`;
    })
    .join('');
  return new RegExp(`^${text}$`, 's');
}
