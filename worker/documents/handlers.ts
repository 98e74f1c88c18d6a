// The routes of documents: who reads what is published asks KV, everybody else the object that owns
// the document.

import type { Context } from 'hono';
import { measured } from '../activity.ts';
import { admitLeased } from '../admission.ts';
import { type Answer, type App, respond } from '../app.ts';
import { drive, Held } from '../drive.ts';
import { engine } from '../engine.ts';
import type { Params } from '../frames.ts';
import { identify } from '../identity.ts';
import { Unread, withBody } from '../objects/bodies.ts';
import { type Call, requestFrame } from '../requests.ts';
import { workerHost } from '../space_client.ts';
import { bodyFrom, runInDocument } from './client.ts';
import { enterDocument } from './way.ts';

const DEFAULT_APP = 'default';

/** One byte more than the core takes (limits.h, kRoutedBytesMax): it says what is too much. */
const ROUTED_READ_MAX = (8 << 20) + 1;

const appOf = (c: Context<App>): string => c.req.param('app') ?? DEFAULT_APP;

/** What a route asks of the object that owns the document, of the manifest of a sharded one, and,
 * in place of both, of the Worker, which passes operations to their shards. */
interface Asks {
  object: string;
  manifest?: string;
  worker?: string;
}

const GET: Asks = { object: 'get_document', manifest: 'get_sharded' };
const PUT: Asks = { object: 'put_document', manifest: 'put_sharded' };
const PATCH: Asks = { object: 'patch_document', worker: 'patch_sharded' };
const RESTORE: Asks = { object: 'restore_document' };

/** GET and HEAD: published, or with a token what the owner has. */
export async function read(c: Context<App>): Promise<Response> {
  const { view, shard } = c.req.query();
  if (view === undefined && shard === undefined) return readPublished(c);
  return answer(c, GET, { ...documentParams(c), action: 'read', shard: shard ?? '' });
}

/** PUT and PATCH. */
export async function write(c: Context<App>): Promise<Response> {
  const shard = c.req.query('shard') ?? '';
  const asks = c.req.method === 'PUT' ? PUT : PATCH;
  return answer(c, asks, { ...documentParams(c), action: 'write', shard });
}

/** POST: the document as a day's snapshot has it, or as it was at a moment. */
export async function restore(c: Context<App>): Promise<Response> {
  const { app = DEFAULT_APP, at = '' } = c.req.query();
  const day = c.req.param('day') ?? '';
  return answer(c, RESTORE, { ...documentParams(c), action: 'write', app, day, at });
}

async function readPublished(c: Context<App>): Promise<Response> {
  const call = { operation: 'read_published', identity: null, params: documentParams(c) };
  const reply = await drive(engine(), requestFrame(call, null), workerHost(c.env, null));
  note(c, reply.data);
  const { status, headers, data } = reply;
  return respond({ status, headers, data, body: measured(c, reply.body()) });
}

async function answer(c: Context<App>, asks: Asks, asked: Params): Promise<Response> {
  const identity = await identify(c.req.raw, c.env);
  c.get('log').user_id = identity[0];
  const way = await enterDocument(c.env, identity, asked);
  const { object, manifest, layout, whole } = way.data;
  if (object === undefined || manifest === undefined) return finish(c, way);
  const params = { ...asked, layout: layout ?? '' };
  if (whole !== undefined && asks.worker !== undefined) {
    return finish(c, await runHere(c, { operation: asks.worker, identity, params }));
  }
  const operation = whole === undefined ? asks.object : (asks.manifest ?? asks.object);
  const body = asked.action === 'write' ? await bodyFrom(c.req.raw) : undefined;
  // After the body, which may come slowly: the token may have ended meanwhile.
  await admitLeased(c.env, identity);
  const reply = await runInDocument(c.env, object, { operation, identity, params }, body);
  const helper = HELPERS[reply.data.needs ?? ''];
  if (helper !== undefined) {
    // The caller comes again in a second: by then it may be done.
    const help = { operation: helper, identity: null, params };
    c.executionCtx.waitUntil(helped(runInDocument(c.env, manifest, help)));
  }
  return finish(c, reply);
}

/** What a manifest can do for an object that cannot take a request yet. */
const HELPERS: Readonly<Record<string, string>> = {
  settle: 'settle_document',
  relayout: 'relayout_document',
};

/** Its answer is nobody's; unread, it would hold the object. */
async function helped(help: Promise<Answer>): Promise<void> {
  const { body } = await help.catch(() => ({ body: null }));
  if (body instanceof ReadableStream) await body.cancel();
}

/** Runs an operation in the Worker, on the request's body. */
async function runHere(c: Context<App>, call: Call): Promise<Answer> {
  try {
    return await withBody(
      c.req.raw,
      async ({ bytes, size }) => {
        if (call.identity) await admitLeased(c.env, call.identity);
        const frame = requestFrame(call, null, size);
        const host = workerHost(c.env, call.identity);
        const reply = await drive(engine(), frame, host, new Held(bytes));
        const { status, headers, data } = reply;
        return { status, headers, data, body: reply.body() };
      },
      ROUTED_READ_MAX,
      0,
    );
  } catch (error) {
    if (!(error instanceof Unread)) throw error;
    const { status, code, message } = error;
    const body = JSON.stringify({ error: code, message });
    const headers: [string, string][] = [
      ['content-type', 'application/json'],
      ['retry-after', '1'],
    ];
    return { status, headers, data: { error: code }, body };
  }
}

function finish(c: Context<App>, reply: Answer): Response {
  note(c, reply.data);
  const response = respond(reply);
  // An edge that compresses would make the tag weak, and If-Match never names a weak one.
  response.headers.set('cache-control', 'private, no-store, no-transform');
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
    publish: c.env.PUBLISH ?? '',
  };
  for (const [param, header] of headers) {
    const value = c.req.header(header);
    if (value !== undefined) params[param] = value;
  }
  return params;
}
