// A journal in a file, for Node and Bun: `tidemark/events/file`. A commit is one line at the
// end of the file, so its cost does not grow with the journal.
//
//   file := line*
//   line := checksum SP json LF      checksum: 8 hex digits, the CRC-32 of the json's UTF-8
//   json := {"format", "version", "write"}     "write" as in stores/store.ts
//
// - A line without its end, or the last one if its checksum is wrong, is a commit that never
//   resolved: it is cut off when the file is opened.
// - If another line is damaged, the rest is kept and what is known of servers is forgotten: then
//   everything is exchanged with them anew, which they and this journal see through by ids.
//   The damaged file stays beside, as PATH.damaged.
// - Where little of the file still counts, it is written anew, beside, and renamed over.
//
// One process holds a file at a time. For several take `sqliteStore`.

import { Buffer } from 'node:buffer';
import { copyFile, open, readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import { inTurn, replaceFile, syncFolder } from '../stores/files.ts';
import {
  format,
  type Snapshot,
  StaleStore,
  type Store,
  type StoredRow,
  type StoreOpener,
  storeFailed,
  storeNewer,
  type TableName,
  type Write,
} from '../stores/store.ts';
import { remotePrefix } from './journal/journal.ts';

/** Below this a file is not written anew. */
const wasteBytesMin = 65_536;

type Rows = Map<string, StoredRow>;

interface Line {
  format: number;
  version: number;
  write: Write;
}

/** The file as it was read: what it holds, and which bytes it is known to have. */
interface Content {
  version: number;
  rows: Rows;
  size: number;
  node: bigint | null;
  /** The bytes that a file of only these rows would have, about. */
  live: number;
}

const keyOf = (table: TableName, key: string): string => `${table} ${key}`;
const weigh = (row: StoredRow): number => JSON.stringify(row).length;
const checksum = (json: string): string => crc32(json).toString(16).padStart(8, '0');

function lineOf(version: number, write: Write): string {
  const json = JSON.stringify({ format, version, write } satisfies Line);
  return `${checksum(json)} ${json}\n`;
}

/** Null if the line is damaged. */
function parse(line: string): Line | null {
  const json = line.slice(9);
  if (line.slice(0, 9) !== `${checksum(json)} `) return null;
  const parsed = JSON.parse(json) as Line;
  if (parsed.format > format) throw storeNewer(parsed.format);
  return parsed;
}

function apply(content: Content, { clear, delete: gone, put }: Write): void {
  const { rows } = content;
  const remove = (key: string) => {
    const row = rows.get(key);
    if (row) content.live -= weigh(row);
    rows.delete(key);
  };
  for (const [key, [table]] of clear.length > 0 ? [...rows] : []) {
    if (clear.includes(table)) remove(key);
  }
  for (const [table, key] of gone) remove(keyOf(table, key));
  for (const row of put) {
    const key = keyOf(row[0], row[1]);
    remove(key);
    rows.set(key, row);
    content.live += weigh(row);
  }
}

const exists = async (path: string) => {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return null;
    throw error;
  }
};

async function read(path: string): Promise<Content> {
  const content: Content = { version: 0, rows: new Map(), size: 0, node: null, live: 0 };
  const found = await exists(path);
  if (!found) return content;
  const bytes = await readFile(path);
  const end = bytes.lastIndexOf(0x0a) + 1;
  const lines = bytes.subarray(0, end).toString('utf8').split('\n').slice(0, -1);
  let whole = end;
  let damaged = false;
  for (const [index, text] of lines.entries()) {
    const line = parse(text);
    if (line) {
      content.version = Math.max(content.version, line.version);
      apply(content, line.write);
    } else if (index === lines.length - 1) {
      whole = end - Buffer.byteLength(text) - 1;
    } else {
      damaged = true;
    }
  }
  content.node = found.ino;
  content.size = bytes.length;
  if (damaged) await heal(path, content);
  else if (whole < bytes.length) await cut(path, content, whole);
  return content;
}

async function cut(path: string, content: Content, size: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.truncate(size);
    await file.sync();
  } finally {
    await file.close();
  }
  content.size = size;
}

async function heal(path: string, content: Content): Promise<void> {
  await copyFile(path, `${path}.damaged`);
  const gone = [...content.rows.values()]
    .filter(([table, key]) => table === 'outbox' || key.startsWith(remotePrefix))
    .map(([table, key]): [TableName, string] => [table, key]);
  apply(content, { clear: [], delete: gone, put: [] });
  content.version += 1;
  await rewrite(path, content);
}

/** The same content in one line. */
async function rewrite(path: string, content: Content): Promise<void> {
  const put = [...content.rows.values()];
  const text = lineOf(content.version, { clear: [], delete: [], put });
  await replaceFile(path, text);
  content.size = Buffer.byteLength(text);
  content.node = (await exists(path))?.ino ?? null;
}

async function append(path: string, content: Content, line: string): Promise<void> {
  const file = await open(path, 'a', 0o600);
  try {
    await file.appendFile(line);
    await file.datasync();
  } catch (error) {
    // Half a line would spoil the next one.
    await file.truncate(content.size).catch(() => {});
    throw error;
  } finally {
    await file.close();
  }
  if (content.node === null) {
    await syncFolder(dirname(path));
    content.node = (await exists(path))?.ino ?? null;
  }
  content.size += Buffer.byteLength(line);
}

/** Whether the file is as this holder left it. */
async function isKnown(path: string, { node, size }: Content): Promise<boolean> {
  const found = await exists(path);
  if (!found) return node === null;
  return found.ino === node && Number(found.size) === size;
}

/** A place: `path` is a file's, made by the first commit in a folder that is there. */
export function fileJournal(path: string): StoreOpener {
  const place = resolve(path);
  return async () => {
    let content: Content | null = null;
    const attempt = <T>(run: () => Promise<T>): Promise<T> =>
      inTurn(place, run).catch((error) => {
        throw error instanceof StaleStore ? error : storeFailed(error);
      });
    const store: Store = {
      load: () =>
        attempt(async (): Promise<Snapshot> => {
          content = await read(place);
          return { version: content.version, rows: [...content.rows.values()] };
        }),
      commit: (write, version) =>
        attempt(async () => {
          if (!content || content.version !== version || !(await isKnown(place, content))) {
            throw new StaleStore();
          }
          await append(place, content, lineOf(version + 1, write));
          content.version = version + 1;
          apply(content, write);
          // The commit is durable already: if this fails, the file is only longer.
          if (content.size > wasteBytesMin + 4 * content.live) {
            await rewrite(place, content).catch(() => {});
          }
          return content.version;
        }),
      close: async () => {},
    };
    return store;
  };
}
