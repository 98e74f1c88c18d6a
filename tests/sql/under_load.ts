// Isolates that write, read and count rows of one table all the time, while slots move. Each row
// has an `id`, which is its key, and `turns`, which counts how often it was written.

import { runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect } from 'vitest';
import { createRouter, type Router, type SlotMove } from '../../client/sql/index.ts';

const databases = env as unknown as Record<string, D1Database>;

export function databaseOf(name: string): D1Database {
  const database = databases[name];
  if (database === undefined) throw new Error(`${name} is not bound`);
  return database;
}

/** A binding of its own: an isolate of its own, with a slot table of its own. */
export function isolateOf(names: readonly string[], more: object = {}): Router {
  const { ShardCoordinator: namespace } = env;
  const coordinator = {
    idFromName: (name: string) => namespace.idFromName(name),
    get: (id: unknown) => namespace.get(id as DurableObjectId),
  };
  const shards = Object.fromEntries(names.map((name) => [name, databaseOf(name)]));
  const config = { shards, placement: 'slots', coordinator, retryForMs: 10_000, ...more } as const;
  return createRouter(config);
}

export interface Held {
  rows: number;
  turns: number;
}

/** What each shard has, in the order of the configuration. */
export async function heldBy(router: Router, table: string): Promise<Held[]> {
  const sql = `SELECT count(*) AS rows, coalesce(sum(turns), 0) AS turns FROM ${table}`;
  const results = await router.allAllShards<Held>(sql);
  return results.map(({ results: [held] }) => held ?? { rows: 0, turns: 0 });
}

export const totalOf = (held: Held[], what: keyof Held) =>
  held.reduce((sum, each) => sum + each[what], 0);

/** Lets alarms and clocks in between: what never waits would keep them out. */
export const pause = (milliseconds: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, milliseconds);
  });

export interface Load {
  table: string;
  /** All that are there. */
  keys: readonly string[];
  writers: readonly Router[];
  watcher: Router;
}

/** Goes on until the moves from `since` on are over; how many rows were written and moved. */
export async function underLoad({ table, keys, writers, watcher }: Load, since: number) {
  let going = true;
  let written = 0;
  const problems: string[] = [];
  const update = `UPDATE ${table} SET turns = turns + 1 WHERE id = ?`;
  const write = async (router: Router, first: number) => {
    for (let index = first; going; index = (index + 97) % keys.length) {
      const key = keys[index] ?? '';
      const { meta } = await router.run(key, update, [key]);
      if (meta.changes !== 1) problems.push(`${meta.changes} rows of ${key} were changed`);
      written += 1;
      const read = `SELECT id FROM ${table} WHERE id = ?`;
      const row = await router.first<{ id: string }>(key, read, [key]);
      if (row?.id !== key) problems.push(`${key} is not there`);
      await pause(1);
    }
  };
  const watch = async () => {
    while (going) {
      const rows = totalOf(await heldBy(watcher, table), 'rows');
      if (rows !== keys.length) problems.push(`${rows} rows are there`);
      await pause(1);
    }
  };
  const starts = writers.map((_, index) => Math.floor((index * keys.length) / writers.length));
  const all = [...writers.map((router, index) => write(router, starts[index] ?? 0)), watch()];
  let known: SlotMove[];
  do {
    // At once, where it would rest: a test waits for what is done, not for when.
    await runDurableObjectAlarm(env.ShardCoordinator.getByName('default'));
    await pause(1);
    known = (await watcher.getMoves()).filter(({ id }) => id >= since);
    problems.push(...known.flatMap(({ error }) => error ?? []));
  } while (problems.length === 0 && known.some(({ state }) => state !== 'cleaned'));
  going = false;
  await Promise.all(all);
  expect(problems).toEqual([]);
  return { written, copied: known.reduce((sum, { copied }) => sum + copied, 0) };
}
