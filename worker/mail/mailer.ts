// Mail goes out by a provider that the variable MAIL names. The text is the core's; nothing in it
// or in the address can be a header of its own (wasm/accounts/email.h).

import type { Env } from '../env.ts';
import { cloudflareMailer } from './cloudflare.ts';
import { localMailer } from './local.ts';
import type { Mailer } from './mail.ts';
import { mailgunMailer } from './mailgun.ts';

/** None where the provider is not named, or lacks what it needs. */
export function mailerOf(env: Env, request: Request): Mailer | null {
  switch (env.MAIL) {
    case 'mailgun':
      return mailgunMailer(env);
    case 'cloudflare':
      return cloudflareMailer(env);
    case 'local':
      return localMailer(env, request);
    default:
      return null;
  }
}
