// GET /sync/live: the upgrade to a live socket on the caller's space (docs/live.md).

import { drive } from './drive.ts';
import { engine } from './engine.ts';
import type { Env } from './env.ts';
import type { IdentityFrame } from './frames.ts';
import { requestFrame } from './requests.ts';
import { joinSpace, workerHost } from './space_client.ts';

const PROTOCOL = 'tidemark';

export const isUpgrade = (request: Request): boolean =>
  request.headers.get('upgrade')?.toLowerCase() === 'websocket';

/** Joins the caller to the space: 101 with a socket, or the problem's answer. */
export async function joinLive(
  request: Request,
  env: Env,
  identity: IdentityFrame,
): Promise<Response> {
  const enter = requestFrame({ operation: 'enter', identity, params: {} }, null);
  const entered = await drive(engine(), enter, workerHost(env, identity));
  const space = entered.data.space;
  if (space === undefined) {
    return new Response(entered.body(), { status: entered.status, headers: entered.headers });
  }
  const device =
    new URL(request.url).searchParams.get('device') ?? request.headers.get('x-device-id') ?? '';
  const joined = await joinSpace(env, space, { operation: 'join', identity, params: { device } });
  if (joined.status !== 101) return joined;
  const offered = (request.headers.get('sec-websocket-protocol') ?? '').split(',');
  const headers = new Headers();
  if (offered.some((protocol) => protocol.trim() === PROTOCOL)) {
    headers.set('sec-websocket-protocol', PROTOCOL);
  }
  return new Response(null, { status: 101, webSocket: joined.webSocket, headers });
}
