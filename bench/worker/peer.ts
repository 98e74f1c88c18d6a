// The peer: the same merge in TypeScript alone, as well as it can be written in plain TypeScript.
//
// It takes and gives what the engine does (wasm/records/payload.h, delta.h, merge.h, push.h): bytes
// of a body in; the ids to look up, rows to write and bytes of an answer out. One thing it does not
// do, since JSON.parse cannot tell: it lets a key stand twice. It writes its rows' data as nested
// JSON, where the engine gives offsets into the body.

export interface Column {
  name: string;
  type: 'text' | 'integer' | 'real' | 'time' | 'boolean' | 'json';
  required: boolean;
  fromStamp: boolean;
}

export interface PeerCollection {
  name: string;
  parentColumn: string;
  columns: Column[];
}

/** Answers the queries of a merge with JSON, as SQL would. */
export interface Lookups {
  versions(ids: string): string;
  missingParents(ids: string): string;
}

/** Rows to write, as JSON for json_each. */
export interface Writes {
  winners: string;
  losers: string;
  overwritten: string;
  corrections: string;
}

interface Delta {
  action: unknown;
  id: unknown;
  data?: unknown;
  updated_at?: unknown;
  counter?: unknown;
}

/** A delta that is valid by itself. */
interface Change {
  index: number;
  id: string;
  data: Record<string, unknown> | null; // null: a deletion
  parent: string | undefined;
  ms: number;
  counter: number;
}

interface Slot {
  stored: boolean;
  ms: number;
  counter: number;
  device: string;
  deleted: boolean;
  winner: Change | undefined;
}

interface Notice {
  index: number;
  collection: string;
  id?: string;
  code: string;
  message: string;
}

type Fault = [code: string, message: string] | undefined;
type VersionRow = [key: number, ms: number, counter: number, device: string, deleted: number];

const DEPTH_MAX = 100;
const ID_BYTES_MAX = 256;
const COUNTER_MAX = (1 << 20) - 1;
const SECONDS_BELOW = 100_000_000_000;
const CLOCK_AHEAD_MAX_MS = 5 * 60_000;
const LOST = 'A newer version from another device is stored; this one is in the history';
const AHEAD = 'updated_at is more than 5 minutes ahead of the server; it was set to now';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Checks what JSON.parse let pass inside a value: depth, and halves of surrogate pairs. */
function checkValue(value: unknown, depth: number): Fault {
  if (typeof value === 'string') {
    return value.isWellFormed()
      ? undefined
      : ['invalid_unicode', 'data holds half of a surrogate pair'];
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth === DEPTH_MAX) return ['too_deep', `data nests more than ${DEPTH_MAX} levels`];
  if (Array.isArray(value)) {
    for (const element of value) {
      const fault = checkValue(element, depth + 1);
      if (fault) return fault;
    }
    return undefined;
  }
  for (const key in value) {
    if (!key.isWellFormed()) return ['invalid_unicode', 'data holds half of a surrogate pair'];
    const fault = checkValue((value as Record<string, unknown>)[key], depth + 1);
    if (fault) return fault;
  }
  return undefined;
}

function checkColumn(collection: string, { name, type }: Column, value: unknown): Fault {
  const fault = (what: string): Fault => [
    'invalid_column',
    `data.${name} of ${collection} ${what}`,
  ];
  switch (type) {
    case 'text':
      if (typeof value !== 'string') return fault('must be a string');
      return value.includes('\0') ? fault('must not hold \\u0000') : undefined;
    case 'integer':
    case 'time':
      if (!Number.isInteger(value)) return fault('must be an integer');
      if (!Number.isSafeInteger(value)) return ['number_out_of_range', `data.${name}`];
      return type === 'time' && (value as number) < 0 ? fault('cannot be negative') : undefined;
    case 'real':
      if (typeof value !== 'number') return fault('must be a number');
      if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
        return ['number_out_of_range', `data.${name}`];
      }
      return undefined;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : fault('must be true or false');
    case 'json':
      return undefined;
  }
}

function checkId(id: unknown): Fault {
  if (typeof id !== 'string' || !id.isWellFormed()) return ['invalid_id', 'id must be text'];
  if (id === '') return ['invalid_id', 'id is empty'];
  // A unit of UTF-16 takes three bytes of UTF-8 at most.
  if (id.length * 3 > ID_BYTES_MAX && encoder.encode(id).byteLength > ID_BYTES_MAX) {
    return ['invalid_id', `id is longer than ${ID_BYTES_MAX} bytes`];
  }
  return id.includes('\0') ? ['invalid_id', 'id holds a NUL'] : undefined;
}

function checkData({ name, columns }: PeerCollection, data: Record<string, unknown>): Fault {
  const deep = checkValue(data, 0);
  if (deep) return deep;
  for (const column of columns) {
    const value = data[column.name];
    if (value === undefined || value === null) {
      if (column.required) return ['missing_column', `data.${column.name} of ${name} is required`];
    } else if (!column.fromStamp) {
      const fault = checkColumn(name, column, value);
      if (fault) return fault;
    }
  }
  return undefined;
}

const isCount = (value: unknown, max: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max;

function readDelta(collection: PeerCollection, value: unknown, index: number): Change | Fault {
  if (!isObject(value)) return ['invalid_delta', 'A delta must be an object'];
  const { action, id, data, updated_at, counter } = value as unknown as Delta;
  if (action !== 'create' && action !== 'update' && action !== 'delete') {
    return ['invalid_action', 'action must be create, update or delete'];
  }
  const badId = checkId(id);
  if (badId) return badId;
  if (counter !== undefined && !isCount(counter, COUNTER_MAX)) {
    return ['invalid_counter', `counter must be an integer from 0 to ${COUNTER_MAX}`];
  }
  let parent: string | undefined;
  if (action !== 'delete') {
    if (!isObject(data)) return ['invalid_data', 'data must be an object'];
    const fault = checkData(collection, data);
    if (fault) return fault;
    parent = data[collection.parentColumn] as string | undefined;
    if (parent !== undefined && checkId(parent)) return ['invalid_column', 'parent is not an id'];
  }
  const at = updated_at ?? (isObject(data) ? data.updated_at : undefined);
  if (!isCount(at, Number.MAX_SAFE_INTEGER)) {
    return ['invalid_updated_at', 'updated_at must be an integer from 0'];
  }
  return {
    index,
    id: id as string,
    data: action === 'delete' ? null : (data as Record<string, unknown>),
    parent,
    ms: at < SECONDS_BELOW ? at * 1000 : at,
    counter: counter ?? index,
  };
}

/** Of two versions that are never the same (no ties are in what is measured). */
const isNewer = (change: Change, device: string, than: Change | Slot, its: string): boolean =>
  change.ms !== than.ms
    ? change.ms > than.ms
    : change.counter !== than.counter
      ? change.counter > than.counter
      : device > its;

class Merge {
  readonly #collection: PeerCollection;
  readonly #device: string;
  readonly #now: number;
  readonly rejected: Notice[] = [];
  readonly conflicts: Notice[] = [];
  readonly #corrections: [string, string][] = [];
  readonly #losers: [Change, string][] = [];

  constructor(collection: PeerCollection, device: string, now: number) {
    this.#collection = collection;
    this.#device = device;
    this.#now = now;
  }

  run(deltas: unknown[], lookups: Lookups): Writes {
    const changes = this.#requireParents(this.#readAll(deltas), lookups);
    const slots = this.#readSlots(changes, lookups);
    for (const change of changes) this.#decide(change, slots.get(change.id) as Slot);
    const winners: unknown[] = [];
    const overwritten: string[] = [];
    for (const [id, { winner, stored, deleted }] of slots) {
      if (winner === undefined) continue;
      const { data, ms, counter, parent } = winner;
      winners.push([id, data, ms, counter, data === null ? 1 : 0, parent]);
      if (stored && !deleted) overwritten.push(id);
    }
    const losers = this.#losers.map(([{ id, data, ms, counter }, reason]) => [
      id,
      data,
      ms,
      counter,
      reason,
    ]);
    return {
      winners: JSON.stringify(winners),
      losers: JSON.stringify(losers),
      overwritten: JSON.stringify(overwritten),
      corrections: JSON.stringify(this.#corrections),
    };
  }

  #readAll(deltas: unknown[]): Change[] {
    const changes: Change[] = [];
    const latest = this.#now + CLOCK_AHEAD_MAX_MS;
    for (let index = 0; index < deltas.length; index += 1) {
      const change = readDelta(this.#collection, deltas[index], index);
      if (change === undefined || Array.isArray(change)) {
        const [code, message] = change as [string, string];
        this.#note(this.rejected, index, undefined, code, message);
        continue;
      }
      if (change.ms > latest) {
        change.ms = this.#now;
        this.#note(this.conflicts, index, change.id, 'clock_ahead', AHEAD);
      }
      changes.push(change);
    }
    return changes;
  }

  #requireParents(changes: Change[], lookups: Lookups): Change[] {
    const parents = new Set<string>();
    for (const { parent } of changes) if (parent !== undefined) parents.add(parent);
    if (parents.size === 0) return changes;
    const distinct = [...parents];
    const missing = JSON.parse(lookups.missingParents(JSON.stringify(distinct))) as number[];
    if (missing.length === 0) return changes;
    const gone = new Set(missing.map((at) => distinct[at]));
    return changes.filter(({ index, id, parent }) => {
      if (parent === undefined || !gone.has(parent)) return true;
      this.#note(this.rejected, index, id, 'parent_missing', `No record has the id ${parent}`);
      return false;
    });
  }

  #readSlots(changes: Change[], lookups: Lookups): Map<string, Slot> {
    const slots = new Map<string, Slot>();
    for (const { id } of changes) {
      if (slots.has(id)) continue;
      slots.set(id, {
        stored: false,
        ms: 0,
        counter: 0,
        device: '',
        deleted: false,
        winner: undefined,
      });
    }
    const ids = [...slots.keys()];
    const rows = JSON.parse(lookups.versions(JSON.stringify(ids))) as VersionRow[];
    for (const [key, ms, counter, device, deleted] of rows) {
      const slot = slots.get(ids[key] as string) as Slot;
      slot.stored = true;
      slot.ms = ms;
      slot.counter = counter;
      slot.device = device;
      slot.deleted = deleted !== 0;
    }
    return slots;
  }

  #decide(change: Change, slot: Slot): void {
    const { winner } = slot;
    if (winner !== undefined) {
      if (isNewer(change, this.#device, winner, this.#device)) {
        this.#losers.push([winner, 'overwritten']);
        slot.winner = change;
      } else this.#losers.push([change, 'overwritten']);
    } else if (!slot.stored || isNewer(change, this.#device, slot, slot.device)) {
      slot.winner = change;
    } else {
      const another = slot.device !== this.#device;
      if (change.data !== null) this.#losers.push([change, another ? 'lost' : 'overwritten']);
      this.#corrections.push([this.#collection.name, change.id]);
      if (another) this.#note(this.conflicts, change.index, change.id, 'lost', LOST);
    }
  }

  #note(list: Notice[], index: number, id: string | undefined, code: string, message: string) {
    const collection = this.#collection.name;
    list.push(
      id === undefined
        ? { index, collection, code, message }
        : { index, collection, id, code, message },
    );
  }
}

/** The answer's bytes, and the rows to write. */
export function mergeInTypeScript(
  body: Uint8Array,
  collection: PeerCollection,
  device: string,
  lookups: Lookups,
): { answer: Uint8Array; writes: Writes } {
  const payload: unknown = JSON.parse(decoder.decode(body));
  if (!isObject(payload)) throw new Error('invalid_payload');
  const { cursor } = payload;
  if (typeof cursor !== 'string' || !/^[0-9a-f]{1,32}\.\d+$/.test(cursor)) {
    throw new Error('invalid_cursor');
  }
  const deltas = payload[collection.name];
  if (!Array.isArray(deltas)) throw new Error('invalid_payload');
  const now = Date.now();
  const merge = new Merge(collection, device, now);
  const writes = merge.run(deltas, lookups);
  const text = JSON.stringify({
    plans: [],
    sessions: [],
    cards: [],
    deleted_ids: [],
    cursor,
    has_more: false,
    rejected: merge.rejected,
    conflicts: merge.conflicts,
    server_time: now,
  });
  return { answer: encoder.encode(text), writes };
}
