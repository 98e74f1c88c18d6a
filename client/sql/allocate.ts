// Where a new key goes: by the strategy for writes, among the shards that are not too large. With a
// coordinator its directory decides, so that two first writes of a key never get two shards; while
// it is away the hash does, which gives every isolate the same answer.

import type { Settings } from './config.ts';
import { CoordinatorLink } from './coordinator_link.ts';
import { chooseShard } from './core.ts';
import { sizeAsked, sizeKnown } from './execute.ts';
import { forEach } from './parallel.ts';
import type { OperationType } from './types.ts';

const sizes_at_once = 25;

/** The turn of round-robin, of all who use the same shards in this isolate. */
const turns = new WeakMap<object, { index: number; warned: boolean }>();

function turnOf({ kv, shards }: Settings) {
  const owner = kv ?? shards;
  const turn = turns.get(owner) ?? { index: 0, warned: false };
  turns.set(owner, turn);
  return turn;
}

/** A shard that cannot tell its size is as good as a small one. */
async function sizesOf(settings: Settings): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {};
  await forEach(settings.names, sizes_at_once, async (name) => {
    const bytes =
      sizeKnown(settings, name) ?? (await sizeAsked(settings, name).catch(() => undefined));
    if (bytes !== undefined) sizes[name] = bytes;
  });
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

function noteExcluded({ debug }: Settings, excluded: string): void {
  if (!debug || excluded === '') return;
  const count = excluded.split(', ').length;
  console.info(`Excluded ${count} shards due to size limits: ${excluded}`);
}

function warnOfTurns(settings: Settings): void {
  const turn = turnOf(settings);
  if (turn.warned || settings.strategy.write !== 'round-robin') return;
  turn.warned = true;
  console.warn('round-robin without a coordinator: each isolate takes turns by itself');
}

export async function allocate(settings: Settings, key: string): Promise<string> {
  const sizes = settings.maxDatabaseSize === undefined ? {} : await sizesOf(settings);
  if (settings.coordinator === undefined) {
    warnOfTurns(settings);
    const { shard, excluded } = choose(settings, key, 'write', sizes);
    noteExcluded(settings, excluded);
    return shard;
  }
  const { shard: hashed, excluded } = choose(settings, key, 'write', sizes, 'hash');
  noteExcluded(settings, excluded);
  const { targetRegion, locations: shardLocations } = settings;
  const strategy = settings.strategy.write;
  const out = new Set(excluded === '' ? [] : excluded.split(', '));
  const roomy = settings.names.filter((name) => !out.has(name));
  try {
    return await new CoordinatorLink(settings.coordinator, settings).allocate({
      primaryKey: key,
      strategy,
      operationType: 'write',
      availableShards: roomy.length > 0 ? roomy : settings.names,
      ...(strategy === 'location' && { targetRegion, shardLocations }),
    });
  } catch (error) {
    console.warn('Coordinator unavailable, using fallback allocation:', error);
    return hashed;
  }
}
