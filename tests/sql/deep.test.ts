// Where a page begins in each shard: for whatever sizes and values, at whatever depth, by samples
// alone. The rows are numbers here, in sorted lists.

import { describe, expect, it } from 'vitest';
import { findDepth, type Samples } from '../../client/sql/deep.ts';

/** A small generator, so that a failure repeats. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
}

interface Item {
  value: number;
  shard: number;
}

const inOrder = (a: Item, b: Item) => a.value - b.value || a.shard - b.shard;

function mergeOf(samples: readonly Samples[], limit: number): number[] {
  const items = samples.flatMap((rows, shard) =>
    rows.map((row): Item => ({ value: row.value as number, shard })),
  );
  return items
    .sort(inOrder)
    .slice(0, limit)
    .map(({ shard }) => shard);
}

/** Finds the depth in these lists; the most rows of a round, and the rounds. */
async function search(shards: readonly (readonly number[])[], offset: number) {
  let rounds = 0;
  const depth = await findDepth(
    shards.length,
    offset,
    async (from, step, count) => {
      rounds += 1;
      return shards.map((rows, shard) => {
        const start = from[shard] ?? 0;
        const results = [];
        for (let at = step; at <= step * count && start + at <= rows.length; at += step) {
          results.push({ value: rows[start + at - 1] });
        }
        return { success: true, results, meta: {} };
      });
    },
    mergeOf,
  );
  return { depth, rounds };
}

function check(shards: readonly (readonly number[])[], offset: number, depth: Depth): void {
  const all = shards.flatMap((rows, shard) => rows.map((value): Item => ({ value, shard })));
  const before = all.sort(inOrder).slice(0, offset);
  const right = shards.map((_, shard) => before.filter((item) => item.shard === shard).length);
  if (depth.ended) {
    expect(all.length).toBeLessThanOrEqual(offset);
    return;
  }
  const skipped = depth.from.reduce((sum, count) => sum + count, 0);
  expect(skipped + depth.open).toBe(offset);
  for (const [shard, count] of right.entries()) {
    // Nothing of the page is passed over, and what is fetched reaches it.
    expect(depth.from[shard]).toBeLessThanOrEqual(count);
    expect((depth.from[shard] ?? 0) + depth.reach).toBeGreaterThanOrEqual(count);
  }
}

type Depth = Awaited<ReturnType<typeof findDepth>>;

describe('the beginning of a page', () => {
  it.each([1, 2, 3, 4, 7, 20])('is bounded in each of %i shards', async (count) => {
    const random = randomOf(count);
    for (let turn = 0; turn < 25; turn += 1) {
      const values = [1, 3, 50, 100_000][random(4)] as number;
      const largest = [0, 10, 400, 3000][random(4)] as number;
      const shards = Array.from({ length: count }, () =>
        Array.from({ length: random(largest + 1) }, () => random(values)).sort((a, b) => a - b),
      );
      const total = shards.reduce((sum, rows) => sum + rows.length, 0);
      for (const offset of [0, 64, 65, random(total + 1), total, total + 1, total * 3 + 500]) {
        const { depth, rounds } = await search(shards, offset);
        check(shards, offset, depth);
        expect(rounds).toBeLessThan(12);
      }
    }
  });

  it('costs a few hundred rows however deep it is', async () => {
    const random = randomOf(9);
    const shards = Array.from({ length: 4 }, () =>
      Array.from({ length: 100_000 }, () => random(500)).sort((a, b) => a - b),
    );
    for (const offset of [1000, 10_000, 100_000, 399_000]) {
      const { depth, rounds } = await search(shards, offset);
      expect([offset, depth.ended]).toEqual([offset, false]);
      expect(depth.moved).toBeLessThan(1100);
      expect(depth.reach).toBeLessThanOrEqual(64);
      expect(rounds).toBeLessThanOrEqual(4);
    }
  });
});
