// The texts of SQL that the library makes: around an app's own statement, or from names that are
// checked. All SQL of the library that is no app's stands here and in build.ts.

/** How many rows a SELECT has. Its own comment at the end must not swallow the bracket. */
export const countOf = (sql: string): string => `SELECT count(*) AS total FROM (\n${sql}\n)`;

/** The row of a table that has a value in a column. */
export const rowOf = (table: string, column: string): string =>
  `SELECT * FROM ${table} WHERE ${column} = ?`;

/** How many rows a table has. */
export const countRows = (table: string): string => `SELECT count(*) AS total FROM ${table}`;

/** The largest value of a column. */
export const largest = (table: string, column: string): string =>
  `SELECT max(${column}) AS largest FROM ${table}`;

/** Columns of a table: their names and types. Its parameter is the table's name. */
export const columns_of = 'SELECT name, type, pk FROM pragma_table_info(?1)';

/** Of an ordered SELECT: each `step`th row after the first `from`, by its sort keys alone. `sql`
 * has a LIMIT, so that its order counts in the brackets. */
export function sample(sql: string, keys: readonly string[], from: number, step: number): string {
  const numbered = `${keys.join(', ')}, row_number() OVER () AS tidemark_at`;
  return (
    `SELECT ${keys.join(', ')}, tidemark_at FROM (SELECT ${numbered} FROM (${sql})) ` +
    `WHERE tidemark_at > ${from} AND (tidemark_at - ${from}) % ${step} = 0 ORDER BY tidemark_at`
  );
}

/** Of an ordered SELECT, which has a LIMIT: the rows after the first `from`. */
export const after = (sql: string, from: number, limit: number): string =>
  `SELECT * FROM (${sql}) LIMIT ${limit} OFFSET ${from}`;

/** Which texts a column's collation takes for equal. The column lends it to the whole of the UNION,
 * and no row of the statement is read. */
export const collationOf = (sql: string, column: string): string =>
  `SELECT v = 'B' AS folds, v = 'b ' AS trims FROM ` +
  `(SELECT ${column} AS v FROM (${sql}) WHERE 0 UNION ALL SELECT 'b')`;

export const explained = {
  'query-plan': (sql: string) => `EXPLAIN QUERY PLAN ${sql}`,
  raw: (sql: string) => `EXPLAIN ${sql}`,
};

/** Which record has a value that only one may have. It is a table like an app's: its rows go by
 * their id, and move with it. */
export const claims = {
  create:
    'CREATE TABLE IF NOT EXISTS lookup_claims (id TEXT PRIMARY KEY, owner TEXT NOT NULL, ' +
    'claimed_at INTEGER NOT NULL)',
  make: 'INSERT INTO lookup_claims (id, owner, claimed_at) VALUES (?1, ?2, ?3)',
  read: 'SELECT owner, claimed_at FROM lookup_claims WHERE id = ?1',
  /** Only from whom it was read of. */
  take:
    'UPDATE lookup_claims SET owner = ?2, claimed_at = ?3 WHERE id = ?1 AND owner = ?4 ' +
    'AND claimed_at = ?5',
  drop: 'DELETE FROM lookup_claims WHERE id = ?1 AND owner = ?2 AND claimed_at = ?3',
};

/** Rows of a table in the order of their keys: so many, from the beginning or after a key. */
export const rowsAfter = (table: string, key: string, columns: readonly string[], first: boolean) =>
  `SELECT ${[key, ...columns].join(', ')} FROM ${table} ` +
  `${first ? '' : `WHERE ${key} > ?2 `}ORDER BY ${key} LIMIT ?1`;

/** Whether a row of another key has a value. */
export const othersHave = (table: string, key: string, column: string): string =>
  `SELECT 1 AS found FROM ${table} WHERE ${key} <> ?1 AND ${column} = ?2 LIMIT 1`;
