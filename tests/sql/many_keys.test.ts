// A hundred thousand keys over four databases, then five, then three, while several isolates write:
// how much moves, how even it becomes, and that no row is ever missing, twice, or out of reach.

import { beforeAll, describe, expect, it } from 'vitest';
import { slotOf } from '../../client/sql/core.ts';
import type { Router, SlotMove } from '../../client/sql/index.ts';
import { databaseOf, heldBy, isolateOf, totalOf, underLoad } from './under_load.ts';

const KEYS = 100_000;
const FOUR = ['db-east', 'db-west', 'db-central', 'db-europe'];
const FIVE = [...FOUR, 'db-north'];
const table = 'crowd';

const keys = Array.from({ length: KEYS }, (_, index) => `rider-${index}`);
const isolate = (names: readonly string[] = FIVE) => isolateOf(names);

/** Keys are written, read and counted by many until the moves are done. */
const writeDuring = ([first]: readonly SlotMove[], writers: Router[], watcher: Router) =>
  underLoad({ table, keys, writers, watcher }, first?.id ?? 0);

beforeAll(async () => {
  for (const name of FIVE) {
    const sql = 'CREATE TABLE crowd (id TEXT PRIMARY KEY, turns INTEGER NOT NULL) WITHOUT ROWID';
    await databaseOf(name).prepare(sql).run();
  }
  // The table is made of four, evenly; then each row is put where its slot is.
  await isolate(FOUR).first('rider-0', 'SELECT 1 AS one', []);
  const places = await Promise.all(
    FOUR.map(async (name) => {
      const { results } = await databaseOf(name)
        .prepare('SELECT slot FROM tidemark_slots')
        .all<{ slot: number }>();
      return [name, new Set(results.map(({ slot }) => slot))] as const;
    }),
  );
  for (const [name, slots] of places) {
    const own = keys.filter((key) => slots.has(slotOf(key)));
    for (let at = 0; at < own.length; at += 10_000) {
      const part = JSON.stringify(own.slice(at, at + 10_000));
      await databaseOf(name)
        .prepare('INSERT INTO crowd (id, turns) SELECT value, 0 FROM json_each(?)')
        .bind(part)
        .run();
    }
  }
});

describe('a hundred thousand keys', () => {
  it('over four databases are spread evenly', async () => {
    const held = await heldBy(isolate(), table);
    expect(totalOf(held, 'rows')).toBe(KEYS);
    for (const { rows } of held.slice(0, 4)) expect(rows / (KEYS / 4)).toBeCloseTo(1, 1);
    expect(held[4]?.rows).toBe(0);
  });

  it('give a fifth its fifth, and stay whole while they are written to', async () => {
    const writers = [isolate(), isolate(), isolate()];
    const watcher = isolate();
    for (const router of [...writers, watcher])
      await router.first('rider-0', 'SELECT 1 AS one', []);
    const moves = await watcher.addShard('db-north');
    expect(moves.every(({ to }) => to === 'db-north')).toBe(true);
    const { written, copied } = await writeDuring(moves, writers, watcher);
    const held = await heldBy(watcher, table);
    for (const { rows } of held) expect(rows / (KEYS / 5)).toBeCloseTo(1, 1);
    expect(copied / KEYS).toBeLessThan(0.25);
    expect([totalOf(held, 'rows'), totalOf(held, 'turns')]).toEqual([KEYS, written]);
  }, 300_000);

  it('leave two of the five, which hold nothing then', async () => {
    const before = totalOf(await heldBy(isolate(), table), 'turns');
    const writers = [isolate(), isolate()];
    const watcher = isolate();
    for (const router of writers) await router.first('rider-0', 'SELECT 1 AS one', []);
    let written = 0;
    for (const shard of ['db-west', 'db-europe']) {
      const moves = await watcher.drainShard(shard);
      written += (await writeDuring(moves, writers, watcher)).written;
    }
    const held = await heldBy(watcher, table);
    const rows = Object.fromEntries(FIVE.map((name, index) => [name, held[index]?.rows]));
    expect(rows).toMatchObject({ 'db-west': 0, 'db-europe': 0 });
    expect([totalOf(held, 'rows'), totalOf(held, 'turns')]).toEqual([KEYS, before + written]);
    const rest = isolate(['db-east', 'db-central', 'db-north']);
    expect(await rest.first('rider-7', 'SELECT id FROM crowd WHERE id = ?', ['rider-7'])).toEqual({
      id: 'rider-7',
    });
  }, 300_000);
});
