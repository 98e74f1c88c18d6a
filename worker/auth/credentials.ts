// Where a request says who sends it: a Bearer token, a WebSocket's protocol, or the session cookie.
//
// A cookie comes by itself, whoever made the browser send the request: what changes something by it
// must come from a page of this Worker.

import { parse, serialize } from 'hono/utils/cookie';
import { Refused } from '../refused.ts';

/** The `__Host-` prefix binds it to this host and to HTTPS; browsers take it from http://127.0.0.1
 * and http://localhost as well. */
const COOKIE = '__Host-session';

const ATTRIBUTES = { path: '/', secure: true, httpOnly: true, sameSite: 'Lax' } as const;

export function sessionCookie(token: string, seconds: number): string {
  return serialize(COOKIE, token, { ...ATTRIBUTES, maxAge: seconds });
}

export const endedCookie = (): string => sessionCookie('', 0);

export function cookieOf(request: Request): string | undefined {
  const header = request.headers.get('cookie');
  return header === null ? undefined : parse(header, COOKIE)[COOKIE];
}

export function bearerOf(request: Request): string | undefined {
  const header = request.headers.get('authorization') ?? '';
  return /^Bearer /i.test(header) ? header.slice('Bearer '.length).trim() : undefined;
}

export function protocolOf(request: Request): string | undefined {
  const offered = (request.headers.get('sec-websocket-protocol') ?? '').split(',');
  const protocol = offered.map((name) => name.trim()).find((name) => name.startsWith('bearer.'));
  return protocol?.slice('bearer.'.length);
}

export const isUpgrade = (request: Request): boolean =>
  request.headers.get('upgrade')?.toLowerCase() === 'websocket';

/** Whether a request is one that may change something, or opens a socket. */
export const needsOrigin = (request: Request): boolean =>
  isUpgrade(request) || !['GET', 'HEAD'].includes(request.method);

/** Whether a page made the browser send a request that may change something: programs tell none. */
export const tellsOrigin = (request: Request): boolean => request.headers.has('origin');

/** Throws Refused `forbidden_origin` unless a page of this Worker sent the request. */
export function requireOwnOrigin(request: Request): void {
  const origin = request.headers.get('origin');
  if (origin === new URL(request.url).origin) return;
  // A page that tells no referrer sends `null`; then only the browser itself can say.
  if (origin === 'null' && request.headers.get('sec-fetch-site') === 'same-origin') return;
  throw new Refused(
    403,
    'forbidden_origin',
    'The request comes from another site',
    'Send Authorization: Bearer <token>, or use a page of this server',
  );
}
