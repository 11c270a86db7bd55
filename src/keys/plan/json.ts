/** A plan as the JSON object that `keys plan --json` prints: times in ISO 8601, documented in README. */

import { formatDuration } from '../../config/duration.js';
import { isoTime } from '../../config/time.js';
import { algorithmName } from '../../dnssec/algorithms.js';
import type { Plan } from './model.js';
import type { Span } from './phases.js';

/** The object of one zone. */
export function planJson(plan: Plan): Record<string, unknown> {
  const names = new Map(plan.keys.map(({ id, name }) => [id, name]));
  const span = <T>({ from, to }: Span<T>) => ({ from: isoTime(from), to: isoTime(to) });
  return {
    zone: plan.zone,
    from: isoTime(plan.now),
    until: isoTime(plan.until),
    interval: plan.interval === 0 ? null : formatDuration(plan.interval),
    parentDelay: plan.parentDelay === undefined ? null : formatDuration(plan.parentDelay),
    waitsForParent: plan.waitsForParent,
    keys: plan.keys.map(({ name, tag, role, algorithm, phases, records }) => ({
      name,
      tag: tag ?? null,
      role,
      algorithm: algorithmName(algorithm),
      phases: phases.map((one) => ({ phase: one.value, ...span(one) })),
      records: Object.fromEntries(
        records.map(({ record, states }) => [
          record,
          states.map((one) => ({ ...one.value, ...span(one) })),
        ]),
      ),
    })),
    events: plan.events.map(({ at, kind, actor, what, why, command, assumed, keys }) => ({
      at: isoTime(at),
      kind,
      actor,
      what,
      why: why ?? null,
      command: command ?? null,
      assumed: assumed === true,
      keys: keys.map((id) => names.get(id) ?? id),
    })),
    rolls: plan.episodes.map(({ title, from, to, goesOn, waitsForParent, keys }) => ({
      title,
      from: isoTime(from),
      to: goesOn || waitsForParent ? null : isoTime(to),
      keys: keys.map((id) => names.get(id) ?? id),
    })),
  };
}
