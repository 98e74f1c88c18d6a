// How long to wait after a failure: by chance anything up to a bound that doubles each time, so
// that many clients that failed together do not come back together.

const firstMs = 500;
const leastMs = 100;

export class Backoff {
  readonly #random: () => number;
  readonly #maxMs: number;
  #failures = 0;

  constructor(random: () => number, maxMs = 60_000) {
    this.#random = random;
    this.#maxMs = maxMs;
  }

  next(): number {
    const bound = Math.min(this.#maxMs, firstMs * 2 ** this.#failures);
    this.#failures += 1;
    return Math.max(leastMs, Math.floor(this.#random() * bound));
  }

  reset(): void {
    this.#failures = 0;
  }
}
