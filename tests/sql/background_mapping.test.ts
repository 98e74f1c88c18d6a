// The mapping in the background, as it is set off: who begins it, that nobody waits for it, and
// when nothing is asked at all. That it goes on after the answer is for a Worker of its own to
// show: tests/client/sql_background.test.ts.

import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  all,
  clearMigrationCache,
  collegedb,
  createRouter,
  createSchema,
  dropSchema,
  first,
  initialize,
  initializeAsync,
  type KeyValueStore,
  KVShardMapper,
  listTables,
  resetConfig,
} from '../../client/sql/index.ts';
import { type Counts, kvOf, NAMES, noCounts, shardsOf } from './doubles.ts';

const USER = 'SELECT * FROM users WHERE id = ?';
const keys = Array.from({ length: 5 }, (_, index) => `old-${index}`);
const mappedTo = async (key: string) =>
  (await new KVShardMapper(kvOf()).getShardMapping(key))?.shard;

/** KV whose writes wait until they are let through. */
function heldKv() {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const kv = kvOf();
  const waiting: KeyValueStore = {
    ...kv,
    put: async (...given) => {
      await held;
      return await kv.put(...given);
    },
  };
  return { kv: waiting, release };
}

const allMapped = () =>
  vi.waitFor(
    async () => {
      for (const key of keys) expect(await mappedTo(key)).toBe('db-east');
    },
    { timeout: 5_000 },
  );

/** Nothing is asked any more. */
async function quiet(counts: Counts): Promise<number> {
  for (let before = -1; before !== total(counts); await scheduler.wait(100)) before = total(counts);
  return total(counts);
}

const total = ({ reads, writes, queries }: Counts) => reads + writes + queries;

function measured(more: { disableAutoMigration?: boolean } = {}) {
  const counts = noCounts();
  const shards = shardsOf(counts);
  return { counts, config: { kv: kvOf(counts), shards, maxSubrequests: 900, ...more } };
}

async function clear() {
  for (const name of NAMES) {
    const tables = await listTables(env[name]);
    await dropSchema(env[name], ...tables, 'shard_mappings', 'tidemark_integration');
    await createSchema(env[name]);
  }
  const insert = env['db-east'].prepare('INSERT INTO users (id, name) VALUES (?, ?)');
  await env['db-east'].batch(keys.map((key) => insert.bind(key, `name of ${key}`)));
  await new KVShardMapper(kvOf()).clearAllMappings();
  clearMigrationCache();
}

beforeEach(clear);
afterEach(() => {
  vi.restoreAllMocks();
  resetConfig();
});

describe('initialize', () => {
  it('returns before rows are mapped, and a query of one is answered', async () => {
    const { kv, release } = heldKv();
    initialize({ kv, shards: shardsOf() });
    expect(await first('old-1', USER, ['old-1'])).toMatchObject({ name: 'name of old-1' });
    expect(await mappedTo('old-1')).toBeUndefined();
    release();
    await allMapped();
  });

  it('begins nothing a second time, which initializeAsync waits for', async () => {
    const alone = measured();
    await initializeAsync(alone.config);
    const once = total(alone.counts);
    resetConfig();
    await clear();
    const { counts, config } = measured();
    initialize(config);
    initialize(config);
    await initializeAsync(config);
    for (const key of keys) expect(await mappedTo(key)).toBe('db-east');
    expect(total(counts)).toBe(once);
  });

  it('goes on a minute later where its request died, and not before', async () => {
    const { counts, config } = measured();
    const dead = { ...kvOf(), get: () => new Promise<never>(() => {}) };
    await collegedb({ ...config, kv: dead }, () => null);
    await quiet(counts);
    const before = total(counts);
    await collegedb(config, () => null);
    expect(await quiet(counts)).toBe(before);
    const later = Date.now() + 60_000;
    vi.spyOn(Date, 'now').mockImplementation(() => later);
    await collegedb(config, () => null);
    await allMapped();
  });

  it('fails nothing where the mapping fails, which is tried again later', async () => {
    const kv = kvOf();
    const broken = vi.spyOn(kv, 'get').mockRejectedValue(new Error('KV is away'));
    const config = { kv, shards: shardsOf() };
    await initializeAsync(config);
    expect(broken).toHaveBeenCalled();
    broken.mockRestore();
    const later = Date.now() + 5_000;
    vi.spyOn(Date, 'now').mockImplementation(() => later);
    await initializeAsync(config);
    for (const key of keys) expect(await mappedTo(key)).toBe('db-east');
  });
});

describe('collegedb', () => {
  it('begins it likewise, and its callback waits for nothing', async () => {
    const { kv, release } = heldKv();
    const name = await collegedb({ kv, shards: shardsOf() }, async () => {
      const row = await first<{ name: string }>('old-2', USER, ['old-2']);
      return row?.name;
    });
    expect(name).toBe('name of old-2');
    expect(await mappedTo('old-2')).toBeUndefined();
    release();
    await allMapped();
  });

  it('asks nothing more where all is mapped', async () => {
    const { counts, config } = measured();
    await collegedb(config, () => null);
    await allMapped();
    const before = await quiet(counts);
    await collegedb(config, () => null);
    await collegedb({ ...config, shards: { ...config.shards } }, () => null);
    expect(await quiet(counts)).toBe(before);
    const { meta } = await collegedb(config, () => all('old-3', USER, ['old-3']));
    expect(meta.rows_read).toBe(1);
    expect(total(counts)).toBe(before + 1);
  });
});

describe('with disableAutoMigration', () => {
  it('nothing is asked, and nothing is mapped', async () => {
    const { counts, config } = measured({ disableAutoMigration: true });
    initialize(config);
    await initializeAsync(config);
    await collegedb(config, () => null);
    await createRouter(config).prepareExisting();
    expect(await quiet(counts)).toBe(0);
    for (const key of keys) expect(await mappedTo(key)).toBeUndefined();
  });

  it('an insert of a new key asks no shard whether it has the row', async () => {
    const insert = 'INSERT INTO users (id, name) VALUES (?, ?)';
    const { counts, config } = measured({ disableAutoMigration: true });
    await createRouter(config).run('new-1', insert, ['new-1', 'New']);
    expect(counts.queries).toBe(1);
    await createRouter({ ...config, disableAutoMigration: false }).run('new-2', insert, [
      'new-2',
      'New',
    ]);
    expect(counts.queries).toBeGreaterThan(1 + NAMES.length);
  });
});
