// A store in a file, for Node: `tidemark/documents/file`. A commit writes the whole state
// beside the file and renames it over it, so the file is always one state, whole. It is an entry
// point of its own, so that browsers never load it.
//
// Several holders in one process share it. Another process is found out at the next commit, by the
// version in the file, but two processes that commit in the same moment can lose one of both: for
// several processes take `sqliteStore`.

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { inTurn, replaceFile } from '../stores/files.ts';
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
          const next: Content = { format, version: version + 1, rows: applied(rows, change) };
          await replaceFile(place, JSON.stringify(next));
          return version + 1;
        }),
      close: async () => {},
    };
    return store;
  };
}
