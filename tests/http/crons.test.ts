// What runs by the clock, through the Worker's own handler.

import {
  createExecutionContext,
  createScheduledController,
  waitOnExecutionContext,
} from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import { crons, runJobs } from '../../worker/crons.ts';
import worker from '../../worker/index.ts';
import { setVars } from '../accounts.ts';

const DAY_MS = 86_400_000;
const NIGHTLY = '30 2 * * *';

let log: MockInstance<typeof console.log>;
let errors: MockInstance<typeof console.error>;

beforeEach(() => {
  log = vi.spyOn(console, 'log').mockImplementation(() => {});
  errors = vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

const linesOf = (spy: MockInstance<typeof console.log>) =>
  spy.mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>);

async function run(cron: string): Promise<void> {
  const ctx = createExecutionContext();
  await worker.scheduled(createScheduledController({ cron, scheduledTime: Date.now() }), env, ctx);
  await waitOnExecutionContext(ctx);
}

/** That many entries of the activity, one a second before `newest`. */
function fill(rows: number, newest: number): Promise<unknown> {
  return env.DB.prepare(
    `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1)
     INSERT INTO activity
     SELECT printf('%08x-%04x-7000-8000-%012x', at >> 16, at & 65535, i), at, 'GET', '/', NULL,
       200, 0, NULL, 1, NULL
     FROM (SELECT i, CAST(?2 AS INTEGER) - i * 1000 AS at FROM n)`,
  )
    .bind(rows, newest)
    .run();
}

const kept = () =>
  env.DB.prepare('SELECT count(*) AS rows, max(time) AS newest FROM activity').first<{
    rows: number;
    newest: number | null;
  }>();

const pruned = () =>
  linesOf(log)
    .filter(({ event, job }) => event === 'cron.completed' && job === 'prune_activity')
    .map(({ deleted }) => deleted);

describe('each night', () => {
  it('entries of the activity that are too old are forgotten, once', async () => {
    const now = Date.now();
    await fill(20, now - 30 * DAY_MS - 1_000);
    await fill(3, now);
    await run(NIGHTLY);
    expect(await kept()).toEqual({ rows: 3, newest: now });
    await run(NIGHTLY);
    expect(pruned()).toEqual(['20', '0']);
    expect(errors).not.toHaveBeenCalled();
  });

  it('the oldest are forgotten where there are too many', async () => {
    await env.DB.exec('DELETE FROM activity');
    const now = Date.now();
    await fill(100_250, now);
    await run(NIGHTLY);
    expect(await kept()).toEqual({ rows: 100_000, newest: now });
    expect(pruned()).toEqual(['250']);
  });

  it('what fails is said, and is done the next night', async () => {
    await env.DB.exec('DELETE FROM activity');
    await fill(2, Date.now() - 31 * DAY_MS);
    const real = env.DB;
    const batch = () => Promise.reject(new Error('D1 is down'));
    setVars({ DB: { prepare: real.prepare.bind(real), batch } as unknown as D1Database });
    await run(NIGHTLY);
    const failed = { event: 'cron.failed', cron: NIGHTLY, job: 'prune_activity' };
    const rest = { event: 'cron.failed', job: 'compact_document' };
    expect(linesOf(errors)).toMatchObject([failed, rest]);
    setVars({ DB: real });
    await run(NIGHTLY);
    expect(await kept()).toEqual({ rows: 0, newest: null });
  });
});

describe('jobs', () => {
  it('run in their order, told when they were due, and what fails stops no other', async () => {
    const ran: [string, number][] = [];
    const job = (name: string, fails = false) => ({
      name,
      run: async (_: unknown, at: number) => {
        ran.push([name, at]);
        if (fails) throw new TypeError('broken');
        return { done: '7' };
      },
    });
    const controller = { cron: '0 0 * * *', scheduledTime: 1_795_000_000_000 };
    await runJobs([job('first'), job('second', true), job('third')], controller, env);
    expect(ran).toEqual(['first', 'second', 'third'].map((name) => [name, 1_795_000_000_000]));
    expect(linesOf(log)).toMatchObject([
      { event: 'cron.completed', cron: '0 0 * * *', job: 'first', done: '7' },
      { event: 'cron.completed', job: 'third' },
    ]);
    expect(linesOf(errors)).toEqual([
      {
        event: 'cron.failed',
        cron: '0 0 * * *',
        job: 'second',
        error: 'TypeError',
        message: 'broken',
      },
    ]);
  });

  it('of each cron have names of their own', () => {
    for (const jobs of Object.values(crons)) {
      expect(new Set(jobs.map(({ name }) => name)).size).toBe(jobs.length);
    }
  });
});
