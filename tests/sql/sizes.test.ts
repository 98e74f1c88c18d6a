// `maxDatabaseSize`: a shard that is larger gets no new keys, and loses none that it has.

import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import {
  type CollegeDBConfig,
  createRouter,
  getDatabaseSizeForShard,
  KVShardMapper,
  type Router,
  type Shard,
  withRouter,
} from '../../client/sql/index.ts';
import { coordinatorOf, kvOf, NAMES, onAll, shardsHaving } from './doubles.ts';

type Name = (typeof NAMES)[number];

const INSERT = 'INSERT INTO sized (id, name) VALUES (?, ?)';
const UPSERT = 'INSERT OR REPLACE INTO sized (id, name) VALUES (?, ?)';
const SELECT = 'SELECT name FROM sized WHERE id = ?';
const UPDATE = 'UPDATE sized SET name = ? WHERE id = ?';
const DELETE = 'DELETE FROM sized WHERE id = ?';
const MB = 1024 * 1024;

let warn: MockInstance<typeof console.warn>;

/** A database that tells another size than it has. */
function telling(database: D1Database, size_after: number): Shard {
  const told = (statement: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(statement, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...given: unknown[]): unknown => {
          const result: unknown = value.apply(target, given);
          if (name === 'bind') return told(result as D1PreparedStatement);
          if (name === 'first') return result;
          return (result as Promise<D1Result>).then((answer) => ({
            ...answer,
            meta: { ...answer.meta, size_after },
          }));
        };
      },
    });
  return { prepare: (sql) => told(database.prepare(sql)) };
}

/** An isolate of its own, whose shards tell these sizes. */
const open = (sizes: Record<Name, number>, config: Partial<CollegeDBConfig>): Router =>
  createRouter({
    kv: kvOf(),
    shards: Object.fromEntries(NAMES.map((name) => [name, telling(env[name], sizes[name])])),
    ...config,
  });

/** Where these keys went, each to one shard. */
async function placesOf(router: Router, keys: readonly string[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const key of keys) {
    await router.run(key, INSERT, [key, 'new']);
    const places = await shardsHaving('sized', key);
    expect(places).toHaveLength(1);
    for (const place of places) counts[place] = (counts[place] ?? 0) + 1;
  }
  return counts;
}

const keys = Array.from({ length: 12 }, (_, index) => `key-${index}`);

beforeEach(async () => {
  await onAll('DROP TABLE IF EXISTS sized');
  await onAll('CREATE TABLE sized (id TEXT PRIMARY KEY, name TEXT)');
  await new KVShardMapper(env.KV).clearAllMappings();
  const coordinator = env.ShardCoordinator.getByName('default');
  await coordinator.fetch('http://coordinator/flush', { method: 'POST' });
  warn = vi.spyOn(console, 'warn').mockReturnValue();
});
afterEach(() => {
  const told = warn.mock.calls.map(([what]) => String(what));
  expect(told.filter((what) => !what.startsWith('round-robin without a coordinator'))).toEqual([]);
  warn.mockRestore();
});

describe('the limits that the guide names', () => {
  const at = (bytes: number): Record<Name, number> => ({
    'db-east': bytes,
    'db-west': bytes + 1,
    'db-central': 5 * MB,
  });

  it('100 MB, in turns: all but the larger get the same', async () => {
    const limit = { maxDatabaseSize: 100 * MB, strategy: 'round-robin' } as const;
    const router = open(at(100 * MB), limit);
    expect(await placesOf(router, keys)).toEqual({ 'db-east': 6, 'db-central': 6 });
    const size = await withRouter(router, () => getDatabaseSizeForShard('db-east'));
    expect(Math.round(size / 1024 / 1024)).toBe(100);
  });

  it.each([500 * MB, 1024 * MB])('%i bytes, by hash: all but the larger get keys', async (size) => {
    const places = await placesOf(
      open(at(size), { maxDatabaseSize: size, strategy: 'hash' }),
      keys,
    );
    expect(Object.keys(places).sort()).toEqual(['db-central', 'db-east']);
  });

  it('is not asked of shards, nor counts, where none is given', async () => {
    const places = await placesOf(open(at(1024 * MB), { strategy: 'round-robin' }), keys);
    expect(places).toEqual({ 'db-east': 4, 'db-west': 4, 'db-central': 4 });
  });
});

it('a coordinator is told sizes that it asks for, and chooses by them', async () => {
  const { asked, coordinator } = coordinatorOf((_, body) =>
    Response.json(
      (body as { sizesAsked?: boolean }).sizesAsked ? { shard: 'db-east' } : { sizes: [...NAMES] },
    ),
  );
  const sizes = { 'db-east': 1000, 'db-west': 1001, 'db-central': 999 };
  const more = { maxDatabaseSize: 1000, coordinator, disableAutoMigration: true };
  await open(sizes, more).run('k', INSERT, ['k', 'n']);
  const bound = { availableShards: NAMES, maxDatabaseSize: 1000 };
  expect(asked).toMatchObject([{ body: bound }, { body: { ...bound, sizes } }]);
});

describe('a record on a shard that is too large', () => {
  const sizes = { 'db-east': 2 * MB, 'db-west': 10, 'db-central': 10 };
  const shardLocations = { 'db-east': 'enam', 'db-west': 'wnam', 'db-central': 'weur' } as const;
  const strategies: [name: string, config: Partial<CollegeDBConfig>][] = [
    ['hash', { strategy: 'hash' }],
    ['random', { strategy: 'random' }],
    ['round-robin', { strategy: 'round-robin' }],
    ['location', { strategy: 'location', targetRegion: 'enam', shardLocations }],
    ['a coordinator', { strategy: 'round-robin', coordinator: env.ShardCoordinator }],
  ];

  // Not by it.each of the configurations, which would print the bindings.
  const configOf = (name: string) => ({ ...new Map(strategies).get(name), maxDatabaseSize: MB });
  const each = strategies.flatMap(([name]) => [
    { name, mapped: true },
    { name, mapped: false },
  ]);

  it.each(each)(
    'is read, changed and deleted; a new key goes elsewhere: $name, mapped: $mapped',
    async ({ name, mapped }) => {
      await env['db-east'].prepare(INSERT).bind('old', 'before').run();
      if (mapped) await new KVShardMapper(kvOf()).setShardMapping('old', 'db-east');
      // Without the migration nobody asks the shards who has the row.
      const config = { ...configOf(name), disableAutoMigration: mapped };
      const read = (router: Router) => router.first('old', SELECT, ['old']);
      expect(await read(open(sizes, config))).toEqual({ name: 'before' });
      const { meta } = await open(sizes, config).run('old', UPDATE, ['after', 'old']);
      expect(meta.changes).toBe(1);
      expect(await read(open(sizes, config))).toEqual({ name: 'after' });
      await open(sizes, config).run('old', UPSERT, ['old', 'again']);
      expect(await shardsHaving('sized', 'old')).toEqual(['db-east']);
      const places = await placesOf(open(sizes, config), keys);
      expect(Object.keys(places)).not.toContain('db-east');
      expect((await open(sizes, config).run('old', DELETE, ['old'])).meta.changes).toBe(1);
      expect(await shardsHaving('sized', 'old')).toEqual([]);
    },
  );

  it('goes on growing there, by what D1 itself tells of its size', async () => {
    await env['db-east'].prepare(INSERT).bind('old', 'x'.repeat(MB)).run();
    await new KVShardMapper(kvOf()).setShardMapping('old', 'db-east');
    const shards = Object.fromEntries(NAMES.map((name) => [name, env[name]]));
    const config = { shards, maxDatabaseSize: MB };
    const router = createRouter({ ...config, kv: kvOf() });
    expect(Object.keys(await placesOf(router, keys))).not.toContain('db-east');
    const longer = 'y'.repeat(2 * MB - 100);
    expect((await router.run('old', UPDATE, [longer, 'old'])).meta.changes).toBe(1);
    const other = createRouter({ ...config, kv: kvOf() });
    expect(await other.first('old', SELECT, ['old'])).toEqual({ name: longer });
  });
});
