// What is asked of all shards, claimed and made, where slots have a coordinator and shards a fence.

import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { slotOf } from '../../client/sql/core.ts';
import {
  allAllShardsGlobal,
  countAllShards,
  first,
  initialize,
  insert,
  insertInto,
  insertShard,
  paginate,
  patch,
  resetConfig,
  run,
} from '../../client/sql/index.ts';
import { coordinatorOf } from './doubles.ts';
import {
  ALL,
  Coordinator,
  codeOf,
  FENCES,
  moveSlots,
  own,
  range,
  SLOTS,
  shardOf,
  TABLES,
} from './slots_by_hand.ts';

const names = ['db-east', 'db-west'] as const;
const table = {
  version: 1,
  shards: names,
  slots: [
    [2048, 0, 1],
    [2048, 1, 1],
  ],
};

beforeAll(async () => {
  const sailors = 'CREATE TABLE sailors (id INTEGER PRIMARY KEY, email TEXT, rank INTEGER)';
  for (const [place, name] of names.entries()) {
    const database = env[name];
    await database.batch([...FENCES, sailors].map((sql) => database.prepare(sql)));
    await own(name, range(place * 2048, (place + 1) * 2048));
  }
});
afterEach(() => resetConfig());

function start() {
  let next = 1;
  const { coordinator } = coordinatorOf((path, body) => {
    if (path === '/slots') return Response.json({ version: 1, table });
    const { count, min } = body as { count: number; min: number };
    const value = Math.max(next, min);
    next = value + count;
    return Response.json({ value });
  });
  const shards = Object.fromEntries(names.map((name) => [name, env[name]]));
  initialize({ shards, coordinator, placement: 'slots', unique: { sailors: ['email'] } });
}

describe('slots with a coordinator', () => {
  it('make keys, keep values unique, and give pages in order', async () => {
    start();
    const INSERT = 'INSERT INTO sailors (email, rank) VALUES (?, ?)';
    const ids: number[] = [];
    for (let index = 0; index < 300; index += 1) {
      const { generatedId } = await insert(INSERT, [`s${index}@x`, index % 7]);
      ids.push(generatedId as number);
    }
    expect(new Set(ids).size).toBe(300);
    const [some = 0] = ids;
    const select = 'SELECT email FROM sailors WHERE id = ?';
    expect(await first(String(some), select, [some])).toEqual({ email: 's0@x' });
    const page = { page: 14, limit: 20, sortBy: 'rank' as const };
    const answer = await paginate<{ rank: number }>('SELECT * FROM sailors', [], page);
    expect([answer.total, answer.results.map(({ rank }) => rank)]).toEqual([
      300,
      Array.from({ length: 20 }, () => 6),
    ]);
    const taken = { code: 'KEY_TAKEN' };
    await expect(insert(INSERT, ['s7@x', 1])).rejects.toMatchObject(taken);
    await expect(insertInto('9000', 'sailors', { id: 9000, email: 's8@x' })).rejects.toMatchObject(
      taken,
    );
    await expect(patch(String(some), 'sailors', some, { email: 's9@x' })).rejects.toMatchObject(
      taken,
    );
    await patch(String(some), 'sailors', some, { email: 'new@x' });
    await expect(insertShard('db-east', INSERT, ['z@x', 1])).rejects.toMatchObject({
      code: 'UNROUTABLE_QUERY',
      message: expect.stringContaining('use insert'),
    });
    const nameless = "INSERT INTO sailors VALUES (9001, 'q@x', 1)";
    await expect(run('9001', nameless)).rejects.toMatchObject({ code: 'UNROUTABLE_QUERY' });
  });
});

describe('slots that move between two questions', () => {
  const count = 6000;
  const ids = range(0, count).map((index) => `rider-${String(index * 37).padStart(6, '0')}`);

  beforeEach(async () => {
    for (const name of ALL) {
      await env[name].batch(TABLES.map((sql) => env[name].prepare(sql)));
    }
    await own('db-east', range(0, 2048));
    await own('db-west', range(2048, SLOTS));
    const insert = "INSERT INTO riders SELECT value, 'r' FROM json_each(?)";
    for (const [place, name] of ALL.entries()) {
      const own_ids = ids.filter((id) => Math.floor(slotOf(id) / 2048) === place);
      await env[name].prepare(insert).bind(JSON.stringify(own_ids)).run();
    }
  });

  /** Before each question to db-east `step` is told how many there were, and may move slots. */
  function ask(step: (questions: number) => Promise<void>, more: object = {}) {
    let questions = 0;
    const before = async () => {
      questions += 1;
      await step(questions);
    };
    // db-west answers first.
    const shards = {
      'db-west': shardOf('db-west'),
      'db-east': shardOf('db-east', undefined, before),
    };
    const { namespace } = new Coordinator();
    initialize({ shards, coordinator: { ...namespace }, placement: 'slots', ...more });
    return () => questions;
  }

  const idsOf = (rows: readonly { id: string }[]) => rows.map(({ id }) => id);

  it.each([1, 2, 3])('change no page in order: before question %i', async (moment) => {
    let moved = 0;
    ask(async (question) => {
      if (question !== moment) return;
      moved += 1;
      await moveSlots(range(0, 1500));
    });
    const page = { sortBy: 'id' as const, offset: 5000, limit: 40, batchSize: 1 };
    const { results } = await allAllShardsGlobal<{ id: string }>('SELECT * FROM riders', [], page);
    expect([idsOf(results), moved]).toEqual([ids.slice(5000, 5040), 1]);
  });

  it.each([1, 2])('leave out no row in no order: before question %i', async (moment) => {
    let moved = 0;
    ask(async (question) => {
      if (question !== moment) return;
      moved += 1;
      await moveSlots(range(0, 700));
    });
    const page = { offset: 2900, limit: 300, batchSize: 1 };
    const { results } = await allAllShardsGlobal<{ id: string }>('SELECT * FROM riders', [], page);
    const each = await Promise.all(
      (['db-west', 'db-east'] as const).map((name) =>
        env[name].prepare('SELECT * FROM riders').all<{ id: string }>(),
      ),
    );
    const all = each.flatMap((answer) => idsOf(answer.results));
    expect([idsOf(results), moved]).toEqual([all.slice(2900, 3200), 1]);
  });

  it('end it where they do not come to rest', async () => {
    let slept = 0;
    const clock = {
      now: () => slept,
      sleep: async (milliseconds: number) => {
        slept += milliseconds;
      },
    };
    const questions = ask(
      async (question) => {
        await moveSlots([question]);
      },
      { clock, retryForMs: 300 },
    );
    const page = { sortBy: 'id' as const, offset: 5000, limit: 40, batchSize: 1 };
    const asked = allAllShardsGlobal('SELECT * FROM riders', [], page);
    expect(await codeOf(asked)).toBe('SHARD_UNAVAILABLE');
    expect([questions() > 4, slept < 300]).toEqual([true, true]);
  });

  it('are counted once', async () => {
    let moved = 0;
    ask(async (question) => {
      if (question !== 1) return;
      moved += 1;
      await moveSlots(range(0, 1500));
    });
    const { total, complete } = await countAllShards('riders', 1);
    expect([total, complete, moved]).toEqual([count, true, 1]);
  });
});
