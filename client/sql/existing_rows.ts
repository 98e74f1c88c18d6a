// Rows that databases held before they became shards, as routing sees them.

import { drive } from '../../worker/drive.ts';
import { engine } from '../../worker/engine.ts';
import { migrateShards, othersMigrating } from './background.ts';
import type { Settings } from './config.ts';
import { columnOf, planOf } from './core.ts';
import { CollegeDBError } from './errors.ts';
import { type Query, shardNamed } from './execute.ts';
import { ShardHost } from './host.ts';
import type { Existing } from './kv_placement.ts';
import { isMigrated } from './mapped.ts';
import type { KVShardMapper } from './mapper.ts';
import { forEach } from './parallel.ts';
import { waitUntil } from './platform.ts';
import { wasCleared } from './records.ts';

const asked_at_once = 25;

/** Asks each shard whether it has the row of `key`. */
async function find(
  settings: Settings,
  shards: readonly string[],
  key: string,
  { sql, bindings }: Query,
): Promise<string | undefined> {
  const plan = planOf(sql);
  const column = columnOf(plan, key, bindings);
  if (plan.table === null || column === undefined) return undefined;
  const params = { table: plan.table, column, key };
  const host = new ShardHost(settings.shards);
  const having: string[] = [];
  await forEach(shards, asked_at_once, async (shard) => {
    const seed = new Uint8Array(16);
    const now = settings.clock.now();
    const reply = await drive(
      engine(),
      ['find_key', now, seed, null, null, { ...params, shard }, 0],
      host,
    );
    if (reply.status >= 400) {
      const message = `Whether shard ${shard} has ${key} is not known: ${reply.text()}`;
      throw new CollegeDBError(message, 'SHARD_UNAVAILABLE');
    }
    if (reply.data.found === '1') having.push(shard);
  });
  return shards.find((shard) => having.includes(shard));
}

export function existingOf(settings: Settings): Existing {
  const { migrates, kv } = settings;
  return {
    mayHold: (name) =>
      migrates &&
      (!isMigrated(shardNamed(settings, name), name) || (kv !== undefined && wasCleared(kv))),
    find: (some, key, query) => find(settings, some, key, query),
  };
}

/** Maps a piece of what the shards hold, as long as the request lasts and the platform lets it. */
export async function prepareExisting(settings: Settings, mapper: KVShardMapper): Promise<void> {
  if (!settings.migrates) return;
  const { shards, migrationConcurrency: concurrency, maxSubrequests: subrequests } = settings;
  const work = migrateShards(shards, mapper, { concurrency, subrequests });
  waitUntil(work);
  await work;
  await othersMigrating(shards);
}
