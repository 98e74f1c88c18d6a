// Mail goes out by a provider that the variable MAIL names. The text is the core's; nothing in it
// or in the address can be a header of its own (wasm/accounts/email.h).

import type { Env } from '../env.ts';
import { cloudflareMailer } from './cloudflare.ts';
import { localMailer } from './local.ts';
import { mailgunMailer } from './mailgun.ts';

export interface Mail {
  to: string;
  subject: string;
  text: string;
}

export interface Mailer {
  /** Resolves when the provider has taken the mail. Throws an error that names no address. */
  send(mail: Mail): Promise<void>;
}

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
