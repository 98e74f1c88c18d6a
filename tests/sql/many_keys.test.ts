// A hundred thousand keys over four databases, then five, then three, while several isolates write:
// how much moves, how even it becomes, and that no row is ever missing, twice, or out of reach.

import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { slotOf } from '../../client/sql/core.ts';
import { createRouter, type Router, type SlotMove } from '../../client/sql/index.ts';

const KEYS = 100_000;
const FOUR = ['db-east', 'db-west', 'db-central', 'db-europe'];
const FIVE = [...FOUR, 'db-north'];

const databases = env as unknown as Record<string, D1Database>;
const databaseOf = (name: string): D1Database => {
  const database = databases[name];
  if (database === undefined) throw new Error(`${name} is not bound`);
  return database;
};

const keyOf = (index: number) => `rider-${index}`;
const UPDATE = 'UPDATE crowd SET turns = turns + 1 WHERE id = ?';

/** A binding of its own: an isolate of its own, with a slot table of its own. */
function isolate(names: readonly string[] = FIVE): Router {
  const { ShardCoordinator: namespace } = env;
  const coordinator = {
    idFromName: (name: string) => namespace.idFromName(name),
    get: (id: unknown) => namespace.get(id as DurableObjectId),
  };
  const shards = Object.fromEntries(names.map((name) => [name, databaseOf(name)]));
  return createRouter({ shards, placement: 'slots', coordinator, retryForMs: 10_000 });
}

interface Held {
  rows: number;
  turns: number;
}

async function heldBy(router: Router): Promise<Held[]> {
  const sql = 'SELECT count(*) AS rows, coalesce(sum(turns), 0) AS turns FROM crowd';
  const results = await router.allAllShards<Held>(sql);
  return results.map(({ results: [held] }) => held ?? { rows: 0, turns: 0 });
}

const totalOf = (held: Held[], what: keyof Held) => held.reduce((sum, each) => sum + each[what], 0);

/** Lets alarms and clocks in between: what never waits would keep them out. */
const pause = (milliseconds: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, milliseconds);
  });

/** Keys are written, read and counted by many until the moves are done; how many were written. */
async function writeDuring(moves: readonly SlotMove[], writers: Router[], watcher: Router) {
  let going = true;
  let written = 0;
  const problems: string[] = [];
  const write = async (router: Router, first: number) => {
    for (let index = first; going; index = (index + 97) % KEYS) {
      const key = keyOf(index);
      const { meta } = await router.run(key, UPDATE, [key]);
      if (meta.changes !== 1) problems.push(`${meta.changes} rows of ${key} were changed`);
      written += 1;
      const row = await router.first<{ id: string }>(key, 'SELECT id FROM crowd WHERE id = ?', [
        key,
      ]);
      if (row?.id !== key) problems.push(`${key} is not there`);
      await pause(1);
    }
  };
  const watch = async () => {
    while (going) {
      const rows = totalOf(await heldBy(watcher), 'rows');
      if (rows !== KEYS) problems.push(`${rows} rows are there`);
      await pause(1);
    }
  };
  const all = [...writers.map((router, index) => write(router, (index * 1000) % KEYS)), watch()];
  const begun = new Set(moves.map(({ id }) => id));
  let known: SlotMove[];
  do {
    await pause(20);
    known = (await watcher.getMoves()).filter(({ id }) => begun.has(id));
    problems.push(...known.flatMap(({ error }) => error ?? []));
  } while (problems.length === 0 && known.some(({ state }) => state !== 'cleaned'));
  going = false;
  await Promise.all(all);
  expect(problems).toEqual([]);
  return { written, copied: known.reduce((sum, { copied }) => sum + copied, 0) };
}

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
  const keys = Array.from({ length: KEYS }, (_, index) => keyOf(index));
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
    const held = await heldBy(isolate());
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
    const held = await heldBy(watcher);
    for (const { rows } of held) expect(rows / (KEYS / 5)).toBeCloseTo(1, 1);
    expect(copied / KEYS).toBeLessThan(0.25);
    expect([totalOf(held, 'rows'), totalOf(held, 'turns')]).toEqual([KEYS, written]);
  }, 120_000);

  it('leave two of the five, which hold nothing then', async () => {
    const before = totalOf(await heldBy(isolate()), 'turns');
    const writers = [isolate(), isolate()];
    const watcher = isolate();
    for (const router of writers) await router.first('rider-0', 'SELECT 1 AS one', []);
    let written = 0;
    for (const shard of ['db-west', 'db-europe']) {
      const moves = await watcher.drainShard(shard);
      written += (await writeDuring(moves, writers, watcher)).written;
    }
    const held = await heldBy(watcher);
    const rows = Object.fromEntries(FIVE.map((name, index) => [name, held[index]?.rows]));
    expect(rows).toMatchObject({ 'db-west': 0, 'db-europe': 0 });
    expect([totalOf(held, 'rows'), totalOf(held, 'turns')]).toEqual([KEYS, before + written]);
    const rest = isolate(['db-east', 'db-central', 'db-north']);
    expect(await rest.first('rider-7', 'SELECT id FROM crowd WHERE id = ?', ['rider-7'])).toEqual({
      id: 'rider-7',
    });
  }, 120_000);
});
