// The stores that a document can have, each through a restart; and the one in a file by itself.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IDBFactory } from 'fake-indexeddb';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DB } from '../../client/documents/db.ts';
import { fileQueueStore } from '../../client/documents/file.ts';
import { indexedDbStore } from '../../client/stores/indexeddb.ts';
import { memoryStore } from '../../client/stores/memory.ts';
import { sqliteStore } from '../../client/stores/sqlite.ts';
import type { StoreOpener } from '../../client/stores/store.ts';
import { storeName } from '../../worker/pages/browser/admin/store_name.ts';
import { code, Documents } from './documents_harness.ts';
import type { World } from './world.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-queue-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const path = () => {
  files += 1;
  return join(folder, `queue-${files}.json`);
};

let d: Documents;
beforeEach(() => {
  d = new Documents();
  d.server.write('eve', ['users', 'u1', { n: 0 }], ['users', 'u2', { n: 0 }]);
  d.server.publish();
});
afterEach(() => d.close());

/** Lets time pass, and stores do their work, until the promise settles. */
async function passing<T>(world: World, promise: Promise<T>): Promise<T> {
  let settled = false;
  const mark = () => {
    settled = true;
  };
  promise.then(mark, mark);
  while (!settled) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    await world.pass(5);
  }
  return promise;
}

describe.each<[string, () => StoreOpener]>([
  ['memory', () => memoryStore()],
  [
    'IndexedDB',
    () => {
      const options = {
        indexedDB: new IDBFactory(),
        locks: undefined,
        BroadcastChannel: undefined,
      };
      return indexedDbStore('documents', options as never);
    },
  ],
  ['a file', () => fileQueueStore(path())],
  ['SQLite', () => sqliteStore(join(folder, `${++files}.db`))],
])('a queue in %s', (_, make) => {
  it('has after a restart what it had: copy, mutations in order, refused, conflicts', async () => {
    const store = make();
    const adapter = d.adapter();
    const open = () => passing(d.world, DB.open({ adapter, store }));
    const db = await open();
    d.up = false;
    for (let n = 1; n <= 12; n += 1) await db.update('users', n % 2 ? 'u1' : 'u2', { n });
    await db.delete('users', 'u2');
    const before = { ...db.status, records: db.collection('users').list() };
    expect(before.records).toEqual([{ id: 'u1', n: 11 }]);
    const queued = db.queue.mutations.map(({ number, id, action }) => [number, id, action]);
    await db.close();
    const again = await open();
    expect(again.collection('users').list()).toEqual(before.records);
    expect(again.status.version).toBe(before.version);
    expect(again.queue.mutations.map(({ number, id, action }) => [number, id, action])).toEqual(
      queued,
    );
    await again.close();
  });
});

describe('a file', () => {
  it('is always one state, whole, and nothing is left beside it', async () => {
    const at = path();
    const store = await fileQueueStore(at)();
    expect(await store.load()).toEqual({ version: 0, rows: [] });
    for (let n = 0; n < 5; n += 1) {
      await store.commit({ clear: [], delete: [], put: [['outbox', String(n), { n }]] }, n);
      expect(JSON.parse(readFileSync(at, 'utf8')).version).toBe(n + 1);
    }
    await store.commit({ clear: ['base'], delete: [['outbox', '0']], put: [] }, 5);
    const { rows } = await store.load();
    expect(rows.map(([, key]) => key)).toEqual(['1', '2', '3', '4']);
    expect(readdirSync(folder).filter((name) => name.includes('.tmp'))).toEqual([]);
  });

  it('refuses a commit of who does not know its newest version', async () => {
    const opener = fileQueueStore(path());
    const [one, two] = [await opener(), await opener()];
    const write = { clear: [], delete: [], put: [] };
    await one.commit(write, 0);
    await expect(two.commit(write, 0)).rejects.toMatchObject({ name: 'StaleStore' });
  });

  it('that cannot be written leaves the one before', async () => {
    const store = await fileQueueStore(join(folder, 'missing', 'queue.json'))();
    const failing = store.commit({ clear: [], delete: [], put: [] }, 0);
    await expect(failing).rejects.toMatchObject({ code: 'store_failed' });
  });

  it.each([
    ['{"format":99,"version":1,"rows":[]}', 'store_newer'],
    ['{"format":1,"ver', 'store_failed'],
  ])('that holds %s is not touched', async (text, expected) => {
    const at = path();
    writeFileSync(at, text);
    expect(await code(d.queue({ store: fileQueueStore(at) }))).toBe(expected);
    expect(readFileSync(at, 'utf8')).toBe(text);
  });
});

it("the admin page has a store for each user's each app", () => {
  expect(storeName('ada-b', 'c')).not.toBe(storeName('ada', 'b-c'));
});
