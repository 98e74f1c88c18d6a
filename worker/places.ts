// Which database a user's projected rows are to be in: what the slot table says, once there is one;
// until then the core says. The table is read from KV now and then, and may be old: a user's space
// then moves the rows a little later.

import { SLOT_TABLE_NAME, SlotTable, type SlotTableText } from '../client/sql/slot_table.ts';
import { type Env, SHARDS } from './env.ts';
import { logError } from './log.ts';
import { counted } from './sql/counters.ts';

const KEPT_MS = 60_000;

interface Known {
  table: SlotTable | undefined;
  untilMs: number;
}

const known_by = new WeakMap<KVNamespace, Known>();

type Places = Pick<Env, 'KV' | 'ANALYTICS'>;

async function tableIn(env: Places): Promise<SlotTable | undefined> {
  const { KV: kv } = env;
  const known = known_by.get(kv);
  if (known !== undefined && Date.now() < known.untilMs) return known.table;
  let table = known?.table;
  try {
    const text = await counted(env, 'kv', 'get', () =>
      kv.get<SlotTableText>(SLOT_TABLE_NAME, 'json'),
    );
    table = text === null ? undefined : new SlotTable(text);
  } catch (error) {
    logError(error, { event: 'places.unread' });
  }
  known_by.set(kv, { table, untilMs: Date.now() + KEPT_MS });
  return table;
}

/** Empty where no table says it, or it says a database that this Worker does not have. */
export async function placeOf(env: Places, user: string): Promise<string> {
  const shard = (await tableIn(env))?.shardOf(user);
  return SHARDS.some((name) => name === shard) ? (shard as string) : '';
}
