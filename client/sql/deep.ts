// Where a page that begins far down the whole begins in each shard, without moving what is before
// it. In rounds, each shard tells the sort keys of a few of its rows, evenly spaced. Merged, they
// bound how many rows of each shard come before the page, and the next round asks between bounds.
//
// In a round the rows that are still open are R, and each sample stands for `step` rows of its
// shard up to itself. The t-th of all samples in order has no more than
//   t * step + (shards - 1) * (step - 1)
// rows before or at it, since of each other shard less than a step more may be. While that is at
// most R, all rows up to those samples come before the page, and need not be looked at again.

import type { QueryResult } from './types.ts';

/** Open rows that are few enough to be fetched with the page. */
const open_max = 64;
const samples_min = 64;
const samples_max = 1024;

export type Samples = readonly Record<string, unknown>[];

export interface Depth {
  /** Rows of each shard that come before the page for certain. */
  from: number[];
  /** How many more rows come before it, of all shards together. */
  open: number;
  /** A shard has no more rows than these beside those, of which any may come before the page. */
  reach: number;
  /** There are no more than the open rows: the page is empty. */
  ended: boolean;
  /** Rows that the shards answered. */
  moved: number;
}

/** What the shards are asked: the keys of each `step`th row after their `from`, `count` at most. */
export type AskSamples = (
  from: readonly number[],
  step: number,
  count: number,
) => Promise<QueryResult<Record<string, unknown>>[]>;

/** The places of shards in the order of their samples, `limit` at most. */
export type MergeSamples = (samples: readonly Samples[], limit: number) => readonly number[];

export async function findDepth(
  shards: number,
  offset: number,
  askFor: AskSamples,
  merge: MergeSamples,
): Promise<Depth> {
  const from = new Array<number>(shards).fill(0);
  const wanted = Math.min(samples_max, Math.max(samples_min, shards * 16));
  let open = offset;
  let moved = 0;
  // No shard has more rows left than this, once that is known.
  let longest = Infinity;
  while (Math.min(open, longest) > open_max) {
    const reach = Math.min(open, longest);
    const step = Math.max(1, Math.floor(reach / wanted));
    const count = Math.floor(reach / step);
    const samples = (await askFor(from, step, count)).map(({ results }) => results);
    moved += samples.reduce((sum, rows) => sum + rows.length, 0);
    const certain = Math.max(0, Math.floor((open - (shards - 1) * (step - 1)) / step));
    const taken = merge(samples, certain);
    for (const shard of taken) from[shard] = (from[shard] ?? 0) + step;
    open -= taken.length * step;
    // All samples are taken: no shard has a whole step of rows left.
    if (taken.length < certain) longest = step - 1;
    if (longest * shards <= open) break;
  }
  const ended = open > 0 && longest * shards <= open;
  return { from, open, reach: Math.min(open, longest), ended, moved };
}
