// The way into an object that owns a document, or a shard of one.

import type { Answer } from '../app.ts';
import type { Env } from '../env.ts';
import { type Call, headerJson } from '../requests.ts';
import {
  type Body,
  bodyOf,
  CALL_HEADER,
  DOCUMENT_READ_MAX,
  REPLY_HEADER,
  SIZE_HEADER,
  type SpaceReply,
} from '../space_client.ts';

/** A body of some records is read first: to call an object costs less than to send it a request. */
const AT_HAND_MAX = 64 << 10;

/** A caller's body: a small one read, another on its way. */
export async function bodyFrom(request: Request): Promise<Body> {
  const body = bodyOf(request);
  if (body.size === 0 || body.size > AT_HAND_MAX) return body;
  return { content: new Uint8Array(await request.arrayBuffer()), size: body.size };
}

const NOTHING: Body = { content: null, size: 0 };

/** Operations of these objects that others call. Those of a caller keep the caller's identity, all
 * others are the objects' own; spanning ones run one after the other. */
const OPERATIONS: Readonly<Record<string, { caller?: true; spanning?: true }>> = {
  get_document: { caller: true },
  put_document: { caller: true },
  patch_document: { caller: true },
  get_sharded: { caller: true, spanning: true },
  put_sharded: { caller: true, spanning: true },
  patch_through: { caller: true, spanning: true },
  settle_document: { spanning: true },
  relayout_document: { spanning: true },
  restore_document: { caller: true, spanning: true },
  snapshot_document: { spanning: true },
  compact_document: { spanning: true },
  join_shard: {},
  lock_shard: {},
  stage_shard: {},
  finish_shard: {},
  freeze_shard: {},
  weigh_shard: {},
  shard_state: {},
  read_shard_page: {},
  read_shard_rows: {},
  thaw_shard: {},
  flush_shard: { spanning: true },
  register_shard: {},
  add_collections: { spanning: true },
  place_records: {},
  gather_document: {},
  note_shard: {},
};

/** How long one object waits for another: one that hangs does not hold up all others. A spanning
 * operation copies a whole document. */
const CALL_MS = 20_000;
const SPANNING_CALL_MS = 300_000;

export const callMs = (operation: string): number =>
  OPERATIONS[operation]?.spanning ? SPANNING_CALL_MS : CALL_MS;

export const isOfDocuments = (operation: string): boolean => Object.hasOwn(OPERATIONS, operation);

/** Runs an operation there, on a body; the answer's body is still a stream. */
export async function runInDocument(
  env: Env,
  object: string,
  { operation, identity, params }: Call,
  { content, size }: Body = NOTHING,
  signal?: AbortSignal,
): Promise<Answer> {
  const { caller, spanning } = OPERATIONS[operation] ?? {};
  const call: Call = {
    operation,
    identity: caller ? identity : null,
    params,
    ...(spanning && { inTurn: true }),
  };
  const stub = env.DB_SHARD.get(env.DB_SHARD.idFromName(object));
  if (content instanceof Uint8Array && size <= AT_HAND_MAX && !spanning && !signal) {
    const ran = await stub.run(JSON.stringify(call), content);
    const end = ran.indexOf('\n');
    return { ...(JSON.parse(ran.slice(0, end)) as SpaceReply), body: ran.slice(end + 1) };
  }
  const headers = new Headers({ [CALL_HEADER]: headerJson(call), [SIZE_HEADER]: String(size) });
  const response = await stub.fetch('https://document/', {
    method: 'POST',
    headers,
    body: size < DOCUMENT_READ_MAX ? content : null,
    ...(signal && { signal }),
  });
  const data = JSON.parse(response.headers.get(REPLY_HEADER) ?? '{}');
  const kept = [...response.headers].filter(([name]) => KEPT.has(name));
  return { status: response.status, headers: kept, data, body: response.body };
}

/** What of an object's answer is for the caller. */
const KEPT = new Set(['accept-patch', 'content-type', 'etag', 'retry-after']);
