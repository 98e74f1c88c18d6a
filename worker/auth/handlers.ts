// The routes of /auth: what programs call, and where the pages' forms lead.

import type { Context } from 'hono';
import { admit, admitted, enter } from '../admission.ts';
import { type App, respond, Stopped } from '../app.ts';
import { identify } from '../identity.ts';
import { problemPage, renderPage } from '../pages/render.ts';
import { VerifyPage } from '../pages/verify.tsx';
import { runInSpace } from '../space_client.ts';
import { cookieOf, endedCookie, requireOwnOrigin, sessionCookie } from './credentials.ts';
import { sendLink, verifyLink } from './links.ts';
import { asksForPage } from './negotiation.ts';
import { fieldsOf, isForm } from './operations.ts';
import { issueTicket } from './tickets.ts';
import { TOKEN_SECONDS } from './tokens.ts';

/** Where a person goes who has just signed in. */
const HOME = '/';

type Handler = (c: Context<App>) => Promise<Response>;

const noStore = (response: Response): Response => {
  response.headers.set('cache-control', 'no-store');
  return response;
};

export const requestLink: Handler = async (c) => {
  const answer = await sendLink(c, await fieldsOf(c.req.raw, 'email'));
  c.get('log').error = answer.data.error;
  return noStore(respond(answer));
};

/** A page uses no link up, whoever opens it: a program that looks at mails, or a browser ahead of
 * its user. */
export const showOrVerify: Handler = async (c) => {
  const token = c.req.query('token') ?? '';
  if (c.req.raw.method === 'HEAD' || asksForPage(c.req.raw)) {
    return renderPage(c, VerifyPage({ token }), { referrer: 'no-referrer' });
  }
  return answerToken(c, { params: { token }, bytes: new Uint8Array() });
};

export const verify: Handler = async (c) => {
  if (!isForm(c.req.raw)) return answerToken(c, await fieldsOf(c.req.raw, 'token'));
  requireOwnOrigin(c.req.raw); // Else another site could sign a person in as somebody else.
  const verified = await verifyLink(c, await fieldsOf(c.req.raw, 'token'));
  if (!('token' in verified)) return problemPage(c, new Stopped(verified));
  const cookie = sessionCookie(verified.token, TOKEN_SECONDS);
  return noStore(
    new Response(null, { status: 303, headers: { location: HOME, 'set-cookie': cookie } }),
  );
};

async function answerToken(c: Context<App>, fields: Parameters<typeof verifyLink>[1]) {
  c.header('referrer-policy', 'no-referrer');
  const verified = await verifyLink(c, fields);
  if ('token' in verified) return noStore(c.json({ jwt: verified.token }));
  c.get('log').error = verified.data.error;
  return noStore(respond(verified));
}

export const ticket: Handler = async (c) => {
  const identity = await identify(c.req.raw, c.env);
  c.get('log').user_id = identity[0];
  await admit(c.env, identity);
  const answer = await issueTicket(c.env, identity);
  c.get('log').error = answer.data.error;
  return noStore(respond(answer));
};

export const signOut: Handler = async (c) => {
  const { raw } = c.req;
  if (cookieOf(raw) !== undefined || isForm(raw)) requireOwnOrigin(raw);
  if (c.req.query('everywhere') === 'true') {
    const identity = await identify(raw, c.env);
    c.get('log').user_id = identity[0];
    const call = { operation: 'revoke_tokens', identity, params: {} };
    const space = await enter(c.env, identity);
    const answer = await runInSpace(c.env, space, admitted(c.env, call));
    if (answer.status !== 200) throw new Stopped(answer);
  }
  const response = isForm(raw)
    ? new Response(null, { status: 303, headers: { location: '/login' } })
    : Response.json({ signed_out: true });
  response.headers.set('set-cookie', endedCookie());
  return noStore(response);
};
