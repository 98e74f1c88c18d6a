// The D1 shards as tests look at them: a user's rows lie in one of them, so they ask all.

import { runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { vi } from 'vitest';
import { type Collection, spaceOf } from './clients.ts';

export const SHARDS = ['db-east', 'db-west', 'db-central', 'db-europe'] as const;

type Row = Record<string, unknown>;

export async function onEveryShard(sql: string, ...params: unknown[]): Promise<Row[]> {
  const answers = await Promise.all(
    SHARDS.map((shard) =>
      env[shard]
        .prepare(sql)
        .bind(...params)
        .all<Row>(),
    ),
  );
  return answers.flatMap(({ results }) => results);
}

const SELECTS: Record<Collection, string> = {
  plans: 'SELECT * FROM plans WHERE user_id = ?1 ORDER BY id',
  sessions: 'SELECT * FROM sessions WHERE user_id = ?1 ORDER BY id',
  cards: 'SELECT * FROM cards WHERE user_id = ?1 ORDER BY id',
};

/** What D1 has of a user. */
export function projectedRows(user: string, collection: Collection): Promise<Row[]> {
  return onEveryShard(SELECTS[collection], user);
}

/** How far D1 is, in the space's seq. */
export async function projectedSeq(user: string): Promise<number> {
  const sql = "SELECT projected_seq FROM projection WHERE user_id = ?1 AND epoch <> ''";
  const [row] = await onEveryShard(sql, user);
  return Number(row?.projected_seq ?? 0);
}

/** Runs the space's alarm (unless it has just run by itself) until D1 is as far as `seq`. */
export async function runAlarmUntil(user: string, seq: number): Promise<void> {
  await runDurableObjectAlarm(spaceOf(user));
  await vi.waitFor(
    async () => {
      const reached = await projectedSeq(user);
      if (reached < seq) throw new Error(`D1 is at ${reached} and not at ${seq}`);
    },
    { timeout: 5_000, interval: 20 },
  );
}

/** Takes the bookkeeping away, so that every read and every projection fails; gives it back. */
export async function breakShards(): Promise<() => Promise<void>> {
  await onEveryShard('ALTER TABLE projection RENAME TO projection_away');
  return async () => {
    await onEveryShard('ALTER TABLE projection_away RENAME TO projection');
  };
}
