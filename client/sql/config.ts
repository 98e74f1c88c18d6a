// A configuration as the router uses it: checked, with every default filled in. A wrong value is
// refused here, by name, before any query meets it.

import { CollegeDBError } from './errors.ts';
import { quoteColumn, quoteIdentifier } from './identifiers.ts';
import type {
  Clock,
  CollegeDBConfig,
  CoordinatorNamespace,
  D1Region,
  KeyValueStore,
  Observer,
  Placement,
  Shard,
  ShardingStrategy,
} from './types.ts';

export const STRATEGIES: readonly ShardingStrategy[] = [
  'round-robin',
  'random',
  'hash',
  'location',
];
export const REGIONS: readonly D1Region[] = [
  'wnam',
  'enam',
  'weur',
  'eeur',
  'apac',
  'oc',
  'me',
  'af',
];
const PLACEMENTS: readonly Placement[] = ['slots', 'kv'];

/** Of the 50 of a request on the free plan ten are left for what the request is about. */
const mapping_subrequests = 40;

export interface Settings {
  shards: Readonly<Record<string, Shard>>;
  /** In the order of the configuration. */
  names: readonly string[];
  kv: KeyValueStore | undefined;
  coordinator: CoordinatorNamespace | undefined;
  placement: Placement;
  strategy: Record<'read' | 'write', ShardingStrategy>;
  /** By table the column that its rows go by, where that is declared. */
  routes: Readonly<Record<string, string | null>>;
  targetRegion: D1Region | undefined;
  locations: Readonly<Record<string, { region: D1Region; priority: number }>>;
  migrates: boolean;
  hashes: boolean;
  pepper: string;
  maxDatabaseSize: number | undefined;
  debug: boolean;
  mappingTtlMs: number;
  knownShardsTtlMs: number;
  sizeTtlMs: number;
  migrationConcurrency: number;
  maxSubrequests: number;
  environment: string | undefined;
  retryForMs: number;
  /** By table the columns of values that one record may have. */
  unique: Readonly<Record<string, readonly string[]>>;
  onQuery: Observer | undefined;
  clock: Clock;
}

const system_clock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};

function wrong(name: string, what: string): CollegeDBError {
  return new CollegeDBError(`The configuration's ${name} ${what}`, 'INVALID_CONFIG');
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

function has(value: unknown, ...methods: string[]): boolean {
  return isObject(value) && methods.every((method) => typeof value[method] === 'function');
}

function oneOf<T extends string>(name: string, value: unknown, known: readonly T[]): T {
  if (known.includes(value as T)) return value as T;
  const all = known.map((each) => `'${each}'`).join(', ');
  throw wrong(name, `is ${describe(value)}: it is one of ${all}`);
}

function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  return isObject(value) || typeof value === 'function' ? `a${named(value)}` : String(value);
}

const named = (value: unknown) => (Array.isArray(value) ? 'n array' : ` ${typeof value}`);

/** A number from `least` to what a JavaScript number can count. */
export function countOf(name: string, value: unknown, least: number, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
  throw wrong(name, `is ${describe(value)}: it is a whole number from ${least}`);
}

function flag(name: string, value: unknown, otherwise: boolean): boolean {
  if (value === undefined) return otherwise;
  if (typeof value === 'boolean') return value;
  throw wrong(name, `is ${describe(value)}: it is true or false`);
}

function text(name: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw wrong(name, `is ${describe(value)}: it is a text`);
}

function shardsOf(shards: unknown): Record<string, Shard> {
  if (!isObject(shards) || Object.keys(shards).length === 0) {
    throw new CollegeDBError('No shards are configured: shards has one at least', 'NO_SHARDS');
  }
  for (const [name, shard] of Object.entries(shards)) {
    if (name === '') throw wrong('shards', 'has a shard without a name');
    if (!has(shard, 'prepare')) {
      throw wrong(`shard '${name}'`, 'is no database: is it bound in wrangler.toml?');
    }
  }
  return shards as Record<string, Shard>;
}

function strategyOf(strategy: unknown): Record<'read' | 'write', ShardingStrategy> {
  if (!isObject(strategy)) {
    const one = oneOf('strategy', strategy ?? 'hash', STRATEGIES);
    return { read: one, write: one };
  }
  return {
    read: oneOf('strategy.read', strategy.read, STRATEGIES),
    write: oneOf('strategy.write', strategy.write, STRATEGIES),
  };
}

function locationsOf(locations: unknown): Settings['locations'] {
  if (locations === undefined) return {};
  if (!isObject(locations)) throw wrong('shardLocations', 'is no map from shards to regions');
  const entries = Object.entries(locations).map(([name, location]) => {
    const { region, priority } = isObject(location)
      ? location
      : { region: location, priority: undefined };
    const from = `shardLocations['${name}']`;
    if (priority !== undefined && (!Number.isFinite(priority) || (priority as number) < 0)) {
      throw wrong(`${from}.priority`, `is ${describe(priority)}: it is a number from 0`);
    }
    const known = oneOf(`${from}.region`, region, REGIONS);
    return [name, { region: known, priority: (priority as number | undefined) ?? 1 }] as const;
  });
  return Object.fromEntries(entries);
}

function routesOf(tables: CollegeDBConfig['tables']): Record<string, string | null> {
  if (tables === undefined) return {};
  if (!isObject(tables)) throw wrong('tables', `is ${describe(tables)}: it is an object`);
  const entries = Object.entries(tables).map(([name, route]) => {
    const key: unknown = isObject(route) ? route.key : undefined;
    if (key === null || (typeof key === 'string' && key !== '')) return [name, key] as const;
    throw wrong(`tables['${name}'].key`, `is ${describe(key)}: it is a column's name, or null`);
  });
  return Object.fromEntries(entries);
}

function uniqueOf(unique: CollegeDBConfig['unique']): Settings['unique'] {
  if (unique === undefined) return {};
  if (!isObject(unique)) throw wrong('unique', `is ${describe(unique)}: it is an object`);
  for (const [table, columns] of Object.entries(unique)) {
    quoteIdentifier(table);
    if (Array.isArray(columns)) columns.forEach(quoteColumn);
    else throw wrong(`unique['${table}']`, `is ${describe(columns)}: it is an array of columns`);
  }
  return unique;
}

/** What moves between shards goes by transactions. */
function checkBatches(shards: Readonly<Record<string, Shard>>): void {
  const without = Object.keys(shards).find((name) => !has(shards[name], 'batch'));
  if (without === undefined) return;
  throw wrong(`shards['${without}']`, 'has no batch: slots with a coordinator need one');
}

function placementOf({ placement, kv }: CollegeDBConfig): Placement {
  const chosen = oneOf('placement', placement ?? (kv ? 'kv' : 'slots'), PLACEMENTS);
  if (chosen === 'kv' && !kv) {
    throw new CollegeDBError("placement: 'kv' keeps its mapping in KV: give kv", 'NO_KV');
  }
  return chosen;
}

function observerOf(observer: unknown): Observer | undefined {
  if (observer === undefined || typeof observer === 'function') return observer as Observer;
  throw wrong('onQuery', `is ${describe(observer)}: it is a function`);
}

export function settingsOf(config: CollegeDBConfig): Settings {
  if (!isObject(config)) throw wrong('value', `is ${describe(config)}: it is an object`);
  const shards = shardsOf(config.shards);
  const { kv, coordinator, targetRegion, clock } = config;
  if (kv !== undefined && !has(kv, 'get', 'put', 'delete', 'list')) {
    throw wrong('kv', 'is no KV namespace: is it bound in wrangler.toml?');
  }
  if (coordinator !== undefined && !has(coordinator, 'idFromName', 'get')) {
    throw wrong('coordinator', 'is no Durable Object namespace: is it bound in wrangler.toml?');
  }
  const size = config.maxDatabaseSize;
  const placement = placementOf(config);
  if (placement === 'slots' && coordinator !== undefined) checkBatches(shards);
  return {
    shards,
    names: Object.keys(shards),
    kv,
    coordinator,
    placement,
    routes: routesOf(config.tables),
    unique: uniqueOf(config.unique),
    strategy: strategyOf(config.strategy),
    targetRegion:
      targetRegion === undefined ? undefined : oneOf('targetRegion', targetRegion, REGIONS),
    locations: locationsOf(config.shardLocations),
    migrates: !flag('disableAutoMigration', config.disableAutoMigration, false),
    hashes: flag('hashShardMappings', config.hashShardMappings, true),
    pepper: text('keyPepper', config.keyPepper) ?? '',
    maxDatabaseSize: size === undefined ? undefined : countOf('maxDatabaseSize', size, 1, 0),
    debug: flag('debug', config.debug, false),
    mappingTtlMs: countOf('mappingCacheTtlMs', config.mappingCacheTtlMs, 0, 30_000),
    knownShardsTtlMs: countOf('knownShardsCacheTtlMs', config.knownShardsCacheTtlMs, 0, 10_000),
    sizeTtlMs: countOf('sizeCacheTtlMs', config.sizeCacheTtlMs, 0, 30_000),
    migrationConcurrency: countOf('migrationConcurrency', config.migrationConcurrency, 1, 25),
    maxSubrequests: countOf('maxSubrequests', config.maxSubrequests, 1, mapping_subrequests),
    environment: text('environment', config.environment),
    retryForMs: countOf('retryForMs', config.retryForMs, 0, 2_000),
    onQuery: observerOf(config.onQuery),
    clock: clock ?? system_clock,
  };
}
