// One page of a query of all shards, and how many there are.

import { CollegeDBError } from './errors.ts';
import { checkCount, type GlobalAllShardsOptions, globalOn } from './global.ts';
import { activeRouter } from './scope.ts';

type Row = Record<string, unknown>;

export interface PaginateOptions<T = Row> extends Omit<GlobalAllShardsOptions<T>, 'includeTotal'> {
  /** From 1, which it is if it is not given. */
  page?: number;
  /** Rows of a page: 20. */
  limit?: number;
  /** Rows to pass over, instead of `page`. */
  offset?: number;
}

export interface PaginatedResult<T = Row> {
  results: T[];
  /** Rows of all pages. */
  total: number;
  page: number;
  limit: number;
  pages: number;
}

export async function paginate<T = Row>(
  sql: string,
  bindings: readonly unknown[] = [],
  { page, offset, limit = 20, ...options }: PaginateOptions<T> = {},
): Promise<PaginatedResult<T>> {
  checkCount('page', page, 1);
  checkCount('limit', limit, 1);
  if (page !== undefined && offset !== undefined) {
    throw new CollegeDBError('Give the page or the offset, not both', 'INVALID_OPTION');
  }
  const from = offset ?? ((page ?? 1) - 1) * limit;
  const asked = { ...options, offset: from, limit, includeTotal: true };
  const { results, meta } = await globalOn<T>(activeRouter(), sql, bindings, asked);
  const total = meta.total as number;
  const at = page ?? Math.floor(from / limit) + 1;
  return { results, total, page: at, limit, pages: Math.ceil(total / limit) };
}
