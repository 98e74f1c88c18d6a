// What is asked of all shards, claimed and made, where slots have a coordinator and shards a fence.

import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  first,
  initialize,
  insert,
  insertInto,
  insertShard,
  paginate,
  patch,
  resetConfig,
} from '../../client/sql/index.ts';
import { coordinatorOf } from './doubles.ts';

const names = ['db-east', 'db-west'] as const;
const WEIGHT = '((slot + 1) * 2654435761 % 4294967291) * ((slot + 1) * 40503 % 251)';
const table = {
  version: 1,
  shards: names,
  slots: [
    [2048, 0, 1],
    [2048, 1, 1],
  ],
};

beforeAll(async () => {
  for (const [place, name] of names.entries()) {
    const database = env[name];
    await database.batch(
      [
        `CREATE TABLE tidemark_slots
           (slot INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, writable INTEGER NOT NULL) STRICT`,
        `CREATE TABLE tidemark_shard
           (id INTEGER PRIMARY KEY CHECK (id = 1), slots INTEGER NOT NULL, weight INTEGER NOT NULL)
           STRICT`,
        `INSERT INTO tidemark_slots WITH RECURSIVE n (slot) AS
           (SELECT ${place * 2048} UNION ALL SELECT slot + 1 FROM n)
           SELECT slot, 1, 1 FROM n LIMIT 2048`,
        `INSERT INTO tidemark_shard SELECT 1, count(*), sum(${WEIGHT}) FROM tidemark_slots`,
        'CREATE TABLE sailors (id INTEGER PRIMARY KEY, email TEXT, rank INTEGER)',
      ].map((sql) => database.prepare(sql)),
    );
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
    });
  });
});
