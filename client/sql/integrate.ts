// The mapping of what databases held before: asked for, or found out and done in the background.
// The core goes through the rows and keeps its place in the database itself; here keys are mapped.

import { STRATEGIES } from './config.ts';
import { chooseShard } from './core.ts';
import { CollegeDBError, messageOf } from './errors.ts';
import { askShards, checkName } from './existing.ts';
import type { Calls } from './host.ts';
import { isKnown, know } from './mapped.ts';
import { KVShardMapper, type MappingOfKeys } from './mapper.ts';
import { forEach } from './parallel.ts';
import type { CollegeDBConfig, Shard, ShardingStrategy } from './types.ts';

/** What is used of a KVShardMapper. */
export type ExistingMapper = Pick<
  KVShardMapper,
  'getShardMapping' | 'addNewMapping' | 'setShardMapping' | 'addKnownShard'
>;

export { clearMigrationCache, clearShardMigrationCache } from './mapped.ts';

export interface IntegrationOptions {
  /** All tables if it is not given. */
  tables?: readonly string[];
  primaryKeyColumn?: string;
  /** Noted for rows to come. Those that are there are mapped to where they are. */
  strategy?: ShardingStrategy;
  /** `false` makes no table in the database: what is interrupted then begins anew. */
  addShardMappingsTable?: boolean;
  /** Counts, and writes nothing. */
  dryRun?: boolean;
  /** Maps `username:`, `email:` and `name:` with a row's values as well. */
  migrateOtherColumns?: boolean;
  /** Keys mapped at once. */
  concurrency?: number;
  /** Stops before it takes more, and goes on from there the next time. */
  maxSubrequests?: number;
}

export interface IntegrationResult {
  success: boolean;
  shardName: string;
  tablesProcessed: number;
  totalRecords: number;
  mappingsCreated: number;
  /** Keys that were mapped to another shard before, and stay there. */
  collisions: number;
  /** Every row was looked at. If not, the same call goes on. */
  complete: boolean;
  issues: string[];
}

export interface MigrationOptions {
  primaryKeyColumn?: string;
  tablesToCheck?: readonly string[];
  skipCache?: boolean;
  /** Records looked at in one call. */
  maxRecordsToCheck?: number;
  migrateOtherColumns?: boolean;
  concurrency?: number;
  maxSubrequests?: number;
}

export interface MigrationResult {
  migrationNeeded: boolean;
  migrationPerformed: boolean;
  recordsMigrated: number;
  tablesProcessed: number;
  issues: string[];
}

const at_once = 25;
const page_rows = '100';
const collisions_told = 5;
const busy_ms = 60_000;
const cost_of_known_shard = 2;
/** What a call by hand takes at most, if nothing else is said. */
const subrequests_by_hand = 900;

const flag = (set: boolean | undefined) => (set ? '1' : '');

function countOf(name: string, value: number | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new CollegeDBError(`${name} is a whole number from 1`, 'INVALID_CONFIG');
}

/** Undefined of a key that cannot have a mapping. */
async function mappingOf(mapper: ExistingMapper, key: string) {
  try {
    return await mapper.getShardMapping(key);
  } catch (error) {
    if (error instanceof CollegeDBError && error.code === 'INVALID_KEY') return undefined;
    throw error;
  }
}

/** Maps those of the keys that lead nowhere. */
async function mapMissing(mapper: ExistingMapper, mappings: MappingOfKeys[], concurrency: number) {
  const fresh = new Map(mappings.map((each) => [each.primaryKey, each]));
  const collided: [key: string, shard: string][] = [];
  const unusable: string[] = [];
  let cost = fresh.size;
  await forEach([...fresh.values()], concurrency, async ({ primaryKey, shard }) => {
    const mapping = await mappingOf(mapper, primaryKey);
    if (mapping === null) return;
    fresh.delete(primaryKey);
    if (mapping === undefined) unusable.push(primaryKey);
    else if (mapping.shard !== shard) collided.push([primaryKey, mapping.shard]);
  });
  await forEach([...fresh.values()], concurrency, async ({ primaryKey, shard, additionalKeys }) => {
    cost += additionalKeys?.length ? 4 + additionalKeys.length * 4 : 1;
    // A name that leads to another row already goes on doing so.
    const names: string[] = [];
    for (const name of additionalKeys ?? []) {
      if ((await mappingOf(mapper, name)) === null) names.push(name);
    }
    if (names.length === 0) await mapper.addNewMapping(primaryKey, shard);
    else await mapper.setShardMapping(primaryKey, shard, names);
  });
  return { mapped: fresh.size, collided, unusable, cost };
}

/** Subrequests that a run may take, of which some are taken. */
export interface Budget {
  left: number;
  /** Where less is left, nothing is mapped; 0: a row is, in any case. */
  least: number;
}

const boundless: Budget = { left: Infinity, least: 0 };

/** The database, whose queries are taken from the budget: a batch is one subrequest. */
function counted(d1: Shard, budget: Budget): Shard {
  const take = () => {
    budget.left -= 1;
  };
  if (d1.batch === undefined) {
    return {
      prepare: (sql) => {
        take();
        return d1.prepare(sql);
      },
    };
  }
  return {
    prepare: (sql) => d1.prepare(sql),
    batch: (statements) => {
      take();
      return d1.batch?.(statements) ?? Promise.resolve([]);
    },
  };
}

/** What the core asks of the library while it integrates a database. */
function mappingCalls(mapper: ExistingMapper, concurrency = at_once, budget = boundless): Calls {
  return {
    async map_keys({ shard = '', keys = '[]' }) {
      const each = JSON.parse(keys) as (string | [string, ...(string | null)[]])[];
      const mappings = each.map((one): MappingOfKeys => {
        if (typeof one === 'string') return { primaryKey: one, shard };
        const [primaryKey, ...names] = one;
        return { primaryKey, shard, additionalKeys: names.filter((name) => name !== null) };
      });
      const { mapped, collided, unusable, cost } = await mapMissing(mapper, mappings, concurrency);
      budget.left -= cost;
      return {
        mapped: String(mapped),
        collided: String(collided.length),
        unusable: String(unusable.length),
        collisions: JSON.stringify(collided.slice(0, collisions_told)),
        cost: String(cost),
        now: String(Date.now()),
      };
    },
    async unmapped_keys({ keys: text = '[]' }) {
      const unmapped: number[] = [];
      const keys = JSON.parse(text) as string[];
      budget.left -= keys.length;
      await forEach(keys, concurrency, async (key, index) => {
        if ((await mappingOf(mapper, key)) === null) unmapped.push(index);
      });
      return { unmapped: JSON.stringify(unmapped) };
    },
    async known_shard({ shard = '' }) {
      budget.left -= cost_of_known_shard;
      await mapper.addKnownShard(shard);
      return {};
    },
  };
}

/** Maps every row of a database to it, so that its keys are routed there. */
export async function integrateExistingDatabase(
  d1: Shard,
  shardName: string,
  mapper: ExistingMapper,
  options: IntegrationOptions = {},
): Promise<IntegrationResult> {
  const { tables, primaryKeyColumn = 'id', strategy = 'hash', maxSubrequests } = options;
  checkName(primaryKeyColumn);
  if (!STRATEGIES.includes(strategy)) {
    throw new CollegeDBError(`There is no strategy ${strategy}`, 'INVALID_CONFIG');
  }
  for (const table of tables ?? []) checkName(table);
  const params = {
    shard: shardName,
    tables: tables === undefined ? '' : JSON.stringify(tables),
    column: primaryKeyColumn,
    strategy,
    notes: flag(options.addShardMappingsTable ?? true),
    dry_run: flag(options.dryRun),
    other_names: flag(options.migrateOtherColumns),
    rows: page_rows,
    cost_max: String(
      maxSubrequests === undefined ? 0 : countOf('maxSubrequests', maxSubrequests, 0),
    ),
  };
  const calls = mappingCalls(mapper, countOf('concurrency', options.concurrency, at_once));
  const reply = await askShards('integrate_database', { [shardName]: d1 }, params, calls);
  return JSON.parse(reply.text()) as IntegrationResult;
}

/** Maps keys whose rows are known to be there. Keys that are mapped already stay as they are. */
export async function createMappingsForExistingKeys(
  keys: readonly string[],
  shards: readonly string[],
  strategy: ShardingStrategy,
  mapper: ExistingMapper,
  { concurrency }: { concurrency?: number } = {},
): Promise<void> {
  const [only] = shards;
  if (only === undefined) throw new CollegeDBError('No shards to map keys to', 'NO_SHARDS');
  let index = 0;
  const mappings = keys.map((primaryKey): MappingOfKeys => {
    if (shards.length === 1) return { primaryKey, shard: only };
    const chosen = chooseShard({ key: primaryKey, strategy, shards, index });
    index = chosen.index;
    return { primaryKey, shard: chosen.shard };
  });
  const { unusable } = await mapMissing(
    mapper,
    mappings,
    countOf('concurrency', concurrency, at_once),
  );
  // It says why.
  for (const key of unusable) await mapper.getShardMapping(key);
}

function mapperOf(config: CollegeDBConfig): KVShardMapper {
  const { kv, hashShardMappings, keyPepper, onQuery } = config;
  if (kv === undefined) throw new CollegeDBError('Mappings are kept in KV: give kv', 'NO_KV');
  return new KVShardMapper(kv, {
    hashShardMappings: hashShardMappings ?? true,
    keyPepper: keyPepper ?? '',
    onQuery,
  });
}

function paramsOf(shardName: string, options: MigrationOptions) {
  const { tablesToCheck, primaryKeyColumn = 'id' } = options;
  checkName(primaryKeyColumn);
  const tables = tablesToCheck === undefined ? '' : JSON.stringify(tablesToCheck);
  return { shard: shardName, column: primaryKeyColumn, tables };
}

/** Whether the database holds rows that nobody has mapped. Takes a few queries and looks at a few
 * keys; once an isolate. */
export async function checkMigrationNeeded(
  d1: Shard,
  shardName: string,
  config: CollegeDBConfig,
): Promise<boolean> {
  if (isKnown(d1, shardName)) return false;
  const calls = mappingCalls(mapperOf(config));
  const params = { ...paramsOf(shardName, {}), sample: '3' };
  const { data } = await askShards('check_migration', { [shardName]: d1 }, params, calls);
  if (data.needed !== '1') know(d1, shardName, Infinity);
  return data.needed === '1';
}

const nothing_done: MigrationResult = {
  migrationNeeded: false,
  migrationPerformed: false,
  recordsMigrated: 0,
  tablesProcessed: 0,
  issues: [],
};

/** A piece of the mapping, if it is needed. What it takes comes off the budget, of which one row
 * may need more than there is. @internal */
export async function migrate(
  d1: Shard,
  shardName: string,
  mapper: ExistingMapper,
  options: Omit<MigrationOptions, 'maxSubrequests'>,
  budget: Budget,
): Promise<MigrationResult> {
  const concurrency = countOf('concurrency', options.concurrency, at_once);
  const calls = mappingCalls(mapper, concurrency, budget);
  const shards = { [shardName]: counted(d1, budget) };
  const params = paramsOf(shardName, options);
  const { data } = await askShards('check_migration', shards, { ...params, sample: '3' }, calls);
  // What holds for some tables may not hold for the others.
  const learn = (untilMs: number) => {
    if (options.tablesToCheck === undefined) know(d1, shardName, untilMs);
  };
  if (data.needed !== '1') {
    learn(Infinity);
    return { ...nothing_done, issues: [] };
  }
  if (budget.least > 0 && budget.left < budget.least) {
    return { ...nothing_done, migrationNeeded: true, issues: [] };
  }
  const more = {
    notes: '1',
    wait: '1',
    again: data.restart === '1' ? 'always' : 'never',
    other_names: flag(options.migrateOtherColumns),
    rows: page_rows,
    records_max: String(countOf('maxRecordsToCheck', options.maxRecordsToCheck, 1000)),
    cost_max: String(Math.max(budget.left, 1)),
  };
  const reply = await askShards('integrate_database', shards, { ...params, ...more }, calls);
  if (reply.data.busy === '1') learn(Date.now() + busy_ms);
  if (reply.data.complete === '1') learn(Infinity);
  const { tablesProcessed, issues } = JSON.parse(reply.text()) as IntegrationResult;
  const recordsMigrated = Number(reply.data.mapped);
  const migrationPerformed = recordsMigrated > 0;
  return { migrationNeeded: true, migrationPerformed, recordsMigrated, tablesProcessed, issues };
}

/** Maps what the database held before, if it is needed: a bounded piece of it a call. One isolate
 * is at it at a time. */
export async function autoDetectAndMigrate(
  d1: Shard,
  shardName: string,
  config: CollegeDBConfig,
  options: MigrationOptions = {},
): Promise<MigrationResult> {
  if (!options.skipCache && isKnown(d1, shardName)) return { ...nothing_done, issues: [] };
  const concurrency = options.concurrency ?? config.migrationConcurrency ?? at_once;
  const subrequests = options.maxSubrequests ?? config.maxSubrequests;
  const left = countOf('maxSubrequests', subrequests, subrequests_by_hand);
  const mapper = mapperOf(config);
  try {
    return await migrate(d1, shardName, mapper, { ...options, concurrency }, { left, least: 0 });
  } catch (error) {
    if (error instanceof CollegeDBError && error.code === 'INVALID_CONFIG') throw error;
    return { ...nothing_done, issues: [`Auto-migration error: ${messageOf(error)}`] };
  }
}
