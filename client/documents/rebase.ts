// What becomes of a change when its record is not as it was. Functions of plain values.
//
// Rules, for each top-level field of an edit:
// - only I changed it: mine; only the other: theirs; both to the same: nothing is left to write.
// - both, to different values: mine is written over theirs, which is reported.
// A record that another changed is not deleted, and one that another deleted does not come back by
// an edit: a person decides.
//
// A mutation that was sent without an answer may have been written, and then undone by another. If
// it looks so, that counts as the other's change: nothing of theirs is written over in silence.
// A new record that was sent while there was no document, and is not in the one that there is now,
// may have been deleted too, or never have arrived: the server, which remembers deletions, is asked
// with the version of the document's beginning.

import type { Data, Json } from '../answer.ts';
import { equal, member } from './json.ts';
import type { DocumentRecord, Mutation, Overwritten } from './types.ts';
import { beginningOf } from './version.ts';

export type Outcome =
  /** The record is as the mutation wants it. */
  | { kind: 'done'; overwrites: Overwritten[] }
  | { kind: 'again'; mutation: Mutation }
  | { kind: 'delete_changed' | 'edit_deleted'; overwrites: Overwritten[] };

type Edit = Pick<Mutation, 'set' | 'unset'>;

/** What makes `record` of `base`. */
export function difference(base: DocumentRecord | null, record: DocumentRecord): Edit {
  const changed = Object.entries(record).filter(([key, value]) => !equal(value, member(base, key)));
  const gone = Object.keys(base ?? {}).filter((key) => !Object.hasOwn(record, key));
  return { set: Object.fromEntries(changed), unset: gone };
}

/** The fields over a record, in its order, new ones last. */
export function edited(record: DocumentRecord | null, { set, unset }: Edit): DocumentRecord {
  const fields = new Map<string, Json>(Object.entries(record ?? {}));
  for (const [key, value] of Object.entries(set)) fields.set(key, value);
  for (const key of unset) fields.delete(key);
  return Object.fromEntries(fields) as DocumentRecord;
}

/** The record as the mutation wants it; null to have none. */
export const target = (mutation: Mutation): DocumentRecord | null =>
  mutation.action === 'delete' ? null : edited(mutation.base, mutation);

/** What one sees with the mutation over a record that may be newer than its base. */
export const shown = (mutation: Mutation, record: DocumentRecord | null): DocumentRecord | null =>
  mutation.action === 'delete' ? null : edited(record ?? mutation.base, mutation);

function overwritten(field: string, values: { [side: string]: Json | undefined }) {
  const there = Object.entries(values).filter(([, value]) => value !== undefined);
  return { field, ...Object.fromEntries(there) };
}

/** What it may have written over already. */
const sentOver = ({ sent, overwrites }: Mutation): Overwritten[] =>
  sent ? overwrites.map((one) => ({ ...one, sent })) : overwrites.filter((one) => one.sent);

/** `version` is that of the moment at which the record was `theirs`. */
export function rebase(
  mutation: Mutation,
  theirs: DocumentRecord | null,
  version: string | null,
): Outcome {
  const { base, action, sent } = mutation;
  const before = sentOver(mutation);
  if (action === 'delete') {
    if (theirs === null) return { kind: 'done', overwrites: before };
    if (sent || !equal(theirs, base ?? undefined)) {
      return { kind: 'delete_changed', overwrites: before };
    }
    return { kind: 'again', mutation: { ...mutation, base: theirs, version } };
  }
  if (theirs === null) {
    if (base !== null) return { kind: 'edit_deleted', overwrites: before };
    if (!sent) return { kind: 'again', mutation: { ...mutation, version } };
    const isFirst = mutation.version === null && version !== null;
    if (!isFirst) return { kind: 'edit_deleted', overwrites: before };
    return { kind: 'again', mutation: { ...mutation, version: beginningOf(version) } };
  }
  return rebaseEdit(mutation, theirs, version);
}

function rebaseEdit(mutation: Mutation, theirs: DocumentRecord, version: string | null): Outcome {
  const { base, set, unset, sent } = mutation;
  const fields = [...Object.keys(set), ...unset].map((field) => ({
    field,
    base: member(base, field),
    mine: member(set, field),
    theirs: member(theirs, field),
  }));
  const [same, left] = [[], []] as [typeof fields, typeof fields];
  for (const one of fields) (equal(one.mine, one.theirs) ? same : left).push(one);
  const landed = same.some((one) => one.field !== 'id' && !equal(one.mine, one.base));
  const undone = sent && (landed || equal(theirs, base ?? undefined));
  const fresh: Overwritten[] = left
    .filter((one) => undone || !equal(one.theirs, one.base))
    .map(({ field, ...values }) => ({ ...overwritten(field, values), version }));
  const writes = new Set(left.map(({ field }) => field));
  const again = new Set(fresh.map(({ field }) => field));
  const over = sentOver(mutation);
  const open = mutation.overwrites.filter(
    (one) => !sent && !one.sent && writes.has(one.field) && !again.has(one.field),
  );
  const overwrites = [...over, ...open, ...fresh];
  if (left.length === 0) return { kind: 'done', overwrites };
  const rest: Data = Object.fromEntries(Object.entries(set).filter(([field]) => writes.has(field)));
  return {
    kind: 'again',
    mutation: {
      ...mutation,
      base: theirs,
      version,
      set: rest,
      unset: unset.filter((field) => writes.has(field)),
      sent: false,
      overwrites,
    },
  };
}

/**
 * Two mutations of one record as one; null if nothing is left to do. The second may have been made
 * on a record that others had changed since the first: that is no change of mine.
 */
export function merged(first: Mutation, second: Mutation): Mutation | null {
  const sent = first.sent || second.sent;
  const base = commonBase(first, second);
  const one = {
    ...second,
    version: first.version,
    base,
    sent,
    overwrites: [...first.overwrites, ...second.overwrites],
  };
  if (second.action === 'delete') {
    if (base === null && !sent) return null;
    return { ...one, base: base ?? second.base };
  }
  const edit = difference(base, edited(base, inTurn(first, second)));
  if (!sent && base !== null && Object.keys(edit.set).length + edit.unset.length === 0) return null;
  return { ...one, ...edit };
}

/** As the second saw the record, but for the fields that the first had changed. */
function commonBase(first: Mutation, second: Mutation): DocumentRecord | null {
  if (first.action === 'delete' || second.base === null) return first.base;
  const mine = new Set([...Object.keys(first.set), ...first.unset]);
  const others = Object.entries(second.base).filter(([key]) => !mine.has(key));
  const before = Object.entries(first.base ?? {}).filter(([key]) => mine.has(key));
  const fields = new Map([...others, ...before]);
  if (first.base === null && others.length === 0) return null;
  return Object.fromEntries([['id', second.base.id], ...fields]) as DocumentRecord;
}

function inTurn(first: Mutation, second: Mutation): Edit {
  // A record that is made anew is whole.
  if (first.action === 'delete') return difference(first.base, edited(null, second));
  const set = edited(edited(null, first), second);
  const unset = [...first.unset, ...second.unset].filter((key) => !Object.hasOwn(set, key));
  return { set, unset };
}
