// The routes of documents: who reads what is published asks KV, everybody else the object that owns
// the document.

import type { Context } from 'hono';
import { measured } from '../activity.ts';
import { admitLeased } from '../admission.ts';
import { type Answer, type App, respond } from '../app.ts';
import { run } from '../auth/operations.ts';
import { drive } from '../drive.ts';
import { engine } from '../engine.ts';
import type { IdentityFrame, Params } from '../frames.ts';
import { identify } from '../identity.ts';
import { requestFrame } from '../requests.ts';
import { bodyOf, workerHost } from '../space_client.ts';
import { runInDocument } from './client.ts';

const DEFAULT_APP = 'default';

const appOf = (c: Context<App>): string => c.req.param('app') ?? DEFAULT_APP;

/** GET and HEAD: published, or with a token what the owner has. */
export async function read(c: Context<App>): Promise<Response> {
  const { view, shard } = c.req.query();
  if (view === undefined && shard === undefined) return readPublished(c);
  const params = { ...documentParams(c), action: 'read', shard: shard ?? '' };
  return answer(c, 'get_document', params, false);
}

/** PUT and PATCH. */
export async function write(c: Context<App>): Promise<Response> {
  const operation = c.req.method === 'PUT' ? 'put_document' : 'patch_document';
  const params = { ...documentParams(c), action: 'write', shard: c.req.query('shard') ?? '' };
  return answer(c, operation, params, true);
}

async function readPublished(c: Context<App>): Promise<Response> {
  const call = { operation: 'read_published', identity: null, params: documentParams(c) };
  const reply = await drive(engine(), requestFrame(call, null), workerHost(c.env, null));
  note(c, reply.data);
  const { status, headers, data } = reply;
  return respond({ status, headers, data, body: measured(c, reply.body()) });
}

async function answer(
  c: Context<App>,
  operation: string,
  params: Params,
  sends: boolean,
): Promise<Response> {
  const identity = await identify(c.req.raw, c.env);
  c.get('log').user_id = identity[0];
  const way = await run(c.env, { operation: 'enter_document', identity, params });
  const object = way.data.object;
  if (object === undefined) return finish(c, way);
  await admitLeased(c.env, identity);
  return finish(
    c,
    await runInDocument(
      c.env,
      object,
      call(operation, identity, params),
      sends ? bodyOf(c.req.raw) : undefined,
    ),
  );
}

const call = (operation: string, identity: IdentityFrame, params: Params) => ({
  operation,
  identity,
  params,
});

function finish(c: Context<App>, reply: Answer): Response {
  note(c, reply.data);
  const response = respond(reply);
  response.headers.set('cache-control', 'private, no-store');
  return response;
}

function note(c: Context<App>, data: Params): void {
  const log = c.get('log');
  for (const [key, value] of Object.entries(data)) log[key] ??= value;
}

/** What of a request the core is told: preconditions only where there are any. */
function documentParams(c: Context<App>): Params {
  const headers: [string, string][] = [
    ['if_match', 'if-match'],
    ['if_none_match', 'if-none-match'],
    ['content_type', 'content-type'],
    ['allow_empty', 'x-allow-empty-write'],
    ['allow_large', 'x-allow-large-delete'],
  ];
  const params: Params = {
    app: appOf(c),
    method: c.req.method,
    path: c.req.path,
    editors: c.env.EDITORS ?? '',
    shards: c.env.SHARDS ?? '',
  };
  for (const [param, header] of headers) {
    const value = c.req.header(header);
    if (value !== undefined) params[param] = value;
  }
  return params;
}
