// placement: 'slots' with a coordinator: shards come and go, and slots move between them, while
// statements go on. A key's slot says where it is, by a table that every isolate has; a shard that
// does not have the slot any more says so, and then the coordinator knows better.

import type { Settings } from './config.ts';
import type { CoordinatorLink } from './coordinator_link.ts';
import { columnOf, type Plan, says, slotOf } from './core.ts';
import { CollegeDBError, messageOf } from './errors.ts';
import { execute, type Query, shardNamed } from './execute.ts';
import { settle } from './fan_out.ts';
import { fenced, MOVED, readWithShare, type Share, writeWhereNothingMoves } from './fenced.ts';
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

export class MovingSlots {
  readonly #settings: Settings;
  readonly #source: TableSource;

  constructor(settings: Settings, coordinator: CoordinatorNamespace, link: CoordinatorLink) {
    this.#settings = settings;
    this.#source = new TableSource(settings, coordinator, link);
  }

  async query<T>(key: string, plan: Plan, query: Query): Promise<Answer<T>> {
    this.#checkRoute(key, plan, query);
    const slot = slotOf(key);
    return await this.#untilHere('A slot is on its way for too long', async (table) => {
      const shard = table.shardOf(slot);
      shardNamed(this.#settings, shard);
      return await fenced<T>(this.#settings, shard, slot, query);
    });
  }

  /** What each shard says to a read, every row once: a slot that went from one to the other between
   * their answers makes them be asked again. */
  async readAll(query: Query, at_once: number): Promise<ShardOutcome[]> {
    const settings = this.#settings;
    return await this.#untilHere('Slots are on their way for too long', async (table) => {
      let [slots, weight] = [0, 0];
      const count = (share: Share) => {
        slots += share.slots;
        weight += share.weight;
      };
      const read = async (shard: string) => {
        const { share, answer } = await readWithShare(settings, shard, query);
        count(share);
        return answer;
      };
      const ask = (shard: string) =>
        fencedWhereSlotsAre(
          table,
          shard,
          () => read(shard),
          () => execute(settings, shard, query),
        );
      const outcomes = await settle(settings.names, at_once, ask);
      const whole = slots === SLOTS && weight === WEIGHT_OF_ALL;
      return whole || outcomes.some(({ ok }) => !ok) ? outcomes : MOVED;
    });
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
          () => execute(settings, shard, query),
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
  #checkRoute(key: string, plan: Plan, query: Query): void {
    if (plan.kind !== 'write' || plan.table === null) return;
    const { table } = plan;
    const declared = this.#settings.routes[table];
    const named = declared
      ? says(plan, declared, key, query.bindings)
      : columnOf(plan, key, query.bindings) !== undefined;
    if (named) return;
    const column = declared ? `${table}.${declared}` : 'its routing column';
    const message = `A write of key '${key}' must say that ${column} is that key`;
    throw new CollegeDBError(message, 'UNROUTABLE_QUERY');
  }

  forget(): void {
    this.#source.forget();
  }
}
