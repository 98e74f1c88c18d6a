// Alerts by the clock: what each webhook gets, when, and what becomes of one that fails.

import {
  createExecutionContext,
  createScheduledController,
  waitOnExecutionContext,
} from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import worker from '../../worker/index.ts';
import { setVars } from '../accounts.ts';
import {
  brokenShard,
  coordinatorCounting,
  deadCoordinator,
  kvWith,
  letTimePass,
} from './sql_doubles.ts';

const CRON = '*/5 * * * *';
const HOURLY = '20 * * * *';
const SLACK = 'https://hooks.slack.test/services/T0/B0/very-secret';
const OWN = 'https://monitor.test/in?key=also-secret';
const HOUR_MS = 3_600_000;

let log: MockInstance<typeof console.log>;
let errors: MockInstance<typeof console.error>;
let posted: { url: string; init: RequestInit; body: unknown }[];
let answer: (url: string) => Response | Promise<Response>;

beforeEach(async () => {
  log = vi.spyOn(console, 'log').mockImplementation(() => {});
  errors = vi.spyOn(console, 'error').mockImplementation(() => {});
  letTimePass();
  posted = [];
  answer = () => new Response('ok');
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init = {}) => {
    posted.push({ url: String(input), init, body: JSON.parse(String(init.body)) });
    return answer(String(input));
  });
  setVars({ SLACK_WEBHOOK_URL: SLACK, MONITORING_WEBHOOK_URL: OWN });
  await run(); // All is well, and whoever was told otherwise before knows.
  expect(posted).toEqual([]);
  log.mockClear();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** What was posted by a run of the cron. */
async function run(cron = CRON): Promise<typeof posted> {
  const before = posted.length;
  const ctx = createExecutionContext();
  await worker.scheduled(createScheduledController({ cron, scheduledTime: Date.now() }), env, ctx);
  await waitOnExecutionContext(ctx);
  return posted.slice(before);
}

const urlsOf = (some: typeof posted) => some.map(({ url }) => url).sort();

const linesOf = (spy: MockInstance<typeof console.log>, event: string) =>
  spy.mock.calls
    .map(([line]) => JSON.parse(String(line)) as Record<string, unknown>)
    .filter((line) => line.event === event);

const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);

const CHECKS = (bad: object, distribution: object = {}) =>
  JSON.stringify({
    kv: 'healthy',
    coordinator: 'healthy',
    'db-east': 'healthy',
    'db-west': 'healthy',
    'db-central': 'healthy',
    'db-europe': 'healthy',
    ...distribution,
    ...bad,
  });

describe('what is posted', () => {
  it('of a shard that fails: to Slack and to the monitor, each in its words', async () => {
    setVars({ 'db-west': brokenShard });
    const message = `System unhealthy: ${CHECKS({ 'db-west': 'unhealthy' })}`;
    const sent = (await run()).sort((a, b) => a.url.localeCompare(b.url));
    expect(sent.map(({ url }) => url)).toEqual([SLACK, OWN]);
    for (const { init } of sent) {
      expect(init).toMatchObject({
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
      });
    }
    expect(sent[0]?.init.body).toBe(
      JSON.stringify({ text: `🚨 CollegeDB CRITICAL: ${message}`, username: 'CollegeDB Monitor' }),
    );
    const { timestamp } = (sent[1]?.body ?? {}) as { timestamp: string };
    expect(new Date(timestamp).toISOString()).toBe(timestamp);
    expect(sent[1]?.init.body).toBe(
      JSON.stringify({ service: 'collegedb', severity: 'critical', message, timestamp }),
    );
  });

  it('of a coordinator that is down: a warning', async () => {
    setVars({ ShardCoordinator: deadCoordinator(), MONITORING_WEBHOOK_URL: undefined });
    const message = `System degraded: ${CHECKS({ coordinator: 'unhealthy' })}`;
    expect((await run()).map(({ url, body }) => [url, body])).toEqual([
      [SLACK, { text: `🚨 CollegeDB WARNING: ${message}`, username: 'CollegeDB Monitor' }],
    ]);
  });

  it('of a severe imbalance: a warning by itself', async () => {
    setVars({
      ShardCoordinator: coordinatorCounting({ 'db-east': 11, 'db-west': 2 }),
      SLACK_WEBHOOK_URL: '',
    });
    const sent = await run();
    expect(sent.map(({ body }) => body)).toMatchObject([
      { severity: 'warning', message: 'Severe shard imbalance detected: 5.5x difference' },
    ]);
  });

  it('of health: nothing', async () => {
    expect(await run()).toEqual([]);
    expect(linesOf(log, 'cron.completed')).toMatchObject([
      { job: 'send_alerts', webhooks: '2', overall: 'healthy' },
    ]);
  });
});

describe('when', () => {
  it('it gets worse, not with each run; and again after an hour', async () => {
    setVars({ ShardCoordinator: deadCoordinator() });
    expect(await run()).toHaveLength(2);
    pass(300_000);
    expect(await run()).toHaveLength(0);
    const { 'db-east': east } = env;
    setVars({ 'db-east': brokenShard });
    pass(300_000);
    expect(await run()).toHaveLength(2);
    pass(300_000);
    expect(await run()).toHaveLength(0);
    pass(HOUR_MS);
    expect(await run()).toHaveLength(2);
    setVars({ 'db-east': east });
    pass(300_000);
    expect(await run()).toHaveLength(2); // It is degraded again.
  });

  it('no webhook is set: nothing is asked', async () => {
    setVars({ SLACK_WEBHOOK_URL: undefined, MONITORING_WEBHOOK_URL: undefined });
    const put = vi.fn();
    setVars({ KV: kvWith({ put }) });
    await run();
    expect(put).not.toHaveBeenCalled();
    expect(linesOf(log, 'cron.completed')).toMatchObject([{ job: 'send_alerts', webhooks: '0' }]);
  });
});

describe('a webhook that fails', () => {
  it('is tried again with the next run, and the other one gets nothing twice', async () => {
    setVars({ 'db-west': brokenShard });
    answer = (url) => new Response('', { status: url === SLACK ? 500 : 200 });
    expect(urlsOf(await run())).toEqual([SLACK, OWN]);
    expect(linesOf(errors, 'alert.failed')).toMatchObject([
      { webhook: 'slack', severity: 'critical', why: 500 },
    ]);
    pass(300_000);
    expect(urlsOf(await run())).toEqual([SLACK]);
    answer = () => new Response('ok');
    pass(300_000);
    expect(urlsOf(await run())).toEqual([SLACK]);
    pass(300_000);
    expect(await run()).toEqual([]);
    expect(linesOf(errors, 'cron.failed')).toEqual([]);
  });

  it('tells its address to nobody', async () => {
    setVars({ 'db-west': brokenShard });
    answer = (url) => Promise.reject(new TypeError(`Fetch failed: ${url}`));
    await run();
    expect(linesOf(errors, 'alert.failed')).toMatchObject([
      { why: 'TypeError' },
      { why: 'TypeError' },
    ]);
    const all = JSON.stringify([log.mock.calls, errors.mock.calls]);
    for (const part of ['very-secret', 'also-secret', 'hooks.slack', 'monitor.test']) {
      expect([part, all.includes(part)]).toEqual([part, false]);
    }
  });

  it('by an address that is none stops no other', async () => {
    vi.mocked(globalThis.fetch).mockRestore();
    setVars({ SLACK_WEBHOOK_URL: 'no address: secret', MONITORING_WEBHOOK_URL: undefined });
    setVars({ 'db-west': brokenShard });
    await run();
    expect(linesOf(errors, 'alert.failed')).toMatchObject([{ webhook: 'slack' }]);
    expect(linesOf(errors, 'cron.failed')).toEqual([]);
    expect(JSON.stringify(errors.mock.calls)).not.toContain('no address');
  });

  it('has five seconds', async () => {
    const timeout = vi.spyOn(AbortSignal, 'timeout');
    setVars({ 'db-west': brokenShard });
    await run();
    expect(timeout.mock.calls).toEqual([[5_000], [5_000]]);
    for (const { init } of posted) expect(init.signal).toBeInstanceOf(AbortSignal);
  });
});

describe('KV that fails', () => {
  it('is told of, once in an isolate', async () => {
    const fails = () => Promise.reject(new Error('no KV today'));
    setVars({ KV: kvWith({ get: fails, put: fails }) });
    const [alert] = await run();
    expect(JSON.stringify(alert?.body)).toContain('unhealthy');
    pass(300_000);
    expect(await run()).toEqual([]);
    expect(linesOf(errors, 'alert.state_failed').length).toBeGreaterThan(0);
  });

  it('to take the state alone leaves it in the isolate, over what KV has', async () => {
    const { KV } = env;
    const put = (key: string, value: string) =>
      key === 'health-alerts' ? Promise.reject(new Error('no writes left')) : KV.put(key, value);
    setVars({ KV: kvWith({ put: put as never }), 'db-west': brokenShard });
    expect(await run()).toHaveLength(2);
    pass(300_000);
    expect(await run()).toHaveLength(0);
  });
});

it('each hour the log says which shards are uneven, or counted long ago', async () => {
  const long_ago = Date.now() - HOUR_MS - 1;
  const counts = { 'db-east': 90, 'db-west': 10 };
  setVars({ ShardCoordinator: coordinatorCounting(counts, long_ago) });
  await run(HOURLY);
  expect(linesOf(log, 'shards.uneven')).toMatchObject([
    { message: 'Shard imbalance detected:', shards: [{ binding: 'db-east' }, {}] },
    { message: 'Stale shard statistics detected:', shards: [{}, {}] },
  ]);
});
