// Rows as plain objects: written, changed and deleted on the shard of a key.

import {
  type BuildInsertOptions,
  type BuildUpdateOptions,
  type BuildUpsertOptions,
  buildDelete,
  buildInsert,
  buildUpdate,
  buildUpsert,
  type ColumnValues,
} from './build.ts';
import { quoteColumn, quoteIdentifier } from './identifiers.ts';
import { activeRouter } from './scope.ts';
import { rowOf } from './texts.ts';
import type { QueryResult } from './types.ts';

type Row = Record<string, unknown>;

export interface IdColumnOptions extends BuildUpdateOptions {
  /** `id` if it is not given. */
  idColumn?: string;
}

export async function insertInto<T = Row>(
  key: string,
  table: string,
  values: ColumnValues,
  options: BuildInsertOptions = {},
): Promise<QueryResult<T>> {
  const { sql, bindings } = buildInsert(table, values, options);
  return await activeRouter().run<T>(key, sql, bindings);
}

/** Inserts a row and gives it as it is now: with `orIgnore`, the one that was there before. */
export async function insertReturning<T = Row>(
  key: string,
  table: string,
  values: ColumnValues,
  { idColumn = 'id', ...options }: BuildInsertOptions & { idColumn?: string } = {},
): Promise<T | null> {
  const { returning: _, ...how } = options;
  const { sql, bindings } = buildInsert(table, values, { ...how, returning: true });
  const { results } = await activeRouter().run<T>(key, sql, bindings);
  if (results.length > 0) return results[0] ?? null;
  const found = rowOf(quoteIdentifier(table), quoteColumn(idColumn));
  return await activeRouter().first<T>(key, found, [values[idColumn] ?? key]);
}

export async function updateRow<T = Row>(
  key: string,
  table: string,
  values: ColumnValues,
  where: ColumnValues,
  options: BuildUpdateOptions = {},
): Promise<QueryResult<T>> {
  const { sql, bindings } = buildUpdate(table, values, where, options);
  return await activeRouter().run<T>(key, sql, bindings);
}

/** Changes the row of an id. */
export async function patch<T = Row>(
  key: string,
  table: string,
  id: string | number,
  values: ColumnValues,
  { idColumn = 'id', ...options }: IdColumnOptions = {},
): Promise<QueryResult<T>> {
  return await updateRow<T>(key, table, values, { [idColumn]: id }, options);
}

export async function deleteRow<T = Row>(
  key: string,
  table: string,
  where: ColumnValues,
): Promise<QueryResult<T>> {
  const { sql, bindings } = buildDelete(table, where);
  return await activeRouter().run<T>(key, sql, bindings);
}

/** Deletes the row of an id. The key keeps its shard, for its rows in other tables:
 * `deleteShardMapping` lets it go. */
export async function deleteById<T = Row>(
  key: string,
  table: string,
  id: string | number,
  { idColumn = 'id' }: { idColumn?: string } = {},
): Promise<QueryResult<T>> {
  return await deleteRow<T>(key, table, { [idColumn]: id });
}

export async function upsert<T = Row>(
  key: string,
  table: string,
  values: ColumnValues,
  conflictColumns: string | readonly string[],
  options: BuildUpsertOptions = {},
): Promise<QueryResult<T>> {
  const { sql, bindings } = buildUpsert(table, values, conflictColumns, options);
  return await activeRouter().run<T>(key, sql, bindings);
}
