// The Worker's side of a space: runs operations in the object that owns it.

import type { Held, Host } from './drive.ts';
import { type Env, shardOf } from './env.ts';
import type { Command, CommandResult, IdentityFrame } from './frames.ts';
import { runBatch } from './hosts/d1.ts';
import {
  BODY_READ_MAX,
  CALL_HEADER,
  REPLY_HEADER,
  SIZE_HEADER,
  type SpaceReply,
} from './objects/space.ts';
import { type Call, headerJson } from './requests.ts';

/** Runs a local operation in a space, on a body; the answer's body is still a stream. */
export async function runInSpace(
  env: Env,
  space: string,
  call: Call,
  request?: Request,
): Promise<SpaceReply & { body: ReadableStream | null }> {
  const headers = new Headers({ [CALL_HEADER]: headerJson(call) });
  const size = request?.headers.get('content-length') ?? '0';
  headers.set(SIZE_HEADER, size);
  const stub = env.SPACE.get(env.SPACE.idFromName(space));
  const response = await stub.fetch('https://space/', {
    method: 'POST',
    headers,
    body: Number(size) < BODY_READ_MAX ? (request?.body ?? null) : null,
  });
  const data = JSON.parse(response.headers.get(REPLY_HEADER) ?? '{}');
  const kept = [...response.headers].filter(([name]) => name === 'content-type');
  return { status: response.status, headers: kept, data, body: response.body };
}

/** The host of spanning operations in the Worker: D1, and calls to spaces as the same caller. */
export function workerHost(env: Env, identity: IdentityFrame | null): Host {
  return {
    async run(command: Command, held: Held): Promise<CommandResult> {
      if (command[0] === 'd1') return runBatch(shardOf(env, command[1]), command[2], held);
      if (command[0] !== 'call') throw new Error(`the Worker cannot run ${command[0]}`);
      const [, space, operation, params] = command;
      try {
        return await callSpace(env, space, { operation, identity, params }, held);
      } catch (error) {
        return [false, 'unavailable', error instanceof Error ? error.message : String(error)];
      }
    },
  };
}

async function callSpace(env: Env, space: string, call: Call, held: Held): Promise<CommandResult> {
  if (call.operation === 'catch_up') {
    const { status, data } = await env.SPACE.get(env.SPACE.idFromName(space)).catchUp(call);
    return [true, status, data, held.keep('')];
  }
  const { status, data, body } = await runInSpace(env, space, call);
  return [true, status, data, held.keep(await new Response(body).text())];
}
