// Values that only one record may have, over all shards. Before a row is written its value is
// claimed: by a row in the shard that the value's own hash names, whose primary key lets one of two
// claims at once through.
//
// A claim without its row is left by a writer that died, and by a row that was deleted or got
// another value. So a claim alone keeps nobody away: who meets one looks for the row on all shards,
// and takes the claim over where there is none, once its writer has had `grace_ms` to write it.

import type { Settings } from './config.ts';
import { type CoordinatorLink, told } from './coordinator_link.ts';
import { columnOf, hashKeys, type Plan, type Put } from './core.ts';
import { CollegeDBError } from './errors.ts';
import type { Query } from './execute.ts';
import { quoteColumn, quoteIdentifier } from './identifiers.ts';
import type { Router } from './router.ts';
import { claims, othersHave } from './texts.ts';
import type { QueryResult } from './types.ts';

type Row = Record<string, unknown>;

/** What a writer has for its row once it has its claim: longer than D1 lets a query wait. */
const grace_ms = 60_000;
/** Who needed longer than this for its claims begins anew. */
const hurry_ms = 20_000;

interface Claim {
  id: string;
  owner: string;
  at: number;
}

const unreadable = (table: string, column: string) =>
  new CollegeDBError(
    `A write of ${table} must say the value of ${column}, which is unique, as a parameter or ` +
      'as itself: insertInto, updateRow and their like do',
    'UNROUTABLE_QUERY',
  );

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

export class UniqueColumns {
  readonly #router: Router;
  readonly #settings: Settings;
  /** With placement 'kv': it says where claims are. */
  readonly #directory: CoordinatorLink | undefined;
  readonly #tables: readonly (readonly [table: string, columns: readonly string[]])[];

  constructor(router: Router, settings: Settings, coordinator: CoordinatorLink | undefined) {
    this.#router = router;
    this.#settings = settings;
    this.#directory = settings.placement === 'kv' ? coordinator : undefined;
    this.#tables = Object.entries(settings.unique);
  }

  /** Runs a write once its values are its record's own. */
  async write<T>(key: string, plan: Plan, query: Query, run: () => Promise<T>): Promise<T> {
    const { table } = plan;
    const columns = table === null ? [] : this.columnsOf(table);
    if (table === null || query.reads || columns.length === 0) return await run();
    const values = columns.flatMap((column) =>
      written(plan, query, column, table).map((value) => ({ column, value })),
    );
    if (values.length === 0) return await run();
    const by = columnOf(plan, key, query.bindings);
    if (by === undefined) {
      const message = `A write of ${table} must say which column has the key '${key}'`;
      throw new CollegeDBError(message, 'UNROUTABLE_QUERY');
    }
    const { clock } = this.#settings;
    const begun = clock.now();
    const made: Claim[] = [];
    try {
      for (const { column, value } of values) {
        const claim = await this.#claim(key, table, by, column, value);
        if (claim !== undefined) made.push(claim);
      }
      if (clock.now() - begun <= hurry_ms) return await run();
      throw new CollegeDBError('The claims took too long', 'SHARD_UNAVAILABLE');
    } catch (error) {
      // What may have been written keeps its claims.
      const { code } = error as CollegeDBError;
      if (code !== 'SHARD_UNAVAILABLE') await this.#drop(made).catch(() => {});
      throw error;
    }
  }

  /** The unique columns of a table. */
  columnsOf(table: string): readonly string[] {
    return this.#tables.find(([each]) => same(each, table))?.[1] ?? [];
  }

  /** Claims what a row that is there has; says which columns' values are another's. */
  async claimRow(owner: string, table: string, by: string, row: Row): Promise<string[]> {
    const conflicts: string[] = [];
    for (const column of this.columnsOf(table)) {
      const value = row[column];
      if (value === null || value === undefined) continue;
      try {
        await this.#claim(owner, table, by, column, value);
      } catch (error) {
        if ((error as CollegeDBError).code !== 'KEY_TAKEN') throw error;
        conflicts.push(column);
      }
    }
    return conflicts;
  }

  async #drop(made: readonly Claim[]): Promise<void> {
    for (const { id, owner, at } of made) await this.#ask(id, claims.drop, [id, owner, at]);
  }

  /** A statement about a claim, where it is. */
  async #ask(id: string, sql: string, bindings: readonly unknown[]): Promise<QueryResult<Row>> {
    if (this.#directory === undefined) return await this.#router.all<Row>(id, sql, bindings);
    const shard = await told(
      this.#directory.allocate({
        primaryKey: id,
        strategy: 'hash',
        operationType: 'write',
        availableShards: this.#settings.names,
      }),
    );
    return await this.#router.allShard<Row>(shard, sql, bindings);
  }

  /** Makes a claim; undefined where the record has it already. */
  async #claim(owner: string, table: string, by: string, column: string, value: unknown) {
    const [hash = ''] = hashKeys([String(value)], this.#settings.pepper);
    const id = `unique:${table.toLowerCase()}.${column.toLowerCase()}:${hash}`;
    const at = this.#settings.clock.now();
    if (await this.#make(id, owner, at)) return { id, owner, at };
    const [held] = (await this.#ask(id, claims.read, [id])).results as unknown as {
      owner: string;
      claimed_at: number;
    }[];
    if (held?.owner === owner) return undefined;
    const taken = new CollegeDBError(
      `Another record of ${table} has this ${column}, or is about to`,
      'KEY_TAKEN',
    );
    if (held === undefined || at - held.claimed_at < grace_ms) throw taken;
    const sql = othersHave(quoteIdentifier(table), quoteColumn(by), quoteColumn(column));
    const others = await this.#router.firstAllShards(sql, [owner, value]);
    if (others.some((row) => row !== null)) throw taken;
    const from = [id, owner, at, held.owner, held.claimed_at];
    const { meta } = await this.#ask(id, claims.take, from);
    if (meta.changes !== 1) throw taken;
    return { id, owner, at };
  }

  /** Whether nobody had it. The first claim of a shard makes their table. */
  async #make(id: string, owner: string, at: number): Promise<boolean> {
    for (let turn = 0; ; turn += 1) {
      try {
        await this.#ask(id, claims.make, [id, owner, at]);
        return true;
      } catch (error) {
        const { message } = error as Error;
        if (/UNIQUE constraint failed/i.test(message)) return false;
        if (turn > 0 || !/no such table/i.test(message)) throw error;
        await this.#ask(id, claims.create, []);
      }
    }
  }
}

/** Nothing where no column is unique. */
export function uniqueOf(
  router: Router,
  settings: Settings,
  coordinator: CoordinatorLink | undefined,
): UniqueColumns | undefined {
  if (Object.keys(settings.unique).length === 0) return undefined;
  if (settings.placement === 'kv' && coordinator === undefined) {
    const message =
      "unique needs a coordinator with placement 'kv': KV is too late to say who is first";
    throw new CollegeDBError(message, 'COORDINATOR_REQUIRED');
  }
  return new UniqueColumns(router, settings, coordinator);
}

const putInto = (puts: Record<string, Put>, column: string) =>
  Object.entries(puts).find(([each]) => same(each, column))?.[1];

/** The values that a statement may write into a column, each once. NULL is nobody's. An upsert has
 * one for a new row and one for a row that is there: nobody knows yet which it will be. */
function written(plan: Plan, { bindings }: Query, column: string, table: string): unknown[] {
  const { inserts, inserted, sets } = plan;
  if (inserts && inserted === null) throw unreadable(table, column);
  const said = (put: Put | undefined): unknown => {
    if (put !== undefined && 'param' in put) return bindings[put.param];
    if (put !== undefined && 'literal' in put) return put.literal;
    if (put !== undefined && 'excluded' in put) {
      return said(putInto(inserted ?? {}, put.excluded));
    }
    throw unreadable(table, column);
  };
  const puts = [putInto(inserted ?? {}, column), putInto(sets, column)];
  const values = puts.flatMap((put) => (put === undefined ? [] : [said(put)]));
  return [...new Set(values)].filter((value) => value !== null && value !== undefined);
}
