// The entries that have come, in the order of the log and each once, and which of them are to be
// seen: those whose kind is not hidden.

import { KINDS, type Kind, kindOf, type ShownEntry } from './entry.ts';

/** What a batch did to the entries to be seen. `reset`: they are others now. */
export interface Change {
  reset: boolean;
  /** How many came before all that was seen, and after it. */
  before: number;
  after: number;
}

export class Entries {
  readonly counts: Record<Kind, number> = {
    chat: 0,
    artifact: 0,
    audit: 0,
    other: 0,
    undecryptable: 0,
  };
  readonly #hidden = new Set<Kind>();
  readonly #known = new Set<number>();
  #all: ShownEntry[] = [];
  #seen: ShownEntry[] = [];

  get seen(): readonly ShownEntry[] {
    return this.#seen;
  }

  get size(): number {
    return this.#all.length;
  }

  /** The first sequence that is here; undefined while none is. */
  get first(): number | undefined {
    return this.#all[0]?.sequence;
  }

  isHidden(kind: Kind): boolean {
    return this.#hidden.has(kind);
  }

  hide(kind: Kind, hidden: boolean): void {
    if (hidden) this.#hidden.add(kind);
    else this.#hidden.delete(kind);
    this.#seen = this.#all.filter((entry) => this.#isSeen(entry));
  }

  add(batch: readonly ShownEntry[]): Change {
    const fresh: ShownEntry[] = [];
    for (const entry of batch) {
      if (this.#known.has(entry.sequence)) continue;
      this.#known.add(entry.sequence);
      this.counts[kindOf(entry)] += 1;
      fresh.push(entry);
    }
    fresh.sort((a, b) => a.sequence - b.sequence);
    const [first, last] = [fresh[0], fresh.at(-1)];
    if (first === undefined || last === undefined) return { reset: false, before: 0, after: 0 };
    const seen = fresh.filter((entry) => this.#isSeen(entry));
    if (first.sequence > (this.#all.at(-1)?.sequence ?? 0)) {
      for (const entry of fresh) this.#all.push(entry);
      for (const entry of seen) this.#seen.push(entry);
      return { reset: false, before: 0, after: seen.length };
    }
    if (last.sequence < (this.first ?? 0)) {
      this.#all = [...fresh, ...this.#all];
      this.#seen = [...seen, ...this.#seen];
      return { reset: false, before: seen.length, after: 0 };
    }
    this.#all = [...this.#all, ...fresh].sort((a, b) => a.sequence - b.sequence);
    this.#seen = this.#all.filter((entry) => this.#isSeen(entry));
    return { reset: true, before: 0, after: 0 };
  }

  #isSeen(entry: ShownEntry): boolean {
    return !this.#hidden.has(kindOf(entry));
  }
}

export const isKind = (text: string | undefined): text is Kind =>
  (KINDS as readonly (string | undefined)[]).includes(text);
