// The heights of rows, most of them guessed until drawn, and where each row begins: a Fenwick tree,
// so that neither a measured height nor a search walks all rows.
//
// Node n holds the sum of the n & -n heights that end with the n-th.

export class Offsets {
  #heights: number[] = [];
  #tree: number[] = [0];

  constructor(heights: Iterable<number> = []) {
    for (const height of heights) this.push(height);
  }

  get length(): number {
    return this.#heights.length;
  }

  get total(): number {
    return this.of(this.length);
  }

  height(index: number): number {
    return this.#heights[index] ?? 0;
  }

  push(height: number): void {
    this.#heights.push(height);
    const node = this.#heights.length;
    let sum = height;
    for (let below = node - 1; below > node - (node & -node); below -= below & -below) {
      sum += this.#tree[below] ?? 0;
    }
    this.#tree[node] = sum;
  }

  /** New rows before all others. */
  unshift(heights: readonly number[]): void {
    const all = [...heights, ...this.#heights];
    this.#heights = [];
    this.#tree = [0];
    for (const height of all) this.push(height);
  }

  set(index: number, height: number): void {
    const change = height - this.height(index);
    this.#heights[index] = height;
    for (let node = index + 1; node <= this.length; node += node & -node) {
      this.#tree[node] = (this.#tree[node] ?? 0) + change;
    }
  }

  /** Where a row begins; the row after the last begins at the end. */
  of(index: number): number {
    let sum = 0;
    for (let node = Math.min(index, this.length); node > 0; node -= node & -node) {
      sum += this.#tree[node] ?? 0;
    }
    return sum;
  }

  /** The row at an offset: the first one before the beginning, the last one after the end. */
  at(offset: number): number {
    let node = 0;
    let rest = offset;
    for (let step = 2 ** Math.floor(Math.log2(this.length || 1)); step >= 1; step /= 2) {
      const sum = this.#tree[node + step];
      if (sum !== undefined && sum <= rest) {
        node += step;
        rest -= sum;
      }
    }
    return Math.max(0, Math.min(node, this.length - 1));
  }
}
