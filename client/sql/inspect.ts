// Looking after the shards: indexes, query plans, how many rows there are and how large they are.

import { buildIndex, type CreateIndexOptions, type IndexColumns } from './build.ts';
import { CollegeDBError, messageOf } from './errors.ts';
import { checkBatchSize, resultsOf, settle } from './fan_out.ts';
import { quoteIdentifier } from './identifiers.ts';
import type { Router } from './router.ts';
import { activeRouter } from './scope.ts';
import { countRows, explained } from './texts.ts';
import type { QueryResult, ShardOutcome } from './types.ts';

type Row = Record<string, unknown>;
type Bindings = readonly unknown[];
type IndexOptions = Omit<CreateIndexOptions, 'batchSize'>;

/** Makes an index on the shard of a key. */
export async function index<T = Row>(
  key: string,
  table: string,
  columns: IndexColumns,
  options: IndexOptions = {},
): Promise<QueryResult<T>> {
  return activeRouter().run<T>(key, buildIndex(table, columns, options));
}

export async function indexShard<T = Row>(
  shard: string,
  table: string,
  columns: IndexColumns,
  options: IndexOptions = {},
): Promise<QueryResult<T>> {
  return activeRouter().runShard<T>(shard, buildIndex(table, columns, options));
}

export async function indexAllShards<T = Row>(
  table: string,
  columns: IndexColumns,
  { batchSize = 50, ...options }: CreateIndexOptions = {},
): Promise<QueryResult<T>[]> {
  return activeRouter().runAllShards<T>(buildIndex(table, columns, options), [], batchSize);
}

export interface ExplainOptions {
  /** How the rows are found, or the program that does it. */
  mode?: 'query-plan' | 'raw';
  /** Shards at once, where all are meant: 50. */
  batchSize?: number;
}

function explanationOf(sql: string, mode: ExplainOptions['mode'] = 'query-plan'): string {
  if (Object.hasOwn(explained, mode)) return explained[mode](sql);
  const message = `The option mode is '${mode}': SQLite explains by 'query-plan' or 'raw'`;
  throw new CollegeDBError(message, 'INVALID_OPTION');
}

/** How a statement would be run on the shard of a key. It is not run. */
export async function explain<T = Row>(
  key: string,
  sql: string,
  bindings: Bindings = [],
  { mode }: Omit<ExplainOptions, 'batchSize'> = {},
): Promise<QueryResult<T>> {
  return activeRouter().all<T>(key, explanationOf(sql, mode), bindings);
}

export async function explainShard<T = Row>(
  shard: string,
  sql: string,
  bindings: Bindings = [],
  { mode }: Omit<ExplainOptions, 'batchSize'> = {},
): Promise<QueryResult<T>> {
  return activeRouter().allShard<T>(shard, explanationOf(sql, mode), bindings);
}

export async function explainAllShards<T = Row>(
  sql: string,
  bindings: Bindings = [],
  { mode, batchSize = 50 }: ExplainOptions = {},
): Promise<QueryResult<T>[]> {
  return activeRouter().allAllShards<T>(explanationOf(sql, mode), bindings, batchSize);
}

const totalOf = (row: { total: number } | null | undefined) => Number(row?.total ?? 0);

/** Rows of a table on the shard of a key. */
export async function count(key: string, table: string): Promise<number> {
  const text = countRows(quoteIdentifier(table));
  return totalOf(await activeRouter().first<{ total: number }>(key, text));
}

export async function countShard(shard: string, table: string): Promise<number> {
  const text = countRows(quoteIdentifier(table));
  return totalOf(await activeRouter().firstShard<{ total: number }>(shard, text));
}

export interface ShardTableCount {
  shard: string;
  /** Null where the shard failed. */
  count: number | null;
  success: boolean;
  error?: string;
}

/** What every shard says, those that fail too. */
async function askAll(
  router: Router,
  at_once: number,
  ask: (shard: string) => Promise<number>,
): Promise<ShardOutcome[]> {
  checkBatchSize(at_once);
  return await settle(Object.keys(router.config.shards), at_once, ask);
}

const numberOf = (outcome: ShardOutcome) => (outcome.ok ? (outcome.result as number) : null);
const toldOf = (outcome: ShardOutcome) =>
  outcome.ok
    ? { shard: outcome.shard, success: true }
    : { shard: outcome.shard, success: false, error: messageOf(outcome.error) };

/** Rows of a table on each shard, and of all that answered. Whether that is all of them,
 * `complete` says. */
export async function countAllShards(
  table: string,
  batchSize = 50,
): Promise<{ total: number; complete: boolean; shards: ShardTableCount[] }> {
  const router = activeRouter();
  const text = countRows(quoteIdentifier(table));
  checkBatchSize(batchSize);
  const query = { sql: text, bindings: [], verb: 'first', reads: true } as const;
  const queries = Object.keys(router.config.shards).map(() => query);
  const answers = await router.readRounds((ask) => ask(queries, batchSize));
  const outcomes = answers.map((answer) =>
    answer.ok ? { ...answer, result: totalOf(answer.result as { total: number }) } : answer,
  );
  return {
    total: outcomes.reduce((sum, outcome) => sum + (numberOf(outcome) ?? 0), 0),
    complete: outcomes.every(({ ok }) => ok),
    shards: outcomes.map((outcome) => ({ ...toldOf(outcome), count: numberOf(outcome) })),
  };
}

export interface ShardSizeResult {
  shard: string;
  /** Bytes; null where the shard failed. */
  size: number | null;
  success: boolean;
  error?: string;
}

/** Bytes of the database that a key's row is in, or would be looked for first. */
export async function getDatabaseSizeForKey(key: string): Promise<number> {
  const { meta } = await activeRouter().all(key, 'SELECT 1');
  if (typeof meta.size_after === 'number') return meta.size_after;
  throw new CollegeDBError(`The shard of ${key} does not tell its size`, 'SIZE_QUERY_FAILED');
}

export async function getDatabaseSizesAllShards(batchSize = 50): Promise<ShardSizeResult[]> {
  const router = activeRouter();
  const outcomes = await askAll(router, batchSize, (shard) =>
    router.getDatabaseSizeForShard(shard),
  );
  return outcomes.map((outcome) => ({ ...toldOf(outcome), size: numberOf(outcome) }));
}

/** Bytes of all shards. One that fails makes it fail: a part is no total. */
export async function getTotalDatabaseSize(batchSize = 50): Promise<number> {
  const router = activeRouter();
  const outcomes = await askAll(router, batchSize, (shard) =>
    router.getDatabaseSizeForShard(shard),
  );
  return resultsOf<number>(outcomes).reduce((sum, size) => sum + size, 0);
}
