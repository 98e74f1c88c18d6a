// A Durable Object's SQLite as the core's own store.

import type { Held } from '../drive.ts';
import type { CommandResult, ResultSet, Statement } from '../frames.ts';

/** Runs statements in order. What fails throws: the caller's transaction takes it all back. */
export function runStatements(sql: SqlStorage, statements: Statement[], held: Held): CommandResult {
  return [
    true,
    statements.map((statement): ResultSet => {
      const [text, params] = statement;
      const cursor = sql.exec(text, ...params.map(held.value, held));
      return held.resultSet(statement, cursor.raw(), () => cursor.rowsWritten);
    }),
  ];
}
