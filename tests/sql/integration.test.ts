// Databases that were there before, by the rest of what an integration is told: which strategy is
// noted, and that a database of more rows than one turn takes is done by a loop.

import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  autoDetectAndMigrate,
  checkMigrationNeeded,
  clearMigrationCache,
  dropSchema,
  integrateExistingDatabase,
  KVShardMapper,
  listTables,
  type MigrationOptions,
  type Shard,
  type ShardingStrategy,
  schemaExists,
} from '../../client/sql/index.ts';
import { type Counts, kvOf, noCounts } from './doubles.ts';

const old = env['db-east'];
const mapper = () => new KVShardMapper(kvOf());

/** A table of so many rows, `{table}-0` and on. */
const fill = (table: string, rows: number) =>
  old.batch([
    old.prepare(`CREATE TABLE ${table} (id TEXT PRIMARY KEY)`),
    old.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${rows})
       INSERT INTO ${table} SELECT '${table}-' || i FROM n`,
    ),
  ]);

/** The database, a batch of which is one subrequest. */
const countedOf = (counts: Counts): Shard => ({
  prepare: (sql) => old.prepare(sql),
  batch: (statements) => {
    counts.queries += 1;
    return old.batch(statements as unknown as D1PreparedStatement[]);
  },
});

beforeEach(async () => {
  const tables = await listTables(old);
  await dropSchema(old, ...tables, 'shard_mappings', 'tidemark_integration');
  await mapper().clearAllMappings();
  clearMigrationCache();
});

describe('the strategy of an integration', () => {
  const noted = async () =>
    await old.prepare("SELECT options FROM tidemark_integration WHERE table_name = ''").first();
  const all: ShardingStrategy[] = ['round-robin', 'random', 'hash', 'location'];

  it('is noted for rows to come, the last that was said; those that are there stay', async () => {
    await fill('users', 2);
    await integrateExistingDatabase(old, 'db-old', mapper());
    expect(await noted()).toEqual({ options: 'hash' });
    for (const strategy of all) {
      const options = { strategy, primaryKeyColumn: 'id' };
      const result = await integrateExistingDatabase(old, 'db-old', mapper(), options);
      expect(result).toMatchObject({ success: true, totalRecords: 2, collisions: 0 });
      expect(await noted()).toEqual({ options: strategy });
    }
    expect(await mapper().getShardKeyCounts()).toEqual({ 'db-old': 2 });
  });

  it('is refused where there is none of that name, before anything is written', async () => {
    await fill('users', 2);
    for (const strategy of ['best', '', 'HASH', null, { write: 'hash' }]) {
      for (const dryRun of [false, true]) {
        const options = { strategy: strategy as ShardingStrategy, dryRun };
        const refused = integrateExistingDatabase(old, 'db-old', mapper(), options);
        await expect(refused).rejects.toMatchObject({
          name: 'CollegeDBError',
          code: 'INVALID_CONFIG',
        });
      }
    }
    expect(await schemaExists(old, 'tidemark_integration')).toBe(false);
    expect(await mapper().getShardKeyCounts()).toEqual({});
  });

  it('is noted nowhere where no table may be made', async () => {
    await fill('users', 2);
    const options = { strategy: 'random', addShardMappingsTable: false } as const;
    const result = await integrateExistingDatabase(old, 'db-old', mapper(), options);
    expect(result).toMatchObject({ success: true, mappingsCreated: 2 });
    expect(await schemaExists(old, 'tidemark_integration')).toBe(false);
  });
});

describe('a database of more rows than one turn takes', () => {
  const rows = 1_020;
  const turns: [name: string, options: MigrationOptions, most: number][] = [
    ['the defaults, which bound subrequests', {}, 450],
    ['a bound of records alone', { maxSubrequests: 10_000 }, 1_000],
  ];

  it.each(turns)(
    'is mapped by a loop, each row once: %s',
    async (_, options, most) => {
      await fill('users', rows);
      const migrated: number[] = [];
      while (await checkMigrationNeeded(old, 'db-old', { kv: kvOf(), shards: {} })) {
        const counts = noCounts();
        const config = { kv: kvOf(counts), shards: {} };
        const told = await autoDetectAndMigrate(countedOf(counts), 'db-old', config, options);
        expect(told).toMatchObject({ migrationNeeded: true, migrationPerformed: true, issues: [] });
        expect(counts.reads + counts.writes + counts.queries).toBeLessThanOrEqual(
          options.maxSubrequests ?? 900,
        );
        migrated.push(told.recordsMigrated);
        expect(migrated.length).toBeLessThan(10);
      }
      expect(migrated.length).toBeGreaterThan(1);
      expect(Math.max(...migrated)).toBeLessThanOrEqual(most);
      expect(migrated.reduce((sum, each) => sum + each)).toBe(rows);
      expect(await mapper().getShardKeyCounts()).toEqual({ 'db-old': rows });
    },
    60_000,
  );
});
