// The slot table as an isolate has it: which shard has each slot. It may be old. That makes a
// statement dearer and never wrong: each one is run only where its key is, and a shard that has it
// no more says so.

import { hashKeys, slotOf } from './core.ts';

/** As the coordinator tells it. */
export interface SlotTableText {
  version: number;
  shards: string[];
  /** Runs of neighbours: how many, the shard's number, the epoch. */
  slots: [count: number, shard: number, epoch: number][];
  /** Keys that lie elsewhere than their slots: SHA-256 in hex. */
  exceptions?: [key: string, shard: number, epoch: number][];
  /** The column by which each table's rows are routed. */
  tables?: Record<string, string>;
  /** Rows of a slot may lie in any shard, as they did before there was a table. */
  gathering?: boolean;
}

/** The copy in KV. */
export const SLOT_TABLE_NAME = 'slot_table';

export const SLOTS = 4096;

/** What a slot counts in the sum over all shards, which tells whether each was seen once. */
export const weightOf = (slot: number) =>
  (((((slot + 1) * 2_654_435_761) % 4_294_967_291) * ((((slot + 1) * 40_503) % 251) + 1)) %
    268_435_399) +
  1;

export const WEIGHT_OF_ALL = Array.from({ length: SLOTS }, (_, slot) => weightOf(slot)).reduce(
  (sum, weight) => sum + weight,
);

export class SlotTable {
  readonly version: number;
  readonly shards: readonly string[];
  readonly tables: Readonly<Record<string, string>>;
  readonly gathering: boolean;
  readonly #shards: Uint16Array;
  readonly #apart: ReadonlyMap<string, number>;
  /** Of keys that lie apart. */
  readonly #apart_slots: ReadonlySet<number>;

  /** Throws where the text is no such table. */
  constructor(text: SlotTableText) {
    const { version, shards, slots, exceptions = [], tables = {}, gathering = false } = text;
    this.version = version;
    this.shards = shards;
    this.tables = tables;
    this.gathering = gathering;
    this.#shards = new Uint16Array(SLOTS);
    let next = 0;
    for (const [count, shard] of slots) {
      if (shards[shard] === undefined) throw new Error('a slot has no shard');
      this.#shards.fill(shard, next, next + count);
      next += count;
    }
    if (next !== SLOTS || !Number.isSafeInteger(version)) throw new Error('slots are missing');
    this.#apart = new Map(exceptions.map(([key, shard]) => [key, shard]));
    this.#apart_slots = new Set(exceptions.map(([key]) => Number.parseInt(key.slice(0, 3), 16)));
  }

  shardOf(key: string, slot = slotOf(key)): string {
    const apart = this.#apart_slots.has(slot)
      ? this.#apart.get(hashKeys([key], '')[0] ?? '')
      : undefined;
    return this.shards[apart ?? this.#shards[slot] ?? 0] ?? '';
  }

  /** The column by which a table's rows are routed, as far as it is known. */
  routeOf(table: string): string | undefined {
    const name = table.toLowerCase();
    return Object.entries(this.tables).find(([each]) => each.toLowerCase() === name)?.[1];
  }
}
