// The mapping of what databases held before, by itself: a piece of it in each run.
//
// - A run has one budget of subrequests for all its shards, so that the request that it is in has
//   room for its own queries. Whose turn was longest ago comes first.
// - Nothing tells requests apart. So what a run leaves rests: the other calls of its request find
//   nothing to do, and a later request goes on.
// - Requests share no promise: who waits for another's run looks now and then whether it is over.

import { type Budget, type ExistingMapper, migrate } from './integrate.ts';
import { isKnown, isResting, rest } from './mapped.ts';
import type { Shard } from './types.ts';

/** How long what a run leaves is left alone. */
export const REST_MS = 5_000;
/** A run that takes longer died with its request. */
const lost_ms = 60_000;
const look_ms = 20;
/** What looking at a shard takes at most: five queries, and KV for twelve keys. */
const cost_of_look = 17;
/** What mapping one row takes: six queries, two operations of KV for its key, two for the shard. */
const cost_of_row = 10;

type Named = [name: string, d1: Shard];

export interface MigrationBounds {
  /** Keys mapped at once. */
  concurrency: number;
  /** Of all shards together. */
  subrequests: number;
}

const begun_ms = new WeakMap<Shard, number>();
const isUnderWay = (d1: Shard) => Date.now() - (begun_ms.get(d1) ?? -Infinity) < lost_ms;

/** The last turn of each. */
const turns = new WeakMap<Shard, number>();
let turn = 0;
const turnOf = ([, d1]: Named) => turns.get(d1) ?? 0;

/** The first gets on, however little there is. The others do where all that they need is left. */
async function mapInTurn(due: Named[], mapper: ExistingMapper, bounds: MigrationBounds) {
  const budget: Budget = { left: bounds.subrequests, least: 0 };
  for (const [name, d1] of due.toSorted((a, b) => turnOf(a) - turnOf(b))) {
    const is_first = budget.least === 0;
    if (!is_first && budget.left < cost_of_look) break;
    // One that fails is tried again when it has rested.
    const result = await migrate(d1, name, mapper, bounds, budget).catch(() => undefined);
    if (is_first || result?.migrationPerformed) {
      turn += 1;
      turns.set(d1, turn);
    }
    budget.least = cost_of_row;
  }
}

async function run(due: Named[], mapper: ExistingMapper, bounds: MigrationBounds) {
  for (const [, d1] of due) begun_ms.set(d1, Date.now());
  await mapInTurn(due, mapper, bounds);
  for (const [name, d1] of due) {
    begun_ms.delete(d1);
    if (!isKnown(d1, name)) rest(d1, name, Date.now() + REST_MS);
  }
}

/** Maps a piece of what the shards held that this isolate knows nothing of, unless others are at
 * it; resolves when that is done. */
export async function migrateShards(
  shards: Readonly<Record<string, Shard>>,
  mapper: ExistingMapper,
  bounds: MigrationBounds,
): Promise<void> {
  const open = Object.entries(shards).filter(([name, d1]) => !isKnown(d1, name));
  const due = open.filter(([name, d1]) => !isUnderWay(d1) && !isResting(d1, name));
  if (due.length > 0) await run(due, mapper, bounds);
}

/** Resolves when nobody in this isolate is at it. A Worker's clock may stand still, so that looks
 * are counted. */
export async function othersMigrating(shards: Readonly<Record<string, Shard>>): Promise<void> {
  for (let looks = 0; looks < lost_ms / look_ms; looks += 1) {
    if (!Object.values(shards).some(isUnderWay)) return;
    await new Promise((resolve) => setTimeout(resolve, look_ms));
  }
}
