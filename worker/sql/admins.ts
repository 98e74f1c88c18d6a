// Who runs this Worker: a token with the role `admin`, from ADMINS at sign-in.

import type { Context } from 'hono';
import { admit } from '../admission.ts';
import { type App, statusOf } from '../app.ts';
import { bearerOf, cookieOf } from '../auth/credentials.ts';
import type { IdentityFrame } from '../frames.ts';
import { identify } from '../identity.ts';
import { logError } from '../log.ts';
import { Refused } from '../refused.ts';

export const isAdmin = (identity: IdentityFrame): boolean => identity[1] === 'admin';

export function forbidden(): Refused {
  return new Refused(403, 'forbidden', 'Only admins may do this', 'Sign in as an admin');
}

/** The caller, counted and not revoked. Throws Refused and Stopped. */
export async function caller(c: Context<App>): Promise<IdentityFrame> {
  const identity = await identify(c.req.raw, c.env);
  c.get('log').user_id = identity[0];
  await admit(c.env, identity);
  return identity;
}

/** Throws Refused `forbidden` for whoever else. */
export async function requireAdmin(c: Context<App>): Promise<IdentityFrame> {
  const identity = await caller(c);
  if (!isAdmin(identity)) throw forbidden();
  return identity;
}

/** Whether an admin asks what anyone may ask: then there is more to tell. Whoever does not prove to
 * be one is anyone. */
export async function asksAsAdmin(c: Context<App>): Promise<boolean> {
  const { raw } = c.req;
  if (bearerOf(raw) === undefined && cookieOf(raw) === undefined) return false;
  try {
    const identity = await identify(raw, c.env);
    if (!isAdmin(identity)) return false;
    c.get('log').user_id = identity[0];
    await admit(c.env, identity);
    return true;
  } catch (error) {
    if (statusOf(error) >= 500) logError(error, { event: 'probe.failed', probe: 'caller' });
    return false;
  }
}
