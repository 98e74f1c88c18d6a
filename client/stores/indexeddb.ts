// A store in a browser's IndexedDB. The tabs of an origin share it: each commits for itself, tells
// the others by a BroadcastChannel, and the one that holds a Web Lock syncs. Where a browser lacks
// one of them it still is right: a commit that comes too late is refused as stale.

import {
  format,
  type News,
  type Snapshot,
  StaleStore,
  type Store,
  type StoredRow,
  type StoreOpener,
  storeFailed,
  storeNewer,
  tables,
  type Write,
} from './store.ts';

export interface IndexedDbOptions {
  indexedDB?: IDBFactory;
  BroadcastChannel?: typeof BroadcastChannel;
  locks?: LockManager;
}

const versionKey = 'version';

function openDatabase(factory: IDBFactory, name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open(name, format);
    request.onupgradeneeded = () => {
      for (const table of tables) request.result.createObjectStore(table);
      request.transaction?.objectStore('meta').put(0, versionKey);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => {
      const newer = request.error?.name === 'VersionError';
      reject(newer ? storeNewer(format + 1) : storeFailed(request.error));
    };
  });
}

/** Runs `body` in one transaction and resolves with what it kept, once that is durable. */
function transact<T>(
  db: IDBDatabase,
  mode: 'readonly' | 'readwrite',
  body: (transaction: IDBTransaction, keep: (value: T) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let kept: T;
    let refused: unknown;
    const transaction = db.transaction([...tables], mode, { durability: 'strict' });
    transaction.oncomplete = () => resolve(kept);
    transaction.onabort = () => reject(refused ?? storeFailed(transaction.error));
    const keep = (value: T) => {
      if (value instanceof StaleStore) {
        refused = value;
        transaction.abort();
      } else {
        kept = value;
      }
    };
    body(transaction, keep);
  });
}

function load(db: IDBDatabase): Promise<Snapshot> {
  return transact<Snapshot>(db, 'readonly', (transaction, keep) => {
    const snapshot: Snapshot = { version: 0, rows: [] };
    keep(snapshot);
    for (const table of tables) {
      const store = transaction.objectStore(table);
      const keys = store.getAllKeys();
      const values = store.getAll();
      values.onsuccess = () => {
        for (const [index, key] of keys.result.entries()) {
          const row: StoredRow = [table, String(key), values.result[index]];
          if (table === 'meta' && key === versionKey) snapshot.version = row[2] as number;
          else snapshot.rows.push(row);
        }
      };
    }
  });
}

function commit(db: IDBDatabase, write: Write, version: number): Promise<number> {
  return transact<number | StaleStore>(db, 'readwrite', (transaction, keep) => {
    const newest = transaction.objectStore('meta').get(versionKey);
    newest.onsuccess = () => {
      if (newest.result !== version) {
        keep(new StaleStore());
        return;
      }
      for (const table of write.clear) transaction.objectStore(table).clear();
      for (const [table, key] of write.delete) transaction.objectStore(table).delete(key);
      for (const [table, key, value] of write.put) transaction.objectStore(table).put(value, key);
      transaction.objectStore('meta').put(version + 1, versionKey);
      keep(version + 1);
    };
  }) as Promise<number>;
}

/** Waits for the lock; without locks each tab syncs. */
function lead(
  locks: LockManager | undefined,
  name: string,
  begin: (alone: boolean) => void,
): () => void {
  if (!locks) {
    begin(false);
    return () => {};
  }
  const given = new AbortController();
  let release = () => given.abort();
  locks
    .request(name, { signal: given.signal }, () => {
      begin(true);
      return new Promise<void>((resolve) => {
        release = resolve;
      });
    })
    .catch(() => {}); // it was given up before it came
  return () => release();
}

/** A place: `name` is the database's. */
export function indexedDbStore(name: string, options: IndexedDbOptions = {}): StoreOpener {
  return async () => {
    const factory = options.indexedDB ?? globalThis.indexedDB;
    const Channel = options.BroadcastChannel ?? globalThis.BroadcastChannel;
    const locks = options.locks ?? globalThis.navigator?.locks;
    const db = await openDatabase(factory, name);
    // A newer version of the app, in another tab, may upgrade.
    db.onversionchange = () => db.close();
    const channel = Channel && new Channel(`tidemark:${name}`);
    const attempt = async <T>(run: () => Promise<T>): Promise<T> => {
      try {
        return await run();
      } catch (error) {
        throw error instanceof StaleStore ? error : storeFailed(error);
      }
    };
    const store: Store = {
      load: () => attempt(() => load(db)),
      commit: async (write, version) => {
        const made = await attempt(() => commit(db, write, version));
        channel?.postMessage({ write, version: made });
        return made;
      },
      close: async () => {
        channel?.close();
        db.close();
      },
      watch: (heard) => {
        if (!channel) return () => {};
        channel.onmessage = ({ data }) => heard(data as News);
        return () => {
          channel.onmessage = null;
        };
      },
      say: (said) => channel?.postMessage({ said }),
      lead: (begin) => lead(locks, `tidemark:${name}`, begin),
    };
    return store;
  };
}
