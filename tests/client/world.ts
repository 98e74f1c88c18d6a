// Time and chance for tests: timers run when the test lets time pass, and all choices come from a
// seed. Nothing sleeps.

import type { Platform } from '../../client/platform.ts';

/** Mulberry32: small, and good enough to make choices. */
export function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Timer {
  at: number;
  order: number;
  run: () => void;
  process: Process | null;
}

/** Lets everything that waits for nothing but its turn run. */
export const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

export class World {
  now = 1_795_000_000_000;
  readonly random: () => number;
  readonly #timers = new Set<Timer>();
  #order = 0;

  constructor(seed = 1) {
    this.random = seeded(seed);
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  below(bound: number): number {
    return Math.floor(this.random() * bound);
  }

  after(ms: number, run: () => void, process: Process | null = null): Timer {
    this.#order += 1;
    const timer = { at: this.now + Math.max(0, Math.ceil(ms)), order: this.#order, run, process };
    this.#timers.add(timer);
    return timer;
  }

  cancel(timer: unknown): void {
    this.#timers.delete(timer as Timer);
  }

  /** Whether a timer would run within so many milliseconds. */
  get waiting(): number[] {
    return [...this.#timers].map(({ at }) => at - this.now).sort((a, b) => a - b);
  }

  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    await settle();
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= end);
      due.sort((a, b) => a.at - b.at || a.order - b.order);
      const [timer] = due;
      if (!timer) break;
      this.#timers.delete(timer);
      this.now = Math.max(this.now, timer.at);
      if (!timer.process?.dead) timer.run();
      await settle();
    }
    this.now = end;
  }

  /** Lets time pass until the promise settles, and returns what it gives. */
  async until<T>(promise: Promise<T>, boundMs = 3_600_000): Promise<T> {
    let settled = false;
    const mark = () => {
      settled = true;
    };
    promise.then(mark, mark);
    const end = this.now + boundMs;
    await settle();
    while (!settled) {
      const [next] = this.waiting;
      if (next === undefined || this.now + next > end) throw new Error('nothing more will happen');
      await this.pass(next);
    }
    return promise;
  }
}

/** One running app: it can be killed, and then nothing of it happens any more. */
export class Process {
  dead = false;
  readonly world: World;
  /** How far the device's clock is off. */
  readonly skewMs: number;

  constructor(world: World, skewMs = 0) {
    this.world = world;
    this.skewMs = skewMs;
  }

  get platform(): Platform {
    const { world } = this;
    return {
      now: () => world.now + this.skewMs,
      random: world.random,
      setTimeout: (run, ms) => world.after(ms, run, this),
      clearTimeout: (timer) => world.cancel(timer),
    };
  }

  /** The promise, or none at all once the process is dead. */
  alive<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => this.dead || resolve(value),
        (error) => this.dead || reject(error),
      );
    });
  }
}
