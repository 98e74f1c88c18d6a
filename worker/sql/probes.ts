// Asks everything that SQL over many databases needs whether it is there: KV, the coordinator, and
// each shard, all at once, each with a deadline. What that means says the core (sql_health.cc).

import { observed } from '../../client/sql/observe.ts';
import type { SqlEvent } from '../../client/sql/types.ts';
import { type Env, SHARDS } from '../env.ts';
import { logError } from '../log.ts';
import { readCoordinator } from './coordinator.ts';
import { countHere } from './counters.ts';
import { PROBE_MS, within } from './within.ts';

const KEY = 'health-check';
const KEY_SECONDS = 60;
const VALUE = 'ok';

/** Nobody writes it: to read it asks KV no less, and leaves no memory of KEY as missing, which KV
 * would have for a minute after KEY is written. */
const READ_KEY = 'health-check-read';

const SHARD_QUERY = 'SELECT 1 as test';

export interface Probes {
  kv: 'ok' | 'mismatch' | 'failed';
  coordinator: 'ok' | 'failed';
  shards: { binding: string; ok: boolean }[];
}

export interface Probed {
  probes: Probes;
  /** What the coordinator says of its shards, as JSON, or `failed`. */
  stats: string;
  /** Bytes of each shard that told them. */
  sizes: Record<string, number>;
}

type Asked = Pick<SqlEvent, 'of' | 'shard' | 'operation'>;

const counted = <T>(asked: Asked, ask: () => Promise<T>): Promise<T> =>
  observed({ onQuery: countHere, clock: Date }, asked, () => within(PROBE_MS, ask()));

/** What a probe answers, or `otherwise`. */
async function attempt<T>(probe: string, otherwise: T, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    logError(error, { event: 'probe.failed', probe });
    return otherwise;
  }
}

/** KV takes one write a second for a key: one that came too early says nothing of KV. */
const isTooEarly = (error: unknown) => /\b429\b/.test(error instanceof Error ? error.message : '');

async function probeKv({ KV }: Env, writes: boolean): Promise<Probes['kv']> {
  if (!writes) {
    await counted({ of: 'kv', operation: 'get' }, () => KV.get(READ_KEY));
    return 'ok';
  }
  try {
    await counted({ of: 'kv', operation: 'put' }, () =>
      KV.put(KEY, VALUE, { expirationTtl: KEY_SECONDS }),
    );
  } catch (error) {
    if (!isTooEarly(error)) throw error;
  }
  const value = await counted({ of: 'kv', operation: 'get' }, () => KV.get(KEY));
  return value === VALUE ? 'ok' : 'mismatch';
}

/** Its size in bytes; 0 where it does not tell. */
async function probeShard(env: Env, shard: (typeof SHARDS)[number]): Promise<number> {
  const { meta } = await counted({ of: 'shard', shard, operation: 'read' }, () =>
    env[shard].prepare(SHARD_QUERY).all(),
  );
  return Number(meta?.size_after ?? 0);
}

/** Throws nothing. `writes`: whether KV is written, too. */
export async function probe(env: Env, { writes }: { writes: boolean }): Promise<Probed> {
  const failed: string = 'failed';
  const [kv, health, stats, ...bytes] = await Promise.all([
    attempt<Probes['kv']>('kv', 'failed', () => probeKv(env, writes)),
    attempt('coordinator', failed, () => readCoordinator(env, '/health')),
    attempt('distribution', failed, () => readCoordinator(env, '/stats')),
    ...SHARDS.map((shard) => attempt(shard, -1, () => probeShard(env, shard))),
  ]);
  const shards = SHARDS.map((binding, index) => ({ binding, ok: (bytes[index] ?? -1) >= 0 }));
  const told = SHARDS.map((binding, index) => [binding, bytes[index] ?? -1] as const);
  return {
    probes: { kv, coordinator: health === failed ? 'failed' : 'ok', shards },
    stats,
    sizes: Object.fromEntries(told.filter(([, size]) => size > 0)),
  };
}
