// Where a key's rows are while they are gathered: databases that were filled before there was a
// slot table have rows of any key, until moves have brought each where its slot is.

import type { Settings } from './config.ts';
import { ask, type Plan } from './core.ts';
import { messageOf } from './errors.ts';
import { execute } from './execute.ts';
import { resultsOf, settle } from './fan_out.ts';
import type { SlotTable } from './slot_table.ts';

const asked_at_once = 25;

/** As `locate_sql` asks: whether a shard has something of the slot; a row of the key in the
 * statement's own table; in any. */
interface Found {
  here: number;
  own: number;
  any: number;
}

const texts = new WeakMap<SlotTable, Map<string, string>>();

function textOf(table: SlotTable, name: string, without: readonly string[]): string {
  const known = texts.get(table) ?? new Map<string, string>();
  texts.set(table, known);
  const id = JSON.stringify([name, ...without]);
  const tables = Object.entries(table.tables).filter(([each]) => !without.includes(each));
  const params = { tables: JSON.stringify(Object.fromEntries(tables)), table: name };
  const text = known.get(id) ?? ask('locate_sql', params).data.sql ?? '';
  known.set(id, text);
  return text;
}

/** Asks one shard. A table that it does not have, yet or any more, has no row there. */
async function look(
  settings: Settings,
  table: SlotTable,
  shard: string,
  name: string,
  place: [number, string],
) {
  const without: string[] = [];
  for (;;) {
    const sql = textOf(table, name, without);
    try {
      const query = { sql, bindings: place, verb: 'first', reads: true } as const;
      return (await execute<Found>(settings, shard, query)) as Found;
    } catch (error) {
      const message = messageOf(error);
      const missing = Object.keys(table.tables).find(
        (each) => message.includes(`no such table: ${each}`) && !without.includes(each),
      );
      if (missing === undefined) throw error;
      without.push(missing);
    }
  }
}

/** Where the key has a row in the statement's table, else in any, else where its slot is. Undefined
 * where the table is old: that shard has nothing of the slot. */
export async function homeOf(
  settings: Settings,
  table: SlotTable,
  key: string,
  slot: number,
  plan: Plan,
): Promise<string | undefined> {
  const owner = table.shardOf(key, slot);
  const askOne = (shard: string) => look(settings, table, shard, plan.table ?? '', [slot, key]);
  const first = await askOne(owner);
  if (first.here === 0) return undefined;
  if (first.own === 1) return owner;
  const others = table.shards.filter((name) => name !== owner);
  const found = resultsOf<Found>(await settle(others, asked_at_once, askOne));
  const where = (has: 'own' | 'any') =>
    others[found.findIndex((each) => each.here === 1 && each[has] === 1)];
  return where('own') ?? (first.any === 1 ? owner : (where('any') ?? owner));
}
