// placement 'kv': a key moves with all its rows, while isolates that know nothing of it, and a KV
// that is a minute behind, go on using it.

import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  type CollegeDBConfig,
  createRouter,
  type KeyValueStore,
  KVShardMapper,
  type Shard,
} from '../../client/sql/index.ts';
import { coordinatorOf, kvOf, NAMES, onAll, shardsHaving, shardsOf } from './doubles.ts';

const USER = 'INSERT INTO movers (id, name) VALUES (?, ?)';
const POST = 'INSERT INTO mails (id, mover_id, text) VALUES (?, ?, ?)';
const SELECT = 'SELECT name FROM movers WHERE id = ?';
const MAILS = 'SELECT id FROM mails WHERE mover_id = ? ORDER BY id';
const RENAME = 'UPDATE movers SET name = ? WHERE id = ?';

const routed = { tables: { mails: { key: 'mover_id' } } } as const;
const config = (more: Partial<CollegeDBConfig> = {}): CollegeDBConfig => ({
  shards: Object.fromEntries(NAMES.map((name) => [name, env[name]])),
  kv: kvOf(),
  disableAutoMigration: true,
  ...more,
});
const other = (shard: string | undefined) => NAMES.find((name) => name !== shard) as string;
const idsOf = ({ results }: { results: object[] }) => results.map((row) => Object.values(row)[0]);

beforeEach(async () => {
  for (const table of ['fans', 'mails', 'movers', 'tidemark_moves']) {
    await onAll(`DROP TABLE IF EXISTS ${table}`);
  }
  await onAll('CREATE TABLE movers (id TEXT PRIMARY KEY, name TEXT)');
  await onAll(
    'CREATE TABLE mails (id TEXT PRIMARY KEY, mover_id TEXT REFERENCES movers (id), text TEXT)',
  );
  await new KVShardMapper(env.KV).clearAllMappings();
});

/** What KV held when it was made, whatever is written. */
async function behind(): Promise<KeyValueStore> {
  const kept = new Map<string, string>();
  for (const { name } of (await env.KV.list()).keys) {
    kept.set(name, (await env.KV.get(name)) as string);
  }
  return { ...kvOf(), get: async (name: string) => kept.get(name) ?? null };
}

async function filled(more: Partial<CollegeDBConfig> = {}) {
  const router = createRouter(config({ ...routed, ...more }));
  await router.run('ann', USER, ['ann', 'Ann']);
  const [from] = await shardsHaving('movers', 'ann');
  for (const id of ['m1', 'm2', 'm3']) await router.run('ann', POST, [id, 'ann', id]);
  // A neighbour, who stays.
  await new KVShardMapper(env.KV).setShardMapping('bob', from as string);
  await router.run('bob', USER, ['bob', 'Bob']);
  await router.run('bob', POST, ['m9', 'bob', 'm9']);
  return { router, from: from as string, to: other(from) };
}

describe('a key with rows in several tables', () => {
  it.each([
    ['with batches', {}],
    ['without', { shards: shardsOf() }],
  ])('takes along those of declared columns, and leaves the neighbours: %s', async (_, more) => {
    const { router, from, to } = await filled(more);
    await router.reassignShard('ann', to);
    expect(await shardsHaving('movers', 'ann')).toEqual([to]);
    for (const id of ['m1', 'm2', 'm3']) expect(await shardsHaving('mails', id)).toEqual([to]);
    expect(idsOf(await router.all('ann', MAILS, ['ann']))).toEqual(['m1', 'm2', 'm3']);
    expect(await shardsHaving('movers', 'bob')).toEqual([from]);
    expect(await shardsHaving('mails', 'm9')).toEqual([from]);
    // And back: nothing is left of the first time.
    await router.reassignShard('ann', from);
    expect(idsOf(await router.all('ann', MAILS, ['ann']))).toEqual(['m1', 'm2', 'm3']);
    for (const name of NAMES) {
      const notes = await env[name]
        .prepare('SELECT 1 FROM tidemark_moves')
        .all()
        .catch(() => null);
      expect(notes?.results ?? []).toEqual([]);
    }
  });

  it('is refused before anything is moved where rows of others refer to it', async () => {
    const { router, from, to } = await filled();
    await router.run('bob', 'CREATE TABLE fans (id TEXT PRIMARY KEY, of REFERENCES movers (id))');
    await router.run('bob', "INSERT INTO fans VALUES ('f', 'ann')");
    await expect(router.reassignShard('ann', to)).rejects.toMatchObject({
      code: 'RECORD_CONFLICT',
      message: expect.stringContaining('refer to the record ann'),
    });
    for (const id of ['m1', 'm2', 'm3']) expect(await shardsHaving('mails', id)).toEqual([from]);
    expect((await router.run('ann', RENAME, ['Anne', 'ann'])).meta.changes).toBe(1);
    expect(idsOf(await router.all('ann', MAILS, ['ann']))).toEqual(['m1', 'm2', 'm3']);
    await env[from as 'db-east'].prepare('DROP TABLE fans').run();
    await router.reassignShard('ann', to);
    expect(await router.first('ann', SELECT, ['ann'])).toEqual({ name: 'Anne' });
    expect(await shardsHaving('movers', 'ann')).toEqual([to]);
  });

  it('is refused where it has more than thirty rows', async () => {
    const { router, from, to } = await filled();
    await env[from as 'db-east']
      .prepare(
        `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 27)
        INSERT INTO mails SELECT 'x' || i, 'ann', '' FROM n`,
      )
      .run();
    await expect(router.reassignShard('ann', to)).rejects.toMatchObject({
      code: 'RECORD_CONFLICT',
      message: expect.stringContaining('more than 30 rows'),
    });
    expect(await shardsHaving('movers', 'ann')).toEqual([from]);
  });

  it('is there at every moment for isolates that have its old place in their caches', async () => {
    const { router, from, to } = await filled();
    const isolates = Array.from({ length: 3 }, () => createRouter(config(routed)));
    for (const isolate of isolates) await isolate.first('ann', SELECT, ['ann']);
    let moving = true;
    let renamed = 0;
    const use = isolates.map(async (isolate, index) => {
      while (moving) {
        expect(await isolate.first('ann', SELECT, ['ann'])).not.toBeNull();
        if (index > 0) continue;
        const name = `Ann ${renamed + 1}`;
        expect((await isolate.run('ann', RENAME, [name, 'ann'])).meta.changes).toBe(1);
        renamed += 1;
        await scheduler.wait(20);
      }
    });
    try {
      for (const shard of [to, from, to, from]) await router.reassignShard('ann', shard);
    } finally {
      moving = false;
      await Promise.all(use);
    }
    expect(renamed).toBeGreaterThan(0);
    expect(await shardsHaving('movers', 'ann')).toEqual([from]);
    expect(await router.first('ann', SELECT, ['ann'])).toEqual({ name: `Ann ${renamed}` });
  });
});

describe('a move of a key', () => {
  it('takes along what comes to the old place while the key is led to the new one', async () => {
    const { from, to } = await filled();
    const late = env[from as 'db-east'].prepare(POST).bind('m5', 'ann', 'late');
    const { coordinator } = coordinatorOf(async (path) => {
      if (path === '/keys') await late.run();
      return Response.json({ shard: null });
    });
    const router = createRouter(config({ ...routed, coordinator }));
    await router.reassignShard('ann', to);
    expect(idsOf(await router.all('ann', MAILS, ['ann']))).toEqual(['m1', 'm2', 'm3', 'm5']);
    for (const id of ['m1', 'm5']) expect(await shardsHaving('mails', id)).toEqual([to]);
    expect(await shardsHaving('movers', 'ann')).toEqual([to]);
  });

  it('brings nothing back that is deleted where the key is led to', async () => {
    const { to } = await filled();
    const deletion = env[to as 'db-east'].prepare("DELETE FROM mails WHERE id = 'm1'");
    const { coordinator } = coordinatorOf(async (path) => {
      if (path === '/keys') await deletion.run();
      return Response.json({ shard: null });
    });
    await createRouter(config({ ...routed, coordinator })).reassignShard('ann', to);
    expect(await shardsHaving('mails', 'm1')).toEqual([]);
    expect(await shardsHaving('mails', 'm2')).toEqual([to]);
  });

  it('may be asked for by several at once', async () => {
    const { to } = await filled();
    const routers = Array.from({ length: 3 }, () => createRouter(config(routed)));
    const ends = await Promise.allSettled(routers.map((each) => each.reassignShard('ann', to)));
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const end of ends) {
      if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'RECORD_CONFLICT' });
    }
    await routers[0]?.reassignShard('ann', to);
    for (const router of routers) {
      expect(await router.first('ann', SELECT, ['ann'])).toEqual({ name: 'Ann' });
      expect(idsOf(await router.all('ann', MAILS, ['ann']))).toEqual(['m1', 'm2', 'm3']);
    }
    for (const id of ['m1', 'm2', 'm3']) expect(await shardsHaving('mails', id)).toEqual([to]);
  });

  it.each([5, 20, 35])(
    'that takes long is left to who took it over: after %i batches',
    async (at) => {
      const { router, from, to } = await filled();
      const [first] = [...NAMES].sort() as ['db-central'];
      const held = (sql: string) => env[first].prepare(`${sql} WHERE table_name = ''`).run();
      let batches = 0;
      const slow = (name: (typeof NAMES)[number]): Shard => ({
        prepare: (sql) => env[name].prepare(sql),
        batch: async (statements) => {
          batches += 1;
          if (batches === at) await held("UPDATE tidemark_moves SET digest = 'another'");
          return await env[name].batch(statements as unknown as D1PreparedStatement[]);
        },
      });
      // Every look at the clock is half a minute later.
      let now = Date.now();
      const clock = { now: () => (now += 30_000), sleep: async () => {} };
      const shards = Object.fromEntries(NAMES.map((name) => [name, slow(name)]));
      const overtaken = createRouter(config({ ...routed, shards, clock }));
      await expect(overtaken.reassignShard('ann', to)).rejects.toMatchObject({
        code: 'RECORD_CONFLICT',
        message: expect.stringContaining('is being moved'),
      });
      // A row's step at most: the rest is the other's.
      expect(batches).toBeLessThan(at + 20);
      for (const id of ['m1', 'm2', 'm3']) expect(await shardsHaving('mails', id)).toContain(from);
      expect(await router.first('ann', SELECT, ['ann'])).toEqual({ name: 'Ann' });
      await expect(router.reassignShard('ann', to)).rejects.toMatchObject({
        code: 'RECORD_CONFLICT',
      });
      await held('DELETE FROM tidemark_moves');
      await router.reassignShard('ann', to);
      for (const id of ['m1', 'm2', 'm3']) expect(await shardsHaving('mails', id)).toEqual([to]);
      expect(await shardsHaving('movers', 'ann')).toEqual([to]);
    },
  );

  it('that died before the key was led is not what brings a deleted row back', async () => {
    const { router, to } = await filled();
    const { coordinator } = coordinatorOf((path) =>
      path === '/keys' ? new Response('{}', { status: 500 }) : Response.json({ shard: null }),
    );
    await env[to as 'db-east'].prepare('DROP TABLE mails').run();
    await env[to as 'db-east'].prepare('CREATE TABLE mails (id TEXT PRIMARY KEY, text TEXT)').run();
    // Its rows cannot be copied: what was is taken back.
    const dies = createRouter(config({ ...routed, coordinator }));
    await expect(dies.reassignShard('ann', to)).rejects.toMatchObject({ code: 'RECORD_CONFLICT' });
    expect(await shardsHaving('movers', 'ann')).not.toContain(to);
    await env[to as 'db-east'].prepare('DROP TABLE mails').run();
    await router.run('ann', 'DELETE FROM mails WHERE id = ?', ['m2']);
    await router.reassignShard('ann', to);
    expect(idsOf(await router.all('ann', MAILS, ['ann']))).toEqual(['m1', 'm3']);
  });

  it('names the primary key of a record', async () => {
    const { router, to } = await filled();
    await new KVShardMapper(env.KV).addLookupKeys('ann', ['email:ann']);
    await expect(router.reassignShard('email:ann', to)).rejects.toMatchObject({
      code: 'INVALID_KEY',
    });
    await router.reassignShard('ann', to);
    expect(await new KVShardMapper(env.KV).freshMapping('email:ann')).toMatchObject({
      shard: to,
    });
  });
});

describe('with a coordinator', () => {
  const bound = { coordinator: env.ShardCoordinator };
  const flush = async () => {
    const { ShardCoordinator } = env;
    const stub = ShardCoordinator.get(ShardCoordinator.idFromName('default'));
    await stub.fetch('http://coordinator/flush', { method: 'POST', body: '{}' });
  };
  beforeEach(flush);

  it('a key is found where it is now, though KV shows its old place', async () => {
    const { router, to } = await filled(bound);
    const late = createRouter(config({ ...routed, ...bound, kv: await behind() }));
    const cold = createRouter(config({ ...routed, ...bound, kv: await behind() }));
    await late.first('ann', SELECT, ['ann']);
    await router.reassignShard('ann', to);
    for (const isolate of [late, cold]) {
      expect(await isolate.first('ann', SELECT, ['ann'])).not.toBeNull();
      expect((await isolate.run('ann', RENAME, ['Eve', 'ann'])).meta.changes).toBe(1);
      expect(idsOf(await isolate.all('ann', MAILS, ['ann']))).toEqual(['m1', 'm2', 'm3']);
      await expect(isolate.run('ann', USER, ['ann', 'again'])).rejects.toMatchObject({
        code: 'QUERY_FAILED',
      });
    }
    await cold.run('ann', POST, ['m4', 'ann', 'm4']);
    expect(await shardsHaving('mails', 'm4')).toEqual([to]);
    expect(await shardsHaving('movers', 'ann')).toEqual([to]);
  });

  it('a mapping that was made since counts more than the move', async () => {
    const { router, from, to } = await filled(bound);
    await router.reassignShard('ann', to);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await router.reassignShard('ann', from);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const here = createRouter(config(routed));
    await here.reassignShard('ann', to);
    // The coordinator was not told of that one.
    const other_isolate = createRouter(config({ ...routed, ...bound }));
    expect(await other_isolate.first('ann', SELECT, ['ann'])).toEqual({ name: 'Ann' });
    await other_isolate.run('ann', POST, ['m6', 'ann', 'm6']);
    expect(await shardsHaving('mails', 'm6')).toEqual([to]);
  });

  it('a key of before it moves to a shard that no key was placed in', async () => {
    const { from, to } = await filled();
    const router = createRouter(config({ ...routed, ...bound }));
    await router.reassignShard('ann', to);
    expect(await shardsHaving('movers', 'ann')).toEqual([to]);
    const stats = await router.getShardStats();
    expect(stats.find(({ binding }) => binding === to)).toMatchObject({ count: 1 });
    expect(from).not.toBe(to);
  });

  it('that is away, a key stays where it is, and the same call moves it later', async () => {
    const { from, to } = await filled();
    const { coordinator } = coordinatorOf(() => new Response('{}', { status: 500 }));
    const away = createRouter(config({ ...routed, coordinator }));
    await expect(away.reassignShard('ann', to)).rejects.toMatchObject({
      code: 'COORDINATOR_UNAVAILABLE',
    });
    expect((await away.run('ann', RENAME, ['Eve', 'ann'])).meta.changes).toBe(1);
    expect(await shardsHaving('movers', 'ann')).toContain(from);
    const router = createRouter(config({ ...routed, ...bound }));
    await router.reassignShard('ann', to);
    expect(await router.first('ann', SELECT, ['ann'])).toEqual({ name: 'Eve' });
    expect(await shardsHaving('movers', 'ann')).toEqual([to]);
  });
});
