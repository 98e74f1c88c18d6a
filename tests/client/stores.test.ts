// One suite over every store, and what each has of its own.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { IDBFactory } from 'fake-indexeddb';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { Local } from '../../client/local.ts';
import { indexedDbStore } from '../../client/stores/indexeddb.ts';
import { memoryStore } from '../../client/stores/memory.ts';
import { sqliteStore, statements } from '../../client/stores/sqlite.ts';
import {
  StaleStore,
  type Store,
  type StoredRow,
  type StoreOpener,
  type Write,
} from '../../client/stores/store.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-stores-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newFile = () => join(folder, `${++files}.db`);

const places: [string, () => StoreOpener][] = [
  ['memory', () => memoryStore()],
  ['IndexedDB', () => indexedDbStore('app', { indexedDB: new IDBFactory() })],
  ['SQLite', () => sqliteStore(newFile())],
];

const put = (...rows: StoredRow[]): Write => ({ clear: [], delete: [], put: rows });
const sorted = (rows: StoredRow[]) =>
  rows.map((row) => JSON.stringify(row)).sort((a, b) => (a < b ? -1 : 1));

describe.each(places)('a store in %s', (_, newPlace) => {
  let place: StoreOpener;
  let store: Store;
  beforeEach(async () => {
    place = newPlace();
    store = await place();
    return () => store.close();
  });

  it('begins empty', async () => {
    expect(await store.load()).toEqual({ version: 0, rows: [] });
  });

  it('keeps what is committed, for the next holder too', async () => {
    const rows: StoredRow[] = [
      ['meta', 'state', { cursor: 'e.1' }],
      ['base', ' plans a b', { data: { title: 'Ünïcode 🦀', list: [1, null, { x: 0.5 }] } }],
      ['base', ' plans A b', { data: {} }],
      ['outbox', ' plans a b', { ms: 1 }],
      ['rejected', '1', { code: 'x' }],
      ['conflicts', '1', { code: 'y' }],
    ];
    expect(await store.commit(put(...rows), 0)).toBe(1);
    await store.close();
    store = await place();
    const { version, rows: found } = await store.load();
    expect(version).toBe(1);
    expect(sorted(found)).toEqual(sorted(rows));
  });

  it('clears, then deletes, then puts', async () => {
    await store.commit(put(['base', 'a', 1], ['base', 'b', 2], ['outbox', 'a', 3]), 0);
    const write: Write = {
      clear: ['base'],
      delete: [
        ['outbox', 'a'],
        ['outbox', 'never'],
      ],
      put: [
        ['base', 'c', 4],
        ['base', 'c', 5],
      ],
    };
    await store.commit(write, 1);
    expect(await store.load()).toEqual({ version: 2, rows: [['base', 'c', 5]] });
  });

  it('refuses a commit from before another’s, and keeps nothing of it', async () => {
    const other = await place();
    await other.commit(put(['base', 'a', 'other']), 0);
    await expect(store.commit(put(['base', 'a', 'late']), 0)).rejects.toThrow(StaleStore);
    expect(await store.load()).toEqual({ version: 1, rows: [['base', 'a', 'other']] });
    await store.commit(put(['base', 'b', 'then']), 1);
    expect((await other.load()).version).toBe(2);
    await other.close();
  });

  it('keeps nothing of a commit that fails half-way', async () => {
    await store.commit(put(['base', 'a', 1]), 0);
    const unstorable = {
      toJSON: () => {
        throw new Error('no value');
      },
    };
    await expect(
      store.commit(put(['base', 'a', 2], ['base', 'b', unstorable]), 1),
    ).rejects.toThrow();
    expect(await store.load()).toEqual({ version: 1, rows: [['base', 'a', 1]] });
  });

  it('serves a device through restarts', async () => {
    const options = {
      store: place,
      device: undefined,
      newDevice: () => 'made-once',
      collections: [{ name: 'plans' }],
      now: () => 1_795_000_000_000,
    };
    const first = await Local.open(options);
    const edits = ['a', 'b', 'c'].map((id) => first.edit([{ key: ` plans ${id}`, data: { id } }]));
    await Promise.all(edits);
    await first.edit([{ key: ' plans b', data: null }]);
    await first.close();
    const again = await Local.open({ ...options, newDevice: () => 'another' });
    expect(again.replica.state.meta.device).toBe('made-once');
    expect([...again.keysOf('plans')].filter((key) => again.view(key))).toHaveLength(2);
    await again.close();
  });

  it('takes ten thousand rows in one commit', async () => {
    const rows = Array.from({ length: 10_000 }, (_, i): StoredRow => ['base', `k${i}`, { i }]);
    await store.commit(put(...rows), 0);
    expect((await store.load()).rows).toHaveLength(10_000);
  });
});

describe('a store of a newer format', () => {
  it('is refused and not touched, in SQLite', async () => {
    const file = newFile();
    const db = new DatabaseSync(file);
    db.exec('CREATE TABLE of_the_future (x); PRAGMA user_version = 2');
    db.close();
    await expect(sqliteStore(file)()).rejects.toMatchObject({ code: 'store_newer' });
    const after = new DatabaseSync(file);
    const names = after.prepare('SELECT name FROM sqlite_schema').all();
    expect(names).toEqual([{ name: 'of_the_future' }]);
    expect(after.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'delete' });
    after.close();
  });

  it('is refused and not touched, in IndexedDB', async () => {
    const indexedDB = new IDBFactory();
    await new Promise<void>((resolve) => {
      const request = indexedDB.open('app', 2);
      request.onupgradeneeded = () => request.result.createObjectStore('of_the_future');
      request.onsuccess = () => {
        request.result.close();
        resolve();
      };
    });
    await expect(indexedDbStore('app', { indexedDB })()).rejects.toMatchObject({
      code: 'store_newer',
    });
    expect(await indexedDB.databases()).toEqual([{ name: 'app', version: 2 }]);
  });
});

describe('SQLite', () => {
  it('cannot be opened where there is no folder, and says so', async () => {
    const opening = sqliteStore(join(folder, 'no', 'such', 'place.db'))();
    await expect(opening).rejects.toMatchObject({ code: 'store_failed' });
  });

  it('scans only where everything is wanted', async () => {
    const file = newFile();
    await (await sqliteStore(file)()).close();
    const db = new DatabaseSync(file);
    const plan = (text: string) =>
      db
        .prepare(`EXPLAIN QUERY PLAN ${text}`)
        .all()
        .map(({ detail }) => String(detail));
    const { readVersion, readRows, nextVersion, clear, remove, put: putRow } = statements;
    expect(plan(readRows)).toEqual(['SCAN rows']);
    for (const text of [readVersion, nextVersion, clear, remove, putRow]) {
      for (const detail of plan(text)) expect(detail).not.toMatch(/SCAN/);
    }
    expect(plan(clear)).toEqual(['SEARCH rows USING PRIMARY KEY (name=?)']);
    db.close();
  });
});

describe('IndexedDB', () => {
  const newTabs = () => {
    const indexedDB = new IDBFactory();
    let holder: Promise<unknown> = Promise.resolve();
    const locks = {
      request: (_: string, { signal }: { signal: AbortSignal }, run: () => Promise<void>) => {
        const turn = holder.then(() => (signal.aborted ? undefined : run()));
        holder = turn;
        return turn;
      },
    } as unknown as LockManager;
    return indexedDbStore('tabs', { indexedDB, locks });
  };

  it('tells the other tabs what one has committed', async () => {
    const place = newTabs();
    const [one, two] = [await place(), await place()];
    const heard = new Promise((resolve) => two.watch?.(resolve));
    await one.commit(put(['base', 'a', 1]), 0);
    expect(await heard).toEqual({ write: put(['base', 'a', 1]), version: 1 });
    await Promise.all([one.close(), two.close()]);
  });

  it('lets one tab lead, and the next when that goes', async () => {
    const place = newTabs();
    const [one, two, three] = [await place(), await place(), await place()];
    const leaders: string[] = [];
    const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
    const end = one.lead?.(() => leaders.push('one'));
    const giveUp = two.lead?.(() => leaders.push('two'));
    three.lead?.((alone) => leaders.push(`three ${alone}`));
    await turn();
    expect(leaders).toEqual(['one']);
    giveUp?.();
    end?.();
    await turn();
    expect(leaders).toEqual(['one', 'three true']);
    await Promise.all([one.close(), two.close(), three.close()]);
  });

  it('lets each tab sync where there are no locks', async () => {
    const store = await indexedDbStore('app', { indexedDB: new IDBFactory() })();
    const led: boolean[] = [];
    store.lead?.((alone) => led.push(alone));
    expect(led).toEqual([false]);
    await store.close();
  });
});
