// What tells of SQL over many databases: its health, its dashboard, its figures, and a user's row.
// What any of it means says the core (wasm/shards/sql_health.cc, sql_monitor.cc, sql_balance.cc).

import type { Context } from 'hono';
import { createRouter } from '../../client/sql/router.ts';
import userById from '../../schema/queries/user_by_id.sql';
import { measured } from '../activity.ts';
import { type App, problem } from '../app.ts';
import { type Env, SHARDS } from '../env.ts';
import { logError } from '../log.ts';
import { asksAsAdmin, caller, forbidden, isAdmin, requireAdmin } from './admins.ts';
import { readCoordinator } from './coordinator.ts';
import { counters, observerOf } from './counters.ts';
import { askCore, newReport, recentReport } from './report.ts';

type Handler = (c: Context<App>) => Promise<Response>;

function answer(c: Context<App>, value: unknown, status = 200): Response {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  return new Response(measured(c, JSON.stringify(value)) as BodyInit, { status, headers });
}

/** Whether this Worker works at all, and how its databases are: to admins all of it, to anyone else
 * in one word, which may be some seconds old. */
export const health: Handler = async (c) => {
  const { ENVIRONMENT, SYNC_AUTH_TOKEN, JWT_SECRET } = c.env;
  const gate = SYNC_AUTH_TOKEN || JWT_SECRET ? '1' : '';
  const { body } = await askCore(c.env, 'health', { environment: ENVIRONMENT, gate });
  const told = await asksAsAdmin(c);
  const made = (told ? newReport : recentReport)(c.env);
  c.executionCtx.waitUntil(made.catch(() => {})); // Others wait for it, if this caller does not.
  const report = await made;
  const { overall } = report;
  const more = told ? (JSON.parse(report.text) as object) : { overall };
  return answer(c, { ...(JSON.parse(body) as object), ...more }, report.status);
};

/** The coordinator's answers; null where it cannot be asked. */
async function readStats(env: Env): Promise<{ stats: string; shards: number } | null> {
  try {
    const asked = [readCoordinator(env, '/stats'), readCoordinator(env, '/shards')] as const;
    const [stats, shards] = await Promise.all(asked);
    return { stats, shards: (JSON.parse(shards) as string[]).length };
  } catch (error) {
    logError(error, { event: 'probe.failed', probe: 'coordinator' });
    return null;
  }
}

/** The dashboard. */
export const monitor: Handler = async (c) => {
  await requireAdmin(c);
  const [read, coordinator] = await Promise.all([
    readStats(c.env),
    readCoordinator(c.env, '/health').catch(() => ''),
  ]);
  if (read === null) return problem(c, 503, 'unavailable', 'The coordinator does not answer');
  const { body } = await askCore(c.env, 'sql_monitor', {
    stats: read.stats,
    shards: String(read.shards),
    coordinator: coordinator === '' ? '' : 'ok',
  });
  return answer(c, JSON.parse(body));
};

/** The figures: how keys are spread, and how each part fared in this isolate. */
export const metrics: Handler = async (c) => {
  await requireAdmin(c);
  const { probed } = await recentReport(c.env);
  const { probes, stats, sizes } = probed;
  const balance = stats === 'failed' ? null : await askCore(c.env, 'sql_balance', { stats });
  return answer(c, {
    since: counters.since,
    distribution: balance && JSON.parse(balance.body),
    shards: SHARDS.map((binding, index) => ({
      binding,
      ok: probes.shards[index]?.ok ?? false,
      bytes: sizes[binding] ?? null,
      ...counters.shard(binding),
    })),
    kv: { ok: probes.kv === 'ok', ...counters.kv },
    coordinator: { ok: probes.coordinator === 'ok', ...counters.coordinator },
  });
};

/** A user's own row, or anybody's for an admin. Accounts lie in one database so far: `DB` is a
 * whole of one shard. */
export const user: Handler = async (c) => {
  const id = c.req.query('id');
  if (!id) return c.text('Missing user ID', 400);
  const identity = await caller(c);
  if (identity[0] !== id && !isAdmin(identity)) throw forbidden();
  const { DB, ANALYTICS } = c.env;
  const router = createRouter({ shards: { DB }, onQuery: observerOf(ANALYTICS) });
  const row = await router.first(id, userById, [id]);
  return row === null ? problem(c, 404, 'not_found', 'There is no such user') : answer(c, row);
};

export const college: Handler = async (c) => c.text('CollegeDB API', 200);
