// What admins ask about the shards: the dashboard, the figures, the coordinator; and a user's row.

import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import userById from '../../schema/queries/user_by_id.sql';
import { ask, BROWSER, expectProblem, HERE, setVars, signIn } from '../accounts.ts';
import { newUser, send } from '../clients.ts';
import { signToken } from '../tokens.ts';
import {
  askAs,
  bearerOf,
  brokenShard,
  coordinatorCounting,
  coordinatorWith,
  deadCoordinator,
  letTimePass,
  setParts,
  told,
} from './sql_doubles.ts';

let log: MockInstance<typeof console.log>;

beforeEach(() => {
  log = vi.spyOn(console, 'log').mockImplementation(() => {});
  vi.spyOn(console, 'error').mockImplementation(() => {});
  letTimePass();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const linesOf = (event: string) =>
  log.mock.calls
    .map(([line]) => JSON.parse(String(line)) as Record<string, unknown>)
    .filter((line) => line.event === event);

describe.each([
  '/monitor',
  '/admin/metrics',
  '/admin/coordinator/shards',
  '/admin/coordinator/health',
])('GET %s', (path) => {
  it('is for admins alone', async () => {
    await expectProblem(await send(path), 401, 'unauthorized');
    for (const role of ['user', 'viewer', 'none']) {
      await expectProblem(await askAs(role, path), 403, 'forbidden');
    }
    const response = await askAs('admin', path);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toContain('no-store');
  });
});

describe('GET /monitor', () => {
  it('has the dashboard, each shard with its counts first', async () => {
    setVars({ ShardCoordinator: coordinatorCounting({ 'db-east': 1542, 'db-west': 1028 }) });
    const text = await (await askAs('admin', '/monitor')).text();
    const { shardDetails, ...rest } = JSON.parse(text);
    expect(Object.entries(rest)).toEqual([
      ['healthy', true],
      ['totalShards', 2],
      ['totalKeys', 2570],
      ['avgKeysPerShard', 1285],
      ['distributionRatio', 1.5],
      ['isBalanced', false],
      ['staleShards', 0],
    ]);
    expect(Object.entries(shardDetails[0])).toEqual([
      ['binding', 'db-east'],
      ['count', 1542],
      ['lastUpdated', expect.any(Number)],
      ['loadPercentage', 60],
      ['isStale', false],
    ]);
  });

  it('has zeros where no shard is registered, and no NaN', async () => {
    const text = await (await askAs('admin', '/monitor')).text();
    expect(JSON.parse(text)).toMatchObject({ totalShards: 0, totalKeys: 0, shardDetails: [] });
    expect(text).not.toMatch(/null|NaN/);
  });

  it('counts statistics of more than five minutes ago as old', async () => {
    const counts = { 'db-east': 1, 'db-west': 1 };
    setVars({ ShardCoordinator: coordinatorCounting(counts, Date.now() - 300_001) });
    expect(await told(await askAs('admin', '/monitor'))).toMatchObject({ staleShards: 2 });
  });

  it('says that the coordinator is not healthy, or does not answer', async () => {
    const ill = coordinatorWith((path) =>
      path === '/health' ? new Response('no', { status: 500 }) : undefined,
    );
    setVars({ ShardCoordinator: ill });
    expect(await told(await askAs('admin', '/monitor'))).toMatchObject({ healthy: false });
    setVars({ ShardCoordinator: deadCoordinator() });
    await expectProblem(await askAs('admin', '/monitor'), 503, 'unavailable');
  });
});

interface Figures {
  ok: boolean;
  asked: number;
  failed: number;
  errorRate: number;
  meanMs: number;
  maxMs: number;
}
interface Metrics {
  since: number;
  distribution: { balance: boolean; warnings: { message: string }[] } | null;
  shards: ({ binding: string; bytes: number | null } & Figures)[];
  kv: Figures;
  coordinator: Figures;
}

describe('GET /admin/metrics', () => {
  const metrics = async () => told<Metrics>(await askAs('admin', '/admin/metrics'));

  it('has the size and the figures of each shard, of KV and of the coordinator', async () => {
    const before = await metrics();
    letTimePass();
    const { since, shards, kv, coordinator } = await metrics();
    expect(since).toBeGreaterThan(0);
    expect(shards.map(({ binding }) => binding)).toEqual([
      'db-east',
      'db-west',
      'db-central',
      'db-europe',
    ]);
    for (const [index, shard] of shards.entries()) {
      expect(shard).toMatchObject({ ok: true, bytes: expect.any(Number) });
      expect(shard.asked).toBe((before.shards[index]?.asked ?? 0) + 1);
      expect(shard.maxMs).toBeGreaterThanOrEqual(shard.meanMs);
    }
    expect(kv).toMatchObject({ ok: true, asked: before.kv.asked + 1 });
    expect(coordinator).toMatchObject({ ok: true, asked: before.coordinator.asked + 2 });
  });

  it('counts what failed', async () => {
    const before = await metrics();
    setParts({ 'db-west': brokenShard, ShardCoordinator: deadCoordinator() });
    const { shards, distribution, coordinator } = await metrics();
    const [east, west] = shards;
    const { failed = 0, asked = 0 } = before.shards[1] ?? {};
    expect(west).toMatchObject({ ok: false, bytes: null, failed: failed + 1, asked: asked + 1 });
    expect(west?.errorRate).toBeCloseTo((failed + 1) / (asked + 1));
    expect(east).toMatchObject({ ok: true, failed: before.shards[0]?.failed });
    expect(distribution).toBeNull();
    expect(coordinator).toMatchObject({ ok: false, failed: before.coordinator.failed + 2 });
  });

  it('warns of shards that are uneven', async () => {
    setParts({ ShardCoordinator: coordinatorCounting({ 'db-east': 90, 'db-west': 10 }) });
    expect((await metrics()).distribution).toMatchObject({
      balance: false,
      freshStats: true,
      warnings: [{ message: 'Shard imbalance detected:' }],
      moves: [{ from: 'db-east', to: 'db-west', keys: 40 }],
    });
  });

  it('counts real queries of shards, and measures them', async () => {
    const points: (AnalyticsEngineDataPoint | undefined)[] = [];
    setVars({ ANALYTICS: { writeDataPoint: (point) => points.push(point) } });
    const before = await metrics();
    await askAs('user', '/plans');
    const after = await metrics();
    const asked = (all: Metrics) => all.shards.reduce((sum, shard) => sum + shard.asked, 0);
    expect(asked(after)).toBeGreaterThan(asked(before));
    const measured = points.filter((point) => point?.blobs?.[0] === 'sql.shard_ms');
    expect(measured.length).toBeGreaterThan(0);
    expect(measured[0]).toEqual({
      blobs: ['sql.shard_ms', 'batch', 'ok'],
      doubles: [expect.any(Number)],
      indexes: [expect.stringMatching(/^db-/)],
    });
  });
});

describe('/admin/coordinator', () => {
  const at = '/admin/coordinator';
  const json = (body: unknown) => ({ body: JSON.stringify(body) });
  const shards = async () => told(await askAs('admin', `${at}/shards`));

  it('registers and takes out shards, once that is confirmed', async () => {
    for (const shard of ['db-new-region', 'db-old-region']) {
      const added = await askAs('admin', `${at}/shards`, { method: 'POST', ...json({ shard }) });
      expect([added.status, await added.json()]).toEqual([200, { success: true }]);
    }
    const old = { method: 'DELETE', ...json({ shard: 'db-old-region' }) };
    const asked = await askAs('admin', `${at}/shards`, old);
    await expectProblem(asked, 428, 'confirmation_required');
    expect(await shards()).toEqual(['db-new-region', 'db-old-region']);
    expect((await askAs('admin', `${at}/shards?confirm=true`, old)).status).toBe(200);
    expect(await shards()).toEqual(['db-new-region']);
  });

  it('passes on what the coordinator answers, as it is', async () => {
    expect(await (await askAs('admin', `${at}/health`)).text()).toBe('OK');
    const nowhere = await askAs('admin', `${at}/nowhere`);
    expect([nowhere.status, await nowhere.json()]).toMatchObject([404, { code: 'not_found' }]);
    const wrong = await askAs('admin', `${at}/allocate`, { method: 'POST', body: '{' });
    expect([wrong.status, await wrong.json()]).toMatchObject([400, { code: 'invalid_json' }]);
    const wide = await askAs('admin', `${at}/stats`, { method: 'DELETE' });
    expect([wide.status, wide.headers.get('allow')]).toEqual([405, 'GET, POST']);
  });

  it('keeps the query string of a request, but for the confirmation', async () => {
    const urls: string[] = [];
    const fetch = async (url: string) => {
      urls.push(url);
      return Response.json({});
    };
    const stub = { fetch };
    const names = { idFromName: () => 'default', get: () => stub };
    setVars({ ShardCoordinator: names as unknown as typeof env.ShardCoordinator });
    await askAs('admin', `${at}/slots?after=7&confirm=true`);
    await askAs('admin', `${at}//evil.test/shards`);
    expect(urls).toEqual([
      'http://coordinator/slots?after=7',
      'http://coordinator//evil.test/shards',
    ]);
  });

  it('flushes where it is confirmed, and never in production', async () => {
    const flush = { method: 'POST' };
    await expectProblem(await askAs('admin', `${at}/flush`, flush), 428, 'confirmation_required');
    expect((await askAs('admin', `${at}/flush?confirm=true`, flush)).status).toBe(200);
    expect(await shards()).toEqual([]);
  });

  it('leaves a line in the log of what changes something, and who asked', async () => {
    const user = newUser();
    const headers = await bearerOf('admin', user);
    await send(`${at}/shards`, { headers });
    const init = { method: 'POST', headers, ...json({ shard: 'db-east' }) };
    await send(`${at}/shards`, init);
    expect(linesOf('coordinator.asked')).toEqual([
      {
        event: 'coordinator.asked',
        user_id: user,
        method: 'POST',
        path: '/shards',
        status: 200,
      },
    ]);
  });

  it('takes a cookie only from a page of this Worker', async () => {
    const { cookie, claims } = await signIn();
    const session = await signToken(claims.user_id, { role: 'admin' });
    expect(cookie.cookie).not.toContain(session);
    const headers = { ...BROWSER, cookie: `__Host-session=${session}` };
    const init = { method: 'POST', ...json({ shard: 'db-east' }) };
    const evil = { ...headers, origin: 'https://evil.test' };
    await expectProblem(
      await ask(`${at}/shards`, { ...init, headers: evil }),
      403,
      'forbidden_origin',
    );
    const own = { ...headers, origin: HERE };
    expect((await ask(`${at}/shards`, { ...init, headers: own })).status).toBe(200);
  });

  it('says so where the coordinator does not answer', async () => {
    setVars({ ShardCoordinator: deadCoordinator() });
    await expectProblem(await askAs('admin', `${at}/shards`), 503, 'unavailable');
  });
});

describe('GET /user', () => {
  it('without an id: 400, in words', async () => {
    for (const path of ['/user', '/user?id=']) {
      const response = await send(path);
      expect([response.status, await response.text()]).toEqual([400, 'Missing user ID']);
    }
  });

  it('has the row for the user and for admins, and for nobody else', async () => {
    const { claims, email, bearer } = await signIn();
    const path = `/user?id=${claims.user_id}`;
    const row = {
      id: claims.user_id,
      email,
      username: null,
      created_at: expect.any(Number),
      updated_at: expect.any(Number),
    };
    expect(await told(await ask(path, { headers: bearer }))).toEqual(row);
    expect(await told(await askAs('admin', path))).toEqual(row);
    await expectProblem(await askAs('user', path), 403, 'forbidden');
    await expectProblem(await send(path), 401, 'unauthorized');
  });

  it('is found by its key', async () => {
    const plan = env.DB.prepare(`EXPLAIN QUERY PLAN ${userById}`).bind('anybody');
    const { results } = await plan.all<{ detail: string }>();
    expect(results.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/^SEARCH users USING INDEX \w+ \(id=\?\)$/),
    ]);
  });

  it('of nobody: 404', async () => {
    await expectProblem(await askAs('admin', '/user?id=nobody'), 404, 'not_found');
    const odd = await askAs('admin', `/user?id=${encodeURIComponent("' OR 1=1 --")}`);
    await expectProblem(odd, 404, 'not_found');
  });
});

it('GET /college says what it is', async () => {
  const response = await send('/college');
  expect([response.status, await response.text()]).toEqual([200, 'CollegeDB API']);
});

describe('GET /admin/shards', () => {
  const page = (headers: object = {}) =>
    ask('/admin/shards', { headers: { ...BROWSER, ...headers } });
  const session = async (role: string) => ({
    cookie: `__Host-session=${await signToken(newUser(), { role })}`,
  });

  it('leads who is not signed in to /login, and back', async () => {
    const response = await page();
    expect([response.status, response.headers.get('location')]).toEqual([303, '/login']);
    expect(response.headers.getSetCookie().join()).toContain('%2Fadmin%2Fshards');
  });

  it('is linked from /admin, for admins', async () => {
    for (const role of ['user', 'admin']) {
      const headers = { ...BROWSER, ...(await session(role)) };
      const html = await (await ask('/admin', { headers })).text();
      expect([role, html.includes('href="/admin/shards"')]).toEqual([role, role === 'admin']);
    }
  });

  it('is for admins alone', async () => {
    const refused = await page(await session('user'));
    expect(refused.status).toBe(403);
    expect(await refused.text()).toContain('Only admins may do this');
    const response = await page(await session('admin'));
    expect(response.status).toBe(200);
    const html = await response.text();
    expect(html).not.toMatch(/<style| style=| on\w+=|<script(?! type="module" src="\/assets\/)/);
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(ids).toEqual([...new Set(ids)]);
    const urls = [...html.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, url]) => url as string);
    expect(new Set(urls).size).toBe(4);
    for (const url of urls) expect((await ask(url)).status).toBe(200);
  });
});
