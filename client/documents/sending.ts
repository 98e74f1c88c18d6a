// What to send, and what an answer makes of the state.
//
// Rules:
// - Mutations go in their order. One request holds consecutive ones, each of another record. How
//   many, and which go alone, the limits say.
// - A request that the server takes for an accident loses its deletions: they wait for a person.
//   Sent one by one each would look harmless.
// - Before one is sent, that it may have been is durable (`sent`). An answer that says that nothing
//   was written takes that back.

import type { Write } from '../stores/store.ts';
import { standing, takeCopy } from './copies.ts';
import { Draft } from './draft.ts';
import type { DocumentError } from './errors.ts';
import { type Limits, sizeOf } from './limits.ts';
import { target } from './rebase.ts';
import { recordKey, type State } from './state.ts';
import type { Copy, Mutation, Operation, OperationResult, OutdatedOperation } from './types.ts';
import { memberOf } from './view.ts';

const accidents = ['empty_write_denied', 'large_delete_denied'];

/** `mutation` is as it was before: `sent` only if an earlier try had no answer. */
export interface Outgoing {
  mutation: Mutation;
  operation: Operation;
}

function operationOf(mutation: Mutation): Operation {
  const { collection, id } = mutation;
  const version = mutation.version === null ? {} : { version: mutation.version };
  const record = target(mutation);
  return record === null
    ? { op: 'delete', collection, id, ...version }
    : { op: 'upsert', collection, id, record, ...version };
}

export function nextBatch(state: State, limits: Limits): Outgoing[] {
  const batch: Outgoing[] = [];
  const keys = new Set<string>();
  let bytes = 0;
  for (const mutation of state.mutations.values()) {
    const single = limits.isAlone(mutation);
    const key = recordKey(mutation.collection, mutation.id);
    const [first] = batch;
    if (first && (single || keys.has(key) || !limits.together(first.mutation, mutation))) break;
    const outgoing = { mutation, operation: operationOf(mutation) };
    bytes += sizeOf(outgoing);
    if (first && bytes > limits.bytes) break;
    batch.push(outgoing);
    keys.add(key);
    if (single || batch.length === limits.operations) break;
  }
  return batch;
}

export function markSent(state: State, batch: readonly Outgoing[], at: number): Write {
  const draft = new Draft(state, at);
  for (const { mutation } of batch) if (!mutation.sent) draft.put({ ...mutation, sent: true });
  return draft.write;
}

/** Those of a batch that are still queued, as they were before it. */
function* queued(state: State, batch: readonly Outgoing[]): Generator<[number, Mutation]> {
  for (const [index, { mutation }] of batch.entries()) {
    if (state.mutations.has(mutation.number)) yield [index, mutation];
  }
}

/** Nothing of the batch was written. */
export function unsent(state: State, batch: readonly Outgoing[], at: number): Write {
  const draft = new Draft(state, at);
  for (const [, mutation] of queued(state, batch)) if (!mutation.sent) draft.put(mutation);
  return draft.write;
}

export function done(
  state: State,
  batch: readonly Outgoing[],
  { version, results }: { version: string | null; results: readonly OperationResult[] },
  at: number,
): Write {
  const draft = new Draft(state, at);
  for (const [index, mutation] of queued(state, batch)) {
    draft.written(mutation, target(mutation), results[index]?.version ?? version);
  }
  return draft.write;
}

/** The server's list of what has changed; false if it does not fit the batch. */
export function fits(batch: readonly Outgoing[], conflicts: readonly OutdatedOperation[]): boolean {
  return conflicts.every(({ index, id, collection }) => {
    const operation = batch[index]?.operation;
    return operation?.collection === collection && operation.id === id;
  });
}

export function outdated(
  state: State,
  batch: readonly Outgoing[],
  { version, conflicts }: { version: string; conflicts: readonly OutdatedOperation[] },
  at: number,
): Write {
  const draft = new Draft(state, at);
  const theirs = new Map(conflicts.map(({ index, record }) => [index, record]));
  for (const [index, mutation] of queued(state, batch)) {
    const record = theirs.get(index);
    if (record !== undefined) draft.met(mutation, record, version);
    else if (!mutation.sent) draft.put(mutation);
  }
  return draft.write;
}

/** The owner's copy says what has become of the records of these. */
export function compared(
  state: State,
  mutations: readonly Mutation[],
  copy: Copy & { version: string },
  at: number,
): Write {
  const draft = new Draft(state, at);
  for (const mutation of mutations) {
    if (!state.mutations.has(mutation.number)) continue;
    draft.met(mutation, memberOf(copy, mutation.collection, mutation.id), copy.version);
  }
  if (standing(state.copy, copy) === 'known') return draft.write;
  const { clear, delete: gone, put } = takeCopy(state, copy, true);
  const learned = draft.write.put.filter(([table]) => table !== 'base');
  return { clear, delete: [...gone, ...draft.write.delete], put: [...put, ...learned] };
}

/** Those of a refused batch that it is known to be refused for. */
export function refusedFor(batch: readonly Outgoing[], { code }: DocumentError): Mutation[] {
  const mutations = batch.map(({ mutation }) => mutation);
  if (mutations.length === 1) return mutations;
  return accidents.includes(code) ? mutations.filter(({ action }) => action === 'delete') : [];
}

export function refused(
  state: State,
  mutations: readonly Mutation[],
  { code, message, status }: DocumentError,
  at: number,
): Write {
  const draft = new Draft(state, at);
  for (const mutation of mutations) {
    if (!state.mutations.has(mutation.number)) continue;
    draft.refused(mutation, { code, message, status: status ?? null });
  }
  return draft.write;
}

/** Those of the next batch that no copy was seen for. */
export const unseen = (batch: readonly Outgoing[]): Mutation[] =>
  batch.map(({ mutation }) => mutation).filter(({ version }) => version === null);
