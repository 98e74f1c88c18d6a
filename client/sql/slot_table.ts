// The slot table as an isolate has it: which shard has each slot. It may be old. That makes a
// statement dearer and never wrong: each one is run only where its slot is, and a shard that has it
// no more says so.

/** As the coordinator tells it. */
export interface SlotTableText {
  version: number;
  shards: string[];
  /** Runs of neighbours: how many, the shard's number, the epoch. */
  slots: [count: number, shard: number, epoch: number][];
}

/** The copy in KV. */
export const SLOT_TABLE_NAME = 'slot_table';

export const SLOTS = 4096;

/** What a slot counts in the sum over all shards, which tells whether each was seen once. */
const weightOf = (slot: number) =>
  (((slot + 1) * 2_654_435_761) % 4_294_967_291) * (((slot + 1) * 40_503) % 251);

export const WEIGHT_OF_ALL = Array.from({ length: SLOTS }, (_, slot) => weightOf(slot)).reduce(
  (sum, weight) => sum + weight,
);

export class SlotTable {
  readonly version: number;
  readonly shards: readonly string[];
  readonly #shards: Uint16Array;

  /** Throws where the text is no such table. */
  constructor({ version, shards, slots }: SlotTableText) {
    this.version = version;
    this.shards = shards;
    this.#shards = new Uint16Array(SLOTS);
    let next = 0;
    for (const [count, shard] of slots) {
      if (shards[shard] === undefined) throw new Error('a slot has no shard');
      this.#shards.fill(shard, next, next + count);
      next += count;
    }
    if (next !== SLOTS || !Number.isSafeInteger(version)) throw new Error('slots are missing');
  }

  shardOf(slot: number): string {
    return this.shards[this.#shards[slot] ?? 0] ?? '';
  }
}
