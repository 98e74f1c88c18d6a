// Two databases whose slots a test moves by hand, at the very moment that it is about, and isolates
// that ask them.

import { env } from 'cloudflare:workers';
import { slotOf } from '../../client/sql/core.ts';
import { CollegeDBError, createRouter, type Shard } from '../../client/sql/index.ts';
import { type SlotTableText, weightOf } from '../../client/sql/slot_table.ts';
import { noCounts } from './doubles.ts';

export const SLOTS = 4096;
export const ALL = ['db-east', 'db-west'] as const;
type Name = (typeof ALL)[number];

export const INSERT = 'INSERT INTO riders (id, name) VALUES (?, ?)';
export const SELECT = 'SELECT * FROM riders WHERE id = ?';

export const range = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => from + index);

/** The tables by which a shard tells which slots it has. */
export const FENCES = [
  `CREATE TABLE tidemark_slots (slot INTEGER, part TEXT, epoch INTEGER NOT NULL,
    writable INTEGER NOT NULL, weight INTEGER NOT NULL, PRIMARY KEY (slot, part))
    STRICT, WITHOUT ROWID`,
  `CREATE TABLE tidemark_shard (id INTEGER PRIMARY KEY CHECK (id = 1), slots INTEGER NOT NULL,
    weight INTEGER NOT NULL, parts INTEGER NOT NULL) STRICT`,
  'INSERT INTO tidemark_shard VALUES (1, 0, 0, 1)',
];

export const counted = `UPDATE tidemark_shard SET (slots, weight) =
  (SELECT count(*), coalesce(sum(weight), 0) FROM tidemark_slots)`;

export async function own(name: Name, slots: number[], writable = 1): Promise<void> {
  const insert = `INSERT OR REPLACE INTO tidemark_slots (slot, part, epoch, writable, weight)
    SELECT value ->> 0, '', 1, ?2, value ->> 1 FROM json_each(?1)`;
  const weighed = slots.map((slot) => [slot, weightOf(slot)]);
  await env[name].batch([
    env[name].prepare(insert).bind(JSON.stringify(weighed), writable),
    env[name].prepare(counted),
  ]);
}

export async function release(name: Name, slots: number[]): Promise<void> {
  const away = 'DELETE FROM tidemark_slots WHERE slot IN (SELECT value FROM json_each(?))';
  await env[name].batch([
    env[name].prepare(away).bind(JSON.stringify(slots)),
    env[name].prepare(counted),
  ]);
}

/** The lower half of the slots is db-east's, the upper db-west's. */
const first_table: SlotTableText = {
  version: 1,
  shards: [...ALL],
  slots: [
    [2048, 0, 1],
    [2048, 1, 1],
  ],
};

/** The same with one slot of db-east's at db-west. */
export function movedTable(slot: number): SlotTableText {
  const runs: SlotTableText['slots'] = [
    [slot, 0, 1],
    [1, 1, 2],
    [2047 - slot, 0, 1],
    [2048, 1, 1],
  ];
  return { version: 2, shards: [...ALL], slots: runs.filter(([count]) => count > 0) };
}

/** Moves a row of db-east's as the coordinator would, without the coordinator. */
export async function moveAway(id: string): Promise<void> {
  const slot = slotOf(id);
  const row = await env['db-east'].prepare(SELECT).bind(id).first<{ name: string }>();
  if (row !== null) await env['db-west'].prepare(INSERT).bind(id, row.name).run();
  await env['db-east'].prepare('DELETE FROM riders WHERE id = ?').bind(id).run();
  await release('db-east', [slot]);
  await own('db-west', [slot]);
}

/** Moves all riders of some slots of db-east's, and the slots, at once. */
export async function moveSlots(slots: readonly number[]): Promise<void> {
  const away = new Set(slots);
  const { results } = await env['db-east'].prepare('SELECT * FROM riders').all<{ id: string }>();
  const rows = JSON.stringify(results.filter(({ id }) => away.has(slotOf(id))));
  const insert = "INSERT INTO riders SELECT value ->> 'id', value ->> 'name' FROM json_each(?)";
  const remove = "DELETE FROM riders WHERE id IN (SELECT value ->> 'id' FROM json_each(?))";
  await env['db-west'].prepare(insert).bind(rows).run();
  await env['db-east'].prepare(remove).bind(rows).run();
  await release('db-east', [...slots]);
  await own('db-west', [...slots]);
}

/** A key whose slot is db-east's at first. */
export const eastern = (prefix: string): string => {
  const number = range(0, 1000).find((each) => slotOf(`${prefix}-${each}`) < 2048);
  return `${prefix}-${number}`;
};

export class Coordinator {
  table = first_table;
  asked: string[] = [];
  readonly namespace = {
    idFromName: (name: string) => name,
    get: () => ({
      fetch: async (url: string) => {
        const { pathname, searchParams } = new URL(url);
        this.asked.push(pathname);
        const same = searchParams.get('after') === String(this.table.version);
        const { version } = this.table;
        return Response.json(same ? { version } : { version, table: this.table });
      },
    }),
  };
}

/** A shard that counts what it is asked, a batch as one. */
export function shardOf(name: Name, counts = noCounts(), before = async () => {}): Shard {
  const database = env[name];
  const counting = (statement: D1PreparedStatement): D1PreparedStatement =>
    new Proxy(statement, {
      get: (target, method) => {
        const value: unknown = Reflect.get(target, method);
        if (typeof value !== 'function') return value;
        return (...given: unknown[]): unknown => {
          if (method === 'bind') return counting(value.apply(target, given) as D1PreparedStatement);
          counts.queries += 1;
          return before().then(() => value.apply(target, given) as unknown);
        };
      },
    });
  return {
    prepare: (sql) => counting(database.prepare(sql)),
    batch: async (statements) => {
      counts.queries += 1;
      await before();
      return database.batch(statements as unknown as D1PreparedStatement[]);
    },
  };
}

export function isolate(coordinator: Coordinator, more: object = {}) {
  const counts = noCounts();
  const shards = Object.fromEntries(ALL.map((name) => [name, shardOf(name, counts)]));
  // A binding of its own is an isolate of its own.
  const namespace = { ...coordinator.namespace };
  const config = { shards, placement: 'slots', coordinator: namespace, ...more } as const;
  return { counts, router: createRouter(config) };
}

export const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof CollegeDBError ? error.code : error),
  );

export const TABLES = [
  'DROP TABLE IF EXISTS riders',
  'DROP TABLE IF EXISTS tidemark_slots',
  'DROP TABLE IF EXISTS tidemark_shard',
  'DROP TABLE IF EXISTS tidemark_order',
  'CREATE TABLE riders (id TEXT PRIMARY KEY, name TEXT)',
  ...FENCES,
];
