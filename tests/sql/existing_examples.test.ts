// Databases with rows of their own become shards, as the guide shows it: the rows answer at once,
// new ones are spread, and the mapping follows in the background.

import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  all,
  clearMigrationCache,
  collegedb,
  createMappingsForExistingKeys,
  createSchema,
  discoverExistingPrimaryKeys,
  dropSchema,
  first,
  initialize,
  initializeAsync,
  integrateExistingDatabase,
  KVShardMapper,
  listTables,
  resetConfig,
  run,
  validateTableForSharding,
} from '../../client/sql/index.ts';
import { kvOf } from './doubles.ts';

interface User {
  id: string;
  name: string;
}

const old_users = env['db-east'];
const old_orders = env['db-west'];
const fresh = env['db-central'];
const USER = 'SELECT * FROM users WHERE id = ?';
const ADD = 'INSERT INTO users (id, name, email) VALUES (?, ?, ?)';

const shards = () => ({ 'db-users': old_users, 'db-orders': old_orders, 'db-new': fresh });
const mappedTo = async (key: string) =>
  (await new KVShardMapper(kvOf()).getShardMapping(key))?.shard;

async function clear() {
  for (const database of [old_users, old_orders, fresh]) {
    const tables = await listTables(database);
    await dropSchema(database, ...tables, 'shard_mappings', 'tidemark_integration');
  }
}

beforeAll(clear);
beforeEach(async () => {
  await clear();
  await new KVShardMapper(env.KV).clearAllMappings();
  clearMigrationCache();
  for (const database of [old_users, old_orders, fresh]) await createSchema(database);
  await old_users.batch([
    old_users.prepare("INSERT INTO users (id, name) VALUES ('user-from-old-db', 'Old')"),
    old_users.prepare("INSERT INTO users (id, name) VALUES ('existing-user-456', 'Older')"),
  ]);
  await old_orders.batch([
    old_orders.prepare('CREATE TABLE orders (order_number INTEGER PRIMARY KEY, total REAL)'),
    old_orders.prepare('INSERT INTO orders VALUES (7, 1.5), (8, 2.5)'),
    old_orders.prepare("INSERT INTO users (id, name) VALUES ('user-of-orders', 'Else')"),
  ]);
});
afterEach(resetConfig);

describe('databases that hold rows', () => {
  it('answer at once as shards, and new rows are found as well', async () => {
    await collegedb({ kv: kvOf(), shards: shards(), strategy: 'hash' }, async () => {
      expect(await first<User>('user-from-old-db', USER, ['user-from-old-db'])).toMatchObject({
        name: 'Old',
      });
      expect(await first<User>('user-of-orders', USER, ['user-of-orders'])).toMatchObject({
        name: 'Else',
      });
      await run('new-user-123', ADD, ['new-user-123', 'New User', 'new@example.com']);
      expect(await first<User>('new-user-123', USER, ['new-user-123'])).toMatchObject({
        name: 'New User',
      });
    });
  });

  it('keep their rows where they are when these are written to', async () => {
    const config = { kv: kvOf(), shards: shards(), strategy: 'random' } as const;
    await collegedb(config, async () => {
      const update = 'UPDATE users SET name = ? WHERE id = ?';
      const { meta } = await run('user-from-old-db', update, ['Renamed', 'user-from-old-db']);
      expect(meta.changes).toBe(1);
      await expect(
        run('existing-user-456', ADD, ['existing-user-456', 'Twice', null]),
      ).rejects.toThrow();
      const { results } = await all('existing-user-456', USER, ['existing-user-456']);
      expect(results).toHaveLength(1);
    });
    expect(await mappedTo('user-from-old-db')).toBe('db-users');
  });

  it('are mapped in the background of initialize', async () => {
    await initializeAsync({ kv: kvOf(), shards: shards() });
    expect(await mappedTo('user-from-old-db')).toBe('db-users');
    expect(await mappedTo('existing-user-456')).toBe('db-users');
    expect(await mappedTo('user-of-orders')).toBe('db-orders');
  });

  it('answer before they are mapped', async () => {
    const config = { kv: kvOf(), shards: shards() };
    initialize(config);
    expect(await first<User>('existing-user-456', USER, ['existing-user-456'])).toMatchObject({
      name: 'Older',
    });
    await initializeAsync(config);
    expect(await mappedTo('existing-user-456')).toBe('db-users');
  });

  it('can be looked at, integrated by hand, and then routed', async () => {
    const tables = await listTables(old_users);
    expect(tables).toEqual(['posts', 'users']);
    for (const table of tables) {
      expect((await validateTableForSharding(old_users, table)).isValid, table).toBe(true);
    }
    const mapper = new KVShardMapper(env.KV);
    const result = await integrateExistingDatabase(old_users, 'db-users', mapper, {
      tables: ['users', 'posts'],
      primaryKeyColumn: 'id',
      strategy: 'hash',
      addShardMappingsTable: true,
      dryRun: false,
    });
    expect(result).toMatchObject({ success: true, totalRecords: 2, tablesProcessed: 2 });
    initialize({ kv: env.KV, shards: shards(), disableAutoMigration: true });
    expect(await first<User>('user-from-old-db', USER, ['user-from-old-db'])).toMatchObject({
      name: 'Old',
    });
  });

  it('may have another key in each table', async () => {
    const mapper = new KVShardMapper(env.KV);
    for (const [table, column] of Object.entries({ users: 'id', orders: 'order_number' })) {
      const keys = await discoverExistingPrimaryKeys(old_orders, table, column);
      await createMappingsForExistingKeys(keys, ['db-orders'], 'hash', mapper);
    }
    initialize({ kv: env.KV, shards: shards(), disableAutoMigration: true });
    expect(await first('7', 'SELECT total FROM orders WHERE order_number = ?', [7])).toEqual({
      total: 1.5,
    });
  });
});
