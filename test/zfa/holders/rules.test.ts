import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ZonewrightError } from '#zonewright/errors.js';
import { type Database, openDatabase } from '#zonewright/zfa/database/open.js';
import { type Holder, isActive } from '#zonewright/zfa/holders/model.js';
import * as rules from '#zonewright/zfa/holders/rules.js';
import { findHolder, noteEvent, saveHolder } from '#zonewright/zfa/holders/store.js';
import { tempDir } from '../../tools/cli.js';

const START = 1_795_305_600;
const DAY = 86_400;

const fresh = (id: string): Holder =>
  rules.added(
    {
      id,
      name: 'Acme',
      organisation: undefined,
      email: 'a@acme.example',
      purpose: undefined,
      zones: ['com'],
      allow: [],
      agreement: undefined,
      ageKey: undefined,
    },
    START,
  ).holder;

/** An action after some days; `expires` in days from then, where it has one. */
interface Step {
  readonly action: 'approve' | 'deny' | 'revoke' | 'renew' | 'passwd' | 'expire' | 'edit' | 'agree';
  readonly wait: number;
  readonly expires: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  action: fc.constantFrom(
    ...(['approve', 'deny', 'revoke', 'renew', 'passwd', 'expire', 'edit', 'agree'] as const),
  ),
  wait: fc.integer({ min: 0, max: 40 }),
  expires: fc.integer({ min: -1, max: 60 }),
});
const steps = fc.array(step, { maxLength: 14 });

function take(holder: Holder, { action, expires }: Step, now: number): rules.Change {
  const end = now + expires * DAY;
  switch (action) {
    case 'approve':
      return rules.approved(holder, end, now);
    case 'deny':
      return rules.denied(holder, 'no purpose', now);
    case 'revoke':
      return rules.revoked(holder, 'sold the data', now);
    case 'renew':
      return rules.renewed(holder, end, now);
    case 'passwd':
      return rules.passwordChanged(holder, now);
    case 'expire':
      return rules.expired(holder, now);
    case 'edit':
      return rules.edited(holder, { purpose: 'research' }, now);
    case 'agree':
      return rules.agreed(holder, '2026-1', now);
  }
}

/** What a step comes to by the specification: the next state, or the exit code of the refusal. */
function expected({ state, expires }: Holder, step: Step, now: number): Holder['state'] | 2 | 4 {
  const past = step.expires <= 0;
  switch (step.action) {
    case 'approve':
      return state !== 'pending' ? 4 : past ? 2 : 'approved';
    case 'deny':
      return state === 'pending' ? 'denied' : 4;
    case 'revoke':
      return state === 'approved' || state === 'expired' ? 'revoked' : 4;
    case 'renew':
      return state !== 'approved' && state !== 'expired' ? 4 : past ? 2 : 'approved';
    case 'passwd':
      return state === 'approved' && expires! > now ? 'approved' : 4;
    case 'expire':
      return state === 'approved' && expires! <= now ? 'expired' : 4;
    default:
      return state;
  }
}

const VOIDS_TOKENS = ['approve', 'deny', 'revoke', 'passwd', 'expire'];

describe('any order of actions', () => {
  it('leads where the specification says, and nowhere else', () => {
    fc.assert(
      fc.property(steps, (all) => {
        let holder = fresh('acme');
        let now = START;
        for (const one of all) {
          now += one.wait * DAY;
          const before = JSON.stringify(holder);
          const wanted = expected(holder, one, now);
          let change: rules.Change | undefined;
          try {
            change = take(holder, one, now);
          } catch (error) {
            expect((error as ZonewrightError).exitCode, one.action).toBe(wanted);
          }
          // Refused or not, what there was is as it was.
          expect(JSON.stringify(holder)).toBe(before);
          if (change === undefined) continue;
          const next = change.holder;
          expect(next.state, one.action).toBe(wanted);
          expect(next.epoch - holder.epoch).toBe(VOIDS_TOKENS.includes(one.action) ? 1 : 0);
          expect(next.created).toBe(START);
          expect(next.approved).toBe(
            holder.approved ?? (one.action === 'approve' ? now : undefined),
          );
          expect(next.changed).toBe(now);
          expect(isActive(next, now)).toBe(next.state === 'approved' && next.expires! > now);
          expect(change.event).toMatchObject({ holder: 'acme' });
          expect(change.event.at).toBe(one.action === 'expire' ? holder.expires : now);
          holder = next;
        }
      }),
    );
  });

  it('denied and revoked are for ever', () => {
    fc.assert(
      fc.property(fc.constantFrom('deny', 'revoke'), steps, (last, all) => {
        let holder = fresh('acme');
        if (last === 'revoke') holder = rules.approved(holder, START + DAY, START).holder;
        holder =
          last === 'deny'
            ? rules.denied(holder, 'x', START).holder
            : rules.revoked(holder, 'x', START).holder;
        for (const one of all) {
          try {
            holder = take(holder, one, START).holder;
          } catch {
            // Refused.
          }
          expect(holder.state).toBe(last === 'deny' ? 'denied' : 'revoked');
        }
      }),
    );
  });
});

describe('changes of two holders, by two processes in any order', () => {
  /** What of a step is in the database, whether it was lawful or not. */
  function carryOut(db: Database, id: string, one: Step, now: number): void {
    try {
      db.change(() => {
        const change = take(findHolder(db, id)!, one, now);
        saveHolder(db, change.holder);
        noteEvent(db, change.event, 'test');
      });
    } catch (error) {
      expect([2, 4]).toContain((error as ZonewrightError).exitCode);
    }
  }

  const bookOf = (db: Database, id: string) => ({
    holder: findHolder(db, id),
    events: db.sql('SELECT at, event, detail FROM events WHERE holder = ? ORDER BY seq').all(id),
  });

  it('come to the same as those of each alone', () => {
    const turns = fc.array(fc.tuple(fc.boolean(), step), { maxLength: 12 });
    fc.assert(
      fc.property(turns, (all) => {
        const state = tempDir('rules');
        const pair = [openDatabase(state), openDatabase(state)];
        const alone = openDatabase(tempDir('rules'));
        const ids = ['one', 'two'];
        for (const id of ids) for (const db of [pair[0], alone]) saveHolder(db, fresh(id));
        for (const [n, [second, one]] of all.entries()) {
          // Each holder's changes come through both connections.
          carryOut(pair[n % 2], ids[Number(second)], one, START + n * DAY);
        }
        for (const which of [false, true]) {
          for (const [n, [second, one]] of all.entries()) {
            if (second === which) carryOut(alone, ids[Number(second)], one, START + n * DAY);
          }
        }
        for (const id of ids) expect(bookOf(pair[1], id)).toEqual(bookOf(alone, id));
        for (const db of [...pair, alone]) db.close();
      }),
      { numRuns: 12 },
    );
  });
});
