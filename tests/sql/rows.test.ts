// Statements made of objects, keys to look up by, what is kept in KV, and looking after the shards.

import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  allByLookupKey,
  buildDelete,
  buildInsert,
  buildUpdate,
  buildUpsert,
  type CollegeDBConfig,
  cached,
  count,
  countAllShards,
  countShard,
  deleteById,
  deleteLookup,
  deleteRow,
  deleteShardMapping,
  ensureSchema,
  explain,
  explainAllShards,
  explainShard,
  first,
  firstByLookupKey,
  firstResilient,
  getDatabaseSizeForKey,
  getDatabaseSizesAllShards,
  getLookup,
  getTotalDatabaseSize,
  index,
  indexAllShards,
  indexShard,
  initialize,
  initializeFromEnv,
  insertInto,
  insertReturning,
  invalidate,
  isInitialized,
  KVShardMapper,
  patch,
  quoteIdentifier,
  resetConfig,
  setLookup,
  updateRow,
  upsert,
} from '../../client/sql/index.ts';
import { coordinatorOf, counted, kvOf, NAMES, onAll, shardsHaving, shardsOf } from './doubles.ts';

const SELECT = 'SELECT * FROM people WHERE id = ?';
const by = (id: string) => first(id, SELECT, [id]);

const start = (config: Partial<CollegeDBConfig> = {}) => {
  resetConfig();
  initialize({ shards: shardsOf(), kv: kvOf(), disableAutoMigration: true, ...config });
};

beforeAll(() => onAll('CREATE TABLE people (id TEXT PRIMARY KEY, name TEXT, email TEXT UNIQUE)'));
afterEach(() => {
  resetConfig();
  vi.restoreAllMocks();
});

describe('a statement made of an object', () => {
  it('has its names quoted and its values bound', () => {
    expect(buildInsert('t', { a: 1, b: null, c: undefined })).toEqual({
      sql: 'INSERT INTO "t" ("a", "b") VALUES (?, ?)',
      bindings: [1, null],
    });
    expect(buildInsert('main.t', { a: 1 }, { orIgnore: true, returning: ['a', 'b'] }).sql).toBe(
      'INSERT OR IGNORE INTO "main"."t" ("a") VALUES (?) RETURNING "a", "b"',
    );
    expect(buildUpdate('t', { a: 1 }, { b: 2, c: null }, { returning: true })).toEqual({
      sql: 'UPDATE "t" SET "a" = ? WHERE "b" = ? AND "c" IS NULL RETURNING *',
      bindings: [1, 2],
    });
    expect(buildDelete('t', { a: 1 })).toEqual({
      sql: 'DELETE FROM "t" WHERE "a" = ?',
      bindings: [1],
    });
    expect(buildUpsert('t', { a: 1, b: 2 }, 'a')).toEqual({
      sql:
        'INSERT INTO "t" ("a", "b") VALUES (?, ?) ON CONFLICT ("a") ' +
        'DO UPDATE SET "b" = excluded."b"',
      bindings: [1, 2],
    });
    expect(buildUpsert('t', { a: 1 }, ['a'], { returning: 'a' }).sql).toBe(
      'INSERT INTO "t" ("a") VALUES (?) ON CONFLICT ("a") DO NOTHING RETURNING "a"',
    );
    expect(quoteIdentifier('order')).toBe('"order"');
  });

  it.each([
    ['EMPTY_INSERT', () => buildInsert('t', { a: undefined })],
    ['EMPTY_UPDATE', () => buildUpdate('t', {}, { a: 1 })],
    ['EMPTY_WHERE', () => buildUpdate('t', { a: 1 }, {})],
    ['EMPTY_WHERE', () => buildDelete('t', { a: undefined })],
    ['EMPTY_CONFLICT', () => buildUpsert('t', { a: 1 }, [])],
    ['INVALID_IDENTIFIER', () => buildInsert('t"; DROP TABLE t; --', { a: 1 })],
    ['INVALID_IDENTIFIER', () => buildInsert('t', { 'a") VALUES (1); --': 1 })],
    ['INVALID_IDENTIFIER', () => buildInsert('t', { 'u.a': 1 })],
    ['INVALID_IDENTIFIER', () => buildDelete('t', { "a' OR 1=1": 1 })],
    ['INVALID_IDENTIFIER', () => buildUpdate('', { a: 1 }, { b: 1 })],
    ['INVALID_IDENTIFIER', () => buildUpsert('t', { a: 1 }, 'a b')],
    ['INVALID_IDENTIFIER', () => quoteIdentifier(7 as never)],
  ])('is refused: %s', (code, build) => {
    expect(build).toThrow(expect.objectContaining({ code }));
  });

  it('is run on the shard of its key', async () => {
    start();
    await insertInto('p1', 'people', { id: 'p1', name: 'Ada' });
    expect(await shardsHaving('people', 'p1')).toHaveLength(1);
    expect((await updateRow('p1', 'people', { name: 'B' }, { id: 'p1' })).meta.changes).toBe(1);
    const changed = await patch('p1', 'people', 'p1', { email: 'p1@x' }, { returning: true });
    expect(changed.results).toEqual([{ id: 'p1', name: 'B', email: 'p1@x' }]);
    await upsert('p1', 'people', { id: 'p1', name: 'C' }, 'id');
    expect(await by('p1')).toEqual({ id: 'p1', name: 'C', email: 'p1@x' });
    expect((await deleteRow('p1', 'people', { id: 'p1', name: 'no' })).meta.changes).toBe(0);
    expect((await deleteById('p1', 'people', 'p1')).meta.changes).toBe(1);
    expect(await by('p1')).toBeNull();
  });

  it('answers the row that is there then', async () => {
    start();
    const row = await insertReturning('p2', 'people', { id: 'p2', name: 'Ada' });
    expect(row).toEqual({ id: 'p2', name: 'Ada', email: null });
    const values = { id: 'p2', name: 'Other' };
    const kept = await insertReturning('p2', 'people', values, { orIgnore: true });
    expect(kept).toMatchObject({ name: 'Ada' });
  });
});

describe('a key to look up by', () => {
  const find = 'SELECT name FROM people WHERE email = ?';

  it('asks one shard where it is mapped, and all where it is not, or no more', async () => {
    const { counts, config } = counted({ disableAutoMigration: true });
    initialize(config);
    await insertInto('l1', 'people', { id: 'l1', name: 'L', email: 'l1@x' });
    counts.queries = 0;
    expect(await firstByLookupKey('email:l1@x', find, ['l1@x'])).toEqual({ name: 'L' });
    expect(counts.queries).toBe(3);
    await new KVShardMapper(config.kv).addLookupKeys('l1', ['email:l1@x']);
    counts.queries = 0;
    expect((await allByLookupKey('email:l1@x', find, ['l1@x'])).results).toEqual([{ name: 'L' }]);
    expect(counts.queries).toBe(1);
    const [at] = await shardsHaving('people', 'l1');
    const wrong = NAMES.find((name) => name !== at) as string;
    await new KVShardMapper(config.kv).updateShardMapping('l1', wrong);
    expect(await firstByLookupKey('email:l1@x', find, ['l1@x'])).toEqual({ name: 'L' });
    expect(await firstByLookupKey('email:no', find, ['no'])).toBeNull();
    // Nothing was mapped by asking.
    expect(await new KVShardMapper(kvOf()).getShardMapping('email:no')).toBeNull();
  });

  it('reads, and does not write', async () => {
    start();
    const sql = 'DELETE FROM people WHERE email = ?';
    for (const ask of [allByLookupKey, firstResilient]) {
      await expect(ask('email:x', sql, ['x'])).rejects.toMatchObject({ code: 'UNROUTABLE_QUERY' });
    }
    await expect(allByLookupKey('', find, ['x'])).rejects.toMatchObject({ code: 'INVALID_KEY' });
  });

  it('is not needed where all shards may be asked', async () => {
    start();
    await new KVShardMapper(kvOf()).setShardMapping('ghost', 'db-east');
    await env['db-west'].prepare("INSERT INTO people (id, name) VALUES ('ghost', 'G')").run();
    expect(await by('ghost')).toBeNull();
    expect(await firstResilient('ghost', SELECT, ['ghost'])).toMatchObject({ name: 'G' });
    expect(await firstResilient('nobody', SELECT, ['nobody'])).toBeNull();
  });

  it('and its record are forgotten together, by the coordinator too', async () => {
    const { asked, coordinator } = coordinatorOf((path) =>
      Response.json(path === '/allocate' ? { shard: 'db-east' } : { success: true }),
    );
    start({ coordinator });
    await insertInto('f1', 'people', { id: 'f1' });
    const mapper = new KVShardMapper(kvOf());
    await mapper.addLookupKeys('f1', ['email:f1']);
    await deleteShardMapping('f1');
    expect(asked.at(-1)).toEqual({ path: '/keys', body: { primaryKey: 'f1' } });
    expect(await new KVShardMapper(kvOf()).getShardMapping('email:f1')).toBeNull();
    start({ placement: 'slots' });
    await expect(deleteShardMapping('f1')).rejects.toMatchObject({ code: 'NO_KV' });
  });
});

describe('small values', () => {
  it('are kept under a name of their own', async () => {
    start();
    await setLookup('slug-1', 'post-1');
    await setLookup('slug-1', 'other', { namespace: 'mine:' });
    expect(await env.KV.get('collegedb:lookup:slug-1')).toBe('post-1');
    expect([await getLookup('slug-1'), await getLookup('slug-1', { namespace: 'mine:' })]).toEqual([
      'post-1',
      'other',
    ]);
    await deleteLookup('slug-1');
    expect(await getLookup('slug-1')).toBeNull();
  });

  it('need KV, and a name that it takes', async () => {
    await expect(setLookup('k', 'v')).rejects.toMatchObject({ code: 'NOT_INITIALIZED' });
    start();
    for (const key of ['', 'k'.repeat(600)]) {
      await expect(setLookup(key, 'v')).rejects.toMatchObject({ code: 'INVALID_KEY' });
    }
    resetConfig();
    initialize({ shards: shardsOf() });
    await expect(getLookup('k')).rejects.toMatchObject({ code: 'NO_KV' });
  });

  it('are found out once, until their time is over or they are forgotten', async () => {
    start();
    let asked = 0;
    const value = () => {
      asked += 1;
      return { n: asked };
    };
    const now = vi.spyOn(Date, 'now');
    expect(await cached('user:1', value, { ttl: 10 })).toEqual({ n: 1 });
    expect(await cached('user:1', value, { ttl: 10 })).toEqual({ n: 1 });
    const later = Date.now() + 11_000;
    now.mockImplementation(() => later);
    expect(await cached('user:1', value, { ttl: 10 })).toEqual({ n: 2 });
    await env.KV.put('user:2', 'no JSON');
    expect(await cached('user:2', value)).toEqual({ n: 3 });
    expect(await invalidate('user:')).toBe(2);
    expect(await cached('user:1', value)).toEqual({ n: 4 });
  });

  it.each(['', 's', 'shard:', 'shard:abc', 'multikey:', 'known'])(
    'are never the mapping: %j',
    async (name) => {
      start();
      await expect(invalidate(name)).rejects.toMatchObject({ code: 'INVALID_KEY' });
      await expect(cached(name, () => 1)).rejects.toMatchObject({ code: 'INVALID_KEY' });
    },
  );
});

describe('looking after the shards', () => {
  it('makes indexes, which plans then use', async () => {
    start();
    await indexAllShards('people', [{ name: 'name', order: 'DESC', collate: 'NOCASE' }], {
      where: 'name IS NOT NULL',
    });
    await indexAllShards('people', ['name', 'email']);
    await indexShard('db-east', 'people', 'name', { indexName: 'mine', unique: false });
    await index('p1', 'people', 'email');
    const sql = 'SELECT * FROM people WHERE name = ?';
    const plans = await explainAllShards<{ detail: string }>(sql, ['x']);
    expect(plans).toHaveLength(3);
    for (const { results } of plans)
      expect(results[0]?.detail).toMatch(/idx_people_name_email|mine/);
    expect((await explain('p1', sql, ['x'], { mode: 'raw' })).results.length).toBeGreaterThan(3);
    const plan = await explainShard<{ detail: string }>(
      'db-east',
      "DELETE FROM people WHERE id = 'x'",
    );
    expect(plan.results[0]?.detail).toContain('people');
    expect(await countShard('db-east', 'people')).toBeGreaterThanOrEqual(0);
  });

  it.each([
    ['INVALID_INDEX_COLUMNS', () => indexAllShards('people', [])],
    ['INVALID_INDEX_COLUMNS', () => indexAllShards('people', [{ name: '' }])],
    ['INVALID_INDEX_COLUMNS', () => index('k', 'people', [{ name: 'a', order: 'UP' as never }])],
    ['INVALID_INDEX_COLUMNS', () => index('k', 'people', [{ name: 'a', collate: 'x' as never }])],
    ['INVALID_IDENTIFIER', () => indexAllShards('people"', 'name')],
    ['INVALID_IDENTIFIER', () => indexAllShards('people', 'name)')],
    ['UNROUTABLE_QUERY', () => indexAllShards('people', 'name', { where: '1; DROP TABLE people' })],
    ['INVALID_OPTION', () => explain('k', 'SELECT 1', [], { mode: 'analyze' as never })],
    ['UNROUTABLE_QUERY', () => explain('k', 'SELECT 1; DELETE FROM people')],
    ['INVALID_IDENTIFIER', () => countAllShards('people; --')],
    ['INVALID_BATCH_SIZE', () => countAllShards('people', 0)],
    ['INVALID_BATCH_SIZE', () => getDatabaseSizesAllShards(-2)],
    ['SHARD_NOT_FOUND', () => countShard('db-nowhere', 'people')],
  ])('is refused: %s', async (code, ask) => {
    start();
    await expect(ask()).rejects.toMatchObject({ code });
  });

  it('counts rows and bytes, and names the shards that fail', async () => {
    start();
    await onAll('DELETE FROM people');
    for (const id of ['c1', 'c2', 'c3', 'c4', 'c5']) await insertInto(id, 'people', { id });
    const counts = await countAllShards('people');
    expect(counts).toMatchObject({ total: 5, complete: true });
    expect(await count('c1', 'people')).toBeGreaterThan(0);
    const sizes = await getDatabaseSizesAllShards();
    const sum = sizes.reduce((all, { size }) => all + (size ?? 0), 0);
    expect(await getTotalDatabaseSize()).toBe(sum);
    expect(sizes.map(({ size }) => size)).toContain(await getDatabaseSizeForKey('c1'));
    const down = {
      prepare: () => {
        throw new Error('the database is down');
      },
    };
    start({ shards: { ...shardsOf(), 'db-west': down }, retryForMs: 0 });
    const west = counts.shards[1]?.count ?? 0;
    expect(await countAllShards('people')).toMatchObject({
      total: 5 - west,
      complete: false,
      shards: [{ success: true }, { shard: 'db-west', count: null, success: false }, {}],
    });
    expect((await getDatabaseSizesAllShards())[1]).toMatchObject({ size: null, success: false });
    await expect(getTotalDatabaseSize()).rejects.toMatchObject({ code: 'SHARD_UNAVAILABLE' });
  });
});

describe('a schema', () => {
  const text = (name: string) => [
    `CREATE TABLE IF NOT EXISTS ${name} (id TEXT PRIMARY KEY) -- a note`,
    `CREATE INDEX IF NOT EXISTS ${name}_id ON ${name} (id)`,
  ];

  it('is made on every shard, once an isolate if that is wanted', async () => {
    start();
    await ensureSchema(text('often'));
    for (const name of NAMES) {
      await env[name].prepare("INSERT INTO often VALUES ('x')").run();
    }
    await ensureSchema(text('onced'), { once: true });
    await onAll('DROP TABLE onced');
    await ensureSchema(text('onced'), { once: true });
    await expect(countShard('db-east', 'onced')).rejects.toMatchObject({ code: 'QUERY_FAILED' });
    await expect(ensureSchema(' ')).rejects.toMatchObject({ code: 'SCHEMA_MIGRATION_FAILED' });
  });

  it('is made once for each version, and on a shard that is new', async () => {
    const [east, west] = [shardsOf()['db-east'], shardsOf()['db-west']];
    const version = { versionKey: 'schema:v', version: '2' };
    start({ shards: { 'db-east': east as never } });
    await ensureSchema(text('versioned'), version);
    expect(await env.KV.get('schema:v')).toBe('2');
    await env['db-east'].prepare('DROP TABLE versioned').run();
    start({ shards: { 'db-east': shardsOf()['db-east'] as never, 'db-west': west as never } });
    await ensureSchema(text('versioned'), version);
    await expect(countShard('db-east', 'versioned')).rejects.toMatchObject({
      code: 'QUERY_FAILED',
    });
    expect(await countShard('db-west', 'versioned')).toBe(0);
    await ensureSchema(text('versioned'), { ...version, version: '3' });
    expect(await countShard('db-east', 'versioned')).toBe(0);
  });

  it('is not made where somebody noted its version', async () => {
    await env.KV.put('schema:other', '7');
    start();
    await ensureSchema(text('noted'), { versionKey: 'schema:other', version: '7' });
    await expect(countShard('db-east', 'noted')).rejects.toMatchObject({ code: 'QUERY_FAILED' });
  });
});

describe('bindings', () => {
  it('are found by their names', async () => {
    const bound = {
      KV: kvOf(),
      CACHE: {},
      DB: env['db-europe'],
      DB_EAST: env['db-east'],
      'db-west': env['db-west'],
      DB_NAME: 'a text',
      ShardCoordinator: env.ShardCoordinator,
    };
    const names = initializeFromEnv(bound, { disableAutoMigration: true });
    expect(names.sort()).toEqual(['db-east', 'db-primary', 'db-west']);
    expect(isInitialized()).toBe(true);
    resetConfig();
    expect(initializeFromEnv(bound, { primary: null, reserved: ['db-west'] })).toEqual(['db-east']);
  });

  it('are missed by name', () => {
    const DB_EAST = env['db-east'];
    expect(() => initializeFromEnv({ DB_EAST })).toThrow('No KV binding found');
    expect(() => initializeFromEnv({ KV: kvOf() })).toThrow('No shard bindings found');
    expect(initializeFromEnv({ DB_EAST }, { placement: 'slots' })).toEqual(['db-east']);
    resetConfig();
    expect(() => initializeFromEnv({ KV: kvOf(), DB_EAST, 'db-east': DB_EAST })).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIG' }),
    );
  });
});
