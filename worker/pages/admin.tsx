// /admin: a document's records, for who may write them. The page holds no data of its own: its
// script (browser/admin.ts) reads and writes by the client of documents, and fills what is here.

import { assetUrl } from './assets.ts';
import { Layout } from './layout.tsx';

export interface AdminProps {
  email: string;
  userId: string;
  app: string;
  /** Who may see the shards, too. */
  isAdmin: boolean;
}

const APP_NAME = '[a-z0-9][a-z0-9._\\-]*';

function Heading({ app }: { app: string }) {
  return (
    <div class="heading">
      <h1>
        Document <span class="wrap">{app}</span>
      </h1>
      <form class="line" method="get" action="/admin">
        <label for="app">App</label>
        <input
          id="app"
          name="app"
          value={app}
          pattern={APP_NAME}
          title="Small letters, digits, dots, underscores and hyphens"
          maxlength={63}
          autocapitalize="none"
          spellcheck={false}
          required
        />
        <button class="quiet" type="submit">
          Open
        </button>
      </form>
    </div>
  );
}

/** What waits, what was refused, and who wrote first: above every view. */
function Changes({ app }: { app: string }) {
  return (
    <>
      <div class="line between">
        <p class="small status" id="status" role="status">
          Loading…
        </p>
        <span class="line">
          <a class="small" id="sign-in" href={`/admin?app=${encodeURIComponent(app)}`} hidden>
            Sign in
          </a>
          <button class="link" type="button" id="reload">
            Reload
          </button>
        </span>
      </div>
      <p class="small bad" id="status-error" role="status" hidden />
      <p class="notice bad" id="problem" role="alert" hidden />
      <div class="notice line between" id="done" hidden>
        <span class="wrap" id="done-text" role="status" />
        <button class="quiet" type="button" id="undo">
          Undo
        </button>
      </div>
      <section class="card" id="trouble" aria-labelledby="trouble-title" hidden>
        <h2 id="trouble-title" tabindex={-1}>
          Your decision
        </h2>
        <ul class="cases" id="cases" />
      </section>
      <details id="waiting" hidden>
        <summary id="waiting-title">Waiting</summary>
        <ul class="rows" id="waiting-list" />
      </details>
    </>
  );
}

function Views({ isAdmin }: Pick<AdminProps, 'isAdmin'>) {
  return (
    <nav class="tabs" aria-label="Views">
      <a href="#records">Records</a>
      <a href="#activity">Activity</a>
      <a href="#snapshots">Snapshots</a>
      {isAdmin && <a href="/admin/shards">Shards</a>}
    </nav>
  );
}

function Records() {
  return (
    <section class="view columns" id="records-view" aria-label="Records">
      <nav aria-labelledby="collections-title">
        <h2 id="collections-title">Collections</h2>
        <ul class="choices" id="collections" />
        <button class="quiet" type="button" id="new-collection">
          New collection
        </button>
      </nav>
      <section aria-labelledby="collection-title">
        <div class="line between">
          <h2 class="wrap" id="collection-title" tabindex={-1}>
            Records
          </h2>
          <button type="button" id="add">
            Add a record
          </button>
        </div>
        <div id="search-row">
          <label class="hidden" for="search">
            Search these records
          </label>
          <input id="search" type="search" placeholder="Search" autocomplete="off" />
        </div>
        <table id="records-table" aria-labelledby="collection-title" />
        <p class="small" id="records-note" role="status" />
        <button class="quiet" type="button" id="more" hidden>
          Show more
        </button>
        <details id="values" hidden>
          <summary>Other members of the document</summary>
          <dl class="values" id="values-list" />
        </details>
      </section>
    </section>
  );
}

function Activity() {
  return (
    <section class="view" id="activity-view" aria-labelledby="activity-title" hidden>
      <div class="line between">
        <h2 id="activity-title">Activity</h2>
        <label class="check">
          <input type="checkbox" id="polling" />
          Show polling
        </label>
      </div>
      <table id="activity-table" aria-labelledby="activity-title" />
      <p class="small" id="activity-note" role="status" />
      <button class="quiet" type="button" id="older" hidden>
        Older
      </button>
    </section>
  );
}

function Snapshots() {
  return (
    <section class="view" id="snapshots-view" aria-labelledby="snapshots-title" hidden>
      <h2 id="snapshots-title">Snapshots</h2>
      <p class="small">
        One is kept of each day. To restore one puts it in the place of the whole document.
      </p>
      <ul class="rows" id="snapshots-list" />
      <p class="small" id="snapshots-note" role="status" />
    </section>
  );
}

function Editor() {
  return (
    <dialog id="editor" aria-labelledby="editor-title">
      <form method="dialog" id="editor-form" novalidate>
        <h2 class="wrap" id="editor-title">
          Record
        </h2>
        <p class="notice bad" id="editor-problem" role="alert" hidden />
        <p class="notice" id="editor-note" role="status" hidden />
        <div id="keys" />
        <fieldset class="modes">
          <legend class="hidden">Edit as</legend>
          <label class="check">
            <input type="radio" name="mode" value="fields" id="mode-fields" checked />
            Fields
          </label>
          <label class="check">
            <input type="radio" name="mode" value="json" id="mode-json" />
            JSON
          </label>
        </fieldset>
        <div id="fields" />
        <div id="json-row" hidden>
          <label for="json">Record as JSON</label>
          <textarea id="json" rows={12} spellcheck={false} autocapitalize="none" />
        </div>
        <div class="actions">
          <button type="submit" id="save">
            Save
          </button>
          <button class="quiet" type="button" id="cancel">
            Cancel
          </button>
          <button class="danger" type="button" id="delete">
            Delete
          </button>
        </div>
      </form>
    </dialog>
  );
}

function Confirm() {
  return (
    <dialog id="confirm" role="alertdialog" aria-labelledby="confirm-title" aria-describedby="ask">
      <form method="dialog">
        <h2 id="confirm-title">Sure?</h2>
        <p class="wrap" id="ask" />
        <div class="actions">
          <button class="quiet" type="submit" value="no" id="confirm-no" autofocus>
            Cancel
          </button>
          <button class="danger" type="submit" value="yes" id="confirm-yes" />
        </div>
      </form>
    </dialog>
  );
}

export async function AdminPage({ email, userId, app, isAdmin }: AdminProps) {
  return (
    <Layout title={`Document ${app}`} email={email} style="admin.css">
      <div id="admin" data-app={app} data-user={userId}>
        <Heading app={app} />
        <noscript>
          <p class="notice bad">This page needs JavaScript: it keeps your changes until saved.</p>
        </noscript>
        <Changes app={app} />
        <Views isAdmin={isAdmin} />
        <Records />
        <Activity />
        <Snapshots />
        <Editor />
        <Confirm />
      </div>
      <script type="module" src={await assetUrl('admin.js')} />
    </Layout>
  );
}
