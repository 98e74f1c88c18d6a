// Databases that were there before: what is in them, and the mapping of their rows to them. What
// decides is in the core (wasm/shards/existing_*.cc); here are its arguments, its host, and what an
// isolate remembers of it.

import { drive, type Reply } from '../../worker/drive.ts';
import { engine } from '../../worker/engine.ts';
import type { Params } from '../../worker/frames.ts';
import { CollegeDBError, messageOf } from './errors.ts';
import { type Calls, ShardHost } from './host.ts';
import type { Shard } from './types.ts';

/** What a table is to routing. */
export interface ValidationResult {
  isValid: boolean;
  tableName: string;
  primaryKeyColumn: string;
  recordCount: number;
  issues: string[];
}

/** A row's key, and those of its other names that its table has. */
export interface ExistingRecord {
  id: string;
  username?: string | number | null;
  email?: string | number | null;
  name?: string | number | null;
}

type Refusal = (error: string, message: string) => CollegeDBError;

const conflicts = new Set([
  'schema_differs',
  'record_exists',
  'record_conflict',
  'record_referenced',
  'copy_differs',
  'ambiguous_key',
  'too_many_rows',
  'unreadable_record',
]);

const codeOf = (error: string): string => {
  if (error === 'invalid_table_name') return 'INVALID_TABLE_NAME';
  if (error === 'record_not_found') return 'RECORD_NOT_FOUND';
  if (conflicts.has(error)) return 'RECORD_CONFLICT';
  return error === 'unavailable' ? 'SHARD_UNAVAILABLE' : 'QUERY_FAILED';
};
const plainly: Refusal = (error, message) => new CollegeDBError(message, codeOf(error));
const asSchema: Refusal = (error, message) =>
  error === 'invalid_table_name'
    ? plainly(error, message)
    : new CollegeDBError(`Schema migration failed: ${message}`, 'SCHEMA_MIGRATION_FAILED');

/** Runs an operation of the core over these shards. @internal */
export async function askShards(
  operation: string,
  shards: Readonly<Record<string, Shard>>,
  params: Params,
  calls: Calls = {},
  refusal: Refusal = plainly,
): Promise<Reply> {
  const seed = crypto.getRandomValues(new Uint8Array(16));
  const host = new ShardHost(shards, calls);
  const reply = await drive(engine(), [operation, Date.now(), seed, null, null, params, 0], host);
  if (reply.status < 400) return reply;
  const { error, message } = JSON.parse(reply.text()) as { error: string; message: string };
  throw refusal(error, message);
}

/** A name that a person gave, of a table or a column. */
export function checkName(name: unknown): asserts name is string {
  if (typeof name === 'string' && name !== '') return;
  throw new CollegeDBError(`Invalid table name: ${String(name)}`, 'INVALID_TABLE_NAME');
}

const shard = 'database';

/** The database's tables, but for those of SQLite, of the platform and of this library. */
export async function listTables(d1: Shard): Promise<string[]> {
  const refusal: Refusal = (_, message) => new CollegeDBError(message, 'DISCOVERY_FAILED');
  const reply = await askShards('list_tables', { [shard]: d1 }, { shard }, {}, refusal);
  return JSON.parse(reply.text()) as string[];
}

export async function schemaExists(d1: Shard, table: string): Promise<boolean> {
  checkName(table);
  const reply = await askShards('schema_exists', { [shard]: d1 }, { shard, table });
  return reply.data.exists === '1';
}

/** Runs a schema, all of it or nothing. Without one: the tables users, posts and shard_mappings,
 * where they are not there. */
export async function createSchema(d1: Shard, schema = ''): Promise<void> {
  if (typeof schema !== 'string') {
    throw new CollegeDBError('A schema is a text of SQL', 'SCHEMA_MIGRATION_FAILED');
  }
  await askShards('create_schema', { [shard]: d1 }, { shard, schema }, {}, asSchema);
}

/** The same on every shard. The error names all that failed; on the others it is done. */
export async function createSchemaAcrossShards(
  shards: Record<string, Shard>,
  schema = '',
): Promise<void> {
  const entries = Object.entries(shards);
  const done = await Promise.allSettled(entries.map(([, d1]) => createSchema(d1, schema)));
  const failed = done.flatMap((each, index) =>
    each.status === 'rejected' ? [`${entries[index]?.[0]}: ${messageOf(each.reason)}`] : [],
  );
  if (failed.length === 0) return;
  const message = `Failed to create schema on shard ${failed.join('; ')}`;
  throw new CollegeDBError(message, 'SCHEMA_CREATION_FAILED');
}

/** Drops tables with all their rows, those that are there. */
export async function dropSchema(d1: Shard, ...tables: string[]): Promise<void> {
  for (const table of tables) checkName(table);
  const params = { shard, tables: JSON.stringify(tables) };
  await askShards('drop_schema', { [shard]: d1 }, params, {}, asSchema);
}

/** Whether rows of a table can be routed by their primary key, and what is in the way. */
export async function validateTableForSharding(
  d1: Shard,
  table: string,
  primaryKeyColumn = 'id',
): Promise<ValidationResult> {
  checkName(table);
  checkName(primaryKeyColumn);
  const params = { shard, table, column: primaryKeyColumn };
  const reply = await askShards('validate_table', { [shard]: d1 }, params);
  return JSON.parse(reply.text()) as ValidationResult;
}

async function discover<T>(operation: string, d1: Shard, table: string, column: string) {
  checkName(table);
  checkName(column);
  const refusal: Refusal = (_, message) => {
    const text = `Failed to discover primary keys in table ${table}: ${message}`;
    return new CollegeDBError(text, 'DISCOVERY_FAILED');
  };
  const found: T[] = [];
  const params = { shard, table, column, place: '' };
  do {
    const reply = await askShards(operation, { [shard]: d1 }, params, {}, refusal);
    for (const each of JSON.parse(reply.text()) as T[]) found.push(each);
    params.place = reply.data.place ?? '';
  } while (params.place !== '');
  return found;
}

/** Every primary key of a table, as texts. Rows without one are left out. */
export function discoverExistingPrimaryKeys(
  d1: Shard,
  table: string,
  primaryKeyColumn = 'id',
): Promise<string[]> {
  return discover<string>('discover_keys', d1, table, primaryKeyColumn);
}

/** The same, with what names a row besides: the columns username, email and name. */
export function discoverExistingRecordsWithColumns(
  d1: Shard,
  table: string,
  primaryKeyColumn = 'id',
): Promise<ExistingRecord[]> {
  return discover<ExistingRecord>('discover_records', d1, table, primaryKeyColumn);
}

/** Moves a record from one database to another: copies it, verifies the copy, and only then deletes
 * it. What died in between is run again by the same call. */
export async function migrateRecord(
  source: Shard,
  target: Shard,
  primaryKey: string,
  tableName: string,
): Promise<void> {
  checkName(tableName);
  const params = { source: 'source', target: 'target', key: primaryKey, table: tableName };
  await askShards('migrate_record', { source, target }, params);
}
