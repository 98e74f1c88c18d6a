// Pages of other origins: those that the variable CORS_ORIGINS names, with commas between, may call
// by a token. Cookies are never theirs to use.

import type { Context, MiddlewareHandler, Next } from 'hono';
import { cors } from 'hono/cors';
import type { Env } from './env.ts';

const PREFLIGHT_S = 86_400;

const isAllowed = (env: Env, origin: string): boolean =>
  (env.CORS_ORIGINS ?? '').split(',').some((allowed) => allowed.trim() === origin);

const answerTo = cors({
  origin: (origin) => origin,
  allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  allowHeaders: [
    'authorization',
    'content-type',
    'x-device-id',
    'if-match',
    'if-none-match',
    'x-allow-empty-write',
    'x-allow-large-delete',
  ],
  exposeHeaders: ['etag', 'link', 'retry-after'],
  maxAge: PREFLIGHT_S,
});

export const crossOrigin: MiddlewareHandler<{ Bindings: Env }> = (c: Context, next: Next) => {
  const origin = c.req.header('origin');
  return origin !== undefined && isAllowed(c.env, origin) ? answerTo(c, next) : next();
};
