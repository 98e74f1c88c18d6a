// A device's state as the rows of a store, and back.

import {
  type BaseRow,
  type Changes,
  emptyState,
  type Meta,
  type Notice,
  type OutboxEntry,
  type RejectedEdit,
  type State,
} from './state.ts';
import type { StoredRow, TableName, Write } from './stores/store.ts';

const metaKey = 'state';

function split<K extends string | number, V>(
  write: Write,
  table: TableName,
  changes: Map<K, V | null>,
): void {
  for (const [key, value] of changes) {
    if (value === null) write.delete.push([table, String(key)]);
    else write.put.push([table, String(key), value]);
  }
}

export function writeOf(changes: Changes): Write {
  const write: Write = { clear: changes.clearBase ? ['base'] : [], delete: [], put: [] };
  if (changes.meta) write.put.push(['meta', metaKey, changes.meta]);
  split(write, 'base', changes.base);
  split(write, 'outbox', changes.outbox);
  split(write, 'rejected', changes.rejected);
  split(write, 'conflicts', changes.conflicts);
  return write;
}

/** What another holder of the store has committed. */
export function changesOf(write: Write): Changes {
  const changes: Changes = {
    clearBase: write.clear.includes('base'),
    base: new Map(),
    outbox: new Map(),
    rejected: new Map(),
    conflicts: new Map(),
    fresh: new Set(),
  };
  for (const [table, key] of write.delete) set(changes, table, key, null);
  for (const [table, key, value] of write.put) set(changes, table, key, value);
  return changes;
}

function set(changes: Changes, table: TableName, key: string, value: unknown): void {
  if (table === 'meta') changes.meta = value as Meta;
  else if (table === 'base') changes.base.set(key, value as BaseRow | null);
  else if (table === 'outbox') changes.outbox.set(key, value as OutboxEntry | null);
  else if (table === 'rejected') changes.rejected.set(Number(key), value as RejectedEdit | null);
  else changes.conflicts.set(Number(key), value as Notice | null);
}

/** Null if the store is empty. */
export function stateOf(rows: StoredRow[]): State | null {
  const meta = rows.find(([table, key]) => table === 'meta' && key === metaKey)?.[2] as Meta;
  if (!meta) return null;
  const state = emptyState(meta.device);
  state.meta = { ...state.meta, ...meta };
  const numbered = (a: StoredRow, b: StoredRow) => Number(a[1]) - Number(b[1]);
  for (const [table, key, value] of rows) {
    if (table === 'base') state.base.set(key, value as BaseRow);
    else if (table === 'outbox') state.outbox.set(key, value as OutboxEntry);
  }
  const notices = rows.filter(([table]) => table === 'rejected' || table === 'conflicts');
  for (const [table, key, value] of notices.sort(numbered)) {
    if (table === 'rejected') state.rejected.set(Number(key), value as RejectedEdit);
    else state.conflicts.set(Number(key), value as Notice);
  }
  return state;
}
