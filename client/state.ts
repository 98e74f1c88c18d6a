// What a device knows, and changes to it as plain values.
//
// A change is planned on a `Draft`, which leaves the state alone; then the store commits it; then
// it is applied. So a store that fails, or a crash, leaves all of it or nothing, on disk and in
// memory.

import type { Data } from './answer.ts';
import type { Stamp } from './clock.ts';
import { Table } from './table.ts';

/** What the server is known to hold. */
export interface BaseRow extends Stamp {
  data: Data;
  device: string;
  permission?: string;
}

/** The newest edit of a record, not yet answered. */
export interface OutboxEntry extends Stamp {
  /** Missing for a deletion. */
  data?: Data;
  /** It replaced an edit that was sent, and whose fate is not known. */
  doubt?: true;
}

/** An edit that the server refused: it is on this device only. */
export interface RejectedEdit extends Stamp {
  key: string;
  code: string;
  message: string;
  data?: Data;
}

/** An edit that the server took otherwise than it asked. */
export interface Notice {
  key: string;
  code: string;
  message: string;
}

export interface Meta {
  device: string;
  cursor: string | null;
  /** Whether further pages are to come. */
  walking: boolean;
  clock: Stamp;
  /** The server's time less the device's, at the last answer. */
  skewMs: number;
  /** The user whose records these are, where the token told. */
  user: string | null;
  lastSyncedAt: number | null;
}

/** The request under way. Not durable: its entries are in the outbox. */
export interface Flight {
  request: number;
  cursor: string | null;
  /** By collection, in the order that they were sent. */
  sent: Map<string, { key: string; entry: OutboxEntry }[]>;
}

export interface State {
  meta: Meta;
  base: Table<BaseRow>;
  outbox: Table<OutboxEntry>;
  /** By number, in the order that they came. */
  rejected: Map<number, RejectedEdit>;
  conflicts: Map<number, Notice>;
}

/** A value of null removes. */
export interface Changes {
  meta?: Meta;
  clearBase: boolean;
  base: Map<string, BaseRow | null>;
  outbox: Map<string, OutboxEntry | null>;
  rejected: Map<number, RejectedEdit | null>;
  conflicts: Map<number, Notice | null>;
  /** The request under way from now on, if that changes. */
  flight?: Flight | null;
  /** Keys of entries that were certainly not sent before. */
  fresh: Set<string>;
}

export const emptyState = (device: string): State => ({
  meta: {
    device,
    cursor: null,
    walking: false,
    clock: { ms: 0, counter: 0 },
    skewMs: 0,
    user: null,
    lastSyncedAt: null,
  },
  base: new Table(),
  outbox: new Table(),
  rejected: new Map(),
  conflicts: new Map(),
});

/** Whether a store has anything to commit. */
export const isDurable = (changes: Changes): boolean =>
  changes.meta !== undefined ||
  changes.clearBase ||
  changes.base.size + changes.outbox.size + changes.rejected.size + changes.conflicts.size > 0;

function applyTo<K, V>(
  target: { set(key: K, value: V): unknown; delete(key: K): unknown },
  changes: Map<K, V | null>,
): void {
  for (const [key, value] of changes) {
    if (value === null) target.delete(key);
    else target.set(key, value);
  }
}

export function applyChanges(state: State, changes: Changes): void {
  if (changes.meta) state.meta = changes.meta;
  if (changes.clearBase) state.base.clear();
  applyTo(state.base, changes.base);
  applyTo(state.outbox, changes.outbox);
  applyTo(state.rejected, changes.rejected);
  applyTo(state.conflicts, changes.conflicts);
}

function lastNumber(table: Map<number, unknown>): number {
  let last = 0;
  for (const number of table.keys()) last = Math.max(last, number);
  return last;
}

/** A state with changes over it. */
export class Draft {
  readonly changes: Changes = {
    clearBase: false,
    base: new Map(),
    outbox: new Map(),
    rejected: new Map(),
    conflicts: new Map(),
    fresh: new Set(),
  };
  readonly #state: State;
  #lastRejected: number;

  constructor(state: State) {
    this.#state = state;
    this.#lastRejected = lastNumber(state.rejected);
  }

  get meta(): Meta {
    return this.changes.meta ?? this.#state.meta;
  }

  set(meta: Partial<Meta>): void {
    this.changes.meta = { ...this.meta, ...meta };
  }

  base(key: string): BaseRow | undefined {
    const changed = this.changes.base.get(key);
    if (changed !== undefined) return changed ?? undefined;
    return this.changes.clearBase ? undefined : this.#state.base.get(key);
  }

  setBase(key: string, row: BaseRow | null): void {
    this.changes.base.set(key, row);
  }

  clearBase(): void {
    this.changes.clearBase = true;
    this.changes.base.clear();
  }

  entry(key: string): OutboxEntry | undefined {
    const changed = this.changes.outbox.get(key);
    return changed === undefined ? this.#state.outbox.get(key) : (changed ?? undefined);
  }

  setEntry(key: string, entry: OutboxEntry | null): void {
    this.changes.outbox.set(key, entry);
    this.changes.fresh.delete(key);
  }

  reject(edit: RejectedEdit): void {
    this.#lastRejected += 1;
    this.changes.rejected.set(this.#lastRejected, edit);
  }

  dismiss(number: number): void {
    this.changes.rejected.set(number, null);
  }

  /** Adds notices; of too many the oldest go. */
  notice(notices: Notice[], max: number): void {
    const { conflicts } = this.changes;
    const last = lastNumber(this.#state.conflicts);
    const first = last + Math.max(0, notices.length - max) + 1;
    for (const [index, notice] of notices.slice(-max).entries()) {
      conflicts.set(first + index, notice);
    }
    for (const number of this.#state.conflicts.keys()) {
      if (number <= last + notices.length - max) conflicts.set(number, null);
    }
  }
}
