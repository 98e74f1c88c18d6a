// What this isolate knows of databases: that all their rows are mapped, that another isolate is at
// it, or that they rest until the next piece. By the binding, for two apps may call their shards
// the same.

import type { Shard } from './types.ts';

const kv_delay_ms = 120_000;

interface Entry {
  cleared: number;
  sinceMs: number;
  untilMs: number;
}

const clearings = new Map<string, number>();

/** Something that holds of databases for a time, and no longer than until they are cleared. */
class Notes {
  readonly #entries = new WeakMap<Shard, Map<string, Entry>>();

  add(d1: Shard, name: string, untilMs: number): void {
    const of_shard = this.#entries.get(d1) ?? new Map<string, Entry>();
    const cleared = clearings.get(name) ?? 0;
    of_shard.set(name, { cleared, sinceMs: Date.now(), untilMs });
    this.#entries.set(d1, of_shard);
  }

  of(d1: Shard, name: string): Entry | undefined {
    const entry = this.#entries.get(d1)?.get(name);
    const holds = entry?.cleared === (clearings.get(name) ?? 0) && Date.now() < entry.untilMs;
    return holds ? entry : undefined;
  }
}

let known = new Notes();
let resting = new Notes();

/** Until then there is nothing to look at in a database: for good, if all its rows are mapped. */
export const know = (d1: Shard, name: string, untilMs: number): void =>
  known.add(d1, name, untilMs);
export const isKnown = (d1: Shard, name: string): boolean => known.of(d1, name) !== undefined;

/** Until then the background leaves a database alone. */
export const rest = (d1: Shard, name: string, untilMs: number): void =>
  resting.add(d1, name, untilMs);
export const isResting = (d1: Shard, name: string): boolean => resting.of(d1, name) !== undefined;

/** All rows of the database are mapped, and KV has had the time to show it everywhere. */
export function isMigrated(d1: Shard, name: string): boolean {
  const entry = known.of(d1, name);
  return entry?.untilMs === Infinity && Date.now() - entry.sinceMs > kv_delay_ms;
}

/** Forgets what this isolate knows of databases: they are looked at afresh. */
export function clearMigrationCache(): void {
  known = new Notes();
  resting = new Notes();
}

export function clearShardMigrationCache(name: string): void {
  clearings.set(name, (clearings.get(name) ?? 0) + 1);
}
