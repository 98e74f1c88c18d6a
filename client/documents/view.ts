// What an app sees: the newest copy, over it what is known beyond it, over that what is queued.

import type { Data, Json } from '../answer.ts';
import { isCollection, member } from './json.ts';
import { shown } from './rebase.ts';
import { recordKey, type State } from './state.ts';
import type { Copy, DocumentRecord } from './types.ts';

type Records = ReadonlyMap<string, DocumentRecord>;

const indexes = new WeakMap<Data, Map<string, Records>>();

/** A copy's collections, each by id. */
export function indexOf(copy: Copy | null): ReadonlyMap<string, Records> {
  if (copy === null) return new Map();
  let index = indexes.get(copy.document);
  if (index === undefined) {
    index = new Map();
    for (const [name, value] of Object.entries(copy.document)) {
      if (isCollection(value)) index.set(name, new Map(value.map((one) => [one.id, one])));
    }
    indexes.set(copy.document, index);
  }
  return index;
}

export function namesOf(state: State): string[] {
  const names = new Set(indexOf(state.copy).keys());
  for (const { collection, record } of state.known.values()) if (record) names.add(collection);
  for (const { collection, action } of state.mutations.values()) {
    if (action === 'upsert') names.add(collection);
  }
  return [...names];
}

export function valuesOf(state: State): Data {
  const names = new Set(namesOf(state));
  const values = Object.entries(state.copy?.document ?? {}).filter(([name]) => !names.has(name));
  return Object.fromEntries<Json>(values);
}

export function recordsOf(state: State, collection: string): Map<string, DocumentRecord> {
  const records = new Map(indexOf(state.copy).get(collection));
  const put = (id: string, record: DocumentRecord | null) => {
    if (record === null) records.delete(id);
    else records.set(id, record);
  };
  for (const known of state.known.values()) {
    if (known.collection === collection) put(known.id, known.record);
  }
  for (const mutation of state.mutations.values()) {
    if (mutation.collection !== collection) continue;
    put(mutation.id, shown(mutation, records.get(mutation.id) ?? null));
  }
  return records;
}

/** As the owner is known to have it, without what is queued. */
export function storedOf(state: State, collection: string, id: string): DocumentRecord | null {
  const known = state.known.get(recordKey(collection, id));
  return known ? known.record : (indexOf(state.copy).get(collection)?.get(id) ?? null);
}

export function recordOf(state: State, collection: string, id: string): DocumentRecord | null {
  let record = storedOf(state, collection, id);
  for (const mutation of state.mutations.values()) {
    if (mutation.collection === collection && mutation.id === id) record = shown(mutation, record);
  }
  return record;
}

/** The version that the stored record is known at. */
export function versionAt(state: State, collection: string, id: string): string | null {
  return state.known.get(recordKey(collection, id))?.version ?? state.copy?.version ?? null;
}

export const memberOf = (copy: Copy, collection: string, id: string): DocumentRecord | null => {
  const records = member(copy.document, collection);
  return Array.isArray(records) ? (indexOf(copy).get(collection)?.get(id) ?? null) : null;
};
