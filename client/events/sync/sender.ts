// Sends what the server lacks: one entry a message, several of them under way. An entry leaves the
// journal's outbox with its acknowledgement, so whatever breaks in between is sent again.

import { Alarm, type Platform } from '../../platform.ts';
import type { Bytes } from '../bytes.ts';
import type { Cipher } from '../cipher.ts';
import type { EntryId } from '../entry_id.ts';
import { asEventsError, EventsError } from '../errors.ts';
import type { Journal } from '../journal/journal.ts';
import { writeEntry } from '../protocol.ts';

export const inFlightMax = 8;

export interface SenderOptions {
  journal: Journal;
  cipher: Cipher;
  publicKey: string;
  platform: Platform;
  timeoutMs: number;
}

export interface SenderLine {
  send(message: Bytes): void;
  end(error: EventsError): void;
}

/** Of one connection. */
export class Sender {
  readonly #options: SenderOptions;
  readonly #remote: string;
  readonly #line: SenderLine;
  readonly #limit: Alarm;
  /** By the number of their message. */
  readonly #inFlight = new Map<number, EntryId>();
  readonly #taken = new Set<EntryId>();
  #queue: EntryId[] = [];
  #writes = 0;
  #stopped = false;

  constructor(options: SenderOptions, remote: string, line: SenderLine) {
    this.#options = options;
    this.#remote = remote;
    this.#line = line;
    this.#limit = new Alarm(options.platform, () =>
      line.end(new EventsError('timed_out', 'The server did not acknowledge an entry in time')),
    );
  }

  get inFlight(): number {
    return this.#taken.size;
  }

  /** Looks for what is to be sent. */
  pump(): void {
    if (this.#stopped || this.#taken.size >= inFlightMax) return;
    if (this.#queue.length === 0) this.#queue = this.#options.journal.pendingAt(this.#remote);
    while (this.#taken.size < inFlightMax) {
      const id = this.#queue.shift();
      if (id === undefined) return;
      if (this.#taken.has(id) || !this.#options.journal.isPending(this.#remote, id)) continue;
      this.#taken.add(id);
      void this.#send(id);
    }
  }

  /** The entry that the message carried; null if it carried none that waits. */
  acknowledged(message: number): EntryId | null {
    const id = this.#inFlight.get(message);
    if (id === undefined) return null;
    this.#inFlight.delete(message);
    if (this.#inFlight.size > 0) this.#limit.set(this.#options.timeoutMs);
    else this.#limit.clear();
    return id;
  }

  /** The acknowledgement is in the journal. */
  settled(id: EntryId): void {
    this.#taken.delete(id);
  }

  stop(): void {
    this.#stopped = true;
    this.#limit.clear();
  }

  async #send(id: EntryId): Promise<void> {
    const { journal, cipher, publicKey, timeoutMs } = this.#options;
    const entry = journal.get(id);
    if (!entry) {
      this.#taken.delete(id);
      return;
    }
    try {
      const { iv, data } = await cipher.seal(entry);
      if (this.#stopped) return;
      const number = this.#writes;
      this.#writes += 1;
      this.#inFlight.set(number, id);
      if (!this.#limit.isSet) this.#limit.set(timeoutMs);
      this.#line.send(writeEntry(publicKey, { id: number, iv, entryId: id, data }));
    } catch (error) {
      this.#line.end(asEventsError(error, 'internal'));
    }
  }
}
