// What an observer is told of queries, of KV and of the coordinator.

import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  type CollegeDBConfig,
  createRouter,
  createSchema,
  KVShardMapper,
  type SqlEvent,
} from '../../client/sql/index.ts';
import { coordinatorOf, kvOf, NAMES, shardsOf } from './doubles.ts';

const INSERT = 'INSERT INTO users (id, name) VALUES (?, ?)';
const SELECT = 'SELECT * FROM users WHERE id = ?';

beforeAll(async () => {
  for (const name of NAMES) await createSchema(env[name]);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A time that only the test moves: each look at it takes a second. */
function ticking() {
  let now = 1_795_000_000_000;
  return {
    now: () => {
      now += 1_000;
      return now;
    },
    sleep: async () => {},
  };
}

function observing(config: Partial<CollegeDBConfig>) {
  const events: SqlEvent[] = [];
  const onQuery = (event: SqlEvent) => events.push(event);
  const router = createRouter({ shards: shardsOf(), onQuery, ...config });
  return { events, router };
}

describe('an observer', () => {
  it('is told of each query: which shard, what, how long, and that it went well', async () => {
    const { events, router } = observing({});
    await router.run('observed-1', INSERT, ['observed-1', 'Ada']);
    await router.first('observed-1', SELECT, ['observed-1']);
    const [{ shard } = { shard: '' }] = events;
    expect(NAMES).toContain(shard);
    expect(events).toEqual([
      { of: 'shard', shard, operation: 'write', ms: expect.any(Number), ok: true },
      { of: 'shard', shard, operation: 'read', ms: expect.any(Number), ok: true },
    ]);
  });

  it('is told of one that fails its code, and once, however often it was tried', async () => {
    let tries = 0;
    const down = () => {
      tries += 1;
      return Promise.reject(new Error('D1 is away'));
    };
    const broken = { prepare: () => ({ bind: () => ({ first: down }) }) } as never;
    const clock = ticking();
    const config = { shards: { broken }, clock, retryForMs: 60_000 };
    const { events, router } = observing(config);
    await expect(router.first('a', SELECT, ['a'])).rejects.toMatchObject({
      code: 'SHARD_UNAVAILABLE',
    });
    expect(tries).toBeGreaterThan(1);
    expect(events).toEqual([
      {
        of: 'shard',
        shard: 'broken',
        operation: 'read',
        ms: expect.any(Number),
        ok: false,
        code: 'SHARD_UNAVAILABLE',
      },
    ]);
    expect(events[0]?.ms).toBeGreaterThanOrEqual(tries * 1_000);
  });

  it('is told of a query on all shards by each of them', async () => {
    const { events, router } = observing({});
    await router.allAllShards('SELECT count(*) AS n FROM users');
    expect(events.map(({ shard }) => shard).sort()).toEqual([...NAMES].sort());
  });

  it('is told of what KV is asked, and what it did not answer', async () => {
    const { events, router } = observing({ kv: kvOf(), disableAutoMigration: true });
    await router.run('observed-2', INSERT, ['observed-2', 'Grace']);
    const asked = events.map(({ of, operation }) => `${of} ${operation}`);
    expect(asked).toEqual(['kv get', 'kv put', 'shard write']);

    const told: SqlEvent[] = [];
    const kv = { ...kvOf(), get: () => Promise.reject(new Error('KV is away')) };
    const onQuery = (event: SqlEvent) => told.push(event);
    const mapper = new KVShardMapper(kv, { onQuery });
    await expect(mapper.getShardMapping('observed-3')).rejects.toThrow();
    expect(told).toEqual([
      { of: 'kv', operation: 'get', ms: expect.any(Number), ok: false, code: 'FAILED' },
    ]);
  });

  it('is told of what the coordinator is asked', async () => {
    const { coordinator } = coordinatorOf((path) =>
      path === '/stats' ? Response.json([]) : new Response('no', { status: 500 }),
    );
    const { events, router } = observing({ kv: kvOf(), coordinator });
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    await router.getShardStats();
    await router.listKnownShards();
    expect(events.filter(({ of }) => of === 'coordinator')).toMatchObject([
      { operation: '/stats', ok: true },
      { operation: '/shards', ok: false },
    ]);
  });

  it('that fails fails no query', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const onQuery = () => {
      throw new Error('no room for more');
    };
    const { router } = observing({ onQuery });
    expect(await router.first('observed-1', SELECT, ['observed-1'])).toMatchObject({ name: 'Ada' });
    expect(warn.mock.calls.join()).toContain('no room for more');
  });

  it('is a function, or the configuration is refused', () => {
    const onQuery = 'console' as never;
    expect(() => observing({ onQuery })).toThrow(/onQuery is 'console': it is a function/);
  });
});
