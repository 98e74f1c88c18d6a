// The stamps of edits: a hybrid logical clock (docs/records.md, "Stamps"). Its state is a stamp,
// the greatest given or seen. Functions of plain values: time comes in.

export interface Stamp {
  ms: number;
  counter: number;
}

export const counterMax = 2 ** 20 - 1;
/** The server sets a stamp further ahead than this to its own time. */
export const clockAheadMaxMs = 300_000;
/** A device whose clock is wrong by less than this is left alone. */
export const skewIgnoredMs = 60_000;

export function compareStamps(a: Stamp, b: Stamp): number {
  return a.ms - b.ms || a.counter - b.counter;
}

/** The next stamp at the time `t`. */
export function tick(clock: Stamp, t: number): Stamp {
  if (t > clock.ms) return { ms: t, counter: 0 };
  if (clock.counter < counterMax) return { ms: clock.ms, counter: clock.counter + 1 };
  return { ms: clock.ms + 1, counter: 0 };
}

export function observe(clock: Stamp, seen: Stamp | undefined): Stamp {
  if (!seen || compareStamps(seen, clock) <= 0) return clock;
  return { ms: seen.ms, counter: seen.counter };
}

/** A clock that ran ahead of `t` by more than the server stands is put back to it. */
export function pullBack(clock: Stamp, t: number): Stamp {
  return clock.ms > t + clockAheadMaxMs ? { ms: t, counter: 0 } : clock;
}
