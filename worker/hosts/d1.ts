// A D1 database as a store of the core: one atomic batch a command.

import type { Held } from '../drive.ts';
import type { CommandResult, Failure, ResultSet, Statement } from '../frames.ts';

/** Runs a batch. A failure comes back as its code: `moved`, `refused`, `unavailable`, or `unbound`
 * where there is no such database. */
export async function runBatch(
  database: D1Database | undefined,
  statements: Statement[],
  held: Held,
): Promise<CommandResult> {
  if (database === undefined) return [false, 'unbound', 'No database is bound by this name'];
  try {
    const prepared = statements.map(([text, params]) =>
      database.prepare(text).bind(...params.map((param) => held.value(param))),
    );
    const results = await database.batch<Record<string, unknown>>(prepared);
    return [
      true,
      results.map((result, index): ResultSet => {
        const rows = result.results.map((row) => Object.values(row));
        return held.resultSet(statements[index] as Statement, rows, () => written(result.meta));
      }),
    ];
  } catch (error) {
    return failure(error instanceof Error ? error.message : String(error));
  }
}

const written = (meta: D1Meta): number => meta.rows_written;

const REFUSED = [
  'SQLITE_CONSTRAINT',
  'SQLITE_TOOBIG',
  'SQLITE_MISMATCH',
  'constraint failed',
  'too big',
  'cannot store',
  'integer overflow',
];

// A fence fails its batch by asking json() for what is no JSON, and a row without its parent by an
// integer overflow. That, a constraint, or too large a value will be refused again; anything else
// is D1's own trouble and passes.
function failure(message: string): Failure {
  if (message.includes('malformed JSON')) return [false, 'moved', message];
  const refused = REFUSED.some((text) => message.includes(text));
  return [false, refused ? 'refused' : 'unavailable', message];
}
