// What goes wrong in sharding libraries and does not here, and input that nobody should give.

import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chooseShard, placeSlot, slotOf } from '../../client/sql/core.ts';
import {
  allByLookupKey,
  createRouter,
  initialize,
  insert,
  insertInto,
  KVShardMapper,
  paginate,
  resetConfig,
} from '../../client/sql/index.ts';
import { kvOf, NAMES, onAll, shardsHaving, shardsOf } from './doubles.ts';

const config = () => ({ shards: shardsOf(), kv: kvOf(), disableAutoMigration: true });
const SELECT = 'SELECT * FROM users WHERE id = ?';
const INSERT = 'INSERT INTO users (id, name) VALUES (?, ?)';

beforeAll(async () => {
  for (const table of ['users', 'posts']) {
    await onAll(`CREATE TABLE IF NOT EXISTS ${table} (id TEXT PRIMARY KEY, name TEXT)`);
  }
});
beforeEach(async () => {
  for (const table of ['users', 'posts']) await onAll(`DELETE FROM ${table}`);
  await new KVShardMapper(env.KV).clearAllMappings();
});
afterEach(() => resetConfig());

describe('keys that are numbers', () => {
  const ids = Array.from({ length: 1500 }, (_, index) => String(index));

  it.each([4, 31, 62, 93])(
    'fill each of %i shards about as much, by hash and by slots',
    (count) => {
      const shards = Array.from({ length: count }, (_, index) => `db-${index}`);
      const names = JSON.stringify([...shards].sort());
      const by = {
        hash: (key: string) => chooseShard({ key, strategy: 'hash', shards }).shard,
        slots: (key: string) => placeSlot(slotOf(key), names),
      };
      for (const placed of Object.values(by)) {
        const sizes = new Map<string, number>();
        for (const id of ids) sizes.set(placed(id), (sizes.get(placed(id)) ?? 0) + 1);
        expect(sizes.size).toBe(count);
        expect(Math.max(...sizes.values())).toBeLessThan((3 * ids.length) / count);
      }
    },
  );

  it('mostly stay where they are when a shard is added', () => {
    const four = ['a', 'b', 'c', 'd'];
    const place = (key: string, shards: string[]) =>
      chooseShard({ key, strategy: 'hash', shards }).shard;
    const moved = ids.filter((id) => place(id, four) !== place(id, [...four, 'e']));
    expect(moved.length / ids.length).toBeGreaterThan(0.15);
    expect(moved.length / ids.length).toBeLessThan(0.25);
    for (const id of moved) expect(place(id, [...four, 'e'])).toBe('e');
  });
});

describe('rows of one key in several tables', () => {
  it('hide none of each other, lie together and move together', async () => {
    const router = createRouter(config());
    await router.run('7', INSERT, ['7', 'user']);
    await router.run('7', 'INSERT INTO posts (id, name) VALUES (?, ?)', ['7', 'post']);
    const post = 'SELECT name FROM posts WHERE id = ?';
    expect(await router.first('7', SELECT, ['7'])).toMatchObject({ name: 'user' });
    expect(await router.first('7', post, ['7'])).toMatchObject({ name: 'post' });
    const [at] = await shardsHaving('users', '7');
    const to = NAMES.find((name) => name !== at) as string;
    await router.reassignShard('7', to);
    for (const table of ['users', 'posts']) expect(await shardsHaving(table, '7')).toEqual([to]);
  });
});

describe('a key that another isolate moved', () => {
  it('is changed where it is now, and not inserted where it was', async () => {
    const [mover, reader] = [createRouter(config()), createRouter(config())];
    await mover.run('moved', INSERT, ['moved', 'M']);
    const move = async () => {
      await reader.first('moved', SELECT, ['moved']);
      const [at] = await shardsHaving('users', 'moved');
      await mover.reassignShard('moved', NAMES.find((name) => name !== at) as string);
    };
    await move();
    const update = 'UPDATE users SET name = ? WHERE id = ?';
    expect((await reader.run('moved', update, ['N', 'moved'])).meta.changes).toBe(1);
    await move();
    await expect(reader.run('moved', INSERT, ['moved', 'again'])).rejects.toMatchObject({
      code: 'QUERY_FAILED',
    });
    expect(await shardsHaving('users', 'moved')).toHaveLength(1);
  });
});

describe('a shard that is no longer configured', () => {
  it('is named by what would need it, and the others go on', async () => {
    const router = createRouter(config());
    await new KVShardMapper(env.KV).setShardMapping('left', 'db-gone');
    for (const ask of [
      () => router.first('left', SELECT, ['left']),
      () => router.run('left', INSERT, ['left', 'L']),
      () => router.reassignShard('left', 'db-east'),
    ]) {
      await expect(ask()).rejects.toMatchObject({
        code: 'SHARD_NOT_FOUND',
        message: 'Shard db-gone not found',
      });
    }
    await router.run('here', INSERT, ['here', 'H']);
    expect(await router.first('here', SELECT, ['here'])).toMatchObject({ name: 'H' });
    initialize(config());
    expect((await allByLookupKey('left', SELECT, ['left'])).results).toEqual([]);
  });
});

describe('input that nobody should give', () => {
  const router = () => createRouter(config());

  it.each([
    [
      'a key of a megabyte',
      () => router().run('k'.repeat(1 << 20), INSERT, ['k', 'K']),
      'INVALID_KEY',
    ],
    ['an empty key', () => router().first('', SELECT, ['']), 'INVALID_KEY'],
    ['no key', () => router().all(null as never, SELECT, ['']), 'INVALID_KEY'],
    ['a shard of nobody', () => router().allShard('db-no', 'SELECT 1'), 'SHARD_NOT_FOUND'],
    ['a shard of every object', () => router().allShard('toString', 'SELECT 1'), 'SHARD_NOT_FOUND'],
    ['two statements', () => router().run('k', `${INSERT}; DELETE FROM users`), 'UNROUTABLE_QUERY'],
    ['two for all', () => router().allAllShards('SELECT 1; SELECT 2'), 'UNROUTABLE_QUERY'],
    [
      'a statement of 200 KB',
      () => router().run('k', `SELECT '${'x'.repeat(200_000)}'`),
      'QUERY_FAILED',
    ],
    ['no text', () => router().run('k', 7 as never), 'UNROUTABLE_QUERY'],
    ['too few bindings', () => router().run('k', INSERT, ['k']), 'QUERY_FAILED'],
    ['bindings of no array', () => router().run('k', SELECT, 'k' as never), 'INVALID_BINDING'],
    ['a binding of a function', () => router().run('k', SELECT, [() => 1]), 'INVALID_BINDING'],
    ['an endless number', () => router().run('k', SELECT, [Infinity]), 'INVALID_BINDING'],
    ['batchSize 0', () => router().runAllShards('SELECT 1', [], 0), 'INVALID_BATCH_SIZE'],
    ['batchSize -1', () => router().firstAllShards('SELECT 1', [], -1), 'INVALID_BATCH_SIZE'],
    ['batchSize NaN', () => router().allAllShards('SELECT 1', [], NaN), 'INVALID_BATCH_SIZE'],
  ])('is refused: %s', async (_, ask, code) => {
    await expect(ask()).rejects.toMatchObject({ code });
  });

  it.each([
    ['page 0', { page: 0 }],
    ['page 1.5', { page: 1.5 }],
    ['limit 0', { limit: 0 }],
    ['limit -5', { limit: -5 }],
    ['both', { page: 2, offset: 20 }],
  ])('is no page: %s', async (_, options) => {
    initialize(config());
    await expect(paginate(SELECT, ['x'], options)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
  });

  it('is no name, with quotes and without', async () => {
    initialize(config());
    for (const name of ['users"', "users'", 'users; DROP TABLE users', 'us ers', '', '"users"']) {
      await expect(insertInto('k', name, { id: 'k' })).rejects.toMatchObject({
        code: 'INVALID_IDENTIFIER',
      });
      await expect(insertInto('k', 'users', { [name || 'a b']: 'k' })).rejects.toMatchObject({
        code: 'INVALID_IDENTIFIER',
      });
    }
    await expect(insert(INSERT, ['k', 'K'], { idColumn: 'id"' })).rejects.toMatchObject({
      code: 'INVALID_IDENTIFIER',
    });
  });
});
