// KVShardMapper: which shard a key is on, kept in KV. See records.ts for what is stored.
//
// The order of writes is such that a mapper which dies between any two leaves no key on a wrong
// shard: the list of keys first, then the primary's own record, then what points to it; and the
// other way round when a mapping goes.

import { countOf } from './config.ts';
import { hashKeys } from './core.ts';
import { CollegeDBError } from './errors.ts';
import { Lru } from './lru.ts';
import { forEach } from './parallel.ts';
import { type Entry, type KeyList, Records, type ShardMapping } from './records.ts';
import type { KeyValueStore, Observer } from './types.ts';

export interface MapperOptions {
  /** `false` keeps keys as they are. */
  hashShardMappings?: boolean;
  mappingCacheTtlMs?: number;
  knownShardsCacheTtlMs?: number;
  /** A secret to hash keys with: the same for all that share the mapping. */
  keyPepper?: string;
  /** Is told of each request to KV, once it is over. */
  onQuery?: Observer | undefined;
  now?: () => number;
}

export interface MappingOfKeys {
  primaryKey: string;
  shard: string;
  additionalKeys?: readonly string[];
}

const at_once = 25;
const key_bytes_max = 1024;
/** What KV allows for a name, without what stands before the key. */
const name_bytes_max = 512 - 'multikey:'.length;
const hashed = new Map<string, Lru<string>>();
const encoder = new TextEncoder();

export function checkKey(key: unknown): asserts key is string {
  if (typeof key !== 'string' || key === '') {
    throw new CollegeDBError('A key is a text that is not empty', 'INVALID_KEY');
  }
  if (!key.isWellFormed()) {
    throw new CollegeDBError('A key is text that UTF-8 can hold', 'INVALID_KEY');
  }
  if (key.length * 3 <= key_bytes_max || encoder.encode(key).byteLength <= key_bytes_max) return;
  throw new CollegeDBError(`A key has at most ${key_bytes_max} bytes`, 'INVALID_KEY');
}

interface Followed {
  id: string;
  entry: Entry;
}

const unmapped = (key: string) =>
  new CollegeDBError(`No existing mapping found for key: ${key}`, 'MAPPING_NOT_FOUND');

export class KVShardMapper {
  readonly #records: Records;
  readonly #hashes: boolean;
  readonly #pepper: string;
  readonly #now: () => number;

  constructor(kv: KeyValueStore, options: MapperOptions = {}) {
    if (typeof kv?.get !== 'function') {
      throw new CollegeDBError('A KVShardMapper keeps its mapping in KV: give it one', 'NO_KV');
    }
    this.#hashes = options.hashShardMappings ?? true;
    this.#pepper = options.keyPepper ?? '';
    this.#now = options.now ?? Date.now;
    this.#records = new Records(kv, {
      mappingMs: countOf('mappingCacheTtlMs', options.mappingCacheTtlMs, 0, 30_000),
      knownMs: countOf('knownShardsCacheTtlMs', options.knownShardsCacheTtlMs, 0, 10_000),
      now: this.#now,
      onQuery: options.onQuery,
    });
  }

  /** What keys are called in KV. */
  #ids(keys: readonly string[]): string[] {
    for (const key of keys) checkKey(key);
    if (!this.#hashes) {
      for (const key of keys) {
        if (encoder.encode(key).byteLength <= name_bytes_max) continue;
        const message = `A key that is not hashed has at most ${name_bytes_max} bytes`;
        throw new CollegeDBError(message, 'INVALID_KEY');
      }
      return [...keys];
    }
    const known = hashed.get(this.#pepper) ?? new Lru<string>(10_000);
    hashed.set(this.#pepper, known);
    const missing = keys.filter((key) => known.get(key, 0) === undefined);
    const made = new Map<string, string>();
    for (let from = 0; from < missing.length; from += 1000) {
      const some = missing.slice(from, from + 1000);
      hashKeys(some, this.#pepper).forEach((id, index) => {
        const key = some[index] as string;
        made.set(key, id);
        known.set(key, id, Infinity);
      });
    }
    return keys.map((key) => made.get(key) ?? known.get(key, 0) ?? '');
  }

  #id(key: string): string {
    return this.#ids([key])[0] ?? '';
  }

  async hashKey(key: string): Promise<string> {
    checkKey(key);
    return hashKeys([key], this.#pepper)[0] ?? '';
  }

  /** The record that says where `key` is: its own, or that of the primary key it points to. */
  async #follow(key: string, past_cache = false): Promise<Followed | undefined> {
    const read = (id: string) => (past_cache ? this.#records.fresh(id) : this.#records.entry(id));
    const id = this.#id(key);
    const entry = await read(id);
    if (entry?.primary === undefined) return entry && { id, entry };
    const primary = await read(entry.primary);
    return primary && { id: entry.primary, entry: primary };
  }

  async getShardMapping(key: string): Promise<ShardMapping | null> {
    return mappingOf(await this.#follow(key));
  }

  /** What KV says, past the isolate's cache. */
  async freshMapping(key: string): Promise<ShardMapping | null> {
    return mappingOf(await this.#follow(key, true));
  }

  /** Whether the key is another one of a record, whose primary key is another. */
  async isLookupKey(key: string): Promise<boolean> {
    return (await this.#records.entry(this.#id(key)))?.primary !== undefined;
  }

  /** Whether `getShardMapping` would answer from the isolate's cache. */
  isCached(key: string): boolean {
    const entry = this.#records.cached(this.#id(key));
    return entry !== undefined && (!entry.primary || !!this.#records.cached(entry.primary));
  }

  /** Maps a key that has no mapping, as who just looked knows: one write. */
  async addNewMapping(key: string, shard: string): Promise<void> {
    await this.#records.putEntry(this.#id(key), this.#made(key, shard));
  }

  #made(key: string, shard: string, createdAt = this.#now()): Entry {
    const entry: Entry = { shard, createdAt, updatedAt: this.#now() };
    return this.#hashes ? entry : { ...entry, originalKey: key };
  }

  async setShardMapping(
    primaryKey: string,
    shard: string,
    additionalKeys: readonly string[] = [],
  ): Promise<void> {
    const id = this.#id(primaryKey);
    const before = await this.#records.fresh(id);
    if (before?.primary !== undefined) throw taken(primaryKey);
    const entry = this.#made(primaryKey, shard, before?.createdAt);
    if (additionalKeys.length > 0) await this.#checkFree(id, additionalKeys);
    await this.#write(id, entry, additionalKeys, before !== undefined);
  }

  /** Another record's primary key is no key to look this one up by. */
  async #checkFree(primary: string, keys: readonly string[]): Promise<void> {
    const ids = this.#ids(keys);
    await forEach(ids, at_once, async (id, index) => {
      const entry = id === primary ? undefined : await this.#records.entry(id);
      if (entry !== undefined && entry.primary === undefined) throw taken(keys[index] as string);
    });
  }

  async #write(id: string, entry: Entry, more: readonly string[], existed: boolean): Promise<void> {
    const { shard, createdAt, updatedAt } = entry;
    const before = existed ? await this.#records.keys(id) : undefined;
    const ids = this.#ids(more);
    const keys = [...new Set([id, ...(before?.keys ?? []), ...ids])];
    if (keys.length > 1) {
      await this.#records.putKeys(id, { shard, createdAt, updatedAt, keys });
    }
    await this.#records.putEntry(id, entry);
    const names = new Map(ids.map((each, index) => [each, more[index] as string]));
    await forEach(keys.slice(1), at_once, async (each) => {
      const now = await this.#records.entry(each);
      // A key that another record took meanwhile is no longer this one's.
      if (!names.has(each) && now?.primary !== id) return;
      const originalKey = names.get(each) ?? now?.originalKey;
      const pointer: Entry = { shard, createdAt: now?.createdAt ?? updatedAt, updatedAt };
      if (!this.#hashes && originalKey !== undefined) pointer.originalKey = originalKey;
      await this.#records.putEntry(each, { ...pointer, primary: id });
    });
  }

  /** Moves a mapping, by any of its keys: all of them follow. */
  async updateShardMapping(key: string, shard: string): Promise<void> {
    const found = await this.#follow(key, true);
    if (found === undefined) throw unmapped(key);
    const entry = { ...found.entry, shard, updatedAt: this.#now() };
    await this.#write(found.id, entry, [], true);
  }

  async addLookupKeys(primaryKey: string, keys: readonly string[]): Promise<void> {
    const found = await this.#follow(primaryKey, true);
    if (found === undefined) throw unmapped(primaryKey);
    await this.#checkFree(found.id, keys);
    await this.#write(found.id, { ...found.entry, updatedAt: this.#now() }, keys, true);
  }

  /** Deletes a mapping, by any of its keys, with all of them. */
  async deleteShardMapping(key: string): Promise<void> {
    const found = await this.#follow(key, true);
    if (found === undefined) return;
    const list: Pick<KeyList, 'keys'> = (await this.#records.keys(found.id)) ?? { keys: [] };
    const others = list.keys.filter((id) => id !== found.id);
    await forEach(others, at_once, async (id) => {
      const pointer = await this.#records.entry(id);
      if (pointer?.primary === found.id) await this.#records.deleteEntry(id);
    });
    await this.#records.deleteEntry(found.id);
    if (others.length > 0) await this.#records.deleteKeys(found.id);
  }

  /** All keys of the mapping that `key` belongs to, the primary first. Where keys are hashed, all
   * but `key` itself are told as their hashes. */
  async getAllLookupKeys(key: string): Promise<string[]> {
    const found = await this.#follow(key);
    if (found === undefined) return [];
    const keys = (await this.#records.keys(found.id))?.keys ?? [found.id];
    const id = this.#id(key);
    return keys.map((each) => (each === id ? key : each));
  }

  async getKnownShards(): Promise<string[]> {
    return await this.#records.known();
  }

  async setKnownShards(shards: readonly string[]): Promise<void> {
    await this.#records.putKnown([...new Set(shards)]);
  }

  async addKnownShard(shard: string): Promise<void> {
    const known = await this.#records.known();
    if (!known.includes(shard)) await this.#records.putKnown([...known, shard]);
  }

  /** The keys on a shard; where keys are hashed, their hashes. */
  async getKeysForShard(shard: string): Promise<string[]> {
    const all = await this.#records.all(at_once);
    return all.filter((each) => each.shard === shard).map(({ id }) => id);
  }

  async getShardKeyCounts(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { shard } of await this.#records.all(at_once)) {
      counts[shard] = (counts[shard] ?? 0) + 1;
    }
    return counts;
  }

  async clearAllMappings(): Promise<void> {
    await this.#records.clear(at_once);
  }

  /** Many mappings, so many at once. */
  async setShardMappingsBatch(
    mappings: readonly MappingOfKeys[],
    { concurrency = at_once }: { concurrency?: number } = {},
  ): Promise<void> {
    const some = countOf('concurrency', concurrency, 1, at_once);
    this.#ids(
      mappings.flatMap(({ primaryKey, additionalKeys = [] }) => [primaryKey, ...additionalKeys]),
    );
    await forEach(mappings, some, ({ primaryKey, shard, additionalKeys }) =>
      this.setShardMapping(primaryKey, shard, additionalKeys),
    );
  }
}

function mappingOf(found: Followed | undefined): ShardMapping | null {
  if (found === undefined) return null;
  const { primary: _, ...mapping } = found.entry;
  return mapping;
}

const taken = (key: string) =>
  new CollegeDBError(`The key ${key} belongs to another record's mapping`, 'KEY_TAKEN');
