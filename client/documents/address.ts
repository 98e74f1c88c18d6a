// The addresses that follow from `writeUrl`.

import { DocumentError } from './errors.ts';

/** A page's addresses may be relative to it. */
export function absolute(url: string): URL {
  const { location } = globalThis as { location?: { href: string } };
  try {
    return new URL(url, location?.href);
  } catch (cause) {
    throw new DocumentError('not_configured', `${url} is not an address`, { cause });
  }
}

/** `/apps/NAME/db.json` is of the app NAME, any other path of `default`. */
export function appOf(url: string): string {
  const [, name] = /\/apps\/([^/]+)\/[^/]*$/.exec(absolute(url).pathname) ?? [];
  return name === undefined ? 'default' : decodeURIComponent(name);
}

export function withQuery(url: string, query: Record<string, string>): string {
  const address = absolute(url);
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
  return address.href;
}

/** A path of the server that `writeUrl` is of. */
export function beside(url: string, path: string, query: Record<string, string>): string {
  return withQuery(new URL(path, absolute(url).origin).href, query);
}
