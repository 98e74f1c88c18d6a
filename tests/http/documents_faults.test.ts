// What documents keep when objects go, stores fail for a while, and requests fail: nothing that was
// acknowledged is lost, and each request leaves one entry of activity.

import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { flushActivity } from '../../worker/activity.ts';
import { setVars } from '../accounts.ts';
import { send } from '../clients.ts';
import { broken, Doc, type Json, MERGE, removal, upsert, written } from '../documents.ts';

interface Line {
  method: string;
  path: string;
  app: string | null;
  status: number;
  size: number;
  user: string | null;
  error: string | null;
}

/** All that was asked of a document, in order, once what waits in its owner and here is in D1. */
async function activityOf(doc: Doc): Promise<Line[]> {
  expect(await flushActivity(env)).toBe(true);
  await runDurableObjectAlarm(doc.stub);
  const { results } = await env.DB.prepare(
    'SELECT method, path, app, status, size, user, error FROM activity WHERE app = ?1 ORDER BY id',
  )
    .bind(doc.app)
    .all<Line>();
  return results;
}

const usersOf = async (doc: Doc) => ((await doc.value()).users as Json[]).map(({ id }) => id);

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe('an evicted object', { timeout: 30_000 }, () => {
  it('goes on where it was, request by request, and its tags still count', async () => {
    const doc = new Doc();
    let etag = await written(await doc.put({ title: 'x' }, { 'if-none-match': '*' }));
    const tags = [etag];
    for (let i = 0; i < 4; i += 1) {
      await evictDurableObject(doc.stub);
      etag = await written(await doc.patch(upsert(`u${i}`), { 'if-match': etag }));
      tags.push(etag);
      await evictDurableObject(doc.stub);
      expect((await doc.head({ 'if-none-match': etag })).status).toBe(304);
    }
    expect(await usersOf(doc)).toEqual(['u0', 'u1', 'u2', 'u3']);
    expect(new Set(tags.map((tag) => tag.slice(-17))).size).toBe(1);
    expect([...tags].sort()).toEqual(tags);
  });

  it('publishes and journals what it owes when its alarm wakes it', async () => {
    const doc = new Doc();
    await written(await doc.patch([upsert('u1'), upsert('u2')]));
    await evictDurableObject(doc.stub);
    await written(await doc.patch(removal('u1')));
    await evictDurableObject(doc.stub);
    await doc.publish();
    expect(await (await doc.published()).json()).toEqual({ users: [{ id: 'u2' }] });
    expect((await doc.journal()).map(({ changes }) => changes.length)).toEqual([3, 1]);
  });

  it('that is cut off has all that it acknowledged, whole', async () => {
    const doc = new Doc();
    const acknowledged: string[] = [];
    const patch = async (name: string) => {
      try {
        const response = await doc.patch([upsert(`${name}-a`), upsert(`${name}-b`)]);
        if (response.status < 300) acknowledged.push(name);
      } catch {
        // Not acknowledged: it may be there or not.
      }
    };
    for (let round = 0; round < 5; round += 1) {
      const patches = Array.from({ length: 8 }, (_, i) => patch(`p${round}-${i}`));
      await patches[round];
      await abortAllDurableObjects();
      await Promise.all(patches);
    }
    expect(acknowledged.length).toBeGreaterThanOrEqual(5);
    const stored = await usersOf(doc);
    for (const name of acknowledged) expect(stored).toContain(`${name}-a`);
    const halves = stored.map((id) => String(id).slice(0, -2));
    expect(halves.filter((name) => halves.filter((other) => other === name).length !== 2)).toEqual(
      [],
    );
    await doc.publish();
    const journalled = (await doc.journal()).flatMap(({ changes }) => changes);
    const ids = journalled.filter(({ op }) => op === 'upsert').map(({ id }) => id);
    expect(ids).toEqual(stored);
  });
});

describe.each([
  ['KV', ['KV']],
  ['R2', ['R2']],
  ['D1', ['DB']],
  ['all three', ['KV', 'R2', 'DB']],
] as const)('while %s fails', (_, names) => {
  it('writes and reads of the owner go on, and what is owed is made good after', async () => {
    const doc = new Doc();
    await written(await doc.patch(upsert('before')));
    const published = await doc.publish();
    const down = Object.fromEntries(names.map((name) => [name, broken(env[name] as object)]));
    const heal = await doc.rebind(down);
    for (let i = 0; i < 3; i += 1) {
      await written(await doc.patch(upsert(`u${i}`)));
      await runDurableObjectAlarm(doc.stub);
    }
    expect(await usersOf(doc)).toEqual(['before', 'u0', 'u1', 'u2']);
    if ((names as readonly string[]).includes('KV')) {
      expect((await doc.published()).headers.get('etag')).toBe(published);
    }
    if ((names as readonly string[]).includes('R2')) expect(await doc.journal()).toHaveLength(1);
    await heal();
    await doc.publish();
    const ids = (await doc.journal()).flatMap(({ changes }) => changes.map(({ id }) => id));
    expect(ids.filter((id) => id !== undefined)).toEqual(['before', 'u0', 'u1', 'u2']);
    const lines = (await activityOf(doc)).filter(({ method }) => method === 'PATCH');
    expect(lines.map(({ status }) => status)).toEqual([201, 200, 200, 200]);
  }, 30_000);
});

it('KV that fails a reader is 503 and not 404, and neither is another store’s', async () => {
  const doc = new Doc();
  await doc.set({ a: 1 });
  await doc.publish();
  setVars({ KV: broken(env.KV) });
  const response = await doc.published();
  expect([response.status, (await response.json<Json>()).error]).toEqual([503, 'unavailable']);
  expect((await doc.read()).status).toBe(200);
});

it('a fault of ours is 500 with nothing of its inside, and the next request works', async () => {
  const doc = new Doc();
  await doc.set({ users: [{ id: 'u1' }] });
  const { DB_SHARD } = env;
  setVars({ DB_SHARD: broken(DB_SHARD) });
  const response = await doc.patch(upsert('u2'));
  expect(response.status).toBe(500);
  const text = await response.text();
  expect(JSON.parse(text)).toMatchObject({ error: 'internal' });
  expect(text).not.toMatch(/down|\.ts|stub/);
  env.DB_SHARD = DB_SHARD;
  expect(await usersOf(doc)).toEqual(['u1']);
});

describe('one entry of activity', () => {
  it('for each request, whatever came of it: exactly one', async () => {
    const doc = new Doc();
    const body = (value: unknown) => JSON.stringify(value);
    const sized = (text: string) => ({ 'content-length': String(text.length) });
    const one = body(upsert('u1'));
    const two = body({ users: [{ id: 'u1' }], title: 'x' });
    const steps: [() => Promise<Response>, Partial<Line>][] = [
      [() => doc.published(), { method: 'GET', status: 404, error: 'not_found', user: null }],
      [() => doc.patch(one, sized(one)), { method: 'PATCH', status: 201, size: one.length }],
      [() => doc.patch(one, sized(one)), { method: 'PATCH', status: 200, size: one.length }],
      [() => doc.put(two, { ...sized(two), 'if-match': '*' }), { method: 'PUT', status: 200 }],
      [() => doc.read(), { method: 'GET', status: 200 }],
      [() => doc.head(), { method: 'HEAD', status: 200 }],
      [() => doc.put({ a: 1 }), { status: 428, error: 'precondition_required' }],
      [() => doc.put({}, { 'if-match': '*' }), { status: 409, error: 'empty_write_denied' }],
      [() => doc.patch('nonsense'), { status: 400, error: 'invalid_json' }],
      [() => doc.patchAs('text/plain', '{}'), { status: 415, error: 'unsupported_media_type' }],
      [
        () => doc.put({ a: 1 }, { 'if-match': '"x"' }),
        { method: 'PUT', status: 412, error: 'precondition_failed' },
      ],
      [
        () => doc.put({ a: 1 }, { 'content-length': '100000000', 'if-match': '*' }),
        { status: 413, size: 100_000_000, error: 'body_too_large' },
      ],
      [() => doc.patchAs(MERGE, { b: 1 }, { 'if-match': '*' }), { method: 'PATCH', status: 200 }],
      [() => doc.ask('POST', '{}'), { method: 'POST', status: 405, error: 'method_not_allowed' }],
      [
        () => send(doc.path, { method: 'PATCH', body: one }),
        { method: 'PATCH', status: 401, user: null, error: 'unauthorized' },
      ],
    ];
    for (const [ask, line] of steps) {
      const response = await ask();
      await response.body?.cancel();
      expect([line, response.status]).toEqual([line, line.status]);
      await new Promise((resolve) => setTimeout(resolve, 3)); // Entries are in order of time.
    }
    const lines = await activityOf(doc);
    expect(lines).toHaveLength(steps.length);
    steps.forEach(([, line], index) => {
      const user = index === 0 || line.status === 401 ? null : expect.toBeOneOf([doc.user, null]);
      const told = { path: doc.path, app: doc.app, user, error: null, ...line };
      expect(lines[index]).toMatchObject(told);
    });
    const made = lines.filter(({ status }) => status === 200 || status === 201);
    expect(made.map(({ user }) => user)).toEqual(made.map(() => doc.user));
  }, 20_000);

  it('of a write that D1 was asked to keep twice stays one', async () => {
    const doc = new Doc();
    await written(await doc.patch(upsert('u1')));
    const half = {
      prepare: (sql: string) => env.DB.prepare(sql),
      batch: async (statements: D1PreparedStatement[]) => {
        await env.DB.batch(statements);
        throw new Error('the answer was lost');
      },
    };
    const heal = await doc.rebind({ DB: half as unknown as D1Database });
    await runDurableObjectAlarm(doc.stub);
    await heal();
    await written(await doc.patch(upsert('u2')));
    await doc.publish();
    const lines = (await activityOf(doc)).filter(({ method }) => method === 'PATCH');
    expect(lines.map(({ status }) => status)).toEqual([201, 200]);
  });
});
