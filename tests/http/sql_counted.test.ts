// What this Worker asks of KV and of the coordinator for SQL, beside its probes: counted where it
// asks, and measured.

import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { placeOf } from '../../worker/places.ts';
import { sendAlerts } from '../../worker/sql/alerts.ts';
import { counters } from '../../worker/sql/counters.ts';
import { setVars } from '../accounts.ts';
import { newUser } from '../clients.ts';
import {
  askAs,
  coordinatorWith,
  deadCoordinator,
  kvWith,
  letTimePass,
  told,
} from './sql_doubles.ts';

interface Figures {
  asked: number;
  failed: number;
}

let points: AnalyticsEngineDataPoint[];

beforeEach(() => {
  vi.spyOn(console, 'log').mockImplementation(() => {});
  vi.spyOn(console, 'error').mockImplementation(() => {});
  letTimePass();
  points = [];
  const writeDataPoint = (point?: AnalyticsEngineDataPoint) => points.push(point ?? {});
  setVars({ ANALYTICS: { writeDataPoint } });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const measured = (name: string) =>
  points.filter(({ blobs }) => blobs?.[0] === name).map(({ blobs }) => blobs?.slice(1));

describe('what the coordinator is asked for admins', () => {
  const metrics = async () =>
    (await told<{ coordinator: Figures }>(await askAs('admin', '/admin/metrics'))).coordinator;

  it('is among the figures, beside two probes', async () => {
    const before = await metrics();
    await askAs('admin', '/admin/coordinator/shards');
    letTimePass();
    expect((await metrics()).asked).toBe(before.asked + 3);
    expect(measured('sql.coordinator_ms')).toEqual([['/shards', 'ok']]);
  });

  it('is a failure where it fails, and none where it refuses', async () => {
    const { asked, failed } = counters.coordinator;
    await askAs('admin', '/admin/coordinator/nowhere?a=b');
    expect(counters.coordinator).toMatchObject({ asked: asked + 1, failed });
    setVars({ ShardCoordinator: coordinatorWith(() => new Response('no', { status: 500 })) });
    await askAs('admin', '/admin/coordinator/stats');
    setVars({ ShardCoordinator: deadCoordinator() });
    await askAs('admin', '/admin/coordinator/stats');
    expect(counters.coordinator).toMatchObject({ asked: asked + 3, failed: failed + 2 });
    expect(measured('sql.coordinator_ms')).toEqual([
      ['/nowhere', 'ok'],
      ['/stats', '500'],
      ['/stats', 'FAILED'],
    ]);
  });
});

describe('what KV is asked', () => {
  const since = ({ asked, failed }: Figures) => ({
    asked: counters.kv.asked - asked,
    failed: counters.kv.failed - failed,
  });

  it('for the slot table is counted, and once a minute', async () => {
    const before = counters.kv;
    const bound = { ...env, KV: kvWith({}) };
    await placeOf(bound, newUser());
    await placeOf(bound, newUser());
    expect(since(before)).toEqual({ asked: 1, failed: 0 });
    expect(measured('sql.kv_ms')).toEqual([['get', 'ok']]);
    const away = { ...env, KV: kvWith({ get: () => Promise.reject(new Error('it is down')) }) };
    await placeOf(away, newUser());
    expect(since(before)).toEqual({ asked: 2, failed: 1 });
  });

  it('for alerts is counted beside the probes', async () => {
    vi.spyOn(globalThis, 'fetch').mockImplementation(async () => new Response('ok'));
    setVars({ SLACK_WEBHOOK_URL: 'https://hooks.slack.test/x' });
    await env.KV.delete('health-alerts');
    const before = counters.kv;
    await sendAlerts(env);
    expect(since(before)).toEqual({ asked: 4, failed: 0 });
    expect(measured('sql.kv_ms')).toEqual([
      ['get', 'ok'],
      ['put', 'ok'],
    ]);
  });

  it('for the copy of the slot table is counted where the coordinator makes it', async () => {
    const before = counters.kv;
    const init = { method: 'POST', body: JSON.stringify({ availableShards: ['db-east'] }) };
    expect((await askAs('admin', '/admin/coordinator/slots', init)).status).toBe(200);
    expect(since(before)).toEqual({ asked: 1, failed: 0 });
    expect(measured('sql.kv_ms')).toEqual([['put', 'ok']]);
  });
});
