// Slots that move, as an isolate meets them: its table is old, a slot is on its way, a shard went
// away. Slots are moved by hand here, at the very moment that a test is about.

import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { slotOf } from '../../client/sql/core.ts';
import { createRouter } from '../../client/sql/index.ts';
import { WEIGHT_OF_ALL, weightOf } from '../../client/sql/slot_table.ts';
import { kvOf, noCounts } from './doubles.ts';
import {
  ALL,
  Coordinator,
  codeOf,
  counted,
  eastern,
  INSERT,
  isolate,
  moveAway,
  movedTable,
  own,
  range,
  release,
  SELECT,
  SLOTS,
  shardOf,
  TABLES,
} from './slots_by_hand.ts';

beforeEach(async () => {
  for (const name of ALL) {
    await env[name].batch(TABLES.map((sql) => env[name].prepare(sql)));
  }
  await own('db-east', range(0, 2048));
  await own('db-west', range(2048, SLOTS));
});

describe('what it costs', () => {
  it('a write or a read is one question to one database', async () => {
    const coordinator = new Coordinator();
    const { counts, router } = isolate(coordinator);
    await router.run('user-1', INSERT, ['user-1', 'Ada']);
    coordinator.asked = [];
    counts.queries = 0;
    await router.run('user-2', INSERT, ['user-2', 'Bob']);
    expect(await router.first('user-1', SELECT, ['user-1'])).toEqual({ id: 'user-1', name: 'Ada' });
    expect((await router.all('user-2', SELECT, ['user-2'])).results).toEqual([
      { id: 'user-2', name: 'Bob' },
    ]);
    expect(counts).toEqual({ reads: 0, writes: 0, calls: 0, queries: 3 });
    expect(coordinator.asked).toEqual([]);
  });

  it('what is not there is asked for twice: then it is known that it is not', async () => {
    const { counts, router } = isolate(new Coordinator());
    expect(await router.first('absent', SELECT, ['absent'])).toBeNull();
    expect((await router.all('absent', SELECT, ['absent'])).results).toEqual([]);
    expect(counts.queries).toBe(4);
  });

  it('a new isolate reads the copy in KV, and asks no object', async () => {
    const coordinator = new Coordinator();
    const kv = kvOf();
    await isolate(coordinator, { kv }).router.run('user-1', INSERT, ['user-1', 'Ada']);
    coordinator.asked = [];
    const counts = noCounts();
    const { router } = isolate(coordinator, { kv: kvOf(counts) });
    expect(await router.first('user-1', SELECT, ['user-1'])).toMatchObject({ name: 'Ada' });
    expect(await router.first('user-1', SELECT, ['user-1'])).toMatchObject({ name: 'Ada' });
    expect([coordinator.asked, counts.reads]).toEqual([[], 1]);
  });
});

describe('an isolate whose table is old', () => {
  it.each([
    ['one select', SELECT, 1],
    ['two selects', `${SELECT} UNION ${SELECT}`, 2],
  ])('finds the row by %s', async (_, sql, times) => {
    const coordinator = new Coordinator();
    const { router } = isolate(coordinator);
    const key = eastern('reader');
    await router.run(key, INSERT, [key, 'Ada']);
    await moveAway(key);
    coordinator.table = movedTable(slotOf(key));
    const bindings = new Array<string>(times).fill(key);
    expect((await router.all(key, sql, bindings)).results).toEqual([{ id: key, name: 'Ada' }]);
    expect(await router.first(key, sql, bindings)).toEqual({ id: key, name: 'Ada' });
    expect(coordinator.asked).toEqual(['/slots', '/slots']);
  });

  it('does not count where the row was', async () => {
    const coordinator = new Coordinator();
    const { router } = isolate(coordinator);
    const key = eastern('counted');
    await router.run(key, INSERT, [key, 'Ada']);
    await moveAway(key);
    coordinator.table = movedTable(slotOf(key));
    const count = 'SELECT count(*) AS riders FROM riders WHERE id = ?';
    expect(await router.first(key, count, [key])).toEqual({ riders: 1 });
    expect((await router.all(key, count, [key])).results).toEqual([{ riders: 1 }]);
  });

  it('updates the row where it is, and nothing where it was', async () => {
    const coordinator = new Coordinator();
    const { router } = isolate(coordinator);
    const key = eastern('writer');
    await router.run(key, INSERT, [key, 'Ada']);
    await moveAway(key);
    coordinator.table = movedTable(slotOf(key));
    const { meta } = await router.run(key, 'UPDATE riders SET name = ? WHERE id = ?', ['Eve', key]);
    expect(meta.changes).toBe(1);
    expect(await env['db-west'].prepare(SELECT).bind(key).first()).toMatchObject({ name: 'Eve' });
  });

  it('is told what it changed, without what a log of moves changes beside', async () => {
    const { router } = isolate(new Coordinator());
    const key = eastern('logged');
    await router.run(key, INSERT, [key, 'Ada']);
    const note = 'AFTER UPDATE ON riders BEGIN INSERT INTO noted VALUES (NEW.id); END';
    for (const sql of ['CREATE TABLE noted (id TEXT)', `CREATE TRIGGER notes ${note}`]) {
      await env['db-east'].prepare(sql).run();
    }
    const { meta } = await router.run(key, 'UPDATE riders SET name = ? WHERE id = ?', ['Eve', key]);
    expect(meta.changes).toBe(1);
  });

  it('inserts no second row', async () => {
    const coordinator = new Coordinator();
    const { router } = isolate(coordinator);
    const key = eastern('twice');
    await router.run(key, INSERT, [key, 'Ada']);
    await moveAway(key);
    coordinator.table = movedTable(slotOf(key));
    expect(await codeOf(router.run(key, INSERT, [key, 'Ada again']))).toBe('QUERY_FAILED');
    expect(await env['db-east'].prepare(SELECT).bind(key).first()).toBeNull();
  });
});

describe('a slot on its way', () => {
  it('is read where it still is, and written when it has arrived', async () => {
    const coordinator = new Coordinator();
    const key = eastern('waiting');
    const slot = slotOf(key);
    let slept = 0;
    const clock = {
      now: () => slept,
      sleep: async (milliseconds: number) => {
        slept += milliseconds;
        if (slept < 100) return;
        await moveAway(key);
        coordinator.table = movedTable(slot);
      },
    };
    const { router } = isolate(coordinator, { clock });
    await router.run(key, INSERT, [key, 'Ada']);
    await own('db-east', [slot], 0);
    expect(await router.first(key, SELECT, [key])).toMatchObject({ name: 'Ada' });
    expect(slept).toBe(0);
    await router.run(key, 'UPDATE riders SET name = ? WHERE id = ?', ['Eve', key]);
    expect(slept).toBeGreaterThan(100);
    expect(await router.first(key, SELECT, [key])).toMatchObject({ name: 'Eve' });
  });

  it('is waited for until the time to try again is up', async () => {
    const key = eastern('stuck');
    let slept = 0;
    const clock = {
      now: () => slept,
      sleep: async (milliseconds: number) => {
        slept += milliseconds;
      },
    };
    const { router } = isolate(new Coordinator(), { clock, retryForMs: 1_000 });
    await own('db-east', [slotOf(key)], 0);
    expect(await codeOf(router.run(key, INSERT, [key, 'Ada']))).toBe('SHARD_UNAVAILABLE');
    expect(slept).toBeGreaterThan(500);
    expect(slept).toBeLessThan(1_000);
    expect(await env['db-east'].prepare(SELECT).bind(key).first()).toBeNull();
  });
});

describe('all shards', () => {
  it('show a row that went from one to the other between their answers once', async () => {
    const coordinator = new Coordinator();
    const key = eastern('crossing');
    const counts = noCounts();
    let away = false;
    // db-west answers; then the row goes there, before db-east is asked.
    const leave = async () => {
      if (away) return;
      away = true;
      await moveAway(key);
      coordinator.table = movedTable(slotOf(key));
    };
    const shards = { 'db-west': shardOf('db-west'), 'db-east': shardOf('db-east', counts, leave) };
    const { router } = isolate(coordinator);
    await router.run(key, INSERT, [key, 'Ada']);
    const crossing = isolate(coordinator, { shards }).router;
    const results = await crossing.allAllShards('SELECT id FROM riders', [], 1);
    expect(results.flatMap((result) => result.results)).toEqual([{ id: key }]);
    expect(counts.queries).toBe(2);
  });

  it('show a row once, too, that goes to a shard which the table does not know yet', async () => {
    const coordinator = new Coordinator();
    const key = eastern('added');
    const added = env['db-central'];
    const shards = { 'db-east': shardOf('db-east'), 'db-west': shardOf('db-west'), added };
    const slot = slotOf(key);
    let slept = 0;
    const clock = {
      now: () => slept,
      sleep: async (milliseconds: number) => {
        slept += milliseconds;
        await env['db-east'].prepare('DELETE FROM riders WHERE id = ?').bind(key).run();
        await release('db-east', [slot]);
      },
    };
    const { router } = isolate(coordinator, { shards, clock });
    await router.run(key, INSERT, [key, 'Ada']);
    // Both have it: it was shown there, and is not yet gone from here.
    await added.batch(
      [
        ...TABLES,
        `INSERT INTO riders VALUES ('${key}', 'Ada')`,
        `INSERT INTO tidemark_slots VALUES (${slot}, '', 2, 0, ${weightOf(slot)})`,
        counted,
      ].map((sql) => added.prepare(sql)),
    );
    const results = await router.allAllShards('SELECT id FROM riders');
    expect(results.flatMap((result) => result.results)).toEqual([{ id: key }]);
    expect(slept).toBeGreaterThan(0);
    // The new shard takes no write to all of them while the slot has not been opened there.
    const write = router.runAllShards('UPDATE riders SET name = ?', ['Eve']);
    expect(await codeOf(write)).toBe('SHARD_UNAVAILABLE');
    expect(await added.prepare(SELECT).bind(key).first()).toMatchObject({ name: 'Ada' });
  });

  it('are written to when no slot is about to change hands', async () => {
    const key = eastern('frozen');
    let slept = 0;
    const clock = {
      now: () => slept,
      sleep: async (milliseconds: number) => {
        slept += milliseconds;
        if (slept > 100) await own('db-east', [slotOf(key)]);
      },
    };
    const { router } = isolate(new Coordinator(), { clock });
    await router.run(key, INSERT, [key, 'Ada']);
    await own('db-east', [slotOf(key)], 0);
    const results = await router.runAllShards('UPDATE riders SET name = ?', ['Eve']);
    expect(results.map(({ meta }) => meta.changes)).toEqual([1, 0]);
    expect(slept).toBeGreaterThan(100);
  });

  it('weigh together what all slots weigh', async () => {
    const sums = await Promise.all(
      ALL.map((name) =>
        env[name].prepare('SELECT weight FROM tidemark_shard').first<number>('weight'),
      ),
    );
    expect((sums[0] ?? 0) + (sums[1] ?? 0)).toBe(WEIGHT_OF_ALL);
  });
});

describe('rows that are gathered', () => {
  it('are found where they lie, though a table is missing there', async () => {
    const key = eastern('gathered');
    const coordinator = new Coordinator();
    const tables = { riders: 'id', dropped: 'id' };
    coordinator.table = { ...coordinator.table, gathering: true, tables };
    await own('db-west', [slotOf(key)]);
    await env['db-west'].prepare(INSERT).bind(key, 'Ada').run();
    const { router } = isolate(coordinator);
    expect(await router.first(key, SELECT, [key])).toMatchObject({ name: 'Ada' });
    const rename = 'UPDATE riders SET name = ? WHERE id = ?';
    expect((await router.run(key, rename, ['Eve', key])).meta.changes).toBe(1);
    expect(await env['db-west'].prepare(SELECT).bind(key).first()).toMatchObject({ name: 'Eve' });
    // What nobody has goes where its slot is.
    const fresh = eastern('fresh');
    await router.run(fresh, INSERT, [fresh, 'New']);
    expect(await env['db-east'].prepare(SELECT).bind(fresh).first()).not.toBeNull();
  });
});

describe('what is refused', () => {
  it('a write that does not say which row is the key’s', async () => {
    const { router } = isolate(new Coordinator(), { tables: { riders: { key: 'id' } } });
    for (const [sql, bindings] of [
      ["UPDATE riders SET name = 'x'", []],
      ['UPDATE riders SET name = ? WHERE name = ?', ['x', 'user-1']],
      ['INSERT INTO riders (id, name) VALUES (?, ?)', ['user-2', 'user-1']],
      ['DELETE FROM riders', []],
      ["UPDATE riders SET id = 'user-2' WHERE id = ?", ['user-1']],
      ['UPDATE riders SET ID = ? WHERE id = ?', ['user-2', 'user-1']],
      ['UPDATE riders SET id = name WHERE id = ?', ['user-1']],
      [
        'INSERT INTO riders (id, name) VALUES (?, ?) ON CONFLICT DO UPDATE SET id = excluded.name',
        ['user-1', 'x'],
      ],
    ] as const) {
      expect(await codeOf(router.run('user-1', sql, bindings))).toBe('UNROUTABLE_QUERY');
    }
  });

  it('shards that have no batch, and tables without a column', () => {
    const coordinator = new Coordinator();
    const shards = { a: { prepare: (sql: string) => env['db-east'].prepare(sql) } };
    expect(() => isolate(coordinator, { shards })).toThrow(/has no batch/);
    expect(() => isolate(coordinator, { tables: { riders: { key: '' } } })).toThrow(/riders/);
  });

  it('moves, where there is no coordinator', async () => {
    const router = createRouter({ shards: { 'db-east': shardOf('db-east') } });
    for (const work of [router.addShard('db-east'), router.rebalance(), router.getMoves()]) {
      expect(await codeOf(work)).toBe('COORDINATOR_REQUIRED');
    }
  });

  it('a statement by the shard, for itself: that is not taken for a move', async () => {
    const { router } = isolate(new Coordinator());
    const bad = 'INSERT INTO riders (id, name) VALUES (?, json(?))';
    expect(await codeOf(router.run('user-9', bad, ['user-9', '{']))).toBe('QUERY_FAILED');
  });

  it('a slot whose shard is not in the configuration', async () => {
    const coordinator = new Coordinator();
    const shards = { 'db-west': shardOf('db-west') };
    const { router } = isolate(coordinator, { shards });
    const key = eastern('gone');
    expect(await codeOf(router.first(key, SELECT, [key]))).toBe('SHARD_NOT_FOUND');
  });
});
