// The mapping's records in KV, one value a name, and their cache in the isolate.
//
//   shard:ID      := {"shard", "createdAt", "updatedAt" [, "originalKey"] [, "primary"]}
//   multikey:ID   := {"shard", "createdAt", "updatedAt", "keys": [ID...]}
//   known_shards  := [shard...]
//   ID            := SHA-256 of the key in hex, or the key itself where keys are not hashed
//
// A record has one primary key, and may have others to look it up by. `shard:` of the primary key
// says where the record is; that of another key names the primary in `primary`, so that a change is
// one write: the `shard` beside it is for readers who know no pointers. `multikey:` of the primary
// lists all keys, the primary first. Times are in milliseconds.
//
// The cache belongs to the KV binding: all who use one binding see each other's writes at once.

import { CollegeDBError, messageOf } from './errors.ts';
import { Lru } from './lru.ts';
import { observed } from './observe.ts';
import { forEach } from './parallel.ts';
import type { KeyValueStore, Observer } from './types.ts';

export interface ShardMapping {
  shard: string;
  createdAt: number;
  updatedAt: number;
  originalKey?: string;
}
export interface Entry extends ShardMapping {
  primary?: string;
}
export interface KeyList extends ShardMapping {
  keys: string[];
}

const SHARD = 'shard:';
const MULTIKEY = 'multikey:';
const KNOWN = 'known_shards';
const cached_max = 10_000;

interface Cache {
  /** All mappings were deleted here: rows that had one have none. */
  cleared: boolean;
  entries: Lru<Entry>;
  known: Lru<string[]>;
}
const caches = new WeakMap<KeyValueStore, Cache>();

function cacheOf(kv: KeyValueStore): Cache {
  const made = caches.get(kv) ?? {
    cleared: false,
    entries: new Lru(cached_max),
    known: new Lru(1),
  };
  caches.set(kv, made);
  return made;
}

function failed(what: string, error: unknown): CollegeDBError {
  const message = `The mapping could not be ${what}: ${messageOf(error)}`;
  return new CollegeDBError(message, 'MAPPING_UNAVAILABLE', { cause: error });
}

export const wasCleared = (kv: KeyValueStore): boolean => caches.get(kv)?.cleared ?? false;

export interface Ttl {
  mappingMs: number;
  knownMs: number;
  now(): number;
  onQuery: Observer | undefined;
}

export class Records {
  readonly #kv: KeyValueStore;
  readonly #cache: Cache;
  readonly #ttl: Ttl;

  constructor(kv: KeyValueStore, ttl: Ttl) {
    this.#kv = kv;
    this.#cache = cacheOf(kv);
    this.#ttl = ttl;
  }

  #ask<T>(operation: 'get' | 'put' | 'delete' | 'list', ask: () => Promise<T>): Promise<T> {
    const { onQuery } = this.#ttl;
    return observed({ onQuery, clock: this.#ttl }, { of: 'kv', operation }, ask);
  }

  async #read<T>(name: string): Promise<T | undefined> {
    try {
      const text = await this.#ask('get', () => this.#kv.get(name));
      return text === null ? undefined : (JSON.parse(text) as T);
    } catch (error) {
      throw failed('read', error);
    }
  }

  async #write(name: string, value: unknown, metadata?: { shard: string }): Promise<void> {
    try {
      const text = JSON.stringify(value);
      await this.#ask('put', () => this.#kv.put(name, text, metadata && { metadata }));
    } catch (error) {
      throw failed('written', error);
    }
  }

  async #delete(name: string): Promise<void> {
    try {
      await this.#ask('delete', () => this.#kv.delete(name));
    } catch (error) {
      throw failed('deleted', error);
    }
  }

  /** What the isolate knows. */
  cached(id: string): Entry | undefined {
    return this.#cache.entries.get(id, this.#ttl.now());
  }

  /** What KV knows. */
  async fresh(id: string): Promise<Entry | undefined> {
    const entry = await this.#read<Entry>(SHARD + id);
    if (entry === undefined) this.#cache.entries.delete(id);
    else this.#remember(id, entry);
    return entry;
  }

  async entry(id: string): Promise<Entry | undefined> {
    return this.cached(id) ?? (await this.fresh(id));
  }

  #remember(id: string, entry: Entry): void {
    const { mappingMs, now } = this.#ttl;
    if (mappingMs > 0) this.#cache.entries.set(id, entry, now() + mappingMs);
  }

  async putEntry(id: string, entry: Entry): Promise<void> {
    this.#cache.entries.delete(id);
    const { shard } = entry;
    await this.#write(SHARD + id, entry, shard.length < 200 ? { shard } : undefined);
    this.#remember(id, entry);
  }

  async deleteEntry(id: string): Promise<void> {
    this.#cache.entries.delete(id);
    await this.#delete(SHARD + id);
  }

  keys(primary: string): Promise<KeyList | undefined> {
    return this.#read<KeyList>(MULTIKEY + primary);
  }
  putKeys(primary: string, list: KeyList): Promise<void> {
    return this.#write(MULTIKEY + primary, list);
  }
  deleteKeys(primary: string): Promise<void> {
    return this.#delete(MULTIKEY + primary);
  }

  async known(): Promise<string[]> {
    const now = this.#ttl.now();
    const cached = this.#cache.known.get(KNOWN, now);
    if (cached !== undefined) return [...cached];
    const known = (await this.#read<string[]>(KNOWN)) ?? [];
    if (this.#ttl.knownMs > 0) this.#cache.known.set(KNOWN, known, now + this.#ttl.knownMs);
    return [...known];
  }

  async putKnown(shards: string[]): Promise<void> {
    this.#cache.known.clear();
    await this.#write(KNOWN, shards);
  }

  async *#names(prefix: string): AsyncGenerator<{ name: string; metadata?: unknown }> {
    let cursor: string | undefined;
    do {
      const where = cursor === undefined ? { prefix } : { prefix, cursor };
      const page = await this.#ask('list', () => this.#kv.list(where)).catch((error: unknown) => {
        throw failed('listed', error);
      });
      yield* page.keys;
      cursor = page.list_complete ? undefined : page.cursor;
    } while (cursor !== undefined);
  }

  /** Every key that has a mapping, with its shard: from the names alone where they tell it. */
  async all(at_once: number): Promise<{ id: string; shard: string }[]> {
    const found: { id: string; shard: string | undefined }[] = [];
    for await (const { name, metadata } of this.#names(SHARD)) {
      const { shard } = (metadata ?? {}) as { shard?: unknown };
      const told = typeof shard === 'string' ? shard : undefined;
      found.push({ id: name.slice(SHARD.length), shard: told });
    }
    await forEach(found, at_once, async (each) => {
      each.shard ??= (await this.#read<Entry>(SHARD + each.id))?.shard;
    });
    return found.filter((each): each is { id: string; shard: string } => each.shard !== undefined);
  }

  /** Deletes every record of the mapping, however many pages they fill. */
  async clear(at_once: number): Promise<void> {
    for (const prefix of [SHARD, MULTIKEY]) {
      const names: string[] = [];
      for await (const { name } of this.#names(prefix)) names.push(name);
      await forEach(names, at_once, (name) => this.#delete(name));
    }
    this.#cache.entries.clear();
    this.#cache.cleared = true;
  }
}
