// GET /sync/live: the upgrade to a live socket on the caller's space (docs/live.md).

import { admitted, enter } from './admission.ts';
import type { Env } from './env.ts';
import type { IdentityFrame } from './frames.ts';
import { joinSpace } from './space_client.ts';

const PROTOCOL = 'tidemark';

/** Joins the caller to the space: 101 with a socket, or the problem's answer. Throws Stopped. */
export async function joinLive(
  request: Request,
  env: Env,
  identity: IdentityFrame,
): Promise<Response> {
  const space = await enter(env, identity);
  const device =
    new URL(request.url).searchParams.get('device') ?? request.headers.get('x-device-id') ?? '';
  const call = admitted(env, { operation: 'join', identity, params: { device } });
  const joined = await joinSpace(env, space, call);
  if (joined.status !== 101) return joined;
  const offered = (request.headers.get('sec-websocket-protocol') ?? '').split(',');
  const headers = new Headers();
  if (offered.some((protocol) => protocol.trim() === PROTOCOL)) {
    headers.set('sec-websocket-protocol', PROTOCOL);
  }
  return new Response(null, { status: 101, webSocket: joined.webSocket, headers });
}
