// Rows found by other names than their key, and small values of an app's own in KV.
//
// A key to look up by says at once which shard to ask. Where it is missing or old, all shards are:
// so an answer is never wrong for KV's sake, only dearer.

import { checkBindings } from './bindings.ts';
import { told } from './coordinator_link.ts';
import { planOf } from './core.ts';
import { CollegeDBError, messageOf } from './errors.ts';
import { globalOn } from './global.ts';
import { checkKey } from './mapper.ts';
import { kvOf, partsOf } from './parts.ts';
import { activeRouter } from './scope.ts';
import type { KeyValueStore, QueryResult } from './types.ts';

type Row = Record<string, unknown>;
type Bindings = readonly unknown[];

/** What KV allows for a name. */
const name_bytes_max = 512;

function checkReads(sql: string): void {
  if (planOf(sql).kind === 'read') return;
  const message = 'A key to look up by finds rows to read; a write goes by the key itself';
  throw new CollegeDBError(message, 'UNROUTABLE_QUERY');
}

/** All rows of a query about another name of a record. */
export async function allByLookupKey<T = Row>(
  lookupKey: string,
  sql: string,
  bindings: Bindings = [],
): Promise<QueryResult<T>> {
  checkKey(lookupKey);
  checkBindings(bindings);
  checkReads(sql);
  const router = activeRouter();
  const { mapper, settings } = partsOf(router.config);
  for (const find of ['getShardMapping', 'freshMapping'] as const) {
    const mapping = await mapper?.[find](lookupKey).catch((error: unknown) => {
      console.warn('The mapping is unavailable, all shards are asked:', messageOf(error));
      return null;
    });
    if (!mapping || !Object.hasOwn(settings.shards, mapping.shard)) break;
    const answer = await router.allShard<T>(mapping.shard, sql, bindings);
    if (answer.results.length > 0) return answer;
  }
  return await globalOn<T>(router, sql, bindings, {});
}

/** The first row of them, or null. */
export async function firstByLookupKey<T = Row>(
  lookupKey: string,
  sql: string,
  bindings: Bindings = [],
): Promise<T | null> {
  return (await allByLookupKey<T>(lookupKey, sql, bindings)).results[0] ?? null;
}

/** Reads as `first` does, and asks every shard where the key's own has no such row. */
export async function firstResilient<T = Row>(
  key: string,
  sql: string,
  bindings: Bindings = [],
): Promise<T | null> {
  checkReads(sql);
  const router = activeRouter();
  const row = await router.first<T>(key, sql, bindings);
  if (row !== null) return row;
  const rows = await router.firstAllShards<T>(sql, bindings);
  return rows.find((each) => each !== null) ?? null;
}

/** Forgets where a key is, with all keys to look its record up by; the coordinator too. Its rows
 * stay: delete them first. */
export async function deleteShardMapping(key: string): Promise<void> {
  checkKey(key);
  const { mapper, coordinator } = partsOf(activeRouter().config);
  if (mapper === undefined) {
    const message = "Keys have mappings with placement 'kv': by slots there is nothing to forget";
    throw new CollegeDBError(message, 'NO_KV');
  }
  await mapper.deleteShardMapping(key);
  if (coordinator) await told(coordinator.forget(key));
}

export interface LookupOptions {
  /** The configuration's if it is not given. */
  kv?: KeyValueStore;
  /** What stands before the key in KV: `collegedb:lookup:`. */
  namespace?: string;
}

const encoder = new TextEncoder();

function nameOf(key: string, namespace = 'collegedb:lookup:'): string {
  const name = `${namespace}${key}`;
  if (typeof key === 'string' && key !== '' && encoder.encode(name).length <= name_bytes_max) {
    return name;
  }
  const message = `A lookup's key is a text of 1 to ${name_bytes_max} bytes with its namespace`;
  throw new CollegeDBError(message, 'INVALID_KEY');
}

const configOf = () => activeRouter().config;

/** Keeps a value of the app's own. Others see it after up to a minute, and the last one written
 * stays: what must be unique is not made so by this. */
export async function setLookup(
  key: string,
  value: string,
  { kv, namespace }: LookupOptions = {},
): Promise<void> {
  await kvOf(kv, configOf).put(nameOf(key, namespace), String(value));
}

export async function getLookup(
  key: string,
  { kv, namespace }: LookupOptions = {},
): Promise<string | null> {
  return await kvOf(kv, configOf).get(nameOf(key, namespace));
}

export async function deleteLookup(
  key: string,
  { kv, namespace }: LookupOptions = {},
): Promise<void> {
  await kvOf(kv, configOf).delete(nameOf(key, namespace));
}
