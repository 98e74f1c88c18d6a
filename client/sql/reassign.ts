// A key moves to another shard: its rows first, each copied and verified before it is deleted, and
// its mapping with the first of them. What died in between is finished by the same call.

import type { Settings } from './config.ts';
import { CollegeDBError } from './errors.ts';
import { shardNamed } from './execute.ts';
import { askShards, checkName, listTables } from './existing.ts';
import type { KVShardMapper } from './mapper.ts';

/** Of a table that nobody named: it has no row of the key, or none that are routed. */
const passes = ['RECORD_NOT_FOUND', 'INVALID_TABLE_NAME'];

/** Moves the key's row in one table; false where there is none. */
async function moveRow(
  settings: Settings,
  from: string,
  to: string,
  params: { key: string; table: string },
  move: () => Promise<void>,
): Promise<boolean> {
  const shards = { [from]: shardNamed(settings, from), [to]: shardNamed(settings, to) };
  const calls = { move_key: () => move().then(() => ({})) };
  try {
    const all = { ...params, source: from, target: to, map: '1' };
    await askShards('migrate_record', shards, all, calls);
    return true;
  } catch (error) {
    if (error instanceof CollegeDBError && passes.includes(error.code ?? '')) return false;
    throw error;
  }
}

export async function reassign(
  settings: Settings,
  mapper: KVShardMapper,
  key: string,
  to: string,
  table?: string,
): Promise<void> {
  shardNamed(settings, to);
  const mapping = await mapper.freshMapping(key);
  if (mapping === null) {
    throw new CollegeDBError(`No existing mapping found for key: ${key}`, 'MAPPING_NOT_FOUND');
  }
  if (table !== undefined) checkName(table);
  const from = mapping.shard;
  const moveKey = () => mapper.updateShardMapping(key, to);
  let moved = false;
  // Of a move that died after the mapping had switched, rows may lie in any other shard.
  const sources = from === to ? settings.names.filter((name) => name !== to) : [from];
  for (const source of sources) {
    const has = await listTables(shardNamed(settings, source));
    if (table !== undefined && from !== to && !has.includes(table)) {
      throw new CollegeDBError(`Invalid table name: ${table}`, 'INVALID_TABLE_NAME');
    }
    for (const each of has.filter((name) => table === undefined || name === table)) {
      moved = (await moveRow(settings, source, to, { key, table: each }, moveKey)) || moved;
    }
  }
  if (!moved && from !== to) {
    throw new CollegeDBError(`Shard ${from} has no row of ${key}`, 'RECORD_NOT_FOUND');
  }
}
