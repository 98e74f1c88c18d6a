// A replica and the store under it.
//
// Rules:
// - Changes are made one at a time: planned, committed, applied. A commit that is refused as stale
//   is planned anew on what the store holds now.
// - An edit is seen at once, by an overlay over the replica, which goes when the edit is durable,
//   or when the store has failed.

import type { Data } from './answer.ts';
import { SyncError } from './errors.ts';
import { collectionOf } from './keys.ts';
import { Listeners } from './listeners.ts';
import { type Declaration, type Edit, Replica } from './replica.ts';
import { type Changes, emptyState, isDurable } from './state.ts';
import { changesOf, stateOf, writeOf } from './stored.ts';
import {
  type News,
  StaleStore,
  type Store,
  type StoreOpener,
  storeFailed,
} from './stores/store.ts';
import { Table } from './table.ts';

interface Shown {
  data: Data | null;
}

export interface LocalOptions {
  store: StoreOpener;
  device: string | undefined;
  newDevice: () => string;
  collections: readonly Declaration[];
  now: () => number;
}

export class Local {
  readonly replica: Replica;
  readonly #store: Store;
  readonly #now: () => number;
  readonly #overlay = new Table<Shown>();
  readonly #listeners = new Listeners<ReadonlySet<string>>();
  readonly #unwatch: () => void;
  #version: number;
  #queue: Promise<unknown> = Promise.resolve();
  #closed = false;
  /** What the other holders of the store say. */
  heard: (said: unknown) => void = () => {};

  private constructor(store: Store, replica: Replica, version: number, now: () => number) {
    this.#store = store;
    this.replica = replica;
    this.#version = version;
    this.#now = now;
    this.#unwatch = store.watch?.((news) => this.#hear(news)) ?? (() => {});
  }

  static async open(options: LocalOptions): Promise<Local> {
    const { collections, now, newDevice } = options;
    const store = await options.store();
    try {
      for (;;) {
        const { version, rows } = await store.load();
        const stored = stateOf(rows);
        const device = options.device ?? stored?.meta.device ?? newDevice();
        const state = stored ?? emptyState(device);
        const replica = new Replica({ device, collections, state, sole: false });
        const local = new Local(store, replica, version, now);
        if (stored?.meta.device === device) return local;
        // Its device's name comes before its first edit.
        const changes = replica.rename(device);
        try {
          local.#version = await store.commit(writeOf(changes), version);
        } catch (error) {
          local.#unwatch();
          if (error instanceof StaleStore) continue;
          throw error;
        }
        replica.apply(changes);
        return local;
      }
    } catch (error) {
      await store.close();
      throw storeFailed(error);
    }
  }

  get lead(): Store['lead'] {
    return this.#store.lead?.bind(this.#store);
  }

  say(said: unknown): void {
    if (!this.#closed) this.#store.say?.(said);
  }

  view(key: string): Data | undefined {
    const shown = this.#overlay.get(key);
    return shown ? (shown.data ?? undefined) : this.replica.view(key);
  }

  isPending(key: string): boolean {
    return this.#overlay.get(key) !== undefined || this.replica.state.outbox.get(key) !== undefined;
  }

  keysOf(collection: string): Set<string> {
    const { base, outbox } = this.replica.state;
    const tables = [base, outbox, this.#overlay];
    return new Set(tables.flatMap((table) => [...table.of(collection).keys()]));
  }

  /** Is told the collections in which records changed. */
  onChange(listener: (collections: ReadonlySet<string>) => void): () => void {
    return this.#listeners.add(listener);
  }

  /** Resolves when the edits are durable, all of them or, with an error, none. */
  async edit(edits: Edit[]): Promise<void> {
    if (this.#closed) throw new SyncError('closed', 'The client was closed');
    if (edits.length === 0) return;
    const shown = edits.map(({ key, data }) => [key, { data }] as const);
    for (const [key, value] of shown) this.#overlay.set(key, value);
    const collections = new Set(edits.map(({ key }) => collectionOf(key)));
    this.#listeners.tell(collections);
    const hide = () => {
      for (const [key, value] of shown) {
        if (this.#overlay.get(key) === value) this.#overlay.delete(key);
      }
    };
    try {
      await this.change(() => this.replica.edit(edits, this.#now()), hide);
    } catch (error) {
      hide();
      this.#listeners.tell(collections);
      throw error;
    }
  }

  /** Makes a planned change durable, then real. `applied` runs before anyone is told. */
  change<C extends Changes | null>(plan: () => C, applied = () => {}): Promise<C> {
    return this.#inTurn(async () => {
      for (;;) {
        const changes = plan();
        if (changes === null) return changes;
        try {
          if (isDurable(changes)) {
            this.#version = await this.#store.commit(writeOf(changes), this.#version);
          }
        } catch (error) {
          if (!(error instanceof StaleStore)) throw storeFailed(error);
          await this.#reload();
          continue;
        }
        this.#apply(changes, applied);
        return changes;
      }
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#unwatch();
    await this.#inTurn(() => this.#store.close());
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(run);
    this.#queue = turn.catch(() => {});
    return turn;
  }

  #hear(news: News): void {
    if (this.#closed) return;
    if ('said' in news) {
      this.heard(news.said);
      return;
    }
    const follow = async () => {
      if (this.#closed || news.version <= this.#version) return;
      if (news.version > this.#version + 1) return this.#reload();
      this.#version = news.version;
      this.#apply(changesOf(news.write), () => {});
    };
    // A store that cannot be read now says so again at the next commit.
    this.#inTurn(follow).catch(() => {});
  }

  async #reload(): Promise<void> {
    const { version, rows } = await this.#store.load();
    this.replica.replace(stateOf(rows) ?? emptyState(this.replica.state.meta.device));
    this.#version = version;
    this.#listeners.tell(new Set(this.replica.collections));
  }

  #apply(changes: Changes, applied: () => void): void {
    const collections = new Set<string>();
    for (const key of changes.base.keys()) collections.add(collectionOf(key));
    for (const key of changes.outbox.keys()) collections.add(collectionOf(key));
    if (changes.clearBase) for (const name of this.replica.collections) collections.add(name);
    this.replica.apply(changes);
    applied();
    this.#listeners.tell(collections);
  }
}
