// What the library is given and what it gives. Bindings are described by what is used of them, so
// that D1, KV and Durable Objects fit, and so does a test's double.

import type { CollegeDBError } from './errors.ts';

/** A value that SQLite can keep. */
export type Binding = string | number | boolean | null | ArrayBuffer | ArrayBufferView;

// What a shard tells beside its rows; D1 tells all of it.
export interface QueryMeta {
  /** Rows that the statement changed. */
  changes?: number;
  last_row_id?: number;
  rows_read?: number;
  rows_written?: number;
  /** The database's size in bytes, after the statement. */
  size_after?: number;
  /** Milliseconds in the database. */
  duration?: number;
  changed_db?: boolean;
}

export interface QueryResult<T = Record<string, unknown>> {
  success: boolean;
  results: T[];
  meta: QueryMeta & Record<string, unknown>;
}

/** A statement of a shard, as D1 has it. */
export interface ShardStatement {
  bind(...values: unknown[]): ShardStatement;
  run<T>(): Promise<{ results?: T[] | undefined; meta?: object | undefined }>;
  all<T>(): Promise<{ results?: T[] | undefined; meta?: object | undefined }>;
  first<T>(): Promise<T | null>;
}

/** A database: D1, or anything that prepares statements as D1 does. */
export interface Shard {
  prepare(sql: string): ShardStatement;
  /** Runs statements as one transaction, where the database can. */
  batch?(statements: ShardStatement[]): Promise<unknown[]>;
}

/** What is used of a KV namespace. */
export interface KeyValueStore {
  get(key: string): Promise<string | null>;
  put(
    key: string,
    value: string,
    options?: { metadata?: unknown; expirationTtl?: number },
  ): Promise<void>;
  delete(key: string): Promise<void>;
  list(options?: { prefix?: string | null; cursor?: string | null }): Promise<{
    keys: { name: string; metadata?: unknown }[];
    list_complete: boolean;
    cursor?: string;
  }>;
}

export interface CoordinatorStub {
  fetch(
    url: string,
    init?: { method: string; headers: Record<string, string>; body: string },
  ): Promise<{
    ok: boolean;
    status: number;
    json(): Promise<unknown>;
  }>;
}

/** What is used of the ShardCoordinator's namespace. */
export interface CoordinatorNamespace {
  idFromName(name: string): unknown;
  get(id: unknown): unknown;
}

export type ShardingStrategy = 'round-robin' | 'random' | 'hash' | 'location';

export interface MixedShardingStrategy {
  /** Where a key without a mapping is looked for first. */
  read: ShardingStrategy;
  /** Where a new key goes. */
  write: ShardingStrategy;
}

export type OperationType = 'read' | 'write';

export type D1Region = 'wnam' | 'enam' | 'weur' | 'eeur' | 'apac' | 'oc' | 'me' | 'af';

export interface ShardLocation {
  region: D1Region;
  /** Of shards as near as one another, the higher goes first; 1 if it is not given. */
  priority?: number;
}

/** How a key finds its shard: from its hash alone, or from a mapping in KV. */
export type Placement = 'slots' | 'kv';

export interface ShardStats {
  binding: string;
  /** Keys that the shard holds. */
  count: number;
  /** Milliseconds, where the coordinator counts. */
  lastUpdated?: number;
}

/** Slots on their way from one shard to another, with all rows of their keys. */
export interface SlotMove {
  id: number;
  from: string;
  to: string;
  /** How many; none of a move of a single key. */
  slots: number;
  /** How many of them have changed hands. */
  moved?: number;
  /** A single key. */
  key?: string;
  /** It gathers what databases had before there was a slot table. */
  gathers?: boolean;
  state: 'queued' | 'copying' | 'catching_up' | 'fenced' | 'switched' | 'cleaned' | 'failed';
  /** Rows copied so far, and how many there are, once that is known. */
  copied: number;
  rows: number | null;
  /** Rows that have no value to be routed by: they are left where they are. */
  stayed?: number;
  /** Milliseconds. */
  startedAt: number;
  updatedAt: number;
  /** Why it failed. */
  error?: string;
}

export interface RebalanceOptions {
  /** `true`: says what would move, and moves nothing. */
  dryRun?: boolean;
  /** What part of the slots each shard is to have; without them the same. */
  weights?: Record<string, number>;
}

/** What became of a statement on one of many shards. */
export type ShardOutcome =
  | { shard: string; ok: true; result: unknown }
  | { shard: string; ok: false; error: CollegeDBError };

/** Something that was asked, once it is over. */
export interface SqlEvent {
  of: 'shard' | 'kv' | 'coordinator';
  /** Of a shard: its name. */
  shard?: string;
  /** Of a shard `read` or `write`; of KV `get`, `put`, `delete` or `list`; of the coordinator the
   * path. */
  operation: string;
  /** Milliseconds, with what was tried again. */
  ms: number;
  ok: boolean;
  /** An error's, where there was one. */
  code?: string;
}

export type Observer = (event: SqlEvent) => void;

/** Time, for tests. */
export interface Clock {
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}

export interface CollegeDBConfig {
  shards: Record<string, Shard>;
  kv?: KeyValueStore;
  coordinator?: CoordinatorNamespace;
  /** `kv` where there is a KV namespace, else `slots`. */
  placement?: Placement;
  /** `hash` if it is not given. */
  strategy?: ShardingStrategy | MixedShardingStrategy;
  /** With placement `slots` and a coordinator: the columns that rows go by, where that is neither
   * the primary key nor a foreign key to one; null where rows stay when slots move. */
  tables?: Record<string, { key: string | null }>;
  /** By table columns whose values only one record may have, over all shards. */
  unique?: Record<string, readonly string[]>;
  targetRegion?: D1Region;
  shardLocations?: Record<string, D1Region | ShardLocation>;
  /** Rows that databases held before are not looked for, nor mapped. */
  disableAutoMigration?: boolean;
  /** `false` keeps keys in KV as they are, for `getKeysForShard`. */
  hashShardMappings?: boolean;
  /** A secret that keys are hashed with, so that nobody finds one by hashing guesses. */
  keyPepper?: string;
  /** Bytes: a shard that is larger gets no new keys. */
  maxDatabaseSize?: number;
  debug?: boolean;
  /** 30,000 if it is not given, as are the others. */
  mappingCacheTtlMs?: number;
  /** 10,000. */
  knownShardsCacheTtlMs?: number;
  sizeCacheTtlMs?: number;
  /** Keys mapped at once: 25. */
  migrationConcurrency?: number;
  /** Subrequests that the mapping in the background takes at most in one go, of all shards
   * together: 40. What is left goes on with a later request. */
  maxSubrequests?: number;
  /** `production` refuses `flush`; without it the Worker's variable ENVIRONMENT counts. */
  environment?: string;
  /** How long a read, or a write that is known not to have happened, is tried again: 2,000. */
  retryForMs?: number;
  /** Is told of each query, and of each request to KV and to the coordinator, once it is over. */
  onQuery?: Observer;
  clock?: Clock;
}
