// What a device keeps of a document, and how it lies in a store's tables:
//   meta       address: which document it is; copy: the newest copy; next: the next number
//   base       what is known of a record beyond the copy: its state at a later version
//   outbox     mutations, by number; rejected: refused ones; conflicts
// A change is a store's Write: so what another tab commits is applied as what this one does.

import type { StoredRow, Write } from '../stores/store.ts';
import type { Conflict, Copy, DocumentRecord, Mutation, Refused } from './types.ts';
import { numberOf } from './version.ts';

/** A record as the owner had it at a version; null if it had none. */
export interface Known {
  collection: string;
  id: string;
  record: DocumentRecord | null;
  version: string;
}

export interface State {
  address: string | null;
  copy: Copy | null;
  next: number;
  readonly known: Map<string, Known>;
  readonly mutations: Map<number, Mutation>;
  readonly refused: Map<number, Refused>;
  readonly conflicts: Map<number, Conflict>;
}

/** What of the view a write changes: null stands for all of it. */
export type Touched = Set<string> | null;

export const recordKey = (collection: string, id: string): string =>
  JSON.stringify([collection, id]);

export const emptyWrite = (): Write => ({ clear: [], delete: [], put: [] });

export const isEmpty = ({ clear, delete: gone, put }: Write): boolean =>
  clear.length + gone.length + put.length === 0;

export const emptyState = (): State => ({
  address: null,
  copy: null,
  next: 1,
  known: new Map(),
  mutations: new Map(),
  refused: new Map(),
  conflicts: new Map(),
});

export function stateOf(rows: StoredRow[]): State {
  const state = emptyState();
  applyWrite(state, { clear: [], delete: [], put: rows });
  // Stores give rows in the order of their keys, which are texts.
  const numbered = [state.mutations, state.refused, state.conflicts] as Map<number, unknown>[];
  for (const map of numbered) {
    const sorted = [...map].sort(([a], [b]) => a - b);
    map.clear();
    for (const [number, value] of sorted) map.set(number, value);
  }
  const known = [...state.known].sort(([, a], [, b]) => numberOf(a.version) - numberOf(b.version));
  state.known.clear();
  for (const [key, value] of known) state.known.set(key, value);
  return state;
}

export function applyWrite(state: State, write: Write): Touched {
  const touched = new Set<string>();
  let whole = false;
  for (const [table, key] of write.delete) {
    if (table === 'base') {
      touch(touched, state.known.get(key));
      state.known.delete(key);
    } else if (table === 'outbox') {
      touch(touched, state.mutations.get(Number(key)));
      state.mutations.delete(Number(key));
    } else if (table === 'rejected') state.refused.delete(Number(key));
    else if (table === 'conflicts') state.conflicts.delete(Number(key));
  }
  for (const [table, key, value] of write.put) {
    if (table === 'meta' && key === 'copy') {
      state.copy = value as Copy;
      whole = true;
    } else if (table === 'meta' && key === 'address') state.address = value as string;
    else if (table === 'meta') state.next = value as number;
    else if (table === 'base') {
      touch(touched, value as Known);
      state.known.delete(key); // it is the newest now, and comes last
      state.known.set(key, value as Known);
    } else if (table === 'outbox') {
      touch(touched, value as Mutation);
      state.mutations.set(Number(key), value as Mutation);
    } else if (table === 'rejected') state.refused.set(Number(key), value as Refused);
    else state.conflicts.set(Number(key), value as Conflict);
  }
  return whole ? null : touched;
}

function touch(touched: Set<string>, one: { collection: string } | undefined): void {
  if (one) touched.add(one.collection);
}
