// The client of an app: typed records that are read and edited on the device, and kept equal with
// the other devices of the user, live where it can.

import type { Data } from './answer.ts';
import { Collection, inParentOrder, TransactionCollection, type View } from './collection.ts';
import { SyncError } from './errors.ts';
import { collectionOf, nameOf } from './keys.ts';
import { Local } from './local.ts';
import { type Platform, platformOf } from './platform.ts';
import { Presence } from './presence.ts';
import { type Notice, Rejections } from './rejections.ts';
import type { Declaration, Edit } from './replica.ts';
import { type Status, StatusFeed } from './status.ts';
import type { StoreOpener } from './stores/store.ts';
import { Syncer } from './syncer.ts';
import { Tabs } from './tabs.ts';
import type { TokenSource } from './token.ts';

/** The types of an app's records, by collection; without them records are JSON objects. */
export type Schema = Record<string, Data>;
type SchemaLike<S> = { [K in keyof S]: object };

export interface SyncOptions<S extends SchemaLike<S>> extends Partial<Platform> {
  /** The Worker's address, without a path; empty for the page's own. */
  url: string;
  /** A token, or where to get one before each request. Without it the session's cookie counts. */
  token?: TokenSource;
  /** All collections, by name; those with a parent name it. */
  collections: readonly ((keyof S & string) | (Declaration & { name: keyof S & string }))[];
  store: StoreOpener;
  /** This device's name; without it the store keeps a random one. */
  device?: string;
  /** Whether to connect a WebSocket; true unless given. */
  live?: boolean;
  /** Milliseconds between two pulls without a socket; 30,000 unless given. */
  pollInterval?: number;
  /** Milliseconds that an answer may take; 30,000 unless given. */
  timeout?: number;
  fetch?: typeof globalThis.fetch;
  WebSocket?: typeof globalThis.WebSocket;
}

/** Reads and edits within `client.transaction`. */
export interface Transaction<S extends SchemaLike<S>> {
  collection<K extends keyof S & string>(name: K): TransactionCollection<S[K]>;
}

const pollMs = 30_000;
const timeoutMs = 30_000;
const pingMs = 30_000;

export class SyncClient<S extends SchemaLike<S> = Schema> {
  readonly presence: Presence;
  /** Edits that the server refused. They are on this device only. */
  readonly rejected: Rejections;
  readonly #local: Local;
  readonly #declarations: readonly Declaration[];
  readonly #feed: StatusFeed;
  readonly #syncer: Syncer;
  readonly #tabs: Tabs;
  readonly #collections = new Map<string, Collection<object>>();
  readonly #endings: (() => void)[] = [];
  #closed = false;

  private constructor(local: Local, declarations: Declaration[], options: SyncOptions<S>) {
    this.#local = local;
    this.#declarations = declarations;
    const platform = platformOf(options);
    const { state, pending } = local.replica;
    this.#feed = new StatusFeed({
      phase: 'connecting',
      pending,
      rejected: state.rejected.size,
      progress: { pushed: 0, pulled: 0 },
      lastSyncedAt: state.meta.lastSyncedAt,
      lastError: null,
    });
    this.presence = new Presence({ send: (own) => this.#tabs.present(own) });
    this.rejected = new Rejections(local, platform.now);
    const timeout = options.timeout ?? timeoutMs;
    const url = options.url.replace(/\/+$/, '');
    const Socket = options.WebSocket ?? globalThis.WebSocket;
    const wantsLive = (options.live ?? true) && Socket !== undefined;
    const live = { url, WebSocket: Socket, platform, timeoutMs: timeout, pingMs };
    const fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
    this.#syncer = new Syncer(
      local,
      {
        http: { url, fetch, platform, timeoutMs: timeout },
        live: wantsLive ? live : null,
        token: options.token,
        pollMs: options.pollInterval ?? pollMs,
      },
      this.#feed,
      this.presence,
    );
    const name = Math.floor(platform.random() * 2 ** 52).toString(36);
    this.#tabs = new Tabs(local, this.#feed, this.presence, { name, leader: this.#syncer });
    this.#begin();
  }

  /** Opens the store, and begins to sync. Rejects if the store cannot be opened. */
  static async open<S extends SchemaLike<S> = Schema>(
    options: SyncOptions<S>,
  ): Promise<SyncClient<S>> {
    const declared = options.collections.map((one) =>
      typeof one === 'string' ? { name: one } : one,
    );
    const declarations = inParentOrder(declared);
    const { now } = platformOf(options);
    const local = await Local.open({
      store: options.store,
      device: options.device,
      newDevice: () => crypto.randomUUID(),
      collections: declarations,
      now,
    });
    return new SyncClient<S>(local, declarations, options);
  }

  collection<K extends keyof S & string>(name: K): Collection<S[K]> {
    let found = this.#collections.get(name);
    if (!found) {
      this.#check(name);
      found = new Collection(name, this.#view(), this.#declarations, this.#local);
      this.#collections.set(name, found);
    }
    return found as unknown as Collection<S[K]>;
  }

  /**
   * Makes all the edits of `run` as one: durable together, and sent together where they fit. If it
   * throws, nothing has changed. `run` must not wait: it is over when it returns.
   */
  async transaction<R>(run: (transaction: Transaction<S>) => R): Promise<R> {
    const edits: Edit[] = [];
    const newest = new Map<string, Edit>();
    let over = false;
    const add = (edit: Edit) => {
      if (over) throw new SyncError('not_in_transaction', 'The transaction has ended');
      edits.push(edit);
      newest.set(edit.key, edit);
    };
    const view = this.#view(newest);
    const collection = <K extends keyof S & string>(name: K) => {
      this.#check(name);
      return new TransactionCollection<S[K]>(name, view, this.#declarations, add);
    };
    let result: R;
    try {
      result = run({ collection });
    } finally {
      over = true;
    }
    if (result instanceof Promise) {
      result.catch(() => {});
      throw new SyncError('not_in_transaction', 'A transaction cannot wait for a promise');
    }
    await this.#local.edit(edits);
    return result;
  }

  /** Resolves when all is exchanged; rejects with a SyncError if this attempt fails. */
  async sync(): Promise<void> {
    if (this.#closed) throw new SyncError('closed', 'The client was closed');
    await this.#tabs.sync();
  }

  /** What the client does now. */
  get state(): Status {
    return this.#feed.now;
  }

  /** The same, and each change of it. */
  status(): AsyncIterable<Status> {
    return this.#feed.stream();
  }

  /** Edits that the server took otherwise than they asked, the last 1,000 of them. */
  get conflicts(): Notice[] {
    return [...this.#local.replica.state.conflicts.values()].map(({ key, code, message }) => ({
      ...nameOf(key),
      code,
      message,
    }));
  }

  get device(): string {
    return this.#local.replica.state.meta.device;
  }

  /** Stops, and closes the store. What was not sent is sent when the store is opened again. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const end of this.#endings) end();
    this.#tabs.close();
    this.#syncer.stop();
    this.#feed.end();
    await this.#local.close();
  }

  #begin(): void {
    this.#endings.push(
      this.#local.onChange(() => {
        const { pending, state } = this.#local.replica;
        this.#feed.set({ pending, rejected: state.rejected.size });
        this.#syncer.kick();
      }),
      this.#feed.onChange(() => this.#tabs.tellStatus()),
    );
    const events = globalThis as unknown as Partial<EventTarget>;
    const online = () => this.#syncer.online();
    events.addEventListener?.('online', online);
    this.#endings.push(() => events.removeEventListener?.('online', online));
    const begin = (alone: boolean) => {
      this.#local.replica.sole = alone;
      this.#tabs.lead();
      this.#syncer.start();
    };
    const { lead } = this.#local;
    if (lead) this.#endings.push(lead(begin));
    else begin(false);
  }

  #check(name: string): void {
    if (this.#declarations.some((one) => one.name === name)) return;
    throw new SyncError('unknown_collection', `${name} is not among the client's collections`);
  }

  /** Records as they are, with the edits of a transaction over them. */
  #view(edits: ReadonlyMap<string, Edit> = new Map()): View {
    const local = this.#local;
    return {
      get: (key) => {
        const edit = edits.get(key);
        return edit ? (edit.data ?? undefined) : local.view(key);
      },
      keysOf: (collection) => {
        const keys = local.keysOf(collection);
        for (const key of edits.keys()) if (collectionOf(key) === collection) keys.add(key);
        return keys;
      },
      isPending: (key) => edits.has(key) || local.isPending(key),
      permission: (key) => local.replica.state.base.get(key)?.permission ?? null,
    };
  }
}
