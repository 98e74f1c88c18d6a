// A statement that is run only where its key is. A write goes with a fence in one batch. A read
// tells beside its rows whether the key is there; where it has none to tell it beside, or cannot,
// it is asked in a batch as well.

import type { Settings } from './config.ts';
import { ask } from './core.ts';
import { messageOf } from './errors.ts';
import { execute, noteSize, persist, type Query, resultOf, shardNamed } from './execute.ts';
import { Lru } from './lru.ts';
import type { QueryResult, Shard, ShardStatement } from './types.ts';

/** The key is not on the shard that was asked, or may not be written there now. */
export const MOVED = Symbol('moved');

/** What fences ask for: a key's slot, and the name under which it may lie apart from it. */
export type Place = readonly [slot: number, part: string];

export const placeOf = (key: string, slot: number): Place => [slot, `k${key}`];

type Answer<T> = QueryResult<T> | T | null;

/** As `fence_sql` tells. */
interface Fences {
  read: string | null;
  parameter: number | null;
  before_write: string;
  before_write_all: string;
  after_write: string;
  before_read: string;
  before_all: string;
  moved: string;
}

/** The column that a fenced read has more. */
const epoch_column = '__tidemark_epoch';

const remembered_length_max = 10_000;
const fences = new Lru<Fences>(500);

function fencesOf(sql: string): Fences {
  const known = fences.get(sql, 0);
  if (known !== undefined) return known;
  const told = JSON.parse(ask('fence_sql', { sql }).text()) as Fences;
  if (sql.length <= remembered_length_max) fences.set(sql, told, Infinity);
  return told;
}

function bound(shard: Shard, sql: string, bindings: readonly unknown[]): ShardStatement {
  const statement = shard.prepare(sql);
  return bindings.length > 0 ? statement.bind(...bindings) : statement;
}

/** Statements in one transaction: what each of them found. Such shards have a `batch`: settingsOf
 * has seen to it. */
async function together(
  settings: Settings,
  name: string,
  reads: boolean,
  statements: readonly [sql: string, bindings: readonly unknown[]][],
): Promise<QueryResult[]> {
  const shard = shardNamed(settings, name);
  const results = await persist(settings, name, reads, async () => {
    const all = statements.map(([sql, bindings]) => bound(shard, sql, bindings));
    return ((await shard.batch?.(all)) ?? []) as object[];
  });
  return results.map((each) => resultOf(each));
}

function answerOf<T>({ verb }: Query, result: QueryResult | undefined): Answer<T> {
  if (result === undefined) throw new Error('a batch has a result for each statement');
  return verb === 'first'
    ? ((result.results[0] as T | undefined) ?? null)
    : (result as QueryResult<T>);
}

async function write<T>(
  settings: Settings,
  name: string,
  before: [sql: string, bindings: readonly unknown[]],
  query: Query,
): Promise<Answer<T> | typeof MOVED> {
  const { after_write, moved } = fencesOf(query.sql);
  try {
    const [, result, after] = await together(settings, name, false, [
      before,
      [query.sql, query.bindings],
      [after_write, []],
    ]);
    const { changes } = after?.results[0] ?? {};
    if (result !== undefined && typeof changes === 'number') result.meta.changes = changes;
    noteSize(shardNamed(settings, name), result?.meta.size_after, settings);
    return answerOf<T>(query, result);
  } catch (error) {
    if (messageOf(error).includes(moved)) return MOVED;
    throw error;
  }
}

async function look<T>(
  settings: Settings,
  name: string,
  place: Place,
  query: Query,
): Promise<Answer<T> | typeof MOVED> {
  const { before_read } = fencesOf(query.sql);
  const [fence, result] = await together(settings, name, true, [
    [before_read, place],
    [query.sql, query.bindings],
  ]);
  return fence === undefined || fence.results.length === 0 ? MOVED : answerOf<T>(query, result);
}

/** The row without the column that was added; undefined where that says: the key is not there. */
function stripped<T>(row: Record<string, unknown>): T | undefined {
  const { [epoch_column]: epoch, ...rest } = row;
  return epoch === null ? undefined : (rest as T);
}

async function read<T>(
  settings: Settings,
  name: string,
  place: Place,
  query: Query,
): Promise<Answer<T> | typeof MOVED> {
  const { read: sql, parameter } = fencesOf(query.sql);
  if (sql === null || parameter !== query.bindings.length) {
    return look<T>(settings, name, place, query);
  }
  const fenced = { ...query, sql, bindings: [...query.bindings, ...place] };
  const answer = await execute<Record<string, unknown>>(settings, name, fenced);
  if (query.verb === 'first') {
    if (answer === null) return look<T>(settings, name, place, query);
    return stripped<T>(answer as Record<string, unknown>) ?? MOVED;
  }
  const result = answer as QueryResult;
  if (result.results.length === 0) return look<T>(settings, name, place, query);
  const results: T[] = [];
  for (const row of result.results) {
    const own = stripped<T>(row);
    if (own === undefined) return MOVED;
    results.push(own);
  }
  return { ...result, results };
}

/** What the shard answers, where it has the key. */
export function fenced<T>(
  settings: Settings,
  name: string,
  place: Place,
  query: Query,
): Promise<Answer<T> | typeof MOVED> {
  return query.reads
    ? read<T>(settings, name, place, query)
    : write<T>(settings, name, [fencesOf(query.sql).before_write, place], query);
}

/** A write to one shard among all, unless slots change hands there. */
export function writeWhereNothingMoves<T>(
  settings: Settings,
  name: string,
  query: Query,
): Promise<Answer<T> | typeof MOVED> {
  return write<T>(settings, name, [fencesOf(query.sql).before_write_all, []], query);
}

/** What a shard has of all slots, as it was when it answered. */
export interface Share {
  slots: number;
  weight: number;
  /** How many shards had each slot at first: 1, but while rows are gathered. */
  parts: number;
}

/** A read of one shard among all, and what the shard had of the slots then. */
export async function readWithShare<T>(
  settings: Settings,
  name: string,
  query: Query,
): Promise<{ share: Share; answer: Answer<T> }> {
  const { before_all } = fencesOf(query.sql);
  const [fence, result] = await together(settings, name, true, [
    [before_all, []],
    [query.sql, query.bindings],
  ]);
  const [share = { slots: 0, weight: 0, parts: 1 }] = (fence?.results ?? []) as unknown as Share[];
  return { share, answer: answerOf<T>(query, result) };
}
