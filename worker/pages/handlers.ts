// The pages around signing in.

import type { Context } from 'hono';
import { admit } from '../admission.ts';
import { type App, problem, statusOf } from '../app.ts';
import { cookieOf, endedCookie, requireOwnOrigin } from '../auth/credentials.ts';
import { sendLink } from '../auth/links.ts';
import { asksForPage } from '../auth/negotiation.ts';
import { fieldsOf } from '../auth/operations.ts';
import { endedWayBack, wayBackCookie } from '../auth/way_back.ts';
import type { IdentityFrame } from '../frames.ts';
import { identify } from '../identity.ts';
import { hasLocalMail, keptMails } from '../mail/local.ts';
import { forbidden, isAdmin } from '../sql/admins.ts';
import { AdminPage } from './admin.tsx';
import { HomePage } from './home.tsx';
import { LoginPage, SentPage, SignedInPage } from './login.tsx';
import { MailPage } from './mail.tsx';
import { problemPage, renderPage } from './render.ts';
import { ShardsPage } from './shards.tsx';
import { ViewerPage } from './viewer.tsx';

type Handler = (c: Context<App>) => Promise<Response>;

/** A handler of a page: what it throws becomes a page. */
const page =
  (handler: Handler): Handler =>
  (c) =>
    handler(c).catch((error) => problemPage(c, error));

/** Who looks at a page; null for who is not signed in, or not any more. */
async function visitor(c: Context<App>): Promise<IdentityFrame | null> {
  if (cookieOf(c.req.raw) === undefined) return null;
  try {
    const identity = await identify(c.req.raw, c.env);
    c.get('log').user_id = identity[0];
    await admit(c.env, identity);
    return identity;
  } catch (error) {
    if (statusOf(error) !== 401) throw error;
    c.header('set-cookie', endedCookie());
    return null;
  }
}

const emailOf = (identity: IdentityFrame): string => identity[4] ?? identity[0];

/** To the sign-in, which leads to `/`. */
const toLogin = (c: Context<App>): Response => {
  for (const cookie of endedWayBack(c.req.raw)) c.header('set-cookie', cookie, { append: true });
  return c.redirect('/login', 303);
};

/** To the sign-in, which leads back here. */
const toLoginAndBack = (c: Context<App>): Response => {
  c.header('set-cookie', wayBackCookie(c.req.raw), { append: true });
  return c.redirect('/login', 303);
};

export const home = page(async (c) => {
  const identity = await visitor(c);
  if (identity === null) return toLogin(c);
  return renderPage(c, HomePage({ email: emailOf(identity), userId: identity[0] }));
});

export const admin = page(async (c) => {
  const identity = await visitor(c);
  if (identity === null) return toLoginAndBack(c);
  const app = c.req.query('app') || 'default';
  const props = { email: emailOf(identity), userId: identity[0], app, isAdmin: isAdmin(identity) };
  return renderPage(c, AdminPage(props));
});

/** For admins: it shows what only they may ask for. */
export const shards = page(async (c) => {
  const identity = await visitor(c);
  if (identity === null) return toLoginAndBack(c);
  if (!isAdmin(identity)) throw forbidden();
  return renderPage(c, ShardsPage({ email: emailOf(identity) }));
});

/** For anyone: what one may read is decided where the page connects. To sign in is one way. */
export const viewer = page(async (c) => {
  const identity = await visitor(c);
  if (identity === null && c.req.query('sign-in') !== undefined) return toLoginAndBack(c);
  const tenant = c.req.query('tenant') || 'default';
  const email = identity && emailOf(identity);
  return renderPage(c, ViewerPage({ email, tenant }), { referrer: 'no-referrer' });
});

export const showLogin = page(async (c) => {
  const identity = await visitor(c);
  if (identity === null) return renderPage(c, LoginPage({}));
  return renderPage(c, SignedInPage({ email: emailOf(identity) }));
});

export const login = page(async (c) => {
  requireOwnOrigin(c.req.raw);
  const fields = await fieldsOf(c.req.raw, 'email');
  const answer = await sendLink(c, fields);
  if (answer.status === 202) {
    const localMail = hasLocalMail(c.env, c.req.raw);
    return renderPage(c, SentPage({ email: answer.data.to ?? '', localMail }));
  }
  const { error, message } = JSON.parse(answer.body) as { error: string; message: string };
  c.get('log').error = error;
  for (const [name, value] of answer.headers) if (name === 'retry-after') c.header(name, value);
  return renderPage(c, LoginPage({ email: fields.params.email ?? '', problem: message }), {
    status: answer.status,
  });
});

export const devMail: Handler = async (c) => {
  if (!hasLocalMail(c.env, c.req.raw)) {
    return problem(c, 404, 'not_found', 'Nothing is at this path');
  }
  const mails = await keptMails(c.env);
  c.header('cache-control', 'no-store');
  return asksForPage(c.req.raw) ? renderPage(c, MailPage({ mails })) : c.json(mails);
};
