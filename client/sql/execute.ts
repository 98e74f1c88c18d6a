// One statement on one shard: its errors told apart, and tried again where that is safe. A read is
// asked again; a write only if the database says that it was never begun.

import type { Settings } from './config.ts';
import { CollegeDBError, messageOf } from './errors.ts';
import { observed } from './observe.ts';
import type { QueryResult, Shard, ShardStatement } from './types.ts';

export type Verb = 'run' | 'all' | 'first';

const waits_ms = [50, 200, 800];

/** The database read the statement and refuses it: it will again. */
function isRefusal(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  const text = `${messageOf(error)} ${typeof code === 'string' ? code : ''}`;
  if (/SQLITE_(BUSY|LOCKED|IOERR|FULL|CANTOPEN|NOMEM|INTERRUPT|PROTOCOL)/.test(text)) return false;
  return /SQLITE_|D1_TYPE_ERROR|D1_COLUMN_NOTFOUND|parameter bindings|malformed JSON/.test(text);
}

/** The database was too busy to begin, or could not be reached at all. */
const neverBegan = (error: unknown) =>
  /overloaded|cannot resolve d1 db|queued for too long/i.test(messageOf(error));

export function shardNamed(settings: Settings, name: string): Shard {
  const shard = Object.hasOwn(settings.shards, name) ? settings.shards[name] : undefined;
  if (shard !== undefined) return shard;
  throw new CollegeDBError(`Shard ${name} not found`, 'SHARD_NOT_FOUND');
}

function asError(error: unknown, name: string): CollegeDBError {
  if (error instanceof CollegeDBError) return error;
  const cause = { cause: error };
  const message = messageOf(error);
  return isRefusal(error)
    ? new CollegeDBError(`Shard ${name} refused the query: ${message}`, 'QUERY_FAILED', cause)
    : new CollegeDBError(`Shard ${name} failed: ${message}`, 'SHARD_UNAVAILABLE', cause);
}

/** Asks `attempt` until it answers, or may not be asked again, or the time is up; tells how that
 * went. */
export function persist<T>(
  settings: Settings,
  name: string,
  reads: boolean,
  attempt: () => Promise<T>,
): Promise<T> {
  const asked = { of: 'shard', shard: name, operation: reads ? 'read' : 'write' } as const;
  return observed(settings, asked, () => ask(settings, name, reads, attempt));
}

async function ask<T>(
  { clock, retryForMs }: Settings,
  name: string,
  reads: boolean,
  attempt: () => Promise<T>,
): Promise<T> {
  const deadline = clock.now() + retryForMs;
  for (let turn = 0; ; turn += 1) {
    try {
      return await attempt();
    } catch (error) {
      const wait = waits_ms[turn];
      const again = neverBegan(error) || (reads && !isRefusal(error));
      if (!again || wait === undefined || clock.now() + wait >= deadline) {
        throw asError(error, name);
      }
      await clock.sleep(wait);
    }
  }
}

async function answer<T>(
  statement: ShardStatement,
  verb: Verb,
): Promise<QueryResult<T> | T | null> {
  if (verb === 'first') return (await statement.first<T>()) ?? null;
  return resultOf<T>(await (verb === 'run' ? statement.run<T>() : statement.all<T>()));
}

/** What a shard answers, with what it may leave out. */
export function resultOf<T>(result: Awaited<ReturnType<ShardStatement['all']>>): QueryResult<T> {
  const { results, meta } = result;
  if (results !== undefined && meta !== undefined) return result as QueryResult<T>;
  return { success: true, ...result, results: (results ?? []) as T[], meta: { ...meta } };
}

export interface Query {
  sql: string;
  bindings: readonly unknown[];
  verb: Verb;
  reads: boolean;
}

/** The rows and what the shard tells of them; of `first` the row alone. */
export async function execute<T>(
  settings: Settings,
  name: string,
  { sql, bindings, verb, reads }: Query,
): Promise<QueryResult<T> | T | null> {
  const shard = shardNamed(settings, name);
  const result = await persist(settings, name, reads, async () => {
    const statement = shard.prepare(sql);
    return answer<T>(bindings.length > 0 ? statement.bind(...bindings) : statement, verb);
  });
  if (verb !== 'first') noteSize(shard, (result as QueryResult).meta.size_after, settings);
  return result;
}

interface Size {
  bytes: number;
  atMs: number;
}

const sizes = new WeakMap<Shard, Size>();

export function noteSize(shard: Shard, bytes: unknown, { clock }: Settings): void {
  if (typeof bytes === 'number') sizes.set(shard, { bytes, atMs: clock.now() });
}

/** The size that a shard told last, unless that is too long ago. */
export function sizeKnown(
  { shards, clock, sizeTtlMs }: Settings,
  name: string,
): number | undefined {
  const size = shards[name] && sizes.get(shards[name]);
  return size && clock.now() - size.atMs < sizeTtlMs ? size.bytes : undefined;
}

/** A number that the shard tells by itself, asked once: one that cannot will not later. */
async function pragma(settings: Settings, name: string, what: 'page_count' | 'page_size') {
  const sql = what === 'page_count' ? 'PRAGMA page_count' : 'PRAGMA page_size';
  const query = { sql, bindings: [], verb: 'first', reads: true } as const;
  const row = await execute<Record<string, unknown>>({ ...settings, retryForMs: 0 }, name, query);
  return Number((row as Record<string, unknown> | null)?.[what]);
}

/** Asks the shard how large it is: D1 says so beside any rows, SQLite elsewhere how many pages it
 * has. D1 refuses to be asked for pages. */
export async function sizeAsked(settings: Settings, name: string): Promise<number> {
  const shard = shardNamed(settings, name);
  const query = { sql: 'SELECT 1', bindings: [], verb: 'all', reads: true } as const;
  const { meta } = (await execute(settings, name, query)) as QueryResult;
  if (typeof meta.size_after === 'number') return meta.size_after;
  const message = `Shard ${name} does not tell its size`;
  try {
    const pages = await pragma(settings, name, 'page_count');
    const bytes = pages * (await pragma(settings, name, 'page_size'));
    if (!Number.isSafeInteger(bytes)) throw new Error(`${bytes} bytes are no size`);
    noteSize(shard, bytes, settings);
    return bytes;
  } catch (cause) {
    throw new CollegeDBError(message, 'SIZE_QUERY_FAILED', { cause });
  }
}
