// The activity: an entry for each request, whatever its method and however it ends. The core keeps
// them in D1 (wasm/ops/activity.h), many together.
//
// A write to a document is not noted here: its owner keeps the entry with the write itself, and
// says so (`journalled`).

import type { Context, MiddlewareHandler } from 'hono';
import { ActivityBuffer, type Sent } from './activity_buffer.ts';
import type { App } from './app.ts';
import { run } from './auth/operations.ts';
import type { Env } from './env.ts';
import { logError } from './log.ts';

const PATH_UNITS_MAX = 1_024; // The core takes out secrets, and then cuts to 512 bytes.
const USER_UNITS_MAX = 256; // The core has none above 128.
const URL_UNITS_MAX = 2_048;

const TRIES_AFTER_FAULT = 3;

const encoder = new TextEncoder();
const bytesOf = (text: string) => encoder.encode(text) as Uint8Array<ArrayBuffer>;

let source: string | undefined;
let faults = 0;

/** Who numbers the entries: another one for each isolate. */
function ownSource(): string {
  if (source === undefined) {
    const bytes = crypto.getRandomValues(new Uint8Array(8));
    source = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  }
  return source;
}

async function send(env: Env, entries: string): Promise<Sent> {
  const call = { operation: 'record_activity', identity: null, params: { source: ownSource() } };
  try {
    const { status } = await run(env, call, bytesOf(entries));
    faults = 0;
    if (status < 300) return 'kept';
    logError(new Error(`answered ${status}`), { event: 'activity.failed' });
    return status < 500 ? 'refused' : 'again';
  } catch (error) {
    logError(error, { event: 'activity.failed' });
    // Entries that stop the engine each time must not do so for ever.
    faults += 1;
    return faults % TRIES_AFTER_FAULT === 0 ? 'refused' : 'again';
  }
}

const buffer = new ActivityBuffer<Env>(send);

/** Sends what waits, without waiting for more of it. */
export const flushActivity = (env: Env): Promise<boolean> => buffer.flush(env);

/** The bytes of the request's body; where it has none, of the answer's, where they are known. */
function sizeOf(c: Context<App>, answer: Response | undefined): number {
  const { raw } = c.req;
  if (raw.method !== 'GET' && raw.method !== 'HEAD') {
    const declared = Number(raw.headers.get('content-length') ?? 0);
    if (declared > 0 || raw.body !== null) return declared;
  }
  return Number(answer?.headers.get('content-length') ?? c.get('sent') ?? 0);
}

/** A body as it is, or as bytes: an answer has to become bytes in any case, and then they are known
 * in number. A stream's are known where its answer has a content-length. */
export function measured(
  c: Context<App>,
  body: string | Uint8Array<ArrayBuffer> | ReadableStream,
): Uint8Array<ArrayBuffer> | ReadableStream {
  if (body instanceof ReadableStream) return body;
  const bytes = typeof body === 'string' ? bytesOf(body) : body;
  c.set('sent', bytes.byteLength);
  return bytes;
}

/** A part of a text keeps the whole of it in memory: of a long one it is copied. */
function pathOf(c: Context<App>): string {
  if (c.req.raw.url.length < URL_UNITS_MAX) return c.req.path.slice(0, PATH_UNITS_MAX);
  return structuredClone(c.req.path.slice(0, PATH_UNITS_MAX));
}

function note(c: Context<App>, time: number, answer: Response | undefined): void {
  const log = c.get('log');
  if (c.env.ACTIVITY === 'off' || log.journalled === '1') return;
  const entry = {
    time,
    method: c.req.raw.method,
    path: pathOf(c),
    status: answer?.status ?? 500,
    size: sizeOf(c, answer),
    user: log.user_id?.slice(0, USER_UNITS_MAX),
    duration_ms: Date.now() - time,
    error: typeof log.error === 'string' ? log.error : undefined,
  };
  buffer.add(entry, c.env, c.executionCtx);
}

/** The outermost middleware. What is thrown past the routes is answered 500 by the runtime. */
export const recordActivity: MiddlewareHandler<App> = async (c, next) => {
  const time = Date.now();
  let answer: Response | undefined;
  try {
    await next();
    answer = c.res;
  } finally {
    note(c, time, answer);
  }
};
