// One suite over every place that keeps a journal, and what a file has of its own.

import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IDBFactory } from 'fake-indexeddb';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Entry } from '../../client/events/entry.ts';
import { fileJournal } from '../../client/events/file.ts';
import { Journal } from '../../client/events/journal/journal.ts';
import { packPayload, unpackPayload } from '../../client/events/msgpack.ts';
import { indexedDbStore } from '../../client/stores/indexeddb.ts';
import { memoryStore } from '../../client/stores/memory.ts';
import { sqliteStore } from '../../client/stores/sqlite.ts';
import type { StoreOpener } from '../../client/stores/store.ts';
import { codeOf } from './events_harness.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-journal-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newPath = () => join(folder, `journal-${files++}`);

const remoteA = 'a'.repeat(32);
const remoteB = 'b'.repeat(32);
const idOf = (n: number) => n.toString(16).padStart(32, '0');
const entry = (n: number, payload: unknown = { n }): Entry => ({
  id: idOf(n),
  event: 'x',
  primaryKey: `k${n}`,
  payload: packPayload(payload),
});
const ids = (journal: Journal) => journal.all().map(({ id }) => Number.parseInt(id, 16));

describe.each<[string, () => StoreOpener]>([
  ['memory', () => memoryStore()],
  ['IndexedDB', () => indexedDbStore('journal', { indexedDB: new IDBFactory() })],
  ['SQLite', () => sqliteStore(newPath())],
  ['a file', () => fileJournal(newPath())],
])('a journal in %s', (_, newPlace) => {
  let place: StoreOpener;
  let journal: Journal;
  const reopen = async () => {
    await journal.close();
    journal = await Journal.open(place);
  };
  beforeEach(async () => {
    place = newPlace();
    journal = await Journal.open(place);
    return () => journal.close();
  });

  it('holds entries, in the order of their ids, after it was closed', async () => {
    const payload = { text: 'ü', bytes: new Uint8Array([0, 255]), big: 2 ** 40 };
    await journal.commit({ add: [entry(3), entry(1, payload)], own: true });
    await journal.commit({ add: [entry(2)], own: true });
    await reopen();
    expect(ids(journal)).toEqual([1, 2, 3]);
    const [first] = journal.all();
    expect(first).toMatchObject({ event: 'x', primaryKey: 'k1' });
    expect(unpackPayload(first?.payload ?? new Uint8Array())).toEqual(payload);
  });

  it('knows what each server lacks', async () => {
    await journal.commit({ add: [entry(1)], own: true });
    await journal.commit({ register: remoteA });
    await journal.commit({ add: [entry(2)], own: true });
    await journal.commit({ remote: { id: remoteA, has: [idOf(1)], next: 2 } });
    await journal.commit({ register: remoteB });
    await reopen();
    expect(journal.pendingAt(remoteA)).toEqual([idOf(2)]);
    expect(journal.pendingAt(remoteB)).toEqual([idOf(1), idOf(2)]);
    expect(journal.nextOf(remoteA)).toBe(2);
    expect(journal.nextOf(remoteB)).toBe(0);
    expect(journal.nextOf('c'.repeat(32))).toBeUndefined();
  });

  it('holds that a server has what came from it', async () => {
    await journal.commit({ register: remoteA });
    await journal.commit({
      add: [entry(7)],
      remote: { id: remoteA, has: [idOf(7)], next: 5 },
    });
    await reopen();
    expect(journal.pendingAt(remoteA)).toEqual([]);
    expect(ids(journal)).toEqual([7]);
    await journal.commit({ remote: { id: remoteA, has: [], next: 3 } });
    expect(journal.nextOf(remoteA)).toBe(5);
  });

  it('takes an entry once, whoever brings it', async () => {
    await journal.commit({ register: remoteA });
    const told: number[] = [];
    journal.onAdded(({ entries }) =>
      told.push(...entries.map(({ id }) => Number.parseInt(id, 16))),
    );
    await Promise.all([
      journal.commit({ add: [entry(1)], own: true }),
      journal.commit({ add: [entry(1), entry(2)], remote: { id: remoteA, has: [idOf(1)] } }),
    ]);
    await journal.commit({ add: [entry(2)] });
    expect(told).toEqual([1, 2]);
    expect(journal.pendingAt(remoteA)).toEqual([]);
  });

  it('commits what comes together together, and in its order', async () => {
    const order: string[] = [];
    const note = (name: string) => () => order.push(name);
    await Promise.all([
      journal.commit({ add: [entry(1)], own: true }).then(note('add')),
      journal.commit({ register: remoteA }).then(note('register')),
      journal.commit({ remote: { id: remoteA, has: [idOf(1)], next: 2 } }).then(note('has')),
    ]);
    expect(order).toEqual(['add', 'register', 'has']);
    await reopen();
    expect(journal.pendingAt(remoteA)).toEqual([]);
    expect(journal.nextOf(remoteA)).toBe(2);
  });

  it('keeps the four servers that it met last', async () => {
    await journal.commit({ add: [entry(1)], own: true });
    const names = ['1', '2', '3', '4', '5', '6'].map((digit) => digit.repeat(32));
    for (const register of names) await journal.commit({ register });
    await reopen();
    const known = names.filter((name) => journal.nextOf(name) !== undefined);
    expect(known).toEqual(names.slice(2));
    expect(journal.pendingAt(names[0] ?? '')).toEqual([]);
    expect(journal.pendingAt(names[5] ?? '')).toEqual([idOf(1)]);
  });

  it('forgets what is removed', async () => {
    await journal.commit({ register: remoteA });
    await journal.commit({ add: [entry(1), entry(2)], own: true });
    await journal.commit({ remove: [idOf(1)] });
    await reopen();
    expect(ids(journal)).toEqual([2]);
    expect(journal.pendingAt(remoteA)).toEqual([idOf(2)]);
  });

  it('is shared by two holders, and neither loses what the other wrote', async () => {
    await journal.commit({ register: remoteA });
    const other = await Journal.open(place);
    const told: string[] = [];
    other.onAdded(({ entries }) => told.push(...entries.map(({ id }) => id)));
    for (let n = 1; n <= 10; n += 1) {
      const turn = [journal.commit({ add: [entry(n)], own: true })];
      if (n % 2) turn.push(other.commit({ add: [entry(100 + n)], own: true }));
      await Promise.all(turn);
    }
    await journal.commit({ remote: { id: remoteA, has: [idOf(101)], next: 9 } });
    await other.commit({ meta: ['identity', 'text'] });
    expect(ids(other)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 101, 103, 105, 107, 109]);
    expect(other.nextOf(remoteA)).toBe(9);
    expect(new Set(told).size).toBe(15);
    expect(told).toHaveLength(15);
    await other.close();
    await reopen();
    expect(journal.pendingAt(remoteA)).toHaveLength(14);
    expect(journal.meta('identity')).toBe('text');
  });
});

describe('a journal without a place', () => {
  it('is memory', async () => {
    const journal = await Journal.open(null);
    await journal.commit({ add: [entry(1)], own: true });
    expect(ids(journal)).toEqual([1]);
    await journal.close();
  });
});

describe('a journal whose store fails', () => {
  it('takes nothing into memory, and goes on', async () => {
    const good = memoryStore();
    let fail = false;
    const place: StoreOpener = async () => {
      const store = await good();
      const commit: typeof store.commit = (write, version) =>
        fail ? Promise.reject(new Error('the disk is full')) : store.commit(write, version);
      return { ...store, commit };
    };
    const journal = await Journal.open(place);
    fail = true;
    expect(await codeOf(journal.commit({ add: [entry(1)], own: true }))).toBe('store_failed');
    expect(journal.size).toBe(0);
    fail = false;
    await journal.commit({ add: [entry(2)], own: true });
    expect(ids(journal)).toEqual([2]);
  });
});

describe('a journal in a file', () => {
  const filled = async (path: string, count: number) => {
    const journal = await Journal.open(fileJournal(path));
    await journal.commit({ register: remoteA });
    for (let n = 1; n <= count; n += 1) await journal.commit({ add: [entry(n)], own: true });
    await journal.commit({ remote: { id: remoteA, has: [idOf(1)], next: 2 } });
    await journal.close();
  };

  it('is whole after a crash at any byte of the last commit', async () => {
    const path = newPath();
    await filled(path, 3);
    const whole = readFileSync(path);
    const before = whole.subarray(0, -1).lastIndexOf(0x0a) + 1;
    for (let size = before; size < whole.length; size += 1) {
      const torn = `${path}-${size}`;
      writeFileSync(torn, whole.subarray(0, size));
      const journal = await Journal.open(fileJournal(torn));
      expect(ids(journal)).toEqual([1, 2, 3]);
      expect(journal.pendingAt(remoteA)).toHaveLength(3);
      await journal.commit({ add: [entry(4)], own: true });
      await journal.close();
      const again = await Journal.open(fileJournal(torn));
      expect(ids(again)).toEqual([1, 2, 3, 4]);
      await again.close();
    }
  });

  it('with garbage at its end drops the garbage', async () => {
    const path = newPath();
    await filled(path, 2);
    appendFileSync(path, 'deadbeef {"format":1\n');
    const journal = await Journal.open(fileJournal(path));
    expect(ids(journal)).toEqual([1, 2]);
    expect(journal.nextOf(remoteA)).toBe(2);
    await journal.close();
  });

  it('damaged in the middle keeps the rest, and exchanges everything anew', async () => {
    const path = newPath();
    await filled(path, 3);
    const bytes = readFileSync(path);
    const lines = bytes.toString().split('\n');
    const at = bytes.indexOf(lines[2] ?? '') + 40; // the commit of the second entry
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const journal = await Journal.open(fileJournal(path));
    expect(ids(journal)).toEqual([1, 3]);
    expect(journal.nextOf(remoteA)).toBeUndefined();
    await journal.commit({ register: remoteA });
    expect(journal.pendingAt(remoteA)).toEqual([idOf(1), idOf(3)]);
    await journal.close();
    expect(readFileSync(`${path}.damaged`).equals(bytes)).toBe(true);
  });

  it('does not grow with what no longer counts', async () => {
    const path = newPath();
    const journal = await Journal.open(fileJournal(path));
    const payload = 'x'.repeat(10_000);
    for (let n = 1; n <= 50; n += 1) {
      await journal.commit({ add: [entry(n, payload)], own: true });
      if (n > 1) await journal.commit({ remove: [idOf(n - 1)] });
    }
    expect(statSync(path).size).toBeLessThan(160_000);
    await journal.close();
    const again = await Journal.open(fileJournal(path));
    expect(ids(again)).toEqual([50]);
    await again.close();
  });

  it('of a newer version is refused, and left alone', async () => {
    const path = newPath();
    await filled(path, 1);
    const { crc32 } = await import('node:zlib');
    const json = '{"format":2,"version":9,"write":{}}';
    appendFileSync(path, `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`);
    const bytes = readFileSync(path);
    expect(await codeOf(Journal.open(fileJournal(path)))).toBe('store_newer');
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });
});
