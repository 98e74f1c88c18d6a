// A change of the state in the making: one Write, in which a mutation that ends takes along what
// hangs on it. A later mutation of the same record was made on what an earlier one shows, so it
// follows when that one is written, and takes its part over when that one is not.

import type { Write } from '../stores/store.ts';
import { merged, type Outcome, rebase, target } from './rebase.ts';
import { emptyWrite, recordKey, type State } from './state.ts';
import type { Conflict, DocumentRecord, Mutation, Overwritten, Refused } from './types.ts';
import { isSameOrNewer } from './version.ts';

type Unnumbered<T> = Omit<T, 'number'>;

export class Draft {
  readonly write: Write = emptyWrite();
  readonly #state: State;
  readonly #at: number;
  #next: number;

  constructor(state: State, at: number) {
    this.#state = state;
    this.#at = at;
    this.#next = state.next;
  }

  put(mutation: Mutation): void {
    this.write.put.push(['outbox', String(mutation.number), mutation]);
  }

  drop({ number }: Mutation): void {
    this.write.delete.push(['outbox', String(number)]);
  }

  add(mutation: Unnumbered<Mutation>): void {
    this.put({ ...mutation, number: this.#number() });
  }

  /** What the owner had of a record at a version, unless a later one is known. */
  learn({ collection, id }: Mutation, record: DocumentRecord | null, version: string | null): void {
    const key = recordKey(collection, id);
    const { copy, known } = this.#state;
    const later = [copy?.version, known.get(key)?.version];
    if (version === null || later.some((one) => one && isSameOrNewer(one, version))) return;
    this.write.put.push(['base', key, { collection, id, record, version }]);
  }

  report(conflict: Unnumbered<Conflict>): void {
    const number = this.#number();
    this.write.put.push(['conflicts', String(number), { ...conflict, number }]);
  }

  forget(table: 'rejected' | 'conflicts', number: number): void {
    this.write.delete.push([table, String(number)]);
  }

  /** The record is as the mutation wants it. */
  written(mutation: Mutation, record: DocumentRecord | null, version: string | null): void {
    this.drop(mutation);
    this.#reportAll(mutation, mutation.overwrites);
    this.learn(mutation, record, version);
    const later = this.#after(mutation);
    if (later) this.met(later, record, version);
  }

  /** The record was found to be as it is given. */
  met(mutation: Mutation, theirs: DocumentRecord | null, version: string | null): void {
    const outcome = rebase(mutation, theirs, version);
    if (outcome.kind === 'again') {
      this.learn(mutation, theirs, version);
      this.put(outcome.mutation);
    } else if (outcome.kind === 'done') {
      this.written({ ...mutation, overwrites: outcome.overwrites }, theirs, version);
    } else {
      this.learn(mutation, theirs, version);
      if (!this.#handOn(mutation)) this.undecided(mutation, outcome, theirs, version);
    }
  }

  /** A person has to decide. */
  undecided(
    mutation: Mutation,
    { kind, overwrites }: Extract<Outcome, { kind: 'delete_changed' | 'edit_deleted' }>,
    theirs: DocumentRecord | null,
    version: string | null,
  ): void {
    const { collection, id, base } = mutation;
    const mine = target(mutation);
    this.drop(mutation);
    this.#reportAll(mutation, overwrites);
    this.report({
      kind,
      collection,
      id,
      ...(base && { base }),
      ...(mine && { mine }),
      ...(theirs && { theirs }),
      version,
      at: this.#at,
    });
  }

  refused(mutation: Mutation, why: Pick<Refused, 'code' | 'message' | 'status'>): void {
    if (this.#handOn(mutation)) return;
    const { code, message, status } = why;
    const number = this.#number();
    this.drop(mutation);
    const row: Refused = { number, mutation, code, message, status };
    this.write.put.push(['rejected', String(number), row]);
  }

  /** Lets the next mutation of the record have this one's part; false if there is none. */
  #handOn(mutation: Mutation): boolean {
    const later = this.#after(mutation);
    if (!later) return false;
    const both = merged(mutation, later);
    this.drop(mutation);
    if (both) this.put(both);
    else this.drop(later);
    return true;
  }

  #after(mutation: Mutation): Mutation | undefined {
    const { number, collection, id } = mutation;
    for (const one of this.#state.mutations.values()) {
      if (one.number > number && one.collection === collection && one.id === id) return one;
    }
    return undefined;
  }

  #reportAll({ collection, id }: Mutation, overwrites: readonly Overwritten[]): void {
    for (const { sent: _, ...one } of overwrites) {
      this.report({ kind: 'field', collection, id, ...one, at: this.#at });
    }
  }

  #number(): number {
    const number = this.#next;
    this.#next += 1;
    const next = this.write.put.findIndex(([table, key]) => table === 'meta' && key === 'next');
    if (next >= 0) this.write.put.splice(next, 1);
    this.write.put.push(['meta', 'next', this.#next]);
    return number;
  }
}
