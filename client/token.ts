// The caller's token, asked anew for each request, and whose it is.

import { SyncError } from './errors.ts';

export type TokenSource = string | (() => string | Promise<string>);

/** Null without a source: then the session's cookie says who calls. */
export async function readToken(source: TokenSource | undefined): Promise<string | null> {
  if (source === undefined) return null;
  let token: unknown;
  try {
    token = typeof source === 'function' ? await source() : source;
  } catch (cause) {
    throw new SyncError('signed_out', 'There is no token', { cause });
  }
  if (typeof token !== 'string' || token === '') {
    throw new SyncError('signed_out', 'There is no token');
  }
  return token;
}

/** The user that a JWT names; null if it cannot be read. To verify it is the server's affair. */
export function userOf(token: string | null): string | null {
  const claims = token?.split('.')[1];
  if (!claims) return null;
  try {
    const { user_id: user } = JSON.parse(atob(claims.replaceAll('-', '+').replaceAll('_', '/')));
    return typeof user === 'string' ? user : null;
  } catch {
    return null;
  }
}
