// A put in pieces: the store reads one end of a pipe of known length while the operation writes
// into the other. A store takes the value as soon as it has read that many bytes, so the last piece
// waits here for the close. Where a store may keep what broke off (KV's local twin does), all of
// them wait.

import type { Open } from '../drive.ts';

/** What became of the put; `refused` by its condition. */
type Outcome = 'stored' | 'refused' | { error: unknown };

export class Upload implements Open {
  readonly size: number;
  readonly #put: (readable: ReadableStream) => Promise<unknown>;
  readonly #pipe: FixedLengthStream;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #digest = new crypto.DigestStream('SHA-256');
  readonly #digesting = this.#digest.getWriter();
  #begun: Promise<Outcome> | undefined;
  readonly #allWait: boolean;
  #waiting: Uint8Array[] = [];
  #written = 0;
  #refused = false;
  #ended = false;

  /** `put` resolves with null where its condition does not hold; with `allWait` it begins at the
   * close. */
  constructor(size: number, put: (readable: ReadableStream) => Promise<unknown>, allWait: boolean) {
    this.size = size;
    this.#put = put;
    this.#allWait = allWait;
    this.#pipe = new FixedLengthStream(size);
    this.#writer = this.#pipe.writable.getWriter();
    // Whoever writes or closes is told; nobody need await these.
    this.#writer.closed.catch(() => {});
    this.#digesting.closed.catch(() => {});
    this.#digest.digest.catch(() => {});
  }

  get #outcome(): Promise<Outcome> {
    this.#begun ??= this.#put(this.#pipe.readable).then(
      (stored): Outcome => (stored === null ? 'refused' : 'stored'),
      (error: unknown): Outcome => ({ error }),
    );
    return this.#begun;
  }

  /** False where the store has refused it already, by its condition. */
  async write(pieces: Uint8Array[]): Promise<boolean> {
    for (const piece of pieces) {
      if (this.#refused) return false;
      this.#written += piece.byteLength;
      if (this.#written > this.size) throw await this.#fail('more bytes than were announced');
      await this.#digesting.write(piece);
      if (this.#allWait || this.#written === this.size) {
        this.#waiting.push(piece);
        // No store is waited for here: other requests of the object come in between all the same.
        await scheduler.wait(0);
      } else await this.#unlessRefused(() => this.#writer.write(piece));
    }
    return !this.#refused;
  }

  /** The SHA-256 of what was written, or null where the store refused it by its condition. */
  async close(): Promise<ArrayBuffer | null> {
    if (this.#ended) throw new Error('the put has ended');
    if (!this.#refused && this.#written < this.size) {
      throw await this.#fail('fewer bytes than were announced');
    }
    for (let piece = this.#waiting.shift(); piece; piece = this.#waiting.shift()) {
      const next = piece;
      await this.#unlessRefused(() => this.#writer.write(next));
    }
    await this.#unlessRefused(() => this.#writer.close());
    const outcome = await this.#outcome;
    this.#ended = true;
    if (typeof outcome === 'object') throw outcome.error;
    if (outcome === 'refused') return null;
    await this.#digesting.close();
    return this.#digest.digest;
  }

  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#waiting = [];
    const aborted = new Error('the put was aborted');
    await Promise.allSettled([this.#writer.abort(aborted), this.#digesting.abort(aborted)]);
    await this.#begun;
  }

  async #fail(message: string): Promise<Error> {
    await this.abort();
    return new Error(message);
  }

  // A store that has refused or failed reads no more: what is being written would wait forever. It
  // also says best why a write failed.
  async #unlessRefused(write: () => Promise<void>): Promise<void> {
    if (this.#refused) return;
    const written = write();
    const tried = written.then(
      () => 'written',
      () => 'failed',
    );
    if ((await Promise.race([tried, this.#outcome])) === 'written') return;
    const outcome = await this.#outcome;
    if (typeof outcome === 'object') throw outcome.error;
    if (outcome === 'refused') this.#refused = true;
    else await written;
  }
}
