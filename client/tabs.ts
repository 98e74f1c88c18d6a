// Several holders of one store: the one that leads syncs, the others ask it to, and are told what
// it sees. With a store of a single holder this does nothing.

import { SyncError } from './errors.ts';
import type { Local } from './local.ts';
import type { Presence } from './presence.ts';
import type { Status, StatusFeed } from './status.ts';

type Told = { code: string; message: string } | null;

type Message =
  | { kind: 'hello' }
  | { kind: 'leading' }
  | { kind: 'sync'; id: string }
  | { kind: 'synced'; id: string; error: Told }
  | { kind: 'status'; status: Omit<Status, 'lastError' | 'pending'>; error: Told }
  | { kind: 'peers'; peers: [string, unknown][] }
  | { kind: 'present'; state: unknown };

interface Leader {
  sync(): Promise<void>;
  present(state: unknown): void;
}

const tell = (error: SyncError | null): Told =>
  error && { code: error.code, message: error.message };
const toldError = (told: Told): SyncError | null => told && new SyncError(told.code, told.message);

export class Tabs {
  readonly #local: Local;
  readonly #feed: StatusFeed;
  readonly #presence: Presence;
  readonly #leader: Leader;
  readonly #asked = new Map<string, { resolve: () => void; reject: (error: SyncError) => void }>();
  readonly #name: string;
  #leads = false;
  #numbers = 0;

  constructor(
    local: Local,
    feed: StatusFeed,
    presence: Presence,
    { name, leader }: { name: string; leader: Leader },
  ) {
    this.#local = local;
    this.#feed = feed;
    this.#presence = presence;
    this.#leader = leader;
    this.#name = name;
    local.heard = (said) => this.#hear(said as Message);
    presence.subscribe(() => this.#tellPeers());
    this.#say({ kind: 'hello' });
  }

  lead(): void {
    this.#leads = true;
    this.#say({ kind: 'leading' });
    for (const [id, { resolve, reject }] of this.#asked) {
      this.#asked.delete(id);
      this.#leader.sync().then(resolve, reject);
    }
  }

  /** Asks whoever leads; waits for another if that one goes. */
  sync(): Promise<void> {
    if (this.#leads) return this.#leader.sync();
    this.#numbers += 1;
    const id = `${this.#name} ${this.#numbers}`;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      this.#say({ kind: 'sync', id });
    });
  }

  present(state: unknown): void {
    if (this.#leads) this.#leader.present(state);
    else this.#say({ kind: 'present', state });
  }

  tellStatus(): void {
    if (!this.#leads) return;
    const { lastError, pending: _, ...status } = this.#feed.now;
    this.#say({ kind: 'status', status, error: tell(lastError) });
  }

  close(): void {
    const error = new SyncError('closed', 'The client was closed');
    for (const { reject } of this.#asked.values()) reject(error);
    this.#asked.clear();
  }

  #say(message: Message): void {
    this.#local.say(message);
  }

  #tellPeers(): void {
    if (this.#leads) this.#say({ kind: 'peers', peers: [...this.#presence.peers] });
  }

  #hear(message: Message): void {
    if (this.#leads) this.#serve(message);
    else this.#follow(message);
  }

  #serve(message: Message): void {
    if (message.kind === 'hello') {
      this.tellStatus();
      this.#tellPeers();
    } else if (message.kind === 'sync') {
      const { id } = message;
      this.#leader.sync().then(
        () => this.#say({ kind: 'synced', id, error: null }),
        (error: SyncError) => this.#say({ kind: 'synced', id, error: tell(error) }),
      );
    } else if (message.kind === 'present') {
      this.#leader.present(message.state);
    }
  }

  #follow(message: Message): void {
    if (message.kind === 'status') {
      this.#feed.set({ ...message.status, lastError: toldError(message.error) });
    } else if (message.kind === 'peers') {
      this.#presence.replace(new Map(message.peers));
    } else if (message.kind === 'synced') {
      const asked = this.#asked.get(message.id);
      this.#asked.delete(message.id);
      const error = toldError(message.error);
      if (error) asked?.reject(error);
      else asked?.resolve();
    } else if (message.kind === 'leading') {
      for (const id of this.#asked.keys()) this.#say({ kind: 'sync', id });
      if (this.#presence.own !== null) this.#say({ kind: 'present', state: this.#presence.own });
    }
  }
}
