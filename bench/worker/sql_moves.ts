// Rows that are written while slots move: a router with a coordinator over three databases, to
// which a fourth is added, and which is drained again.

import { createRouter, type Router, type SlotMove } from '../../client/sql/index.ts';

const names = ['db-east', 'db-west', 'db-central', 'db-europe'] as const;
const added = 'db-europe';
type Env = Record<(typeof names)[number], D1Database> & {
  ShardCoordinator: DurableObjectNamespace;
};

const CREATE = 'CREATE TABLE IF NOT EXISTS bench_moves (id TEXT PRIMARY KEY, name TEXT)';
const INSERT = 'INSERT OR REPLACE INTO bench_moves (id, name) VALUES (?, ?)';
const UPDATE = 'UPDATE bench_moves SET name = ? WHERE id = ?';
const COUNT = 'SELECT count(*) AS held FROM bench_moves';

const keyOf = (index: number) => `rider-${index}`;

let made: Router | undefined;

function routerOf(env: Env): Router {
  const shards = Object.fromEntries(names.map((name) => [name, env[name]]));
  made ??= createRouter({ shards, placement: 'slots', coordinator: env.ShardCoordinator });
  return made;
}

/** So many rows, over the databases but the last. */
async function fill(env: Env, count: number): Promise<void> {
  for (const name of names) await env[name].prepare(CREATE).run();
  const router = routerOf(env);
  await settled(router, await router.drainShard(added));
  let next = 0;
  const writer = async () => {
    while (next < count) {
      const key = keyOf(next);
      next += 1;
      await router.run(key, INSERT, [key, 'a name as long as rows have it']);
    }
  };
  await Promise.all(Array.from({ length: 16 }, writer));
}

const pause = (milliseconds: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, milliseconds);
  });

/** Waits for moves; how many rows they took. */
async function settled(router: Router, moves: readonly SlotMove[]): Promise<number> {
  const begun = new Set(moves.map(({ id }) => id));
  for (;;) {
    const known = (await router.getMoves()).filter(({ id }) => begun.has(id));
    const failed = known.find(({ state }) => state === 'failed');
    if (failed !== undefined) throw new Error(failed.error ?? 'a move failed');
    if (known.every(({ state }) => state === 'cleaned')) {
      return known.reduce((sum, { copied }) => sum + copied, 0);
    }
    await pause(20);
  }
}

/** What the suite asks for, by the last part of the path. */
export async function answerSqlMoves(url: URL, env: Env): Promise<Response> {
  const number = (name: string) => Number(url.searchParams.get(name));
  const router = routerOf(env);
  switch (url.pathname.slice('/bench/sql_moves/'.length)) {
    case 'fill':
      await fill(env, number('rows'));
      return Response.json({});
    case 'write': {
      const key = keyOf(number('row'));
      const { meta } = await router.run(key, UPDATE, ['another name', key]);
      if (meta.changes !== 1) throw new Error(`${key} is not there`);
      return Response.json({});
    }
    case 'add':
      return Response.json({ rows: await settled(router, await router.addShard(added)) });
    case 'drain':
      return Response.json({ rows: await settled(router, await router.drainShard(added)) });
    default: {
      const each = await router.allAllShards<{ held: number }>(COUNT);
      return Response.json({ rows: each.map(({ results }) => results[0]?.held ?? 0) });
    }
  }
}
