// Runs the core's operations of accounts in the Worker, on what is read of a small body.

import type { Answer } from '../app.ts';
import { drive, Held } from '../drive.ts';
import { engine } from '../engine.ts';
import type { Env } from '../env.ts';
import type { Params } from '../frames.ts';
import { type Call, requestFrame } from '../requests.ts';
import { workerHost } from '../space_client.ts';

/** One byte more than the core takes (limits.h, kAccountBodyBytesMax): it says what is too much. */
const BODY_READ_MAX = 4_097;

const SECRET_BYTES = 32; // limits.h, kSecretBytes

/** A secret that is good once: 256 random bits in base64url. */
export function newSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  const base64 = btoa(String.fromCharCode(...bytes));
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

export const isForm = (request: Request): boolean =>
  /^application\/x-www-form-urlencoded\b/i.test(request.headers.get('content-type') ?? '');

/** A body, and the fields that it has as a form. JSON is the core's to read. */
export interface Fields {
  params: Params;
  bytes: Uint8Array<ArrayBuffer>;
}

/** Of a form only the field that is asked for. */
export async function fieldsOf(request: Request, field: string): Promise<Fields> {
  const bytes = await readBody(request);
  if (isForm(request)) {
    const value = new URLSearchParams(new TextDecoder().decode(bytes)).get(field);
    return { params: { [field]: value ?? '' }, bytes };
  }
  return { params: { content_type: request.headers.get('content-type') ?? '' }, bytes };
}

async function readBody(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(BODY_READ_MAX);
  let size = 0;
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    const taken = chunk.subarray(0, BODY_READ_MAX - size);
    bytes.set(taken, size);
    size += taken.byteLength;
    if (size === BODY_READ_MAX) break;
  }
  return bytes.subarray(0, size);
}

/** The core's answer, read to its end. */
export async function run(
  env: Env,
  call: Call,
  bytes = new Uint8Array(),
): Promise<Answer & { body: string }> {
  const frame = requestFrame(call, null, bytes.byteLength);
  const reply = await drive(engine(), frame, workerHost(env, call.identity), new Held(bytes));
  const { status, headers, data } = reply;
  return { status, headers, data, body: reply.text() };
}
