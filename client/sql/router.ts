// One logical database over many: the functions of the library as methods of an instance. Nothing
// here is global but the caches, which belong to the bindings.

import { REST_MS } from './background.ts';
import { checkBindings } from './bindings.ts';
import { type Settings, settingsOf } from './config.ts';
import { CoordinatorLink, told, unavailable } from './coordinator_link.ts';
import { type Plan, planOf } from './core.ts';
import { CollegeDBError, messageOf } from './errors.ts';
import { execute, type Query, shardNamed, sizeAsked, type Verb } from './execute.ts';
import { existingOf, prepareExisting } from './existing_rows.ts';
import { checkBatchSize, type Round, resultsOf, settle } from './fan_out.ts';
import { clearMigrationCache } from './integrate.ts';
import { KvPlacement } from './kv_placement.ts';
import { checkKey } from './mapper.ts';
import { MovingSlots } from './moving_slots.ts';
import { environment } from './platform.ts';
import { reassign } from './reassign.ts';
import { SlotsPlacement } from './slots_placement.ts';
import { PreparedStatement } from './statement.ts';
import type {
  CollegeDBConfig,
  QueryResult,
  RebalanceOptions,
  ShardStats,
  SlotMove,
} from './types.ts';
import { type UniqueColumns, uniqueOf } from './unique.ts';

type Row = Record<string, unknown>;

/** How long a key that moves is waited for, and how often it is looked at. */
const move_wait_ms = 60_000;
const move_look_ms = 50;

/** One statement, and one that a database can run by itself. */
function routable(sql: string): Plan {
  if (typeof sql !== 'string') {
    throw new CollegeDBError('A statement is a text', 'UNROUTABLE_QUERY');
  }
  const plan = planOf(sql);
  const problem =
    plan.kind === 'empty'
      ? 'The text has no statement'
      : plan.statements > 1
        ? 'Only one statement at a time can be routed'
        : plan.kind === 'transaction'
          ? 'A shard runs each statement by itself: it has no transactions to begin or to end'
          : undefined;
  if (problem !== undefined) throw new CollegeDBError(problem, 'UNROUTABLE_QUERY');
  return plan;
}

export class Router {
  readonly #config: CollegeDBConfig;
  readonly #settings: Settings;
  readonly #kv: KvPlacement | undefined;
  readonly #slots: SlotsPlacement;
  readonly #moving: MovingSlots | undefined;
  readonly #coordinator: CoordinatorLink | undefined;
  readonly #unique: UniqueColumns | undefined;
  /** When what databases held before was last gone on with, if that was begun. */
  #prepared_ms: number | undefined;

  /** @internal */
  constructor(config: CollegeDBConfig) {
    const settings = settingsOf(config);
    this.#config = config;
    this.#settings = settings;
    this.#kv =
      settings.placement === 'kv' && settings.kv
        ? new KvPlacement(settings, settings.kv, existingOf(settings))
        : undefined;
    this.#slots = new SlotsPlacement(settings.names);
    const { coordinator } = settings;
    this.#coordinator = coordinator && new CoordinatorLink(coordinator, settings);
    this.#moving =
      coordinator && this.#coordinator && this.#kv === undefined
        ? new MovingSlots(settings, coordinator, this.#coordinator)
        : undefined;
    this.#unique = uniqueOf(this, settings, this.#coordinator);
  }

  /** Maps what the databases held before, in the background: a piece of it; resolves when that is
   * done. `goes_on`: later queries do the others, of an app that prepares once and lives long. */
  async prepareExisting(goes_on = false): Promise<void> {
    if (this.#kv === undefined) return;
    if (goes_on) this.#prepared_ms = Date.now();
    await prepareExisting(this.#settings, this.#kv.mapper);
  }

  #goOn(): void {
    const since = this.#prepared_ms;
    if (since !== undefined && Date.now() - since >= REST_MS) void this.prepareExisting(true);
  }

  get config(): CollegeDBConfig {
    return this.#config;
  }

  async #query<T>(key: string, sql: string, bindings: readonly unknown[], verb: Verb) {
    checkKey(key);
    checkBindings(bindings);
    const plan = routable(sql);
    this.#goOn();
    const query: Query = { sql, bindings, verb, reads: plan.kind === 'read' };
    const by_table = this.#kv ?? this.#moving;
    const ask = () =>
      by_table === undefined
        ? execute<T>(this.#settings, this.#slots.shardOf(key), query)
        : by_table.query<T>(key, plan, query);
    return this.#unique === undefined ? ask() : this.#unique.write(key, plan, query, ask);
  }

  async prepare(key: string, sql: string): Promise<PreparedStatement> {
    checkKey(key);
    routable(sql);
    return new PreparedStatement({
      run: <T>(bindings: readonly unknown[]) => this.run<T>(key, sql, bindings),
      all: <T>(bindings: readonly unknown[]) => this.all<T>(key, sql, bindings),
      first: <T>(bindings: readonly unknown[]) => this.first<T>(key, sql, bindings),
    });
  }

  async run<T = Row>(key: string, sql: string, bindings: readonly unknown[] = []) {
    return (await this.#query<T>(key, sql, bindings, 'run')) as QueryResult<T>;
  }

  async all<T = Row>(key: string, sql: string, bindings: readonly unknown[] = []) {
    return (await this.#query<T>(key, sql, bindings, 'all')) as QueryResult<T>;
  }

  async first<T = Row>(key: string, sql: string, bindings: readonly unknown[] = []) {
    return (await this.#query<T>(key, sql, bindings, 'first')) as T | null;
  }

  async #onShard<T>(shard: string, sql: string, bindings: readonly unknown[], verb: Verb) {
    shardNamed(this.#settings, shard);
    checkBindings(bindings);
    const reads = routable(sql).kind === 'read';
    return execute<T>(this.#settings, shard, { sql, bindings, verb, reads });
  }

  async runShard<T = Row>(shard: string, sql: string, bindings: readonly unknown[] = []) {
    return (await this.#onShard<T>(shard, sql, bindings, 'run')) as QueryResult<T>;
  }

  async allShard<T = Row>(shard: string, sql: string, bindings: readonly unknown[] = []) {
    return (await this.#onShard<T>(shard, sql, bindings, 'all')) as QueryResult<T>;
  }

  async firstShard<T = Row>(shard: string, sql: string, bindings: readonly unknown[] = []) {
    return (await this.#onShard<T>(shard, sql, bindings, 'first')) as T | null;
  }

  async #onAll<T>(sql: string, bindings: readonly unknown[], at_once: number, verb: Verb) {
    checkBatchSize(at_once);
    checkBindings(bindings);
    const reads = routable(sql).kind === 'read';
    const query: Query = { sql, bindings, verb, reads };
    if (this.#moving !== undefined) {
      const outcomes = reads
        ? this.#moving.readAll(query, at_once)
        : this.#moving.writeAll(query, at_once);
      return resultsOf<T>(await outcomes);
    }
    const ask = (shard: string) => execute(this.#settings, shard, query);
    return resultsOf<T>(await settle(this.#settings.names, at_once, ask));
  }

  async runAllShards<T = Row>(sql: string, bindings: readonly unknown[] = [], batchSize = 50) {
    return await this.#onAll<QueryResult<T>>(sql, bindings, batchSize, 'run');
  }

  async allAllShards<T = Row>(sql: string, bindings: readonly unknown[] = [], batchSize = 50) {
    return await this.#onAll<QueryResult<T>>(sql, bindings, batchSize, 'all');
  }

  async firstAllShards<T = Row>(sql: string, bindings: readonly unknown[] = [], batchSize = 50) {
    return await this.#onAll<T | null>(sql, bindings, batchSize, 'first');
  }

  /** Reads of all shards that belong together: they see each row once, also while slots move.
   * @internal */
  async readRounds<T>(work: (ask: Round) => Promise<T>): Promise<T> {
    if (this.#moving !== undefined) return await this.#moving.readRounds(work);
    const settings = this.#settings;
    return await work((queries, at_once) =>
      settle(settings.names, at_once, async (shard, index) => {
        const query = queries[index];
        return query && execute(settings, shard, query);
      }),
    );
  }

  /** Moves a key with its rows, of one table or of all. */
  async reassignShard(primaryKey: string, newShard: string, tableName?: string): Promise<void> {
    checkKey(primaryKey);
    if (this.#kv === undefined) {
      shardNamed(this.#settings, newShard);
      if (tableName !== undefined) {
        const message = "With placement 'slots' all rows of a key move together: name no table";
        throw new CollegeDBError(message, 'INVALID_OPTION');
      }
      const moves = await this.#change({ kind: 'key', key: primaryKey, shard: newShard });
      return await this.#settled(moves, primaryKey);
    }
    const { mapper } = this.#kv;
    await reassign(this.#settings, this.#kv, primaryKey, newShard, tableName, async () => {
      // The coordinator first: who finds nothing by KV asks it.
      const { names } = this.#settings;
      if (this.#coordinator) await told(this.#coordinator.move(primaryKey, newShard, names));
      await mapper.updateShardMapping(primaryKey, newShard);
    });
  }

  /** Gives a shard of the configuration its part of the slots, taken from all others. */
  async addShard(shard: string): Promise<SlotMove[]> {
    shardNamed(this.#settings, shard);
    return await this.#change({ kind: 'add', shard });
  }

  /** Takes all slots from a shard. It may leave the configuration when its moves are done. */
  async drainShard(shard: string): Promise<SlotMove[]> {
    shardNamed(this.#settings, shard);
    return await this.#change({ kind: 'drain', shard });
  }

  /** Evens out how many slots the shards have, or as the weights say. */
  async rebalance({ dryRun, weights }: RebalanceOptions = {}): Promise<SlotMove[]> {
    return await this.#change({ kind: 'rebalance', dryRun: dryRun ?? false, weights });
  }

  /** The moves that wait, go on and were done lately. */
  async getMoves(): Promise<SlotMove[]> {
    return await told(this.#owner().moves());
  }

  /** Waits for moves that have begun. */
  async #settled(begun: readonly SlotMove[], key: string): Promise<void> {
    const { clock } = this.#settings;
    const ids = new Set(begun.map(({ id }) => id));
    const deadline = clock.now() + move_wait_ms;
    for (;;) {
      const moves = ids.size === 0 ? [] : await this.getMoves();
      const mine = moves.filter(({ id, state }) => ids.has(id) && state !== 'cleaned');
      if (mine.length === 0) return;
      const failed = mine.find(({ state }) => state === 'failed');
      if (failed !== undefined) {
        throw new CollegeDBError(`${key} stays: ${failed.error}`, 'COORDINATOR_REFUSED');
      }
      if (clock.now() >= deadline) {
        const message = `${key} is still on its way: getMoves() tells how far it is`;
        throw new CollegeDBError(message, 'SHARD_UNAVAILABLE');
      }
      await clock.sleep(move_look_ms);
    }
  }

  async #change(wanted: object): Promise<SlotMove[]> {
    return await told(this.#owner().startMoves(wanted));
  }

  #owner(): CoordinatorLink {
    if (this.#moving !== undefined && this.#coordinator !== undefined) return this.#coordinator;
    const message = "Slots move with placement 'slots' and a coordinator, which has their table";
    throw new CollegeDBError(message, 'COORDINATOR_REQUIRED');
  }

  /** Columns whose values one record may have. @internal */
  get unique(): UniqueColumns | undefined {
    return this.#unique;
  }

  /** The configured shards, and those that the coordinator or KV knows beside them. */
  async listKnownShards(): Promise<string[]> {
    let known: string[] = [];
    try {
      known = await (this.#coordinator?.shards() ?? this.#kv?.mapper.getKnownShards() ?? []);
    } catch (error) {
      console.warn('Only the configured shards are known:', messageOf(error));
    }
    return [...new Set([...this.#settings.names, ...known])];
  }

  /** How many keys each shard has: as the coordinator counted, else as KV has mappings. */
  async getShardStats(): Promise<ShardStats[]> {
    const stats = await this.#coordinator?.stats().catch((error: unknown) => {
      if (this.#kv === undefined) throw unavailable(error);
      console.warn('The mappings are counted:', messageOf(error));
      return undefined;
    });
    const counts = stats === undefined ? await this.#countKeys() : {};
    const names = [...this.#settings.names, ...(stats ?? []).map(({ binding }) => binding)];
    return [...new Set(names)].map(
      (binding) =>
        stats?.find((each) => each.binding === binding) ?? { binding, count: counts[binding] ?? 0 },
    );
  }

  #countKeys(): Promise<Record<string, number>> {
    if (this.#kv !== undefined) return this.#kv.mapper.getShardKeyCounts();
    const message = "Keys are counted by a coordinator: placement 'slots' alone keeps none";
    throw new CollegeDBError(message, 'COORDINATOR_REQUIRED');
  }

  /** Bytes. */
  async getDatabaseSizeForShard(shard: string): Promise<number> {
    return await sizeAsked(this.#settings, shard);
  }

  /** Forgets where every key is. For development: the rows stay where they are. */
  async flush(): Promise<void> {
    if ((this.#settings.environment ?? environment()) === 'production') {
      const message = 'flush would lose every mapping: it is refused in production';
      throw new CollegeDBError(message, 'FLUSH_REFUSED');
    }
    if (this.#coordinator) await told(this.#coordinator.flush());
    this.#moving?.forget();
    await this.#kv?.mapper.clearAllMappings();
    clearMigrationCache();
  }
}

/** An instance of its own: what the global functions do, without a global configuration. */
export function createRouter(config: CollegeDBConfig): Router {
  return new Router(config);
}
