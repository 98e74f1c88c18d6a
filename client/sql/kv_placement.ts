// placement: 'kv': a mapping in KV says where each key is. Only a write makes one, and makes it
// before the row: a Worker that dies in between leaves a key whose row is written by the next try.
//
// A key without a mapping may still have a row: in a database that was there before, or mapped so
// lately that KV does not show it here. A read of it asks the shard that the strategy names, then
// the others, and writes nothing.

import { allocate, choose } from './allocate.ts';
import type { Settings } from './config.ts';
import { CoordinatorLink } from './coordinator_link.ts';
import type { Plan } from './core.ts';
import { CollegeDBError, messageOf } from './errors.ts';
import { execute, type Query } from './execute.ts';
import { resultsOf, settle } from './fan_out.ts';
import { KVShardMapper } from './mapper.ts';
import type { ShardMapping } from './records.ts';
import type { KeyValueStore, QueryResult } from './types.ts';

const probes_at_once = 25;

type Answer<T> = QueryResult<T> | T | null;

/** What the placement knows of rows that were there before it. */
export interface Existing {
  /** Whether this shard may have rows of before that are not mapped yet. */
  mayHold(shard: string): boolean;
  /** Which of the shards has the row that a statement names by `key`, if one has. */
  find(shards: readonly string[], key: string, query: Query): Promise<string | undefined>;
}

/** Keys that are being placed, of all who use a KV binding in this isolate. */
const placing = new WeakMap<KeyValueStore, Map<string, Promise<string>>>();

/** Nothing was found, or changed: the row may be elsewhere. */
function isEmpty({ verb, reads }: Query, answer: Answer<unknown>): boolean {
  if (verb === 'first') return reads && answer === null;
  const { results, meta } = answer as QueryResult;
  return results.length === 0 && (reads || meta.changes === 0);
}

export class KvPlacement {
  readonly #settings: Settings;
  readonly #kv: KeyValueStore;
  readonly #existing: Existing;
  readonly mapper: KVShardMapper;

  constructor(settings: Settings, kv: KeyValueStore, existing: Existing) {
    this.#settings = settings;
    this.#kv = kv;
    this.#existing = existing;
    this.mapper = new KVShardMapper(kv, {
      hashShardMappings: settings.hashes,
      mappingCacheTtlMs: settings.mappingTtlMs,
      knownShardsCacheTtlMs: settings.knownShardsTtlMs,
      keyPepper: settings.pepper,
      onQuery: settings.onQuery,
      now: () => settings.clock.now(),
    });
  }

  async query<T>(key: string, plan: Plan, query: Query): Promise<Answer<T>> {
    const cached = this.mapper.isCached(key);
    let mapping: ShardMapping | null;
    try {
      // An insert where the key was before would be there twice: the cache is not asked for it.
      mapping = plan.inserts ? await this.newest(key) : await this.mapper.getShardMapping(key);
    } catch (error) {
      // A write cannot do without the mapping. A read can: all shards are asked.
      if (!query.reads || (error as CollegeDBError).code !== 'MAPPING_UNAVAILABLE') throw error;
      console.warn('The mapping is unavailable, all shards are asked:', messageOf(error));
      return this.#probe<T>(key, query, () => true);
    }
    if (mapping === null) {
      return query.reads
        ? this.#probe<T>(key, query, (name) => this.#mayHave(name))
        : this.#place<T>(key, plan, query);
    }
    const { shard } = mapping;
    const answer = await execute<T>(this.#settings, shard, query);
    if (plan.inserts || !isEmpty(query, answer)) return answer;
    // The cache, or KV itself, may be older than the key's last move.
    const now = cached ? await this.newest(key) : await this.#moved(key, mapping);
    if (now === null || now.shard === shard) return answer;
    return execute<T>(this.#settings, now.shard, query);
  }

  /** Where a key is, past the isolate's cache. */
  async newest(key: string): Promise<ShardMapping | null> {
    const mapping = await this.mapper.freshMapping(key);
    return mapping && this.#moved(key, mapping);
  }

  /** KV shows a change a minute late in other places: with a coordinator, where that says. */
  async #moved(key: string, mapping: ShardMapping): Promise<ShardMapping> {
    const { coordinator, shards } = this.#settings;
    if (coordinator === undefined) return mapping;
    try {
      const moved = await new CoordinatorLink(coordinator, this.#settings).find(key);
      if (moved.shard === null || !Object.hasOwn(shards, moved.shard)) return mapping;
      return moved.movedAt > mapping.updatedAt ? { ...mapping, shard: moved.shard } : mapping;
    } catch (error) {
      console.warn('Coordinator unavailable, KV alone is asked:', messageOf(error));
      return mapping;
    }
  }

  async #probe<T>(
    key: string,
    query: Query,
    mayHave: (shard: string) => boolean,
  ): Promise<Answer<T>> {
    const settings = this.#settings;
    const likely = choose(settings, key, 'read').shard;
    const [first] = await settle([likely], 1, (shard) => execute<T>(settings, shard, query));
    if (first?.ok && !isEmpty(query, first.result as Answer<T>)) return first.result as Answer<T>;
    const others = settings.names.filter((name) => name !== likely && mayHave(name));
    const rest = await settle(others, probes_at_once, (shard) =>
      execute<T>(settings, shard, query),
    );
    for (const outcome of rest) {
      if (outcome.ok && !isEmpty(query, outcome.result as Answer<T>)) {
        return outcome.result as Answer<T>;
      }
    }
    const all = first === undefined ? rest : [first, ...rest];
    // Whether a shard that failed has the row nobody knows.
    return resultsOf<Answer<T>>(all)[0] ?? null;
  }

  /** A mapping that KV does not show yet is missed by no strategy but `hash`, which goes by the key
   * alone. */
  #mayHave(shard: string): boolean {
    const { read, write } = this.#settings.strategy;
    return read !== 'hash' || write !== 'hash' || this.#existing.mayHold(shard);
  }

  async #place<T>(key: string, plan: Plan, query: Query): Promise<Answer<T>> {
    const place =
      plan.kind === 'write' && plan.inserts ? this.#placed(key, query) : this.#sought(key, query);
    return execute<T>(this.#settings, await place, query);
  }

  /** What adds no row looks for the one that is there, and gives no place to one that is not. */
  async #sought(key: string, query: Query): Promise<string> {
    const settings = this.#settings;
    const found = await this.#existing.find(settings.names, key, query);
    if (found === undefined) return choose(settings, key, 'write', {}, 'hash').shard;
    return await this.#map(key, found);
  }

  /** A row that was found may be on its way, and KV not show it yet. */
  async #map(key: string, found: string): Promise<string> {
    const { shard } = await this.#moved(key, { shard: found, createdAt: 0, updatedAt: 0 });
    await this.mapper.addNewMapping(key, shard);
    return shard;
  }

  /** Inserts that come together wait for one another: the first gives the key its place. */
  async #placed(key: string, query: Query): Promise<string> {
    const under_way = placing.get(this.#kv) ?? new Map<string, Promise<string>>();
    placing.set(this.#kv, under_way);
    const before = under_way.get(key);
    if (before !== undefined) return before;
    const placed = this.#allocate(key, query).finally(() => under_way.delete(key));
    under_way.set(key, placed);
    return placed;
  }

  async #allocate(key: string, query: Query): Promise<string> {
    const settings = this.#settings;
    // Where all rows have a mapping, nothing is asked about a new key.
    const shards = settings.names.filter((name) => this.#existing.mayHold(name));
    const found = await this.#existing.find(shards, key, query);
    if (found !== undefined) return await this.#map(key, found);
    const shard = await allocate(settings, key);
    if (!Object.hasOwn(settings.shards, shard)) {
      throw new CollegeDBError(`Shard ${shard} not found`, 'SHARD_NOT_FOUND');
    }
    await this.mapper.addNewMapping(key, shard);
    return shard;
  }
}
