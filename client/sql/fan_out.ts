// One statement on every shard. Each answers or fails for itself: what failed is never hidden.

import { CollegeDBError } from './errors.ts';
import type { Query } from './execute.ts';
import { forEach } from './parallel.ts';
import type { ShardOutcome } from './types.ts';

export function checkBatchSize(size: unknown): asserts size is number {
  if (Number.isSafeInteger(size) && (size as number) > 0) return;
  const message = `batchSize is ${String(size)}: it is a whole number from 1`;
  throw new CollegeDBError(message, 'INVALID_BATCH_SIZE');
}

function asError(error: unknown, shard: string): CollegeDBError {
  if (error instanceof CollegeDBError) return error;
  return new CollegeDBError(`Shard ${shard} failed`, 'SHARD_UNAVAILABLE', { cause: error });
}

/** What became of each shard, in their order; so many are asked at once. */
export async function settle(
  names: readonly string[],
  at_once: number,
  ask: (shard: string, index: number) => Promise<unknown>,
): Promise<ShardOutcome[]> {
  const outcomes: ShardOutcome[] = [];
  await forEach(names, at_once, async (shard, index) => {
    try {
      outcomes[index] = { shard, ok: true, result: await ask(shard, index) };
    } catch (error) {
      outcomes[index] = { shard, ok: false, error: asError(error, shard) };
    }
  });
  return outcomes;
}

/** One round of a read of all shards: each, in their order, is asked its own query, and none where
 * there is none: then its result is undefined. */
export type Round = (
  queries: readonly (Query | undefined)[],
  at_once: number,
) => Promise<ShardOutcome[]>;

type Failed = Extract<ShardOutcome, { ok: false }>;

/** The results, if all shards answered; else an error that has what each said. */
export function resultsOf<T>(outcomes: ShardOutcome[]): T[] {
  const failed = outcomes.filter((outcome): outcome is Failed => !outcome.ok);
  if (failed.length === 0)
    return outcomes.map((outcome) => (outcome.ok ? outcome.result : null) as T);
  const codes = new Set(failed.map(({ error }) => error.code));
  const [code = 'QUERY_FAILED'] = codes.size === 1 ? codes : [];
  const all = failed.map(({ error }) => error.message).join('; ');
  const message = `${failed.length} of ${outcomes.length} shards failed: ${all}`;
  throw new CollegeDBError(message, code, { outcomes, cause: failed[0]?.error });
}
