// Mailgun's HTTP API: POST {base}/v3/{domain}/messages.

import type { Env } from '../env.ts';
import type { Mail, Mailer } from './mail.ts';

const BASE = 'https://api.mailgun.net';

const ANSWER_MAX_MS = 10_000;

export function mailgunMailer(env: Env): Mailer | null {
  const { MAILGUN_DOMAIN: domain, MAILGUN_API_KEY: key, MAIL_FROM: from } = env;
  if (!domain || !key || !from) return null;
  const url = new URL(`/v3/${encodeURIComponent(domain)}/messages`, env.MAILGUN_URL || BASE);
  const headers = { authorization: `Basic ${btoa(`api:${key}`)}` };
  return {
    async send({ to, subject, text }: Mail): Promise<void> {
      // A link that is tracked would lead by Mailgun, and be seen there.
      const body = new URLSearchParams({ from, to, subject, text, 'o:tracking': 'no' });
      const signal = AbortSignal.timeout(ANSWER_MAX_MS);
      const response = await fetch(url, {
        method: 'POST',
        headers,
        body,
        signal,
        redirect: 'manual', // The key is for this host alone.
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`Mailgun answered ${response.status}`);
    },
  };
}
