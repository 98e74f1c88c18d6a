// The pages of the library that this one stands in for, from their sections on several keys,
// databases that were there before, monitoring, the coordinator and scenarios: what they show runs.

import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  type CollegeDBConfig,
  clearMigrationCache,
  collegedb,
  createSchema,
  first,
  getClosestRegionFromIP,
  getShardStats,
  initialize,
  integrateExistingDatabase,
  KVShardMapper,
  listKnownShards,
  listTables,
  resetConfig,
  run,
  type ShardingStrategy,
  type ShardStats,
  validateTableForSharding,
} from '../../client/sql/index.ts';
import { kvOf, shardsHaving } from './doubles.ts';

interface User {
  id: string;
  name: string;
}

const shards = {
  'db-east': env['db-east'],
  'db-west': env['db-west'],
  'db-central': env['db-central'],
};
const INSERT = 'INSERT INTO users (id, name, email) VALUES (?, ?, ?)';
const SELECT = 'SELECT * FROM users WHERE id = ?';
const stub = () => env.ShardCoordinator.get(env.ShardCoordinator.idFromName('default'));
const ask = async <T>(path: string, init?: RequestInit): Promise<T> =>
  (await (await stub().fetch(`http://coordinator${path}`, init as never)).json()) as T;
const sent = (method: string, body: unknown): RequestInit => ({
  method,
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
});

beforeAll(async () => {
  for (const shard of Object.values(shards)) await createSchema(shard);
});
afterEach(() => {
  resetConfig();
  vi.restoreAllMocks();
});

describe('several keys', () => {
  it('are added later, and found by each', async () => {
    await env['db-west'].prepare(INSERT).bind('user-456', 'Jane', 'jane@example.com').run();
    initialize({ kv: env.KV, shards, disableAutoMigration: true });
    const mapper = new KVShardMapper(env.KV);
    await mapper.setShardMapping('user-456', 'db-west');
    await mapper.addLookupKeys('user-456', ['email:jane@example.com', 'username:jane']);
    const sql = 'SELECT * FROM users WHERE email = ?';
    const user = await first<User>('email:jane@example.com', sql, ['jane@example.com']);
    expect(user?.name).toBe('Jane');
    const { keys } = await env.KV.list();
    expect(keys.map(({ name }) => name).join()).not.toContain('@');
  });

  it('are told in words where they are not hashed, and move and go as one', async () => {
    const mapper = new KVShardMapper(kvOf(), { hashShardMappings: false });
    await mapper.setShardMapping('user-123', 'db-east', ['username:john']);
    await mapper.addLookupKeys('username:john', ['email:user@example.com']);
    const all = ['user-123', 'username:john', 'email:user@example.com'];
    expect(await mapper.getAllLookupKeys('email:user@example.com')).toEqual(all);
    expect((await mapper.getKeysForShard('db-east')).sort()).toEqual([...all].sort());
    await mapper.updateShardMapping('username:john', 'db-central');
    for (const key of all) {
      expect((await mapper.getShardMapping(key))?.shard).toBe('db-central');
    }
    await mapper.deleteShardMapping('user-123');
    expect((await env.KV.list({ prefix: 'shard:user' })).keys).toEqual([]);
  });
});

describe('databases that were there before', () => {
  const fetch = async (bindings: typeof env): Promise<Response> => {
    initialize({
      kv: bindings.KV,
      shards: {
        'db-users': bindings['db-east'],
        'db-orders': bindings['db-west'],
        'db-new': bindings['db-central'],
      },
      strategy: 'hash',
    });
    const existingUser = await first<User>('user-from-old-db', SELECT, ['user-from-old-db']);
    await run('new-user-9', INSERT, ['new-user-9', 'New User', 'new@example.com']);
    return Response.json({ existingUser, message: 'Automatic drop-in replacement successful!' });
  };

  it('are a Worker without another step', async () => {
    await env['db-east'].prepare(INSERT).bind('user-from-old-db', 'Old', 'old@example.com').run();
    expect(await (await fetch(env)).json()).toMatchObject({
      existingUser: { name: 'Old' },
      message: 'Automatic drop-in replacement successful!',
    });
  });

  it('are integrated some tables at a time, and rolled back', async () => {
    await createSchema(env['db-europe']);
    const mapper = new KVShardMapper(kvOf());
    await mapper.clearAllMappings();
    const large = env['db-europe'];
    await large.prepare(INSERT).bind('user-of-large', 'L', 'l@example.com').run();
    for (const table of ['large_a', 'large_b', 'large_c']) {
      await large.prepare(`CREATE TABLE ${table} (id TEXT PRIMARY KEY)`).run();
      await large.prepare(`INSERT INTO ${table} VALUES ('1 of ${table}'), ('2 of it')`).run();
    }
    const tables = [];
    for (const table of await listTables(large)) {
      const { isValid } = await validateTableForSharding(large, table);
      if (isValid) tables.push(table);
    }
    expect(tables).toEqual(['large_a', 'large_b', 'large_c', 'posts', 'users']);
    const records: number[] = [];
    for (let i = 0; i < tables.length; i += 2) {
      const result = await integrateExistingDatabase(large, 'db-large', mapper, {
        tables: tables.slice(i, i + 2),
      });
      expect(result).toMatchObject({ success: true, complete: true, collisions: 0 });
      records.push(result.totalRecords);
    }
    expect(records).toEqual([4, 2, 1]);
    // A key that several tables have is one mapping.
    expect(await mapper.getShardKeyCounts()).toMatchObject({ 'db-large': 5 });
    const kept = await mapper.getShardMapping('user-of-large');
    expect(kept?.shard).toBe('db-large');
    await mapper.clearAllMappings();
    clearMigrationCache();
    expect(await mapper.getShardMapping('user-of-large')).toBeNull();
  });
});

describe('monitoring', () => {
  async function dashboard() {
    const [names, stats, health] = await Promise.all([
      ask<string[]>('/shards'),
      ask<ShardStats[]>('/stats'),
      stub().fetch('http://coordinator/health'),
    ]);
    const total = stats.reduce((sum, { count }) => sum + count, 0);
    const counts = stats.map(({ count }) => count);
    return {
      healthy: health.ok,
      text: await health.text(),
      totalShards: names.length,
      totalKeys: total,
      ratio: Math.max(...counts) / (Math.min(...counts) || 1),
      stale: stats.filter(({ lastUpdated = 0 }) => Date.now() - lastUpdated > 300_000).length,
    };
  }

  it('reads shards, counts and health of the coordinator', async () => {
    await ask('/flush', { method: 'POST' });
    const config = { kv: kvOf(), coordinator: env.ShardCoordinator, shards };
    await collegedb({ ...config, strategy: 'round-robin' }, async () => {
      for (const id of ['m1', 'm2', 'm3', 'm4', 'm5', 'm6']) await run(id, INSERT, [id, 'M', id]);
      const stats = await getShardStats();
      expect(stats.map(({ count }) => count)).toEqual([2, 2, 2]);
      expect((await listKnownShards()).sort()).toEqual(Object.keys(shards).sort());
    });
    expect(await dashboard()).toEqual({
      healthy: true,
      text: 'OK',
      totalShards: 3,
      totalKeys: 6,
      ratio: 1,
      stale: 0,
    });
  });

  it('asks each shard whether it answers', async () => {
    const checks = await Promise.all(
      Object.entries(shards).map(async ([name, db]) => [
        name,
        await db.prepare('SELECT 1 as test').first(),
      ]),
    );
    expect(checks).toEqual(Object.keys(shards).map((name) => [name, { test: 1 }]));
  });
});

describe('the coordinator', () => {
  it('registers, counts and allocates as it is shown', async () => {
    await ask('/flush', { method: 'POST' });
    const shard = 'db-new-region';
    expect(await ask('/shards', sent('POST', { shard }))).toEqual({ success: true });
    expect(await ask('/shards')).toEqual([shard]);
    expect(await ask('/stats', sent('POST', { shard, count: 1600 }))).toEqual({ success: true });
    expect(await ask('/stats')).toMatchObject([{ binding: shard, count: 1600 }]);
    const user = { primaryKey: 'user-123', strategy: 'round-robin' };
    expect(await ask('/allocate', sent('POST', user))).toEqual({ shard });
    const again = { primaryKey: 'user-456', strategy: 'hash' };
    expect(await ask('/allocate', sent('POST', again))).toEqual({ shard });
    expect(await ask('/shards', sent('DELETE', { shard }))).toEqual({ success: true });
  });

  it('says in JSON that it cannot, and somebody falls back', async () => {
    await ask('/flush', { method: 'POST' });
    const allocateWithFallback = async (primaryKey: string, names: string[]) => {
      const response = await stub().fetch('http://coordinator/allocate', {
        method: 'POST',
        body: JSON.stringify({ primaryKey }),
      });
      if (response.ok) return ((await response.json()) as { shard: string }).shard;
      const { error } = (await response.json()) as { error: string };
      return `${names[0]} (ShardCoordinator error: ${error})`;
    };
    expect(await allocateWithFallback('user-9', ['db-east'])).toBe(
      'db-east (ShardCoordinator error: No shards available)',
    );
  });
});

describe('scenarios', () => {
  const strategies: ShardingStrategy[] = ['hash', 'round-robin', 'random', 'location'];

  it('take every pair of strategies', async () => {
    vi.spyOn(console, 'warn').mockReturnValue();
    for (const read of strategies) {
      for (const write of strategies) {
        const id = `pair-${read}-${write}`;
        const config: CollegeDBConfig = {
          kv: kvOf(),
          shards,
          strategy: { read, write },
          targetRegion: 'wnam',
          shardLocations: {
            'db-west': { region: 'wnam', priority: 3 },
            'db-central': { region: 'enam', priority: 2 },
            'db-east': { region: 'enam', priority: 1 },
          },
          disableAutoMigration: true,
        };
        await collegedb(config, async () => {
          await run(id, INSERT, [id, id, `${id}@example.com`]);
          expect(await first<User>(id, SELECT, [id])).toMatchObject({ name: id });
        });
        expect(await shardsHaving('users', id)).toHaveLength(1);
      }
    }
  });

  it('go to the continent that asks', async () => {
    const places: [continent: string, country: string, shard: string][] = [
      ['NA', 'US', 'db-west'],
      ['EU', 'FR', 'db-east'],
      ['AS', 'JP', 'db-central'],
    ];
    for (const [continent, country, shard] of places) {
      const request = new Request('https://example.com/', { cf: { continent, country } });
      const id = `global-${country}`;
      const config: CollegeDBConfig = {
        kv: kvOf(),
        shards,
        strategy: { read: 'hash', write: 'location' },
        targetRegion: getClosestRegionFromIP(request),
        shardLocations: {
          'db-west': { region: 'wnam', priority: 2 },
          'db-east': { region: 'weur', priority: 2 },
          'db-central': { region: 'apac', priority: 2 },
        },
        disableAutoMigration: true,
      };
      await collegedb(config, () => run(id, INSERT, [id, country, `${id}@example.com`]));
      expect([country, await shardsHaving('users', id)]).toEqual([country, [shard]]);
    }
  });

  it('have the shards of their environment', async () => {
    vi.spyOn(console, 'warn').mockReturnValue();
    const configOf = (environment: string): CollegeDBConfig => ({
      kv: kvOf(),
      shards:
        environment === 'production'
          ? { 'db-prod-1': env['db-east'], 'db-prod-2': env['db-west'] }
          : { 'db-dev': env['db-central'] },
      strategy: 'round-robin',
      disableAutoMigration: true,
    });
    for (const environment of ['production', 'development']) {
      const id = `env-${environment}`;
      await collegedb(configOf(environment), () => run(id, INSERT, [id, 'E', `${id}@example.com`]));
      const [shard] = await shardsHaving('users', id);
      expect([environment, shard === 'db-central']).toEqual([
        environment,
        environment !== 'production',
      ]);
    }
  });
});
