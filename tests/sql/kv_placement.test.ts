// Placement by a mapping in KV: what writes and reads cost, who gives a key its place, and that a
// row is found wherever it is.

import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createRouter, KVShardMapper } from '../../client/sql/index.ts';
import { coordinatorOf, counted, kvOf, NAMES, onAll, shardsHaving, shardsOf } from './doubles.ts';

const INSERT = 'INSERT INTO mapped (id, name) VALUES (?, ?)';
const SELECT = 'SELECT id, name FROM mapped WHERE id = ?';
const UPDATE = 'UPDATE mapped SET name = ? WHERE id = ?';
const DELETE = 'DELETE FROM mapped WHERE id = ?';

beforeAll(() => onAll('CREATE TABLE mapped (id TEXT PRIMARY KEY, name TEXT)'));
afterEach(() => vi.restoreAllMocks());

const mappedTo = async (key: string) =>
  (await new KVShardMapper(kvOf()).getShardMapping(key))?.shard;

describe('what it costs', () => {
  it('a new key is one read and one write of KV, and one query', async () => {
    const { counts, config } = counted({ disableAutoMigration: true });
    const router = createRouter(config);
    await router.run('new', INSERT, ['new', 'N']);
    expect(counts).toEqual({ reads: 1, writes: 1, calls: 0, queries: 1 });
    await router.first('new', SELECT, ['new']);
    expect(counts).toEqual({ reads: 1, writes: 1, calls: 0, queries: 2 });
  });

  it('a key of another isolate is one read of KV, then none', async () => {
    await createRouter(counted().config).run('other', INSERT, ['other', 'O']);
    const { counts, config } = counted();
    const router = createRouter(config);
    for (let i = 0; i < 3; i += 1) {
      expect(await router.first('other', SELECT, ['other'])).toMatchObject({ name: 'O' });
    }
    expect(counts).toEqual({ reads: 1, writes: 0, calls: 0, queries: 3 });
  });

  it('an absent key is read without a write, and gets no place', async () => {
    const { counts, config } = counted({ disableAutoMigration: true });
    expect(await createRouter(config).first('absent', SELECT, ['absent'])).toBeNull();
    expect(counts).toEqual({ reads: 1, writes: 0, calls: 0, queries: 1 });
    expect(await mappedTo('absent')).toBeUndefined();
  });

  it('a key to look up by is two reads of KV', async () => {
    const router = createRouter(counted().config);
    await router.run('user-1', INSERT, ['user-1', 'Jane']);
    await new KVShardMapper(kvOf()).addLookupKeys('user-1', ['email:jane@example.com']);
    const { counts, config } = counted();
    const sql = 'SELECT id FROM mapped WHERE name = ?';
    const row = await createRouter(config).first('email:jane@example.com', sql, ['Jane']);
    expect(row).toEqual({ id: 'user-1' });
    expect(counts).toEqual({ reads: 2, writes: 0, calls: 0, queries: 1 });
  });
});

describe('a row without a mapping', () => {
  const fill = (id: string, shard: 'db-east' | 'db-west' | 'db-central') =>
    env[shard].prepare(INSERT).bind(id, 'before').run();

  it.each(['hash', 'random', 'round-robin'] as const)('is read, first by %s', async (strategy) => {
    vi.spyOn(console, 'warn').mockReturnValue();
    for (const shard of ['db-east', 'db-west', 'db-central'] as const) {
      const id = `before-${strategy}-${shard}`;
      await fill(id, shard);
      const router = createRouter({ shards: shardsOf(), kv: kvOf(), strategy });
      expect(await router.first(id, SELECT, [id])).toMatchObject({ name: 'before' });
      expect((await router.all(id, SELECT, [id])).results).toHaveLength(1);
      expect(await mappedTo(id)).toBeUndefined();
    }
  });

  it('is changed where it is, and mapped then', async () => {
    for (const shard of ['db-east', 'db-west', 'db-central'] as const) {
      const id = `changed-${shard}`;
      await fill(id, shard);
      const router = createRouter({ shards: shardsOf(), kv: kvOf() });
      expect((await router.run(id, UPDATE, ['after', id])).meta.changes).toBe(1);
      expect(await mappedTo(id)).toBe(shard);
    }
  });

  it('is not inserted twice', async () => {
    for (const shard of ['db-east', 'db-west', 'db-central'] as const) {
      const id = `twice-${shard}`;
      await fill(id, shard);
      const router = createRouter({ shards: shardsOf(), kv: kvOf() });
      await expect(router.run(id, INSERT, [id, 'again'])).rejects.toMatchObject({
        code: 'QUERY_FAILED',
      });
      expect(await shardsHaving('mapped', id)).toEqual([shard]);
    }
  });

  it('that is nowhere gets no place by a change or a deletion', async () => {
    const router = createRouter({ shards: shardsOf(), kv: kvOf() });
    expect((await router.run('nowhere', UPDATE, ['x', 'nowhere'])).meta.changes).toBe(0);
    expect((await router.run('nowhere', DELETE, ['nowhere'])).meta.changes).toBe(0);
    expect(await mappedTo('nowhere')).toBeUndefined();
  });

  it('is not called absent while a shard that may have it is down', async () => {
    const down = { prepare: () => ({ bind: () => down.prepare(), first: () => fail() }) };
    const fail = () => Promise.reject(new Error('down'));
    for (const name of NAMES) {
      const shards = { ...shardsOf(), [name]: down as never };
      const router = createRouter({ shards, kv: kvOf(), retryForMs: 0 });
      await expect(router.first('lost', SELECT, ['lost'])).rejects.toMatchObject({
        code: 'SHARD_UNAVAILABLE',
      });
    }
  });
});

describe('two isolates', () => {
  it('see a row that the other moved, though the cache says otherwise', async () => {
    const [one, other] = [counted(), counted()];
    const [router, second] = [createRouter(one.config), createRouter(other.config)];
    await router.run('moved', INSERT, ['moved', 'M']);
    expect(await second.first('moved', SELECT, ['moved'])).not.toBeNull();
    const from = (await mappedTo('moved')) ?? '';
    const to = NAMES.find((name) => name !== from) ?? 'db-east';
    await env[to].prepare(INSERT).bind('moved', 'M').run();
    await new KVShardMapper(one.config.kv).updateShardMapping('moved', to);
    await env[from as 'db-east'].prepare(DELETE).bind('moved').run();
    expect(await second.first('moved', SELECT, ['moved'])).toMatchObject({ name: 'M' });
    expect((await second.run('moved', UPDATE, ['N', 'moved'])).meta.changes).toBe(1);
  });

  it('write the mapping before the row: what died in between is finished by the next', async () => {
    const { config } = counted();
    const shards = Object.fromEntries(
      Object.keys(config.shards).map((name) => [
        name,
        { prepare: () => ({ bind: () => ({ run: () => Promise.reject(new Error('killed')) }) }) },
      ]),
    );
    const dying = createRouter({ ...config, shards: shards as never, disableAutoMigration: true });
    await expect(dying.run('died', INSERT, ['died', 'D'])).rejects.toThrow('killed');
    const place = await mappedTo('died');
    expect(place).toBeDefined();
    await createRouter(counted().config).run('died', INSERT, ['died', 'D']);
    expect(await shardsHaving('mapped', 'died')).toEqual([place]);
  });

  it('give a key one place when its first writes come together', async () => {
    const { counts, config } = counted({ strategy: 'random', disableAutoMigration: true });
    const router = createRouter(config);
    const upsert = 'INSERT OR REPLACE INTO mapped (id, name) VALUES (?, ?)';
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => router.run('rush', upsert, ['rush', i])),
    );
    expect(await shardsHaving('mapped', 'rush')).toHaveLength(1);
    expect(counts.writes).toBe(1);
  });
});

describe('with a coordinator', () => {
  const open = (answer: Parameters<typeof coordinatorOf>[0]) => {
    const { asked, coordinator } = coordinatorOf(answer);
    const { counts, config } = counted({ coordinator, disableAutoMigration: true });
    return { asked, counts, router: createRouter(config) };
  };

  it('it decides, once for each key', async () => {
    const { asked, router } = open(() => Response.json({ shard: 'db-central' }));
    await router.run('coordinated', INSERT, ['coordinated', 'C']);
    await router.first('coordinated', SELECT, ['coordinated']);
    expect(asked).toEqual([
      {
        path: '/allocate',
        body: {
          primaryKey: 'coordinated',
          strategy: 'hash',
          operationType: 'write',
          availableShards: [...NAMES],
        },
      },
    ]);
    expect(await shardsHaving('mapped', 'coordinated')).toEqual(['db-central']);
  });

  it.each([
    ['fails', () => Promise.reject(new Error('gone'))],
    ['refuses', () => Response.json({ error: 'No shards available' }, { status: 500 })],
    ['answers what is no JSON', () => new Response('oops')],
  ])('that %s, the hash decides, and says so', async (what, answer) => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue();
    const key = `fallback ${what}`;
    await open(answer).router.run(key, INSERT, [key, 'F']);
    expect(warn).toHaveBeenCalledWith(
      'Coordinator unavailable, using fallback allocation:',
      expect.any(Error),
    );
    const alone = counted({ disableAutoMigration: true });
    await createRouter({ ...alone.config, kv: { ...kvOf(), get: async () => null } }).run(
      key,
      'INSERT OR REPLACE INTO mapped (id, name) VALUES (?, ?)',
      [key, 'F'],
    );
    expect(await shardsHaving('mapped', key)).toHaveLength(1);
  });

  it('that names a shard which is not there is not believed', async () => {
    const { router } = open(() => Response.json({ shard: 'db-gone' }));
    await expect(router.run('gone', INSERT, ['gone', 'G'])).rejects.toMatchObject({
      code: 'SHARD_NOT_FOUND',
    });
    expect(await mappedTo('gone')).toBeUndefined();
  });

  it('two isolates place a key together on one shard', async () => {
    const warn = vi.spyOn(console, 'warn');
    const routers = Array.from({ length: 5 }, () =>
      createRouter(
        counted({
          coordinator: env.ShardCoordinator,
          strategy: 'random',
          disableAutoMigration: true,
        }).config,
      ),
    );
    const upsert = 'INSERT OR REPLACE INTO mapped (id, name) VALUES (?, ?)';
    for (let key = 0; key < 5; key += 1) {
      const id = `together-${key}`;
      await Promise.all(routers.map((router) => router.run(id, upsert, [id, 'T'])));
      expect(await shardsHaving('mapped', id)).toHaveLength(1);
    }
    expect(warn).not.toHaveBeenCalled();
  });
});

describe('what is known of the shards', () => {
  it('are the configured ones, first, and those that others know', async () => {
    const { asked, coordinator } = coordinatorOf(() => Response.json(['db-new', 'db-west']));
    const router = createRouter(counted({ coordinator }).config);
    expect(await router.listKnownShards()).toEqual([...NAMES, 'db-new']);
    expect(asked).toEqual([{ path: '/shards', body: undefined }]);
  });

  it('are the configured ones while the coordinator is away', async () => {
    vi.spyOn(console, 'warn').mockReturnValue();
    const { coordinator } = coordinatorOf(() => Promise.reject(new Error('down')));
    expect(await createRouter(counted({ coordinator }).config).listKnownShards()).toEqual([
      ...NAMES,
    ]);
  });

  it('is how many keys each has: of the coordinator, else of KV', async () => {
    const { coordinator } = coordinatorOf(() =>
      Response.json([{ binding: 'db-west', count: 3, lastUpdated: 5 }]),
    );
    expect(await createRouter(counted({ coordinator }).config).getShardStats()).toEqual([
      { binding: 'db-east', count: 0 },
      { binding: 'db-west', count: 3, lastUpdated: 5 },
      { binding: 'db-central', count: 0 },
    ]);
    const router = createRouter(counted().config);
    const sum = async () => {
      const stats = await router.getShardStats();
      return stats.reduce((all, { count }) => all + count, 0);
    };
    const before = await sum();
    for (const id of ['s1', 's2', 's3']) await router.run(id, INSERT, [id, 'S']);
    expect(await sum()).toBe(before + 3);
  });

  it('is nothing with slots alone', async () => {
    const router = createRouter({ shards: shardsOf() });
    await expect(router.getShardStats()).rejects.toMatchObject({ code: 'COORDINATOR_REQUIRED' });
    expect(await router.listKnownShards()).toEqual([...NAMES]);
  });
});

describe('flush', () => {
  it('forgets all mappings, the coordinator too', async () => {
    const { asked, coordinator } = coordinatorOf((path) =>
      Response.json(path === '/allocate' ? { shard: 'db-east' } : { success: true }),
    );
    const router = createRouter(counted({ coordinator }).config);
    await router.run('flushed', INSERT, ['flushed', 'F']);
    await router.flush();
    expect(asked.at(-1)?.path).toBe('/flush');
    expect((await env.KV.list({ prefix: 'shard:' })).keys).toEqual([]);
  });

  it('is refused in production', async () => {
    const router = createRouter(counted({ environment: 'production' }).config);
    await expect(router.flush()).rejects.toMatchObject({ code: 'FLUSH_REFUSED' });
  });
});

describe('KV that is away', () => {
  const away = () => ({ ...kvOf(), get: () => Promise.reject(new Error('KV is down')) });

  it('keeps no read from its row, but a write', async () => {
    vi.spyOn(console, 'warn').mockReturnValue();
    await createRouter(counted().config).run('held', INSERT, ['held', 'H']);
    const router = createRouter({ ...counted().config, kv: away() });
    expect(await router.first('held', SELECT, ['held'])).toMatchObject({ name: 'H' });
    await expect(router.run('held', UPDATE, ['I', 'held'])).rejects.toMatchObject({
      code: 'MAPPING_UNAVAILABLE',
    });
  });
});
