// /admin/shards: how the shards of SQL over many databases are, for admins. The page holds no data
// of its own: its script (browser/shards.ts) asks for it, and fills what is here.

import { assetUrl } from './assets.ts';
import { Layout } from './layout.tsx';

function Moves() {
  return (
    <section class="card" aria-labelledby="moves-title">
      <h2 id="moves-title">Moves</h2>
      <ul class="rows" id="moves" />
      <p class="small" id="moves-note" role="status" />
    </section>
  );
}

function Rebalance() {
  return (
    <section class="card" aria-labelledby="plan-title">
      <h2 id="plan-title">Rebalance</h2>
      <p class="small">What a rebalance would move. To look at it moves nothing.</p>
      <button class="quiet" type="button" id="plan">
        Show the plan
      </button>
      <ul class="rows" id="plan-list" />
      <p class="small" id="plan-note" role="status" />
    </section>
  );
}

export async function ShardsPage({ email }: { email: string }) {
  return (
    <Layout title="Shards" email={email} style="shards.css">
      <div id="shards">
        <div class="line between">
          <h1>Shards</h1>
          <button class="quiet" type="button" id="refresh">
            Refresh
          </button>
        </div>
        <noscript>
          <p class="notice bad">This page needs JavaScript.</p>
        </noscript>
        <p class="notice bad" id="problem" role="alert" hidden />
        <p id="summary" role="status">
          Loading…
        </p>
        <ul id="warnings" hidden />
        <section class="card" aria-labelledby="distribution-title">
          <h2 id="distribution-title">Distribution</h2>
          <p class="small" id="distribution" role="status" />
          <ul class="bars" id="bars" />
        </section>
        <Moves />
        <Rebalance />
        <section class="card" aria-labelledby="parts-title">
          <h2 id="parts-title">Parts</h2>
          <p class="small" id="since" />
          <dl class="parts" id="parts" />
        </section>
      </div>
      <script type="module" src={await assetUrl('shards.js')} />
    </Layout>
  );
}
