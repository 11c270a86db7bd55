/** `GET /healthz`: can the service do its work? For load balancers; says nothing of holders. */

import { jsonReply } from './exchange.js';
import type { Route } from './router.js';
import type { Service } from './service.js';

export function healthRoutes(service: Service): readonly Route[] {
  const works = (check: () => unknown): boolean => {
    try {
      check();
      return true;
    } catch {
      return false;
    }
  };
  return [
    {
      method: 'GET',
      path: '/healthz',
      errors: 'json',
      handle: () => {
        const { db, published } = service;
        const failing = [
          ...(works(() => db.sql('SELECT count(*) FROM facts').get()) ? [] : ['database']),
          ...(works(() => published.labels.map((zone) => published.current(zone)))
            ? []
            : ['zones']),
          ...(service.auditFailing() ? ['audit'] : []),
        ];
        return failing.length === 0
          ? jsonReply(200, { status: 'ok' })
          : jsonReply(503, { status: 'failing', failing });
      },
    },
  ];
}
