// /dev/mail: the mails that a server on one's own machine would have sent.

import type { KeptMail } from '../mail/local.ts';
import { Layout } from './layout.tsx';

/** The text with its link as one. */
function Text({ text }: { text: string }) {
  const at = text.search(/https?:\/\//);
  if (at < 0) return <p class="wrap">{text}</p>;
  const link = text.slice(at);
  return (
    <p class="wrap">
      {text.slice(0, at)}
      <a href={link}>{link}</a>
    </p>
  );
}

export function MailPage({ mails }: { mails: KeptMail[] }) {
  return (
    <Layout title="Mail">
      <h1>Mail</h1>
      <p>
        This server runs on your machine, and sends its mails nowhere. They are here for a while.
      </p>
      {mails.length === 0 && <p class="notice">There is none.</p>}
      {mails.map(({ to, subject, text, at }) => (
        <article class="card">
          <h2>{subject}</h2>
          <p class="small">
            to <span class="wrap">{to}</span>,{' '}
            <time datetime={new Date(at).toISOString()}>
              {new Date(at).toISOString().slice(11, 19)} UTC
            </time>
          </p>
          <Text text={text} />
        </article>
      ))}
    </Layout>
  );
}
