// placement: 'slots' with a coordinator: shards come and go, and slots move between them, while
// statements go on. A key's slot says where it is, by a table that every isolate has; a shard that
// does not have the slot any more says so, and then the coordinator knows better.

import type { Settings } from './config.ts';
import type { CoordinatorLink } from './coordinator_link.ts';
import { columnOf, type Plan, type Put, says, slotOf } from './core.ts';
import { CollegeDBError, messageOf } from './errors.ts';
import { execute, type Query, shardNamed } from './execute.ts';
import { type Round, settle } from './fan_out.ts';
import {
  fenced,
  MOVED,
  placeOf,
  readWithShare,
  type Share,
  writeWhereNothingMoves,
} from './fenced.ts';
import { homeOf } from './gathering.ts';
import { SLOTS, type SlotTable, WEIGHT_OF_ALL } from './slot_table.ts';
import { TableSource } from './table_source.ts';
import type { CoordinatorNamespace, QueryResult, ShardOutcome } from './types.ts';

type Answer<T> = QueryResult<T> | T | null;

/** Between two questions about a slot that is on its way. */
const waits_ms = [10, 20, 50, 100, 200];
const waitOf = (turn: number) => waits_ms[Math.min(turn, waits_ms.length - 1)] ?? 0;

/** Runs a statement behind its fence. A shard of the configuration that the table does not know may
 * have been added since, or have no slots at all: its own word counts. */
async function fencedWhereSlotsAre<T, U>(
  table: SlotTable,
  shard: string,
  attempt: () => Promise<T>,
  otherwise: () => Promise<U>,
): Promise<T | U> {
  try {
    return await attempt();
  } catch (error) {
    const hasNone = /no such table: tidemark_(slots|shard)/.test(messageOf(error));
    if (table.shards.includes(shard) || !hasNone) throw error;
    return await otherwise();
  }
}

/** What a shard without slots says: where it lacks the tables of the others it has no rows. */
async function withoutSlots(settings: Settings, shard: string, query: Query) {
  try {
    return await execute(settings, shard, query);
  } catch (error) {
    if (!/no such table/.test(messageOf(error))) throw error;
    return query.verb === 'first' ? null : { success: true, results: [], meta: { changes: 0 } };
  }
}

/** Ends rounds that did not see all slots where they were in the first. */
class SlotsMoved extends Error {}

/** Of a shard that has no slots, nor ever had. */
const no_share: Share = { slots: 0, weight: 0, parts: 0 };

function isWhole(all: readonly Share[]): boolean {
  const shares = all.filter(({ parts }) => parts > 0);
  const sum = (of: (share: Share) => number) => shares.reduce((sums, each) => sums + of(each), 0);
  const parts = shares[0]?.parts ?? 1;
  return (
    shares.every((each) => each.parts === parts) &&
    sum(({ slots }) => slots) === SLOTS * parts &&
    sum(({ weight }) => weight) === WEIGHT_OF_ALL * parts
  );
}

/** An isolate asks so often at most whether all rows are gathered. */
const ask_every_ms = 1000;

/** Whether what a routing column is set to is the key that it is. */
function keeps(
  put: Put | undefined,
  key: string,
  { bindings }: Query,
  same: (column: string) => boolean,
): boolean {
  if (put === undefined || 'expression' in put) return false;
  if ('excluded' in put) return same(put.excluded);
  return String('param' in put ? bindings[put.param] : put.literal) === key;
}

export class MovingSlots {
  #asked_ms = -Infinity;
  readonly #settings: Settings;
  readonly #source: TableSource;

  constructor(settings: Settings, coordinator: CoordinatorNamespace, link: CoordinatorLink) {
    this.#settings = settings;
    this.#source = new TableSource(settings, coordinator, link);
  }

  async query<T>(key: string, plan: Plan, query: Query): Promise<Answer<T>> {
    const slot = slotOf(key);
    return await this.#untilHere('A slot is on its way for too long', async (table) => {
      this.#checkRoute(table, key, plan, query);
      const shard = table.gathering
        ? await this.#gathered(table, key, slot, plan)
        : table.shardOf(key, slot);
      if (shard === undefined) return MOVED;
      shardNamed(this.#settings, shard);
      return await fenced<T>(this.#settings, shard, placeOf(key, slot), query);
    });
  }

  /** While rows are gathered. When that has ended the coordinator says so, but only if asked. */
  async #gathered(table: SlotTable, key: string, slot: number, plan: Plan) {
    const now = this.#settings.clock.now();
    if (now - this.#asked_ms >= ask_every_ms) {
      this.#asked_ms = now;
      // It can wait: the shards say where the key is.
      await this.#source.newer(table).catch(() => {});
    }
    return await homeOf(this.#settings, table, key, slot, plan);
  }

  /** What each shard says to a read, every row once: a slot that went from one to the other between
   * their answers makes them be asked again. */
  async readAll(query: Query, at_once: number): Promise<ShardOutcome[]> {
    const queries = this.#settings.names.map(() => query);
    return await this.readRounds((ask) => ask(queries, at_once));
  }

  /** Reads in rounds, of which the first asks every shard, as if slots stood still: together the
   * shards have each slot once, and in later rounds each has those that it had in the first. What
   * is otherwise begins anew, with the first round. */
  async readRounds<T>(work: (ask: Round) => Promise<T>): Promise<T> {
    return await this.#untilHere('Slots are on their way for too long', async (table) => {
      const first = new Map<string, Share>();
      try {
        return await work((queries, at_once) => this.#round(table, first, queries, at_once));
      } catch (error) {
        if (error instanceof SlotsMoved) return MOVED;
        throw error;
      }
    });
  }

  async #round(
    table: SlotTable,
    first: Map<string, Share>,
    queries: readonly (Query | undefined)[],
    at_once: number,
  ): Promise<ShardOutcome[]> {
    const settings = this.#settings;
    const begins = first.size === 0;
    let stay = true;
    const note = (shard: string, share: Share) => {
      const before = first.get(shard);
      if (begins) first.set(shard, share);
      else stay &&= before?.slots === share.slots && before.weight === share.weight;
    };
    const outcomes = await settle(settings.names, at_once, async (shard, index) => {
      const query = queries[index];
      if (query === undefined) return undefined;
      const read = async () => {
        const { share, answer } = await readWithShare(settings, shard, query);
        note(shard, share);
        return answer;
      };
      const unfenced = () => {
        note(shard, no_share);
        return withoutSlots(settings, shard, query);
      };
      return await fencedWhereSlotsAre(table, shard, read, unfenced);
    });
    if (begins) stay = isWhole([...first.values()]);
    if (!stay && outcomes.every(({ ok }) => ok)) throw new SlotsMoved();
    return outcomes;
  }

  /** What each shard says to a write. It waits while slots change hands there, so that nothing is
   * written to rows that are about to go; which of two shards a row that moves is in when they are
   * asked, nobody knows. */
  async writeAll(query: Query, at_once: number): Promise<ShardOutcome[]> {
    const settings = this.#settings;
    const ask = (shard: string) =>
      this.#untilHere('Slots are on their way for too long', (table) =>
        fencedWhereSlotsAre(
          table,
          shard,
          () => writeWhereNothingMoves(settings, shard, query),
          () => withoutSlots(settings, shard, query),
        ),
      );
    return await settle(settings.names, at_once, ask);
  }

  /** Tries with the table, and with a newer one, until the slots are where it says. */
  async #untilHere<T>(
    otherwise: string,
    attempt: (table: SlotTable) => Promise<T | typeof MOVED>,
  ): Promise<T> {
    const { clock, retryForMs } = this.#settings;
    const deadline = clock.now() + retryForMs;
    let table = this.#source.known ?? (await this.#source.current());
    for (let turn = 0; ; turn += 1) {
      const answer = await attempt(table);
      if (answer !== MOVED) return answer;
      const newer = await this.#source.newer(table);
      const wait = newer === table ? waitOf(turn) : 0;
      if (clock.now() + wait >= deadline) throw new CollegeDBError(otherwise, 'SHARD_UNAVAILABLE');
      if (wait > 0) await clock.sleep(wait);
      table = newer;
    }
  }

  /** A row must lie where its own key says, or it would not move with it. */
  #checkRoute(slots: SlotTable, key: string, plan: Plan, query: Query): void {
    if (plan.kind !== 'write' || plan.table === null) return;
    const { table } = plan;
    const given = this.#settings.routes[table];
    const route = given === undefined ? slots.routeOf(table) : given;
    const same = (column: string) => column.toLowerCase() === route?.toLowerCase();
    const said = route ? Object.keys(plan.equals).find(same) : undefined;
    const named = route
      ? said !== undefined && says(plan, said, key, query.bindings)
      : columnOf(plan, key, query.bindings) !== undefined;
    const changed = Object.keys(plan.sets).find(same);
    if (named && (changed === undefined || keeps(plan.sets[changed], key, query, same))) return;
    const column = route ? `${table}.${route}` : 'its routing column';
    const message = `A write of key '${key}' must say that ${column} is that key`;
    throw new CollegeDBError(message, 'UNROUTABLE_QUERY');
  }

  forget(): void {
    this.#source.forget();
  }
}
