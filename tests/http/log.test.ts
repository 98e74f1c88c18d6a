// What is told of a request: one line of JSON, one data point, and a note in KV after a sync.

import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import type { Env } from '../../worker/env.ts';
import worker from '../../worker/index.ts';
import { logError, logEvent, measure } from '../../worker/log.ts';
import { Device, newUser, plan, send } from '../clients.ts';

const T0 = 1_750_000_000_000;

type Line = Record<string, unknown>;

let log: MockInstance<typeof console.log>;
let errors: MockInstance<typeof console.error>;

beforeEach(() => {
  log = vi.spyOn(console, 'log').mockImplementation(() => {});
  errors = vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** The lines so far; an alarm that runs by itself may add its own, which no request caused. */
function lines(): Line[] {
  return log.mock.calls
    .map(([line]) => JSON.parse(String(line)) as Line)
    .filter(({ event }) => event !== 'space.ticked');
}

describe('the log', () => {
  it('has one line for a sync, which says who, how much and how long', async () => {
    const device = new Device(newUser());
    await device.sync({ plans: [plan('p', T0), plan('q', T0)] });
    expect(lines()).toEqual([
      {
        event: 'sync.completed',
        user_id: device.user,
        deltas: 2,
        duration_ms: expect.any(Number),
        method: 'POST',
        path: '/sync',
        status: 200,
        written: '2',
        pulled: '2',
        version: '2',
      },
    ]);
  });

  it('has one line for any other request, and its code where it failed', async () => {
    const device = new Device(newUser());
    await device.get('/plans');
    await device.post('/sync', 'nonsense');
    await device.get('/nothing');
    await send('/plans');
    await send('/health');
    await device.get('/sync');
    expect(lines()).toMatchObject([
      { event: 'request.completed', method: 'GET', path: '/plans', status: 200, rows: '0' },
      { event: 'request.completed', path: '/sync', status: 400, error: 'invalid_json' },
      { event: 'request.completed', status: 404, error: 'not_found' },
      { event: 'request.completed', path: '/plans', status: 401, error: 'unauthorized' },
      { event: 'request.completed', path: '/health', status: 200 },
      { event: 'request.completed', status: 405, error: 'method_not_allowed' },
    ]);
    for (const line of lines()) expect(line.duration_ms).toEqual(expect.any(Number));
    expect(lines()[0]?.user_id).toBe(device.user);
  });

  it('has nothing secret: no token, no query string, no mail address, no body', async () => {
    const device = new Device(newUser());
    const headers = await device.headers();
    await send('/plans?cursor=a.1&secret=hunter2', { headers });
    await device.sync({ plans: [plan('p', T0, { title: 'diary' })] });
    await send('/plans', { headers: { authorization: 'Bearer not-a-token' } });
    const text = JSON.stringify([log.mock.calls, errors.mock.calls]);
    for (const secret of [headers.authorization as string, 'hunter2', '@', 'diary', 'not-a-tok']) {
      expect([secret, text.includes(secret)]).toEqual([secret, false]);
    }
  });
});

describe('what is logged', () => {
  it('an event is one line, whatever it holds', () => {
    logEvent({ event: 'x', user_id: undefined, note: 'two\nlines' });
    expect(log.mock.calls).toEqual([['{"event":"x","note":"two\\nlines"}']]);
  });

  it('an error has its name, its message and its cause', () => {
    logError(new TypeError('outside', { cause: new Error('inside') }), { event: 'x.failed' });
    logError('a word', { event: 'y.failed' });
    expect(errors.mock.calls.map(([line]) => JSON.parse(String(line)))).toEqual([
      { event: 'x.failed', error: 'TypeError', message: 'outside', cause: 'inside' },
      { event: 'y.failed', error: 'Error', message: 'a word' },
    ]);
  });
});

class FakeAnalytics implements AnalyticsEngineDataset {
  points: (AnalyticsEngineDataPoint | undefined)[] = [];

  writeDataPoint(point?: AnalyticsEngineDataPoint): void {
    this.points.push(point);
  }
}

/** A request to the Worker with an environment of the test's own. */
async function sendWith(own: Env, request: Request): Promise<Response> {
  const ctx = createExecutionContext();
  const response = await worker.fetch(request, own, ctx);
  await waitOnExecutionContext(ctx);
  return response;
}

async function syncRequest(device: Device): Promise<Request> {
  return new Request('https://tidemark.test/sync', {
    method: 'POST',
    body: '{}',
    headers: await device.headers({ 'content-type': 'application/json' }),
  });
}

describe('Analytics Engine', () => {
  it('gets the time of a sync, under the user', async () => {
    const device = new Device(newUser());
    const ANALYTICS = new FakeAnalytics();
    const response = await sendWith({ ...env, ANALYTICS }, await syncRequest(device));
    expect(response.status).toBe(200);
    expect(ANALYTICS.points).toEqual([
      { blobs: ['sync.duration_ms'], doubles: [expect.any(Number)], indexes: [device.user] },
    ]);
  });

  it('gets the time of other requests under another name', async () => {
    const ANALYTICS = new FakeAnalytics();
    await sendWith({ ...env, ANALYTICS }, new Request('https://tidemark.test/health'));
    expect(ANALYTICS.points).toMatchObject([{ blobs: ['request.duration_ms'], indexes: [''] }]);
  });

  it('where it is not bound is not missed', async () => {
    const { ANALYTICS: _, ...bare } = env;
    const response = await sendWith(bare, await syncRequest(new Device(newUser())));
    expect(response.status).toBe(200);
    expect(() => measure(undefined, 'x', 1, 'u')).not.toThrow();
    expect(errors).not.toHaveBeenCalled();
  });

  it('that fails fails no request', async () => {
    const ANALYTICS = new FakeAnalytics();
    vi.spyOn(ANALYTICS, 'writeDataPoint').mockImplementation(() => {
      throw new Error('no analytics today');
    });
    const response = await sendWith(
      { ...env, ANALYTICS },
      await syncRequest(new Device(newUser())),
    );
    expect(response.status).toBe(200);
  });
});

describe('KV', () => {
  const noteOf = (key: string) => env.KV.get<{ last_sync: number; version: number }>(key, 'json');

  it('has the time and the version of a device’s last sync, for whoever looks', async () => {
    const device = new Device(newUser(), 'laptop');
    await device.push({ plans: [plan('p', T0), plan('q', T0)] });
    const note = await vi.waitUntil(() => noteOf(`sync:${device.user}:laptop`));
    expect(note).toEqual({ last_sync: expect.any(Number), version: 2 });
    expect(Math.abs((note?.last_sync ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  it('has it for a device without a name', async () => {
    const device = new Device(newUser(), null);
    await device.push({});
    expect(await vi.waitUntil(() => noteOf(`sync:${device.user}:default`))).toMatchObject({
      version: 0,
    });
  });

  it('has nothing of a sync that failed', async () => {
    const device = new Device(newUser(), 'laptop');
    await device.post('/sync', 'nonsense');
    expect((await env.KV.list({ prefix: `sync:${device.user}` })).keys).toEqual([]);
  });

  it('that fails fails no sync', async () => {
    const put = () => Promise.reject(new Error('no KV today'));
    const KV = { ...env.KV, put } as unknown as KVNamespace;
    const response = await sendWith({ ...env, KV }, await syncRequest(new Device(newUser())));
    expect(response.status).toBe(200);
    expect(JSON.parse(String(errors.mock.calls[0]?.[0]))).toMatchObject({
      event: 'sync_state.failed',
    });
  });
});
