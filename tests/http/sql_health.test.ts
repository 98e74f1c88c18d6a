// GET /health: how the databases are, from what they, KV and the coordinator answer. Where the
// bounds lie is tested in the core; this is what is asked, who is told, and with which status.

import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import { send } from '../clients.ts';
import {
  askAs,
  brokenShard,
  coordinatorCounting,
  coordinatorWith,
  deadCoordinator,
  kvWith,
  letTimePass,
  setParts,
  told,
} from './sql_doubles.ts';

interface Health {
  status: string;
  time: number;
  overall: string;
  timestamp: string;
  checks: Record<string, string>;
  distributionRatio?: number;
}

const SHARDS = ['db-east', 'db-west', 'db-central', 'db-europe'];
const EVEN = { 'db-east': 10, 'db-west': 10 };

let errors: MockInstance<typeof console.error>;

beforeEach(() => {
  vi.spyOn(console, 'log').mockImplementation(() => {});
  errors = vi.spyOn(console, 'error').mockImplementation(() => {});
  letTimePass();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function healthAs(role: string | null): Promise<[number, Health]> {
  const response = await (role === null ? send('/health') : askAs(role, '/health'));
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('content-type')).toBe('application/json');
  return [response.status, await told<Health>(response)];
}

describe('who asks', () => {
  it.each([null, 'user', 'viewer', 'none'])('as %s is told the whole in one word', async (role) => {
    const [status, health] = await healthAs(role);
    expect(status).toBe(200);
    expect(health).toEqual({ status: 'ok', time: expect.any(Number), overall: 'healthy' });
  });

  it('as an admin is told of each part', async () => {
    setParts({ ShardCoordinator: coordinatorCounting(EVEN) });
    const [status, health] = await healthAs('admin');
    expect(status).toBe(200);
    expect(health).toEqual({
      status: 'ok',
      time: expect.any(Number),
      overall: 'healthy',
      timestamp: new Date(Date.parse(health.timestamp)).toISOString(),
      checks: {
        kv: 'healthy',
        coordinator: 'healthy',
        ...Object.fromEntries(SHARDS.map((shard) => [shard, 'healthy'])),
        distribution: 'healthy',
      },
      distributionRatio: 1,
      imbalanceRatio: 1,
    });
    expect(await env.KV.get('health-check')).toBe('ok');
  });

  it('by a token that is no good is anyone', async () => {
    const headers = { authorization: 'Bearer nonsense' };
    expect(Object.keys(await told<object>(await send('/health', { headers })))).toEqual([
      'status',
      'time',
      'overall',
    ]);
  });

  it('by HEAD is told the status alone', async () => {
    setParts({ 'db-east': brokenShard });
    const response = await send('/health', { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([503, '']);
  });
});

describe('a shard that fails', () => {
  it('makes the whole unhealthy: 503, to anyone and to admins', async () => {
    setParts({ 'db-west': brokenShard });
    expect(await healthAs(null)).toMatchObject([503, { status: 'ok', overall: 'unhealthy' }]);
    const [status, { overall, checks }] = await healthAs('admin');
    expect([status, overall]).toEqual([503, 'unhealthy']);
    expect(checks).toMatchObject({ 'db-west': 'unhealthy', 'db-east': 'healthy', kv: 'healthy' });
    expect(errors.mock.calls.join()).toContain('"probe":"db-west"');
  });

  it('by not answering has three seconds', async () => {
    const never = () => new Promise(() => {});
    const hung = { prepare: () => ({ all: never }) } as unknown as D1Database;
    setParts({ 'db-east': hung, 'db-europe': hung });
    const started = performance.now();
    const [status, { checks }] = await healthAs('admin');
    expect(performance.now() - started).toBeLessThan(6_000);
    expect([status, checks['db-east'], checks['db-europe']]).toEqual([
      503,
      'unhealthy',
      'unhealthy',
    ]);
  }, 15_000);

  it('is not hidden by a coordinator that fails as well', async () => {
    setParts({ 'db-west': brokenShard, ShardCoordinator: deadCoordinator() });
    expect(await healthAs('admin')).toMatchObject([503, { overall: 'unhealthy' }]);
  });
});

describe('KV', () => {
  it('that gives back another value is degraded: 206', async () => {
    setParts({ KV: kvWith({ get: async () => 'stale' }) });
    expect(await healthAs('admin')).toMatchObject([
      206,
      { overall: 'degraded', checks: { kv: 'degraded' } },
    ]);
  });

  it.each(['put', 'get'])('that fails to %s is unhealthy: 503', async (method) => {
    setParts({ KV: kvWith({ [method]: () => Promise.reject(new Error('no KV today')) }) });
    expect(await healthAs('admin')).toMatchObject([
      503,
      { overall: 'unhealthy', checks: { kv: 'unhealthy' } },
    ]);
  });

  it('that was written a moment ago is not unhealthy', async () => {
    await env.KV.put('health-check', 'ok');
    const put = () => Promise.reject(new Error('KV PUT failed: 429 Too Many Requests'));
    setParts({ KV: kvWith({ put }) });
    expect(await healthAs('admin')).toMatchObject([200, { checks: { kv: 'healthy' } }]);
  });

  it('is not written for who has no name', async () => {
    const put = vi.fn(() => Promise.reject(new Error('it was written')));
    setParts({ KV: kvWith({ put }) });
    expect(await healthAs(null)).toMatchObject([200, { overall: 'healthy' }]);
    expect(put).not.toHaveBeenCalled();
  });

  it('is written with a time to live of a minute', async () => {
    const { KV } = env;
    const put = vi.fn((key: string, value: string, options: object) => KV.put(key, value, options));
    setParts({ KV: kvWith({ put: put as never }) });
    await healthAs('admin');
    expect(put.mock.calls).toEqual([['health-check', 'ok', { expirationTtl: 60 }]]);
  });
});

describe('the coordinator', () => {
  it('that is down degrades the whole: keys are placed by hash', async () => {
    setParts({ ShardCoordinator: deadCoordinator() });
    const [status, { overall, checks }] = await healthAs('admin');
    expect([status, overall, checks.coordinator]).toEqual([206, 'degraded', 'unhealthy']);
    expect(checks).not.toHaveProperty('distribution');
    expect(await healthAs(null)).toMatchObject([206, { overall: 'degraded' }]);
  });

  it('that answers badly is as one that is down', async () => {
    const bad = coordinatorWith((path) =>
      path === '/health' ? new Response('no', { status: 500 }) : undefined,
    );
    setParts({ ShardCoordinator: bad });
    expect(await healthAs('admin')).toMatchObject([206, { checks: { coordinator: 'unhealthy' } }]);
  });

  it('without statistics leaves the distribution unknown', async () => {
    const mute = coordinatorWith((path) =>
      path === '/stats' ? new Response('no', { status: 500 }) : undefined,
    );
    setParts({ ShardCoordinator: mute });
    expect(await healthAs('admin')).toMatchObject([
      200,
      { overall: 'healthy', checks: { distribution: 'unknown' } },
    ]);
  });

  it('with nearly all keys in one shard degrades the whole', async () => {
    const counts = { 'db-east': 97, 'db-west': 1, 'db-central': 1, 'db-europe': 1 };
    setParts({ ShardCoordinator: coordinatorCounting(counts) });
    expect(await healthAs('admin')).toMatchObject([
      206,
      { overall: 'degraded', checks: { distribution: 'degraded' }, distributionRatio: 3.88 },
    ]);
  });
});

describe('however many ask without a name', () => {
  it('the databases are asked once, and again only after a while', async () => {
    const east = env['db-east'];
    const prepare = vi.fn((sql: string) => east.prepare(sql));
    setParts({ 'db-east': { prepare } as unknown as D1Database });
    const all = await Promise.all(Array.from({ length: 50 }, () => healthAs(null)));
    for (const [status] of all) expect(status).toBe(200);
    expect(prepare.mock.calls).toEqual([['SELECT 1 as test']]);
    await healthAs('user');
    expect(prepare).toHaveBeenCalledTimes(1);
    letTimePass();
    await healthAs(null);
    expect(prepare).toHaveBeenCalledTimes(2);
  });

  it('an admin gets a new report, which the others get too', async () => {
    expect(await healthAs(null)).toMatchObject([200, {}]);
    const { 'db-east': east } = env;
    const broken = vi.spyOn(east, 'prepare').mockImplementation(() => {
      throw new Error('gone');
    });
    expect(await healthAs(null)).toMatchObject([200, { overall: 'healthy' }]);
    expect(await healthAs('admin')).toMatchObject([503, { overall: 'unhealthy' }]);
    broken.mockRestore();
    expect(await healthAs(null)).toMatchObject([503, { overall: 'unhealthy' }]);
  });
});
