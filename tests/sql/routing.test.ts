// Placement by slots, and the functions that go to shards by name or to all of them: what they cost
// and what they say when something fails.

import { beforeAll, describe, expect, it } from 'vitest';
import { slotOf } from '../../client/sql/core.ts';
import {
  CollegeDBError,
  createRouter,
  type Shard,
  type ShardOutcome,
} from '../../client/sql/index.ts';
import { counted, NAMES, noCounts, onAll, shardsHaving, shardsOf } from './doubles.ts';

const INSERT = 'INSERT INTO routed (id, name) VALUES (?, ?)';
const SELECT = 'SELECT id, name FROM routed WHERE id = ?';

beforeAll(() => onAll('CREATE TABLE routed (id TEXT PRIMARY KEY, name TEXT)'));

const caught = async (work: Promise<unknown>): Promise<CollegeDBError> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CollegeDBError);
  return error as CollegeDBError;
};

describe('placement by slots', () => {
  it('goes by the first 12 bits of SHA-256 of the key', async () => {
    for (const key of ['abc', 'user-1', 'é', '鍵', '🔑']) {
      const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(key));
      expect([key, slotOf(key)]).toEqual([key, new DataView(digest).getUint16(0) >> 4]);
    }
    expect(slotOf('abc')).toBe(0xba7);
  });

  it('asks one database once, and neither KV nor an object', async () => {
    const { counts, config } = counted({ placement: 'slots' });
    const router = createRouter(config);
    const { meta } = await router.run('user-1', INSERT, ['user-1', 'Ada']);
    expect(meta.changes).toBe(1);
    expect(counts).toEqual({ reads: 0, writes: 0, calls: 0, queries: 1 });
    expect(await router.first('user-1', SELECT, ['user-1'])).toEqual({ id: 'user-1', name: 'Ada' });
    expect(await router.first('absent', SELECT, ['absent'])).toBeNull();
    expect(counts).toEqual({ reads: 0, writes: 0, calls: 0, queries: 3 });
    expect((await router.all('user-1', SELECT, ['user-1'])).results).toHaveLength(1);
  });

  it('puts each key on one shard, none of them empty; another isolate finds it', async () => {
    const router = createRouter({ shards: shardsOf() });
    const keys = Array.from({ length: 60 }, (_, index) => `key-${index}`);
    await Promise.all(keys.map((key) => router.run(key, INSERT, [key, key])));
    const places = await Promise.all(keys.map((key) => shardsHaving('routed', key)));
    expect(places.filter(({ length }) => length !== 1)).toEqual([]);
    expect(new Set(places.flat()).size).toBe(NAMES.length);
    const other = createRouter({ shards: shardsOf() });
    for (const key of keys)
      expect(await other.first(key, SELECT, [key])).toMatchObject({ id: key });
  });

  it('gives an added shard its part and moves nothing between the others', async () => {
    const asked = (names: string[]) => {
      const log: string[] = [];
      const shard = (name: string): Shard => ({
        prepare: () => {
          log.push(name);
          const rows = async () => ({ results: [], meta: {} });
          return {
            bind: () => shard(name).prepare(''),
            run: rows,
            all: rows,
            first: async () => null,
          };
        },
      });
      const shards = Object.fromEntries(names.map((name) => [name, shard(name)]));
      return { log, router: createRouter({ shards }) };
    };
    const four = asked(['a', 'b', 'c', 'd']);
    const five = asked(['e', 'd', 'c', 'b', 'a']);
    for (let key = 0; key < 500; key += 1) {
      await four.router.first(String(key), 'SELECT 1');
      await five.router.first(String(key), 'SELECT 1');
    }
    const moved = four.log.filter((name, key) => name !== five.log[key]);
    expect(five.log.filter((name, key) => name !== four.log[key])).toEqual(moved.map(() => 'e'));
    expect(moved.length).toBeGreaterThan(500 / 5 / 2);
    expect(moved.length).toBeLessThan((500 / 5) * 2);
  });
});

describe('prepare', () => {
  it('gives a statement that is bound and routed like one of D1', async () => {
    const router = createRouter({ shards: shardsOf() });
    const insert = await router.prepare('prepared', INSERT);
    expect((await insert.bind('prepared', 'P').run()).meta.changes).toBe(1);
    const select = (await router.prepare('prepared', SELECT)).bind('prepared');
    expect(await select.first()).toEqual({ id: 'prepared', name: 'P' });
    expect(await select.first('name')).toBe('P');
    expect((await select.all()).results).toEqual([{ id: 'prepared', name: 'P' }]);
  });
});

describe('a statement that cannot be routed', () => {
  const router = createRouter({ shards: shardsOf() });

  it.each([
    ['', 'no statement'],
    ['-- nothing', 'no statement'],
    ['SELECT 1; SELECT 2', 'one statement'],
    ['BEGIN', 'transactions'],
  ])('is refused: %j', async (sql, message) => {
    const { code, message: told } = await caught(router.run('k', sql));
    expect([code, told]).toEqual(['UNROUTABLE_QUERY', expect.stringContaining(message)]);
  });

  it('is refused where it is no SQL', async () => {
    expect(await caught(router.run('k', "SELECT 'open"))).toMatchObject({ code: 'QUERY_FAILED' });
  });

  it.each([
    [undefined, 'undefined'],
    [Number.NaN, 'NaN'],
    [10n, 'bigint'],
    [new Date(0), 'Date'],
    [{ a: 1 }, 'object'],
    [Symbol('s'), 'symbol'],
  ])('is refused with a value that SQLite cannot keep: %o', async (value, message) => {
    const { code, message: told } = await caught(router.run('k', 'SELECT ?, ?', [1, value]));
    expect([code, told]).toEqual(['INVALID_BINDING', expect.stringContaining('Binding 2')]);
    expect(told).toContain(message);
  });

  it('takes everything that it can keep', async () => {
    const bytes = new Uint8Array([1, 2]);
    const row = await router.first('k', 'SELECT ? a, ? b, ? c, ? d', [null, true, 'x', bytes]);
    expect(row).toEqual({ a: null, b: 1, c: 'x', d: [1, 2] });
  });

  it('is refused with a key that is none', async () => {
    for (const key of ['', 7, 'k'.repeat(1025), 'é'.repeat(513), '\ud800']) {
      expect((await caught(router.run(key as string, 'SELECT 1'))).code).toBe('INVALID_KEY');
    }
    expect(await router.first('k'.repeat(1024), 'SELECT 1 AS one')).toEqual({ one: 1 });
  });
});

describe('all shards', () => {
  it('answer in their order, at most so many at once', async () => {
    let flying = 0;
    let most = 0;
    const names = ['z', 'a', 'm', 'b', 'c'];
    const slow = (name: string): Shard => ({
      prepare: () => ({
        bind: () => slow(name).prepare(''),
        run: async () => ({ results: [], meta: {} }),
        all: async <T>() => {
          flying += 1;
          most = Math.max(most, flying);
          await scheduler.wait(name === 'z' ? 30 : 5);
          flying -= 1;
          return { results: [{ name } as T], meta: {} };
        },
        first: async () => null,
      }),
    });
    const router = createRouter({ shards: Object.fromEntries(names.map((n) => [n, slow(n)])) });
    const answers = await router.allAllShards<{ name: string }>('SELECT 1', [], 2);
    expect(answers.map(({ results }) => results[0]?.name)).toEqual(names);
    expect(most).toBe(2);
  });

  it('give a row or null each', async () => {
    const router = createRouter({ shards: shardsOf() });
    await router.run('everywhere', INSERT, ['everywhere', 'E']);
    const rows = await router.firstAllShards<{ id: string }>(SELECT, ['everywhere']);
    expect(rows).toHaveLength(NAMES.length);
    expect(rows.filter((row) => row !== null)).toEqual([{ id: 'everywhere', name: 'E' }]);
  });

  it.each([0, -1, 1.5, Number.NaN, '5'])('refuse a batchSize of %o', async (size) => {
    const router = createRouter({ shards: shardsOf() });
    const error = await caught(router.runAllShards('SELECT 1', [], size as number));
    expect(error.code).toBe('INVALID_BATCH_SIZE');
  });

  it('tell what became of each when one fails, and keep what was done', async () => {
    const shards = { ...shardsOf(), 'db-west': broken(new Error('Network connection lost.')) };
    const router = createRouter({ shards, retryForMs: 0 });
    const error = await caught(router.runAllShards(INSERT, ['partial', 'p']));
    expect(error.code).toBe('SHARD_UNAVAILABLE');
    expect(error.message).toContain('1 of 3 shards failed: Shard db-west failed');
    const outcomes = error.outcomes as ShardOutcome[];
    expect(outcomes.map(({ shard, ok }) => [shard, ok])).toEqual([
      ['db-east', true],
      ['db-west', false],
      ['db-central', true],
    ]);
    expect(await shardsHaving('routed', 'partial')).toEqual(['db-east', 'db-central']);
  });
});

/** A database that fails each time, and counts how often. */
function broken(error: Error, counts = { times: 0 }): Shard {
  const fail = () => {
    counts.times += 1;
    return Promise.reject(error);
  };
  const statement = { bind: () => statement, run: fail, all: fail, first: fail };
  return { prepare: () => statement };
}

describe('a shard by its name', () => {
  it('runs what it is given', async () => {
    const router = createRouter({ shards: shardsOf() });
    await router.runShard('db-west', INSERT, ['named', 'N']);
    expect(await shardsHaving('routed', 'named')).toEqual(['db-west']);
    expect(await router.firstShard('db-west', SELECT, ['named'])).toMatchObject({ id: 'named' });
    expect((await router.allShard('db-east', SELECT, ['named'])).results).toEqual([]);
  });

  it('is refused where there is none, whatever its name', async () => {
    const router = createRouter({ shards: shardsOf() });
    for (const name of ['db-nowhere', 'constructor', '__proto__']) {
      const error = await caught(router.runShard(name, 'SELECT 1'));
      expect([error.code, error.message]).toEqual(['SHARD_NOT_FOUND', `Shard ${name} not found`]);
    }
  });

  it('tells its size, which grows', async () => {
    const router = createRouter({ shards: shardsOf() });
    const before = await router.getDatabaseSizeForShard('db-east');
    expect(before).toBeGreaterThan(0);
    expect(before % 4096).toBe(0);
    await router.runShard('db-east', INSERT, ['large', 'x'.repeat(100_000)]);
    expect(await router.getDatabaseSizeForShard('db-east')).toBeGreaterThan(before);
  });
});

describe('a failing shard', () => {
  const clock = () => {
    let now = 0;
    const slept: number[] = [];
    const sleep = async (ms: number) => {
      now += ms;
      slept.push(ms);
    };
    return { slept, clock: { now: () => now, sleep } };
  };
  const asked = async (message: string, sql: string) => {
    const counts = { times: 0 };
    const time = clock();
    const shards = { only: broken(new Error(message), counts) };
    const router = createRouter({ shards, clock: time.clock });
    const { code, cause } = await caught(router.run('k', sql, []));
    return { code, times: counts.times, cause: (cause as Error).message, slept: time.slept };
  };
  const SELECTS = 'SELECT 1';
  const WRITES = 'DELETE FROM routed';

  it('is asked again for a read', async () => {
    const told = await asked('Network connection lost.', SELECTS);
    expect(told).toEqual({
      code: 'SHARD_UNAVAILABLE',
      times: 4,
      cause: 'Network connection lost.',
      slept: [50, 200, 800],
    });
  });

  it('is not asked again for a write that may have happened', async () => {
    expect(await asked('Network connection lost.', WRITES)).toMatchObject({ times: 1 });
  });

  it('is asked again for a write that never began', async () => {
    const overloaded = 'D1_ERROR: D1 DB is overloaded. Too many requests queued.';
    expect(await asked(overloaded, WRITES)).toMatchObject({ times: 4 });
  });

  it('that refuses the statement is not asked again', async () => {
    const told = await asked('D1_ERROR: no such table: t: SQLITE_ERROR', SELECTS);
    expect(told).toMatchObject({ code: 'QUERY_FAILED', times: 1 });
  });

  it('is told apart from the others: their keys answer', async () => {
    const counts = noCounts();
    const shards = { ...shardsOf(counts), 'db-west': broken(new Error('down')) };
    const router = createRouter({ shards, retryForMs: 0 });
    const answers = await Promise.allSettled(
      Array.from({ length: 30 }, (_, key) => router.first(`k${key}`, SELECT, [`k${key}`])),
    );
    const failed = answers.filter(({ status }) => status === 'rejected');
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.length).toBeLessThan(20);
    for (const each of failed) {
      expect((each as PromiseRejectedResult).reason).toMatchObject({ code: 'SHARD_UNAVAILABLE' });
    }
  });

  it("passes D1's own words on", async () => {
    const router = createRouter({ shards: shardsOf() });
    const error = await caught(router.first('k', 'SELECT * FROM nowhere'));
    expect(error.code).toBe('QUERY_FAILED');
    expect(error.message).toContain('no such table: nowhere');
  });
});
