// Queries of all shards as one answer: in the order that one database would have, page after page,
// and with no more rows moved than that takes.

import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  allAllShardsGlobal,
  firstAllShardsGlobal,
  type GlobalAllShardsOptions,
  initialize,
  paginate,
  resetConfig,
} from '../../client/sql/index.ts';
import { NAMES, onAll, shardOf } from './doubles.ts';

interface Player {
  id: number;
  name: string | null;
  city: string;
  score: number | null;
  token?: unknown;
}

const count = 900;
const shards = () => Object.fromEntries(NAMES.map((name) => [name, shardOf(env[name])]));
const names = ['ada', 'Bob', 'BOB', 'cleo', 'Cleo', 'dan', 'DAN', 'eve', null];

/** Many ties, nulls and letters of either case; shards of very different sizes. */
const players: (Player & { shard: (typeof NAMES)[number] })[] = Array.from(
  { length: count },
  (_, index) => ({
    id: index + 1,
    name: names[(index * 7) % names.length] ?? null,
    city: `c${(index * 31) % 50}`,
    score: index % 41 === 0 ? null : (index * 37) % 23,
    shard: NAMES[index % 13 === 0 ? 1 : index % 5 === 0 ? 2 : 0] as (typeof NAMES)[number],
  }),
);

beforeAll(async () => {
  const columns = 'id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE, city TEXT, score INTEGER';
  await onAll(`CREATE TABLE players (${columns})`);
  for (const shard of NAMES) {
    const rows = JSON.stringify(players.filter((player) => player.shard === shard));
    await env[shard]
      .prepare(
        "INSERT INTO players SELECT value ->> 'id', value ->> 'name', value ->> 'city', " +
          "value ->> 'score' FROM json_each(?)",
      )
      .bind(rows)
      .run();
  }
  // All of them in one database, which knows the right order.
  await env['db-europe'].prepare(`CREATE TABLE players (${columns}, place INTEGER)`).run();
  const rows = JSON.stringify(
    players.map(({ shard, ...player }) => ({ ...player, place: NAMES.indexOf(shard) })),
  );
  await env['db-europe']
    .prepare(
      "INSERT INTO players SELECT value ->> 'id', value ->> 'name', value ->> 'city', " +
        "value ->> 'score', value ->> 'place' FROM json_each(?)",
    )
    .bind(rows)
    .run();
});

afterEach(() => resetConfig());

const start = () => initialize({ shards: shards() });

/** The ids that one database has at these places; of equal rows those of the earlier shard. */
async function whole(order: string, offset: number, limit: number): Promise<number[]> {
  const { results } = await env['db-europe']
    .prepare(`SELECT id FROM players ORDER BY ${order}, place, id LIMIT ? OFFSET ?`)
    .bind(limit, offset)
    .all<{ id: number }>();
  return results.map(({ id }) => id);
}

const ids = (rows: readonly { id: number }[]) => rows.map(({ id }) => id);

describe('rows of all shards', () => {
  const orders: [order: string, options: GlobalAllShardsOptions<Player>][] = [
    ['score', { sortBy: 'score' }],
    ['score DESC', { sortBy: 'score', sortDirection: 'desc' }],
    ['name', { sortBy: 'name' }],
    ['city DESC', { sortBy: 'city', sortDirection: 'desc' }],
    ['id', { sortBy: 'id' }],
  ];
  const places = [0, 1, 255, 256, 257, 300, 445, 640, 885, 890, 899, 900, 1000, 100_000];

  it.each(orders)('come as one database has them, at every depth: %s', async (order, options) => {
    start();
    for (const offset of places) {
      const page = { ...options, offset, limit: 15 };
      const { results } = await allAllShardsGlobal<Player>('SELECT * FROM players', [], page);
      expect([offset, ids(results)]).toEqual([offset, await whole(order, offset, 15)]);
    }
  });

  it.each([
    'score DESC NULLS LAST',
    'name COLLATE BINARY DESC',
    'name, score DESC',
    'lower(name), city',
    'score % 3, city DESC',
  ])('come in the order that the statement says: %s', async (order) => {
    start();
    for (const offset of [0, 30, 500, 880]) {
      const sql = `SELECT id FROM players ORDER BY ${order} LIMIT 15 OFFSET ${offset}`;
      const { results } = await allAllShardsGlobal<Player>(sql);
      expect([offset, results]).toEqual([
        offset,
        (await whole(order, offset, 15)).map((id) => ({ id })),
      ]);
    }
  });

  it('are each there once, page after page, though most are equal', async () => {
    start();
    const seen: number[] = [];
    for (let page = 1; page <= 9; page += 1) {
      const sql = 'SELECT id FROM players';
      const options = { page, limit: 100, sortBy: 'score' as const };
      const answer = await paginate<Player>(sql, [], options);
      expect(answer).toMatchObject({ total: count, page, limit: 100, pages: 9 });
      seen.push(...ids(answer.results));
    }
    expect(seen).toEqual(await whole('score', 0, count));
  });

  it('come shard by shard where nobody says in which order', async () => {
    start();
    const all = await allAllShardsGlobal<Player>('SELECT id FROM players');
    const each = NAMES.flatMap((name) => players.filter(({ shard }) => shard === name));
    expect(ids(all.results)).toEqual(ids(each));
    const last = await allAllShardsGlobal<Player>('SELECT id FROM players', [], { offset: 700 });
    expect(ids(last.results)).toEqual(ids(each).slice(700));
    const sorted = { sortBy: 'score' as const, offset: 870 };
    const rest = await allAllShardsGlobal<Player>('SELECT * FROM players', [], sorted);
    expect(ids(rest.results)).toEqual(await whole('score', 870, 100));
    for (const offset of [5, 600, 700, 899, 950]) {
      const page = { offset, limit: 40 };
      const { results } = await allAllShardsGlobal<Player>('SELECT id FROM players', [], page);
      expect(ids(results)).toEqual(ids(each).slice(offset, offset + 40));
    }
  });

  it('take bindings and conditions', async () => {
    start();
    const sql = 'SELECT id, score FROM players WHERE score > ? AND city <> ?2';
    const page = { sortBy: 'id' as const, offset: 300, limit: 5, includeTotal: true };
    const { results, meta } = await allAllShardsGlobal<Player>(sql, [11, 'c3'], page);
    const right = players.filter(({ score, city }) => (score ?? 0) > 11 && city !== 'c3');
    expect(ids(results)).toEqual(ids(right).slice(300, 305));
    expect(meta.total).toBe(right.length);
  });

  it('are sorted and filtered by functions too', async () => {
    start();
    const far = await allAllShardsGlobal<Player>('SELECT * FROM players', [], {
      filter: ({ city }) => city === 'c31',
      comparator: (a, b) => b.id - a.id,
      offset: 2,
      limit: 3,
      includeTotal: true,
    });
    const right = ids(players.filter(({ city }) => city === 'c31')).reverse();
    expect([ids(far.results), far.meta.total]).toEqual([right.slice(2, 5), right.length]);
    const by = { sortBy: ({ id }: Player) => -id, limit: 2 };
    const last = await allAllShardsGlobal<Player>('SELECT id FROM players', [], by);
    expect(ids(last.results)).toEqual([900, 899]);
  });

  it('have a first', async () => {
    start();
    const sql = 'SELECT id FROM players WHERE score IS NOT NULL';
    const by = { sortBy: 'id' as const, sortDirection: 'desc' as const };
    expect(await firstAllShardsGlobal<Player>(sql, [], by)).toEqual({ id: 900 });
    expect(await firstAllShardsGlobal('SELECT id FROM players WHERE id < 0')).toBeNull();
  });
});

describe('what is moved', () => {
  it('is what the page needs, and a little at any depth', async () => {
    start();
    const moved = async (offset: number, limit: number) => {
      const options = { sortBy: 'score' as const, offset, limit };
      return (await allAllShardsGlobal<Player>('SELECT * FROM players', [], options)).meta
        .rows_moved as number;
    };
    expect(await moved(0, 20)).toBeLessThanOrEqual(20 * NAMES.length);
    expect(await moved(800, 20)).toBeLessThan(500);
    expect(await moved(100_000, 20)).toBe(0);
  });
});

describe('what cannot be asked', () => {
  const ask = (sql: string, options: object) => allAllShardsGlobal(sql, [], options);

  it.each([
    [{ limit: -1 }, 'INVALID_OPTION'],
    [{ offset: 1.5 }, 'INVALID_OPTION'],
    [{ limit: 50_001 }, 'TOO_MANY_ROWS'],
    [{ batchSize: 0 }, 'INVALID_BATCH_SIZE'],
    [{ batchSize: -1 }, 'INVALID_BATCH_SIZE'],
    [{ sortDirection: 'up' }, 'INVALID_OPTION'],
    [{ sortBy: 7 }, 'INVALID_OPTION'],
    [{ filter: 'x' }, 'INVALID_OPTION'],
    [{ sortBy: 'nothing' }, 'QUERY_FAILED'],
    [{ sortBy: 'id" DESC; DROP TABLE players --' }, 'QUERY_FAILED'],
  ])('is refused: %j', async (options, code) => {
    start();
    await expect(ask('SELECT * FROM players', options)).rejects.toMatchObject({ code });
  });

  it.each(['DELETE FROM players', 'SELECT 1; SELECT 2', 'PRAGMA table_list'])(
    'is no SELECT: %s',
    async (sql) => {
      start();
      await expect(ask(sql, { sortBy: 'id' })).rejects.toMatchObject({ code: 'UNROUTABLE_QUERY' });
    },
  );

  it('is an order by what is no column of a union', async () => {
    start();
    const sql = 'SELECT id FROM players UNION SELECT id FROM players ORDER BY abs(id)';
    await expect(ask(sql, { limit: 3 })).rejects.toMatchObject({ code: 'UNSUPPORTED_ORDER' });
  });

  it.each(NAMES)('is hidden by no shard that fails: %s', async (name) => {
    const down = {
      prepare: () => {
        throw new Error('the database is down');
      },
    };
    initialize({ shards: { ...shards(), [name]: down }, retryForMs: 0 });
    for (const offset of [0, 500]) {
      await expect(
        ask('SELECT * FROM players', { sortBy: 'id', offset, limit: 5 }),
      ).rejects.toMatchObject({
        code: 'SHARD_UNAVAILABLE',
        outcomes: NAMES.map((shard) => ({ shard, ok: shard !== name })),
      });
    }
  });
});

describe("a column's own collation", () => {
  it('counts as its database has it, also in brackets and in an expression', async () => {
    await onAll('CREATE TABLE words (id INTEGER PRIMARY KEY, t TEXT COLLATE RTRIM, n NOCASE)');
    const rows: [(typeof NAMES)[number], number, string, string][] = [
      ['db-east', 1, 'b ', 'B'],
      ['db-west', 2, 'b', 'a'],
      ['db-central', 3, 'B', 'b'],
      ['db-west', 4, 'a', 'C'],
    ];
    for (const [shard, ...row] of rows) {
      await env[shard]
        .prepare('INSERT INTO words VALUES (?, ?, ?)')
        .bind(...row)
        .run();
    }
    start();
    const order = async (sql: string) => ids((await allAllShardsGlobal<Player>(sql)).results);
    expect(await order('SELECT id FROM words ORDER BY t')).toEqual([3, 4, 1, 2]);
    expect(await order('SELECT id FROM words ORDER BY t DESC')).toEqual([1, 2, 4, 3]);
    expect(await order('SELECT id FROM words ORDER BY n COLLATE BINARY')).toEqual([1, 4, 2, 3]);
    expect(await order('SELECT id FROM words ORDER BY n || n')).toEqual([1, 4, 2, 3]);
    const inner = '(SELECT id, t AS u FROM words WHERE id > 0 LIMIT 9)';
    expect(await order(`SELECT id FROM ${inner} ORDER BY u LIMIT 3`)).toEqual([3, 4, 1]);
  });
});
