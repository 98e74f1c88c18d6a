// Inserts of rows whose key nobody has yet: it is made here, before the row, so that the row goes
// where its key says. A column of integers gets the coordinator's numbers, any other a UUID.

import { told } from './coordinator_link.ts';
import { type Plan, planOf } from './core.ts';
import { CollegeDBError } from './errors.ts';
import { quoteColumn } from './identifiers.ts';
import { partsOf } from './parts.ts';
import type { Router } from './router.ts';
import { activeRouter } from './scope.ts';
import { forgetLease, nextIdOn } from './sequence.ts';
import { SlotsPlacement } from './slots_placement.ts';
import { columns_of } from './texts.ts';
import type { QueryResult, Shard } from './types.ts';

type Row = Record<string, unknown>;

export interface InsertOptions {
  /** The column of the key: `id`. */
  idColumn?: string;
}

export interface InsertResult<T = Row> extends QueryResult<T> {
  /** The key of the row. */
  generatedId: string | number;
}

const attempts_max = 3;
/** Of so many texts none belongs to a shard only if there are thousands of shards. */
const draws_max = 100_000;

const unavailable = (message: string) => new CollegeDBError(message, 'GENERATED_KEY_UNAVAILABLE');

const key_types = new WeakMap<Shard, Map<string, 'integer' | 'text'>>();

/** Which keys a column takes, as the first shard says: all have one schema. */
async function keyTypeOf(router: Router, table: string, column: string) {
  const { shards } = router.config;
  const [name = ''] = Object.keys(shards);
  const known = key_types.get(shards[name] as Shard) ?? new Map<string, 'integer' | 'text'>();
  key_types.set(shards[name] as Shard, known);
  const of = JSON.stringify([table, column]);
  const before = known.get(of);
  if (before !== undefined) return before;
  const { results } = await router.allShard<{ name: string; type: string }>(name, columns_of, [
    table,
  ]);
  const found = results.find((each) => each.name.toLowerCase() === column.toLowerCase());
  if (found === undefined) throw unavailable(`Table ${table} has no column ${column}`);
  if (/^(REAL|FLOA|DOUB|BLOB)/i.test(found.type)) {
    throw unavailable(`Column ${column} of ${table} is ${found.type}: no key is made for that`);
  }
  const type = /INT/i.test(found.type) ? 'integer' : 'text';
  known.set(of, type);
  return type;
}

/** The value that a statement has for a column. */
function givenKey({ equals }: Plan, column: string, bindings: readonly unknown[]) {
  const found = Object.entries(equals).find(
    ([name]) => name.toLowerCase() === column.toLowerCase(),
  );
  if (found === undefined) return undefined;
  return 'param' in found[1] ? bindings[found[1].param] : found[1].literal;
}

const name = /(?:[A-Za-z_]\w*|"[^"]*"|`[^`]*`|\[[^\]]*\])/.source;
const head = new RegExp(
  `^(\\s*INSERT\\s+INTO\\s+${name}(?:\\.${name})?\\s*\\()([^()]*\\)\\s*VALUES\\s*\\()`,
  'i',
);

/** The statement with a column more, whose value is its first parameter. The core says whether it
 * came out so; what it is written like beside that does not matter. */
function withKey(sql: string, plan: Plan, column: string): string {
  const text = sql.replace(head, (_, before: string, between: string) => {
    return `${before}${quoteColumn(column)}, ${between}?, `;
  });
  if (text !== sql) {
    const { equals, parameters, statements } = planOf(text);
    const value = Object.entries(equals).find(([each]) => each === column)?.[1];
    const first = value !== undefined && 'param' in value && value.param === 0;
    if (first && parameters === plan.parameters + 1 && statements === 1) return text;
  }
  throw unavailable(
    'No key can be added to this statement: it inserts one row of VALUES into columns that it ' +
      `names, or has a value for ${column}, which nextId gives`,
  );
}

/** The database has a row of this key. */
function isTaken(error: unknown, table: string, column: string): boolean {
  if (!(error instanceof CollegeDBError) || error.code !== 'QUERY_FAILED') return false;
  const { message } = error;
  const at = message.toLowerCase().indexOf('unique constraint failed: ');
  const [failed = ''] = message.slice(at + 'unique constraint failed: '.length).split(/[:\s]/);
  return at >= 0 && failed.toLowerCase() === `${table}.${column}`.toLowerCase();
}

type Write<T> = (key: string, sql: string, bindings: unknown[]) => Promise<QueryResult<T>>;
type MakeText = () => string;

async function insertWith<T>(
  router: Router,
  sql: string,
  bindings: readonly unknown[],
  { idColumn = 'id' }: InsertOptions,
  write: Write<T>,
  makeText: MakeText = () => crypto.randomUUID(),
): Promise<InsertResult<T>> {
  const plan = planOf(sql);
  if (plan.statements !== 1 || plan.kind !== 'write' || !plan.inserts || plan.table === null) {
    throw new CollegeDBError('This takes one INSERT', 'UNROUTABLE_QUERY');
  }
  quoteColumn(idColumn);
  const given = givenKey(plan, idColumn, bindings);
  if (typeof given === 'string' || typeof given === 'number') {
    return { ...(await write(String(given), sql, [...bindings])), generatedId: given };
  }
  if (given !== undefined) throw unavailable(`${idColumn} is a text or a number, or is left out`);
  const text = withKey(sql, plan, idColumn);
  const integers = (await keyTypeOf(router, plan.table, idColumn)) === 'integer';
  for (let attempt = 1; ; attempt += 1) {
    const key = integers ? await nextIdOn(router, plan.table, { column: idColumn }) : makeText();
    try {
      return { ...(await write(String(key), text, [key, ...bindings])), generatedId: key };
    } catch (error) {
      if (!isTaken(error, plan.table, idColumn)) throw error;
      forgetLease(router, plan.table, idColumn);
      if (attempt < attempts_max) continue;
      const message = `Table ${plan.table} has rows of the keys made for it, as ${key}`;
      throw new CollegeDBError(message, 'GENERATED_KEY_COLLISION', { cause: error });
    }
  }
}

/** Inserts a row with a key that is made for it, on the shard that the key gets. */
export async function insert<T = Row>(
  sql: string,
  bindings: readonly unknown[] = [],
  options: InsertOptions = {},
): Promise<InsertResult<T>> {
  const router = activeRouter();
  const write: Write<T> = (key, text, values) => router.run<T>(key, text, values);
  return insertWith<T>(router, sql, bindings, options, write);
}

/** The same on a shard by its name, where the key is found from then on. */
export async function insertShard<T = Row>(
  shard: string,
  sql: string,
  bindings: readonly unknown[] = [],
  options: InsertOptions = {},
): Promise<InsertResult<T>> {
  const router = activeRouter();
  const { settings, mapper, coordinator } = partsOf(router.config);
  if (!Object.hasOwn(settings.shards, shard)) {
    throw new CollegeDBError(`Shard ${shard} not found`, 'SHARD_NOT_FOUND');
  }
  if (mapper === undefined && coordinator !== undefined) {
    const message =
      'Slots move, and say which shard a row is on: use insert, which puts it where its slot is';
    throw new CollegeDBError(message, 'UNROUTABLE_QUERY');
  }
  const slots = new SlotsPlacement(settings.names);
  const elsewhere = (key: string, where: string) =>
    new CollegeDBError(`Key ${key} belongs to shard ${where}, not to ${shard}`, 'RECORD_CONFLICT');
  const write: Write<T> = async (key, text, values) => {
    if (mapper === undefined) {
      const place = slots.shardOf(key);
      if (place !== shard) throw elsewhere(key, place);
    } else {
      const place = (await mapper.freshMapping(key))?.shard;
      if (place !== undefined && place !== shard) throw elsewhere(key, place);
      const strategy = { primaryKey: key, strategy: 'hash', operationType: 'write' } as const;
      const given =
        coordinator &&
        (await told(coordinator.allocate({ ...strategy, availableShards: [shard] })));
      if (given !== undefined && given !== shard) throw elsewhere(key, given);
      if (place === undefined) await mapper.addNewMapping(key, shard);
    }
    return await router.runShard<T>(shard, text, values);
  };
  const makeText = () => {
    for (let draw = 0; draw < draws_max; draw += 1) {
      const key = crypto.randomUUID();
      if (mapper !== undefined || slots.shardOf(key) === shard) return key;
    }
    throw unavailable(`No key belongs to shard ${shard}`);
  };
  return insertWith<T>(router, sql, bindings, options, write, makeText);
}
