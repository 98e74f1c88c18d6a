// Who calls: the claims of a verified token, and nothing from a header or a body beside it.

import {
  bearerOf,
  cookieOf,
  isUpgrade,
  needsOrigin,
  protocolOf,
  requireOwnOrigin,
} from './auth/credentials.ts';
import { redeemTicket } from './auth/tickets.ts';
import { verifyToken } from './auth/tokens.ts';
import type { Env } from './env.ts';
import type { IdentityFrame } from './frames.ts';
import { Refused } from './refused.ts';

/** The caller of a request. Throws Refused: `unauthorized`, `invalid_token`, `not_configured`,
 * `forbidden_origin`. */
export async function identify(request: Request, env: Env): Promise<IdentityFrame> {
  const protocol = isUpgrade(request) ? protocolOf(request) : undefined;
  const token = protocol ?? bearerOf(request);
  if (token !== undefined) return verifyToken(token, env);
  const cookie = cookieOf(request);
  if (cookie === undefined) {
    throw new Refused(401, 'unauthorized', 'Unauthorized', 'Send Authorization: Bearer <token>');
  }
  if (needsOrigin(request)) requireOwnOrigin(request);
  return verifyToken(cookie, env);
}

/** The caller of a WebSocket's upgrade: by a ticket, where it has one. Throws Stopped as well. */
export async function identifyUpgrade(request: Request, env: Env): Promise<IdentityFrame> {
  const ticket = new URL(request.url).searchParams.get('ticket');
  return ticket === null ? identify(request, env) : redeemTicket(env, ticket);
}
