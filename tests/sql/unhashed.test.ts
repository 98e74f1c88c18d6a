// `hashShardMappings` in a configuration: all that read it call keys in KV the same, by hashes, or
// where it is false by the keys themselves.

import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  autoDetectAndMigrate,
  type CollegeDBConfig,
  checkMigrationNeeded,
  clearMigrationCache,
  createMappingsForExistingKeys,
  createRouter,
  deleteShardMapping,
  firstByLookupKey,
  getShardStats,
  initializeAsync,
  integrateExistingDatabase,
  KVShardMapper,
  reassignShard,
  resetConfig,
  withRouter,
} from '../../client/sql/index.ts';
import { counted, kvOf, NAMES, onAll, shardOf, shardsHaving } from './doubles.ts';

const INSERT = 'INSERT INTO plain (id, username) VALUES (?, ?)';
const SELECT = 'SELECT id, username FROM plain WHERE id = ?';
const plain = { hashShardMappings: false };
const mapper = () => new KVShardMapper(kvOf(), plain);

const namesIn = async (prefix: string) =>
  (await env.KV.list({ prefix })).keys.map(({ name }) => name);
const asHashes = (count: number) =>
  Array.from({ length: count }, () => expect.stringMatching(/^shard:[0-9a-f]{64}$/));

beforeEach(async () => {
  await onAll('DROP TABLE IF EXISTS plain');
  await onAll('DROP TABLE IF EXISTS tidemark_integration');
  await onAll('CREATE TABLE plain (id TEXT PRIMARY KEY, username TEXT)');
  for (const { name } of (await env.KV.list()).keys) await env.KV.delete(name);
  clearMigrationCache();
});
afterEach(resetConfig);

/** Rows that are there before. */
const fill = (...ids: string[]) =>
  env['db-west'].batch(ids.map((id) => env['db-west'].prepare(INSERT).bind(id, `${id}'s name`)));

describe.each([false, true])('where keys are hashed: %s', (hashShardMappings) => {
  const config = (more: Partial<CollegeDBConfig> = {}): CollegeDBConfig =>
    counted({ hashShardMappings, ...more }).config;
  const expectNames = async (...keys: string[]) => {
    const names = await namesIn('shard:');
    expect(names).toEqual(
      hashShardMappings ? asHashes(keys.length) : keys.map((key) => `shard:${key}`).sort(),
    );
  };

  it('an insert maps its key, which another isolate finds', async () => {
    await createRouter(config()).run('user-1', INSERT, ['user-1', 'Jane']);
    await expectNames('user-1');
    const other = counted({ hashShardMappings, disableAutoMigration: true });
    const row = await createRouter(other.config).first('user-1', SELECT, ['user-1']);
    expect(row).toEqual({ id: 'user-1', username: 'Jane' });
    expect(other.counts).toMatchObject({ reads: 1, queries: 1 });
  });

  it('the background maps the rows that are there', async () => {
    await fill('old-1', 'old-2');
    await initializeAsync(config());
    await expectNames('old-1', 'old-2');
    expect((await getShardStats()).find(({ binding }) => binding === 'db-west')?.count).toBe(2);
  });

  it('a migration that is called maps them, and is not needed again', async () => {
    await fill('old-1', 'old-2');
    const west = env['db-west'];
    await autoDetectAndMigrate(west, 'db-west', config());
    await expectNames('old-1', 'old-2');
    // Another binding is another isolate, which knows nothing of it.
    const needed = (each: CollegeDBConfig) => checkMigrationNeeded(shardOf(west), 'db-west', each);
    expect(await needed(config())).toBe(false);
    expect(await needed(config({ hashShardMappings: !hashShardMappings }))).toBe(true);
  });

  it('an integration maps them as its mapper does, by their other names too', async () => {
    await fill('old-1');
    const own = new KVShardMapper(kvOf(), { hashShardMappings });
    const options = { migrateOtherColumns: true };
    const result = await integrateExistingDatabase(env['db-west'], 'db-west', own, options);
    expect(result).toMatchObject({ success: true, mappingsCreated: 1 });
    await expectNames('old-1', "username:old-1's name");
    expect(await namesIn('multikey:')).toHaveLength(1);
  });

  it('a reassigned key, its other names and its deletion are found by the same names', async () => {
    const { counts, config } = counted({ hashShardMappings, disableAutoMigration: true });
    const router = createRouter(config);
    await router.run('user-2', INSERT, ['user-2', 'ann']);
    const own = new KVShardMapper(kvOf(), { hashShardMappings });
    await own.addLookupKeys('user-2', ['username:ann']);
    await withRouter(router, async () => {
      const [from] = await shardsHaving('plain', 'user-2');
      const to = NAMES.find((name) => name !== from) ?? 'db-east';
      await reassignShard('user-2', to);
      expect((await own.freshMapping('username:ann'))?.shard).toBe(to);
      const before = counts.queries;
      const sql = 'SELECT id FROM plain WHERE username = ?';
      expect(await firstByLookupKey('username:ann', sql, ['ann'])).toEqual({ id: 'user-2' });
      expect(counts.queries - before).toBe(1);
      await expectNames('user-2', 'username:ann');
      await deleteShardMapping('user-2');
      await expectNames();
    });
  });
});

describe('keys that are not hashed', () => {
  it('are told in words by shard, and counted', async () => {
    const router = createRouter(counted(plain).config);
    const keys = ['a@example.com', 'käthe', 'with space', '7'];
    for (const key of keys) await router.run(key, INSERT, [key, null]);
    const told = await Promise.all(NAMES.map((name) => mapper().getKeysForShard(name)));
    expect(told.flat().sort()).toEqual([...keys].sort());
    const stats = await router.getShardStats();
    expect(stats.map(({ count }) => count)).toEqual(told.map(({ length }) => length));
    expect(await env.KV.get('shard:käthe', 'json')).toMatchObject({ originalKey: 'käthe' });
  });

  it('have at most 503 bytes, in any letters', async () => {
    const router = createRouter(counted(plain).config);
    const [fits, long] = [`${'é'.repeat(251)}x`, 'é'.repeat(252)];
    await router.run(fits, INSERT, [fits, null]);
    expect(await router.first(fits, SELECT, [fits])).toMatchObject({ id: fits });
    await expect(router.run(long, INSERT, [long, null])).rejects.toMatchObject({
      code: 'INVALID_KEY',
    });
    await createRouter(counted().config).run(long, INSERT, [long, null]);
  });

  it('that are too long are passed by, and told of', async () => {
    const long = 'b'.repeat(504);
    await fill('a', long, 'c');
    const result = await integrateExistingDatabase(env['db-west'], 'db-west', mapper());
    expect(result).toMatchObject({ success: true, complete: true, mappingsCreated: 2 });
    expect(result.issues.join()).toMatch(/1 records have no key that can be routed by/);
    const { config } = counted(plain);
    expect(await checkMigrationNeeded(env['db-west'], 'db-west', config)).toBe(false);
    const asked = createMappingsForExistingKeys(['d', long], ['db-west'], 'hash', mapper());
    await expect(asked).rejects.toMatchObject({ code: 'INVALID_KEY' });
    expect(await mapper().getShardMapping('d')).toMatchObject({ shard: 'db-west' });
  });
});
