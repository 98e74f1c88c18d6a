// The ShardCoordinator as a Worker reaches it: by HTTP on any host, and by its methods.

import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { ShardCoordinator } from '../../worker/objects/coordinator.ts';

let made = 0;

function newCoordinator() {
  made += 1;
  return env.ShardCoordinator.getByName(`of test ${made}`);
}
type Coordinator = ReturnType<typeof newCoordinator>;

function ask(coordinator: Coordinator, method: string, path: string, body?: unknown) {
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  return coordinator.fetch(`http://coordinator${path}`, { method, ...init });
}

async function told<T>(coordinator: Coordinator, method: string, path: string, body?: unknown) {
  const response = await ask(coordinator, method, path, body);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/json');
  return (await response.json()) as T;
}

async function register(coordinator: Coordinator, ...shards: string[]) {
  for (const shard of shards) {
    expect(await told(coordinator, 'POST', '/shards', { shard })).toEqual({ success: true });
  }
}

const allocate = (coordinator: Coordinator, primaryKey: string, more: object = {}) =>
  told<{ shard: string }>(coordinator, 'POST', '/allocate', { primaryKey, ...more });

interface Stats {
  binding: string;
  count: number;
  lastUpdated: number;
}
const stats = (coordinator: Coordinator) => told<Stats[]>(coordinator, 'GET', '/stats');

const stateOf = (coordinator: Coordinator) =>
  runInDurableObject(coordinator, (_, { storage }) => storage.get('coordinator_state'));

describe('shards and their statistics', () => {
  it('are registered, listed, counted and taken out', async () => {
    const coordinator = newCoordinator();
    expect(await told(coordinator, 'GET', '/shards')).toEqual([]);
    await register(coordinator, 'db-east', 'db-west', 'db-east');
    expect(await told(coordinator, 'GET', '/shards')).toEqual(['db-east', 'db-west']);
    const before = Date.now();
    await told(coordinator, 'POST', '/stats', { shard: 'db-east', count: 1600 });
    const [east, west] = await stats(coordinator);
    expect(east).toEqual({ binding: 'db-east', count: 1600, lastUpdated: expect.any(Number) });
    expect(east?.lastUpdated).toBeGreaterThanOrEqual(before);
    expect(west).toMatchObject({ binding: 'db-west', count: 0 });
    await told(coordinator, 'DELETE', '/shards', { shard: 'db-east' });
    expect(await stats(coordinator)).toHaveLength(1);
  });

  it('are counted by methods, never below none', async () => {
    const coordinator = newCoordinator();
    await register(coordinator, 'db-east');
    await coordinator.decrementShardCount('db-east');
    await coordinator.incrementShardCount('db-east');
    await coordinator.incrementShardCount('db-east');
    await coordinator.decrementShardCount('db-east');
    await coordinator.incrementShardCount('nobody');
    await coordinator.incrementShardCount(undefined as unknown as string);
    expect(await stats(coordinator)).toMatchObject([{ binding: 'db-east', count: 1 }]);
  });
});

describe('allocation', () => {
  it('takes turns, exactly, however many ask at once and whatever happens in between', async () => {
    const coordinator = newCoordinator();
    await register(coordinator, 'db-east', 'db-west', 'db-central');
    const taken: Record<string, number> = {};
    for (let part = 0; part < 3; part += 1) {
      const keys = Array.from({ length: 100 }, (_, index) => `user-${part * 100 + index}`);
      const answers = await Promise.all(keys.map((key) => allocate(coordinator, key)));
      for (const { shard } of answers) taken[shard] = (taken[shard] ?? 0) + 1;
      await evictDurableObject(coordinator);
    }
    expect(taken).toEqual({ 'db-east': 100, 'db-west': 100, 'db-central': 100 });
    expect((await stats(coordinator)).map(({ count }) => count)).toEqual([100, 100, 100]);
  });

  it('gives one key one shard, also when two ask at once', async () => {
    const coordinator = newCoordinator();
    await register(coordinator, 'db-east', 'db-west', 'db-central');
    for (let key = 0; key < 20; key += 1) {
      const asked = ['round-robin', 'random', 'hash'].map((strategy) =>
        allocate(coordinator, `key ${key}`, { strategy }),
      );
      const shards = new Set((await Promise.all(asked)).map(({ shard }) => shard));
      expect(shards.size).toBe(1);
    }
    await evictDurableObject(coordinator);
    const counts = (await stats(coordinator)).map(({ count }) => count);
    expect(counts.reduce((sum, count) => sum + count)).toBe(20);
  });

  it('answers in JSON what it cannot do', async () => {
    const coordinator = newCoordinator();
    const none = await ask(coordinator, 'POST', '/allocate', { primaryKey: 'user-123' });
    expect(none.status).toBe(400);
    expect(await none.json()).toEqual({ error: 'No shards available', code: 'no_shards' });
    await register(coordinator, 'db-east');
    const odd = { primaryKey: 'user-123', strategy: 'alphabetical' };
    expect((await ask(coordinator, 'POST', '/allocate', odd)).status).toBe(400);
    expect((await ask(coordinator, 'POST', '/stats', { shard: 'db-east', count: -1 })).status).toBe(
      400,
    );
    const unheard = await ask(coordinator, 'POST', '/stats', { shard: 'db-west', count: 1 });
    expect(await unheard.json()).toMatchObject({ error: 'Shard db-west not found' });
    expect(await stats(coordinator)).toMatchObject([{ count: 0 }]);
  });
});

describe('numbers', () => {
  it('are given once each, to however many ask', async () => {
    const coordinator = newCoordinator();
    const asked = Array.from({ length: 50 }, (_, index) =>
      told<{ value: number }>(coordinator, 'POST', '/sequence', {
        name: 'users.id',
        min: 10,
        count: index % 2 === 0 ? 1 : 5,
      }),
    );
    const given = (await Promise.all(asked)).flatMap(({ value }, index) =>
      Array.from({ length: index % 2 === 0 ? 1 : 5 }, (_, at) => value + at),
    );
    expect(given.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 150 }, (_, i) => 10 + i));
  });
});

describe('the state', () => {
  it('can be read under its key, as it is now', async () => {
    const coordinator = newCoordinator();
    await register(coordinator, 'db-east', 'db-west');
    await allocate(coordinator, 'user-123');
    expect(await stateOf(coordinator)).toEqual({
      knownShards: ['db-east', 'db-west'],
      shardStats: {
        'db-east': { binding: 'db-east', count: 1, lastUpdated: expect.any(Number) },
        'db-west': { binding: 'db-west', count: 0, lastUpdated: expect.any(Number) },
      },
      strategy: 'round-robin',
      roundRobinIndex: 1,
    });
    await coordinator.incrementShardCount('db-west');
    expect(await stateOf(coordinator)).toMatchObject({ shardStats: { 'db-west': { count: 1 } } });
  });

  it('of an earlier life is taken over', async () => {
    const coordinator = newCoordinator();
    await runInDurableObject(coordinator, (_, { storage }) =>
      storage.put('coordinator_state', {
        knownShards: ['db-west', 'db-east'],
        shardStats: { 'db-west': { binding: 'db-west', count: 7, lastUpdated: 1 } },
        strategy: 'hash',
        roundRobinIndex: 0,
      }),
    );
    expect(await told(coordinator, 'GET', '/shards')).toEqual(['db-west', 'db-east']);
    expect(await stats(coordinator)).toMatchObject([{ count: 7, lastUpdated: 1 }, { count: 0 }]);
    const first = await allocate(coordinator, 'user-123');
    await told(coordinator, 'POST', '/flush');
    await register(coordinator, 'db-east', 'db-west');
    expect(await allocate(coordinator, 'user-123', { strategy: 'hash' })).toEqual(first);
  });

  it('is cleared, but not in production', async () => {
    const coordinator = newCoordinator();
    await register(coordinator, 'db-east');
    await runInDurableObject(coordinator, async (_, state) => {
      const production = new ShardCoordinator(state, { ENVIRONMENT: 'production' });
      const flush = new Request('http://coordinator/flush', { method: 'POST' });
      const refused = await production.fetch(flush);
      expect(refused.status).toBe(403);
      expect(await refused.json()).toMatchObject({ code: 'forbidden' });
    });
    expect(await told(coordinator, 'GET', '/shards')).toEqual(['db-east']);
    expect(await told(coordinator, 'POST', '/flush')).toEqual({ success: true });
    expect(await told(coordinator, 'GET', '/shards')).toEqual([]);
    expect(await told(coordinator, 'GET', '/stats')).toEqual([]);
  });
});

describe('requests', () => {
  it('are served on any host, with or without an environment', async () => {
    const coordinator = newCoordinator();
    for (const host of ['http://coordinator', 'https://example.com:8443', 'http://x.y']) {
      const response = await coordinator.fetch(`${host}/health`);
      expect(response.status).toBe(200);
      expect(await response.text()).toBe('OK');
    }
    await runInDurableObject(coordinator, async (_, state) => {
      const bare = new ShardCoordinator(state);
      const response = await bare.fetch(new Request('http://any/shards'));
      expect(await response.json()).toEqual([]);
    });
  });

  it('elsewhere, otherwise or without sense change nothing', async () => {
    const coordinator = newCoordinator();
    await register(coordinator, 'db-east');
    const before = await stateOf(coordinator);
    expect((await ask(coordinator, 'GET', '/nowhere')).status).toBe(404);
    const put = await ask(coordinator, 'PUT', '/shards', { shard: 'db-west' });
    expect(put.status).toBe(405);
    expect(put.headers.get('allow')).toBe('GET, POST, DELETE');
    for (const body of ['', '{', '[]', 'null', '\u0000', '{"shard":""}', '{"shard":7}']) {
      for (const path of ['/shards', '/stats', '/allocate', '/keys', '/sequence']) {
        const url = `http://coordinator${path}`;
        const response = await coordinator.fetch(url, { method: 'POST', body });
        expect(response.status).toBe(400);
        expect(await response.json()).toHaveProperty('error', expect.any(String));
      }
    }
    const huge = await ask(coordinator, 'POST', '/shards', { shard: 'a'.repeat(1 << 20) });
    expect(huge.status).toBe(413);
    expect(await stateOf(coordinator)).toEqual(before);
  });

  it('take a key of nearly a megabyte, in any letters', async () => {
    const coordinator = newCoordinator();
    await register(coordinator, 'db-east', 'db-west');
    const key = 'ключ'.repeat(130_000);
    const { shard } = await allocate(coordinator, key);
    expect(await allocate(coordinator, key)).toEqual({ shard });
    expect(await allocate(coordinator, `${key}!`)).not.toEqual({ shard });
  });
});
