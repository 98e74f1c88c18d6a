// What is dear to find out, kept in KV for a while. Others see a change after up to a minute.

import { CollegeDBError } from './errors.ts';
import { checkCount } from './global.ts';
import { forEach } from './parallel.ts';
import { kvOf } from './parts.ts';
import { activeRouter } from './scope.ts';
import type { KeyValueStore } from './types.ts';

export interface CacheOptions {
  /** Seconds; for good if it is 0 or not given. */
  ttl?: number;
  /** The configuration's if it is not given. */
  kv?: KeyValueStore;
}

/** What is kept, and until when in milliseconds. */
interface Kept<T> {
  v: T;
  e?: number;
}

const at_once = 25;
/** KV itself deletes what lasts this long at least. */
const kv_ttl_min = 60;
const own = ['shard:', 'multikey:', 'known_shards'];

/** The mapping lies in the same KV: no cache is called so. */
function checkName(name: string): void {
  if (typeof name === 'string' && name !== '') {
    if (!own.some((each) => each.startsWith(name) || name.startsWith(each))) return;
  }
  const message = `'${String(name)}' is no name for what is cached: it is empty, or the mapping's`;
  throw new CollegeDBError(message, 'INVALID_KEY');
}

function read<T>(text: string | null): Kept<T> | undefined {
  try {
    const kept = JSON.parse(text ?? 'null') as Kept<T> | null;
    return kept !== null && typeof kept === 'object' && Object.hasOwn(kept, 'v') ? kept : undefined;
  } catch {
    return undefined; // Somebody else's text: it is written anew.
  }
}

/** The value of `key`: as it was kept, or as `fetcher` finds it out. */
export async function cached<T>(
  key: string,
  fetcher: () => Promise<T> | T,
  { ttl = 0, kv }: CacheOptions = {},
): Promise<T> {
  checkName(key);
  checkCount('ttl', ttl, 0);
  const store = kvOf(kv, () => activeRouter().config);
  const kept = read<T>(await store.get(key));
  if (kept !== undefined && (kept.e ?? Infinity) > Date.now()) return kept.v;
  const value = await fetcher();
  if (value === undefined) return value; // JSON has no such value.
  const until = ttl > 0 ? { e: Date.now() + ttl * 1000 } : {};
  const options = ttl >= kv_ttl_min ? { expirationTtl: ttl } : undefined;
  await store.put(key, JSON.stringify({ v: value, ...until }), options);
  return value;
}

/** Forgets everything whose key begins so; says how many there were. */
export async function invalidate(
  prefix: string,
  { kv }: Pick<CacheOptions, 'kv'> = {},
): Promise<number> {
  checkName(prefix);
  const store = kvOf(kv, () => activeRouter().config);
  let deleted = 0;
  let cursor: string | undefined;
  do {
    const page = await store.list(cursor === undefined ? { prefix } : { prefix, cursor });
    await forEach(page.keys, at_once, ({ name }) => store.delete(name));
    deleted += page.keys.length;
    cursor = page.list_complete ? undefined : page.cursor;
  } while (cursor !== undefined);
  return deleted;
}
