// Code written for the library that this one stands in for, as its pages show it: it runs
// unchanged. Where such a page contradicts itself, what is meant runs.

import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  all,
  type CollegeDBConfig,
  CollegeDBError,
  collegedb,
  createSchema,
  first,
  getClosestRegionFromIP,
  getDatabaseSizeForShard,
  getShardStats,
  initialize,
  initializeAsync,
  KVShardMapper,
  listKnownShards,
  type MixedShardingStrategy,
  prepare,
  reassignShard,
  resetConfig,
  run,
} from '../../client/sql/index.ts';
import { counted, shardsHaving } from './doubles.ts';

interface User {
  id: string;
  name: string;
  location?: string;
}

const shards = {
  'db-east': env['db-east'],
  'db-west': env['db-west'],
  'db-central': env['db-central'],
};
const INSERT = 'INSERT INTO users (id, name, email) VALUES (?, ?, ?)';

beforeAll(async () => {
  for (const shard of Object.values(shards)) await createSchema(shard);
});
afterEach(() => {
  resetConfig();
  vi.restoreAllMocks();
});

describe('the basic example', () => {
  it('inserts into one shard and reads what another database held before', async () => {
    await env['db-west'].prepare(INSERT).bind('existing-user-456', 'Before', 'b@example.com').run();
    await collegedb(
      { kv: env.KV, coordinator: env.ShardCoordinator, shards, strategy: 'hash' },
      async () => {
        await createSchema(env['db-europe']);
        await run('user-123', INSERT, ['user-123', 'Johnson', 'alice@example.com']);
        const result = await first<User>('existing-user-456', 'SELECT * FROM users WHERE id = ?', [
          'existing-user-456',
        ]);
        expect(result?.name).toBe('Before');
      },
    );
    expect(await shardsHaving('users', 'user-123')).toHaveLength(1);
  });
});

describe('the examples of places', () => {
  const shardLocations: CollegeDBConfig['shardLocations'] = {
    'db-west': { region: 'wnam', priority: 2 },
    'db-east': { region: 'enam', priority: 1 },
    'db-central': { region: 'weur', priority: 0.5 },
  };
  const insert = 'INSERT INTO users (id, name, location) VALUES (?, ?, ?)';
  const select = 'SELECT * FROM users WHERE id = ?';

  it('place new users near the region and find them there', async () => {
    await collegedb(
      { kv: env.KV, strategy: 'location', targetRegion: 'wnam', shardLocations, shards },
      async () => {
        await run('user-west-123', insert, ['user-west-123', 'West Coast User', 'California']);
        const user = await first<User>('user-west-123', select, ['user-west-123']);
        expect(`User found in optimal shard: ${user?.name}`).toContain('West Coast User');
      },
    );
    expect(await shardsHaving('users', 'user-west-123')).toEqual(['db-west']);
  });

  it('read by the hash what was written by the place', async () => {
    const strategy: MixedShardingStrategy = { write: 'location', read: 'hash' };
    for (const id of ['user-california-456', 'user-california-457', 'user-california-458']) {
      await collegedb(
        { kv: env.KV, strategy, targetRegion: 'wnam', shardLocations, shards },
        async () => {
          await run(id, insert, [id, 'California User', 'Los Angeles']);
          const user = await first<User>(id, select, [id]);
          expect([user?.name, user?.location]).toEqual(['California User', 'Los Angeles']);
        },
      );
    }
  });

  it('take the region from the request', async () => {
    const request = new Request('https://example.com/', { cf: { continent: 'EU', country: 'FR' } });
    const targetRegion = getClosestRegionFromIP(request);
    await collegedb(
      {
        kv: env.KV,
        strategy: { read: 'hash', write: 'location' },
        targetRegion,
        shardLocations,
        shards,
      },
      () => run('user-paris', insert, ['user-paris', 'P', 'Paris']),
    );
    expect(await shardsHaving('users', 'user-paris')).toEqual(['db-central']);
  });
});

describe('the examples of several keys', () => {
  it('find a user by any of them', async () => {
    await env['db-east']
      .prepare('INSERT INTO users (id, name, username, email) VALUES (?, ?, ?, ?)')
      .bind('user-1', 'John', 'john_doe', 'john@example.com')
      .run();
    await collegedb({ kv: env.KV, shards, hashShardMappings: true, strategy: 'hash' }, async () => {
      const mapper = new KVShardMapper(env.KV, { hashShardMappings: true });
      const keys = ['username:john_doe', 'email:john@example.com', 'id:123'];
      await mapper.setShardMapping('user-1', 'db-east', keys);
      const rows = [
        await first('user-1', 'SELECT * FROM users WHERE id = ?', ['user-1']),
        await first('username:john_doe', 'SELECT * FROM users WHERE username = ?', ['john_doe']),
        await first('email:john@example.com', 'SELECT * FROM users WHERE email = ?', [
          'john@example.com',
        ]),
      ];
      expect(rows.map((row) => row?.name)).toEqual(['John', 'John', 'John']);
      await mapper.addLookupKeys('user-1', ['nick:jd']);
      expect((await mapper.getShardMapping('nick:jd'))?.shard).toBe('db-east');
      await mapper.updateShardMapping('username:john_doe', 'db-central');
      expect((await mapper.getShardMapping('user-1'))?.shard).toBe('db-central');
      await mapper.deleteShardMapping('user-1');
      expect(await mapper.getShardMapping('email:john@example.com')).toBeNull();
    });
  });
});

describe('the example of databases that were there before', () => {
  it('needs no step but to initialize', async () => {
    await env['db-east'].prepare(INSERT).bind('user-from-old-db', 'Old', 'o@example.com').run();
    initialize({ kv: env.KV, shards, strategy: 'hash' });
    const sql = 'SELECT * FROM users WHERE id = ?';
    const existingUser = await first<User>('user-from-old-db', sql, ['user-from-old-db']);
    await run('new-user-123', INSERT, ['new-user-123', 'New User', 'new@example.com']);
    expect(existingUser?.name).toBe('Old');
    const created = await all<User>('new-user-123', sql, ['new-user-123']);
    expect(created.results.map(({ name }) => name)).toEqual(['New User']);
  });
});

describe('databases whose rows are mapped', () => {
  it('are not asked for keys without a mapping, until all mappings are deleted', async () => {
    const { counts, config } = counted();
    await env['db-east'].prepare(INSERT).bind('rolled-back', 'R', 'r@example.com').run();
    await initializeAsync({ ...config, maxSubrequests: 900 });
    const ask = async (id: string) => {
      counts.queries = 0;
      const row = await first<User>(id, 'SELECT * FROM users WHERE id = ?', [id]);
      return [row?.name, counts.queries];
    };
    expect(await ask('rolled-back')).toEqual(['R', 1]);
    expect(await ask('absent')).toEqual([undefined, 3]); // KV may be late
    const later = Date.now() + 180_000;
    vi.spyOn(Date, 'now').mockImplementation(() => later);
    expect(await ask('absent')).toEqual([undefined, 1]);
    await new KVShardMapper(config.kv).clearAllMappings();
    expect((await ask('rolled-back'))[0]).toBe('R');
    expect((await ask('absent'))[1]).toBe(3);
  });
});

describe('the examples of a Worker', () => {
  const fetch = (request: Request): Promise<Response> =>
    collegedb(
      { kv: env.KV, coordinator: env.ShardCoordinator, strategy: 'hash', shards },
      async () => {
        const url = new URL(request.url);
        if (url.pathname === '/user') {
          const userId = url.searchParams.get('id');
          if (!userId) return new Response('Missing user ID', { status: 400 });
          return Response.json(await first(userId, 'SELECT * FROM users WHERE id = ?', [userId]));
        }
        return new Response('CollegeDB API', { status: 200 });
      },
    );

  it('answer a user, a mistake, and all else', async () => {
    await env['db-central'].prepare(INSERT).bind('worker-user', 'W', 'w@example.com').run();
    const told = async (path: string) => {
      const response = await fetch(new Request(`https://example.com${path}`));
      return [response.status, await response.text()];
    };
    expect(await told('/user?id=worker-user')).toEqual([
      200,
      expect.stringContaining('"name":"W"'),
    ]);
    expect(await told('/user')).toEqual([400, 'Missing user ID']);
    expect(await told('/')).toEqual([200, 'CollegeDB API']);
  });
});

describe('the examples of errors and of what is known', () => {
  it('tell a query that fails by its class and its code', async () => {
    initialize({ kv: env.KV, shards, disableAutoMigration: true });
    try {
      await run('invalid-key', 'SELECT * FROM nothing WHERE id = ?', ['invalid-key']);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(CollegeDBError);
      expect(error).toBeInstanceOf(Error);
      expect([(error as CollegeDBError).name, (error as CollegeDBError).code]).toEqual([
        'CollegeDBError',
        'QUERY_FAILED',
      ]);
    }
  });

  it('list shards, their counts and their sizes', async () => {
    initialize({ kv: env.KV, shards, disableAutoMigration: true });
    expect((await listKnownShards()).slice(0, 3)).toEqual(Object.keys(shards));
    const stats = await getShardStats();
    expect(stats.map(({ binding }) => binding)).toEqual(Object.keys(shards));
    expect(await getDatabaseSizeForShard('db-east')).toBeGreaterThan(0);
  });

  it('prepare a statement for a key', async () => {
    initialize({ kv: env.KV, shards, disableAutoMigration: true });
    const statement = await prepare('user-prepared', INSERT);
    await statement.bind('user-prepared', 'P', 'p@example.com').run();
    expect(await shardsHaving('users', 'user-prepared')).toHaveLength(1);
  });
});

describe('the example of moving a key', () => {
  it('moves its row and its mapping', async () => {
    initialize({ kv: env.KV, shards, disableAutoMigration: true });
    await run('user-moved', INSERT, ['user-moved', 'M', 'm@example.com']);
    const [from] = await shardsHaving('users', 'user-moved');
    const to = from === 'db-west' ? 'db-east' : 'db-west';
    await reassignShard('user-moved', to);
    expect(await shardsHaving('users', 'user-moved')).toEqual([to]);
    const row = await first<User>('user-moved', 'SELECT * FROM users WHERE id = ?', ['user-moved']);
    expect(row?.name).toBe('M');
    await expect(reassignShard('user-moved', 'db-nowhere')).rejects.toMatchObject({
      code: 'SHARD_NOT_FOUND',
      message: 'Shard db-nowhere not found',
    });
    await expect(reassignShard('user-unknown', to)).rejects.toMatchObject({
      code: 'MAPPING_NOT_FOUND',
    });
  });
});

it('is placed by the coordinator near to the region, where that is wanted', async () => {
  initialize({
    kv: env.KV,
    coordinator: env.ShardCoordinator,
    shards,
    strategy: 'location',
    targetRegion: 'weur',
    shardLocations: { 'db-west': 'wnam', 'db-east': 'enam', 'db-central': 'apac' },
  });
  for (const id of ['user-near-1', 'user-near-2', 'user-near-3']) {
    await run(id, INSERT, [id, 'N', `${id}@example.com`]);
    expect(await shardsHaving('users', id)).toEqual(['db-east']);
  }
});

describe('a key that was moved', () => {
  const POST = 'INSERT INTO posts (id, user_id, title) VALUES (?, ?, ?)';
  const other = (shard?: string) => (shard === 'db-west' ? 'db-east' : 'db-west');

  it('has the rest moved by another call, where the first died after one table', async () => {
    initialize({ kv: env.KV, shards });
    await run('user-split', INSERT, ['user-split', 'S', 's@example.com']);
    const [from] = await shardsHaving('users', 'user-split');
    await run('user-split', POST, ['user-split', 'user-split', 'T']);
    await reassignShard('user-split', other(from), 'users');
    expect(await shardsHaving('posts', 'user-split')).toEqual([from]);
    await reassignShard('user-split', other(from));
    for (const table of ['users', 'posts']) {
      expect(await shardsHaving(table, 'user-split')).toEqual([other(from)]);
    }
  });

  it('is known to the coordinator where it is now', async () => {
    const coordinator = env.ShardCoordinator;
    initialize({ kv: env.KV, coordinator, shards });
    await run('user-told', INSERT, ['user-told', 'T', 't@example.com']);
    const [from] = await shardsHaving('users', 'user-told');
    await reassignShard('user-told', other(from));
    const stub = coordinator.get(coordinator.idFromName('default'));
    const response = await stub.fetch('http://coordinator/allocate', {
      method: 'POST',
      body: JSON.stringify({ primaryKey: 'user-told' }),
    });
    expect(await response.json()).toEqual({ shard: other(from) });
  });
});

describe('the templates of configurations', () => {
  const regions: CollegeDBConfig = {
    shards,
    targetRegion: 'wnam',
    shardLocations: { 'db-west': { region: 'wnam', priority: 2 }, 'db-east': { region: 'enam' } },
  };
  const templates: [name: string, config: CollegeDBConfig][] = [
    ['hash', { shards, strategy: 'hash' }],
    ['location', { ...regions, strategy: 'location' }],
    ['round-robin', { shards, coordinator: env.ShardCoordinator, strategy: 'round-robin' }],
    ['global', { ...regions, strategy: { read: 'hash', write: 'location' } }],
    [
      'large',
      {
        shards,
        coordinator: env.ShardCoordinator,
        strategy: { read: 'hash', write: 'round-robin' },
      },
    ],
    ['consistent', { shards, strategy: { read: 'hash', write: 'hash' } }],
    ['high write', { ...regions, strategy: { read: 'location', write: 'hash' } }],
    ['analytics', { ...regions, strategy: { read: 'random', write: 'location' } }],
  ];

  it.each(templates.map(([name]) => name))('write and read: %s', async (name) => {
    const [, config] = templates.find(([each]) => each === name) ?? [];
    await collegedb({ ...(config as CollegeDBConfig), kv: env.KV }, async () => {
      const id = `template-${name}`;
      await run(id, INSERT, [id, name, 't@example.com']);
      expect(await first(id, 'SELECT name FROM users WHERE id = ?', [id])).toEqual({ name });
    });
  });
});
