// One logical database over many D1 databases: what an app imports from `tidemark/sql`.

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
export {
  all,
  allAllShards,
  allShard,
  first,
  firstAllShards,
  firstShard,
  flush,
  getDatabaseSizeForShard,
  getShardStats,
  listKnownShards,
  prepare,
  reassignShard,
  run,
  runAllShards,
  runShard,
} from './functions.ts';
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
export { KVShardMapper, type MapperOptions, type MappingOfKeys } from './mapper.ts';
export type { ShardMapping } from './records.ts';
export { getClosestRegionFromIP } from './region.ts';
export { createRouter, type Router } from './router.ts';
export {
  collegedb,
  getActiveConfig,
  initialize,
  initializeAsync,
  isInitialized,
  resetConfig,
} from './scope.ts';
export type { PreparedStatement } from './statement.ts';
export type {
  Binding,
  Clock,
  CollegeDBConfig,
  CoordinatorNamespace,
  D1Region,
  KeyValueStore,
  MixedShardingStrategy,
  OperationType,
  Placement,
  QueryMeta,
  QueryResult,
  Shard,
  ShardingStrategy,
  ShardLocation,
  ShardOutcome,
  ShardStatement,
  ShardStats,
} from './types.ts';
