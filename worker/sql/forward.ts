// /admin/coordinator/*: the coordinator's own HTTP API (docs/coordinator.md), for admins alone.
// What changes something leaves a line in the log; what forgets something has to be meant.

import type { Context } from 'hono';
import { type App, problem } from '../app.ts';
import { logError, logEvent } from '../log.ts';
import { requireAdmin } from './admins.ts';
import { passToCoordinator } from './coordinator.ts';

const PREFIX = '/admin/coordinator';

/** What cannot be taken back. To flush is refused by the coordinator itself in production. */
const FORGETS = ['DELETE /shards', 'DELETE /keys', 'POST /flush'];

const KEPT_HEADERS = ['content-type', 'allow', 'retry-after'];

export async function forward(c: Context<App>): Promise<Response> {
  const identity = await requireAdmin(c);
  const { body } = c.req.raw;
  const method = c.req.method === 'HEAD' ? 'GET' : c.req.method;
  const url = new URL(c.req.url);
  const path = url.pathname.slice(PREFIX.length);
  const asked = `${method} ${path}`;
  if (FORGETS.includes(asked) && url.searchParams.get('confirm') !== 'true') {
    const message = `${asked} cannot be taken back: ask again with ?confirm=true`;
    return problem(c, 428, 'confirmation_required', message);
  }
  url.searchParams.delete('confirm');
  let response: Response;
  try {
    const init = method === 'GET' ? {} : { method, body };
    response = await passToCoordinator(c.env, path + url.search, init);
  } catch (error) {
    logError(error, { event: 'probe.failed', probe: 'coordinator' });
    return problem(c, 503, 'unavailable', 'The coordinator does not answer');
  }
  const { status, headers } = response;
  if (method !== 'GET') {
    logEvent({ event: 'coordinator.asked', user_id: identity[0], method, path, status });
  }
  const kept = [...headers].filter(([name]) => KEPT_HEADERS.includes(name));
  const answered = new Response(response.body, { status, headers: kept });
  answered.headers.set('cache-control', 'private, no-store');
  return answered;
}
