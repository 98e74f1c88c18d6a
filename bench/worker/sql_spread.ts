// How evenly a strategy spreads new keys over shards, and how long a choice takes: the library's
// own choice, without databases.

import { chooseShard } from '../../client/sql/core.ts';
import type { D1Region, ShardingStrategy } from '../../client/sql/index.ts';

const regions: readonly D1Region[] = ['wnam', 'enam', 'weur', 'eeur', 'apac', 'oc', 'me', 'af'];

/** Keys on the fullest shard and on the emptiest. */
export function answerSpread(url: URL): Response {
  const { searchParams } = url;
  const strategy = searchParams.get('strategy') as ShardingStrategy;
  const count = Number(searchParams.get('count'));
  const names = Array.from({ length: Number(searchParams.get('shards')) }, (_, i) => `db-${i}`);
  const locations = Object.fromEntries(names.map((name, i) => [name, regions[i % regions.length]]));
  const keys = new Map(names.map((name) => [name, 0]));
  let index = 0;
  for (let number = 0; number < count; number += 1) {
    const key = `user-${number}`;
    const near = strategy === 'location' ? ({ region: 'weur', locations } as const) : {};
    const chosen = chooseShard({ key, strategy, shards: names, index, ...near });
    index = chosen.index;
    keys.set(chosen.shard, (keys.get(chosen.shard) ?? 0) + 1);
  }
  const counts = [...keys.values()];
  return Response.json({ most: Math.max(...counts), least: Math.min(...counts) });
}
