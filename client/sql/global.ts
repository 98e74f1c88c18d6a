// Queries of all shards whose rows come together as one answer: sorted, filtered and paged over the
// whole. Each shard is asked for the rows that may be among those wanted and for no others; what
// only a function of the caller can decide needs them all, up to a bound.

import { checkBindings } from './bindings.ts';
import { planOf } from './core.ts';
import { findDepth } from './deep.ts';
import { CollegeDBError } from './errors.ts';
import { checkBatchSize, resultsOf } from './fan_out.ts';
import {
  mergeOrder,
  type Ordered,
  ordered,
  pushLimit,
  type Sort,
  type SortKey,
  takeRows,
} from './ordered.ts';
import type { Router } from './router.ts';
import { activeRouter } from './scope.ts';
import { after, countOf, sample } from './texts.ts';
import type { QueryResult } from './types.ts';

type Row = Record<string, unknown>;
type Bindings = readonly unknown[];

/** Rows that one answer may have, or that functions of the caller may be asked about. */
const rows_max = 50_000;
/** Where less is passed over, the rows themselves are fetched. */
const shallow_max = 256;

export interface GlobalAllShardsOptions<T = Row> {
  /** Shards asked at once: 50. */
  batchSize?: number;
  /** Rows of the whole to pass over: 0. */
  offset?: number;
  limit?: number;
  /** A column, sorted as its shard would sort it; or what to sort a row by. */
  sortBy?: (keyof T & string) | ((row: T) => unknown);
  /** `asc` if it is not given. */
  sortDirection?: 'asc' | 'desc';
  /** Sorts instead of `sortBy`. */
  comparator?: (left: T, right: T) => number;
  filter?: (row: T) => boolean;
  /** Counts the rows before offset and limit: `meta.total`. */
  includeTotal?: boolean;
}

const wrong = (name: string, what: string) =>
  new CollegeDBError(`The option ${name} ${what}`, 'INVALID_OPTION');

/** A whole number from `least` on, or undefined. */
export function checkCount(name: string, value: unknown, least: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && (value as number) >= least)) return;
  throw wrong(name, `is ${String(value)}: it is a whole number from ${least}`);
}

function checkOptions<T>(options: GlobalAllShardsOptions<T>): void {
  const { batchSize = 50, sortBy, sortDirection, comparator, filter } = options;
  checkBatchSize(batchSize);
  checkCount('offset', options.offset, 0);
  checkCount('limit', options.limit, 0);
  if (sortDirection !== undefined && sortDirection !== 'asc' && sortDirection !== 'desc') {
    throw wrong('sortDirection', "is 'asc' or 'desc'");
  }
  if (sortBy !== undefined && typeof sortBy !== 'function' && typeof sortBy !== 'string') {
    throw wrong('sortBy', "is a column's name or a function");
  }
  for (const [name, value] of Object.entries({ comparator, filter })) {
    if (value !== undefined && typeof value !== 'function') throw wrong(name, 'is a function');
  }
}

/** What is asked: a statement that reads, and which of its rows are wanted. */
interface Wanted {
  router: Router;
  sql: string;
  bindings: Bindings;
  at_once: number;
  sort: Sort[];
  /** The statement's own LIMIT and OFFSET are meant. */
  limited: boolean;
  offset: number;
  limit: number;
}

interface Answer<T> {
  rows: T[];
  results: QueryResult<Row>[];
  moved: number;
}

const rowsOf = (results: readonly QueryResult<Row>[]) => results.map(({ results: rows }) => rows);
const sizeOf = (shards: readonly (readonly unknown[])[]) =>
  shards.reduce((sum, rows) => sum + rows.length, 0);

function tooMany(): CollegeDBError {
  const message =
    `More than ${rows_max} rows are one answer: give a limit, and sort by a column rather than ` +
    'by a function';
  return new CollegeDBError(message, 'TOO_MANY_ROWS');
}

/** Each shard's first rows, as many as are wanted of the whole. */
async function fetchShallow<T>(wanted: Wanted): Promise<Answer<T>> {
  const { router, sql, bindings, at_once, sort, limited, offset, limit } = wanted;
  const { keys, first } = await ordered(router, sql, bindings, sort, limited);
  const results = await router.allAllShards<Row>(first(offset + limit), bindings, at_once);
  const shards = rowsOf(results);
  const merged = mergeOrder(shards, keys, offset, limit);
  return { rows: takeRows<T>(shards, keys, merged), results, moved: sizeOf(shards) };
}

type Ask = (texts: readonly (string | undefined)[]) => Promise<QueryResult<Row>[]>;

/** Runs `work`, which asks the shards in rounds, each shard that has one a statement of its own. */
function inRounds<T>({ router, bindings, at_once }: Wanted, work: (ask: Ask) => Promise<T>) {
  const none: QueryResult<Row> = { success: true, results: [], meta: {} };
  const queryOf = (sql: string) => ({ sql, bindings, verb: 'all', reads: true }) as const;
  return router.readRounds((round) =>
    work(async (texts) => {
      const queries = texts.map((text) => (text === undefined ? undefined : queryOf(text)));
      const results = resultsOf<QueryResult<Row> | undefined>(await round(queries, at_once));
      return results.map((result) => result ?? none);
    }),
  );
}

const quoted = (keys: readonly SortKey[]) => [
  ...new Set(keys.map(({ column }) => `"${column.replaceAll('"', '""')}"`)),
];

/** The page alone, once it is known where it begins in each shard. */
async function fetchDeep<T>(wanted: Wanted): Promise<Answer<T>> {
  const { router, sql, bindings, sort, limited } = wanted;
  const order = await ordered(router, sql, bindings, sort, limited);
  const fetch = order.keys.length === 0 ? fetchUnsorted<T> : fetchSorted<T>;
  return await inRounds(wanted, (ask) => fetch(wanted, order, ask));
}

async function fetchSorted<T>(
  { router, offset, limit }: Wanted,
  { keys, first }: Ordered,
  ask: Ask,
): Promise<Answer<T>> {
  const asked: QueryResult<Row>[] = [];
  const count = Object.keys(router.config.shards).length;
  const depth = await findDepth(
    count,
    offset,
    async (from, step, samples) => {
      const results = await ask(
        from.map((start) => sample(first(start + step * samples), quoted(keys), start, step)),
      );
      asked.push(...results);
      return results;
    },
    (samples, most) => mergeOrder(samples, keys, 0, most).order,
  );
  if (depth.ended) return { rows: [], results: asked, moved: depth.moved };
  const most = depth.reach + limit;
  const results = await ask(depth.from.map((start) => after(first(start + most), start, most)));
  const shards = rowsOf(results);
  const merged = mergeOrder(shards, keys, depth.open, limit);
  return {
    rows: takeRows<T>(shards, keys, merged),
    results: [...asked, ...results],
    moved: depth.moved + sizeOf(shards),
  };
}

/** Rows in no order come shard by shard: how many each has says where the page is. */
async function fetchUnsorted<T>(
  { router, offset, limit }: Wanted,
  { first }: Ordered,
  ask: Ask,
): Promise<Answer<T>> {
  const text = countOf(first(offset + limit));
  const counts = await ask(Object.keys(router.config.shards).map(() => text));
  let skip = offset;
  let left = limit;
  const texts = counts.map(({ results }) => {
    const total = Number(results[0]?.total ?? 0);
    const start = Math.min(skip, total);
    const take = Math.min(left, total - start);
    skip -= start;
    left -= take;
    return take > 0 ? after(first(start + take), start, take) : undefined;
  });
  const results = await ask(texts);
  const rows = rowsOf(results).flat() as T[];
  return { rows, results: [...counts, ...results], moved: rows.length + counts.length };
}

/** All rows, for functions of the caller to decide about. */
async function fetchAll<T>(wanted: Wanted): Promise<Answer<T>> {
  const answer = await fetchShallow<T>({ ...wanted, offset: 0, limit: rows_max + 1 });
  if (answer.rows.length > rows_max) throw tooMany();
  return answer;
}

/** Values of JavaScript in an order: null first, then numbers, then texts, as SQLite has them. */
function compareValues(a: unknown, b: unknown): number {
  const rank = (value: unknown) =>
    value === null || value === undefined ? 0 : typeof value === 'string' ? 2 : 1;
  const ranks = rank(a) - rank(b);
  if (ranks !== 0 || rank(a) === 0) return ranks;
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
}

function comparatorOf<T>(options: GlobalAllShardsOptions<T>) {
  const { comparator, sortBy, sortDirection } = options;
  if (comparator !== undefined) return comparator;
  if (typeof sortBy !== 'function') return undefined;
  const sign = sortDirection === 'desc' ? -1 : 1;
  return (a: T, b: T) => sign * compareValues(sortBy(a), sortBy(b));
}

/** What the shards told of themselves, together. */
function metaOf({ results, moved }: Answer<unknown>): QueryResult['meta'] {
  const sum = (of: (meta: QueryResult['meta']) => number | undefined) =>
    results.reduce((all, { meta }) => all + (of(meta) ?? 0), 0);
  return {
    duration: sum(({ duration }) => duration),
    rows_read: sum((meta) => meta.rows_read),
    rows_written: 0,
    changes: 0,
    rows_moved: moved,
  };
}

/** Of a statement that is asked for as it is, its own LIMIT and OFFSET over the whole. */
function ownPage(sql: string): { offset: number; limit: number | undefined } {
  const { limit, offset } = planOf(sql) as { limit?: unknown; offset?: unknown };
  const count = (value: unknown) => {
    if (value === null || value === undefined) return undefined;
    if (typeof value === 'number') return value;
    throw wrong('limit', 'is not given, and the LIMIT of the statement is no number: give both');
  };
  const most = count(limit);
  return {
    offset: Math.max(0, count(offset) ?? 0),
    limit: most === undefined || most < 0 ? undefined : most,
  };
}

/** @internal */
export async function globalOn<T>(
  router: Router,
  sql: string,
  bindings: Bindings,
  options: GlobalAllShardsOptions<T>,
): Promise<QueryResult<T>> {
  checkOptions(options);
  checkBindings(bindings);
  const { sortBy, sortDirection, filter } = options;
  const compare = comparatorOf(options);
  const sort: Sort[] =
    typeof sortBy === 'string' && compare === undefined
      ? [{ term: sortBy, descending: sortDirection === 'desc' }]
      : [];
  const { batchSize: at_once = 50 } = options;
  const plain = options.limit === undefined && sort.length === 0 && !compare && !filter;
  const own = plain ? ownPage(sql) : { offset: 0, limit: options.limit };
  const offset = own.offset + (options.offset ?? 0);
  if ((own.limit ?? 0) > rows_max) throw tooMany();
  const limited = plain && own.limit !== undefined;
  const whole = { router, sql, bindings, at_once, sort, limited };
  if (compare !== undefined || filter !== undefined) {
    const answer = await fetchAll<T>({ ...whole, offset: 0, limit: rows_max });
    const kept = filter === undefined ? answer.rows : answer.rows.filter((row) => filter(row));
    if (compare !== undefined) kept.sort(compare);
    const end = own.limit === undefined ? undefined : offset + own.limit;
    const meta = { ...metaOf(answer), ...(options.includeTotal && { total: kept.length }) };
    return { success: true, results: kept.slice(offset, end), meta };
  }
  const total = options.includeTotal ? countAll(whole) : undefined;
  total?.catch(() => {}); // It is waited for below, unless the page fails first.
  const wanted = { ...whole, offset, limit: own.limit ?? rows_max + 1 };
  const fetch = offset > shallow_max ? fetchDeep : fetchShallow;
  const answer = await fetch<T>(wanted);
  if (own.limit === undefined && answer.rows.length > rows_max) throw tooMany();
  const counted = total === undefined ? {} : { total: await total };
  return { success: true, results: answer.rows, meta: { ...metaOf(answer), ...counted } };
}

/** How many rows there are, of all shards together. */
async function countAll({ router, sql, bindings, at_once }: Omit<Wanted, 'offset' | 'limit'>) {
  const { sql: text } = pushLimit(sql, [], Number.MAX_SAFE_INTEGER);
  const counts = await router.allAllShards<Row>(countOf(text), bindings, at_once);
  return counts.reduce((sum, { results }) => sum + Number(results[0]?.total ?? 0), 0);
}

/** Rows of all shards as one answer: sorted and paged over the whole. */
export async function allAllShardsGlobal<T = Row>(
  sql: string,
  bindings: Bindings = [],
  options: GlobalAllShardsOptions<T> = {},
): Promise<QueryResult<T>> {
  return globalOn<T>(activeRouter(), sql, bindings, options);
}

/** The first of them, or null. */
export async function firstAllShardsGlobal<T = Row>(
  sql: string,
  bindings: Bindings = [],
  options: Omit<GlobalAllShardsOptions<T>, 'limit'> = {},
): Promise<T | null> {
  const first = { ...options, limit: 1 };
  return (await globalOn<T>(activeRouter(), sql, bindings, first)).results[0] ?? null;
}
