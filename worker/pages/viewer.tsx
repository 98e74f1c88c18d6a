// /viewer: an event log, as it grows. The page holds no data and no key of its own: its script
// (browser/viewer.ts) follows the log by the client of events, and fills what is here.

import { assetUrl } from './assets.ts';
import { Layout } from './layout.tsx';

export interface ViewerProps {
  email: string | null;
  tenant: string;
}

const TENANT = '[A-Za-z0-9._\\-]*';

function Heading({ email, tenant }: ViewerProps) {
  return (
    <div class="line between">
      <h1>
        Event log <span class="wrap">{tenant}</span>
      </h1>
      <span class="line">
        {email === null && (
          <a class="small" href={`/viewer?tenant=${encodeURIComponent(tenant)}&sign-in=1`}>
            Sign in
          </a>
        )}
        <button class="link" type="button" id="change" aria-controls="setup" hidden>
          Log and keys
        </button>
      </span>
    </div>
  );
}

function Secret({ id, label, help }: { id: string; label: string; help: string }) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="password"
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        aria-describedby={`${id}-help`}
      />
      <p class="small" id={`${id}-help`}>
        {help}
      </p>
    </div>
  );
}

/** What to follow. Posted, and not asked for: no way leads from a field into an address. */
function Setup({ tenant }: { tenant: string }) {
  return (
    <form class="card" id="setup" method="post" aria-labelledby="setup-title" hidden>
      <h2 id="setup-title" tabindex={-1}>
        What to follow
      </h2>
      <p class="notice bad" id="setup-problem" role="alert" hidden />
      <div class="field">
        <label for="tenant">Tenant</label>
        <input
          id="tenant"
          value={tenant}
          pattern={TENANT}
          title="Letters, digits, dots, underscores and hyphens"
          maxlength={64}
          autocapitalize="none"
          spellcheck={false}
          required
        />
      </div>
      <div class="field">
        <label for="public">Public key</label>
        <input
          id="public"
          maxlength={1024}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          aria-describedby="public-help"
        />
        <p class="small" id="public-help">
          Names the log. An identity key that has both keys needs none here.
        </p>
      </div>
      <Secret
        id="key"
        label="Identity key"
        help="The writer’s. It stays in this tab; without it there is metadata only."
      />
      <Secret
        id="access"
        label="Access key or token"
        help="Who is signed in and may read this log needs none."
      />
      <div class="line">
        <button type="submit">Follow</button>
        <button class="quiet" type="button" id="cancel" hidden>
          Cancel
        </button>
      </div>
    </form>
  );
}

function Status() {
  return (
    <div class="line between" id="state">
      <p class="small state">
        <span class="status" id="status" role="status">
          Loading…
        </span>{' '}
        <span id="seen" />
      </p>
      <button class="link" type="button" id="retry" hidden>
        Connect now
      </button>
    </div>
  );
}

function Log() {
  return (
    <section id="log-view" aria-label="Entries" hidden>
      <p class="notice bad" id="problem" role="alert" hidden />
      <p class="notice" id="note" hidden />
      <fieldset class="line kinds" id="kinds">
        <legend class="hidden">Kinds of entries</legend>
      </fieldset>
      <div class="frame">
        <div class="log" id="log" role="feed" aria-label="Log" aria-busy="true" tabindex={0}>
          <div class="line start" id="start">
            <span class="small" id="start-text" />
            <button class="quiet" type="button" id="older" hidden>
              Older entries
            </button>
          </div>
          <div class="entries" id="entries" />
          <p class="small none" id="none" hidden />
        </div>
        <button class="newer" type="button" id="newer" hidden />
      </div>
      <p class="hidden" id="heard" role="status" />
    </section>
  );
}

export async function ViewerPage({ email, tenant }: ViewerProps) {
  return (
    <Layout title={`Event log ${tenant}`} email={email} style="viewer.css">
      <div id="viewer" data-tenant={tenant}>
        <Heading email={email} tenant={tenant} />
        <noscript>
          <p class="notice bad">This page needs JavaScript: it decrypts the entries here.</p>
        </noscript>
        <Status />
        <Setup tenant={tenant} />
        <Log />
      </div>
      <script type="module" src={await assetUrl('viewer.js')} />
    </Layout>
  );
}
