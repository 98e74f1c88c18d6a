// The way into an object: runs operations in the one that owns a space, from the Worker or from
// another object.

import { callMs, isOfDocuments, runInDocument } from './documents/client.ts';
import type { Held, Host } from './drive.ts';
import type { Env } from './env.ts';
import type { Command, CommandResult, IdentityFrame } from './frames.ts';
import { runStore } from './hosts/store.ts';
import { type Call, headerJson } from './requests.ts';
import { runD1 } from './sql/batches.ts';

export const CALL_HEADER = 'x-tidemark-call';
export const REPLY_HEADER = 'x-tidemark-reply';
export const SIZE_HEADER = 'x-tidemark-size'; // the body's, where its sender declared it

/** One byte more than the core takes (limits.h, kBodyBytesMax): then it says what is too much. */
export const BODY_READ_MAX = (16 << 20) + 1;

/** The same of a document's (limits.h, kDocumentBodyBytesMax). */
export const DOCUMENT_READ_MAX = (32 << 20) + 1;

/** A reply as it crosses from an object. */
export interface SpaceReply {
  status: number;
  headers: [string, string][];
  data: Record<string, string>;
}

const CALL_MS = 20_000;

export interface Body {
  content: BodyInit | null;
  size: number;
}

const NOTHING: Body = { content: null, size: 0 };

/** A request's body, unread. */
export function bodyOf(request: Request): Body {
  return { content: request.body, size: Number(request.headers.get('content-length') ?? 0) };
}

/** Runs a local operation in a space, on a body; the answer's body is still a stream. */
export async function runInSpace(
  env: Env,
  space: string,
  call: Call,
  { content, size }: Body = NOTHING,
  signal?: AbortSignal,
): Promise<SpaceReply & { body: ReadableStream | null }> {
  const headers = new Headers({ [CALL_HEADER]: headerJson(call), [SIZE_HEADER]: String(size) });
  const stub = env.SPACE.get(env.SPACE.idFromName(space));
  const response = await stub.fetch('https://space/', {
    method: 'POST',
    headers,
    body: size < BODY_READ_MAX ? content : null,
    ...(signal && { signal }),
  });
  const data = JSON.parse(response.headers.get(REPLY_HEADER) ?? '{}');
  return { status: response.status, headers: keptHeaders(response), data, body: response.body };
}

/** Joins a socket to a space: its answer is 101 with the other end, or says why not. */
export async function joinSpace(env: Env, space: string, call: Call): Promise<Response> {
  const headers = { upgrade: 'websocket', [CALL_HEADER]: headerJson(call) };
  const stub = env.SPACE.get(env.SPACE.idFromName(space));
  const response = await stub.fetch('https://space/', { headers });
  if (response.status === 101) return response;
  return new Response(response.body, { status: response.status, headers: keptHeaders(response) });
}

/** What of an object's answer is for the caller. */
function keptHeaders({ headers }: Response): [string, string][] {
  return [...headers].filter(([name]) => name === 'content-type' || name === 'retry-after');
}

/** Runs a `call` command. */
export async function runCall(
  env: Env,
  identity: IdentityFrame | null,
  [, space, operation, params, body]: Extract<Command, ['call', ...unknown[]]>,
  held: Held,
): Promise<CommandResult> {
  const call = { operation, identity, params };
  try {
    if (operation === 'count_link') {
      const counter = env.LIMITER.get(env.LIMITER.idFromName(space));
      const { status, data, body: text } = await counter.count(call);
      return [true, status, data, held.keep(text)];
    }
    if (operation === 'catch_up') {
      const { status, data } = await env.SPACE.get(env.SPACE.idFromName(space)).catchUp(call);
      return [true, status, data, held.keep('')];
    }
    const content = new TextEncoder().encode(held.join(body));
    const sent = { content, size: content.byteLength };
    if (isOfDocuments(operation)) {
      return await within(callMs(operation), async (signal) => {
        const reply = await runInDocument(env, space, call, sent, signal);
        const text = await new Response(reply.body).text();
        return [true, reply.status, reply.data, held.keep(text)];
      });
    }
    return await within(CALL_MS, async (signal) => {
      const reply = await runInSpace(env, space, call, sent.size > 0 ? sent : NOTHING, signal);
      const text = await new Response(reply.body).text();
      return [true, reply.status, reply.data, held.keep(text)];
    });
  } catch (error) {
    return [false, 'unavailable', error instanceof Error ? error.message : String(error)];
  }
}

/** One object that hangs does not hold up another. The timer ends with the work: one that ran on
 * would keep the object that has set it awake, and billed. */
async function within<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error(`no answer within ${ms} ms`)), ms);
  try {
    return await work(late.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** The host of spanning operations in the Worker: D1, KV, R2, calls to objects as the same caller,
 * and what was read of the body. */
export function workerHost(env: Env, identity: IdentityFrame | null): Host {
  return {
    async run(command: Command, held: Held): Promise<CommandResult> {
      if (command[0] === 'd1') return runD1(env, command, held);
      if (command[0] === 'call') return runCall(env, identity, command, held);
      if (command[0] === 'store') return runStore(env, command, held);
      if (command[0] === 'body') return held.body.subarray(command[1], command[1] + command[2]);
      throw new Error(`the Worker cannot run ${command[0]}`);
    },
  };
}
