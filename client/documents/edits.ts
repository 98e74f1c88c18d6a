// What an app asks for, as changes of the state. Each throws a DocumentError if it cannot be.

import type { Write } from '../stores/store.ts';
import { Draft } from './draft.ts';
import { DocumentError } from './errors.ts';
import { equal, member } from './json.ts';
import { difference, merged, rebase } from './rebase.ts';
import { recordKey, type State } from './state.ts';
import type { Allowances, Conflict, Data, DocumentRecord, Mutation, Side } from './types.ts';
import { recordOf, versionAt } from './view.ts';

export interface Edit {
  collection: string;
  id: string;
  action: Mutation['action'];
  /** What it was made on. */
  base: DocumentRecord | null;
  set: Data;
  unset: string[];
  allow: Allowances;
  /** The version of the base, where no copy is kept that says it. */
  version?: string | null;
}

const isNothing = ({ action, base, set, unset }: Edit): boolean =>
  action === 'upsert' && base !== null && Object.keys(set).length + unset.length === 0;

const isAllowed = ({ allowEmpty, allowLargeDelete }: Allowances): boolean =>
  Boolean(allowEmpty || allowLargeDelete);

/** Queues an edit; where the record is no longer its base, on what it is now. */
export function plan(state: State, edit: Edit, at: number, draft = new Draft(state, at)): Write {
  if (isNothing(edit)) return draft.write;
  const { collection, id } = edit;
  const now = recordOf(state, collection, id);
  const version = versionAt(state, collection, id) ?? edit.version ?? null;
  const made = { ...edit, number: 0, version, at, sent: false, overwrites: [] };
  const isSeen = state.copy !== null || isNamed(state, collection, id);
  if (!isSeen || equal(now ?? undefined, edit.base ?? undefined)) {
    queue(state, draft, made);
    return draft.write;
  }
  const outcome = rebase(made, now, version);
  if (outcome.kind === 'again') queue(state, draft, outcome.mutation);
  else if (outcome.kind !== 'done') draft.undecided(made, outcome, now, version);
  return draft.write;
}

/** Whether anything is kept that says how the record is. */
function isNamed(state: State, collection: string, id: string): boolean {
  if (state.known.has(recordKey(collection, id))) return true;
  return [...state.mutations.values()].some(
    (one) => one.collection === collection && one.id === id,
  );
}

function queue(state: State, draft: Draft, mutation: Mutation): void {
  const last = [...state.mutations.values()].at(-1);
  const joins =
    last !== undefined &&
    last.collection === mutation.collection &&
    last.id === mutation.id &&
    !last.sent &&
    !isAllowed(last.allow) &&
    !isAllowed(mutation.allow);
  if (!joins) {
    draft.add(mutation);
    return;
  }
  const both = merged(last, mutation);
  if (both) draft.put({ ...both, number: last.number });
  else draft.drop(last);
}

const numbered = <T>(map: ReadonlyMap<number, T>, number: number): T => {
  const one = map.get(number);
  if (one === undefined) throw new DocumentError('not_found', `There is no number ${number}`);
  return one;
};

export function retry(state: State, number: number, allow: Allowances, at: number): Write {
  const { mutation } = numbered(state.refused, number);
  const draft = new Draft(state, at);
  draft.forget('rejected', number);
  draft.add({ ...mutation, allow: { ...mutation.allow, ...allow }, at });
  return draft.write;
}

export function discard(state: State, number: number, at: number): Write {
  numbered(state.refused, number);
  const draft = new Draft(state, at);
  draft.forget('rejected', number);
  return draft.write;
}

export function resolve(state: State, number: number, side: Side, at: number): Write {
  const conflict = numbered(state.conflicts, number);
  const draft = new Draft(state, at);
  draft.forget('conflicts', number);
  const edit = answerTo(state, conflict, side);
  return edit ? plan(state, edit, at, draft) : draft.write;
}

/** What there is left to do; null for nothing. */
function answerTo(state: State, conflict: Conflict, side: Side): Edit | null {
  const { kind, collection, id, field = '', theirs, mine } = conflict;
  const now = recordOf(state, collection, id);
  const edit = { collection, id, base: now, set: {}, unset: [], allow: {} };
  if (kind === 'field') {
    if (side === 'mine') return null;
    if (now === null) throw new DocumentError('not_found', 'The record is deleted');
    if (equal(member(now, field), theirs)) return null;
    return theirs === undefined
      ? { ...edit, action: 'upsert', unset: [field] }
      : { ...edit, action: 'upsert', set: Object.fromEntries([[field, theirs]]) };
  }
  if (side === 'theirs') return null;
  if (kind === 'delete_changed') return now && { ...edit, action: 'delete' };
  const base = now === null ? null : ((conflict.base as DocumentRecord | undefined) ?? null);
  const wanted = mine as DocumentRecord;
  return { ...edit, action: 'upsert', base, ...difference(base, wanted) };
}
