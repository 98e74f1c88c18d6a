// Databases that were there before, in D1 as it is: what is found in them, how their rows are
// mapped, and the moving of a record.

import { env } from 'cloudflare:workers';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createSchema,
  createSchemaAcrossShards,
  discoverExistingPrimaryKeys,
  discoverExistingRecordsWithColumns,
  dropSchema,
  listTables,
  migrateRecord,
  schemaExists,
  validateTableForSharding,
} from '../../client/sql/existing.ts';
import {
  autoDetectAndMigrate,
  checkMigrationNeeded,
  clearMigrationCache,
  clearShardMigrationCache,
  createMappingsForExistingKeys,
  integrateExistingDatabase,
} from '../../client/sql/integrate.ts';
import { KVShardMapper } from '../../client/sql/mapper.ts';
import type { Shard } from '../../client/sql/types.ts';
import { kvOf, noCounts, shardOf } from './doubles.ts';

const users = env['db-east'];
const orders = env['db-west'];
const mapper = () => new KVShardMapper(kvOf());
const mappedTo = async (key: string) => (await mapper().getShardMapping(key))?.shard;

async function run(database: D1Database, ...statements: string[]) {
  await database.batch(statements.map((statement) => database.prepare(statement)));
}
const rowsOf = async (database: D1Database, sql: string) =>
  (await database.prepare(sql).all()).results;

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** A table of so many rows, `{prefix}0` and on. */
const fill = (database: D1Database, table: string, rows: number, prefix: string) =>
  run(
    database,
    `CREATE TABLE ${quoted(table)} (id TEXT PRIMARY KEY, name TEXT)`,
    `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${rows})
     INSERT INTO ${quoted(table)} SELECT '${prefix}' || i, 'name ' || i FROM n`,
  );

/** D1 without a batch, as an adapter may have it. */
const alone = (database: D1Database): Shard => ({ prepare: (sql) => database.prepare(sql) });

async function dropAll(database: D1Database) {
  const all = await listTables(database);
  await dropSchema(database, ...all, 'shard_mappings', 'tidemark_integration', 'tidemark_moves');
}

beforeAll(async () => {
  await dropAll(users);
  await dropAll(orders);
});
beforeEach(async () => {
  await dropAll(users);
  await dropAll(orders);
  await mapper().clearAllMappings();
  clearMigrationCache();
});

describe('a schema', () => {
  it('of the default takes the rows of the examples, and comes twice', async () => {
    await createSchema(users);
    await createSchema(users);
    expect(await listTables(users)).toEqual(['posts', 'users']);
    expect(await schemaExists(users, 'shard_mappings')).toBe(true);
    await run(
      users,
      "INSERT INTO users (id, name, email) VALUES ('user-123', 'J', 'alice@example.com')",
      "INSERT INTO users (id, name, location) VALUES ('user-456', 'W', 'California')",
    );
    const [row] = await rowsOf(users, "SELECT created_at FROM users WHERE id = 'user-123'");
    expect(Math.abs((row?.created_at as number) - Date.now())).toBeLessThan(60_000);
  });

  it('is run whole or not at all', async () => {
    const schema = "CREATE TABLE a (id TEXT PRIMARY KEY DEFAULT ';'); -- b;\nCREATE TABEL c (id)";
    await expect(createSchema(users, schema)).rejects.toMatchObject({
      name: 'CollegeDBError',
      code: 'SCHEMA_MIGRATION_FAILED',
      message: expect.stringContaining('Schema migration failed: '),
    });
    expect(await schemaExists(users, 'a')).toBe(false);
  });

  it('goes to every shard, and the error names those that failed', async () => {
    const schema = 'CREATE TABLE things (id TEXT PRIMARY KEY)';
    await createSchema(orders, schema);
    await expect(
      createSchemaAcrossShards({ 'db-users': users, 'db-orders': orders }, schema),
    ).rejects.toMatchObject({
      code: 'SCHEMA_CREATION_FAILED',
      message: expect.stringContaining('Failed to create schema on shard db-orders: '),
    });
    expect(await schemaExists(users, 'things')).toBe(true);
  });

  it('is dropped by name and by nothing else', async () => {
    await fill(users, 'kept', 1, 'k');
    await fill(users, 'odd "name"', 1, 'o');
    await dropSchema(users, 'odd "name"', 'none', 'x; DROP TABLE kept');
    expect(await listTables(users)).toEqual(['kept']);
    await expect(dropSchema(users, '')).rejects.toMatchObject({ code: 'INVALID_TABLE_NAME' });
  });

  it('lists no table of the platform, of migrations or of a view', async () => {
    await run(
      users,
      'CREATE TABLE "two words" (id PRIMARY KEY) WITHOUT ROWID',
      'CREATE VIEW seen AS SELECT * FROM "two words"',
      'CREATE VIRTUAL TABLE pages USING fts5(body)',
    );
    expect(await listTables(users)).toEqual(['pages', 'two words']);
    await run(users, 'DROP VIEW seen');
  });
});

describe('a table', () => {
  it('is told to be fit, or why not', async () => {
    await fill(users, 'users', 3, 'user-');
    await run(
      users,
      'CREATE TABLE legacy_table (name TEXT)',
      'CREATE TABLE pairs (a, b, PRIMARY KEY (a, b))',
    );
    expect(await validateTableForSharding(users, 'users')).toEqual({
      isValid: true,
      tableName: 'users',
      primaryKeyColumn: 'id',
      recordCount: 3,
      issues: [],
    });
    expect((await validateTableForSharding(users, 'legacy_table')).issues).toEqual([
      "Primary key column 'id' not found",
    ]);
    expect((await validateTableForSharding(users, 'pairs', 'a')).issues).toEqual([
      "Table 'pairs' has a composite primary key (a, b)",
    ]);
    expect((await validateTableForSharding(users, 'missing')).issues).toEqual([
      "Table 'missing' does not exist",
    ]);
    expect((await validateTableForSharding(users, '_cf_METADATA')).isValid).toBe(false);
  });

  it('is fit once it is rebuilt with a key, as the guide says', async () => {
    await run(
      users,
      'CREATE TABLE legacy_table (name TEXT, age INTEGER)',
      "INSERT INTO legacy_table VALUES ('a', 1), ('b', 2)",
    );
    await expect(
      run(users, 'ALTER TABLE legacy_table ADD COLUMN id TEXT PRIMARY KEY'),
    ).rejects.toThrow();
    await run(
      users,
      'CREATE TABLE rebuilt (id TEXT PRIMARY KEY, name TEXT, age INTEGER)',
      `INSERT INTO rebuilt (id, name, age)
       SELECT lower(hex(randomblob(16))), name, age FROM legacy_table`,
      'DROP TABLE legacy_table',
      'ALTER TABLE rebuilt RENAME TO legacy_table',
    );
    expect(await validateTableForSharding(users, 'legacy_table')).toMatchObject({
      isValid: true,
      recordCount: 2,
    });
  });

  it('gives all its keys, of any type, with a batch or without', async () => {
    await fill(users, 'users', 2500, 'user-');
    await run(
      users,
      'CREATE TABLE mixed (k PRIMARY KEY, n) WITHOUT ROWID',
      "INSERT INTO mixed (k) VALUES (9007199254740993), (7), (1.5), ('text'), (x'00')",
      'CREATE TABLE "my orders" ("order id" INTEGER PRIMARY KEY)',
      'INSERT INTO "my orders" VALUES (3), (1), (2)',
    );
    for (const database of [users, alone(users)]) {
      const keys = await discoverExistingPrimaryKeys(database, 'users');
      expect(new Set(keys).size).toBe(2500);
      expect(await discoverExistingPrimaryKeys(database, 'mixed', 'k')).toEqual([
        '1.5',
        '7',
        '9007199254740993',
        'text',
      ]);
      expect(await discoverExistingPrimaryKeys(database, 'my orders', 'order id')).toEqual([
        '1',
        '2',
        '3',
      ]);
    }
    await expect(discoverExistingPrimaryKeys(users, 'users', 'email')).rejects.toMatchObject({
      code: 'DISCOVERY_FAILED',
      message: expect.stringContaining("Primary key column 'email' not found"),
    });
  });

  it('gives its records with what else names them', async () => {
    await run(
      users,
      'CREATE TABLE users (id TEXT PRIMARY KEY, username TEXT, email TEXT, age INTEGER)',
      "INSERT INTO users VALUES ('u1', 'ann', NULL, 1)",
    );
    expect(await discoverExistingRecordsWithColumns(users, 'users')).toEqual([
      { id: 'u1', username: 'ann', email: null },
    ]);
  });
});

describe('an integration', () => {
  it('maps every row, and tells of keys that lead elsewhere', async () => {
    await fill(users, 'users', 120, 'user-');
    await fill(orders, 'orders', 3, 'user-');
    const first = await integrateExistingDatabase(users, 'db-users', mapper());
    expect(first).toMatchObject({ success: true, tablesProcessed: 1, totalRecords: 120 });
    expect(first).toMatchObject({ mappingsCreated: 120, complete: true, issues: [] });
    expect(await mapper().getKnownShards()).toEqual(['db-users']);
    const second = await integrateExistingDatabase(orders, 'db-orders', mapper());
    expect(second).toMatchObject({ success: true, mappingsCreated: 0, collisions: 3 });
    expect(second.issues[0]).toContain('user-0 (db-users)');
    expect(await mappedTo('user-2')).toBe('db-users');
    expect(await schemaExists(users, 'shard_mappings')).toBe(true);
  });

  it('that is a dry run writes nothing', async () => {
    await fill(users, 'users', 20, 'user-');
    const result = await integrateExistingDatabase(users, 'db-users', mapper(), { dryRun: true });
    expect(result).toMatchObject({ success: true, totalRecords: 20, mappingsCreated: 0 });
    expect((await env.KV.list({ prefix: 'shard:' })).keys).toEqual([]);
    expect(await schemaExists(users, 'shard_mappings')).toBe(false);
    expect(await schemaExists(users, 'tidemark_integration')).toBe(false);
  });

  it('takes the tables that are named, and adds no table that is not wanted', async () => {
    await fill(users, 'users', 5, 'user-');
    await fill(users, 'posts', 5, 'post-');
    await fill(users, 'temp_logs', 5, 'log-');
    for (const tables of [['users'], ['posts']]) {
      const options = { tables, addShardMappingsTable: false };
      const result = await integrateExistingDatabase(users, 'db-users', mapper(), options);
      expect(result).toMatchObject({ success: true, mappingsCreated: 5 });
    }
    expect(await mappedTo('post-1')).toBe('db-users');
    expect(await mappedTo('log-1')).toBeUndefined();
    expect(await schemaExists(users, 'shard_mappings')).toBe(false);
  });

  it('maps other names of a row', async () => {
    await run(
      users,
      'CREATE TABLE users (id TEXT PRIMARY KEY, username TEXT, email TEXT, name TEXT)',
      "INSERT INTO users VALUES ('u1', 'ann', 'a@x', 'Ann'), ('u2', 'bob', NULL, 'Ann')",
    );
    await integrateExistingDatabase(users, 'db-users', mapper(), { migrateOtherColumns: true });
    for (const key of ['u1', 'u2', 'username:ann', 'email:a@x', 'name:Ann', 'username:bob']) {
      expect(await mappedTo(key), key).toBe('db-users');
    }
    expect(await mappedTo('email:null')).toBeUndefined();
  });

  it('takes no more subrequests than it may, and goes on the next time', async () => {
    await fill(users, 'users', 130, 'user-');
    let calls = 0;
    for (let complete = false; !complete; calls += 1) {
      const counts = noCounts();
      const result = await integrateExistingDatabase(
        shardOf(users, counts),
        'db-users',
        new KVShardMapper(kvOf(counts)),
        { maxSubrequests: 100 },
      );
      expect(counts.reads + counts.writes).toBeLessThanOrEqual(100);
      complete = result.complete;
      if (complete) expect(result).toMatchObject({ totalRecords: 130, mappingsCreated: 130 });
      expect(calls).toBeLessThan(10);
    }
    expect(calls).toBeGreaterThan(1);
    expect(await mappedTo('user-129')).toBe('db-users');
  });

  it('is needed before and not after, once an isolate', async () => {
    await fill(users, 'users', 40, 'user-');
    const config = { kv: kvOf(), shards: { 'db-users': users } };
    expect(await checkMigrationNeeded(users, 'db-users', config)).toBe(true);
    const done = await autoDetectAndMigrate(users, 'db-users', config);
    expect(done).toEqual({
      migrationNeeded: true,
      migrationPerformed: true,
      recordsMigrated: 40,
      tablesProcessed: 1,
      issues: [],
    });
    expect(await mappedTo('user-39')).toBe('db-users');
    const counts = noCounts();
    const counted = shardOf(users, counts);
    for (const times of [0, 1]) {
      expect(await checkMigrationNeeded(counted, 'db-users', config)).toBe(false);
      expect(counts.queries).toBeLessThanOrEqual(times === 0 ? 5 : counts.queries);
    }
    const after = counts.queries;
    await autoDetectAndMigrate(counted, 'db-users', config);
    expect(counts.queries).toBe(after);
    clearShardMigrationCache('db-users');
    await autoDetectAndMigrate(counted, 'db-users', config);
    expect(counts.queries).toBeGreaterThan(after);
  });

  it('is needed again where the mappings were cleared', async () => {
    await fill(users, 'users', 40, 'user-');
    await autoDetectAndMigrate(users, 'db-users', { kv: kvOf(), shards: {} });
    await mapper().clearAllMappings();
    clearMigrationCache();
    const config = { kv: kvOf(), shards: {} };
    expect(await checkMigrationNeeded(users, 'db-users', config)).toBe(true);
    expect((await autoDetectAndMigrate(users, 'db-users', config)).recordsMigrated).toBe(40);
  });

  it('of many isolates at once is done by one', async () => {
    await fill(users, 'users', 60, 'user-');
    const results = await Promise.all(
      Array.from({ length: 5 }, () => {
        const config = { kv: kvOf(), shards: {} };
        return autoDetectAndMigrate(users, 'db-users', config, { skipCache: true });
      }),
    );
    const total = results.reduce((sum, { recordsMigrated }) => sum + recordsMigrated, 0);
    expect(total).toBe(60);
    expect(results.filter(({ migrationPerformed }) => migrationPerformed)).toHaveLength(1);
  });

  it('of keys that are known maps those that are not mapped', async () => {
    await mapper().setShardMapping('k1', 'db-users');
    await createMappingsForExistingKeys(['k1', 'k2', 'k3'], ['db-orders'], 'hash', mapper());
    expect(await mappedTo('k1')).toBe('db-users');
    expect(await mappedTo('k2')).toBe('db-orders');
    const many = Array.from({ length: 60 }, (_, index) => `many-${index}`);
    await createMappingsForExistingKeys(many, ['a', 'b', 'c'], 'round-robin', mapper(), {
      concurrency: 5,
    });
    expect(await mappedTo('many-0')).not.toBe(await mappedTo('many-1'));
    await expect(createMappingsForExistingKeys(['k'], [], 'hash', mapper())).rejects.toMatchObject({
      code: 'NO_SHARDS',
    });
  });
});

describe('a record', () => {
  it('moves as it is, into a table that is made for it', async () => {
    await run(
      users,
      'CREATE TABLE things (id PRIMARY KEY, n, r REAL, b BLOB, t TEXT, z) WITHOUT ROWID',
      `INSERT INTO things VALUES ('k', 9007199254740993, 2, x'00ff', 'é "q"', NULL)`,
      `INSERT INTO things VALUES (42, 1.0, 0.1, x'', '', 'x')`,
    );
    const dump =
      'SELECT quote(id) i, quote(n) n, quote(r) r, quote(b) b, t, z FROM things ORDER BY 1';
    const before = await rowsOf(users, dump);
    await migrateRecord(users, orders, 'k', 'things');
    await migrateRecord(users, alone(orders), '42', 'things');
    await migrateRecord(users, orders, '42', 'things');
    expect(await rowsOf(orders, dump)).toEqual(before);
    expect(await rowsOf(users, dump)).toEqual([]);
    expect(await rowsOf(orders, 'SELECT * FROM tidemark_moves')).toEqual([]);
  });

  it('that is not there, or not to be moved, is told of', async () => {
    await run(
      users,
      'CREATE TABLE parents (id TEXT PRIMARY KEY)',
      'CREATE TABLE children (id PRIMARY KEY, p REFERENCES parents (id) ON DELETE CASCADE)',
      "INSERT INTO parents VALUES ('p')",
      "INSERT INTO children VALUES ('c', 'p')",
    );
    await expect(migrateRecord(users, orders, 'none', 'parents')).rejects.toMatchObject({
      code: 'RECORD_NOT_FOUND',
      message: 'Record with primary key none not found in source database',
    });
    await expect(migrateRecord(users, orders, 'p', 'parents')).rejects.toMatchObject({
      code: 'RECORD_CONFLICT',
    });
    await expect(migrateRecord(users, orders, 'p', 'p; DROP TABLE x')).rejects.toMatchObject({
      code: 'INVALID_TABLE_NAME',
      message: expect.stringContaining('Invalid table name'),
    });
    expect(await rowsOf(users, 'SELECT * FROM children')).toHaveLength(1);
  });
});
