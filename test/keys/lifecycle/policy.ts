/** A policy of the key engine for tests, with the defaults of the configuration. */
import type { EnginePolicy } from '#zonewright/keys/engine/model.js';
import { DAY } from '../helpers.js';

const measure = (seconds: number, name: string) => ({ seconds, name });

export const POLICY: EnginePolicy = {
  algorithms: [13],
  csk: false,
  kskLifetime: 730 * DAY,
  zskLifetime: 90 * DAY,
  kskRoll: 'double-signature',
  anchor: 'parent',
  times: {
    dnskeyTtl: measure(DAY, 'dnskey-ttl'),
    zoneTtl: measure(2 * DAY, 'largest TTL of the zone'),
    dsTtl: measure(DAY, 'parent-ds-ttl'),
    propagation: measure(3600, 'propagation-delay'),
    parentPropagation: measure(3600, 'parent-propagation-delay'),
    margin: measure(3600, 'safety-margin'),
  },
};
