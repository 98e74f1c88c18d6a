// A document on a device: what an app sees, and what its edits become.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DB } from '../../client/documents/db.ts';
import type { DbChange } from '../../client/documents/types.ts';
import { memoryStore } from '../../client/stores/memory.ts';
import { code, Documents, url } from './documents_harness.ts';
import { bare } from './harness.ts';
import { Process } from './world.ts';

let d: Documents;
beforeEach(() => {
  d = new Documents();
  d.server.write(
    'eve',
    ['users', 'u1', { name: 'Ada', age: 36 }],
    ['users', 'u2', { name: 'Bob' }],
    ['plans', 'p1', { title: 'Latin' }],
  );
  d.server.publish();
});
afterEach(() => d.close());

const users = (db: DB) => db.collection('users').list();
const flush = (db: DB) => d.world.until(db.flush());
const refresh = (db: DB) => d.world.until(db.refresh());

describe('what is seen', () => {
  it('is the published document, its collections and its other members', async () => {
    const twice = [{ id: 'x' }, { id: 'x' }];
    const document = { title: 'Site', users: [{ id: 'u1' }], none: [], tags: ['a'], twice };
    const text = JSON.stringify(document);
    d.server.published.push({ tag: `${d.world.now + 1}-${d.server.epoch}`, text });
    const db = await d.open();
    expect(db.collections()).toEqual(['users', 'none']);
    expect(db.values()).toEqual({ title: 'Site', tags: ['a'], twice });
    expect(users(db)).toEqual([{ id: 'u1' }]);
    expect(db.collection('none').list()).toEqual([]);
    expect(db.collection('other').get('u1')).toBeUndefined();
  });

  it('is frozen, and not what the app gave', async () => {
    const db = await d.open();
    const given = { id: 'u3', tags: ['a'] };
    await db.upsert('users', given);
    given.tags.push('b');
    const got = db.collection<typeof given>('users').get('u3');
    expect(got?.tags).toEqual(['a']);
    expect(() => got?.tags.push('c')).toThrow(TypeError);
  });

  it('is an edit at once, and its order is the one of the document', async () => {
    const db = await d.open();
    const told: DbChange[] = [];
    db.subscribe((change) => told.push(change));
    await db.upsert('users', { id: 'u0', name: 'new' });
    await db.update('users', 'u1', { age: 37 });
    await db.delete('users', 'u2');
    expect(users(db)).toEqual([
      { id: 'u1', name: 'Ada', age: 37 },
      { id: 'u0', name: 'new' },
    ]);
    expect(db.collection('users').isPending('u1')).toBe(true);
    expect(db.status).toMatchObject({ queued: 3, state: 'idle' });
    expect(told.at(-1)).toEqual({ collections: new Set(['users']), values: false });
    await flush(db);
    expect(d.server.document.users).toEqual(users(db));
    expect(db.collection('users').isPending('u1')).toBe(false);
  });

  it('keeps what was acknowledged under older copies, until one is newer', async () => {
    const db = await d.open();
    await db.update('users', 'u1', { age: 37 });
    await db.upsert('users', { id: 'u3', name: 'Cy' });
    await db.delete('plans', 'p1');
    await flush(db);
    const shown = [...users(db), ...db.collection('plans').list()];
    expect(shown).toHaveLength(3);
    await refresh(db); // the same old copy
    const acknowledged = d.server.version;
    d.server.write('eve', ['users', 'u2', { name: 'Bea' }]);
    const [old] = d.server.published;
    d.server.published.push({ ...old, tag: `${acknowledged - 1}-${d.server.epoch}` } as never);
    await refresh(db);
    expect([...users(db), ...db.collection('plans').list()]).toEqual(shown);
    d.server.publish();
    await refresh(db);
    expect(db.collection('users').get('u2')).toEqual({ id: 'u2', name: 'Bea' });
    expect(users(db)).toEqual(d.server.document.users);
    d.server.choose = () => 0;
    await refresh(db);
    expect(users(db)).toEqual(d.server.document.users);
  });

  it('is the newest of two copies, whoever had it', async () => {
    const db = await d.open({ view: 'owner' });
    d.server.write('eve', ['users', 'u1', { name: 'Newer' }]);
    await refresh(db);
    const [first] = d.server.published;
    d.server.refuse = ({ url: { search } }) =>
      search ? new Response(first?.text, { headers: { etag: `"${first?.tag}"` } }) : null;
    await refresh(db);
    expect(db.collection('users').get('u1')).toEqual({ id: 'u1', name: 'Newer' });
  });

  it('is not what a late answer says of an earlier moment', async () => {
    const process = new Process(d.world);
    const quick = d.fetchOf(process);
    const late = async (to: string, init?: RequestInit) => {
      const response = await quick(to, init);
      if (init?.method !== 'PATCH') return response;
      await new Promise<void>((resolve) => d.world.after(1_000, resolve));
      return response;
    };
    const db = await d.open({ view: 'owner', http: { fetch: late as typeof fetch } }, process);
    await db.update('users', 'u1', { age: 37 });
    await d.world.pass(100);
    expect(d.server.get('users', 'u1')).toMatchObject({ age: 37 });
    d.server.write('eve', ['users', 'u1', { name: 'Ada', age: 38 }]);
    await refresh(db);
    await d.world.pass(2_000);
    expect(db.status.queued).toBe(0);
    expect(db.collection('users').get('u1')).toEqual({ id: 'u1', name: 'Ada', age: 38 });
  });

  it('is another life of the document when the owner says so', async () => {
    const db = await d.open();
    await db.update('users', 'u1', { age: 37 });
    await flush(db);
    d.server.loseAll('ffffffffffffffff');
    d.server.version = 5;
    d.server.write('eve', ['users', 'u9', {}]);
    d.server.version = 6;
    const old = d.server.published[0];
    d.server.publish();
    await refresh(db);
    expect(users(db)).toEqual([{ id: 'u9' }]);
    // A copy of the old life that a cache still has: its number is higher.
    if (old) d.server.published.push(old);
    await refresh(db);
    expect(users(db)).toEqual([{ id: 'u9' }]);
  });

  it.each([503, 401, 404])(
    'is what was, while the owner answers %i to two lives',
    async (status) => {
      const db = await d.open();
      await db.update('users', 'u1', { age: 37 });
      await flush(db);
      const [before, version] = [users(db), db.status.version];
      // A copy of an earlier life that a cache still has.
      const text = JSON.stringify({ users: [{ id: 'old' }] });
      d.server.published.push({ tag: `${d.world.now + 1}-ffffffffffffffff`, text });
      d.server.refuse = ({ url: { search } }) => (search ? Response.json({}, { status }) : null);
      // That there is no document is no failure.
      expect(await code(refresh(db))).toBe(status === 404 ? 'no error' : `http_${status}`);
      expect([users(db), db.status.version]).toEqual([before, version]);
      d.server.refuse = () => null;
      await refresh(db);
      expect([users(db), db.status.lastError]).toEqual([before, null]);
    },
  );

  it('is the published one of two lives, where the owner has too much for one answer', async () => {
    const db = await d.open();
    const text = JSON.stringify({ users: [{ id: 'new' }] });
    d.server.published.push({ tag: `${d.world.now + 1}-ffffffffffffffff`, text });
    d.server.refuse = ({ url: { search } }) =>
      search ? Response.json({ error: 'view_too_large' }, { status: 413 }) : null;
    await refresh(db);
    expect(users(db)).toEqual([{ id: 'new' }]);
  });

  it('is what was kept, where there is no network', async () => {
    const store = memoryStore();
    const first = new Process(d.world);
    const db = await d.open({ store: bare(store, first) }, first);
    await db.update('users', 'u1', { age: 37 });
    first.dead = true;
    d.up = false;
    const again = await d.open({ store: bare(store) });
    expect(again.collection('users').get('u1')).toEqual({ id: 'u1', name: 'Ada', age: 37 });
    await d.world.pass(1_000);
    expect(again.status).toMatchObject({ queued: 1, state: 'offline', version: d.server.tag });
    d.up = true;
    await flush(again);
    expect(d.server.get('users', 'u1')).toMatchObject({ age: 37 });
  });

  it('is nothing before there is a document, and an edit makes one', async () => {
    d = new Documents();
    const db = await d.open();
    expect([db.collections(), db.status.version, db.status.lastError]).toEqual([[], null, null]);
    await db.upsert('users', { id: 'u1' });
    await flush(db);
    expect(d.server.document).toEqual({ users: [{ id: 'u1' }] });
    d.server.publish();
    await refresh(db);
    expect(db.status.version).toBe(d.server.tag);
  });

  it('is read again by itself, where that is wanted', async () => {
    const db = await d.open({ pollInterval: 5_000 });
    d.server.write('eve', ['users', 'u1', { name: 'Eve' }]);
    d.server.publish();
    d.server.refuse = () => Response.json({}, { status: 503 });
    await d.world.pass(5_100);
    expect(db.status).toMatchObject({ state: 'waiting', lastError: { status: 503 } });
    d.server.refuse = () => null;
    await d.world.pass(5_100);
    expect(db.collection('users').get('u1')).toEqual({ id: 'u1', name: 'Eve' });
    expect(db.status).toMatchObject({ state: 'idle', lastError: null });
  });
});

describe('an edit', () => {
  it('of records that others edit too keeps both, and asks nobody', async () => {
    const [one, two] = [await d.open({ user: 'one' }), await d.open({ user: 'two' })];
    await one.update('users', 'u1', { name: 'by one' });
    await two.update('users', 'u1', { age: 2 });
    await two.update('users', 'u2', { name: 'by two' });
    await flush(one);
    await flush(two);
    expect(d.server.document.users).toEqual([
      { id: 'u1', name: 'by one', age: 2 },
      { id: 'u2', name: 'by two' },
    ]);
    expect([...one.queue.conflicts, ...two.queue.conflicts]).toEqual([]);
    expect(users(two)).toEqual(d.server.document.users);
  });

  it('of the same field is written last and reported, and can be taken back', async () => {
    const [one, two] = [await d.open({ user: 'one' }), await d.open({ user: 'two' })];
    await one.update('users', 'u1', { name: 'by one' });
    await two.update('users', 'u1', { name: 'by two' });
    await flush(one);
    await flush(two);
    expect(d.server.get('users', 'u1')).toEqual({ id: 'u1', name: 'by two', age: 36 });
    const [conflict] = two.queue.conflicts;
    expect(conflict).toMatchObject({
      kind: 'field',
      field: 'name',
      base: 'Ada',
      mine: 'by two',
      theirs: 'by one',
    });
    expect(two.status.conflicts).toBe(1);
    await two.queue.resolve(conflict?.number ?? 0, 'theirs');
    await flush(two);
    expect(d.server.get('users', 'u1')).toEqual({ id: 'u1', name: 'by one', age: 36 });
    expect(two.queue.conflicts).toEqual([]);
  });

  it('of a form is made on what the form showed', async () => {
    const db = await d.open();
    const base = db.collection('users').get('u1');
    if (!base) throw new Error('no record');
    d.server.write('eve', ['users', 'u1', { name: 'Ada', age: 99 }]);
    d.server.publish();
    await refresh(db);
    await db.upsert('users', { ...base, name: 'Lovelace' }, { base });
    expect(db.collection('users').get('u1')).toEqual({ id: 'u1', name: 'Lovelace', age: 99 });
    await db.update('users', 'u1', { age: 37 }, { base });
    await flush(db);
    expect(d.server.get('users', 'u1')).toEqual({ id: 'u1', name: 'Lovelace', age: 37 });
    expect(db.queue.conflicts).toMatchObject([{ field: 'age', base: 36, mine: 37, theirs: 99 }]);
  });

  it('follows one that is under way', async () => {
    const db = await d.open();
    await db.update('users', 'u1', { name: 'first' });
    await d.world.pass(12); // it is on its way
    await db.update('users', 'u1', { name: 'second' });
    d.server.write('eve', ['users', 'u1', { name: 'Ada', age: 99 }]);
    await flush(db);
    expect(d.server.get('users', 'u1')).toEqual({ id: 'u1', name: 'second', age: 99 });
    expect(db.queue.conflicts).toEqual([]);
    expect(users(db)).toEqual(d.server.document.users);
  });

  it('removes a field that is undefined, and nothing if nothing changes', async () => {
    const db = await d.open();
    await db.update('users', 'u1', { age: undefined, none: undefined });
    await db.update('users', 'u2', { name: 'Bob' });
    await db.upsert('users', { name: 'Bob', id: 'u2' });
    expect(db.status.queued).toBe(1);
    await flush(db);
    expect(d.server.get('users', 'u1')).toEqual({ id: 'u1', name: 'Ada' });
  });

  it('made before anything was read does not write over what is there', async () => {
    d.up = false;
    const db = await d.open();
    await db.upsert('users', { id: 'u1', name: 'Zoe' });
    d.up = true;
    await flush(db);
    expect(d.server.get('users', 'u1')).toEqual({ id: 'u1', name: 'Zoe', age: 36 });
    expect(db.queue.conflicts).toMatchObject([{ field: 'name', mine: 'Zoe', theirs: 'Ada' }]);
    expect(db.status.version).not.toBeNull();
  });

  it.each([
    ['no id', (db: DB) => db.upsert('users', { name: 'x' } as never), 'invalid_id'],
    ['a long id', (db: DB) => db.upsert('users', { id: 'é'.repeat(129) }), 'invalid_id'],
    ['no object', (db: DB) => db.upsert('users', [] as never), 'invalid_data'],
    ['a circle', (db: DB) => db.upsert('users', circle() as never), 'invalid_data'],
    ['no collection', (db: DB) => db.upsert('', { id: 'u1' }), 'invalid_collection'],
    ['no record', (db: DB) => db.update('users', 'none', { a: 1 }), 'not_found'],
  ])('with %s is refused here', async (_, edit, expected) => {
    const db = await d.open();
    expect(await code(edit(db))).toBe(expected);
    expect(db.status.queued).toBe(0);
  });

  it('without a writeUrl is refused here', async () => {
    const db = await d.open({ http: { writeUrl: undefined } as never });
    expect(await code(db.upsert('users', { id: 'u1' }))).toBe('read_only');
    expect(users(db)).toHaveLength(2);
  });
});

function circle() {
  const record: { id: string; self?: unknown } = { id: 'u1' };
  record.self = record;
  return record;
}

it('two apps of one server are apart', async () => {
  const other = new Documents();
  const servers: Record<string, Documents> = {
    [url]: d,
    'https://worker.test/apps/b/db.json': other,
  };
  const dbs = Object.keys(servers).map((writeUrl) => {
    const fetch = (to: unknown, init?: RequestInit) => {
      const server = servers[String(to).split('?')[0] ?? ''];
      return server?.fetchOf(new Process(server.world))(String(to), init) ?? Promise.reject();
    };
    return { snapshotUrl: writeUrl, writeUrl, fetch: fetch as typeof globalThis.fetch };
  });
  other.server.write('eve', ['users', 'b1', {}]);
  other.server.publish();
  const opening = Promise.all(dbs.map((http) => d.open({ http, view: 'published' })));
  await other.world.pass(20);
  await d.world.pass(20);
  for (let i = 0; i < 5; i += 1) await other.world.pass(20);
  const [a, b] = await opening;
  expect(a && users(a)).toHaveLength(2);
  expect(b && users(b)).toEqual([{ id: 'b1' }]);
  await b?.upsert('users', { id: 'b2' });
  for (let i = 0; i < 5; i += 1) {
    await d.world.pass(20);
    await other.world.pass(20);
  }
  expect([d.patches.length, other.patches.length]).toEqual([0, 1]);
  expect(Object.keys(other.server.document)).toEqual(['users']);
});
