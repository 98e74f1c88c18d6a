// Values of rows that were there before their column was declared unique.

import { CollegeDBError } from './errors.ts';
import { checkCount } from './global.ts';
import { quoteColumn, quoteIdentifier } from './identifiers.ts';
import { activeRouter } from './scope.ts';
import { rowsAfter } from './texts.ts';

export interface ClaimOptions {
  /** The column that has the rows' keys: `id`. */
  idColumn?: string;
  /** Where the last call stopped. */
  place?: string | number;
  /** Rows of one call: 100. Each costs a query for each of its values. */
  rows?: number;
}

export interface ClaimedRows {
  /** Rows that were looked at. */
  rows: number;
  /** Values that another record has: these rows keep them, and somebody has to decide. */
  conflicts: { key: string; column: string }[];
  /** Where to go on; null at the end. */
  place: string | number | null;
}

/** Claims the unique values of a shard's rows, some at a time. It may be called again from any
 * place: what is claimed already stays. */
export async function claimExisting(
  shard: string,
  table: string,
  { idColumn = 'id', place, rows = 100 }: ClaimOptions = {},
): Promise<ClaimedRows> {
  checkCount('rows', rows, 1);
  const router = activeRouter();
  const columns = router.unique?.columnsOf(table) ?? [];
  if (router.unique === undefined || columns.length === 0) {
    const message = `No column of ${table} is unique: say so in the configuration`;
    throw new CollegeDBError(message, 'INVALID_OPTION');
  }
  const names = columns.map(quoteColumn);
  const first = place === undefined;
  const text = rowsAfter(quoteIdentifier(table), quoteColumn(idColumn), names, first);
  const bindings = first ? [rows] : [rows, place];
  const { results } = await router.allShard<Record<string, unknown>>(shard, text, bindings);
  const conflicts: ClaimedRows['conflicts'] = [];
  for (const row of results) {
    const key = String(row[idColumn]);
    const taken = await router.unique.claimRow(key, table, idColumn, row);
    conflicts.push(...taken.map((column) => ({ key, column })));
  }
  const last = results.length < rows ? null : results.at(-1)?.[idColumn];
  return { rows: results.length, conflicts, place: (last ?? null) as ClaimedRows['place'] };
}
