// Batches on D1 databases by name, as the core asks for them. Those on shards are counted and
// measured.

import type { Held } from '../drive.ts';
import { type Env, SHARDS, shardOf } from '../env.ts';
import type { Command, CommandResult } from '../frames.ts';
import { runBatch } from '../hosts/d1.ts';
import { observerOf } from './counters.ts';

const isShard = (name: string) => (SHARDS as readonly string[]).includes(name);

/** Runs a `d1` command. One that fails comes back as such, with its code. */
export async function runD1(
  env: Env,
  [, name, statements]: Extract<Command, ['d1', ...unknown[]]>,
  held: Held,
): Promise<CommandResult> {
  const since = Date.now();
  const result = await runBatch(shardOf(env, name), statements, held);
  if (!isShard(name)) return result;
  const [done, code] = result as [boolean, unknown];
  const ok = done || code === 'moved'; // A fence that holds is no failure.
  observerOf(env.ANALYTICS)({
    of: 'shard',
    shard: name,
    operation: 'batch',
    ms: Date.now() - since,
    ok,
    ...(!ok && { code: String(code) }),
  });
  return result;
}
