// Statements made of plain objects: names are checked and quoted, values are parameters. A value
// that is `undefined` counts as not given; null is NULL.

import { planOf } from './core.ts';
import { CollegeDBError } from './errors.ts';
import { quoteColumn, quoteIdentifier } from './identifiers.ts';

export interface BuiltQuery {
  sql: string;
  /** In the order of the parameters. */
  bindings: unknown[];
}

export type ColumnValues = Record<string, unknown>;

/** Columns that the statement answers: all, or those named. */
export type Returning = boolean | string | readonly string[];

export interface BuildInsertOptions {
  /** A row of the same key is replaced. */
  orReplace?: boolean;
  /** A row of the same key stays, and this one is dropped. */
  orIgnore?: boolean;
  returning?: Returning;
}

export interface BuildUpdateOptions {
  returning?: Returning;
}

export interface BuildUpsertOptions {
  /** Columns that are overwritten: all that are given but the key. */
  update?: readonly string[];
  returning?: Returning;
}

const refuse = (message: string, code: string) => new CollegeDBError(message, code);

function entriesOf(values: ColumnValues): [column: string, value: unknown][] {
  const entries = typeof values === 'object' && values !== null ? Object.entries(values) : [];
  return entries.filter(([, value]) => value !== undefined);
}

function returningOf(returning: Returning | undefined): string {
  if (returning === undefined || returning === false) return '';
  if (returning === true) return ' RETURNING *';
  const columns = typeof returning === 'string' ? [returning] : returning;
  if (columns.length === 0) return '';
  return ` RETURNING ${columns.map(quoteColumn).join(', ')}`;
}

function whereOf(where: ColumnValues): BuiltQuery {
  const entries = entriesOf(where);
  if (entries.length === 0) throw refuse('A WHERE condition is required', 'EMPTY_WHERE');
  const terms = entries.map(
    ([column, value]) => quoteColumn(column) + (value === null ? ' IS NULL' : ' = ?'),
  );
  const bindings = entries.map(([, value]) => value).filter((value) => value !== null);
  return { sql: terms.join(' AND '), bindings };
}

export function buildInsert(
  table: string,
  values: ColumnValues,
  { orReplace = false, orIgnore = false, returning }: BuildInsertOptions = {},
): BuiltQuery {
  const entries = entriesOf(values);
  if (entries.length === 0) throw refuse('An INSERT has one value at least', 'EMPTY_INSERT');
  const columns = entries.map(([column]) => quoteColumn(column)).join(', ');
  const places = entries.map(() => '?').join(', ');
  const or = orReplace ? ' OR REPLACE' : orIgnore ? ' OR IGNORE' : '';
  const row = `${quoteIdentifier(table)} (${columns}) VALUES (${places})`;
  return {
    sql: `INSERT${or} INTO ${row}${returningOf(returning)}`,
    bindings: entries.map(([, value]) => value),
  };
}

/** It changes no row without a condition. */
export function buildUpdate(
  table: string,
  values: ColumnValues,
  where: ColumnValues,
  { returning }: BuildUpdateOptions = {},
): BuiltQuery {
  const entries = entriesOf(values);
  if (entries.length === 0) throw refuse('An UPDATE has one value at least', 'EMPTY_UPDATE');
  const sets = entries.map(([column]) => `${quoteColumn(column)} = ?`).join(', ');
  const condition = whereOf(where);
  return {
    sql:
      `UPDATE ${quoteIdentifier(table)} SET ${sets} WHERE ${condition.sql}` +
      returningOf(returning),
    bindings: [...entries.map(([, value]) => value), ...condition.bindings],
  };
}

/** It deletes no row without a condition. */
export function buildDelete(table: string, where: ColumnValues): BuiltQuery {
  const condition = whereOf(where);
  return {
    sql: `DELETE FROM ${quoteIdentifier(table)} WHERE ${condition.sql}`,
    bindings: condition.bindings,
  };
}

/** Inserts a row, or overwrites the one that has the same values in `conflictColumns`. */
export function buildUpsert(
  table: string,
  values: ColumnValues,
  conflictColumns: string | readonly string[],
  { update, returning }: BuildUpsertOptions = {},
): BuiltQuery {
  const keys = typeof conflictColumns === 'string' ? [conflictColumns] : conflictColumns;
  const named = keys.filter((key) => typeof key !== 'string' || key.trim() !== '');
  if (named.length === 0) throw refuse('An upsert names the columns of a key', 'EMPTY_CONFLICT');
  const { sql, bindings } = buildInsert(table, values);
  const key = new Set(named.map(quoteColumn));
  const columns = update ?? entriesOf(values).map(([column]) => column);
  const sets = columns
    .map(quoteColumn)
    .filter((column) => !key.has(column))
    .map((column) => `${column} = excluded.${column}`);
  const action = sets.length === 0 ? 'NOTHING' : `UPDATE SET ${sets.join(', ')}`;
  const on = ` ON CONFLICT (${[...key].join(', ')}) DO ${action}`;
  return { sql: sql + on + returningOf(returning), bindings };
}

export interface IndexColumnDefinition {
  name: string;
  order?: 'ASC' | 'DESC';
  collate?: 'BINARY' | 'NOCASE' | 'RTRIM';
}

export interface CreateIndexOptions {
  /** Made of the table and its columns if it is not given. */
  indexName?: string;
  unique?: boolean;
  /** `true` if it is not given. */
  ifNotExists?: boolean;
  /** A condition in SQL, of rows to index: an app's own text, never a visitor's. */
  where?: string;
  /** Shards at once, where all are meant: 50. */
  batchSize?: number;
}

export type IndexColumns = string | readonly (string | IndexColumnDefinition)[];

const words = /[^a-z0-9_]+/g;
const collations = ['BINARY', 'NOCASE', 'RTRIM'];

function indexedColumn(column: string | IndexColumnDefinition): { name: string; sql: string } {
  const { name, order, collate } =
    typeof column === 'string' ? { name: column, order: undefined, collate: undefined } : column;
  if (typeof name !== 'string' || name === '') {
    throw refuse('A column of an index has a name', 'INVALID_INDEX_COLUMNS');
  }
  if (order !== undefined && order !== 'ASC' && order !== 'DESC') {
    throw refuse(`Column ${name} of an index is ASC or DESC`, 'INVALID_INDEX_COLUMNS');
  }
  if (collate !== undefined && !collations.includes(collate)) {
    const message = `Column ${name} of an index collates as ${collations.join(', ')}`;
    throw refuse(message, 'INVALID_INDEX_COLUMNS');
  }
  const sql =
    quoteColumn(name) + (collate ? ` COLLATE ${collate}` : '') + (order ? ` ${order}` : '');
  return { name, sql };
}

/** @internal */
export function buildIndex(
  table: string,
  columns: IndexColumns,
  { indexName, unique = false, ifNotExists = true, where = '' }: CreateIndexOptions = {},
): string {
  const named = typeof columns === 'string' ? [columns] : columns;
  if (!Array.isArray(named) || named.length === 0) {
    throw refuse('An index has one column at least', 'INVALID_INDEX_COLUMNS');
  }
  const all = named.map(indexedColumn);
  const parts = ['idx', table, ...all.map(({ name }) => name)];
  const made = parts.map((part) => String(part).toLowerCase().replaceAll(words, '_')).join('_');
  const name = quoteIdentifier(indexName ?? made.slice(0, 120));
  const head = `CREATE ${unique ? 'UNIQUE ' : ''}INDEX ${ifNotExists ? 'IF NOT EXISTS ' : ''}`;
  const on = `${name} ON ${quoteIdentifier(table)} (${all.map(({ sql }) => sql).join(', ')})`;
  const sql = head + on + (where.trim() === '' ? '' : ` WHERE ${where.trim()}`);
  const { statements, kind } = planOf(sql);
  if (statements === 1 && kind === 'schema') return sql;
  throw refuse("An index's condition is one expression", 'UNROUTABLE_QUERY');
}
