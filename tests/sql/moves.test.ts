// Slots that move between D1 databases, by the coordinator's own object and its alarm, and how many
// keys it counts there.

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { slotOf } from '../../client/sql/core.ts';
import { createRouter } from '../../client/sql/index.ts';
import { pause } from './under_load.ts';

const shards = ['db-east', 'db-west', 'db-central'] as const;
type Shard = (typeof shards)[number];

let made = 0;
let coordinator = env.ShardCoordinator.getByName('of moves');

interface Move {
  id: number;
  from: string;
  to: string;
  slots: number;
  state: string;
  copied: number;
  rows: number | null;
  error?: string;
}

async function ask<T>(method: string, path: string, body?: unknown, status = 200) {
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await coordinator.fetch(`http://coordinator${path}`, { method, ...init });
  const text = await response.text();
  expect(response.status, text).toBe(status);
  return JSON.parse(text) as T;
}

async function move(body: unknown) {
  return (await ask<{ moves: Move[] }>('POST', '/moves', body)).moves;
}

/** The alarm, so often until all moves are over; between its runs the object may be put away. */
async function settle(between: () => Promise<unknown> = async () => undefined) {
  for (let runs = 0; runs < 1000; runs += 1) {
    if (!(await runDurableObjectAlarm(coordinator))) break;
    await between();
  }
  const { moves } = await ask<{ moves: Move[] }>('GET', '/moves');
  for (const each of moves) expect(each).toMatchObject({ state: 'cleaned', copied: each.rows });
}

async function rowsOf(shard: Shard, sql: string) {
  const { results } = await env[shard].prepare(sql).all<Record<string, unknown>>();
  return results;
}

async function everywhere(sql: string) {
  const all = await Promise.all(shards.map((shard) => rowsOf(shard, sql)));
  return all.flat().sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1));
}

/** What the projection of our own Worker keeps in its shards is not the test's. */
async function clear(shard: Shard) {
  const { results } = await env[shard]
    .prepare(
      `SELECT name FROM sqlite_master
       WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*'`,
    )
    .all<{ name: string }>();
  const drops = results.map(({ name }) => env[shard].prepare(`DROP TABLE "${name}"`));
  const deferred = env[shard].prepare('PRAGMA defer_foreign_keys = on');
  if (drops.length > 0) await env[shard].batch([deferred, ...drops]);
}

const firstOwner = (key: string): Shard => (slotOf(key) < 2048 ? 'db-east' : 'db-west');

async function fill(users: number) {
  for (const shard of ['db-east', 'db-west'] as const) {
    const statements = [
      env[shard].prepare('CREATE TABLE users (id TEXT PRIMARY KEY, v, picture BLOB)'),
      env[shard].prepare(
        `CREATE TABLE posts (id INTEGER PRIMARY KEY,
          user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE, score REAL)`,
      ),
    ];
    for (let at = 0; at < users; at += 1) {
      const key = `user ${at}`;
      if (firstOwner(key) !== shard) continue;
      const insert = env[shard].prepare('INSERT INTO users VALUES (?1, ?2, ?3)');
      statements.push(
        insert.bind(key, at % 3 === 0 ? null : `a${'\0'}é${at}`, new Uint8Array([0, 255, at])),
      );
      const post = env[shard].prepare(
        'INSERT INTO posts VALUES (9007199254740993 + CAST(?1 AS INTEGER), ?2, ?3)',
      );
      statements.push(post.bind(at, key, at / 7));
    }
    await env[shard].batch(statements);
  }
}

const users = 'SELECT id, typeof(v) AS t, hex(v) AS v, hex(picture) AS picture FROM users';
const posts =
  'SELECT CAST(id AS TEXT) AS id, user_id, typeof(id) AS t, score, typeof(score) AS r FROM posts';

describe('moves of slots', { timeout: 60_000 }, () => {
  beforeEach(async () => {
    made += 1;
    coordinator = env.ShardCoordinator.getByName(`of moves ${made}`);
    for (const shard of shards) await clear(shard);
  });

  it('fill a third shard and empty it again, each row there exactly once', async () => {
    await fill(150);
    const before = [await everywhereOfTwo(users), await everywhereOfTwo(posts)];
    expect(before[0]).toHaveLength(150);
    const first = await ask<{ version: number }>('POST', '/slots', {
      availableShards: ['db-east', 'db-west'],
    });
    expect(first.version).toBe(1);
    const planned = await move({ kind: 'add', shard: 'db-central' });
    expect(planned.map(({ from, to }) => [from, to])).toEqual(
      expect.arrayContaining([
        ['db-east', 'db-central'],
        ['db-west', 'db-central'],
      ]),
    );
    await settle(() => evictDurableObject(coordinator));
    expect([await everywhere(users), await everywhere(posts)]).toEqual(before);
    const there = await rowsOf('db-central', 'SELECT id FROM users');
    expect(there.length).toBeGreaterThan(20);
    const [sum] = await rowsOf('db-central', 'SELECT slots FROM tidemark_shard');
    expect(sum).toEqual({ slots: 1365 });
    const { version } = await ask<{ version: number }>('GET', '/slots?after=1');
    expect(version).toBeGreaterThan(1365);
    expect(await ask('GET', `/slots?after=${version}`)).toEqual({ version });

    await move({ kind: 'drain', shard: 'db-central' });
    await settle();
    expect([await everywhere(users), await everywhere(posts)]).toEqual(before);
    expect(await rowsOf('db-central', 'SELECT id FROM users')).toEqual([]);
    const left = "SELECT name FROM sqlite_master WHERE name GLOB 'tidemark_*'";
    for (const shard of shards) {
      const names = (await rowsOf(shard, left)).map(({ name }) => name).sort();
      expect(names).toEqual(['tidemark_order', 'tidemark_shard', 'tidemark_slots']);
    }
  });

  it('carry what is written meanwhile', async () => {
    await fill(60);
    await ask('POST', '/slots', { availableShards: ['db-east', 'db-west'] });
    await move({ kind: 'rebalance', weights: { 'db-east': 1, 'db-west': 0 } });
    const key = Array.from({ length: 60 }, (_, at) => `user ${at}`).find(
      (user) => firstOwner(user) === 'db-west',
    ) as string;
    const fence = `SELECT CASE WHEN (SELECT writable FROM tidemark_slots WHERE slot = ?1) = 1
       THEN 1 ELSE json('moved') END`;
    let written = '';
    let at = 0;
    const write = async () => {
      for (const shard of ['db-west', 'db-east'] as const) {
        at += 1;
        const update = 'UPDATE users SET v = ?1 WHERE id = ?2';
        try {
          await env[shard].batch([
            env[shard].prepare(fence).bind(slotOf(key)),
            env[shard].prepare(update).bind(`write ${at}`, key),
          ]);
          written = `write ${at}`;
        } catch (error) {
          expect(String(error)).toContain('malformed JSON');
        }
      }
    };
    let over = false;
    const writing = (async () => {
      while (!over) {
        await write();
        await pause(1);
      }
    })();
    await settle();
    over = true;
    await writing;
    expect(await rowsOf('db-west', 'SELECT id FROM users')).toEqual([]);
    expect(at).toBeGreaterThan(4);
    const [row] = await rowsOf('db-east', `SELECT v FROM users WHERE id = '${key}'`);
    expect(row).toEqual({ v: written });
  });

  it('are refused for a shard that the object has no database of', async () => {
    const body = { availableShards: ['db-east', 'db-nowhere'] };
    expect(await ask('POST', '/slots', body, 409)).toMatchObject({ code: 'shard_unreachable' });
    expect(await ask('GET', '/slots', undefined, 404)).toMatchObject({ code: 'no_slots' });
  });
});

describe('keys of shards that have slots', () => {
  beforeEach(async () => {
    made += 1;
    coordinator = env.ShardCoordinator.getByName(`of moves ${made}`);
    for (const shard of shards) await clear(shard);
  });

  const counts = async () =>
    Object.fromEntries(
      (await ask<{ binding: string; count: number }[]>('GET', '/stats')).map(
        ({ binding, count }) => [binding, count],
      ),
    );

  it('are counted when somebody asks, and told to whoever reads the state', async () => {
    await fill(60);
    await ask('POST', '/slots', { availableShards: ['db-east', 'db-west'] });
    const east = (await rowsOf('db-east', 'SELECT id FROM users')).length;
    expect(east).toBeGreaterThan(0);
    const told = { 'db-east': east, 'db-west': 60 - east };
    expect(await Promise.all([counts(), counts()])).toEqual([told, told]);
    const state = await runInDurableObject(coordinator, (_, { storage }) =>
      storage.get('coordinator_state'),
    );
    expect(state).toMatchObject({ shardStats: { 'db-west': { count: 60 - east } } });
    await env['db-east'].prepare("INSERT INTO users VALUES ('one more', NULL, NULL)").run();
    expect(await counts()).toEqual(told);
  });

  it('are counted in tables that were made through the router, whose column it says', async () => {
    const config = {
      shards: { 'db-east': env['db-east'], 'db-west': env['db-west'] },
      placement: 'slots',
      coordinator: { idFromName: (name: string) => name, get: () => coordinator },
      tables: { notes: { key: 'owner' } },
    } as const;
    const router = createRouter(config);
    await router.runAllShards('CREATE TABLE notes (id INTEGER PRIMARY KEY, owner TEXT)');
    for (const owner of ['ann', 'bob', 'cyd', 'ann']) {
      await router.run(owner, 'INSERT INTO notes (owner) VALUES (?)', [owner]);
    }
    const stats = await router.getShardStats();
    expect(stats.reduce((sum, { count }) => sum + count, 0)).toBe(3);
  });
});

const everywhereOfTwo = async (sql: string) =>
  [...(await rowsOf('db-east', sql)), ...(await rowsOf('db-west', sql))].sort((a, b) =>
    String(a.id) < String(b.id) ? -1 : 1,
  );
