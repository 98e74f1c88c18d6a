// Cloudflare's own mail: the binding EMAIL, of kind `send_email`.

import type { Env } from '../env.ts';
import type { Mail, Mailer } from './mail.ts';

const ANSWER_MAX_MS = 10_000;

export function cloudflareMailer({ EMAIL: binding, MAIL_FROM: from }: Env): Mailer | null {
  if (!binding || !from) return null;
  return {
    async send({ to, subject, text }: Mail): Promise<void> {
      const late = AbortSignal.timeout(ANSWER_MAX_MS);
      const ends = new Promise<never>((_, reject) => {
        late.addEventListener('abort', () => reject(new Error('no answer in time')));
      });
      try {
        await Promise.race([binding.send({ from, to, subject, text }), ends]);
      } catch (error) {
        // Its message may name the address; its code does not.
        const { code } = error as { code?: unknown };
        const why = late.aborted
          ? 'no answer in time'
          : typeof code === 'string'
            ? code
            : 'refused';
        throw new Error(`Cloudflare's mail: ${why}`);
      }
    },
  };
}
