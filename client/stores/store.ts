// Where a device keeps its state: rows of JSON values in five tables.
//
// Rules for a store:
// - `commit` is one transaction: all of it is durable when it resolves, or nothing is.
// - Each commit makes the next version. Several holders may share a store (the tabs of a browser,
//   two processes): one that does not know the newest version is refused as stale, and loads anew.
// - A store in a newer format than this file's is refused (`store_newer`) and not touched.
// - Values are JSON, so that another version of an app's records needs no migration.

import { asSyncError, SyncError } from '../errors.ts';

export const format = 1;
export const tables = ['meta', 'base', 'outbox', 'rejected', 'conflicts'] as const;
export type TableName = (typeof tables)[number];

export type StoredRow = [table: TableName, key: string, value: unknown];

/** Done in this order: clear, delete, put. */
export interface Write {
  clear: TableName[];
  delete: [table: TableName, key: string][];
  put: StoredRow[];
}

export interface Snapshot {
  version: number;
  rows: StoredRow[];
}

export interface Store {
  load(): Promise<Snapshot>;
  /** Returns the new version. Throws `StaleStore` unless `version` is the newest. */
  commit(write: Write, version: number): Promise<number>;
  close(): Promise<void>;
  /** Hears what other holders commit and say. Returns how to stop. */
  watch?(heard: (news: News) => void): () => void;
  /** Tells the other holders something that is not kept. */
  say?(said: unknown): void;
  /**
   * Calls back once this holder is the one that syncs; `alone` if surely no other does. Returns how
   * to give that up. A store without it lets each holder sync.
   */
  lead?(begin: (alone: boolean) => void): () => void;
}

export type News = { write: Write; version: number } | { said: unknown };

/** A place that can be opened. */
export type StoreOpener = () => Promise<Store>;

export class StaleStore extends Error {
  override readonly name = 'StaleStore';
}

export const storeFailed = (error: unknown): SyncError => asSyncError(error, 'store_failed');

export const storeNewer = (found: number): SyncError =>
  new SyncError(
    'store_newer',
    `The local store is in format ${found}, this version of the package knows ${format}: update it`,
  );
