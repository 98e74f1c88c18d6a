// The ShardCoordinator as the router asks it: over its HTTP interface, one object named `default`.

import { messageOf } from './errors.ts';
import type {
  CoordinatorNamespace,
  CoordinatorStub,
  D1Region,
  ShardingStrategy,
  ShardStats,
} from './types.ts';

export interface Allocation {
  primaryKey: string;
  strategy: ShardingStrategy;
  operationType: 'write';
  availableShards: readonly string[];
  targetRegion?: D1Region | undefined;
  shardLocations?: object;
}

export class CoordinatorLink {
  readonly #namespace: CoordinatorNamespace;

  constructor(namespace: CoordinatorNamespace) {
    this.#namespace = namespace;
  }

  async #ask<T>(path: string, body?: unknown): Promise<T> {
    const stub = this.#namespace.get(this.#namespace.idFromName('default')) as CoordinatorStub;
    const response = await stub.fetch(
      `http://coordinator${path}`,
      body === undefined
        ? undefined
        : {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(body),
          },
    );
    if (response.ok) return (await response.json()) as T;
    const told = await response.json().catch(() => undefined);
    const { error = `status ${response.status}` } = (told ?? {}) as { error?: unknown };
    throw new Error(`ShardCoordinator error: ${messageOf(error)}`);
  }

  /** The shard of a key: the one that it got before, or a new one, remembered before it answers. */
  async allocate(allocation: Allocation): Promise<string> {
    const { shard } = await this.#ask<{ shard: string }>('/allocate', allocation);
    return shard;
  }

  /** Remembers that a key was moved. */
  async move(primaryKey: string, shard: string): Promise<void> {
    await this.#ask('/keys', { primaryKey, shard });
  }

  shards(): Promise<string[]> {
    return this.#ask('/shards');
  }

  stats(): Promise<ShardStats[]> {
    return this.#ask('/stats');
  }

  async flush(): Promise<void> {
    await this.#ask('/flush', {});
  }
}
