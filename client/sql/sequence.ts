// Numbers for new rows, each given once. The coordinator leases an isolate a range of them at a
// time, so that most of them cost nothing; what an isolate does not use is never given again. So
// numbers grow, and have gaps.

import { told } from './coordinator_link.ts';
import { CollegeDBError } from './errors.ts';
import { checkCount } from './global.ts';
import { quoteColumn, quoteIdentifier } from './identifiers.ts';
import { partsOf } from './parts.ts';
import type { Router } from './router.ts';
import { activeRouter } from './scope.ts';
import { largest } from './texts.ts';
import type { CoordinatorNamespace } from './types.ts';

const lease_first = 8;
const lease_max = 1024;

export interface NextIdOptions {
  /** The column that the number is for: `id`. Numbers begin above what it has. */
  column?: string;
  /** The least number. */
  min?: number;
}

/** What an isolate has of one sequence. */
interface Lease {
  ranges: { next: number; end: number }[];
  size: number;
  /** The least that may be leased, once the rows that were there before were looked at. */
  from: number | undefined;
}

const leases = new WeakMap<CoordinatorNamespace, Map<string, Lease>>();

function leaseOf(coordinator: CoordinatorNamespace, name: string): Lease {
  const all = leases.get(coordinator) ?? new Map<string, Lease>();
  leases.set(coordinator, all);
  const lease = all.get(name) ?? { ranges: [], size: lease_first, from: undefined };
  all.set(name, lease);
  return lease;
}

function take({ ranges }: Lease, min: number): number | undefined {
  for (let range = ranges[0]; range !== undefined; range = ranges[0]) {
    const value = Math.max(range.next, min);
    range.next = value + 1;
    if (range.next >= range.end) ranges.shift();
    if (value < range.end) return value;
  }
  return undefined;
}

/** The largest number that a column has on any shard. */
async function largestOf(router: Router, table: string, column: string): Promise<number> {
  const text = largest(quoteIdentifier(table), quoteColumn(column));
  const answers = await router.allAllShards<{ largest: unknown }>(text);
  return Math.max(
    0,
    ...answers.map(({ results }) => {
      const value = results[0]?.largest ?? 0;
      if (Number.isSafeInteger(value)) return value as number;
      const message = `Column ${column} of ${table} has ${String(value)}, which is no whole number`;
      throw new CollegeDBError(message, 'GENERATED_KEY_UNAVAILABLE');
    }),
  );
}

/** @internal */
export async function nextIdOn(
  router: Router,
  table: string,
  { column = 'id', min = 1 }: NextIdOptions = {},
): Promise<number> {
  quoteIdentifier(table);
  checkCount('min', min, 0);
  const { settings, coordinator } = partsOf(router.config);
  if (coordinator === undefined || settings.coordinator === undefined) {
    const message = 'Numbers are given once by a coordinator: without one, give rows texts as ids';
    throw new CollegeDBError(message, 'COORDINATOR_REQUIRED');
  }
  const name = column === 'id' ? table : `${table}.${column}`;
  const lease = leaseOf(settings.coordinator, name);
  const ready = take(lease, min);
  if (ready !== undefined) return ready;
  const from = lease.from ?? (await largestOf(router, table, column)) + 1;
  const count = lease.size;
  const next = await told(coordinator.lease(name, Math.max(min, from), count));
  lease.from = Math.max(lease.from ?? 0, next + count);
  lease.size = Math.min(lease_max, count * 2);
  // One number is this call's own: others that wait take theirs from the rest.
  if (count > 1) lease.ranges.push({ next: next + 1, end: next + count });
  return next;
}

/** Begins above the rows again: somebody else wrote some. @internal */
export function forgetLease(router: Router, table: string, column: string): void {
  const { coordinator } = partsOf(router.config).settings;
  if (coordinator === undefined) return;
  leases.get(coordinator)?.delete(column === 'id' ? table : `${table}.${column}`);
}

/** The next number for a row of a table, which nobody else gets. */
export async function nextId(table: string, options: NextIdOptions = {}): Promise<number> {
  return nextIdOn(activeRouter(), table, options);
}
