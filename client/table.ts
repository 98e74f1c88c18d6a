// Values by the keys of records, kept by collection so that one can be listed alone.

import { collectionOf } from './keys.ts';

const none: ReadonlyMap<string, never> = new Map<string, never>();

export class Table<V> {
  readonly #collections = new Map<string, Map<string, V>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): V | undefined {
    return this.#collections.get(collectionOf(key))?.get(key);
  }

  set(key: string, value: V): void {
    const name = collectionOf(key);
    let rows = this.#collections.get(name);
    if (!rows) {
      rows = new Map();
      this.#collections.set(name, rows);
    }
    this.#size -= rows.size;
    rows.set(key, value);
    this.#size += rows.size;
  }

  delete(key: string): void {
    if (this.#collections.get(collectionOf(key))?.delete(key)) this.#size -= 1;
  }

  clear(): void {
    this.#collections.clear();
    this.#size = 0;
  }

  of(collection: string): ReadonlyMap<string, V> {
    return this.#collections.get(collection) ?? none;
  }

  collections(): string[] {
    return [...this.#collections.keys()];
  }

  *entries(): Generator<[string, V]> {
    for (const rows of this.#collections.values()) yield* rows;
  }
}
