// New keys among shards that are not too large, with a coordinator: what one isolate knows of sizes
// another one need not ask for.

import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type CollegeDBConfig, createRouter, type Shard } from '../../client/sql/index.ts';
import { coordinatorOf, kvOf, NAMES, noCounts, onAll, shardOf, shardsOf } from './doubles.ts';

const INSERT = 'INSERT INTO sized (id) VALUES (?)';
const LARGE = 1_000_000_000;

beforeAll(() => onAll('CREATE TABLE sized (id TEXT PRIMARY KEY)'));
afterEach(() => vi.restoreAllMocks());

let made = 0;

/** A coordinator of its own that counts what it is asked. */
function newCoordinator() {
  made += 1;
  const object = env.ShardCoordinator.getByName(`of sizes ${made}`);
  const asked: string[] = [];
  const fetch = async (url: string, init?: RequestInit) => {
    asked.push(new URL(url).pathname);
    return await object.fetch(url, init);
  };
  return { asked, coordinator: { idFromName: (name: string) => name, get: () => ({ fetch }) } };
}
type Coordinator = ReturnType<typeof newCoordinator>;

/** Says that it is so large, whatever it holds; null: says nothing; undefined: as it is. */
function sized(shard: Shard, bytes: number | null | undefined): Shard {
  if (bytes === undefined) return shard;
  const all = async () => ({ results: [], meta: bytes === null ? {} : { size_after: bytes } });
  return {
    prepare: (sql) =>
      sql === 'SELECT 1'
        ? ({ bind: () => undefined, all, run: all, first: async () => null } as never)
        : shard.prepare(sql),
  };
}

/** What another Worker would be: shards, KV and caches of its own. */
function isolate(
  { coordinator }: Coordinator,
  {
    sizes = {},
    ...config
  }: Partial<CollegeDBConfig> & { sizes?: Record<string, number | null> } = {},
) {
  const counts = Object.fromEntries(NAMES.map((name) => [name, noCounts()]));
  const asked: string[] = [];
  const shards = Object.fromEntries(
    NAMES.map((name) => {
      const shard = sized(shardOf(env[name], counts[name]), sizes[name]);
      const prepare = (sql: string) => {
        if (sql === 'SELECT 1') asked.push(name);
        return shard.prepare(sql);
      };
      return [name, { prepare }];
    }),
  );
  const router = createRouter({
    shards,
    kv: kvOf(),
    coordinator,
    strategy: 'round-robin',
    maxDatabaseSize: LARGE,
    disableAutoMigration: true,
    ...config,
  });
  const queries = () => Object.values(counts).reduce((sum, each) => sum + each.queries, 0);
  return { router, asked, queries };
}

const write = async ({ router }: ReturnType<typeof isolate>, id: string) => {
  await router.run(id, INSERT, [id]);
};

async function placed(prefix: string) {
  const found = await Promise.all(
    NAMES.map(async (name) => {
      const like = 'SELECT count(*) AS rows FROM sized WHERE id GLOB ?';
      const row = await env[name].prepare(like).bind(`${prefix}*`).first<{ rows: number }>();
      return [name, row?.rows] as const;
    }),
  );
  return Object.fromEntries(found);
}

describe('sizes, with a coordinator', () => {
  it('are asked for once, by the first isolate that needs them', async () => {
    const coordinator = newCoordinator();
    const first = isolate(coordinator);
    await write(first, 'once 1');
    expect(first.asked.sort()).toEqual([...NAMES].sort());
    expect(coordinator.asked).toEqual(['/allocate', '/allocate']);
    expect(first.queries()).toBe(NAMES.length + 1);
    // Cold: the coordinator knows.
    const second = isolate(coordinator);
    await write(second, 'once 2');
    expect([second.asked, second.queries()]).toEqual([[], 1]);
    // Warm.
    await write(first, 'once 3');
    expect(first.queries()).toBe(NAMES.length + 2);
    expect(coordinator.asked).toEqual(new Array(4).fill('/allocate'));
    expect(await placed('once')).toEqual({ 'db-east': 1, 'db-west': 1, 'db-central': 1 });
    // The coordinator is told what the isolate knows.
    await coordinator.coordinator.get().fetch('http://coordinator/flush', { method: 'POST' });
    await write(first, 'once 4');
    await write(isolate(coordinator), 'once 5');
    expect(coordinator.asked.slice(-3)).toEqual(['/flush', '/allocate', '/allocate']);
    expect(first.queries()).toBe(NAMES.length + 3);
  });

  it('are asked for once a key, whatever the coordinator says then', async () => {
    const { asked, coordinator } = coordinatorOf((_, body) =>
      Response.json(
        (body as { sizesAsked?: boolean }).sizesAsked
          ? { shard: 'db-central' }
          : { sizes: ['db-west'] },
      ),
    );
    const one = isolate({ asked: [], coordinator } as never);
    await write(one, 'twice');
    expect(one.asked).toEqual(['db-west']);
    const bound = { maxDatabaseSize: LARGE, sizeCacheTtlMs: 30_000, availableShards: NAMES };
    expect(asked.map(({ body }) => body)).toMatchObject([
      { ...bound, sizes: {} },
      { ...bound, sizes: { 'db-west': expect.any(Number) }, sizesAsked: true },
    ]);
    expect(await placed('twice')).toMatchObject({ 'db-central': 1 });
  });

  it('keep new keys from a shard that is too large, in each isolate', async () => {
    const info = vi.spyOn(console, 'info').mockReturnValue();
    const coordinator = newCoordinator();
    await write(isolate(coordinator, { sizes: { 'db-west': LARGE + 1 }, debug: true }), 'large 0');
    const told = ['Excluded 1 shards due to size limits: db-west'];
    expect(info.mock.calls).toEqual([told]);
    const second = isolate(coordinator);
    for (let at = 1; at < 6; at += 1) await write(second, `large ${at}`);
    expect(second.asked).toEqual([]);
    expect(await placed('large')).toEqual({ 'db-east': 3, 'db-west': 0, 'db-central': 3 });
  });

  it('leave all shards where all are too large', async () => {
    const large = isolate(newCoordinator(), { maxDatabaseSize: 1 });
    for (let at = 0; at < 3; at += 1) await write(large, `all ${at}`);
    expect(await placed('all')).toEqual({ 'db-east': 1, 'db-west': 1, 'db-central': 1 });
  });

  it('are asked for again when they are too old for whoever asks', async () => {
    const coordinator = newCoordinator();
    await write(isolate(coordinator), 'old 1');
    const doubting = isolate(coordinator, { sizeCacheTtlMs: 0 });
    await write(doubting, 'old 2');
    expect(doubting.asked.sort()).toEqual([...NAMES].sort());
    expect(coordinator.asked).toHaveLength(4);
  });

  it('of a shard that does not tell are as good as small, and not asked for by all', async () => {
    const coordinator = newCoordinator();
    const sizes = { 'db-east': LARGE + 1, 'db-west': null, 'db-central': LARGE + 1 };
    await write(isolate(coordinator, { sizes }), 'mute 1');
    const second = isolate(coordinator);
    await write(second, 'mute 2');
    expect(second.asked).toEqual([]);
    expect(await placed('mute')).toEqual({ 'db-east': 0, 'db-west': 2, 'db-central': 0 });
  });

  it('of a shard that does not answer are not told as if it had none', async () => {
    const answers = [{ sizes: ['db-east', 'db-west'] }, { shard: 'db-central' }];
    const double = coordinatorOf((path) =>
      Response.json(path === '/allocate' ? answers.shift() : { shard: null }),
    );
    const broken: Shard = {
      prepare: () => {
        throw new Error('D1_ERROR: no such table');
      },
    };
    const shards = { ...shardsOf(), 'db-west': broken };
    const { router } = isolate(double as unknown as Coordinator, { shards });
    await router.run('unanswered', INSERT, ['unanswered']);
    const bodies = double.asked.filter(({ path }) => path === '/allocate');
    expect(bodies[1]?.body).toMatchObject({ sizes: { 'db-east': expect.any(Number) } });
    expect(bodies[1]?.body).not.toHaveProperty('sizes.db-west');
  });

  it('are not asked for where they bound nothing, nor for a key that has its place', async () => {
    const coordinator = newCoordinator();
    const unbounded = isolate(coordinator, { maxDatabaseSize: undefined } as never);
    await write(unbounded, 'known');
    expect(unbounded.queries()).toBe(1);
    // KV does not show its mapping yet.
    const second = isolate(coordinator, { kv: { ...kvOf(), get: async () => null } });
    await second.router.run('known', 'INSERT OR IGNORE INTO sized (id) VALUES (?)', ['known']);
    expect([second.asked, second.queries()]).toEqual([[], 1]);
  });

  it('count while the coordinator is away, for the hash', async () => {
    vi.spyOn(console, 'warn').mockReturnValue();
    const fetch = () => Promise.reject(new Error('down'));
    const coordinator = { asked: [], coordinator: { idFromName: String, get: () => ({ fetch }) } };
    const sizes = { 'db-east': LARGE + 1, 'db-central': LARGE + 1 };
    const alone = isolate(coordinator as never, { sizes });
    for (let at = 0; at < 4; at += 1) await write(alone, `away ${at}`);
    expect(await placed('away')).toEqual({ 'db-east': 0, 'db-west': 4, 'db-central': 0 });
  });
});
