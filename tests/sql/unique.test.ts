// Values that only one record may have: over all shards, and whoever comes first.

import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type CollegeDBConfig,
  claimExisting,
  createRouter,
  deleteById,
  initialize,
  insert,
  insertInto,
  patch,
  type Router,
  resetConfig,
  upsert,
} from '../../client/sql/index.ts';
import { coordinatorOf, kvOf, NAMES, onAll, shardsHaving, shardsOf } from './doubles.ts';

const INSERT = 'INSERT INTO members (id, email, name) VALUES (?, ?, ?)';
const UPSERT = 'INSERT INTO members (id, email) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET ';
const unique = { members: ['email'] };
const taken = { code: 'KEY_TAKEN' };

let time = 1_000_000;
const clock = { now: () => time, sleep: () => Promise.resolve() };

const placements: Record<string, Partial<CollegeDBConfig>> = {
  slots: { placement: 'slots' },
  kv: { kv: undefined as never, coordinator: env.ShardCoordinator, disableAutoMigration: true },
};
const configOf = (placement: string): CollegeDBConfig => ({
  shards: shardsOf(),
  unique,
  clock,
  ...placements[placement],
  ...(placement === 'kv' && { kv: kvOf() }),
});
const isolate = (placement: string): Router => createRouter(configOf(placement));
const add = (router: Router, id: string, email: string | null) =>
  router.run(id, INSERT, [id, email, 'N']);

beforeAll(() => onAll('CREATE TABLE members (id TEXT PRIMARY KEY, email TEXT, name TEXT UNIQUE)'));
beforeEach(async () => {
  time += 1_000_000;
  await onAll('DELETE FROM members');
});
afterEach(() => resetConfig());

/** Rows of all shards with an email. */
async function having(email: string): Promise<string[]> {
  const found = await Promise.all(
    NAMES.map((name) =>
      env[name].prepare('SELECT id FROM members WHERE email = ?').bind(email).all<{ id: string }>(),
    ),
  );
  return found.flatMap(({ results }) => results.map(({ id }) => id));
}

describe.each(Object.keys(placements))('a unique column, by %s', (placement) => {
  it('lets one of many isolates through that insert it at the same time', async () => {
    const email = `race-${placement}@x`;
    const ids = Array.from({ length: 8 }, (_, index) => `race-${placement}-${index}`);
    const outcomes = await Promise.allSettled(
      ids.map((id) => isolate(placement).run(id, INSERT, [id, email, id])),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(taken);
    }
    const [winner = ''] = await having(email);
    expect(await having(email)).toEqual([winner]);
    expect(await shardsHaving('members', winner)).toHaveLength(1);
  });

  it('is free again when its row is gone, has another value or was never written', async () => {
    const router = isolate(placement);
    const email = `free-${placement}@x`;
    const id = (name: string) => `free-${placement}-${name}`;
    await router.run(id('a'), INSERT, [id('a'), email, id('a')]);
    await expect(add(isolate(placement), id('b'), email)).rejects.toMatchObject(taken);
    time += 61_000;
    await expect(add(isolate(placement), id('b'), email)).rejects.toMatchObject(taken);
    await router.run(id('a'), 'DELETE FROM members WHERE id = ?', [id('a')]);
    await isolate(placement).run(id('b'), INSERT, [id('b'), email, id('b')]);
    const change = 'UPDATE members SET email = ? WHERE id = ?';
    await router.run(id('b'), change, [`other-${placement}@x`, id('b')]);
    time += 61_000;
    await isolate(placement).run(id('c'), INSERT, [id('c'), email, id('c')]);
    expect(await having(email)).toEqual([id('c')]);
    await expect(router.run(id('b'), change, [email, id('b')])).rejects.toMatchObject(taken);
    await router.run(id('c'), change, [email, id('c')]);
  });

  it('is not held by a row that its database refused', async () => {
    const router = isolate(placement);
    const email = `refused-${placement}@x`;
    const id = `refused-${placement}`;
    await router.run(id, INSERT, [id, null, id]);
    await expect(router.run(id, INSERT, [id, email, id])).rejects.toMatchObject({
      code: 'QUERY_FAILED',
    });
    const other = `${id}-2`;
    await isolate(placement).run(other, INSERT, [other, email, other]);
    expect(await having(email)).toEqual([other]);
  });

  it('keeps a claim for a minute while its writer may still write', async () => {
    const email = `slow-${placement}@x`;
    const config = configOf(placement);
    const slow = createRouter({
      ...config,
      retryForMs: 0,
      shards: Object.fromEntries(
        Object.entries(config.shards).map(([name, shard]) => [
          name,
          {
            prepare: (sql: string) => {
              if (sql === INSERT) throw new Error('Network connection lost');
              return shard.prepare(sql);
            },
          },
        ]),
      ),
    });
    const id = `slow-${placement}`;
    await expect(add(slow, id, email)).rejects.toMatchObject({ code: 'SHARD_UNAVAILABLE' });
    const other = `${id}-2`;
    const write = () => isolate(placement).run(other, INSERT, [other, email, other]);
    await expect(write()).rejects.toMatchObject(taken);
    await isolate(placement).run(id, INSERT, [id, email, id]);
    time += 61_000;
    await expect(write()).rejects.toMatchObject(taken);
  });
});

describe('statements of a table with a unique column', () => {
  it('are guarded however they are written', async () => {
    initialize(configOf('slots'));
    await insertInto('g1', 'members', { id: 'g1', email: 'g@x' });
    const other = { id: 'g2', email: 'g@x' };
    await expect(insertInto('g2', 'members', other)).rejects.toMatchObject(taken);
    await expect(upsert('g2', 'members', other, 'id')).rejects.toMatchObject(taken);
    await expect(insert('INSERT INTO members (email) VALUES (?)', ['g@x'])).rejects.toMatchObject(
      taken,
    );
    await insertInto('g2', 'members', { id: 'g2' });
    await expect(patch('g2', 'members', 'g2', { email: 'g@x' })).rejects.toMatchObject(taken);
    await patch('g2', 'members', 'g2', { email: 'g2@x', name: 'G' });
    await deleteById('g1', 'members', 'g1');
    time += 61_000;
    await upsert('g2', 'members', { id: 'g2', email: 'g@x' }, 'id');
    expect(await having('g@x')).toEqual(['g2']);
  });

  it.each([
    ['INSERT INTO members VALUES (?, ?, ?)', ['u', 'u@x', 'n']],
    ['INSERT INTO members (id, email) VALUES (?, lower(?))', ['u', 'u@x']],
    ['INSERT INTO members (id, email) VALUES (?, ?), (?, ?)', ['u', 'u@x', 'v', 'v@x']],
    ['INSERT INTO members (id, email) SELECT ?, ?', ['u', 'u@x']],
    ['UPDATE members SET email = lower(?) WHERE id = ?', ['u@x', 'u']],
    ['INSERT INTO members DEFAULT VALUES', []],
    ['UPDATE members SET email = ?, email = ? WHERE id = ?', ['u@x', 'v@x', 'u']],
    ['UPDATE members SET (email, name) = (SELECT ?, ?) WHERE id = ?', ['u@x', 'n', 'u']],
    ['UPDATE members SET email = ?', ['u@x']],
    ['UPDATE members SET email = ? WHERE name = ?', ['u@x', 'n']],
    [`${UPSERT}email = excluded.email || 'z'`, ['u', 'u@x']],
    [`${UPSERT}email = excluded.name`, ['u', 'u@x']],
    [`${UPSERT}email = name /* email = excluded.email */`, ['u', 'u@x']],
  ])('say their values, or are refused: %s', async (sql, bindings) => {
    const router = isolate('slots');
    await expect(router.run('u', sql, bindings)).rejects.toMatchObject({
      code: 'UNROUTABLE_QUERY',
    });
  });

  it.each([
    ['UPDATE members SET /* a, email = ? */ email = ? WHERE id = ?', ['said@x', 'said']],
    ['UPDATE members SET "email" = ?2 WHERE id = ?1', ['said', 'said@x']],
    ['UPDATE members SET [email] = ?3, name = ?1 WHERE id = ?2', ['n', 'said', 'said@x']],
    ["UPDATE members SET email = 'said@x' WHERE id = ?", ['said']],
    ["UPDATE members SET name = 'email = ? WHERE', email = ? WHERE id = ?", ['said@x', 'said']],
    ['UPDATE members SET (name, email) = (upper(?), ?) WHERE id = ?', ['n', 'said@x', 'said']],
    ['WITH p AS (SELECT ?) UPDATE members SET email = ? WHERE id = ?', ['p', 'said@x', 'said']],
    [`${UPSERT}email = excluded.email`, ['said', 'said@x']],
    [`${UPSERT}\`email\` = "EXCLUDED" . [email]`, ['said', 'said@x']],
    [`${UPSERT}name = excluded.email, email = ?`, ['said', 'new@x', 'said@x']],
    [`${UPSERT}email = 'said@x', name = 'email = excluded.email'`, ['said', 'new@x']],
    [
      'INSERT INTO members (id, name) VALUES (?, ?) ' +
        'ON CONFLICT (id) DO UPDATE SET email = excluded.name',
      ['said', 'said@x'],
    ],
  ])('claim what they say: %s', async (sql, bindings) => {
    await onAll('DROP TABLE IF EXISTS lookup_claims'); // none of another case's
    const router = isolate('slots');
    await add(router, 'said', null);
    await router.run('said', sql, bindings);
    expect(await having('said@x')).toEqual(['said']);
    const other = isolate('slots').run('other', INSERT, ['other', 'said@x', 'other']);
    await expect(other).rejects.toMatchObject(taken);
  });

  it('claim both what they insert and what they change', async () => {
    const router = isolate('slots');
    const upsert = `${UPSERT}email = ?`;
    await router.run('both', upsert, ['both', 'both1@x', 'both2@x']);
    await router.run('both', upsert, ['both', 'both1@x', 'both2@x']);
    expect(await having('both2@x')).toEqual(['both']);
    for (const email of ['both1@x', 'both2@x']) {
      await expect(add(isolate('slots'), 'other', email)).rejects.toMatchObject(taken);
    }
    time += 61_000;
    await add(isolate('slots'), 'other', 'both1@x');
    await expect(add(isolate('slots'), 'third', 'both2@x')).rejects.toMatchObject(taken);
  });

  it('claim nothing for NULL, and need no key then', async () => {
    const router = isolate('slots');
    await router.run('null1', 'INSERT INTO members (id, email) VALUES (?, NULL)', ['null1']);
    await router.run('null2', 'INSERT INTO members (email, id) VALUES (NULL, ?), (NULL, ?)', [
      'null2',
      'null3',
    ]);
    await router.run('null1', 'UPDATE members SET email = ? WHERE id = ?', ['null@x', 'null1']);
    await router.run('null1', 'UPDATE members SET email = NULL WHERE id = ?1 OR name = ?2', [
      'null1',
      'n',
    ]);
    expect(await having('null@x')).toEqual([]);
  });

  it('that leave it alone cost nothing more', async () => {
    const router = isolate('slots');
    await add(router, 'n1', null);
    await router.run('n1', 'UPDATE members SET name = ? WHERE id = ?', ['other', 'n1']);
    expect(await router.first('n1', 'SELECT name FROM members WHERE id = ?', ['n1'])).toEqual({
      name: 'other',
    });
    const sql = "INSERT INTO members (id, name) VALUES (?, 'email') RETURNING email";
    expect(await router.first('n2', sql, ['n2'])).toEqual({ email: null });
  });
});

describe('rows that were there before', () => {
  it('are claimed some at a time, and those that have the same are told', async () => {
    for (const [index, name] of [...NAMES, ...NAMES, ...NAMES].entries()) {
      await env[name]
        .prepare('INSERT INTO members (id, email) VALUES (?, ?)')
        .bind(`old${index}`, index < 7 ? `old${index}@x` : 'twice@x')
        .run();
    }
    initialize(configOf('slots'));
    const conflicts = [];
    let rows = 0;
    for (const name of NAMES) {
      let place: string | number | undefined;
      do {
        const options = place === undefined ? { rows: 2 } : { rows: 2, place };
        const done = await claimExisting(name, 'members', options);
        rows += done.rows;
        conflicts.push(...done.conflicts);
        place = done.place ?? undefined;
      } while (place !== undefined);
    }
    expect([rows, conflicts]).toEqual([9, [{ key: 'old8', column: 'email' }]]);
    await expect(
      insertInto('new', 'members', { id: 'new', email: 'old4@x' }),
    ).rejects.toMatchObject(taken);
    const again = await claimExisting('db-east', 'members');
    expect(again).toEqual({ rows: 3, conflicts: [], place: null });
    await expect(claimExisting('db-east', 'others')).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
  });
});

describe('a configuration with unique columns', () => {
  it('needs who says which came first', async () => {
    const config = { shards: shardsOf(), kv: kvOf(), unique };
    expect(() => createRouter(config)).toThrow(
      expect.objectContaining({ code: 'COORDINATOR_REQUIRED' }),
    );
    const { coordinator } = coordinatorOf(() => new Response('', { status: 500 }));
    const router = createRouter({ ...config, coordinator, disableAutoMigration: true });
    await expect(add(router, 'x', 'x@x')).rejects.toMatchObject({
      code: 'COORDINATOR_UNAVAILABLE',
    });
  });

  it.each([[{ members: 'email' }], [7], [{ 'a"b': ['c'] }], [{ members: ['a b'] }]])(
    'is checked: %j',
    (wrong) => {
      expect(() => createRouter({ shards: shardsOf(), unique: wrong as never })).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/INVALID_(CONFIG|IDENTIFIER)/) }),
      );
    },
  );
});
