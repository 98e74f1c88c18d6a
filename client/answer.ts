// An answer of POST /sync, or a frame that holds one, checked in shape. Nothing past this file
// looks at what a server sent without knowing its types.
//
// Keys that are not there are read as empty; a cursor and the server's time must be. Each key that
// holds an array, but `deleted_ids`, `rejected` and `conflicts`, is a collection's rows.

import { counterMax, type Stamp } from './clock.ts';
import { SyncError } from './errors.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** A record's data. */
export type Data = { [key: string]: Json };

export interface Row extends Stamp {
  collection: string;
  id: string;
  owner: string;
  /** Missing for a deletion. */
  data?: Data;
  device: string;
  permission?: string;
}

/** What became of a delta: `index` is its place in the array of its collection. */
export interface Verdict {
  index: number;
  collection: string;
  code: string;
  message: string;
}

export interface Answer {
  rows: Row[];
  cursor: string;
  hasMore: boolean;
  reset: boolean;
  rejected: Verdict[];
  conflicts: Verdict[];
  serverTime: number;
}

export interface Broadcast extends Answer {
  since: string;
}

const notCollections = new Set(['deleted_ids', 'rejected', 'conflicts']);
const timeMax = 8.64e15;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isWhole = (value: unknown, max: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max;

function bad(what: string): never {
  throw new SyncError('bad_answer', `The server's answer is not one of Tidemark: ${what}`);
}

function readRow(collection: string, value: unknown): Row {
  if (!isObject(value)) return bad(`a row of ${collection}`);
  const { action, id, data, updated_at: ms, counter = 0, device = '' } = value;
  const { owner = '', permission } = value;
  if (!isText(id) || id.includes('\0')) return bad(`the id of a row of ${collection}`);
  if (!isWhole(ms, timeMax) || !isWhole(counter, counterMax)) return bad(`the stamp of ${id}`);
  if (typeof device !== 'string') return bad(`the device of ${id}`);
  if (typeof owner !== 'string' || owner.includes(' ')) return bad(`the owner of ${id}`);
  const row: Row = { collection, id, owner, ms, counter, device };
  if (typeof permission === 'string') row.permission = permission;
  if (action === 'delete') return row;
  if (action !== 'create' && action !== 'update') return bad(`the action of ${id}`);
  if (!isObject(data)) return bad(`the data of ${id}`);
  return { ...row, data: data as Data };
}

function readVerdicts(value: unknown): Verdict[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return bad('rejected or conflicts');
  return value.map((item: unknown) => {
    if (!isObject(item)) return bad('rejected or conflicts');
    const { index, collection, code, message = '' } = item;
    if (!isWhole(index, Number.MAX_SAFE_INTEGER) || typeof collection !== 'string') {
      return bad('the place of a rejection');
    }
    if (!isText(code) || typeof message !== 'string') return bad('the code of a rejection');
    return { index, collection, code, message };
  });
}

/** Throws a `bad_answer`. */
export function readAnswer(value: unknown): Answer {
  if (!isObject(value)) return bad('it is no object');
  const { cursor, has_more: hasMore = false, reset = false, server_time: serverTime } = value;
  if (!isText(cursor)) return bad('its cursor');
  if (typeof hasMore !== 'boolean' || typeof reset !== 'boolean') return bad('its flags');
  if (!isWhole(serverTime, timeMax)) return bad('its time');
  const rows: Row[] = [];
  for (const [collection, list] of Object.entries(value)) {
    if (!Array.isArray(list) || notCollections.has(collection)) continue;
    if (collection === '' || collection.includes(' ')) return bad('the name of a collection');
    for (const row of list) rows.push(readRow(collection, row));
  }
  const rejected = readVerdicts(value.rejected);
  const conflicts = readVerdicts(value.conflicts);
  return { rows, cursor, hasMore, reset, rejected, conflicts, serverTime };
}

/** A `changes` frame that no request asked for. Throws a `bad_answer`. */
export function readBroadcast(value: unknown): Broadcast {
  const answer = readAnswer(value);
  const { since } = value as { since?: unknown };
  if (!isText(since)) return bad('what it follows');
  return { ...answer, since };
}
