// /login: an address to send a link to; what was sent; and for who is signed in, as whom.

import { Layout } from './layout.tsx';

interface FormProps {
  /** What was typed before, to be mended. */
  email?: string;
  problem?: string;
}

export function LoginPage({ email = '', problem }: FormProps) {
  return (
    <Layout title="Sign in">
      <section class="card narrow">
        <h1>Sign in</h1>
        <p>We send a link to your e-mail address. There is no password.</p>
        {problem && (
          <p class="notice bad" id="problem" role="alert">
            {problem}
          </p>
        )}
        <form method="post" action="/login">
          <label for="email">E-mail address</label>
          <input
            id="email"
            name="email"
            type="email"
            value={email}
            autocomplete="email"
            autocapitalize="none"
            spellcheck={false}
            maxlength={254}
            required
            autofocus
            aria-invalid={problem ? 'true' : undefined}
            aria-describedby={problem ? 'problem' : undefined}
          />
          <button type="submit">Send the link</button>
        </form>
      </section>
    </Layout>
  );
}

export function SentPage({ email, localMail }: { email: string; localMail: boolean }) {
  return (
    <Layout title="Look into your mail">
      <section class="card narrow" role="status">
        <h1>Look into your mail</h1>
        <p>
          A link to sign in is on its way to <strong class="wrap">{email}</strong>. It is good once,
          for 15 minutes.
        </p>
        {localMail && (
          <p class="notice">
            This server runs on your machine: the mail is on <a href="/dev/mail">/dev/mail</a>.
          </p>
        )}
        <p>
          Nothing came? Look into the spam folder, or <a href="/login">send another one</a>.
        </p>
      </section>
    </Layout>
  );
}

export function SignedInPage({ email }: { email: string }) {
  return (
    <Layout title="Signed in" email={email}>
      <section class="card narrow">
        <h1>Signed in</h1>
        <p>
          You are signed in as <strong class="wrap">{email}</strong>.
        </p>
        <form method="post" action="/auth/sign-out">
          <button type="submit">Sign out</button>
        </form>
        <form method="post" action="/auth/sign-out?everywhere=true">
          <button class="quiet" type="submit">
            Sign out on all devices
          </button>
        </form>
      </section>
    </Layout>
  );
}
