// Every request leaves one entry in /activity, however it ends, and who asked sees their own.

import { env } from 'cloudflare:workers';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import { flushActivity, recordActivity } from '../../worker/activity.ts';
import type { App } from '../../worker/app.ts';
import { setVars } from '../accounts.ts';
import { Device, newUser, type Problem, send } from '../clients.ts';

interface Line {
  id: string;
  time: number;
  method: string;
  path: string;
  app: string | null;
  status: number;
  size: number;
  user: string | null;
  duration_ms: number;
  error: string | null;
}

/** What is kept, once all that waits is kept, the oldest first. */
async function kept(): Promise<Line[]> {
  expect(await flushActivity(env)).toBe(true);
  const { results } = await env.DB.prepare('SELECT * FROM activity ORDER BY id').all<Line>();
  return results;
}

let errors: MockInstance<typeof console.error>;

beforeEach(async () => {
  errors = vi.spyOn(console, 'error').mockImplementation(() => {});
  await kept();
  await env.DB.exec('DELETE FROM activity');
});
afterEach(() => {
  vi.restoreAllMocks();
});

const viewer = new Device(newUser(), 'phone', { role: 'viewer' });
const user = new Device(newUser());

interface Case {
  is: string;
  ask: () => Promise<Response>;
  line: Partial<Line>;
}

describe('one entry', () => {
  it.each<Case>([
    {
      is: 'GET, 200',
      ask: () => send('/health'),
      line: { method: 'GET', path: '/health', status: 200, user: null, error: null },
    },
    {
      is: 'HEAD, 200',
      ask: () => send('/health', { method: 'HEAD' }),
      line: { method: 'HEAD', path: '/health', status: 200 },
    },
    {
      is: 'GET by a user',
      ask: () => user.get('/plans'),
      line: { path: '/plans', status: 200, user: user.user, size: '[]'.length },
    },
    {
      is: 'POST, 200, with the size of its body',
      ask: () => user.post('/sync', '{"plans": []}', { 'content-length': '13' }),
      line: { method: 'POST', path: '/sync', status: 200, user: user.user, size: 13 },
    },
    {
      is: 'POST, 400',
      ask: () => user.post('/sync', 'nonsense', { 'content-length': '8' }),
      line: { method: 'POST', status: 400, size: 8, error: 'invalid_json' },
    },
    {
      is: 'GET, 401',
      ask: () => send('/plans'),
      line: { status: 401, user: null, error: 'unauthorized' },
    },
    {
      is: 'POST, 403',
      ask: () => viewer.post('/sync', '{}'),
      line: { method: 'POST', status: 403, user: viewer.user, error: 'forbidden' },
    },
    {
      is: 'GET, 404',
      ask: () => send('/nothing/at/all'),
      line: { path: '/nothing/at/all', status: 404, error: 'not_found' },
    },
    {
      is: 'POST, 415',
      ask: () => user.post('/sync', '{}', { 'content-type': 'text/plain' }),
      line: { method: 'POST', status: 415, error: 'unsupported_media_type' },
    },
    {
      is: 'PUT, 400',
      ask: () => user.put('/shares', { plan_id: 7 }),
      line: { method: 'PUT', path: '/shares', status: 400, user: user.user },
    },
    {
      is: 'PATCH, 405',
      ask: () => send('/plans', { method: 'PATCH', body: '{}' }),
      line: { method: 'PATCH', status: 405, error: 'method_not_allowed' },
    },
    {
      is: 'DELETE, 400',
      ask: () => user.ask('DELETE', '/shares'),
      line: { method: 'DELETE', path: '/shares', status: 400, user: user.user },
    },
    {
      is: 'OPTIONS, 405',
      ask: () => send('/plans', { method: 'OPTIONS' }),
      line: { method: 'OPTIONS', status: 405 },
    },
    {
      is: 'OPTIONS ahead of a request of another origin, 204',
      ask: () => {
        setVars({ CORS_ORIGINS: 'https://pages.example' });
        const headers = {
          origin: 'https://pages.example',
          'access-control-request-method': 'PUT',
        };
        return send('/db.json', { method: 'OPTIONS', headers });
      },
      line: { method: 'OPTIONS', path: '/db.json', app: 'default', status: 204 },
    },
    {
      is: 'GET of what pages load, 304',
      ask: async () => {
        const { headers } = await send('/assets/style.css');
        await kept();
        await env.DB.exec('DELETE FROM activity');
        const etag = headers.get('etag') ?? '';
        return send('/assets/style.css', { headers: { 'if-none-match': etag } });
      },
      line: { path: '/assets/style.css', status: 304, size: 0 },
    },
    {
      is: 'a WebSocket that is none, 426',
      ask: () => user.get('/sync/live'),
      line: { path: '/sync/live', status: 426, error: 'upgrade_required' },
    },
    {
      is: 'a WebSocket, 101',
      ask: async () => {
        const headers = await user.headers({ upgrade: 'websocket' });
        const response = await send('/sync/live', { headers });
        response.webSocket?.accept();
        response.webSocket?.close();
        return response;
      },
      line: { path: '/sync/live', status: 101, user: user.user },
    },
    {
      is: 'too many requests, 429',
      ask: async () => {
        setVars({ REQUESTS_PER_MINUTE: '1' });
        return user.get('/plans');
      },
      line: { status: 429, user: user.user, error: 'rate_limited' },
    },
    {
      is: 'a fault of ours, 500',
      ask: () => {
        setVars({ SPACE: undefined });
        return user.get('/plans');
      },
      line: { status: 500, user: user.user, error: 'internal' },
    },
    {
      is: 'no secret to verify by, 503',
      ask: async () => {
        const headers = await user.headers();
        setVars({ JWT_SECRET: undefined });
        return send('/plans', { headers });
      },
      line: { status: 503, error: 'not_configured' },
    },
  ])('$is', async ({ ask, line }) => {
    const before = Date.now();
    const response = await ask();
    expect(response.status).toBe(line.status);
    const lines = await kept();
    expect(lines).toMatchObject([line]);
    expect(lines[0]?.time).toBeGreaterThanOrEqual(before);
    expect(lines[0]?.duration_ms).toBeLessThan(5_000);
    expect(lines[0]?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  });

  it('where the runtime answers, since what was thrown is no error', async () => {
    const get = () => {
      throw 'a text';
    };
    setVars({ SPACE: { get, idFromName: () => null } as never });
    await expect(user.get('/plans')).rejects.toThrow('a text');
    expect(await kept()).toMatchObject([{ path: '/plans', status: 500, user: user.user }]);
  });

  it('of a write that its owner has noted is not there twice', async () => {
    const app = new Hono<App>();
    app.use(recordActivity, async (c, next) => {
      c.set('log', { event: 'request.completed', ...c.req.query() });
      await next();
    });
    app.put('/db.json', (c) => c.text('written'));
    const waited: Promise<unknown>[] = [];
    const ctx = { waitUntil: (work: Promise<unknown>) => waited.push(work) } as never;
    for (const query of ['?journalled=1', '']) {
      await app.fetch(new Request(`https://x/db.json${query}`, { method: 'PUT' }), env, ctx);
    }
    expect(await kept()).toMatchObject([{ method: 'PUT', path: '/db.json' }]);
    await Promise.all(waited);
  });

  it('is not there if ACTIVITY is off', async () => {
    setVars({ ACTIVITY: 'off' });
    expect((await send('/health')).status).toBe(200);
    expect(await kept()).toEqual([]);
  });
});

describe('the entries', () => {
  it('are kept by themselves within a second or so', async () => {
    await send('/health');
    const count = env.DB.prepare('SELECT count(*) AS rows FROM activity');
    const rows = () => count.first<number>('rows');
    expect(await rows()).toBe(0);
    await vi.waitUntil(async () => (await rows()) === 1, { timeout: 5_000, interval: 100 });
  });

  it('have nothing secret', async () => {
    const headers = await user.headers();
    const jwt = headers.authorization?.slice('Bearer '.length) ?? '';
    const secret = 'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I';
    const paths = [
      `/auth/verify?token=${secret}`,
      `/sync/live?ticket=${secret}`,
      `/plans?key=${secret}&token=${jwt}`,
      `/plans%3Ftoken=${secret}`,
      `/${secret}/x`,
      `/${jwt}`,
      `/${'x'.repeat(3_000)}/${secret}`,
    ];
    for (const path of paths) await send(path, { headers });
    const lines = await kept();
    expect(lines).toHaveLength(paths.length);
    const text = JSON.stringify(lines);
    for (const part of [secret, jwt, jwt.split('.')[1] ?? '', '?']) {
      expect([part, text.includes(part)]).toEqual([part, false]);
    }
  });

  it('are whole whatever the path', async () => {
    const paths = [
      '/%F0%9F%98%80',
      '/%ED%A0%80',
      '/a%00b',
      '/%22',
      `/${'%F0%9F%98%80'.repeat(700)}`,
    ];
    for (const path of paths) await send(path);
    const lines = await kept();
    expect(lines.map(({ path }) => path).slice(0, 4)).toEqual(['/😀', '/%ED%A0%80', '/a_b', '/"']);
    expect(lines[4]?.path).toMatch(/^\/(😀)+$/u);
    expect(new TextEncoder().encode(lines[4]?.path).byteLength).toBeLessThanOrEqual(512);
  });
});

describe('while D1 is down', () => {
  const down = (batch: () => Promise<never>) =>
    ({ ...env.DB, prepare: env.DB.prepare.bind(env.DB), batch }) as unknown as D1Database;

  it('requests are answered, and their entries are kept later', async () => {
    const real = env.DB;
    setVars({ DB: down(() => Promise.reject(new Error('D1 is down'))) });
    for (let i = 0; i < 250; i += 1) expect((await send('/health')).status).toBe(200);
    expect(await flushActivity(env)).toBe(false);
    const events = errors.mock.calls.map(([line]) => JSON.parse(String(line)));
    expect(events[0]).toMatchObject({ event: 'activity.failed', message: 'answered 503' });
    setVars({ DB: real });
    const lines = await kept();
    expect(new Set(lines.map(({ id }) => id)).size).toBe(250);
  });

  it('and only its answer was lost, an entry is kept once', async () => {
    const real = env.DB;
    const lossy = async (statements: D1PreparedStatement[]) => {
      await real.batch(statements);
      throw new Error('Network connection lost');
    };
    setVars({ DB: down(lossy as never) });
    await send('/health');
    await send('/nothing');
    expect(await flushActivity(env)).toBe(false);
    setVars({ DB: real });
    await send('/health');
    expect((await kept()).map(({ status }) => status)).toEqual([200, 404, 200]);
  });
});

describe('GET /activity', () => {
  const admin = new Device(newUser(), null, { role: 'admin' });
  const list = async (device: Device, query = '') => {
    await kept();
    return device.list<Line>(`/activity${query}`);
  };

  it('needs a token', async () => {
    const response = await send('/activity');
    expect([response.status, (await response.json<Problem>()).error]).toEqual([
      401,
      'unauthorized',
    ]);
  });

  it('shows an admin every entry, the newest first', async () => {
    await send('/health');
    await user.get('/plans');
    await send('/nothing', { method: 'HEAD' });
    const lines = await list(admin);
    expect(lines).toMatchObject([
      { method: 'HEAD', path: '/nothing', status: 404, user: null, error: 'not_found' },
      { method: 'GET', path: '/plans', status: 200, user: user.user, error: null },
      { method: 'GET', path: '/health', status: 200, user: null, error: null },
    ]);
    expect(Object.keys(lines[0] ?? {})).toEqual([
      ...['id', 'time', 'method', 'path', 'app', 'status', 'size', 'user', 'duration_ms', 'error'],
    ]);
    expect(await list(admin)).toMatchObject([{ path: '/activity', user: admin.user }, {}, {}, {}]);
  });

  it('shows a user their own entries, and an editor those of all', async () => {
    setVars({ EDITORS: undefined });
    const other = new Device(newUser());
    await send('/health');
    await user.get('/plans');
    await other.get('/cards');
    expect(await list(other)).toMatchObject([{ path: '/cards', user: other.user }]);
    for (const query of ['?editors=*', `?editors=${other.user}@example.com`]) {
      const users = (await list(other, query)).map((line) => line.user);
      expect(new Set(users)).toEqual(new Set([other.user]));
    }
    setVars({ EDITORS: `somebody@example.com, ${other.user}@example.com` });
    const paths = (await list(other)).map(({ path }) => path);
    expect(paths.slice(-3)).toEqual(['/cards', '/plans', '/health']);
  });

  it('can be of one app', async () => {
    await send('/db.json', { method: 'DELETE' });
    await send('/apps/blog/db.json', { method: 'DELETE' });
    expect(await list(admin, '?app=blog')).toMatchObject([{ path: '/apps/blog/db.json' }]);
    expect(await list(admin, '?app=default')).toMatchObject([{ path: '/db.json' }]);
  });

  it('has pages that are complete and repeat nothing while new entries come', async () => {
    for (let i = 0; i < 25; i += 1) await send(`/nothing/${i}`);
    await kept();
    const seen: string[] = [];
    let next: string | undefined = '/activity?limit=10';
    while (next !== undefined) {
      const response = await admin.get(next);
      for (const { path } of await response.json<Line[]>()) seen.push(path);
      next = /^<(.*)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1];
      await kept(); // The request for the page itself is the newest entry now.
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => `/nothing/${24 - i}`));
  });

  it.each(['limit=0', 'limit=201', 'limit=all', 'before=1'])('%s: 400', async (query) => {
    const response = await admin.get(`/activity?${query}`);
    expect([response.status, (await response.json<Problem>()).error]).toEqual([
      400,
      'invalid_parameter',
    ]);
  });
});
