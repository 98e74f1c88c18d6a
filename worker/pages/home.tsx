// /: what a person learns, as their devices have it now. The page holds no data of its own: its
// script (browser/home.ts) keeps the records in the browser, and shows changes as they come.

import { assetUrl } from './assets.ts';
import { Layout } from './layout.tsx';

export interface HomeProps {
  email: string;
  userId: string;
}

export async function HomePage({ email, userId }: HomeProps) {
  return (
    <Layout title="Learning" email={email}>
      <h1>Learning</h1>
      <p class="small status" id="status" role="status">
        Loading…
      </p>
      <noscript>
        <p class="notice bad">This page needs JavaScript: it keeps your records in the browser.</p>
      </noscript>
      <div id="records" data-user={userId}>
        <section class="card" id="running" hidden>
          <h2>Running</h2>
          <p id="running-text"></p>
        </section>
        <section aria-labelledby="plans-title">
          <h2 id="plans-title">Plans</h2>
          <ul class="rows" id="plans"></ul>
        </section>
        <section aria-labelledby="sessions-title">
          <h2 id="sessions-title">Sessions</h2>
          <ul class="rows" id="sessions"></ul>
        </section>
      </div>
      <script type="module" src={await assetUrl('home.js')} />
    </Layout>
  );
}
