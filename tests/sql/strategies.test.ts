// Where new keys go by each strategy, and which shards are too large for them.

import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createRouter, type ShardingStrategy } from '../../client/sql/index.ts';
import { counted, kvOf, NAMES, onAll } from './doubles.ts';

const INSERT = 'INSERT INTO strategic (id, name) VALUES (?, ?)';
const SELECT = 'SELECT id, name FROM strategic WHERE id = ?';

beforeAll(() => onAll('CREATE TABLE strategic (id TEXT PRIMARY KEY, name TEXT)'));
afterEach(() => vi.restoreAllMocks());

describe('strategies', () => {
  const places = async (config: object, count: number) => {
    const log: string[] = [];
    const shards = Object.fromEntries(
      NAMES.map((name) => [
        name,
        {
          prepare: () => ({
            run: async () => {
              log.push(name);
              return { results: [], meta: {} };
            },
          }),
        },
      ]),
    );
    const kv = { ...kvOf(), get: async () => null, put: async () => {} };
    const router = createRouter({
      shards: shards as never,
      kv,
      disableAutoMigration: true,
      ...config,
    });
    for (let i = 0; i < count; i += 1) await router.run(`k${i}`, 'INSERT INTO t (id) VALUES (1)');
    return log;
  };

  it('round-robin takes the shards in turn, and says that it does so by itself', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue();
    const log = await places({ strategy: 'round-robin' }, 6);
    expect(log.slice(0, 3).toSorted()).toEqual([...NAMES].sort());
    expect(log.slice(3)).toEqual(log.slice(0, 3));
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it('location goes to the nearest, by priority where they are as near', async () => {
    const shardLocations = {
      'db-west': { region: 'wnam', priority: 2 },
      'db-east': { region: 'enam', priority: 1 },
      'db-central': { region: 'weur', priority: 0.5 },
    };
    const config = { strategy: 'location', targetRegion: 'wnam', shardLocations };
    expect(new Set(await places(config, 20))).toEqual(new Set(['db-west']));
    expect(new Set(await places({ ...config, targetRegion: 'eeur' }, 5))).toEqual(
      new Set(['db-central']),
    );
    const mixed = { ...config, strategy: { read: 'hash', write: 'location' } };
    expect(new Set(await places(mixed, 5))).toEqual(new Set(['db-west']));
  });

  it('random reaches them all', async () => {
    expect(new Set(await places({ strategy: 'random' }, 60)).size).toBe(NAMES.length);
  });

  const all: ShardingStrategy[] = ['hash', 'random', 'round-robin', 'location'];
  it.each(all.flatMap((read) => all.map((write) => ({ read, write }))))(
    'mixed find what they wrote: %o',
    async (strategy) => {
      vi.spyOn(console, 'warn').mockReturnValue();
      const { config } = counted({
        strategy,
        targetRegion: 'wnam',
        shardLocations: { 'db-west': 'wnam', 'db-east': { region: 'enam' } },
      });
      const id = `${strategy.read}-${strategy.write}`;
      await createRouter(config).run(id, INSERT, [id, 'mixed']);
      expect(await createRouter(config).first(id, SELECT, [id])).toMatchObject({ name: 'mixed' });
      expect(
        await createRouter(counted({ strategy }).config).first(id, SELECT, [id]),
      ).toMatchObject({ name: 'mixed' });
    },
  );
});

describe('shards that are too large', () => {
  const sized = (bytes: Record<string, number>) => {
    const asked: string[] = [];
    const shards = Object.fromEntries(
      Object.entries(bytes).map(([name, size_after]) => {
        const answer = async () => {
          asked.push(name);
          return { results: [], meta: { size_after } };
        };
        return [name, { prepare: () => ({ run: answer, all: answer, first: async () => null }) }];
      }),
    );
    return { asked, shards: shards as never };
  };
  const used = async (bytes: Record<string, number>, debug = false) => {
    const { asked, shards } = sized(bytes);
    const kv = { ...kvOf(), get: async () => null, put: async () => {} };
    const config = { shards, kv, maxDatabaseSize: 1000, disableAutoMigration: true, debug };
    const router = createRouter(config);
    await router.first('k', 'SELECT 1');
    const reads = asked.length;
    for (let i = 0; i < 30; i += 1) await router.run(`k${i}`, 'INSERT INTO t (id) VALUES (1)');
    return { reads, used: new Set(asked.slice(Object.keys(bytes).length)) };
  };

  it('get no new keys; one that is just as large does', async () => {
    const told = await used({ a: 1000, b: 1001, c: 10 });
    expect(told).toEqual({ reads: 0, used: new Set(['a', 'c']) });
  });

  it('get them all the same when there is no other', async () => {
    expect((await used({ a: 1001, b: 2000 })).used).toEqual(new Set(['a', 'b']));
  });

  it('are named where the configuration says debug', async () => {
    const info = vi.spyOn(console, 'info').mockReturnValue();
    await used({ 'db-east': 5000, 'db-west': 10, 'db-central': 5000 }, true);
    expect(info.mock.calls[0]?.[0]).toMatch(
      /^Excluded 2 shards due to size limits: (db-east, db-central|db-central, db-east)$/,
    );
  });
});
