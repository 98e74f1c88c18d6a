// Where a new key goes: by the strategy for writes, among the shards that are not too large. With a
// coordinator its directory decides, so that two first writes of a key never get two shards; while
// it is away the hash does, which gives every isolate the same answer.

import type { Settings } from './config.ts';
import { CoordinatorLink } from './coordinator_link.ts';
import { chooseShard } from './core.ts';
import type { CollegeDBError } from './errors.ts';
import { sizeAsked, sizeKnown } from './execute.ts';
import { forEach } from './parallel.ts';
import type { CoordinatorNamespace, OperationType } from './types.ts';

const sizes_at_once = 25;

/** The turn of round-robin, of all who use the same shards in this isolate. */
const turns = new WeakMap<object, { index: number; warned: boolean }>();

function turnOf({ kv, shards }: Settings) {
  const owner = kv ?? shards;
  const turn = turns.get(owner) ?? { index: 0, warned: false };
  turns.set(owner, turn);
  return turn;
}

function sizesKnown(settings: Settings): Record<string, number> {
  const sizes: Record<string, number> = {};
  for (const name of settings.names) {
    const bytes = sizeKnown(settings, name);
    if (bytes !== undefined) sizes[name] = bytes;
  }
  return sizes;
}

/** Null of a shard that cannot tell its size; nothing of one that does not answer. */
async function askSizes(settings: Settings, names: readonly string[]) {
  const sizes: Record<string, number | null> = {};
  await forEach(names, sizes_at_once, async (name) => {
    try {
      sizes[name] = await sizeAsked(settings, name);
    } catch (error) {
      if ((error as CollegeDBError).code === 'SIZE_QUERY_FAILED') sizes[name] = null;
    }
  });
  return sizes;
}

/** A shard that cannot tell its size is as good as a small one. */
async function sizesOf(settings: Settings): Promise<Record<string, number>> {
  if (settings.maxDatabaseSize === undefined) return {};
  const sizes = sizesKnown(settings);
  const asked = await askSizes(
    settings,
    settings.names.filter((name) => sizes[name] === undefined),
  );
  for (const [name, bytes] of Object.entries(asked)) if (bytes !== null) sizes[name] = bytes;
  return sizes;
}

/** By the strategy for reads or for writes. */
export function choose(
  settings: Settings,
  key: string,
  operation: OperationType,
  sizes: Record<string, number> = {},
  strategy = settings.strategy[operation],
) {
  const turn = turnOf(settings);
  const chosen = chooseShard({
    key,
    strategy,
    shards: settings.names,
    region: settings.targetRegion,
    locations: settings.locations,
    index: turn.index,
    sizes,
    maxSize: Object.keys(sizes).length > 0 ? settings.maxDatabaseSize : undefined,
  });
  if (strategy === 'round-robin') turn.index = chosen.index;
  return chosen;
}

function noteExcluded({ debug }: Settings, excluded: readonly string[]): void {
  if (!debug || excluded.length === 0) return;
  console.info(`Excluded ${excluded.length} shards due to size limits: ${excluded.join(', ')}`);
}

function warnOfTurns(settings: Settings): void {
  const turn = turnOf(settings);
  if (turn.warned || settings.strategy.write !== 'round-robin') return;
  turn.warned = true;
  console.warn('round-robin without a coordinator: each isolate takes turns by itself');
}

/** By this isolate alone. */
async function chooseBySize(settings: Settings, key: string, strategy?: 'hash'): Promise<string> {
  const { shard, excluded } = choose(settings, key, 'write', await sizesOf(settings), strategy);
  noteExcluded(settings, excluded === '' ? [] : excluded.split(', '));
  return shard;
}

/** By the coordinator, which knows sizes that any isolate told it. A shard is asked for its size
 * only where nobody knows it. */
async function askCoordinator(
  settings: Settings,
  coordinator: CoordinatorNamespace,
  key: string,
): Promise<string> {
  const { targetRegion, locations: shardLocations, names, maxDatabaseSize } = settings;
  const link = new CoordinatorLink(coordinator, settings);
  const strategy = settings.strategy.write;
  const allocation = {
    primaryKey: key,
    strategy,
    operationType: 'write',
    availableShards: names,
    ...(strategy === 'location' && { targetRegion, shardLocations }),
  } as const;
  if (maxDatabaseSize === undefined) return await link.allocate(allocation);
  const sizes: Record<string, number | null> = sizesKnown(settings);
  const bound = { ...allocation, maxDatabaseSize, sizeCacheTtlMs: settings.sizeTtlMs, sizes };
  let told = await link.allocateBySize(bound);
  if (told.sizes !== undefined) {
    Object.assign(sizes, await askSizes(settings, told.sizes));
    told = await link.allocateBySize({ ...bound, sizesAsked: true });
  }
  if (told.shard === undefined) throw new Error('ShardCoordinator error: it names no shard');
  noteExcluded(settings, told.excluded ?? []);
  return told.shard;
}

export async function allocate(settings: Settings, key: string): Promise<string> {
  const { coordinator } = settings;
  if (coordinator === undefined) {
    warnOfTurns(settings);
    return await chooseBySize(settings, key);
  }
  try {
    return await askCoordinator(settings, coordinator, key);
  } catch (error) {
    console.warn('Coordinator unavailable, using fallback allocation:', error);
    return await chooseBySize(settings, key, 'hash');
  }
}
