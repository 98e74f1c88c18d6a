// Where a person goes on to who had to sign in first. The page that sends them to /login leaves its
// path in a cookie, and the sign-in uses it up: no address has to carry it, so no link of another
// site can say where a sign-in leads.

import { parse, serialize } from 'hono/utils/cookie';

const COOKIE = '__Host-way-back';
const ATTRIBUTES = { path: '/', secure: true, httpOnly: true, sameSite: 'Lax' } as const;

/** As long as the link of a mail is good. */
const SECONDS = 15 * 60;

const HOME = '/';

/** A path of this Worker, with its query, and nothing that a browser takes for another host. */
const isOwnPath = (path: string, origin: string): boolean => {
  const url = URL.parse(path, origin);
  return url !== null && url.origin === origin && `${url.pathname}${url.search}` === path;
};

/** The cookie that keeps the path of a request. */
export function wayBackCookie(request: Request): string {
  const { pathname, search } = new URL(request.url);
  return serialize(COOKIE, pathname + search, { ...ATTRIBUTES, maxAge: SECONDS });
}

const keptIn = (request: Request): string | undefined =>
  parse(request.headers.get('cookie') ?? '', COOKIE)[COOKIE];

/** What takes the cookie of a request back, as headers; none where it has none. */
export const endedWayBack = (request: Request): string[] =>
  keptIn(request) === undefined ? [] : [serialize(COOKIE, '', { ...ATTRIBUTES, maxAge: 0 })];

/** Where the sign-in leads. */
export function wayBackOf(request: Request): string {
  const path = keptIn(request) ?? HOME;
  return isOwnPath(path, new URL(request.url).origin) ? path : HOME;
}
