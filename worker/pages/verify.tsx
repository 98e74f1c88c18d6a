// Where the link of a mail leads: whose account it opens, a button for this browser, and a token to
// copy into a program.

import { Layout } from './layout.tsx';

export function VerifyPage({ email, token }: { email: string; token: string }) {
  return (
    <Layout title="Sign in">
      <section class="card narrow">
        <h1>Sign in</h1>
        <p>
          This link signs in as <strong class="wrap">{email}</strong>.
        </p>
        <form method="post" action="/auth/verify">
          <input type="hidden" name="token" value={token} />
          <button type="submit">Sign in with this browser</button>
        </form>
        <h2 id="copy">Or sign in from a terminal</h2>
        <p>Copy this token and paste in CLI:</p>
        <p>
          <code class="token">{token}</code>
        </p>
        <p class="small">It is good once, for 15 minutes after the mail was sent.</p>
      </section>
    </Layout>
  );
}
