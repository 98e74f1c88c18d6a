// The entries of one log on this device, and what each server has of them. It keeps rows in a
// client's store (stores/store.ts), or without one only memory:
//
//   meta    owner              the public key of the log
//           identity           the identity made here, as text
//           remote ID          {next, order}: the lowest sequence not yet had from that server,
//                              and when it was first met
//   base    ENTRY              [event, primaryKey, payload as base64]
//   outbox  REMOTE ENTRY       the server has not acknowledged the entry
//
// Rules:
// - What a method resolves for is durable; memory follows the store, never the other way round.
// - Changes that come together are committed together, in their order.
// - A store may have several holders. A change is made of facts that stand whatever others wrote
//   meanwhile, so a holder that comes too late reads the store anew and writes its change again.

import { Listeners } from '../../listeners.ts';
import {
  StaleStore,
  type Store,
  type StoredRow,
  type StoreOpener,
  type Write,
} from '../../stores/store.ts';
import { base64Of, bytesOf } from '../bytes.ts';
import type { Entry } from '../entry.ts';
import type { EntryId } from '../entry_id.ts';
import { asEventsError, EventsError } from '../errors.ts';

/** Servers whose state is kept; of a log that is wiped often only the last ones count. */
const remotesMax = 4;
const staleMax = 20;

export const remotePrefix = 'remote ';

interface Remote {
  next: number;
  order: number;
}

export interface Change {
  /** New entries; those that are there already are left as they are. */
  add?: Entry[];
  /** The entries are of this device: every server that is known lacks them. */
  own?: boolean;
  /** What was learnt from a server: what it has, and how far it was read. */
  remote?: { id: string; has: EntryId[]; next?: number };
  /** A server that was not known: it lacks everything. */
  register?: string;
  remove?: EntryId[];
  meta?: [key: string, value: unknown];
}

export interface Added {
  entries: Entry[];
  /** They came by another holder of the store. */
  elsewhere: boolean;
}

interface Waiting {
  change: Change;
  resolve: () => void;
  reject: (error: unknown) => void;
}

export class Journal {
  readonly #store: Store | null;
  readonly #entries = new Map<EntryId, Entry>();
  readonly #remotes = new Map<string, Remote>();
  readonly #pending = new Map<string, Set<EntryId>>();
  readonly #meta = new Map<string, unknown>();
  readonly #added = new Listeners<Added>();
  #waiting: Waiting[] = [];
  #busy: Promise<void> | null = null;
  #version = 0;
  /** Others have committed what is not known here. */
  #behind = false;
  #unwatch = () => {};

  private constructor(store: Store | null) {
    this.#store = store;
  }

  static async open(place: StoreOpener | null): Promise<Journal> {
    try {
      const journal = new Journal(place && (await place()));
      await journal.#load();
      journal.#watch();
      return journal;
    } catch (error) {
      throw asEventsError(error, 'store_failed');
    }
  }

  get size(): number {
    return this.#entries.size;
  }

  has(id: EntryId): boolean {
    return this.#entries.has(id);
  }

  get(id: EntryId): Entry | undefined {
    return this.#entries.get(id);
  }

  /** All entries in the order of their ids. */
  all(): Entry[] {
    return [...this.#entries.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  meta(key: string): unknown {
    return this.#meta.get(key);
  }

  /** The lowest sequence not had from the server; undefined if it was never met. */
  nextOf(remote: string): number | undefined {
    return this.#remotes.get(remote)?.next;
  }

  /** What the server has not acknowledged, in the order of the ids. */
  pendingAt(remote: string): EntryId[] {
    return [...(this.#pending.get(remote) ?? [])].sort();
  }

  pendingCount(remote: string): number {
    return this.#pending.get(remote)?.size ?? 0;
  }

  isPending(remote: string, id: EntryId): boolean {
    return this.#pending.get(remote)?.has(id) ?? false;
  }

  /** Whether some server that is known, or the first one, has still to get it. */
  isPendingAnywhere(id: EntryId): boolean {
    if (this.#remotes.size === 0) return true;
    return [...this.#pending.values()].some((ids) => ids.has(id));
  }

  /** Hears of new entries, once they are durable and before the change's promise resolves. */
  onAdded(listener: (added: Added) => void): () => void {
    return this.#added.add(listener);
  }

  /** Resolves when it is durable. */
  commit(change: Change): Promise<void> {
    const done = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ change, resolve, reject });
    });
    this.#start();
    return done;
  }

  async close(): Promise<void> {
    this.#unwatch();
    await this.#busy;
    await this.#store?.close();
  }

  #start(): void {
    this.#busy ??= this.#run();
  }

  async #run(): Promise<void> {
    await null; // what comes in the same turn goes along
    while (this.#waiting.length > 0 || this.#behind) {
      // If it cannot be read now, the next commit is stale and reads it.
      if (this.#behind) await this.#load().catch(() => {});
      this.#behind = false;
      const taken = this.#waiting;
      this.#waiting = [];
      try {
        await this.#commit(taken.map(({ change }) => change));
        for (const { resolve } of taken) resolve();
      } catch (error) {
        for (const { reject } of taken) reject(asEventsError(error, 'store_failed'));
      }
    }
    this.#busy = null; // in the same turn as the last look: nothing can come in between
  }

  async #commit(changes: Change[]): Promise<void> {
    for (let attempt = 0; attempt < staleMax; attempt += 1) {
      const write = this.#writeOf(changes);
      if (write.put.length + write.delete.length === 0) return;
      try {
        if (this.#store) this.#version = await this.#store.commit(write, this.#version);
        this.#apply(write, false);
        return;
      } catch (error) {
        if (!(error instanceof StaleStore)) throw error;
        await this.#load();
      }
    }
    throw new EventsError('store_failed', 'Others write the journal again and again');
  }

  /** The rows that the changes mean, on what is known now. */
  #writeOf(changes: Change[]): Write {
    const rows = new Map<string, StoredRow>();
    const gone = new Map<string, [StoredRow[0], string]>();
    const put = (...row: StoredRow) => {
      gone.delete(`${row[0]} ${row[1]}`);
      rows.set(`${row[0]} ${row[1]}`, row);
    };
    const drop = (table: StoredRow[0], key: string) => {
      rows.delete(`${table} ${key}`);
      gone.set(`${table} ${key}`, [table, key]);
    };
    const remotes = new Map(this.#remotes);
    const fresh = new Set<EntryId>();
    for (const { add = [], own = false, remote, register, remove = [], meta } of changes) {
      if (meta) put('meta', ...meta);
      if (register !== undefined && !remotes.has(register)) {
        for (const id of oldest(remotes)) {
          remotes.delete(id);
          drop('meta', `${remotePrefix}${id}`);
          for (const entry of this.pendingAt(id)) drop('outbox', `${id} ${entry}`);
        }
        const order = Math.max(0, ...[...remotes.values()].map((one) => one.order)) + 1;
        remotes.set(register, { next: 0, order });
        put('meta', `${remotePrefix}${register}`, { next: 0, order });
        for (const id of [...this.#entries.keys(), ...fresh]) put('outbox', `${register} ${id}`, 1);
      }
      for (const { id, event, primaryKey, payload } of add) {
        if (this.#entries.has(id) || fresh.has(id)) continue;
        fresh.add(id);
        put('base', id, [event, primaryKey, base64Of(payload)]);
        if (own) for (const known of remotes.keys()) put('outbox', `${known} ${id}`, 1);
      }
      const known = remote && remotes.get(remote.id);
      if (known) {
        for (const id of remote.has) {
          if (this.isPending(remote.id, id) || rows.has(`outbox ${remote.id} ${id}`)) {
            drop('outbox', `${remote.id} ${id}`);
          }
        }
        if (remote.next !== undefined && remote.next > known.next) {
          const further = { ...known, next: remote.next };
          remotes.set(remote.id, further);
          put('meta', `${remotePrefix}${remote.id}`, further);
        }
      }
      for (const id of remove) {
        drop('base', id);
        for (const remoteId of remotes.keys()) {
          if (this.isPending(remoteId, id)) drop('outbox', `${remoteId} ${id}`);
        }
      }
    }
    return { clear: [], delete: [...gone.values()], put: [...rows.values()] };
  }

  /** Takes rows into memory, and tells of the entries among them. */
  #apply({ delete: gone, put }: Write, elsewhere: boolean): void {
    const entries: Entry[] = [];
    for (const [table, key] of gone) {
      if (table === 'base') this.#entries.delete(key);
      else if (table === 'meta') this.#forget(key);
      else if (table === 'outbox') this.#pending.get(key.slice(0, 32))?.delete(key.slice(33));
    }
    for (const [table, key, value] of put) {
      if (table === 'base') {
        const [event, primaryKey, payload] = value as [string, string, string];
        const entry = { id: key, event, primaryKey, payload: bytesOf(payload) };
        if (!this.#entries.has(key)) entries.push(entry);
        this.#entries.set(key, entry);
      } else if (table === 'meta') {
        this.#meta.set(key, value);
        if (key.startsWith(remotePrefix)) {
          this.#remotes.set(key.slice(remotePrefix.length), value as Remote);
        }
      } else if (table === 'outbox') {
        const ids = this.#pending.get(key.slice(0, 32)) ?? new Set<EntryId>();
        this.#pending.set(key.slice(0, 32), ids.add(key.slice(33)));
      }
    }
    if (entries.length > 0) this.#added.tell({ entries, elsewhere });
  }

  #forget(key: string): void {
    this.#meta.delete(key);
    if (!key.startsWith(remotePrefix)) return;
    const id = key.slice(remotePrefix.length);
    this.#remotes.delete(id);
    this.#pending.delete(id);
  }

  /** Reads the store; what is new in it is told. */
  async #load(): Promise<void> {
    if (!this.#store) return;
    const { version, rows } = await this.#store.load();
    const there = new Set(rows.map(([table, key]) => `${table} ${key}`));
    for (const id of [...this.#entries.keys()]) {
      if (!there.has(`base ${id}`)) this.#entries.delete(id);
    }
    this.#remotes.clear();
    this.#pending.clear();
    this.#meta.clear();
    this.#version = version;
    this.#apply({ clear: [], delete: [], put: rows }, true);
  }

  #watch(): void {
    const heard = this.#store?.watch?.((news) => {
      if (!('write' in news) || news.version <= this.#version) return;
      if (this.#busy || news.version !== this.#version + 1) {
        this.#behind = true;
        this.#start();
        return;
      }
      this.#version = news.version;
      this.#apply(news.write, true);
    });
    if (heard) this.#unwatch = heard;
  }
}

/** Those that make room for one more. */
function oldest(remotes: Map<string, Remote>): string[] {
  const byAge = [...remotes].sort(([, a], [, b]) => a.order - b.order);
  return byAge.slice(0, Math.max(0, byAge.length - remotesMax + 1)).map(([id]) => id);
}
