// One SELECT asked of several shards in order: what each is asked, by which keys its rows are
// sorted, and how their answers come together. The core decides (wasm/shards/sql_push.h and
// merge_order.cc); here are its arguments.

import { ask } from './core.ts';
import { CollegeDBError } from './errors.ts';
import { Lru } from './lru.ts';
import type { Router } from './router.ts';
import { collationOf } from './texts.ts';
import type { Shard } from './types.ts';

export interface SortKey {
  column: string;
  /** It is not of the answer: to be taken off. */
  added: boolean;
  descending: boolean;
  /** Null: the column's own. */
  collation: string | null;
  nulls: 'first' | 'last' | null;
}

export interface Sort {
  term: string;
  descending: boolean;
  collation?: string;
}

interface Pushed {
  sql: string;
  keys: SortKey[];
}

/** What each shard is asked for the first `limit` rows of all; without it, for as many as the
 * statement's own LIMIT and OFFSET are about. */
export function pushLimit(sql: string, sort: readonly Sort[], limit?: number): Pushed {
  const params = {
    sql,
    sort: sort.length === 0 ? '' : JSON.stringify(sort),
    limit: limit === undefined ? '' : String(limit),
    offset: '0',
  };
  return JSON.parse(ask('push_limit', params).text()) as Pushed;
}

const unsortable = (message: string) => new CollegeDBError(message, 'UNSUPPORTED_ORDER');

function cellOf(value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return value;
  if (value instanceof ArrayBuffer) return [...new Uint8Array(value)];
  if (ArrayBuffer.isView(value)) {
    return [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)];
  }
  throw unsortable(`A sort key is ${String(value)}: it is a number, a text, a blob or null`);
}

export interface Merged {
  /** The shards' places: from which the next row is to be taken. */
  order: number[];
  /** How many rows of each shard came before. */
  skipped: number[];
}

/** The order in which rows of several shards come, each shard's in order already: after `offset`
 * of them, `limit` at most. Of equal rows those of the earlier shard come first. */
export function mergeOrder(
  shards: readonly (readonly Record<string, unknown>[])[],
  keys: readonly SortKey[],
  offset: number,
  limit: number,
): Merged {
  const cells = shards.map((rows) =>
    rows.map((row) => keys.map(({ column }) => cellOf(row[column]))),
  );
  const order = keys.map(({ descending, collation, nulls }) => ({
    descending,
    ...(collation !== null && { collation }),
    ...(nulls !== null && { nulls }),
  }));
  const reply = ask('merge_order', {
    keys: JSON.stringify(cells),
    order: JSON.stringify(order),
    offset: String(offset),
    limit: String(limit),
  });
  return {
    order: JSON.parse(reply.text()) as number[],
    skipped: JSON.parse(reply.data.skipped ?? '[]') as number[],
  };
}

/** Takes rows in a merged order, without the columns that were added. */
export function takeRows<T>(
  shards: readonly (readonly Record<string, unknown>[])[],
  keys: readonly SortKey[],
  { order, skipped }: Merged,
): T[] {
  const next = [...skipped];
  const added = keys.filter((key) => key.added).map(({ column }) => column);
  return order.map((shard) => {
    const at = next[shard] ?? 0;
    next[shard] = at + 1;
    const row = { ...shards[shard]?.[at] };
    for (const column of added) delete row[column];
    return row as T;
  });
}

/** What columns' collations turned out to be, by the statements asked last. */
const known = new WeakMap<Shard, Lru<string[]>>();

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

interface Equal {
  folds: number;
  trims: number;
}

/** What any shard can tell: one that is down is passed over, and told of when its rows are asked
 * for. */
async function firstThatAnswers<T>(
  router: Router,
  sql: string,
  bindings: readonly unknown[],
): Promise<T | null> {
  let failure: unknown;
  for (const name of Object.keys(router.config.shards)) {
    try {
      return await router.firstShard<T>(name, sql, bindings);
    } catch (error) {
      if ((error as CollegeDBError).code !== 'SHARD_UNAVAILABLE') throw error;
      failure ??= error;
    }
  }
  throw failure;
}

/** The collations of the columns that a statement is sorted by, where it names none: as one shard
 * says, since all have one schema. Asked once for each statement. */
async function collationsOf(
  router: Router,
  sql: string,
  bindings: readonly unknown[],
  sort: readonly Sort[],
): Promise<string[]> {
  const { shards } = router.config;
  const [name = ''] = Object.keys(shards);
  const learnt = known.get(shards[name] as Shard) ?? new Lru<string[]>(500);
  known.set(shards[name] as Shard, learnt);
  const of = JSON.stringify([sql, sort.map(({ term }) => term)]);
  const before = learnt.get(of, 0);
  if (before !== undefined) return before;
  const { sql: text, keys } = pushLimit(sql, sort, 1);
  const found = await Promise.all(
    keys.map(async ({ column, collation }) => {
      if (sort.length === 0 && collation !== null) return collation;
      const asked = collationOf(text, quoted(column));
      const equal = await firstThatAnswers<Equal>(router, asked, bindings);
      return equal?.folds ? 'NOCASE' : equal?.trims ? 'RTRIM' : 'BINARY';
    }),
  );
  learnt.set(of, found, Infinity);
  return found;
}

export interface Ordered {
  keys: SortKey[];
  /** What each shard is asked for the first so many rows of all. */
  first(rows: number): string;
}

/** A statement as it is asked for, by the collations that its columns have where nobody names one.
 * With `limited`, its own LIMIT and OFFSET are those of the whole. */
export async function ordered(
  router: Router,
  sql: string,
  bindings: readonly unknown[],
  sort: readonly Sort[],
  limited: boolean,
): Promise<Ordered> {
  const found = await collationsOf(router, sql, bindings, sort);
  const own = sort.map((each, index) => ({ ...each, collation: found[index] ?? 'BINARY' }));
  const push = (rows: number) => pushLimit(sql, own, limited ? undefined : rows);
  const keys = push(1).keys.map((key, index) => ({
    ...key,
    collation: key.collation ?? found[index] ?? null,
  }));
  return { keys, first: (rows) => push(rows).sql };
}
