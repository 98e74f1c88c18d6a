// The routes of /auth: what programs call, and where the pages' forms lead.

import type { Context } from 'hono';
import { admit, admitted, enter } from '../admission.ts';
import { type App, respond, Stopped, statusOf } from '../app.ts';
import { identify } from '../identity.ts';
import { problemPage, renderPage } from '../pages/render.ts';
import { VerifyPage } from '../pages/verify.tsx';
import { runInSpace } from '../space_client.ts';
import {
  cookieOf,
  endedCookie,
  requireOwnOrigin,
  sessionCookie,
  tellsOrigin,
} from './credentials.ts';
import { readLink, sendLink, verifyLink } from './links.ts';
import { asksForPage } from './negotiation.ts';
import { fieldsOf, isForm } from './operations.ts';
import { issueTicket } from './tickets.ts';
import { TOKEN_SECONDS } from './tokens.ts';
import { endedWayBack, wayBackOf } from './way_back.ts';

type Handler = (c: Context<App>) => Promise<Response>;

const noStore = (response: Response): Response => {
  response.headers.set('cache-control', 'no-store');
  return response;
};

export const requestLink: Handler = async (c) => {
  // Else a page of another site could send mails, and use up the links of who looks at it.
  if (isForm(c.req.raw) && tellsOrigin(c.req.raw)) requireOwnOrigin(c.req.raw);
  const answer = await sendLink(c, await fieldsOf(c.req.raw, 'email'));
  c.get('log').error = answer.data.error;
  return noStore(respond(answer));
};

/** Of a page whose address has a link's token. */
const SECRET_ADDRESS = { referrer: 'no-referrer' } as const;

/** A page uses no link up, whoever opens it: a program that looks at mails, or a browser ahead of
 * its user. */
export const showOrVerify: Handler = async (c) => {
  const token = c.req.query('token') ?? '';
  if (c.req.raw.method === 'HEAD' || asksForPage(c.req.raw)) {
    const email = await readLink(c, token);
    if (typeof email !== 'string') return problemPage(c, new Stopped(email), SECRET_ADDRESS);
    return renderPage(c, VerifyPage({ email, token }), SECRET_ADDRESS);
  }
  return answerToken(c, { params: { token }, bytes: new Uint8Array() });
};

export const verify: Handler = async (c) => {
  if (!isForm(c.req.raw)) return answerToken(c, await fieldsOf(c.req.raw, 'token'));
  requireOwnOrigin(c.req.raw); // Else another site could sign a person in as somebody else.
  const verified = await verifyLink(c, await fieldsOf(c.req.raw, 'token'));
  if (!('token' in verified)) return problemPage(c, new Stopped(verified));
  const response = new Response(null, { status: 303, headers: { location: wayBackOf(c.req.raw) } });
  const cookies = [sessionCookie(verified.token, TOKEN_SECONDS), ...endedWayBack(c.req.raw)];
  for (const cookie of cookies) response.headers.append('set-cookie', cookie);
  return noStore(response);
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
  const form = isForm(raw);
  if (cookieOf(raw) !== undefined || form) requireOwnOrigin(raw);
  if (c.req.query('everywhere') === 'true') {
    try {
      await revokeTokens(c);
    } catch (error) {
      if (!form) throw error;
      // Whose token is no good any more is signed out: only the cookie is left to take back.
      if (statusOf(error) !== 401) return problemPage(c, error);
    }
  }
  const response = form
    ? new Response(null, { status: 303, headers: { location: '/login', ...FORGET_RECORDS } })
    : Response.json({ signed_out: true });
  response.headers.set('set-cookie', endedCookie());
  return noStore(response);
};

/** The pages keep records in the browser, which may be somebody else's next. */
const FORGET_RECORDS = { 'clear-site-data': '"storage"' };

async function revokeTokens(c: Context<App>): Promise<void> {
  const identity = await identify(c.req.raw, c.env);
  c.get('log').user_id = identity[0];
  const call = { operation: 'revoke_tokens', identity, params: {} };
  const space = await enter(c.env, identity);
  const answer = await runInSpace(c.env, space, admitted(c.env, call));
  if (answer.status !== 200) throw new Stopped(answer);
}
