// The ShardCoordinator as the router asks it: over its HTTP interface, one object named `default`.

import { CollegeDBError, messageOf } from './errors.ts';
import { type Observed, observed } from './observe.ts';
import type { SlotTableText } from './slot_table.ts';
import type {
  CoordinatorNamespace,
  CoordinatorStub,
  D1Region,
  ShardingStrategy,
  ShardStats,
  SlotMove,
} from './types.ts';

export interface Allocation {
  primaryKey: string;
  strategy: ShardingStrategy;
  operationType: 'write';
  availableShards: readonly string[];
  targetRegion?: D1Region | undefined;
  shardLocations?: object;
}

/** What bounds new keys, and which sizes are known: null of a shard that does not tell its own. */
export interface SizeBound {
  maxDatabaseSize: number;
  sizeCacheTtlMs: number;
  sizes: Readonly<Record<string, number | null>>;
  /** Whatever is not known now is as good as small. */
  sizesAsked?: true;
}

/** A shard, and those that are too large; or those whose sizes are to be asked for first. */
export interface Allocated {
  shard?: string;
  excluded?: string[];
  sizes?: string[];
}

/** What the coordinator answers instead. */
class CoordinatorError extends Error {
  /** It will say the same again. */
  readonly refused: boolean;

  constructor(what: string, refused: boolean) {
    super(`ShardCoordinator error: ${what}`);
    this.refused = refused;
  }
}

export function unavailable(error: unknown): CollegeDBError {
  const refused = error instanceof CoordinatorError && error.refused;
  const code = refused ? 'COORDINATOR_REFUSED' : 'COORDINATOR_UNAVAILABLE';
  return new CollegeDBError(messageOf(error), code, { cause: error });
}

/** What the coordinator answers; what it does not is an error of the library's. */
export const told = <T>(answer: Promise<T>): Promise<T> =>
  answer.catch((error: unknown) => {
    throw unavailable(error);
  });

/** `shard` is null of a key that has been where it is for some minutes. */
export type MovedKey = { shard: null } | { shard: string; movedAt: number };

export class CoordinatorLink {
  readonly #namespace: CoordinatorNamespace;
  readonly #observed: Observed;

  constructor(namespace: CoordinatorNamespace, settings: Observed) {
    this.#namespace = namespace;
    this.#observed = settings;
  }

  #ask<T>(path: string, body?: unknown, method = 'POST'): Promise<T> {
    const [operation = path] = path.split('?');
    const asked = { of: 'coordinator', operation } as const;
    return observed(this.#observed, asked, () => this.#send<T>(path, body, method));
  }

  async #send<T>(path: string, body: unknown, method: string): Promise<T> {
    const stub = this.#namespace.get(this.#namespace.idFromName('default')) as CoordinatorStub;
    const response = await stub.fetch(
      `http://coordinator${path}`,
      body === undefined
        ? undefined
        : {
            method,
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(body),
          },
    );
    if (response.ok) return (await response.json()) as T;
    const told = await response.json().catch(() => undefined);
    const { error = `status ${response.status}` } = (told ?? {}) as { error?: unknown };
    throw new CoordinatorError(messageOf(error), response.status < 500);
  }

  /** The shard of a key: the one that it got before, or a new one, remembered before it answers. */
  async allocate(allocation: Allocation): Promise<string> {
    const { shard } = await this.#ask<{ shard: string }>('/allocate', allocation);
    return shard;
  }

  /** The same among the shards that are not too large. */
  allocateBySize(allocation: Allocation & SizeBound): Promise<Allocated> {
    return this.#ask('/allocate', allocation);
  }

  /** Remembers that a key was moved. */
  async move(primaryKey: string, shard: string, availableShards: readonly string[]): Promise<void> {
    await this.#ask('/keys', { primaryKey, shard, availableShards });
  }

  /** Where a key was moved to lately, and when. */
  find(primaryKey: string): Promise<MovedKey> {
    return this.#ask('/keys/find', { primaryKey });
  }

  shards(): Promise<string[]> {
    return this.#ask('/shards');
  }

  stats(): Promise<ShardStats[]> {
    return this.#ask('/stats');
  }

  /** The slot table, made if there is none, with tables' routing columns that are declared. */
  async makeSlots(
    availableShards: readonly string[],
    tables: Readonly<Record<string, string | null>>,
  ): Promise<SlotTableText> {
    if (Object.keys(tables).length > 0) await this.#ask('/routes', { tables });
    return (await this.#ask<{ table: SlotTableText }>('/slots', { availableShards })).table;
  }

  /** The slot table, unless it is still this version. */
  slots(version: number): Promise<{ table?: SlotTableText }> {
    return this.#ask(`/slots?after=${version}`);
  }

  /** Begins moves, or with `dryRun` tells which they would be. */
  async startMoves(wanted: object): Promise<SlotMove[]> {
    return (await this.#ask<{ moves: SlotMove[] }>('/moves', wanted)).moves;
  }

  async moves(): Promise<SlotMove[]> {
    return (await this.#ask<{ moves: SlotMove[] }>('/moves')).moves;
  }

  /** Forgets where a key is. */
  async forget(primaryKey: string): Promise<void> {
    await this.#ask('/keys', { primaryKey }, 'DELETE');
  }

  /** The first of `count` numbers, from `min` on, that nobody else gets. */
  async lease(name: string, min: number, count: number): Promise<number> {
    return (await this.#ask<{ value: number }>('/sequence', { name, min, count })).value;
  }

  async flush(): Promise<void> {
    await this.#ask('/flush', {});
  }
}
