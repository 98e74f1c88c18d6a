// Mail that goes nowhere, for a machine of one's own: it is kept for a quarter of an hour, shown on
// /dev/mail and in the terminal. Whoever reads it can sign in as anyone, so a Worker that is
// deployed has none of it: not in production, and not under any name but this machine's own.

import type { Env } from '../env.ts';
import { logEvent } from '../log.ts';
import type { Mail, Mailer } from './mail.ts';

const PREFIX = 'mail:';
const KEPT_S = 900;
const SHOWN_MAX = 50;
const LATEST_MS = 10 ** 14; // Keys count down from here: KV lists in order.

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

export interface KeptMail extends Mail {
  at: number;
}

export function hasLocalMail(env: Env, request: Request): boolean {
  const here = LOOPBACK.includes(new URL(request.url).hostname);
  return env.MAIL === 'local' && env.ENVIRONMENT !== 'production' && here;
}

export function localMailer(env: Env, request: Request): Mailer | null {
  if (!hasLocalMail(env, request)) return null;
  return {
    async send(mail: Mail): Promise<void> {
      const at = Date.now();
      const kept: KeptMail = { ...mail, at };
      const key = `${PREFIX}${LATEST_MS - at}:${crypto.randomUUID()}`;
      await env.KV.put(key, JSON.stringify(kept), { expirationTtl: KEPT_S });
      logEvent({ event: 'mail.kept', to: mail.to, text: mail.text });
    },
  };
}

/** The newest first. */
export async function keptMails(env: Env): Promise<KeptMail[]> {
  const { keys } = await env.KV.list({ prefix: PREFIX, limit: SHOWN_MAX });
  const mails = await Promise.all(keys.map(({ name }) => env.KV.get<KeptMail>(name, 'json')));
  return mails.filter((mail) => mail !== null);
}
