// The way into an object that owns a document.

import type { Answer } from '../app.ts';
import type { Env } from '../env.ts';
import { type Call, headerJson } from '../requests.ts';
import {
  type Body,
  CALL_HEADER,
  DOCUMENT_READ_MAX,
  REPLY_HEADER,
  SIZE_HEADER,
} from '../space_client.ts';

const NOTHING: Body = { content: null, size: 0 };

/** Runs a local operation there, on a body; the answer's body is still a stream. */
export async function runInDocument(
  env: Env,
  object: string,
  call: Call,
  { content, size }: Body = NOTHING,
): Promise<Answer> {
  const headers = new Headers({ [CALL_HEADER]: headerJson(call), [SIZE_HEADER]: String(size) });
  const stub = env.DB_SHARD.get(env.DB_SHARD.idFromName(object));
  const response = await stub.fetch('https://document/', {
    method: 'POST',
    headers,
    body: size < DOCUMENT_READ_MAX ? content : null,
  });
  const data = JSON.parse(response.headers.get(REPLY_HEADER) ?? '{}');
  const kept = [...response.headers].filter(([name]) => KEPT.has(name));
  return { status: response.status, headers: kept, data, body: response.body };
}

/** What of an object's answer is for the caller. */
const KEPT = new Set(['accept-patch', 'content-type', 'etag', 'retry-after']);
