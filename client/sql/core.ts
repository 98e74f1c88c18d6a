// The questions that the library puts to the core: what a statement is, where a key goes, what it
// is called in KV. Each is an operation that ends without a command, so it is answered at once.

import { driveSync, type LocalHost, type Reply } from '../../worker/drive.ts';
import { engine } from '../../worker/engine.ts';
import type { Params } from '../../worker/frames.ts';
import { CollegeDBError } from './errors.ts';
import { Lru } from './lru.ts';
import type { D1Region, ShardingStrategy } from './types.ts';

/** A value that stands in a statement: a parameter's index from 0, or the value itself. */
export type Value = { param: number } | { literal: string | number };

/** What a statement puts into a column; of an upsert also what it would have inserted into one. */
export type Put = Value | { literal: null } | { excluded: string } | { expression: true };

/** What a statement is, as `plan_sql` tells. */
export interface Plan {
  statements: number;
  kind: 'read' | 'write' | 'schema' | 'transaction' | 'other' | 'empty';
  /** It can add a row. */
  inserts: boolean;
  table: string | null;
  /** Columns that the statement inserts one value into, or asks to equal it. */
  equals: Record<string, Value>;
  /** What it inserts into the columns that it names; null where it names none, or is no INSERT. */
  inserted: Record<string, Put> | null;
  /** What it changes in rows that are there. */
  sets: Record<string, Put>;
  parameters: number;
}

const no_host: LocalHost = {
  run([command]) {
    throw new Error(`a question asked for ${command}`);
  },
};

const codes: Record<string, string> = {
  no_shards: 'NO_SHARDS',
  invalid_strategy: 'INVALID_CONFIG',
  invalid_region: 'INVALID_CONFIG',
  invalid_key: 'INVALID_KEY',
  not_a_select: 'UNROUTABLE_QUERY',
  unsupported_order: 'UNSUPPORTED_ORDER',
  too_large: 'TOO_MANY_ROWS',
};

/** Asks the core; what it refuses is an error with its sentence. */
export function ask(operation: string, params: Params, otherwise = 'QUERY_FAILED'): Reply {
  const seed = crypto.getRandomValues(new Uint8Array(16));
  const frame = [operation, Date.now(), seed, null, null, params, 0] as const;
  const reply = driveSync(engine(), [...frame], no_host);
  if (reply.status < 400) return reply;
  const { error, message } = JSON.parse(reply.text()) as { error: string; message: string };
  throw new CollegeDBError(message, codes[error] ?? otherwise);
}

/** The column that a statement says to be `key`: what it inserts, or what it asks for. */
export function columnOf(plan: Plan, key: string, bindings: readonly unknown[]) {
  return Object.keys(plan.equals).find((column) => says(plan, column, key, bindings));
}

/** Whether a statement says that a column is `key`. */
export function says(
  { equals }: Plan,
  column: string,
  key: string,
  bindings: readonly unknown[],
): boolean {
  const value = equals[column];
  if (value === undefined) return false;
  const given = 'param' in value ? bindings[value.param] : value.literal;
  return (typeof given === 'string' || typeof given === 'number') && String(given) === key;
}

const remembered_length_max = 10_000;
const plans = new Lru<Plan>(500);

/** What a statement is; the texts used last are remembered. */
export function planOf(sql: string): Plan {
  const known = plans.get(sql, 0);
  if (known !== undefined) return known;
  const plan = JSON.parse(ask('plan_sql', { sql }).text()) as Plan;
  if (sql.length <= remembered_length_max) plans.set(sql, plan, Infinity);
  return plan;
}

/** The names of keys in KV: SHA-256 in hex, with a pepper HMAC-SHA-256. */
export function hashKeys(keys: readonly string[], pepper: string): string[] {
  return JSON.parse(ask('hash_keys', { keys: JSON.stringify(keys), pepper }).text()) as string[];
}

export interface Choice {
  key: string;
  strategy: ShardingStrategy;
  shards: readonly string[];
  region?: D1Region | undefined;
  locations?: object;
  /** Of round-robin: how many keys were placed before. */
  index?: number;
  sizes?: Record<string, number>;
  maxSize?: number | undefined;
}

export interface Chosen {
  shard: string;
  index: number;
  /** Shards that are too large, with ", " between. */
  excluded: string;
}

export function chooseShard(choice: Choice): Chosen {
  const { data } = ask('choose_shard', {
    key: choice.key,
    strategy: choice.strategy,
    shards: JSON.stringify(choice.shards),
    region: choice.region ?? '',
    locations: JSON.stringify(choice.locations ?? {}),
    index: String(choice.index ?? 0),
    sizes: JSON.stringify(choice.sizes ?? {}),
    max_size: choice.maxSize === undefined ? '' : String(choice.maxSize),
  });
  const { shard = '', index, excluded = '' } = data;
  return { shard, index: Number(index ?? 0), excluded };
}

/** Where Cloudflare says that a request comes from. */
export interface Place {
  continent?: unknown;
  country?: unknown;
  regionCode?: unknown;
  latitude?: unknown;
  longitude?: unknown;
}

export function closestRegion(place: Place): D1Region {
  const { data } = ask('closest_region', {
    continent: textOf(place.continent),
    country: textOf(place.country),
    region_code: textOf(place.regionCode),
    latitude: textOf(place.latitude),
    longitude: textOf(place.longitude),
  });
  return data.region as D1Region;
}

const textOf = (value: unknown) =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

/** The slot of a key: one of 4,096. */
export function slotOf(key: string): number {
  return engine().slot(key);
}

/** Which of the shards has a slot, where no table says so. */
export function placeSlot(slot: number, shards: string): string {
  return ask('place_slot', { slot: String(slot), shards }).data.shard ?? '';
}
