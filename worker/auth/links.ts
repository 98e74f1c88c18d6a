// Links to sign in: asked for, sent, read, and used up.

import type { Context } from 'hono';
import type { Answer, App } from '../app.ts';
import { logError } from '../log.ts';
import { mailerOf } from '../mail/mailer.ts';
import { Refused } from '../refused.ts';
import { type Fields, newSecret, run } from './operations.ts';
import { secretOf, signToken } from './tokens.ts';

/** Sends a link to the address that was given; answers as the core does. Throws Refused
 * `mail_not_configured`, `mail_failed`. */
export async function sendLink(
  c: Context<App>,
  { params, bytes }: Fields,
): Promise<Answer & { body: string }> {
  const mailer = mailerOf(c.env, c.req.raw);
  if (mailer === null) {
    const help = 'Whoever runs this server must choose how mail is sent';
    throw new Refused(503, 'mail_not_configured', 'No mail can be sent from here', help);
  }
  const secret = newSecret();
  const known = {
    secret,
    origin: new URL(c.env.PUBLIC_URL || c.req.url).origin,
    ip: c.req.header('cf-connecting-ip') ?? '',
    links_max: c.env.LINKS_PER_15_MINUTES ?? '',
  };
  const call = { operation: 'request_link', identity: null, params: { ...params, ...known } };
  const answer = await run(c.env, call, bytes);
  const { to, subject, text } = answer.data;
  if (to === undefined || subject === undefined || text === undefined) return answer;
  try {
    await mailer.send({ to, subject, text });
  } catch (error) {
    logError(error, { event: 'mail.failed' });
    await run(c.env, { operation: 'withdraw_link', identity: null, params: { secret } });
    throw new Refused(502, 'mail_failed', 'The mail could not be sent', 'Try again in a minute');
  }
  return answer;
}

/** Whose account a link opens, or the core's answer that says why none. Nothing is used up. */
export async function readLink(c: Context<App>, token: string): Promise<string | Answer> {
  const call = { operation: 'read_link', identity: null, params: { token } };
  const answer = await run(c.env, call);
  return answer.data.email ?? answer;
}

/** Uses a link up: a token of its user, or the core's answer that says why not. */
export async function verifyLink(
  c: Context<App>,
  { params, bytes }: Fields,
): Promise<{ token: string } | Answer> {
  secretOf(c.env); // A link is not used up where no token could be signed.
  const all = { ...params, admins: c.env.ADMINS ?? '' };
  const answer = await run(c.env, { operation: 'verify_link', identity: null, params: all }, bytes);
  if (answer.status !== 200) return answer;
  c.get('log').user_id = answer.data.user_id;
  return { token: await signToken(c.env, answer.data) };
}
