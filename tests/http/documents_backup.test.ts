// Keeping documents and getting them back: the crons through the Worker's own handler, restores by
// HTTP.

import {
  createExecutionContext,
  createScheduledController,
  runDurableObjectAlarm,
  waitOnExecutionContext,
} from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import worker from '../../worker/index.ts';
import { setVars } from '../accounts.ts';
import { send } from '../clients.ts';
import { Doc, removal, upsert, written } from '../documents.ts';
import { signToken } from '../tokens.ts';

const DAILY = '10 0 * * *';
const HOURLY = '20 * * * *';
const NIGHTLY = '30 2 * * *';
const DUE = Date.UTC(2026, 10, 21, 0, 10);

let log: MockInstance<typeof console.log>;
let errors: MockInstance<typeof console.error>;

beforeEach(() => {
  log = vi.spyOn(console, 'log').mockImplementation(() => {});
  errors = vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function run(cron: string, scheduledTime = DUE): Promise<Record<string, unknown>> {
  log.mockClear();
  const ctx = createExecutionContext();
  await worker.scheduled(createScheduledController({ cron, scheduledTime }), env, ctx);
  await waitOnExecutionContext(ctx);
  const lines = log.mock.calls.map(([line]) => JSON.parse(String(line)));
  return lines.findLast(({ event }) => event === 'cron.completed');
}

const restoreDay = async (doc: Doc, day: string, headers?: Record<string, string>) =>
  send(`/snapshots/${day}/restore?app=${doc.app}`, {
    method: 'POST',
    headers: headers ?? (await doc.bearer()),
  });

const restoreAt = async (doc: Doc, at: string) =>
  send(`/restore?app=${doc.app}&at=${encodeURIComponent(at)}`, {
    method: 'POST',
    headers: await doc.bearer(),
  });

const snapshots = async (doc: Doc, query = '') =>
  send(`/snapshots?app=${doc.app}${query}`, { headers: await doc.bearer() });

/** What a version is, without its quotes. */
const bare = (etag: string | null) => (etag ?? '').slice(1, -1);

/** One that is published: so the crons know of it. */
async function made(body: unknown, app?: string): Promise<Doc> {
  const doc = new Doc(app);
  await doc.set(body);
  await doc.publish();
  return doc;
}

describe('each day', () => {
  it('a snapshot is put into R2, and nothing overwrites it', async () => {
    const doc = await made('{"users":[{"id":"u1","name":"Ad\\u00e4"}],"x": 1.0}', 'default');
    const [etag, text] = await doc.state();
    expect(await run(DAILY)).toMatchObject({ job: 'snapshot_document', failed: '0' });
    const object = await env.R2.get('snapshots/2026-11-21.json');
    expect(await object?.text()).toBe(text);
    expect(object?.customMetadata?.version).toBe(bare(etag));
    await doc.set({ other: true });
    await run(DAILY, DUE + 3_600_000);
    expect((await env.R2.head('snapshots/2026-11-21.json'))?.etag).toBe(object?.etag);
    await run(DAILY, DUE + 86_400_000);
    const next = await env.R2.get('snapshots/2026-11-22.json');
    expect(await next?.json()).toEqual({ other: true });
    expect(errors).not.toHaveBeenCalled();
  });

  it('they are listed for whoever has a token, the newest first', async () => {
    const doc = await made({ a: 1 });
    for (let day = 0; day < 3; day += 1) await run(DAILY, DUE + day * 86_400_000);
    const version = bare((await doc.state())[0]);
    const all = await snapshots(doc);
    expect(all.headers.get('link')).toBeNull();
    expect(await all.json()).toEqual(
      ['2026-11-23', '2026-11-22', '2026-11-21'].map((day) => ({ day, size: 7, version })),
    );
    const page = await snapshots(doc, '&limit=2');
    const link = /^<([^>]+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1] ?? '';
    const rest = await send(link, { headers: await doc.bearer() });
    expect(await rest.json()).toMatchObject([{ day: '2026-11-21' }]);
    expect((await send(`/snapshots?app=${doc.app}`)).status).toBe(401);
  });
});

describe('each night', () => {
  it('R2 gets the document, tags stay, and the journal of the last days stays', async () => {
    const doc = await made({ users: [{ id: 'u1' }] });
    await doc.patch([upsert('u2'), removal('u1')], { 'x-allow-large-delete': 'true' });
    await doc.publish();
    const before = await doc.state();
    const journal = await doc.journal();
    expect(await run(NIGHTLY)).toMatchObject({ job: 'compact_document', failed: '0' });
    expect(await doc.state()).toEqual(before);
    expect(await doc.journal()).toEqual(journal);
    const object = await env.R2.get(`${doc.prefix}db.json`);
    expect([`"${object?.customMetadata?.version}"`, await object?.text()]).toEqual(before);
    // The tag of before is still good.
    expect(
      (
        await doc.put(
          { users: [], a: 1 },
          { 'if-match': before[0] ?? '', 'x-allow-empty-write': 'true' },
        )
      ).status,
    ).toBe(200);
  });

  it('the journal goes at once where JOURNAL_DAYS is 0', async () => {
    const doc = await made({ users: [{ id: 'u1' }] });
    expect(await doc.journal()).not.toEqual([]);
    setVars({ JOURNAL_DAYS: '0' });
    await run(NIGHTLY);
    setVars({ JOURNAL_DAYS: undefined });
    expect(await doc.journal()).toEqual([]);
    const [etag, text] = await doc.state();
    await doc.set({ other: 1 });
    expect((await restoreAt(doc, bare(etag))).status).toBe(200);
    expect((await doc.state())[1]).toBe(text);
  });

  it('a document that fails stops no other, and is told of', async () => {
    const doc = await made({ a: 1 });
    const other = await made({ b: 1 });
    const down = { put: () => Promise.reject(new Error('down')), head: env.R2.head.bind(env.R2) };
    const undo = await doc.rebind({ R2: down as unknown as R2Bucket });
    const told = await run(DAILY, DUE + 9 * 86_400_000);
    await undo();
    expect(told).toMatchObject({ failed: '1', problem: `${doc.app}: 503` });
    expect(await (await snapshots(other)).json()).toMatchObject([{ day: '2026-11-30' }]);
    expect(await (await snapshots(doc)).json()).toEqual([]);
  });
});

describe('a restore', () => {
  it('of a day answers the new version, and is in the journal and the activity', async () => {
    const doc = await made({ users: [{ id: 'u1' }, { id: 'u2' }] });
    const text = (await doc.state())[1];
    await run(DAILY);
    await doc.set({});
    const response = await restoreDay(doc, '2026-11-21');
    expect(response.status).toBe(200);
    const [etag, now] = await doc.state();
    expect(await response.json()).toEqual({ version: bare(etag) });
    expect(response.headers.get('etag')).toBe(etag);
    expect(now).toBe(text);
    await doc.publish();
    const last = (await doc.journal()).findLast(({ last }) => last);
    expect(last).toMatchObject({ op: 'restore', user: doc.user });
    const activity = await send(`/activity?app=${doc.app}`, { headers: await doc.bearer() });
    expect(await activity.json()).toContainEqual(
      expect.objectContaining({ path: '/snapshots/2026-11-21/restore', status: 200 }),
    );
  });

  it('of a moment goes back to any write, and forward again', async () => {
    const doc = await made({ users: [{ id: 'u0' }], note: 1 });
    const moments: [string | null, string][] = [await doc.state()];
    for (let i = 1; i < 6; i += 1) {
      await doc.patch([upsert(`u${i}`, { n: i }), upsert('u0', { n: i })]);
      if (i === 3) await doc.publish();
      moments.push(await doc.state());
    }
    for (const [etag, text] of [...moments, ...moments.reverse()]) {
      expect((await restoreAt(doc, bare(etag))).status).toBe(200);
      expect((await doc.state())[1]).toBe(text);
    }
    const now = await doc.state();
    expect((await restoreAt(doc, new Date(Date.now() + 60_000).toISOString())).status).toBe(200);
    expect(await doc.state()).toEqual(now);
  });

  it('of what is not there says so', async () => {
    const doc = await made({ a: 1 });
    const before = await doc.state();
    const asked: [Response, number, string][] = [
      [await restoreDay(doc, '2020-01-01'), 404, 'not_found'],
      [await restoreDay(doc, 'monday'), 400, 'invalid_parameter'],
      [await restoreAt(doc, 'monday'), 400, 'invalid_parameter'],
      [await restoreAt(doc, ''), 400, 'invalid_parameter'],
      [await restoreAt(doc, '5'), 404, 'not_found'],
    ];
    await env.R2.put(`${doc.prefix}snapshots/2026-11-20.json`, '{"a":');
    asked.push([await restoreDay(doc, '2026-11-20'), 502, 'backup_damaged']);
    for (const [response, status, error] of asked) {
      expect([response.status, await response.json()]).toEqual([
        status,
        expect.objectContaining({ error }),
      ]);
    }
    expect(await doc.state()).toEqual(before);
  });

  it('is for those who may write', async () => {
    const doc = await made({ a: 1 });
    await run(DAILY);
    expect((await restoreDay(doc, '2026-11-21', {})).status).toBe(401);
    const viewer = { authorization: `Bearer ${await signToken('viewer-1', { role: 'viewer' })}` };
    expect((await restoreDay(doc, '2026-11-21', viewer)).status).toBe(403);
  });

  it('of a sharded document gives back each moment, and each day', async () => {
    const doc = new Doc();
    setVars({ SHARDS: `${doc.app}=collection` });
    await doc.set({ a: [{ id: 'x' }], b: [], v: 1 });
    const [first, text] = await doc.state();
    await runDurableObjectAlarm(doc.stub);
    expect(await run(DAILY)).toMatchObject({ job: 'snapshot_document', failed: '0' });
    const snapshot = await env.R2.get(`${doc.prefix}snapshots/2026-11-21.json`);
    expect(await snapshot?.text()).toBe(text);
    expect((await doc.patch(upsert('y', {}, 'b'))).status).toBe(200);
    const [second, later] = await doc.state();
    expect(await run(NIGHTLY)).toMatchObject({ job: 'compact_document', failed: '0' });
    await doc.set({ gone: true });
    for (const [etag, was] of [
      [second, later],
      [first, text],
    ] as const) {
      const response = await restoreAt(doc, bare(etag));
      expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
      expect((await doc.state())[1]).toBe(was);
    }
    await doc.set({ gone: true });
    await written(await restoreDay(doc, '2026-11-21'));
    expect((await doc.state())[1]).toBe(text);
    expect(errors).not.toHaveBeenCalled();
  });
});

describe('a round of all documents', () => {
  it('that did not reach them all goes on the next hour', async () => {
    const docs = [await made({ a: 1 }), await made({ a: 2 })].sort((a, b) =>
      a.app < b.app ? -1 : 1,
    );
    const [early, late] = docs.map((doc) => `${doc.prefix}snapshots/2026-11-25.json`);
    const at = Date.UTC(2026, 10, 25, 0, 10);
    // As a run leaves it that came as far as the first of them.
    await env.DB.prepare('INSERT INTO rounds VALUES (?, ?, ?, ?, 0)')
      .bind('snapshot_document', at, '', docs[0]?.app)
      .run();
    await run(HOURLY, at + 600_000);
    expect(await env.R2.head(early ?? '')).toBeNull();
    expect(await env.R2.head(late ?? '')).not.toBeNull();
    const left = await env.DB.prepare('SELECT count(*) AS n FROM rounds').first('n');
    expect(left).toBe(0);
  });
});
