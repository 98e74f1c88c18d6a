// Databases that were there before: shards by KV at once, then by slots, whose rows are gathered
// while they are used; a third comes and goes. Nothing is ever lost, twice or out of reach.

import { env } from 'cloudflare:workers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRouter, resetConfig } from '../../client/sql/index.ts';
import { databaseOf, heldBy, isolateOf, pause, totalOf, underLoad } from './under_load.ts';

const TWO = ['db-east', 'db-west'];
const THREE = [...TWO, 'db-central'];
const table = 'members';
const keys = TWO.flatMap((name) => Array.from({ length: 150 }, (_, at) => `${name}-${at}`));
const READ = 'SELECT * FROM members WHERE id = ?';
const ADD = 'INSERT INTO members (id, turns) VALUES (?, 0)';
const NOTES = 'SELECT count(*) AS n FROM notes WHERE member_id = ?';

beforeAll(async () => {
  for (const name of TWO) {
    const database = databaseOf(name);
    const own = JSON.stringify(keys.filter((key) => key.startsWith(`${name}-`)));
    await database.batch([
      database.prepare('CREATE TABLE members (id TEXT PRIMARY KEY, turns INTEGER NOT NULL)'),
      database.prepare(
        `CREATE TABLE notes (id TEXT PRIMARY KEY, member_id TEXT NOT NULL REFERENCES members (id),
           text TEXT)`,
      ),
      database.prepare('CREATE INDEX notes_member ON notes (member_id)'),
      database.prepare('INSERT INTO members SELECT value, 0 FROM json_each(?)').bind(own),
      database
        .prepare("INSERT INTO notes SELECT 'of ' || value, value, 'text' FROM json_each(?)")
        .bind(own),
    ]);
  }
});
afterAll(resetConfig);

const shardsOf = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, databaseOf(name)]));

describe('two databases with rows', () => {
  it('are shards by KV, and take new rows', async () => {
    const router = createRouter({ kv: env.KV, shards: shardsOf(TWO), placement: 'kv' });
    for (const key of ['db-east-7', 'db-west-7']) {
      expect(await router.first(key, READ, [key])).toMatchObject({ id: key });
    }
    await router.run('new-1', ADD, ['new-1']);
    keys.push('new-1');
    expect(await router.first('new-1', READ, ['new-1'])).toMatchObject({ id: 'new-1' });
  });

  it('are shards by slots the next moment, while their rows are gathered', async () => {
    const writers = [isolateOf(TWO), isolateOf(TWO), isolateOf(TWO)];
    const watcher = isolateOf(TWO, { kv: env.KV });
    // Whoever comes first has the table made.
    const [first, ...others] = writers;
    expect(await first?.first('db-west-3', READ, ['db-west-3'])).toMatchObject({ turns: 0 });
    for (const router of others)
      await router.run('new-1', 'DELETE FROM notes WHERE member_id = ?', ['new-1']);
    const before = await watcher.getMoves();
    expect(before.map(({ gathers }) => gathers)).toEqual([true, true]);
    // A row for a key that is not where its slot is goes to its others.
    const note = 'INSERT INTO notes (id, member_id, text) VALUES (?, ?, ?)';
    for (const key of ['db-east-9', 'db-west-9', 'new-1']) {
      await watcher.run(key, note, [`more of ${key}`, key, 'text']);
    }
    const { written, copied } = await underLoad({ table, keys, writers, watcher }, 0);
    expect(copied).toBeGreaterThan(200);
    for (const key of ['db-east-9', 'db-west-9']) {
      expect(await watcher.first(key, NOTES, [key])).toEqual({ n: 2 });
    }
    const held = await heldBy(watcher, table);
    expect([totalOf(held, 'rows'), totalOf(held, 'turns')]).toEqual([keys.length, written]);
    for (const { rows } of held) expect(rows).toBeGreaterThan(100);
  }, 300_000);

  it('know that all is gathered, and cost one query then', async () => {
    let queries = 0;
    const router = isolateOf(TWO, { onQuery: () => (queries += 1) });
    for (let turn = 0; ; turn += 1) {
      queries = 0;
      await router.first('db-west-3', READ, ['db-west-3']);
      if (queries === 1) break;
      expect(turn).toBeLessThan(100);
      await pause(50);
    }
    await router.run('db-west-3', 'UPDATE members SET turns = turns WHERE id = ?', ['db-west-3']);
    expect(queries).toBe(2);
  });

  it('give a third its share and take it back, while they are used', async () => {
    const start = totalOf(await heldBy(isolateOf(THREE), table), 'turns');
    const writers = [isolateOf(THREE), isolateOf(THREE)];
    const watcher = isolateOf(THREE);
    let written = start;
    for (const change of ['addShard', 'drainShard'] as const) {
      const [first] = await watcher[change]('db-central');
      written += (await underLoad({ table, keys, writers, watcher }, first?.id ?? 0)).written;
      const held = await heldBy(watcher, table);
      expect([totalOf(held, 'rows'), totalOf(held, 'turns')]).toEqual([keys.length, written]);
      expect((held[2]?.rows ?? 0) > 50).toBe(change === 'addShard');
    }
    const notes = await watcher.allAllShards<{ n: number }>('SELECT count(*) AS n FROM notes');
    expect(notes.reduce((sum, { results: [row] }) => sum + (row?.n ?? 0), 0)).toBe(303);
  }, 300_000);

  it('let a single key go where it is sent, and others stay', async () => {
    const router = isolateOf(TWO);
    const stale = isolateOf(TWO);
    const key = 'db-east-11';
    await stale.first(key, READ, [key]);
    const there = await databaseOf('db-east').prepare(READ).bind(key).first();
    const [from, to] = there === null ? ['db-west', 'db-east'] : TWO;
    const counted = await heldBy(router, table);
    await router.reassignShard(key, to as string);
    expect(
      await databaseOf(from as string)
        .prepare(READ)
        .bind(key)
        .first(),
    ).toBeNull();
    expect(
      await databaseOf(to as string)
        .prepare(NOTES)
        .bind(key)
        .first(),
    ).toEqual({ n: 1 });
    expect(await stale.first(key, READ, [key])).toMatchObject({ id: key });
    const update = 'UPDATE members SET turns = -1 WHERE id = ?';
    expect((await stale.run(key, update, [key])).meta.changes).toBe(1);
    const after = await heldBy(router, table);
    expect(after.map(({ rows }, at) => Math.abs(rows - (counted[at]?.rows ?? 0)))).toEqual([1, 1]);
    await expect(router.reassignShard(key, 'db-none')).rejects.toMatchObject({
      code: 'SHARD_NOT_FOUND',
    });
    await expect(router.reassignShard(key, to as string, 'members')).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
  }, 60_000);
});
