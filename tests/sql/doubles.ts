// Bindings that count what goes through them, over the test's own. Each `kvOf` is a binding of its
// own, so that two of them are the KV of two isolates, which share what is stored and no cache.

import { env } from 'cloudflare:workers';
import type { CollegeDBConfig, KeyValueStore, Shard } from '../../client/sql/index.ts';

export interface Counts {
  reads: number;
  writes: number;
  calls: number;
  queries: number;
}

export const noCounts = (): Counts => ({ reads: 0, writes: 0, calls: 0, queries: 0 });

export function kvOf(counts: Counts = noCounts()): KeyValueStore {
  const { KV } = env;
  return {
    get: (key) => {
      counts.reads += 1;
      return KV.get(key);
    },
    put: (key, value, options) => {
      counts.writes += 1;
      return KV.put(key, value, options);
    },
    delete: (key) => {
      counts.writes += 1;
      return KV.delete(key);
    },
    list: (options) => {
      counts.reads += 1;
      return KV.list(options) as ReturnType<KeyValueStore['list']>;
    },
  };
}

/** A shard whose statements count when they run. */
export function shardOf(database: D1Database, counts: Counts = noCounts()): Shard {
  const counting = (statement: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(statement, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...given: unknown[]): unknown => {
          if (name !== 'bind') counts.queries += 1;
          const result: unknown = value.apply(target, given);
          return name === 'bind' ? counting(result as D1PreparedStatement) : result;
        };
      },
    });
  return { prepare: (sql) => counting(database.prepare(sql)) };
}

export const NAMES = ['db-east', 'db-west', 'db-central'] as const;

export const shardsOf = (counts: Counts = noCounts()): Record<string, Shard> =>
  Object.fromEntries(NAMES.map((name) => [name, shardOf(env[name], counts)]));

/** A configuration of the test's bindings, over counting ones. */
export function counted(config: Partial<CollegeDBConfig> = {}) {
  const counts = noCounts();
  const shards = shardsOf(counts);
  return { counts, config: { shards, kv: kvOf(counts), ...config } };
}

/** A ShardCoordinator that answers so, and notes what it was asked. */
export function coordinatorOf(
  answer: (path: string, body: unknown) => Response | Promise<Response>,
) {
  const asked: { path: string; body: unknown }[] = [];
  const stub = {
    fetch: async (url: string, init?: { body: string }) => {
      const path = new URL(url).pathname;
      const body: unknown = init === undefined ? undefined : JSON.parse(init.body);
      asked.push({ path, body });
      return await answer(path, body);
    },
  };
  return { asked, coordinator: { idFromName: (name: string) => name, get: () => stub } };
}

/** Where a row is, as the shards say. */
export async function shardsHaving(table: string, id: string): Promise<string[]> {
  const found = await Promise.all(
    NAMES.map((name) => env[name].prepare(`SELECT id FROM ${table} WHERE id = ?`).bind(id).first()),
  );
  return NAMES.filter((_, index) => found[index] !== null);
}

export async function onAll(sql: string): Promise<void> {
  for (const name of NAMES) await env[name].prepare(sql).run();
}
