// Keys that the library makes: no two rows get the same, on whatever shards and in whatever
// isolate, and each row is found by its own.

import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type CollegeDBConfig,
  type CoordinatorNamespace,
  first,
  initialize,
  insert,
  insertShard,
  nextId,
  resetConfig,
  runShard,
} from '../../client/sql/index.ts';
import { coordinatorOf, kvOf, NAMES, onAll, shardsHaving, shardsOf } from './doubles.ts';

const INSERT = 'INSERT INTO tickets (title) VALUES (?)';
const SELECT = 'SELECT title FROM tickets WHERE id = ?';
const NOTE = 'INSERT INTO notes (title) VALUES (?)';

/** The coordinator's binding of another isolate, which has no numbers of ours. */
const coordinatorAgain = (): CoordinatorNamespace => ({
  idFromName: (name) => env.ShardCoordinator.idFromName(name),
  get: (id) => env.ShardCoordinator.get(id as DurableObjectId),
});

const start = (config: Partial<CollegeDBConfig> = {}) => {
  resetConfig();
  const coordinator = coordinatorAgain();
  initialize({
    shards: shardsOf(),
    kv: kvOf(),
    coordinator,
    disableAutoMigration: true,
    ...config,
  });
};

beforeAll(async () => {
  await onAll('CREATE TABLE tickets (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT UNIQUE)');
  await onAll('CREATE TABLE notes (id TEXT PRIMARY KEY, title TEXT)');
  await onAll('CREATE TABLE once (id INTEGER PRIMARY KEY)');
  await onAll('CREATE TABLE cheap (id TEXT PRIMARY KEY, no INTEGER)');
});
beforeEach(async () => {
  await onAll('DELETE FROM tickets');
  await onAll('DELETE FROM notes');
});
afterEach(() => resetConfig());

describe('numbers', () => {
  it('are given once, to two isolates too, and grow', async () => {
    start();
    const mine = await Promise.all(Array.from({ length: 20 }, () => nextId('once')));
    start();
    const theirs = await Promise.all(Array.from({ length: 20 }, () => nextId('once')));
    expect(new Set([...mine, ...theirs]).size).toBe(40);
    expect(Math.min(...theirs)).toBeGreaterThan(Math.max(...mine));
  });

  it('begin above the rows of all shards, and at the least that is wanted', async () => {
    await env['db-west'].prepare('INSERT INTO tickets (id) VALUES (4700)').run();
    start();
    expect(await nextId('tickets')).toBe(4701);
    expect(await nextId('tickets')).toBe(4702);
    expect(await nextId('tickets', { min: 9000 })).toBe(9000);
    expect(await nextId('tickets', { min: 10 })).toBe(9001);
  });

  it('cost a call of the coordinator now and then', async () => {
    let next = 1;
    const { asked, coordinator } = coordinatorOf((_, body) => {
      const { count, min } = body as { count: number; min: number };
      const value = Math.max(next, min);
      next = value + count;
      return Response.json({ value });
    });
    start({ coordinator });
    const ids = [];
    for (let turn = 0; turn < 1000; turn += 1) ids.push(await nextId('cheap', { column: 'no' }));
    expect(ids).toEqual(Array.from({ length: 1000 }, (_, index) => index + 1));
    expect(asked.length).toBeLessThan(10);
    expect(asked[0]).toEqual({ path: '/sequence', body: { name: 'cheap.no', min: 1, count: 8 } });
  });

  it('are refused where nobody gives them once', async () => {
    start({ coordinator: undefined as never });
    await expect(nextId('tickets')).rejects.toMatchObject({ code: 'COORDINATOR_REQUIRED' });
    start({ coordinator: coordinatorOf(() => new Response('', { status: 500 })).coordinator });
    await expect(nextId('tickets')).rejects.toMatchObject({ code: 'COORDINATOR_UNAVAILABLE' });
    start();
    await env['db-east'].prepare("INSERT INTO notes (id) VALUES ('x')").run();
    await expect(nextId('notes')).rejects.toMatchObject({ code: 'GENERATED_KEY_UNAVAILABLE' });
    await expect(nextId('a"b')).rejects.toMatchObject({ code: 'INVALID_IDENTIFIER' });
    await expect(nextId('tickets', { min: -1 })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });
});

describe.each(['kv', 'slots'] as const)('an insert by %s', (placement) => {
  const config = placement === 'kv' ? {} : { placement, coordinator: undefined as never };

  it('makes a text for its row, which is found by it', async () => {
    start(config);
    const keys = [];
    for (let turn = 0; turn < 30; turn += 1) {
      const { generatedId, meta } = await insert(NOTE, [`n${turn}`]);
      expect(meta.changes).toBe(1);
      keys.push(String(generatedId));
    }
    expect(new Set(keys).size).toBe(30);
    for (const [turn, key] of keys.entries()) {
      const sql = 'SELECT title FROM notes WHERE id = ?';
      expect(await first(key, sql, [key])).toEqual({ title: `n${turn}` });
      expect(await shardsHaving('notes', key)).toHaveLength(1);
    }
  });

  it('goes to the shard that is named, and is found there', async () => {
    start(config);
    for (const shard of NAMES) {
      const { generatedId } = await insertShard(shard, NOTE, ['there']);
      const key = String(generatedId);
      expect(await shardsHaving('notes', key)).toEqual([shard]);
      expect(await first(key, 'SELECT title FROM notes WHERE id = ?', [key])).toEqual({
        title: 'there',
      });
    }
    await expect(insertShard('db-nowhere', NOTE, ['x'])).rejects.toMatchObject({
      code: 'SHARD_NOT_FOUND',
    });
  });
});

describe('an insert with numbers', () => {
  it('never makes one twice, though each database would begin with 1', async () => {
    start();
    const mine = [];
    for (let turn = 0; turn < 12; turn += 1) mine.push(await insert(INSERT, [`mine ${turn}`]));
    start();
    const theirs = [];
    for (let turn = 0; turn < 12; turn += 1) theirs.push(await insert(INSERT, [`theirs ${turn}`]));
    const ids = [...mine, ...theirs].map(({ generatedId }) => generatedId as number);
    expect(new Set(ids).size).toBe(24);
    const shards = new Set<string>();
    for (const id of ids) {
      expect(await first(String(id), SELECT, [id])).not.toBeNull();
      for (const shard of await shardsHaving('tickets', id as never)) shards.add(shard);
    }
    expect(shards.size).toBe(3);
  });

  it('begins anew above rows that somebody else wrote meanwhile', async () => {
    start();
    const { generatedId } = await insert(INSERT, ['before']);
    const next = (generatedId as number) + 1;
    // Wherever the next number goes, a row of it is there.
    for (const name of NAMES) {
      await env[name]
        .prepare('INSERT INTO tickets (id, title) VALUES (?, ?)')
        .bind(next, name)
        .run();
    }
    const after = await insert(INSERT, ['after']);
    expect(after.generatedId).toBeGreaterThan(next);
    expect(await first(String(after.generatedId), SELECT, [after.generatedId])).toEqual({
      title: 'after',
    });
  });

  it('says so where the numbers that it gets are all taken', async () => {
    for (const name of NAMES) {
      await env[name].prepare("INSERT INTO tickets (id, title) VALUES (7, 'seven')").run();
    }
    start({
      coordinator: coordinatorOf(() => Response.json({ value: 7, shard: 'db-east' })).coordinator,
    });
    await expect(insert(INSERT, ['x'])).rejects.toMatchObject({ code: 'GENERATED_KEY_COLLISION' });
  });

  it('is refused by another constraint like every insert', async () => {
    start();
    await insertShard('db-east', INSERT, ['same']);
    await expect(insertShard('db-east', INSERT, ['same'])).rejects.toMatchObject({
      code: 'QUERY_FAILED',
      message: expect.stringContaining('tickets.title'),
    });
  });

  it('keeps a key that the statement has, and answers what it returns', async () => {
    start();
    const named = await insert<{ title: string }>(
      'INSERT INTO notes (id, title) VALUES (?, ?) RETURNING title',
      ['mine', 'T'],
    );
    expect([named.generatedId, named.results]).toEqual(['mine', [{ title: 'T' }]]);
    expect(await shardsHaving('notes', 'mine')).toHaveLength(1);
    await expect(
      insertShard('db-east', 'INSERT INTO notes (id) VALUES (?)', ['mine']).then(() =>
        insertShard('db-west', 'INSERT INTO notes (id) VALUES (?)', ['mine']),
      ),
    ).rejects.toMatchObject({ code: expect.stringMatching(/RECORD_CONFLICT|QUERY_FAILED/) });
  });
});

describe('a statement that takes no key', () => {
  it.each([
    'INSERT INTO notes (title) VALUES (?), (?)',
    'INSERT INTO notes (title) SELECT ?',
    'INSERT INTO notes DEFAULT VALUES',
    'INSERT INTO notes (title) VALUES (?1)',
    'INSERT OR IGNORE INTO notes (title) VALUES (?)',
    'INSERT /* x */ INTO notes (title) VALUES (?)',
    'INSERT INTO nothing (title) VALUES (?)',
  ])('is refused: %s', async (sql) => {
    start();
    const values = Array.from({ length: (sql.match(/\?/g) ?? []).length }, () => 'v');
    await expect(insert(sql, values)).rejects.toMatchObject({ code: 'GENERATED_KEY_UNAVAILABLE' });
  });

  it.each(['SELECT 1', 'DELETE FROM notes', 'INSERT INTO notes (id) VALUES (1); SELECT 1'])(
    'is no insert: %s',
    async (sql) => {
      start();
      await expect(insert(sql)).rejects.toMatchObject({ code: 'UNROUTABLE_QUERY' });
    },
  );

  it('may have brackets, texts and quoted names', async () => {
    start();
    const sql =
      'INSERT INTO "notes" ("title") VALUES (upper(\'a) VALUES (\' || ?)) RETURNING title';
    const { generatedId, results } = await insert(sql, ['b']);
    expect(results).toEqual([{ title: 'A) VALUES (B' }]);
    expect(await shardsHaving('notes', String(generatedId))).toHaveLength(1);
    await runShard('db-east', 'CREATE TABLE reals (id REAL PRIMARY KEY, v)');
    await expect(insert('INSERT INTO reals (v) VALUES (?)', [1])).rejects.toMatchObject({
      code: 'GENERATED_KEY_UNAVAILABLE',
    });
  });
});
