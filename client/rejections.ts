// Edits that the server refused. They are on this device only, and no longer seen in the records:
// the app shows them, and lets the user try again, perhaps with other data, or drop them.

import type { Data } from './answer.ts';
import { SyncError } from './errors.ts';
import { nameOf, type RecordName } from './keys.ts';
import type { Local } from './local.ts';

export interface Notice extends RecordName {
  code: string;
  message: string;
}

export interface Rejection extends Notice {
  /** For `retry` and `dismiss`. */
  number: number;
  action: 'update' | 'delete';
  data: Data | null;
}

export class Rejections {
  readonly #local: Local;
  readonly #now: () => number;

  constructor(local: Local, now: () => number) {
    this.#local = local;
    this.#now = now;
  }

  list(): Rejection[] {
    return [...this.#local.replica.state.rejected].map(([number, edit]) => ({
      number,
      ...nameOf(edit.key),
      code: edit.code,
      message: edit.message,
      action: edit.data ? 'update' : 'delete',
      data: edit.data ?? null,
    }));
  }

  /** Makes the edit again, as of now. */
  async retry(number: number): Promise<void> {
    await this.#change(number, () => this.#local.replica.retry(number, this.#now()));
  }

  /** Forgets it: the server's version is seen. */
  async dismiss(number: number): Promise<void> {
    await this.#change(number, () => this.#local.replica.dismiss(number));
  }

  async #change(number: number, plan: Parameters<Local['change']>[0]): Promise<void> {
    if (!this.#local.replica.state.rejected.has(number)) {
      throw new SyncError('not_found', `There is no rejection ${number}`);
    }
    await this.#local.change(plan);
  }
}
