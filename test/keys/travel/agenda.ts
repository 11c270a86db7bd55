/** What happens when in a simulated life: an agenda whose clock moves from entry to entry. */

type Deed = () => void | Promise<void>;

export interface Agenda {
  /** Seconds since 1970. */
  readonly now: number;
  /** Something is to be done at a time; of things at the same time the first one comes first. */
  at(time: number, what: Deed): void;
  /** Does everything up to a time, one after another. */
  run(until: number): Promise<void>;
}

/** @param onTime is told of every time that the clock comes to. */
export function createAgenda(start: number, onTime: (now: number) => void): Agenda {
  const entries: { time: number; what: Deed }[] = [];
  let now = start;
  return {
    get now() {
      return now;
    },
    at: (time, what) => {
      const at = Math.max(time, now);
      const place = entries.findIndex((entry) => entry.time > at);
      entries.splice(place < 0 ? entries.length : place, 0, { time: at, what });
    },
    run: async (until) => {
      for (;;) {
        const [entry] = entries;
        if (entry === undefined || entry.time > until) return;
        entries.shift();
        if (entry.time !== now) {
          now = entry.time;
          onTime(now);
        }
        await entry.what();
      }
    },
  };
}
