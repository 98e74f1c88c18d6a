// The functions of the library: each is the method of the configuration that counts where it is
// called (scope.ts).

import { activeRouter } from './scope.ts';
import type { PreparedStatement } from './statement.ts';
import type { QueryResult, RebalanceOptions, ShardStats, SlotMove } from './types.ts';

type Row = Record<string, unknown>;
type Bindings = readonly unknown[];

export async function prepare(key: string, sql: string): Promise<PreparedStatement> {
  return activeRouter().prepare(key, sql);
}

/** Runs a statement on the shard of a key. */
export async function run<T = Row>(
  key: string,
  sql: string,
  bindings: Bindings = [],
): Promise<QueryResult<T>> {
  return activeRouter().run<T>(key, sql, bindings);
}

export async function all<T = Row>(
  key: string,
  sql: string,
  bindings: Bindings = [],
): Promise<QueryResult<T>> {
  return activeRouter().all<T>(key, sql, bindings);
}

/** The first row, or null. */
export async function first<T = Row>(
  key: string,
  sql: string,
  bindings: Bindings = [],
): Promise<T | null> {
  return activeRouter().first<T>(key, sql, bindings);
}

/** Runs a statement on a shard by its name. */
export async function runShard<T = Row>(
  shard: string,
  sql: string,
  bindings: Bindings = [],
): Promise<QueryResult<T>> {
  return activeRouter().runShard<T>(shard, sql, bindings);
}

export async function allShard<T = Row>(
  shard: string,
  sql: string,
  bindings: Bindings = [],
): Promise<QueryResult<T>> {
  return activeRouter().allShard<T>(shard, sql, bindings);
}

export async function firstShard<T = Row>(
  shard: string,
  sql: string,
  bindings: Bindings = [],
): Promise<T | null> {
  return activeRouter().firstShard<T>(shard, sql, bindings);
}

/** Runs a statement on every shard, `batchSize` at once: a result for each, in their order. If one
 * fails, the error's `outcomes` say what became of each. */
export async function runAllShards<T = Row>(
  sql: string,
  bindings: Bindings = [],
  batchSize = 50,
): Promise<QueryResult<T>[]> {
  return activeRouter().runAllShards<T>(sql, bindings, batchSize);
}

export async function allAllShards<T = Row>(
  sql: string,
  bindings: Bindings = [],
  batchSize = 50,
): Promise<QueryResult<T>[]> {
  return activeRouter().allAllShards<T>(sql, bindings, batchSize);
}

/** The first row of each shard, or null. */
export async function firstAllShards<T = Row>(
  sql: string,
  bindings: Bindings = [],
  batchSize = 50,
): Promise<(T | null)[]> {
  return activeRouter().firstAllShards<T>(sql, bindings, batchSize);
}

export async function listKnownShards(): Promise<string[]> {
  return activeRouter().listKnownShards();
}

export async function getShardStats(): Promise<ShardStats[]> {
  return activeRouter().getShardStats();
}

/** Bytes. */
export async function getDatabaseSizeForShard(shard: string): Promise<number> {
  return activeRouter().getDatabaseSizeForShard(shard);
}

/** Forgets where every key is; refused in production. */
export async function flush(): Promise<void> {
  return activeRouter().flush();
}

/** Moves a key to another shard with its rows, of one table or of all. */
export async function reassignShard(
  primaryKey: string,
  newShard: string,
  tableName?: string,
): Promise<void> {
  return activeRouter().reassignShard(primaryKey, newShard, tableName);
}

/** Gives a shard its part of the slots, taken from all others: begins the moves. */
export async function addShard(shard: string): Promise<SlotMove[]> {
  return activeRouter().addShard(shard);
}

/** Takes all slots from a shard: begins the moves. */
export async function drainShard(shard: string): Promise<SlotMove[]> {
  return activeRouter().drainShard(shard);
}

/** Evens out how many slots the shards have; with `dryRun` says how. */
export async function rebalance(options: RebalanceOptions = {}): Promise<SlotMove[]> {
  return activeRouter().rebalance(options);
}

/** The moves that wait, go on and were done lately. */
export async function getMoves(): Promise<SlotMove[]> {
  return activeRouter().getMoves();
}
