// What the client is doing, as a snapshot and as a stream of snapshots.

import type { SyncError } from './errors.ts';
import { Listeners } from './listeners.ts';

export type Phase =
  | 'offline' // the last attempt failed; it tries again
  | 'connecting'
  | 'syncing'
  | 'live' // equal to the server, and told of changes
  | 'idle' // equal to the server when it last asked; it asks again after the poll interval
  | 'signed_out' // the server does not take the token: it waits for another
  | 'stopped';

export interface Status {
  phase: Phase;
  /** Records whose edits the server has not answered yet. */
  pending: number;
  /** Edits that the server refused: see `client.rejected`. */
  rejected: number;
  /** Records exchanged since the last time that there was nothing to do. */
  progress: { pushed: number; pulled: number };
  lastSyncedAt: number | null;
  lastError: SyncError | null;
}

export class StatusFeed<S extends object = Status> {
  #now: S;
  readonly #waiting = new Set<() => void>();
  readonly #listeners = new Listeners<S>();
  #over = false;

  constructor(first: NoInfer<S>) {
    this.#now = first;
  }

  get now(): S {
    return this.#now;
  }

  set(change: Partial<S>): void {
    const next = { ...this.#now, ...change };
    if (textOf(next) === textOf(this.#now)) return;
    this.#now = next;
    this.#wake();
    this.#listeners.tell(next);
  }

  onChange(listener: (now: S) => void): () => void {
    return this.#listeners.add(listener);
  }

  end(): void {
    this.#over = true;
    this.#wake();
  }

  /** The present status, then each next one; of several that come at once, the last. */
  async *stream(): AsyncGenerator<S, void, void> {
    let given: S | null = null;
    for (;;) {
      if (given !== this.#now) {
        given = this.#now;
        yield given;
      } else if (this.#over) {
        return;
      } else {
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** An error counts by its own fields, of which its code is one. */
const textOf = (status: object): string => JSON.stringify(status);
