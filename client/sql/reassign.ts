// A key moves to another shard with its rows: those whose primary key it is, and those of declared
// routing columns. All are copied first, and each copy is noted; then the key is led to them; then
// what is in the old place is deleted, or follows where it was written to meanwhile. What died in
// between is finished by the same call. One at a time moves a key: the first shard by name knows
// who.

import type { Settings } from './config.ts';
import { CollegeDBError } from './errors.ts';
import { shardNamed } from './execute.ts';
import { askShards, checkName } from './existing.ts';
import type { KvPlacement } from './kv_placement.ts';

/** [table, primary key] */
type RowName = readonly [table: string, key: string];

interface KeyRows {
  rows: RowName[];
  /** By table its routing column. */
  routes: string;
}

interface Way {
  from: string;
  to: string;
  /** The routing key of the rows. */
  owner: string;
  /** Throws where another moves the key by now. */
  keep: () => Promise<void>;
}

/** Writers that have not heard of the move yet are swept up after so many times. */
const sweeps_max = 3;

/** Who moves a key has it for two minutes, and says before each row that it goes on. */
const keep_every_ms = 20_000;

/** Refusals that another row's move may take away: rows that refer to one another. */
const passing = new Set(['RECORD_CONFLICT', 'QUERY_FAILED']);

const isCode = (error: unknown, code: string) =>
  error instanceof CollegeDBError && error.code === code;

async function rowsOf(
  settings: Settings,
  shard: string,
  key: string,
  table?: string,
): Promise<KeyRows> {
  const shards = { [shard]: shardNamed(settings, shard) };
  const params = { shard, key, table: table ?? '', routes: JSON.stringify(settings.routes) };
  const reply = await askShards('list_key_rows', shards, params);
  return { rows: JSON.parse(reply.text()) as RowName[], routes: reply.data.routes ?? '{}' };
}

/** Does something to each row; those that are refused wait for the others. */
async function forRows(
  rows: readonly RowName[],
  { keep }: Way,
  work: (row: RowName) => Promise<void>,
): Promise<void> {
  let left = rows;
  while (left.length > 0) {
    const refused: RowName[] = [];
    let why: unknown;
    for (const row of left) {
      await keep();
      try {
        await work(row);
      } catch (error) {
        // It was deleted meanwhile.
        if (isCode(error, 'RECORD_NOT_FOUND')) continue;
        if (!passing.has((error as CollegeDBError).code ?? '')) throw error;
        refused.push(row);
        // A row that waits for another's is refused by that row's refusal.
        if (why === undefined || isCode(error, 'RECORD_CONFLICT')) why = error;
      }
    }
    if (refused.length === left.length) throw why;
    left = refused;
  }
}

/** `until`: as of the core's `migrate_record`. */
async function moveRows(
  settings: Settings,
  way: Way,
  { rows, routes }: KeyRows,
  until: 'copied' | 'mapped' | 'undone' | 'led',
): Promise<void> {
  const { from, to, owner } = way;
  const shards = { [from]: shardNamed(settings, from), [to]: shardNamed(settings, to) };
  // When a row is deleted, nothing may refer to it any more.
  const together = until === 'led' ? {} : { routes, owner };
  await forRows(rows, way, async ([table, key]) => {
    const params = { source: from, target: to, table, key, until, ...together };
    await askShards('migrate_record', shards, params);
  });
}

/** Takes back copies, of a call that died, of rows that have been deleted since. */
async function dropOldCopies(settings: Settings, way: Way, found: KeyRows, table?: string) {
  const moves = new Set(found.rows.map((row) => JSON.stringify(row)));
  const tables = Object.keys(JSON.parse(found.routes) as object);
  const there = await rowsOf(settings, way.to, way.owner, table).catch((error: unknown) => {
    // Its tables are others, or are made when their first row comes.
    if (isCode(error, 'INVALID_TABLE_NAME')) return { rows: [] };
    throw error;
  });
  const rows = there.rows.filter(
    (row) => tables.includes(row[0]) && !moves.has(JSON.stringify(row)),
  );
  await moveRows(settings, way, { ...found, rows }, 'undone');
}

async function copyRows(settings: Settings, way: Way, table?: string): Promise<void> {
  const found = await rowsOf(settings, way.from, way.owner, table);
  await dropOldCopies(settings, way, found, table);
  if (found.rows.length === 0) {
    throw new CollegeDBError(`Shard ${way.from} has no row of ${way.owner}`, 'RECORD_NOT_FOUND');
  }
  try {
    await moveRows(settings, way, found, 'copied');
    await moveRows(settings, way, found, 'mapped');
  } catch (error) {
    // Reads of all shards would see the copies.
    await moveRows(settings, way, found, 'undone').catch(() => undefined);
    throw error;
  }
}

/** Moves what is in a shard that the key is led to no more. */
async function sweep(settings: Settings, way: Way, table?: string): Promise<void> {
  for (let turn = 1; turn <= sweeps_max; turn++) {
    const left = await rowsOf(settings, way.from, way.owner, table);
    if (left.rows.length === 0) return;
    try {
      await moveRows(settings, way, left, 'led');
    } catch (error) {
      // One that has come meanwhile may refer to the others.
      if (turn === sweeps_max || !isCode(error, 'RECORD_CONFLICT')) throw error;
    }
  }
  const message = `Rows of ${way.owner} keep coming to ${way.from}: the same call goes on`;
  throw new CollegeDBError(message, 'SHARD_UNAVAILABLE');
}

/** Does it while nobody else moves the key. */
async function alone(
  settings: Settings,
  key: string,
  work: (keep: Way['keep']) => Promise<void>,
): Promise<void> {
  const { names, clock } = settings;
  const shard = names.toSorted()[0] as string;
  const shards = { [shard]: shardNamed(settings, shard) };
  const params = { shard, key, holder: crypto.randomUUID() };
  let held_ms = 0;
  const hold = async (keep: string) => {
    const asked_ms = clock.now();
    const { data } = await askShards('hold_key', shards, { ...params, keep });
    if (data.held !== '1') {
      const message = `${key} is being moved: ask again when it is there, or in two minutes`;
      throw new CollegeDBError(message, 'RECORD_CONFLICT');
    }
    held_ms = asked_ms;
  };
  await hold('');
  try {
    await work(async () => {
      if (clock.now() - held_ms >= keep_every_ms) await hold('1');
    });
  } finally {
    await askShards('release_key', shards, params).catch(() => undefined);
  }
}

async function move(
  settings: Settings,
  kv: KvPlacement,
  { to, owner, keep }: Omit<Way, 'from'>,
  table: string | undefined,
  lead: () => Promise<void>,
): Promise<void> {
  const mapping = await kv.newest(owner);
  if (mapping === null) {
    throw new CollegeDBError(`No existing mapping found for key: ${owner}`, 'MAPPING_NOT_FOUND');
  }
  const from = mapping.shard;
  if (from !== to) await copyRows(settings, { from, to, owner, keep }, table);
  await keep();
  await lead();
  // Of a move that died after that, rows may lie in any other shard.
  const sources = from === to ? settings.names.filter((name) => name !== to) : [from];
  for (const source of sources) {
    try {
      await sweep(settings, { from: source, to, owner, keep }, table);
    } catch (error) {
      const missing = from === to && table !== undefined && isCode(error, 'INVALID_TABLE_NAME');
      if (!missing) throw error;
    }
  }
}

/** `lead` has the key led to its new shard. */
export async function reassign(
  settings: Settings,
  kv: KvPlacement,
  key: string,
  to: string,
  table: string | undefined,
  lead: () => Promise<void>,
): Promise<void> {
  shardNamed(settings, to);
  if (table !== undefined) checkName(table);
  if (await kv.mapper.isLookupKey(key)) {
    const message = `${key} is another key of its record: name the primary key`;
    throw new CollegeDBError(message, 'INVALID_KEY');
  }
  await alone(settings, key, (keep) => move(settings, kv, { to, owner: key, keep }, table, lead));
}
