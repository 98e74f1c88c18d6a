// One logical database over many D1 databases: what an app imports from `tidemark/sql`.

export {
  type BuildInsertOptions,
  type BuildUpdateOptions,
  type BuildUpsertOptions,
  type BuiltQuery,
  buildDelete,
  buildInsert,
  buildUpdate,
  buildUpsert,
  type ColumnValues,
  type CreateIndexOptions,
  type IndexColumnDefinition,
  type IndexColumns,
  type Returning,
} from './build.ts';
export { type CacheOptions, cached, invalidate } from './cached.ts';
export { type ClaimedRows, type ClaimOptions, claimExisting } from './claim_existing.ts';
export { ShardCoordinator } from './coordinator.ts';
export { type CollegeDBCode, CollegeDBError } from './errors.ts';
export {
  createSchema,
  createSchemaAcrossShards,
  discoverExistingPrimaryKeys,
  discoverExistingRecordsWithColumns,
  dropSchema,
  type ExistingRecord,
  listTables,
  migrateRecord,
  schemaExists,
  type ValidationResult,
  validateTableForSharding,
} from './existing.ts';
export { type InitializeFromEnvOptions, initializeFromEnv } from './from_env.ts';
export {
  addShard,
  all,
  allAllShards,
  allShard,
  drainShard,
  first,
  firstAllShards,
  firstShard,
  flush,
  getDatabaseSizeForShard,
  getMoves,
  getShardStats,
  listKnownShards,
  prepare,
  reassignShard,
  rebalance,
  run,
  runAllShards,
  runShard,
} from './functions.ts';
export {
  allAllShardsGlobal,
  firstAllShardsGlobal,
  type GlobalAllShardsOptions,
} from './global.ts';
export { quoteIdentifier } from './identifiers.ts';
export { type InsertOptions, type InsertResult, insert, insertShard } from './insert.ts';
export {
  count,
  countAllShards,
  countShard,
  type ExplainOptions,
  explain,
  explainAllShards,
  explainShard,
  getDatabaseSizeForKey,
  getDatabaseSizesAllShards,
  getTotalDatabaseSize,
  index,
  indexAllShards,
  indexShard,
  type ShardSizeResult,
  type ShardTableCount,
} from './inspect.ts';
export {
  autoDetectAndMigrate,
  checkMigrationNeeded,
  clearMigrationCache,
  clearShardMigrationCache,
  createMappingsForExistingKeys,
  type IntegrationOptions,
  type IntegrationResult,
  integrateExistingDatabase,
  type MigrationOptions,
  type MigrationResult,
} from './integrate.ts';
export {
  allByLookupKey,
  deleteLookup,
  deleteShardMapping,
  firstByLookupKey,
  firstResilient,
  getLookup,
  type LookupOptions,
  setLookup,
} from './lookups.ts';
export { KVShardMapper, type MapperOptions, type MappingOfKeys } from './mapper.ts';
export { type PaginatedResult, type PaginateOptions, paginate } from './paginate.ts';
export type { ShardMapping } from './records.ts';
export { getClosestRegionFromIP } from './region.ts';
export { createRouter, type Router } from './router.ts';
export {
  deleteById,
  deleteRow,
  type IdColumnOptions,
  insertInto,
  insertReturning,
  patch,
  updateRow,
  upsert,
} from './rows.ts';
export { type EnsureSchemaOptions, ensureSchema } from './schema_once.ts';
export {
  collegedb,
  getActiveConfig,
  initialize,
  initializeAsync,
  isInitialized,
  resetConfig,
  withRouter,
} from './scope.ts';
export { type NextIdOptions, nextId } from './sequence.ts';
export { openSessions, type Sessions, type SessionsOptions } from './sessions.ts';
export type { PreparedStatement } from './statement.ts';
export type {
  Binding,
  Clock,
  CollegeDBConfig,
  CoordinatorNamespace,
  D1Region,
  KeyValueStore,
  MixedShardingStrategy,
  Observer,
  OperationType,
  Placement,
  QueryMeta,
  QueryResult,
  RebalanceOptions,
  Shard,
  ShardingStrategy,
  ShardLocation,
  ShardOutcome,
  ShardStatement,
  ShardStats,
  SlotMove,
  SqlEvent,
} from './types.ts';
