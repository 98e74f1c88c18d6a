// The log that is followed, by the client of events, which reads only here: no entry is made, and
// its journal is memory. It begins with the last page of the log; older ones come when asked for.

import { aesCipher, bareCipher } from '../../../../client/events/cipher.ts';
import { parseRemote } from '../../../../client/events/config.ts';
import { uuidOf } from '../../../../client/events/entry_id.ts';
import { asEventsError } from '../../../../client/events/errors.ts';
import { Journal } from '../../../../client/events/journal/journal.ts';
import type { Arrival } from '../../../../client/events/sync/inbox.ts';
import { SyncService } from '../../../../client/events/sync/service.ts';
import type { SyncStatus } from '../../../../client/events/sync/status.ts';
import { platformOf } from '../../../../client/platform.ts';
import type { ShownEntry } from './entry.ts';
import type { Target } from './setup.ts';
import { layer } from './socket.ts';

/** Entries that are asked for at a time. */
const PAGE = 1_000;
/** So long without an older entry: there is none that the server keeps. */
const OLDER_MS = 3_000;
const TIMEOUT_MS = 15_000;
const SYNC_INTERVAL_MS = 5_000;

export interface FeedEvents {
  status(status: Pick<SyncStatus, 'state' | 'lastSeen' | 'error'>): void;
  entries(batch: ShownEntry[]): void;
  /** Whether there may be older ones to ask for. */
  hasOlder(hasOlder: boolean): void;
  /** It is another log now: the server was wiped, or has pruned what comes next. */
  anew(): void;
}

function shown({ sequence, id, time, bytes, record }: Arrival): ShownEntry {
  const event = record && {
    name: record.event,
    primaryKey: record.primaryKey,
    payload: record.payload,
  };
  return { sequence, id: uuidOf(id), time, bytes, event };
}

export class Feed {
  readonly #target: Target;
  readonly #events: FeedEvents;
  #sync: SyncService | null = null;
  #closed = false;
  #first = Number.POSITIVE_INFINITY;
  #last = 0;
  #asked = 0;

  constructor(target: Target, events: FeedEvents) {
    this.#target = target;
    this.#events = events;
    this.#start().catch((error: unknown) => {
      const told = asEventsError(error, 'internal');
      if (!this.#closed) events.status({ state: 'error', lastSeen: null, error: told });
    });
  }

  /** Asks for the page before the first entry that is here. */
  older(): void {
    this.#events.hasOlder(false);
    this.#sync?.requestFrom(-(this.#last - this.#first + 1 + PAGE));
    clearTimeout(this.#asked);
    const first = this.#first;
    this.#asked = setTimeout(() => {
      if (first === this.#first) this.#first = 1; // As far as this server goes.
    }, OLDER_MS);
  }

  /** Connects now, if it waits or has given up. */
  retry(): void {
    this.#sync?.connect();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#asked);
    void this.#sync?.close();
  }

  async #start(): Promise<void> {
    const { tenant, publicKey, privateKey, access } = this.#target;
    const remote = parseRemote({
      url: location.origin,
      tenant,
      publicKey,
      mode: 'view',
      from: -PAGE,
      syncInterval: SYNC_INTERVAL_MS,
      disablePing: false, // A page that says when the server was heard keeps asking it.
      ...(access !== '' && { auth: { token: access } }),
    });
    const journal = await Journal.open(null);
    if (this.#closed) return;
    const sync = new SyncService({
      remote,
      layer: layer(tenant),
      journal,
      cipher: privateKey ? aesCipher({ publicKey, privateKey }, crypto) : bareCipher,
      publicKey,
      platform: platformOf({}),
      timeoutMs: TIMEOUT_MS,
    });
    this.#sync = sync;
    let known: string | null = null;
    sync.onStatus(({ remoteId }) => {
      if (known !== null && remoteId !== known) this.#forget();
      known = remoteId;
    });
    sync.subscribe((arrivals) => this.#took(arrivals));
    sync.connect();
    await this.#tell(sync);
  }

  async #tell(sync: SyncService): Promise<void> {
    for await (const status of sync.statusStream()) {
      if (this.#closed) return;
      if (status.error?.code === 'cursor_expired') {
        void sync.close();
        this.#forget();
        return this.#start();
      }
      this.#events.status(status);
    }
  }

  #forget(): void {
    clearTimeout(this.#asked);
    this.#first = Number.POSITIVE_INFINITY;
    this.#last = 0;
    this.#events.anew();
  }

  #took(arrivals: Arrival[]): void {
    if (this.#closed) return;
    for (const { sequence } of arrivals) {
      this.#first = Math.min(this.#first, sequence);
      this.#last = Math.max(this.#last, sequence);
    }
    this.#events.entries(arrivals.map(shown));
    this.#events.hasOlder(this.#first > 1);
  }
}
