// Entries of the activity that wait in the isolate, and their way to where they are kept.
//
// Rules:
// - To add an entry costs a request nothing but an object in an array.
// - They go off when a hundred wait, or a second after the first: a request that comes by keeps the
//   isolate for it (waitUntil). No request waits for that.
// - A batch that could not be kept is sent again as it was, and first. Its entries have numbers, so
//   one that was kept without our knowing is not kept twice.
// - What waits is bounded: the oldest go first, and are counted.
// - A request that the runtime ends may take its timer or its sending with it. So both are held
//   until a time, and not by a flag: after it, another request does the work.

import { logEvent } from './log.ts';

export interface Entry {
  time: number;
  number: number;
  method: string;
  path: string;
  status: number;
  size: number;
  user: string | undefined;
  duration_ms: number;
  error: string | undefined;
}

/** How a batch fared: it was `kept`, it will never be (`refused`), or it can be tried `again`. */
export type Sent = 'kept' | 'refused' | 'again';

export const BATCH_ROWS = 100; // limits.h, kActivityBatchRows
export const WAITING_MAX = 5_000;
export const DELAY_MS = 1_000;
const ROUNDS = 5; // of one request, while the batch cannot be kept
const TIMER_MS = 5 * DELAY_MS;
const SENDING_MS = 30_000;

interface Batch {
  text: string;
  rows: number;
}

/** What keeps a request's isolate until a promise settles. */
type Holder = Pick<ExecutionContext, 'waitUntil'>;

export class ActivityBuffer<Env> {
  readonly #send: (env: Env, entries: string) => Promise<Sent>;
  readonly #waiting: Entry[] = [];
  #unsent: Batch | undefined;
  #number = 0;
  #dropped = 0;
  #timerUntil = 0;
  #sendingUntil = 0;
  #pausedUntil = 0;

  /** `send` throws nothing; it gets a JSON array of entries. */
  constructor(send: (env: Env, entries: string) => Promise<Sent>) {
    this.#send = send;
  }

  get size(): number {
    return this.#waiting.length + (this.#unsent?.rows ?? 0);
  }

  add(entry: Omit<Entry, 'number'>, env: Env, holder: Holder): void {
    const numbered = entry as Entry;
    numbered.number = this.#number;
    this.#number += 1;
    this.#waiting.push(numbered);
    if (this.#waiting.length > WAITING_MAX) {
      this.#waiting.shift();
      this.#dropped += 1;
    }
    const now = Date.now();
    const full = this.#waiting.length >= BATCH_ROWS;
    if (full && now >= this.#pausedUntil && now >= this.#sendingUntil) {
      holder.waitUntil(this.flush(env));
    } else if (now >= this.#timerUntil) {
      holder.waitUntil(this.#flushLater(env));
    }
  }

  /** Sends what waits now, unless somebody is about it. Whether that is all kept. */
  async flush(env: Env): Promise<boolean> {
    if (Date.now() < this.#sendingUntil) return false;
    this.#report();
    let batches = Math.ceil(this.#waiting.length / BATCH_ROWS) + (this.#unsent ? 1 : 0);
    try {
      for (; batches > 0; batches -= 1) {
        const batch = this.#unsent ?? this.#seal();
        this.#unsent = batch;
        this.#sendingUntil = Date.now() + SENDING_MS;
        const sent = await this.#send(env, batch.text);
        if (sent === 'again') {
          this.#pausedUntil = Date.now() + DELAY_MS;
          return false;
        }
        if (sent === 'refused') this.#dropped += batch.rows;
        if (this.#unsent === batch) this.#unsent = undefined;
      }
      return true;
    } finally {
      this.#sendingUntil = 0;
      this.#report();
    }
  }

  async #flushLater(env: Env): Promise<void> {
    for (let round = 0; round < ROUNDS; round += 1) {
      this.#timerUntil = Date.now() + TIMER_MS;
      await new Promise((resolve) => setTimeout(resolve, DELAY_MS));
      this.#timerUntil = 0;
      if (await this.flush(env)) return;
      if (Date.now() < this.#timerUntil) return; // A request that came meanwhile does it.
    }
  }

  /** The oldest that wait, as one text. Half a surrogate pair is no text, and would spoil it. */
  #seal(): Batch {
    const entries = this.#waiting.splice(0, BATCH_ROWS);
    for (const entry of entries) {
      entry.path = entry.path.toWellFormed();
      entry.user = entry.user?.toWellFormed();
    }
    return { text: JSON.stringify(entries), rows: entries.length };
  }

  #report(): void {
    if (this.#dropped === 0) return;
    logEvent({ event: 'activity.dropped', rows: this.#dropped });
    this.#dropped = 0;
  }
}
