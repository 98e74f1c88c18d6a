// Deletions of a document's records, where they need a person; and tabs that share a document.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DB } from '../../client/documents/db.ts';
import type { Confirm } from '../../client/documents/types.ts';
import { memoryStore } from '../../client/stores/memory.ts';
import { code, Documents } from './documents_harness.ts';
import { settle } from './world.ts';

let d: Documents;
beforeEach(() => {
  d = new Documents();
  d.server.write(
    'eve',
    ['users', 'u1', { name: 'Ada', age: 36 }],
    ['users', 'u2', { name: 'Bob' }],
    ['plans', 'p1', {}],
  );
  d.server.publish();
});
afterEach(() => d.close());

const users = (db: DB) => db.collection('users').list();
const flush = (db: DB) => d.world.until(db.flush());

describe('a deletion', () => {
  const last = async (confirm?: Confirm) => {
    d = new Documents();
    d.server.write('eve', ['users', 'u1', {}]);
    d.server.publish();
    return d.open(confirm ? { confirm } : {});
  };

  it('of the last record is asked about; cancelled, nothing is sent', async () => {
    const asked: unknown[] = [];
    const db = await last(async (question) => {
      asked.push(question);
      return false;
    });
    expect(await db.delete('users', 'u1')).toBe(false);
    await d.world.pass(60_000);
    expect(asked).toEqual([{ kind: 'delete_last_record', collection: 'users', id: 'u1' }]);
    expect([db.status.queued, d.patches.length, users(db).length]).toEqual([0, 0, 1]);
  });

  it('of the last two at once is asked about too', async () => {
    d = new Documents();
    d.server.write('eve', ['users', 'u1', {}], ['users', 'u2', {}]);
    d.server.publish();
    const db = await d.open({ confirm: () => false });
    expect(await Promise.all([db.delete('users', 'u1'), db.delete('users', 'u2')])).toEqual([
      true,
      false,
    ]);
    expect(users(db)).toEqual([{ id: 'u2' }]);
  });

  it('of any other record is not', async () => {
    const db = await d.open({ confirm: () => expect.unreachable() });
    expect(await db.delete('users', 'u1')).toBe(true);
    expect(await db.delete('users', 'none')).toBe(false);
    await flush(db);
    expect(d.server.get('users', 'u1')).toBeNull();
  });

  it('of the last record is refused by the server, unless it is meant', async () => {
    const db = await last(() => true);
    await db.delete('users', 'u1');
    await flush(db);
    const [refused] = db.queue.refused;
    expect(refused).toMatchObject({ code: 'empty_write_denied', status: 409 });
    expect([db.status.refused, users(db).length]).toEqual([1, 1]);
    await db.queue.retry(refused?.number ?? 0, { allowEmpty: true });
    await flush(db);
    expect([d.server.document, users(db)]).toEqual([{ users: [] }, []]);
    await db.upsert('users', { id: 'u2' });
    await flush(db);
    await db.delete('users', 'u2', { allowEmpty: true });
    await flush(db);
    expect(db.queue.refused).toEqual([]);
    expect(d.patches.at(-1)?.headers.get('x-allow-empty-write')).toBe('true');
    expect(d.patches.at(-2)?.headers.has('x-allow-empty-write')).toBe(false);
  });

  it('of what another changes is left to a person', async () => {
    const db = await d.open();
    d.server.write('eve', ['users', 'u1', { name: 'Eve' }], ['users', 'u2', { name: 'Eve' }]);
    await db.delete('users', 'u1');
    await db.delete('users', 'u2');
    await flush(db);
    const [first, second] = db.queue.conflicts;
    expect(first).toMatchObject({ kind: 'delete_changed', theirs: { id: 'u1', name: 'Eve' } });
    expect(users(db)).toEqual(d.server.document.users);
    await db.queue.resolve(first?.number ?? 0, 'mine');
    await db.queue.resolve(second?.number ?? 0, 'theirs');
    await flush(db);
    expect(d.server.document.users).toEqual([{ id: 'u2', name: 'Eve' }]);
    expect(db.queue.conflicts).toEqual([]);
  });

  it('by another of what I edit keeps my edit, to make it anew', async () => {
    const db = await d.open();
    d.server.write('eve', ['users', 'u1', null], ['users', 'u2', null]);
    await db.update('users', 'u1', { age: 37 });
    await db.update('users', 'u2', { name: 'Bea' });
    await flush(db);
    const [first, second] = db.queue.conflicts;
    expect(first).toMatchObject({ kind: 'edit_deleted', mine: { id: 'u1', name: 'Ada', age: 37 } });
    expect(first).not.toHaveProperty('theirs');
    expect(users(db)).toEqual([]);
    await db.queue.resolve(first?.number ?? 0, 'mine');
    await db.queue.resolve(second?.number ?? 0, 'theirs');
    await flush(db);
    expect(d.server.document.users).toEqual([{ id: 'u1', name: 'Ada', age: 37 }]);
  });
});

describe('tabs', () => {
  it('share what is seen and queued, and one of them sends', async () => {
    const store = memoryStore();
    const [one, two] = [await d.open({ store }), await d.open({ store })];
    await two.update('users', 'u1', { age: 1 });
    await settle();
    expect(one.collection('users').get('u1')).toMatchObject({ age: 1 });
    await flush(two);
    expect(d.patches).toHaveLength(1);
    await one.close();
    await two.update('users', 'u1', { age: 2 });
    await flush(two);
    expect(d.server.get('users', 'u1')).toMatchObject({ age: 2 });
  });

  it('that do not send are told how it goes', async () => {
    const store = memoryStore();
    const [, two] = [await d.open({ store }), await d.open({ store })];
    d.up = false;
    await two.update('users', 'u1', { age: 1 });
    expect(await code(flush(two))).toBe('offline');
    expect(two.status).toMatchObject({ state: 'offline', queued: 1 });
    d.up = true;
    await flush(two);
    expect(two.status).toMatchObject({ state: 'idle', queued: 0, lastError: null });
  });
});
