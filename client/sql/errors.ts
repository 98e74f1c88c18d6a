// What can go wrong, as one class with stable codes: docs/sql.md has a row for each.

import type { ShardOutcome } from './types.ts';

export type CollegeDBCode =
  | 'NOT_INITIALIZED'
  | 'INVALID_CONFIG'
  | 'CONFIG_CONFLICT'
  | 'NO_SHARDS'
  | 'NO_KV'
  | 'SHARD_NOT_FOUND'
  | 'SHARD_UNAVAILABLE'
  | 'QUERY_FAILED'
  | 'INVALID_BINDING'
  | 'INVALID_KEY'
  | 'INVALID_BATCH_SIZE'
  | 'INVALID_OPTION'
  | 'INVALID_IDENTIFIER'
  | 'INVALID_INDEX_COLUMNS'
  | 'EMPTY_INSERT'
  | 'EMPTY_UPDATE'
  | 'EMPTY_WHERE'
  | 'EMPTY_CONFLICT'
  | 'UNROUTABLE_QUERY'
  | 'UNSUPPORTED_ORDER'
  | 'TOO_MANY_ROWS'
  | 'GENERATED_KEY_UNAVAILABLE'
  | 'GENERATED_KEY_COLLISION'
  | 'MAPPING_NOT_FOUND'
  | 'MAPPING_UNAVAILABLE'
  | 'KEY_TAKEN'
  | 'RECORD_NOT_FOUND'
  | 'RECORD_CONFLICT'
  | 'INVALID_TABLE_NAME'
  | 'DISCOVERY_FAILED'
  | 'SCHEMA_MIGRATION_FAILED'
  | 'SCHEMA_CREATION_FAILED'
  | 'SIZE_QUERY_FAILED'
  | 'COORDINATOR_REQUIRED'
  | 'COORDINATOR_UNAVAILABLE'
  | 'COORDINATOR_REFUSED'
  | 'FLUSH_REFUSED';

export interface CollegeDBErrorDetails {
  cause?: unknown;
  /** Of a statement for all shards: what became of each. */
  outcomes?: ShardOutcome[];
}

export class CollegeDBError extends Error {
  override readonly name = 'CollegeDBError';
  /** One of `CollegeDBCode`, or an app's own. */
  readonly code?: string;
  /** Of a statement for all shards of which some failed: a result or an error for each, in the
   * order of the configuration. What succeeded stays done. */
  readonly outcomes?: ShardOutcome[];

  constructor(message: string, code?: string, details: CollegeDBErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    if (code !== undefined) this.code = code;
    if (details.outcomes !== undefined) this.outcomes = details.outcomes;
  }
}

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
