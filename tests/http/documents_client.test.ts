// The documents SDK against the Worker: what tests/client tries on a fake server, on the real one.

import { afterEach, describe, expect, it } from 'vitest';
import { DB } from '../../client/documents/db.ts';
import { HttpAdapter } from '../../client/documents/http_adapter.ts';
import type { DbOptions } from '../../client/documents/types.ts';
import { ask, HERE } from '../accounts.ts';
import { signToken } from '../tokens.ts';

let apps = 0;
const newUrl = () => {
  apps += 1;
  return `${HERE}/apps/sdk-${apps}/db.json`;
};

const fetch = ((to: string, init?: RequestInit) => {
  const { pathname, search } = new URL(to);
  return ask(pathname + search, init);
}) as typeof globalThis.fetch;

const opened: DB[] = [];
afterEach(async () => {
  for (const db of opened.splice(0)) await db.close();
});

async function adapter(url: string, role = 'admin') {
  const token = await signToken(`person-${crypto.randomUUID()}`, { role });
  const headers = { authorization: `Bearer ${token}` };
  return new HttpAdapter({ snapshotUrl: url, writeUrl: url, headers, fetch });
}

async function open(url: string, options: Partial<DbOptions> = {}): Promise<DB> {
  const db = await DB.open({ adapter: await adapter(url), view: 'owner', ...options });
  opened.push(db);
  return db;
}

const records = (db: DB, name = 'users') => db.collection(name).list();

describe('the SDK', () => {
  it('makes a document, and what it did others read', async () => {
    const url = newUrl();
    const db = await open(url);
    expect(db.status).toMatchObject({ version: null, lastError: null });
    await db.upsert('users', { id: 'u1', name: 'Ada', '': { deep: [1, null] } });
    await db.upsert('users', { id: 'u2', name: 'Bob' });
    await db.upsert('plans', { id: 'p1' });
    await db.flush();
    await db.delete('users', 'u2');
    await db.flush();
    const other = await open(url);
    expect(other.collections()).toEqual(['users', 'plans']);
    expect(records(other)).toEqual([{ id: 'u1', name: 'Ada', '': { deep: [1, null] } }]);
    await db.refresh();
    expect(records(db)).toEqual(records(other));
    expect(db.status.version).toBe(other.status.version);
  });

  it('keeps the edits of two, and reports where both changed a field', async () => {
    const url = newUrl();
    const one = await open(url);
    await one.upsert('users', { id: 'u1', name: 'Ada', age: 36 });
    await one.upsert('users', { id: 'u2' });
    await one.flush();
    const two = await open(url);
    await one.update('users', 'u1', { name: 'by one' });
    await one.flush();
    await two.update('users', 'u1', { name: 'by two', age: 37 });
    await two.update('users', 'u2', { name: 'Bob' });
    await two.flush();
    expect(two.queue.conflicts).toMatchObject([
      { field: 'name', mine: 'by two', theirs: 'by one' },
    ]);
    await two.queue.resolve(two.queue.conflicts[0]?.number ?? 0, 'theirs');
    await two.flush();
    await one.refresh();
    expect(records(one)).toEqual([
      { id: 'u1', name: 'by one', age: 37 },
      { id: 'u2', name: 'Bob' },
    ]);
    expect(records(two)).toEqual(records(one));
  });

  it('leaves deletions and edits that meet to a person', async () => {
    const url = newUrl();
    const one = await open(url);
    for (const id of ['u1', 'u2', 'u3']) await one.upsert('users', { id, n: 0 });
    await one.flush();
    const two = await open(url);
    await one.update('users', 'u1', { n: 1 });
    await one.delete('users', 'u2');
    await one.flush();
    await two.delete('users', 'u1');
    await two.update('users', 'u2', { n: 2 });
    await two.flush();
    expect(two.queue.conflicts.map(({ kind, id }) => [kind, id])).toEqual([
      ['delete_changed', 'u1'],
      ['edit_deleted', 'u2'],
    ]);
    for (const { number } of two.queue.conflicts) await two.queue.resolve(number, 'mine');
    await two.flush();
    await one.refresh();
    expect(records(one)).toEqual([
      { id: 'u3', n: 0 },
      { id: 'u2', n: 2 },
    ]);
  });

  it('empties a document only when that is meant', async () => {
    const db = await open(newUrl(), { confirm: () => true });
    await db.upsert('users', { id: 'u1' });
    await db.flush();
    await db.delete('users', 'u1');
    await db.flush();
    expect(db.queue.refused).toMatchObject([{ code: 'empty_write_denied', status: 409 }]);
    expect(records(db)).toEqual([{ id: 'u1' }]);
    await db.queue.retry(db.queue.refused[0]?.number ?? 0, { allowEmpty: true });
    await db.flush();
    await db.refresh();
    expect([records(db), db.queue.refused]).toEqual([[], []]);
  });

  it('does not send again what was written, though the answer was lost', async () => {
    const url = newUrl();
    let lose = true;
    const lossy = (async (to: string, init?: RequestInit) => {
      const response = await fetch(to, init);
      if (init?.method === 'PATCH' && lose) {
        lose = false;
        await response.text();
        throw new Error('lost');
      }
      return response;
    }) as typeof globalThis.fetch;
    const token = await signToken('lossy', { role: 'admin' });
    const headers = { authorization: `Bearer ${token}` };
    const losing = new HttpAdapter({ snapshotUrl: url, writeUrl: url, headers, fetch: lossy });
    const db = await open(url, { adapter: losing });
    await db.upsert('users', { id: 'u1', n: 1 });
    await db.flush().catch(() => {});
    await db.flush();
    expect([db.queue.mutations, db.queue.conflicts, db.queue.refused]).toEqual([[], [], []]);
    const after = await open(url);
    expect(records(after)).toEqual([{ id: 'u1', n: 1 }]);
  });

  it('puts a document whole, over the version that it knows', async () => {
    const url = newUrl();
    const admin = await adapter(url);
    const version = await admin.put({ title: 'Site', users: [{ id: 'u1' }] }, { version: null });
    expect(await admin.readOwner(version)).toBeNull();
    const next = await admin.put({ title: 'Site', users: [{ id: 'u2' }] }, { version });
    const failed = admin.put({ users: [{ id: 'u3' }] }, { version });
    await expect(failed).rejects.toMatchObject({ code: 'precondition_failed', version: next });
    const shard = await admin.readShard('users');
    expect(shard.document).toEqual({ users: [{ id: 'u2' }] });
    expect(await admin.signedIn()).toBe(true);
  });

  it('sets aside what its user may not write, and says who is signed in', async () => {
    const url = newUrl();
    const viewer = await adapter(url, 'viewer');
    const db = await open(url, { adapter: viewer });
    await db.upsert('users', { id: 'u1' });
    await db.flush();
    expect(db.queue.refused).toMatchObject([{ status: 403 }]);
    const nobody = new HttpAdapter({ snapshotUrl: url, writeUrl: url, fetch });
    expect(await nobody.signedIn()).toBe(false);
    await expect(nobody.readOwner()).rejects.toMatchObject({ status: 401 });
  });
});
