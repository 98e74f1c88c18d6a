// The Worker: routes to operations, tokens to identities, and a log line for each request.

import { type Context, Hono } from 'hono';
import { measured, recordActivity } from './activity.ts';
import { admit, admitted, enter } from './admission.ts';
import { type Answer, type App, problem, respond, Stopped } from './app.ts';
import { isUpgrade } from './auth/credentials.ts';
import { crossOrigin } from './cors.ts';
import { scheduled } from './crons.ts';
import { drive } from './drive.ts';
import { engine } from './engine.ts';
import type { Env } from './env.ts';
import type { IdentityFrame, Params } from './frames.ts';
import { identify, identifyUpgrade } from './identity.ts';
import { joinLive } from './live.ts';
import { type LogEvent, logError, logEvent, measure } from './log.ts';
import { placeOf } from './places.ts';
import { Refused } from './refused.ts';
import { requestFrame } from './requests.ts';
import { accountRoutes, type Route, routes } from './routes.ts';
import { bodyOf, runInSpace, workerHost } from './space_client.ts';

export { ShardCoordinator } from './objects/coordinator.ts';
export { DbShardDO } from './objects/db_shard.ts';
export { LimiterDO } from './objects/limiter.ts';
export { SpaceDO } from './objects/space.ts';
export { SyncDurableObject } from './objects/sync_log.ts';

const app = new Hono<App>();

app.use(recordActivity);

app.use(async (c, next) => {
  const started = Date.now();
  const log: LogEvent = { event: 'request.completed', method: c.req.method };
  c.set('log', log);
  await next();
  const duration = Date.now() - started;
  const synced = log.event === 'sync.completed';
  measure(
    c.env.ANALYTICS,
    synced ? 'sync.duration_ms' : 'request.duration_ms',
    duration,
    log.user_id ?? '',
  );
  if (c.res.status === 429) measure(c.env.ANALYTICS, 'ratelimit', 1, log.user_id ?? '');
  logEvent({ ...log, status: c.res.status, duration_ms: duration });
});

app.use(crossOrigin);

for (const route of routes) {
  app.on(route.method, route.path, (c) => answer(c, route));
}
for (const { method, path, handler } of accountRoutes) {
  app.on(method, path, (c) => {
    c.get('log').path = path;
    return handler(c);
  });
}
const all = [...routes, ...accountRoutes];
for (const path of new Set(all.map((route) => route.path))) {
  const allowed = all.filter((route) => route.path === path).map((route) => route.method);
  app.all(path, (c) => {
    c.header('allow', allowed.join(', '));
    return problem(c, 405, 'method_not_allowed', `Use ${allowed.join(' or ')}`);
  });
}
app.notFound((c) => problem(c, 404, 'not_found', 'Nothing is at this path'));
app.onError((error, c) => {
  if (error instanceof Refused) {
    return problem(c, error.status, error.code, error.message, error.help);
  }
  if (error instanceof Stopped) {
    c.get('log').error = error.answer.data.error;
    return respond(error.answer);
  }
  logError(error, { event: 'request.failed', method: c.req.method });
  return problem(c, 500, 'internal', 'The request failed here; it is safe to send it again');
});

async function answer(c: Context<App>, route: Route): Promise<Response> {
  const log = c.get('log');
  log.path = route.path;
  if (route.place === 'live') return answerLive(c);
  const identity = await identify(c.req.raw, c.env);
  log.user_id = identity[0];
  const params = { ...c.req.query(), ...route.params, ...c.req.param(), ...headerParams(c) };
  const reply =
    route.place === 'space'
      ? await answerInSpace(c, route, identity, params)
      : await answerHere(c, route, identity, params);
  if (route.operation === 'sync' && reply.status < 300) noteSync(c, params, reply.data);
  for (const [key, value] of Object.entries(reply.data)) log[key] ??= value;
  const response = respond(reply);
  response.headers.set('cache-control', 'private, no-store');
  const next = nextLink(c, reply.data);
  if (next) response.headers.set('link', next);
  return response;
}

async function answerLive(c: Context<App>): Promise<Response> {
  if (!isUpgrade(c.req.raw)) {
    c.header('upgrade', 'websocket'); // RFC 9110, section 15.5.22
    return problem(c, 426, 'upgrade_required', 'Connect by WebSocket');
  }
  const identity = await identifyUpgrade(c.req.raw, c.env);
  c.get('log').user_id = identity[0];
  return joinLive(c.req.raw, c.env, identity);
}

/** What no query string may say in their place. */
function headerParams(c: Context<App>): Params {
  return {
    device: c.req.header('x-device-id') ?? '',
    content_type: c.req.header('content-type') ?? '',
    editors: c.env.EDITORS ?? '',
    place: '',
  };
}

async function answerInSpace(
  c: Context<App>,
  { operation }: Route,
  identity: IdentityFrame,
  params: Params,
): Promise<Answer> {
  const space = await enter(c.env, identity);
  const call = admitted(c.env, { operation, identity, params });
  return runInSpace(c.env, space, call, bodyOf(c.req.raw));
}

async function answerHere(
  c: Context<App>,
  { operation }: Route,
  identity: IdentityFrame,
  params: Params,
): Promise<Answer> {
  await admit(c.env, identity);
  if (operation === 'list') params.place = await placeOf(c.env, params.owner || identity[0]);
  const frame = requestFrame({ operation, identity, params }, null);
  const reply = await drive(engine(), frame, workerHost(c.env, identity));
  const { status, headers, data } = reply;
  return { status, headers, data, body: measured(c, reply.body()) };
}

/** The sync's own log line, and its state in KV for whoever looks: nothing reads it back. */
function noteSync(c: Context<App>, params: Params, data: Params): void {
  const log = c.get('log');
  log.event = 'sync.completed';
  log.deltas = Number(data.deltas);
  const key = `sync:${log.user_id}:${params.device || 'default'}`;
  const state = JSON.stringify({ last_sync: Date.now(), version: Number(data.version) });
  const written = c.env.KV.put(key, state, { expirationTtl: 86400 * 30 });
  c.executionCtx.waitUntil(
    written.catch((error) => logError(error, { event: 'sync_state.failed', user_id: log.user_id })),
  );
}

/** Where a list goes on (RFC 8288). */
function nextLink(c: Context<App>, data: Params): string | undefined {
  const url = new URL(c.req.url);
  if (data.next_before) {
    url.searchParams.set('before', data.next_before);
  } else if (data.more === '1') {
    const offset = Number(url.searchParams.get('offset') ?? 0) + Number(data.rows);
    url.searchParams.set('offset', String(offset));
  } else {
    return undefined;
  }
  return `<${url.pathname}${url.search}>; rel="next"`;
}

export default { fetch: app.fetch, scheduled } satisfies ExportedHandler<Env>;
