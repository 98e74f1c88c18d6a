// What the client takes from its surroundings. Tests bring their own.

export interface Platform {
  now(): number;
  /** From 0 to 1. */
  random(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** What is given, and for the rest the real one. */
export function platformOf(given: Partial<Platform>): Platform {
  const now = given.now ?? Date.now;
  return {
    now: () => Math.floor(now()),
    random: given.random ?? Math.random,
    setTimeout: given.setTimeout ?? ((run, ms) => globalThis.setTimeout(run, ms)),
    clearTimeout:
      given.clearTimeout ??
      ((timer) => globalThis.clearTimeout(timer as Parameters<typeof clearTimeout>[0])),
  };
}

/** One timer that can be set anew. */
export class Alarm {
  readonly #platform: Platform;
  readonly #run: () => void;
  #timer: unknown;
  #set = false;

  constructor(platform: Platform, run: () => void) {
    this.#platform = platform;
    this.#run = run;
  }

  get isSet(): boolean {
    return this.#set;
  }

  set(ms: number): void {
    this.clear();
    this.#set = true;
    this.#timer = this.#platform.setTimeout(() => {
      this.#set = false;
      this.#run();
    }, ms);
  }

  clear(): void {
    if (this.#set) this.#platform.clearTimeout(this.#timer);
    this.#set = false;
  }
}
