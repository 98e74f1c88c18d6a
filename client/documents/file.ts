// A store in a file, for Node: `tidemark-client/documents/file`. A commit writes the whole state
// beside the file and renames it over it, so the file is always one state, whole. It is an entry
// point of its own, so that browsers never load it.
//
// Several holders in one process share it. Another process is found out at the next commit, by the
// version in the file, but two processes that commit in the same moment can lose one of both: for
// several processes take `sqliteStore`.

import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import {
  format,
  type Snapshot,
  StaleStore,
  type Store,
  type StoredRow,
  type StoreOpener,
  storeFailed,
  storeNewer,
  type Write,
} from '../stores/store.ts';

interface Content extends Snapshot {
  format: number;
}

/** One commit at a time, for each file. */
const turns = new Map<string, Promise<unknown>>();

function inTurn<T>(path: string, run: () => Promise<T>): Promise<T> {
  const turn = (turns.get(path) ?? Promise.resolve()).then(run);
  const over = turn
    .catch(() => {})
    .then(() => {
      if (turns.get(path) === over) turns.delete(path);
    });
  turns.set(path, over);
  return turn;
}

async function read(path: string): Promise<Snapshot> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return { version: 0, rows: [] };
    throw error;
  }
  const content = JSON.parse(text) as Content;
  if (content.format > format) throw storeNewer(content.format);
  return { version: content.version, rows: content.rows };
}

async function write(path: string, content: Content): Promise<void> {
  const beside = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(beside, 'wx', 0o600);
    try {
      await file.writeFile(JSON.stringify(content));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Makes the rename durable, where a folder can be opened. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path).catch(() => null);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

function applied(rows: StoredRow[], { clear, delete: gone, put }: Write): StoredRow[] {
  const keyOf = (table: string, key: string) => `${table} ${key}`;
  const kept = rows.filter(([table]) => !clear.includes(table));
  const map = new Map(kept.map((row) => [keyOf(row[0], row[1]), row]));
  for (const [table, key] of gone) map.delete(keyOf(table, key));
  for (const row of put) map.set(keyOf(row[0], row[1]), row);
  return [...map.values()];
}

/** A place: `path` is a file's, made by the first commit in a folder that is there. */
export function fileQueueStore(path: string): StoreOpener {
  const place = resolve(path);
  return async () => {
    const attempt = <T>(run: () => Promise<T>): Promise<T> =>
      inTurn(place, run).catch((error) => {
        throw error instanceof StaleStore ? error : storeFailed(error);
      });
    const store: Store = {
      load: () => attempt(() => read(place)),
      commit: (change, version) =>
        attempt(async () => {
          const { version: found, rows } = await read(place);
          if (found !== version) throw new StaleStore();
          await write(place, { format, version: version + 1, rows: applied(rows, change) });
          return version + 1;
        }),
      close: async () => {},
    };
    return store;
  };
}
