// Keeps a journal equal to a server: sends what the server lacks, takes what it has, and says how
// it stands. It knows nothing of how sockets are had (sockets.ts) nor of what entries mean
// (log.ts).
//
// - After the server's greeting it asks for what follows the last sequence it has of that server;
//   a server that it never met is asked for everything, and sent everything.
// - It sends once the server's backlog has been quiet for a moment: what comes in it need not go
//   out.
// - Sequences have no gaps. What is missing below what came is asked for again; if it does not
//   come, over a new connection; if it still does not come, it is not there: it counts as missing.

import { Listeners } from '../../listeners.ts';
import { Alarm, type Platform } from '../../platform.ts';
import { StatusFeed } from '../../status.ts';
import type { Cipher } from '../cipher.ts';
import type { Remote } from '../config.ts';
import { asEventsError, EventsError } from '../errors.ts';
import type { Journal } from '../journal/journal.ts';
import { requestChanges, type ServerMessage, stopChanges } from '../protocol.ts';
import { type Arrival, take } from './inbox.ts';
import { Link } from './link.ts';
import { Received } from './received.ts';
import { Sender } from './sender.ts';
import type { WebSocketLayer } from './sockets.ts';
import type { SyncStatus } from './status.ts';

const settleMs = 200;
const gapMs = 2_000;
/** After so long a silence the changes are asked for anew: a dead socket shows itself by it. */
const quietMaxMs = 300_000;

export interface SyncServiceOptions {
  remote: Remote;
  layer: WebSocketLayer;
  journal: Journal;
  cipher: Cipher;
  publicKey: string;
  platform: Platform;
  timeoutMs: number;
}

/** What is known of the server while a connection to it stands. */
interface Session {
  remoteId: string;
  received: Received;
  /** The first sequence that was asked for; negative while it is only known from the end. */
  start: number;
  sender: Sender;
  /** When changes were asked for last. */
  requestedAt: number;
  /** The backlog has been quiet. */
  settled: boolean;
  /** The hole was asked for again. */
  asked: boolean;
}

export class SyncService {
  readonly #options: SyncServiceOptions;
  readonly #link: Link;
  readonly #feed: StatusFeed<SyncStatus>;
  readonly #arrivals = new Listeners<Arrival[]>();
  readonly #settle: Alarm;
  readonly #gap: Alarm;
  readonly #tick: Alarm;
  readonly #endings: (() => void)[] = [];
  #session: Session | null = null;
  /** Batches are taken one after the other. */
  #inbox: Promise<void> = Promise.resolve();
  #taking = 0;
  /** A hole was the reason of the last reconnection. */
  #reconnected = false;
  /** Where a server that was never met is asked to begin; a positive number counts once. */
  #from: number | undefined;
  /** Where the next connection is to begin, whatever was had. */
  #asked: number | undefined;
  #closed = false;

  constructor(options: SyncServiceOptions) {
    this.#options = options;
    const { remote, layer, platform, timeoutMs, journal } = options;
    this.#from = remote.from;
    this.#feed = new StatusFeed<SyncStatus>({
      state: 'disconnected',
      lastSeen: null,
      error: null,
      pending: 0,
      undecryptable: 0,
      missing: 0,
      sequence: 0,
      remoteId: null,
    });
    this.#settle = new Alarm(platform, () => this.#settled());
    this.#gap = new Alarm(platform, () => this.#lookForHoles());
    this.#tick = new Alarm(platform, () => this.#ticked());
    this.#link = new Link(
      { remote, layer, platform, timeoutMs },
      {
        connecting: () => this.#feed.set({ state: 'connecting' }),
        heard: () => this.#feed.set({ lastSeen: platform.now() }),
        message: (message) => this.#message(message),
        lost: (error, again) => this.#lost(error, again),
      },
    );
    this.#endings.push(journal.onAdded(() => this.#wrote()));
  }

  get status(): SyncStatus {
    return this.#feed.now;
  }

  /** The status, and each change of it; of several that come at once, the last. */
  statusStream(): AsyncGenerator<SyncStatus, void, void> {
    return this.#feed.stream();
  }

  onStatus(listener: (status: SyncStatus) => void): () => void {
    return this.#feed.onChange(listener);
  }

  /** Hears of each entry that comes from the server, also of those that cannot be opened. */
  subscribe(listener: (arrivals: Arrival[]) => void): () => void {
    return this.#arrivals.add(listener);
  }

  /** Connects, at once if it waits or had stopped. */
  connect(): void {
    if (this.#closed || !this.#options.remote.enabled) return;
    if (this.#link.connection) return;
    const events = globalThis as unknown as Partial<EventTarget>;
    const online = () => this.#link.hurry();
    if (this.#endings.length === 1) {
      events.addEventListener?.('online', online);
      this.#endings.push(() => events.removeEventListener?.('online', online));
    }
    this.#tick.set(this.#options.remote.syncMs);
    this.#link.start();
  }

  /** Ends the connection; `connect` begins anew. */
  disconnect(): void {
    const session = this.#session;
    if (session) this.#link.connection?.send(stopChanges(this.#options.publicKey));
    this.#drop();
    this.#tick.clear();
    this.#link.stop();
    this.#feed.set({ state: 'disconnected', error: null });
  }

  /**
   * Asks for entries from an older sequence on, such as the page before the first one seen. What
   * was given before is not given again. Without a connection, it is where the next one begins: so
   * it goes on after `cursor_expired`.
   */
  requestFrom(sequence: number): void {
    const session = this.#session;
    if (!session) {
      this.#asked = sequence;
    } else if (sequence < session.start) {
      session.start = sequence;
      this.#request(sequence);
    }
  }

  /** Resolves when the server and this device are equal; rejects if the sync stops before. */
  async idle(): Promise<void> {
    if (!this.#options.remote.enabled) return;
    for await (const { state, error } of this.statusStream()) {
      if (state === 'connected') return;
      if (state === 'error') throw error;
      if (this.#closed) break;
    }
    throw new EventsError('closed', 'The connection was closed');
  }

  /** Stops for good. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.disconnect();
    for (const end of this.#endings) end();
    this.#feed.end();
    await this.#inbox;
  }

  #message(message: ServerMessage): void {
    if (message.tag === 'Hello') this.#enqueue(() => this.#hello(message.remoteId));
    else if (message.tag === 'Ack') this.#enqueue(() => this.#acknowledged(message));
    else if (message.tag === 'Changes') this.#enqueue(() => this.#changes(message));
  }

  /** After what came before. A failure of the journal ends the connection: it is read again. */
  #enqueue(run: () => Promise<void>): void {
    const connection = this.#link.connection;
    this.#taking += 1;
    this.#inbox = this.#inbox
      .then(async () => {
        if (connection === this.#link.connection) await run();
      })
      .catch((error) => connection?.end(asEventsError(error, 'internal')))
      .finally(() => {
        this.#taking -= 1;
        this.#show();
      });
  }

  async #hello(remoteId: string): Promise<void> {
    const { journal, cipher, publicKey, platform, timeoutMs, remote } = this.#options;
    const connection = this.#link.connection;
    if (!connection) return;
    if (journal.nextOf(remoteId) === undefined) await journal.commit({ register: remoteId });
    if (connection !== this.#link.connection) return;
    const first = this.#from ?? (remote.provider === 'bun' ? 0 : 1);
    const start = this.#asked ?? (journal.nextOf(remoteId) || first);
    this.#asked = undefined;
    if (this.#from !== undefined && this.#from >= 0) this.#from = undefined;
    const sender = new Sender(
      { journal, cipher, publicKey, platform, timeoutMs },
      remoteId,
      connection,
    );
    this.#session = {
      remoteId,
      received: new Received(),
      start,
      sender,
      requestedAt: 0,
      settled: false,
      asked: false,
    };
    this.#feed.set({ remoteId, error: null });
    this.#request(start);
    this.#settle.set(settleMs);
  }

  async #changes(message: Extract<ServerMessage, { tag: 'Changes' }>): Promise<void> {
    const session = this.#session;
    if (!session || message.publicKey !== this.#options.publicKey) return;
    const { journal, cipher } = this.#options;
    const { received, remoteId } = session;
    if (session.start < 0 && message.entries.length > 0) {
      session.start = Math.min(...message.entries.map(({ sequence }) => sequence));
    }
    const next = () => nextOf(session);
    const options = { journal, cipher, received, remote: remoteId, next };
    const { arrivals, undecryptable } = await take(message.entries, options);
    if (undecryptable > 0) {
      this.#feed.set({ undecryptable: this.#feed.now.undecryptable + undecryptable });
    }
    if (arrivals.length > 0) this.#arrivals.tell(arrivals);
    if (!session.settled && session === this.#session) this.#settle.set(settleMs);
    this.#watchHoles(session);
  }

  async #acknowledged({ id, sequences }: Extract<ServerMessage, { tag: 'Ack' }>): Promise<void> {
    const session = this.#session;
    const entry = session?.sender.acknowledged(id);
    if (!session || !entry) return;
    // A server that had the entry already may acknowledge it without a sequence.
    const [sequence] = sequences;
    if (sequence !== undefined) session.received.add(sequence);
    const next = nextOf(session);
    await this.#options.journal.commit({ remote: { id: session.remoteId, has: [entry], next } });
    session.sender.settled(entry);
    this.#link.worked();
    this.#watchHoles(session);
    if (session === this.#session && session.settled) session.sender.pump();
  }

  #request(start: number): void {
    if (this.#session) this.#session.requestedAt = this.#options.platform.now();
    this.#link.connection?.send(requestChanges(this.#options.publicKey, start));
  }

  /** The backlog is quiet: what the server lacks goes out. */
  #settled(): void {
    const session = this.#session;
    if (!session) return;
    if (this.#taking > 0) {
      this.#settle.set(settleMs);
      return;
    }
    session.settled = true;
    if (this.#options.remote.mode === 'write') session.sender.pump();
    this.#show();
  }

  #wrote(): void {
    const session = this.#session;
    if (session?.settled && this.#options.remote.mode === 'write') session.sender.pump();
    this.#show();
  }

  #watchHoles(session: Session): void {
    if (session !== this.#session) return;
    if (hasHole(session)) {
      this.#gap.set(gapMs);
    } else {
      this.#gap.clear();
      session.asked = false;
      this.#reconnected = false;
    }
  }

  /** Something is missing, and nothing came for a while. */
  #lookForHoles(): void {
    const session = this.#session;
    if (!session || !hasHole(session)) return;
    if (this.#taking > 0 || session.sender.inFlight > 0) {
      this.#gap.set(gapMs);
    } else if (!session.asked) {
      session.asked = true;
      this.#request(nextOf(session));
      this.#gap.set(gapMs);
    } else if (!this.#reconnected) {
      this.#reconnected = true;
      this.#link.connection?.end(new EventsError('offline', 'Sequences are missing'));
    } else {
      this.#giveUp(session);
    }
  }

  #giveUp(session: Session): void {
    this.#reconnected = false;
    const { missing } = this.#feed.now;
    this.#feed.set({ missing: missing + session.received.fill(session.start) });
    const next = nextOf(session);
    this.#enqueue(() =>
      this.#options.journal.commit({ remote: { id: session.remoteId, has: [], next } }),
    );
  }

  #ticked(): void {
    this.#tick.set(this.#options.remote.syncMs);
    const session = this.#session;
    if (!session?.settled) return;
    if (this.#options.remote.mode === 'write') session.sender.pump();
    const now = this.#options.platform.now();
    if (now - Math.max(this.#feed.now.lastSeen ?? 0, session.requestedAt) < quietMaxMs) return;
    this.#request(nextOf(session));
  }

  #lost(error: EventsError, again: boolean): void {
    this.#drop();
    this.#feed.set({ state: again ? 'disconnected' : 'error', error });
  }

  #drop(): void {
    this.#session?.sender.stop();
    this.#session = null;
    this.#settle.clear();
    this.#gap.clear();
  }

  #show(): void {
    const session = this.#session;
    if (!session) return;
    const { journal, remote } = this.#options;
    const pending = remote.mode === 'write' ? journal.pendingCount(session.remoteId) : 0;
    const sequence = Math.max(0, nextOf(session) - 1);
    const busy = !session.settled || pending > 0 || this.#taking > 0;
    if (!busy) this.#link.worked();
    this.#feed.set({ state: busy ? 'syncing' : 'connected', pending, sequence });
  }
}

/** The lowest sequence that was not had. */
const nextOf = ({ received, start }: Session): number => received.next(start);

const hasHole = ({ received, start }: Session): boolean => start >= 0 && received.hasHole(start);
