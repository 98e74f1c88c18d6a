// placement: 'slots' over shards that do not change: a key's slot says its shard, and nothing is
// kept anywhere. Each isolate asks the core once for each slot that it meets.

import { placeSlot, slotOf } from './core.ts';

const slot_count = 4096;

/** Each slot's shard, by the list of shards. */
const tables = new Map<string, (string | undefined)[]>();

interface Table {
  /** As the core takes them. */
  shards: string;
  slots: (string | undefined)[];
}

export class SlotsPlacement {
  readonly #names: readonly string[];
  #table: Table | undefined;

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  shardOf(key: string): string {
    this.#table ??= tableOf(this.#names);
    const { shards, slots } = this.#table;
    const slot = slotOf(key);
    const known = slots[slot];
    if (known !== undefined) return known;
    const shard = placeSlot(slot, shards);
    slots[slot] = shard;
    return shard;
  }
}

function tableOf(names: readonly string[]): Table {
  const shards = JSON.stringify([...names].sort());
  const slots = tables.get(shards) ?? new Array<string | undefined>(slot_count).fill(undefined);
  tables.set(shards, slots);
  return { shards, slots };
}
