// A key moves to another shard with its rows: those whose primary key it is, and those of declared
// routing columns. All are copied first, and each copy is noted; then the key leads to them; then
// what is left is deleted, where it is still as it was copied. What died in between is finished by
// the same call.

import type { Settings } from './config.ts';
import { CollegeDBError } from './errors.ts';
import { shardNamed } from './execute.ts';
import { askShards, checkName } from './existing.ts';
import type { KVShardMapper } from './mapper.ts';

/** [table, primary key] */
type RowName = readonly [table: string, key: string];

interface KeyRows {
  rows: RowName[];
  /** By table its routing column. */
  routes: string;
}

interface Way {
  from: string;
  to: string;
  /** The routing key of the rows. */
  owner: string;
}

/** Writers that have not heard of the move yet are swept up after so many times. */
const sweeps_max = 3;

/** Refusals that another row's move may take away: rows that refer to one another. */
const passing = new Set(['RECORD_CONFLICT', 'QUERY_FAILED']);

const isCode = (error: unknown, code: string) =>
  error instanceof CollegeDBError && error.code === code;

async function rowsOf(
  settings: Settings,
  shard: string,
  key: string,
  table?: string,
): Promise<KeyRows> {
  const shards = { [shard]: shardNamed(settings, shard) };
  const params = { shard, key, table: table ?? '', routes: JSON.stringify(settings.routes) };
  const reply = await askShards('list_key_rows', shards, params);
  return { rows: JSON.parse(reply.text()) as RowName[], routes: reply.data.routes ?? '{}' };
}

/** Does something to each row; those that are refused wait for the others. */
async function forRows(rows: readonly RowName[], work: (row: RowName) => Promise<void>) {
  let left = rows;
  while (left.length > 0) {
    const refused: RowName[] = [];
    let why: unknown;
    for (const row of left) {
      try {
        await work(row);
      } catch (error) {
        // It was deleted meanwhile.
        if (isCode(error, 'RECORD_NOT_FOUND')) continue;
        if (!passing.has((error as CollegeDBError).code ?? '')) throw error;
        refused.push(row);
        // A row that waits for another's is refused by that row's refusal.
        if (why === undefined || isCode(error, 'RECORD_CONFLICT')) why = error;
      }
    }
    if (refused.length === left.length) throw why;
    left = refused;
  }
}

/** `until`: 'copied', 'mapped', 'undone' or, to delete what is left, nothing. */
async function moveRows(
  settings: Settings,
  { from, to, owner }: Way,
  { rows, routes }: KeyRows,
  until: string,
): Promise<void> {
  const shards = { [from]: shardNamed(settings, from), [to]: shardNamed(settings, to) };
  // Before it is deleted, nothing may refer to a row any more.
  const together = until === '' ? {} : { routes, owner };
  await forRows(rows, async ([table, key]) => {
    const params = { source: from, target: to, table, key, until, ...together };
    await askShards('migrate_record', shards, params);
  });
}

/** Moves what is in a shard that the key does not lead to. */
async function sweep(settings: Settings, way: Way, table?: string): Promise<void> {
  for (let turn = 0; turn < sweeps_max; turn++) {
    const left = await rowsOf(settings, way.from, way.owner, table);
    if (left.rows.length === 0) return;
    await moveRows(settings, way, left, 'copied');
    await moveRows(settings, way, left, '');
  }
}

/** `lead` has the key lead to its new shard. */
export async function reassign(
  settings: Settings,
  mapper: KVShardMapper,
  key: string,
  to: string,
  table: string | undefined,
  lead: () => Promise<void>,
): Promise<void> {
  shardNamed(settings, to);
  const mapping = await mapper.freshMapping(key);
  if (mapping === null) {
    throw new CollegeDBError(`No existing mapping found for key: ${key}`, 'MAPPING_NOT_FOUND');
  }
  if (table !== undefined) checkName(table);
  const from = mapping.shard;
  if (from === to) {
    await lead();
    // Of a move that died after that, rows may lie in any other shard.
    for (const source of settings.names.filter((name) => name !== to)) {
      try {
        await sweep(settings, { from: source, to, owner: key }, table);
      } catch (error) {
        if (!isCode(error, 'INVALID_TABLE_NAME')) throw error;
      }
    }
    return;
  }
  const way = { from, to, owner: key };
  const found = await rowsOf(settings, from, key, table);
  if (found.rows.length === 0) {
    throw new CollegeDBError(`Shard ${from} has no row of ${key}`, 'RECORD_NOT_FOUND');
  }
  try {
    await moveRows(settings, way, found, 'copied');
    await moveRows(settings, way, found, 'mapped');
  } catch (error) {
    // Reads of all shards would see the copies.
    await moveRows(settings, way, found, 'undone').catch(() => undefined);
    throw error;
  }
  await lead();
  await moveRows(settings, way, found, '');
  await sweep(settings, way, table);
}
