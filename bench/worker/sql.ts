// SQL over many databases against the raw binding: the same statements of the same rows, 16 in
// flight. And routing alone against the same in JavaScript.

import { sha256 } from '@noble/hashes/sha2.js';
import { slotOf } from '../../client/sql/core.ts';
import { createRouter, type Router, type Shard } from '../../client/sql/index.ts';
import { type AllocationObjects, answerAllocations } from './sql_allocations.ts';
import { answerSpread } from './sql_spread.ts';
import { answerTop20 } from './sql_top20.ts';

const in_flight = 16;
const names = ['db-east', 'db-west', 'db-central', 'db-europe'] as const;
type Databases = Record<(typeof names)[number], D1Database> & AllocationObjects;
type Side = 'ours' | 'raw';

const SELECT = 'SELECT id, name FROM bench_sql WHERE id = ?';
const UPDATE = 'UPDATE bench_sql SET name = ? WHERE id = ?';
const INSERT = 'INSERT OR REPLACE INTO bench_sql (id, name) VALUES (?, ?)';
const CREATE = 'CREATE TABLE IF NOT EXISTS bench_sql (id TEXT PRIMARY KEY, name TEXT)';

const keyOf = (index: number) => `user-${index}`;

/** Where each key lies, so that the raw side asks the same database. */
const places = new Map<string, D1Database>();

/** A database that notes each question that goes to it; a batch is one. */
function noting(database: D1Database, note: (database: D1Database) => void): Shard {
  const noted = (statement: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(statement, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...given: unknown[]): unknown => {
          if (name === 'bind') return noted(value.apply(target, given) as D1PreparedStatement);
          note(database);
          return value.apply(target, given);
        };
      },
    });
  return {
    prepare: (sql) => noted(database.prepare(sql)),
    batch: (statements) => {
      note(database);
      return database.batch(statements as unknown as D1PreparedStatement[]);
    },
  };
}

function shardsOf(env: Databases, note: (database: D1Database) => void): Record<string, Shard> {
  return Object.fromEntries(names.map((name) => [name, noting(env[name], note)]));
}

let router: Router | undefined;

/** Fills the rows, and finds out where they lie. */
async function fill(env: Databases, rows: number): Promise<void> {
  for (const name of names) await env[name].prepare(CREATE).run();
  let last: D1Database | undefined;
  const slots = { placement: 'slots', coordinator: env.ShardCoordinator } as const;
  const shards = shardsOf(env, (database) => {
    last = database;
  });
  const noted = createRouter({ shards, ...slots });
  for (let index = 0; index < rows; index += 1) {
    const key = keyOf(index);
    await noted.run(key, INSERT, [key, 'a name']);
    if (last !== undefined) places.set(key, last);
  }
  router = createRouter({
    shards: Object.fromEntries(names.map((name) => [name, env[name]])),
    ...slots,
  });
}

const statements: Record<string, Record<Side, (key: string) => Promise<unknown>>> = {
  first: {
    ours: (key) => (router as Router).first(key, SELECT, [key]),
    raw: (key) => (places.get(key) as D1Database).prepare(SELECT).bind(key).first(),
  },
  run: {
    ours: (key) => (router as Router).run(key, UPDATE, ['another name', key]),
    raw: (key) => (places.get(key) as D1Database).prepare(UPDATE).bind('another name', key).run(),
  },
};

/** So many statements, 16 at once. */
async function runStatements(what: string, side: Side, count: number): Promise<void> {
  const statement = statements[what]?.[side];
  if (statement === undefined) throw new Error(`nothing is called ${what} ${side}`);
  const rows = places.size;
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const key = keyOf(next % rows);
      next += 1;
      await statement(key);
    }
  };
  await Promise.all(Array.from({ length: in_flight }, worker));
}

/** What one read and one insert of a new key cost, by placement. */
async function countOperations(env: Databases & { KV: KVNamespace }) {
  const counted = { queries: 0, kv: 0, calls: 0 };
  const note = () => {
    counted.queries += 1;
  };
  const kv = new Proxy(env.KV, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]): unknown => {
        counted.kv += 1;
        return value.apply(target, given);
      };
    },
  });
  const namespace = env.ShardCoordinator;
  const coordinator = {
    idFromName: (name: string) => namespace.idFromName(name),
    get: (id: unknown) => {
      counted.calls += 1;
      return namespace.get(id as DurableObjectId);
    },
  };
  const of = async (config: object, work: (router: Router) => Promise<unknown>) => {
    const made = createRouter({ shards: shardsOf(env, note), ...config });
    Object.assign(counted, { queries: 0, kv: 0, calls: 0 });
    await work(made);
    return counted.queries + counted.kv + counted.calls;
  };
  const read = (made: Router) => made.first('user-1', SELECT, ['user-1']);
  const key = `new-${crypto.randomUUID()}`;
  const write = (made: Router) => made.run(key, INSERT, [key, 'new']);
  const slots = { placement: 'slots', coordinator, kv } as const;
  return {
    first_cold: await of(slots, read),
    first: await of(slots, read),
    run_new: await of(slots, write),
    run_new_kv: await of({ kv, disableAutoMigration: true }, write),
  };
}

const encoder = new TextEncoder();
const inJavaScript = (key: string) => {
  const [first = 0, second = 0] = sha256(encoder.encode(key));
  return (first << 4) | (second >> 4);
};

/** Slots of so many keys; their sum, so that both sides are seen to agree. */
function route(side: 'engine' | 'js', count: number): number {
  const slot = side === 'engine' ? slotOf : inJavaScript;
  let sum = 0;
  for (let index = 0; index < count; index += 1) sum += slot(keyOf(index));
  return sum;
}

/** What the suite asks for, by the last part of the path. */
export async function answerSql(url: URL, env: Databases & { KV: KVNamespace }): Promise<Response> {
  const what = url.pathname.slice('/bench/sql/'.length);
  if (what.startsWith('top20/')) return answerTop20(what.slice('top20/'.length), url, env);
  const side = url.searchParams.get('side');
  const count = Number(url.searchParams.get('count'));
  switch (what) {
    case 'fill':
      await fill(env, Number(url.searchParams.get('rows')));
      return Response.json({});
    case 'operations':
      return Response.json(await countOperations(env));
    case 'spread':
      return answerSpread(url);
    case 'allocations':
      return await answerAllocations(url, env);
    case 'route':
      return Response.json({ sum: route(side as 'engine' | 'js', count) });
    default:
      await runStatements(what, side as Side, count);
      return Response.json({});
  }
}
