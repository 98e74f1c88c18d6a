// Configurations: what is refused, which one counts where, and that two never mix.

import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type CollegeDBConfig,
  CollegeDBError,
  collegedb,
  createRouter,
  first,
  getActiveConfig,
  getClosestRegionFromIP,
  initialize,
  initializeAsync,
  isInitialized,
  resetConfig,
  run,
} from '../../client/sql/index.ts';
import { kvOf, onAll, shardsOf } from './doubles.ts';

beforeAll(() => onAll('CREATE TABLE tenants (id TEXT PRIMARY KEY, name TEXT)'));
afterEach(resetConfig);

const shards = { 'db-east': env['db-east'] };
const codeOf = (config: unknown): unknown => {
  try {
    createRouter(config as CollegeDBConfig);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(CollegeDBError);
    return [(error as CollegeDBError).code, (error as Error).message];
  }
};

describe('a configuration', () => {
  // Not by it.each, which would print the bindings.
  const refused: [config: unknown, code: string, message: string][] = [
    [{}, 'NO_SHARDS', 'No shards'],
    [{ shards: {} }, 'NO_SHARDS', 'No shards'],
    [{ shards: { a: undefined } }, 'INVALID_CONFIG', "shard 'a' is no database"],
    [{ shards: { '': env['db-east'] } }, 'INVALID_CONFIG', 'without a name'],
    [{ shards, kv: {} }, 'INVALID_CONFIG', 'no KV namespace'],
    [{ shards, coordinator: {} }, 'INVALID_CONFIG', 'no Durable Object namespace'],
    [{ shards, placement: 'kv' }, 'NO_KV', 'give kv'],
    [{ shards, placement: 'disk' }, 'INVALID_CONFIG', "'disk': it is one of 'slots', 'kv'"],
    [{ shards, strategy: 'best' }, 'INVALID_CONFIG', "strategy is 'best'"],
    [{ shards, strategy: { read: 'hash' } }, 'INVALID_CONFIG', 'strategy.write is undefined'],
    [{ shards, targetRegion: 'mars' }, 'INVALID_CONFIG', "targetRegion is 'mars'"],
    [{ shards, shardLocations: { a: 'mars' } }, 'INVALID_CONFIG', "'a'].region is 'mars'"],
    [
      { shards, shardLocations: { a: { region: 'wnam', priority: -1 } } },
      'INVALID_CONFIG',
      'priority is -1',
    ],
    [{ shards, maxDatabaseSize: 0 }, 'INVALID_CONFIG', 'maxDatabaseSize is 0'],
    [{ shards, mappingCacheTtlMs: -1 }, 'INVALID_CONFIG', 'mappingCacheTtlMs is -1'],
    [{ shards, migrationConcurrency: 0 }, 'INVALID_CONFIG', 'migrationConcurrency is 0'],
    [{ shards, hashShardMappings: 'yes' }, 'INVALID_CONFIG', "hashShardMappings is 'yes'"],
    [{ shards, debug: 1 }, 'INVALID_CONFIG', 'debug is 1'],
    [{ shards, keyPepper: 5 }, 'INVALID_CONFIG', 'keyPepper is 5'],
    [null, 'INVALID_CONFIG', 'it is an object'],
  ];
  for (const [config, code, message] of refused) {
    it(`is refused: ${message}`, () => {
      expect(codeOf(config)).toEqual([code, expect.stringContaining(message)]);
    });
  }

  it('is taken with what it may have', () => {
    const taken = [
      { shards },
      { shards, kv: env.KV, placement: 'slots' },
      { shards, strategy: { read: 'location', write: 'round-robin' }, targetRegion: 'oc' },
      { shards, shardLocations: { 'db-east': 'me', other: { region: 'af', priority: 0 } } },
      { shards, maxDatabaseSize: 500 * 1024 * 1024, disableAutoMigration: true, debug: true },
    ];
    expect(taken.map(codeOf)).toEqual(taken.map(() => undefined));
  });
});

describe('the default of an isolate', () => {
  it('is asked for where there is none', async () => {
    await expect(run('k', 'SELECT 1')).rejects.toMatchObject({
      code: 'NOT_INITIALIZED',
      message: expect.stringContaining('CollegeDB not initialized'),
    });
    expect([isInitialized(), getActiveConfig()]).toEqual([false, null]);
  });

  it('counts until it is reset', async () => {
    const config = { shards };
    initialize(config);
    expect([isInitialized(), getActiveConfig()]).toEqual([true, config]);
    expect(await first('k', 'SELECT 1 AS one')).toEqual({ one: 1 });
    resetConfig();
    expect(isInitialized()).toBe(false);
  });

  it('is set again by the same bindings, and not by others', async () => {
    await initializeAsync({ shards, kv: env.KV, disableAutoMigration: true });
    initialize({ shards: { ...shards }, kv: env.KV, strategy: 'random' });
    expect(getActiveConfig()?.strategy).toBe('random');
    const other = { shards: { 'db-east': env['db-west'] }, kv: env.KV };
    expect(() => initialize(other)).toThrow(expect.objectContaining({ code: 'CONFIG_CONFLICT' }));
    expect(() => initialize({ shards })).toThrow(
      expect.objectContaining({ code: 'CONFIG_CONFLICT' }),
    );
    resetConfig();
    initialize(other);
  });
});

describe('collegedb', () => {
  it('gives what its callback gives, and throws what it throws', async () => {
    expect(await collegedb({ shards }, () => 5)).toBe(5);
    expect(await collegedb({ shards }, async () => 'six')).toBe('six');
    const failing = collegedb({ shards }, () => {
      throw new TypeError('mine');
    });
    await expect(failing).rejects.toThrow(new TypeError('mine'));
    await expect(collegedb({ shards: {} }, () => 1)).rejects.toMatchObject({ code: 'NO_SHARDS' });
  });

  it('counts within its callback alone', async () => {
    const outer = { shards };
    const inner = { shards: { 'db-west': env['db-west'] } };
    initialize(outer);
    await collegedb(inner, async () => {
      expect(getActiveConfig()).toBe(inner);
      await scheduler.wait(1);
      expect(getActiveConfig()).toBe(inner);
    });
    expect(getActiveConfig()).toBe(outer);
  });

  it('keeps tenants apart that are served at the same time', async () => {
    const INSERT = 'INSERT INTO tenants (id, name) VALUES (?, ?)';
    const SELECT = 'SELECT name FROM tenants WHERE id = ?';
    const serve = (name: 'db-east' | 'db-west' | 'db-central') =>
      collegedb({ shards: { [name]: env[name] } }, async () => {
        for (let i = 0; i < 5; i += 1) {
          await run(`t${i}`, INSERT, [`t${i}`, name]);
          await scheduler.wait(1);
          expect(await first(`t${i}`, SELECT, [`t${i}`])).toEqual({ name });
        }
      });
    await Promise.all([serve('db-east'), serve('db-west'), serve('db-central')]);
    for (const name of ['db-east', 'db-west', 'db-central'] as const) {
      const { results } = await env[name].prepare('SELECT DISTINCT name FROM tenants').all();
      expect(results).toEqual([{ name }]);
    }
  });
});

describe('placement', () => {
  it('is by KV where there is one, else by slots', async () => {
    const key = 'where';
    const SQL = 'INSERT OR REPLACE INTO tenants (id) VALUES (?)';
    const before = (await env.KV.list()).keys.length;
    await createRouter({ shards: shardsOf() }).run(key, SQL, [key]);
    expect((await env.KV.list()).keys).toHaveLength(before);
    const kv = kvOf();
    await createRouter({ shards: shardsOf(), kv, disableAutoMigration: true }).run(key, SQL, [key]);
    expect((await env.KV.list()).keys).toHaveLength(before + 1);
  });
});

describe('getClosestRegionFromIP', () => {
  it.each([
    [{ continent: 'EU', country: 'FR', latitude: '48.9', longitude: '2.4' }, 'weur'],
    [{ continent: 'NA', country: 'US', latitude: '37.8', longitude: '-122.4' }, 'wnam'],
    [{ continent: 'NA', country: 'US', latitude: '40.7', longitude: '-74.0' }, 'enam'],
    [{ continent: 'OC', country: 'AU', latitude: '-33.9', longitude: '151.2' }, 'oc'],
  ])('knows where %o is', (cf, region) => {
    expect(getClosestRegionFromIP(new Request('https://a/', { cf }))).toBe(region);
  });

  it('says wnam where nothing is known', () => {
    expect(getClosestRegionFromIP(new Request('https://a/'))).toBe('wnam');
  });
});
