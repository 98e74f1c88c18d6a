// A store in a SQLite file, by `node:sqlite`. It is an entry point of its own, so that browsers
// never load it.

import { DatabaseSync } from 'node:sqlite';
import {
  format,
  StaleStore,
  type Store,
  type StoredRow,
  type StoreOpener,
  storeFailed,
  storeNewer,
  type Write,
} from './store.ts';

export const statements = {
  readFormat: 'PRAGMA user_version',
  create: `CREATE TABLE rows (name TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (name, key)) STRICT, WITHOUT ROWID`,
  createVersion: 'CREATE TABLE version (one INTEGER PRIMARY KEY, number INTEGER NOT NULL) STRICT',
  beginVersions: 'INSERT INTO version VALUES (1, 0)',
  writeFormat: `PRAGMA user_version = ${format}`,
  readVersion: 'SELECT number FROM version WHERE one = 1',
  readRows: 'SELECT name, key, value FROM rows',
  nextVersion: 'UPDATE version SET number = number + 1 WHERE one = 1 AND number = ?',
  clear: 'DELETE FROM rows WHERE name = ?',
  remove: 'DELETE FROM rows WHERE name = ? AND key = ?',
  put: 'INSERT OR REPLACE INTO rows VALUES (?, ?, ?)',
} as const;

function begin(db: DatabaseSync): void {
  // A second process may write at the same time: it waits.
  db.exec('PRAGMA busy_timeout = 5000');
  const { user_version: found } = db.prepare(statements.readFormat).get() as {
    user_version: number;
  };
  if (found > format) throw storeNewer(found);
  db.exec('PRAGMA journal_mode = WAL');
  transact(db, () => {
    const again = db.prepare(statements.readFormat).get() as { user_version: number };
    if (again.user_version === format) return;
    db.exec(statements.create);
    db.exec(statements.createVersion);
    db.exec(statements.beginVersions);
    db.exec(statements.writeFormat);
  });
}

function transact<T>(db: DatabaseSync, run: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = run();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

function load(db: DatabaseSync): { version: number; rows: StoredRow[] } {
  return transact(db, () => {
    const { number } = db.prepare(statements.readVersion).get() as { number: number };
    const rows = db.prepare(statements.readRows).all() as {
      name: StoredRow[0];
      key: string;
      value: string;
    }[];
    return {
      version: number,
      rows: rows.map(({ name, key, value }) => [name, key, JSON.parse(value)]),
    };
  });
}

function commit(db: DatabaseSync, write: Write, version: number): number {
  return transact(db, () => {
    const { changes } = db.prepare(statements.nextVersion).run(version);
    if (changes !== 1) throw new StaleStore();
    for (const table of write.clear) db.prepare(statements.clear).run(table);
    const remove = db.prepare(statements.remove);
    for (const [table, key] of write.delete) remove.run(table, key);
    const put = db.prepare(statements.put);
    for (const [table, key, value] of write.put) put.run(table, key, JSON.stringify(value));
    return version + 1;
  });
}

/** A place: `path` is a file's, or `:memory:`. */
export function sqliteStore(path: string): StoreOpener {
  return async () => {
    let db: DatabaseSync | undefined;
    try {
      db = new DatabaseSync(path);
      begin(db);
    } catch (error) {
      db?.close();
      throw storeFailed(error);
    }
    const open = db;
    const attempt = async <T>(run: () => T): Promise<T> => {
      try {
        return run();
      } catch (error) {
        throw error instanceof StaleStore ? error : storeFailed(error);
      }
    };
    const store: Store = {
      load: () => attempt(() => load(open)),
      commit: (write, version) => attempt(() => commit(open, write, version)),
      close: async () => open.close(),
    };
    return store;
  };
}
