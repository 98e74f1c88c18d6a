// Which sequences of a log were had from a server, as ranges. What lies between is a hole.

type Range = [first: number, last: number];

export class Received {
  #ranges: Range[] = [];

  /** False if it was there. */
  add(sequence: number): boolean {
    return this.#fill(sequence, sequence);
  }

  has(sequence: number): boolean {
    return this.#ranges.some(([first, last]) => first <= sequence && sequence <= last);
  }

  /** The lowest sequence from `start` on that was not had. */
  next(start: number): number {
    const range = this.#ranges.find(([first, last]) => first <= start && start <= last);
    return range ? range[1] + 1 : start;
  }

  /** Whether something from `start` on is missing below what was had. */
  hasHole(start: number): boolean {
    const top = this.#ranges.at(-1)?.[1];
    return top !== undefined && this.next(start) <= top;
  }

  /** Takes what is missing from `start` on as had. Returns how many sequences that were. */
  fill(start: number): number {
    const top = this.#ranges.at(-1)?.[1];
    if (top === undefined || top < start) return 0;
    let had = 0;
    for (const [first, last] of this.#ranges) {
      if (last >= start) had += last - Math.max(first, start) + 1;
    }
    this.#fill(start, top);
    return top - start + 1 - had;
  }

  #fill(from: number, to: number): boolean {
    let first = from;
    let last = to;
    const apart: Range[] = [];
    for (const range of this.#ranges) {
      if (range[0] <= from && to <= range[1]) return false;
      if (range[1] + 1 < first || last + 1 < range[0]) {
        apart.push(range);
      } else {
        first = Math.min(first, range[0]);
        last = Math.max(last, range[1]);
      }
    }
    this.#ranges = [...apart, [first, last] as Range].sort((a, b) => a[0] - b[0]);
    return true;
  }
}
