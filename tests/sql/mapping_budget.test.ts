// What the mapping in the background takes of a request: one budget for all shards together, and
// what it leaves goes on with later requests, until every row is mapped.

import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  autoDetectAndMigrate,
  type CollegeDBConfig,
  clearMigrationCache,
  collegedb,
  dropSchema,
  first,
  initialize,
  initializeAsync,
  KVShardMapper,
  listTables,
  resetConfig,
  type Shard,
} from '../../client/sql/index.ts';
import { type Counts, kvOf, noCounts } from './doubles.ts';

const ROWS = 300;
const USER = 'SELECT * FROM users WHERE id = ?';
const names = ['db-east', 'db-west'] as const;

/** A database whose batches count as one query, as they are one subrequest. */
function batchedOf(database: D1Database, counts: Counts): Shard {
  return {
    prepare: (sql) => database.prepare(sql),
    batch: (statements) => {
      counts.queries += 1;
      return database.batch(statements as D1PreparedStatement[]);
    },
  };
}

const brokenShard: Partial<Shard> = { batch: () => Promise.reject(new Error('D1 is away')) };

const total = ({ reads, writes, queries }: Counts) => reads + writes + queries;

/** Bindings that count what the mapping asks. */
function measured(more: Partial<CollegeDBConfig> = {}) {
  const counts = noCounts();
  const shards = Object.fromEntries(names.map((name) => [name, batchedOf(env[name], counts)]));
  return { counts, config: { kv: kvOf(counts), shards, ...more } };
}

async function fill(name: (typeof names)[number], table: string, rows: number, prefix = name) {
  await env[name].batch([
    env[name].prepare(`CREATE TABLE ${table} (id TEXT PRIMARY KEY, name TEXT)`),
    env[name].prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
       INSERT INTO ${table}
       SELECT '${prefix}-${table}-' || i, 'name ' || i FROM n WHERE i <= ${rows}`,
    ),
  ]);
}

async function clear() {
  for (const name of names) {
    const tables = await listTables(env[name]);
    await dropSchema(env[name], ...tables, 'shard_mappings', 'tidemark_integration');
  }
  await new KVShardMapper(kvOf()).clearAllMappings();
  clearMigrationCache();
}

const keyCounts = () => new KVShardMapper(kvOf()).getShardKeyCounts();
const mapped = async () => Object.values(await keyCounts()).reduce((sum, each) => sum + each, 0);

/** The next request comes when databases have rested. */
let passed_ms = 0;
const now = Date.now.bind(Date);
function letTimePass() {
  passed_ms += 5_000;
  vi.spyOn(Date, 'now').mockImplementation(() => now() + passed_ms);
}

beforeEach(clear);
afterEach(() => {
  vi.restoreAllMocks();
  passed_ms = 0;
  resetConfig();
});

describe('a run of the mapping', () => {
  beforeEach(async () => {
    for (const name of names) await fill(name, 'users', ROWS);
  });

  it('takes 40 subrequests at most of all shards together, and maps some rows', async () => {
    const { counts, config } = measured();
    await initializeAsync(config);
    expect(total(counts)).toBeLessThanOrEqual(40);
    expect(await mapped()).toBeGreaterThanOrEqual(7);
  });

  it('takes as many as the configuration says', async () => {
    const { counts, config } = measured({ maxSubrequests: 200 });
    await initializeAsync(config);
    expect(total(counts)).toBeLessThanOrEqual(200);
    expect(total(counts)).toBeGreaterThan(150);
    expect(await mapped()).toBeGreaterThan(60);
  });

  it('leaves nothing in the end, however many it takes, and each keeps to its bound', async () => {
    const { counts, config } = measured();
    let runs = 0;
    let before = -1;
    for (; total(counts) !== before; runs += 1) {
      expect(runs).toBeLessThan(80);
      before = total(counts);
      await initializeAsync(config);
      expect(total(counts) - before).toBeLessThanOrEqual(40);
      letTimePass();
    }
    expect(runs).toBeGreaterThan(10);
    expect(await keyCounts()).toEqual({ 'db-east': ROWS, 'db-west': ROWS });
  }, 60_000);

  it('gets on with each shard in its turn', async () => {
    const { config } = measured();
    for (let runs = 0; runs < 2; runs += 1) {
      await initializeAsync(config);
      letTimePass();
    }
    const counts = await keyCounts();
    expect(Object.keys(counts).sort()).toEqual([...names]);
  });

  it('is one for all calls of a request, and a later request goes on', async () => {
    const { counts, config } = measured();
    const ask = () => collegedb(config, () => null);
    await ask();
    await initializeAsync(config); // waits for the run
    const once = total(counts);
    expect(once).toBeGreaterThan(0);
    await ask();
    await initializeAsync(config);
    expect(total(counts)).toBe(once);
    letTimePass();
    await ask();
    await initializeAsync(config);
    expect(total(counts)).toBeGreaterThan(once);
    expect(total(counts)).toBeLessThanOrEqual(80);
  });

  it('goes on with the queries of an app that initializes once', async () => {
    const { config } = measured();
    initialize(config);
    await vi.waitFor(async () => expect(await mapped()).toBeGreaterThan(0), { timeout: 5_000 });
    await initializeAsync(config);
    const before = await mapped();
    letTimePass();
    expect(await first('db-west-users-300', USER, ['db-west-users-300'])).toMatchObject({
      name: 'name 300',
    });
    await vi.waitFor(async () => expect(await mapped()).toBeGreaterThan(before), {
      timeout: 5_000,
    });
  });

  it('by hand goes by the configuration too, where the call does not say it', async () => {
    const { counts, config } = measured({ maxSubrequests: 60 });
    const part = await autoDetectAndMigrate(config.shards['db-east'] as Shard, 'db-east', config);
    expect(part.recordsMigrated).toBeGreaterThan(0);
    expect(total(counts)).toBeLessThanOrEqual(60);
    const more = { maxSubrequests: 900 };
    const all = await autoDetectAndMigrate(
      config.shards['db-east'] as Shard,
      'db-east',
      config,
      more,
    );
    expect(part.recordsMigrated + all.recordsMigrated).toBe(ROWS);
  });
});

describe('a bound on the mapping', () => {
  it('is a whole number from 1', () => {
    for (const maxSubrequests of [0, -1, 1.5, '40' as never]) {
      const { config } = measured({ maxSubrequests });
      expect(() => initialize(config)).toThrow(
        expect.objectContaining({
          code: 'INVALID_CONFIG',
          message: expect.stringContaining('maxSubrequests is'),
        }),
      );
    }
  });

  it('keeps a shard for the next run whose rows it has no room for', async () => {
    for (const table of ['a', 'b', 'c']) await fill('db-west', table, 5);
    const { counts, config } = measured({ maxSubrequests: 20 });
    config.shards['db-east'] = { ...config.shards['db-east'], ...brokenShard } as Shard;
    await initializeAsync(config);
    expect(total(counts)).toBeLessThanOrEqual(20);
    expect(total(counts)).toBeGreaterThan(10); // It was looked at.
    expect(await mapped()).toBe(0);
    letTimePass();
    await initializeAsync(config);
    expect(await mapped()).toBeGreaterThan(0);
  });

  it('that is too small for a row still gets on by one row a run', async () => {
    await fill('db-east', 'users', 3);
    const shards = { 'db-east': env['db-east'] };
    const { config } = measured({ maxSubrequests: 1, shards });
    for (let runs = 1; runs <= 3; runs += 1) {
      await initializeAsync(config);
      expect(await mapped()).toBe(runs);
      letTimePass();
    }
  });
});
