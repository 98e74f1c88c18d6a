// The routes of event logs: which tenant's object a request is for, by the core's word, and the
// upgrade to a socket there.

import type { Context } from 'hono';
import { admit } from './admission.ts';
import { type App, problem, respond, Stopped } from './app.ts';
import { bearerOf, cookieOf, isUpgrade, protocolOf } from './auth/credentials.ts';
import { newSecret, run } from './auth/operations.ts';
import type { Env } from './env.ts';
import type { IdentityFrame, Params } from './frames.ts';
import { identify, identifyUpgrade } from './identity.ts';
import { type Call, headerJson } from './requests.ts';
import { CALL_HEADER, REPLY_HEADER } from './space_client.ts';

const PROTOCOL = 'tidemark';

/** A caller at a tenant's log, as far as the Worker knows: an access key its object has to know. */
interface Entered {
  tenant: string;
  access: string;
  key: string;
  identity: IdentityFrame | null;
}

/** GET of a log: the upgrade to a socket. */
export async function join(c: Context<App>): Promise<Response> {
  const request = c.req.raw;
  // Who may not come is told so in either case: a page cannot read why an upgrade was refused.
  const { tenant, access, key, identity } = await enter(c);
  if (!isUpgrade(request)) {
    c.header('upgrade', 'websocket'); // RFC 9110, section 15.5.22
    return problem(c, 426, 'upgrade_required', 'Connect by WebSocket');
  }
  const call = { operation: 'join_events', identity, params: { access, key } };
  const joined = await ask(c.env, tenant, call, { headers: { upgrade: 'websocket' } });
  if (joined.status !== 101) return answered(c, joined);
  const offered = (request.headers.get('sec-websocket-protocol') ?? '').split(',');
  const headers = new Headers();
  if (offered.some((protocol) => protocol.trim() === PROTOCOL)) {
    headers.set('sec-websocket-protocol', PROTOCOL);
  }
  return new Response(null, { status: 101, webSocket: joined.webSocket, headers });
}

/** Access keys of a log: who may write it makes, lists and revokes them. */
export async function keys(c: Context<App>): Promise<Response> {
  const { tenant, access, key, identity } = await enter(c);
  if (access !== 'write' || key !== '') {
    return problem(c, 403, 'forbidden', 'An access key or a reader manages no keys');
  }
  const id = c.req.param('id');
  const { method } = c.req;
  if (method === 'GET') {
    return answered(
      c,
      await ask(c.env, tenant, { operation: 'list_event_keys', identity, params: {} }),
    );
  }
  if (id !== undefined) {
    const call = { operation: 'revoke_event_key', identity, params: { id } };
    return answered(c, await ask(c.env, tenant, call));
  }
  const params = { secret: newSecret() };
  const call = { operation: 'make_event_key', identity, params };
  return answered(c, await ask(c.env, tenant, call, { method, body: c.req.raw.body }));
}

/** Throws Stopped and Refused. */
async function enter(c: Context<App>): Promise<Entered> {
  const request = c.req.raw;
  const { tenant = '', key = '', mode = '', ticket = '' } = c.req.query();
  const params: Params = {
    path: c.req.param('tenant') ?? '',
    header: c.req.header('x-tenant-id') ?? '',
    query: tenant,
    mode,
    token: protocolOf(request) ?? bearerOf(request) ?? '',
    ticket,
    key,
    cookie: cookieOf(request) ?? '',
    sync_token: c.env.SYNC_AUTH_TOKEN ?? '',
    tokens: c.env.JWT_SECRET ?? '',
    environment: c.env.ENVIRONMENT,
  };
  let identity: IdentityFrame | null = null;
  let data = await decide(c, { operation: 'enter_events', identity, params });
  if (data.verify !== undefined) {
    identity = isUpgrade(request)
      ? await identifyUpgrade(request, c.env)
      : await identify(request, c.env);
    c.get('log').user_id = identity[0];
    data = await decide(c, { operation: 'enter_events', identity, params });
    await admit(c.env, identity);
  }
  return { tenant: data.tenant ?? '', access: data.access ?? '', key: data.key ?? '', identity };
}

async function decide(c: Context<App>, call: Call): Promise<Params> {
  const answer = await run(c.env, call);
  if (answer.status >= 400) throw new Stopped(answer);
  return answer.data;
}

function ask(env: Env, tenant: string, call: Call, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set(CALL_HEADER, headerJson(call));
  const stub = env.EVENTS.get(env.EVENTS.idFromName(tenant));
  return stub.fetch('https://events/', { ...init, headers });
}

function answered(c: Context<App>, { status, headers, body }: Response): Response {
  const data = JSON.parse(headers.get(REPLY_HEADER) ?? '{}') as Params;
  c.get('log').error = data.error;
  const response = respond({ status, headers: [], data, body });
  const type = headers.get('content-type');
  if (type !== null) response.headers.set('content-type', type);
  response.headers.set('cache-control', 'private, no-store');
  return response;
}
