// The script of the page at /admin: a document by the client of documents (client/documents), which
// reads, queues and sends. This file starts it and ties the views together; text goes into the page
// as text, never as HTML.

import { DB, type DocumentRecord, HttpAdapter } from '../../../client/documents/index.ts';
import { equal } from '../../../client/documents/json.ts';
import { indexedDbStore } from '../../../client/stores/indexeddb.ts';
import { ActivityView } from './admin/activity.ts';
import { Changes } from './admin/changes.ts';
import { confirm } from './admin/confirm.ts';
import { byId, tell } from './admin/dom.ts';
import { Editor, type Wish } from './admin/editor.ts';
import { usualFields } from './admin/fields.ts';
import { said } from './admin/problems.ts';
import { RecordsView } from './admin/records.ts';
import { SnapshotsView } from './admin/snapshots.ts';
import { storeName } from './admin/store_name.ts';

const READ_MS = 5_000;
const VIEWS = ['records', 'activity', 'snapshots'] as const;

/** Where the document of an app is: as far as the address goes, a name is a name. */
function addressOf(app: string): string {
  const path = app === 'default' ? '/db.json' : `/apps/${encodeURIComponent(app)}/db.json`;
  const url = new URL(path, location.origin);
  if (url.pathname !== path) throw new Error(`${app} is no name of an app`);
  return url.href;
}

const showProblem = (text: string) => tell(byId('problem'), text);

/** Says what was done, and offers to take it back where there is a way. */
function showDone(text: string, undo?: () => Promise<void>): void {
  byId('done').hidden = false;
  byId('done-text').textContent = text;
  byId('undo').hidden = undo === undefined;
  byId('undo').onclick = () => {
    byId('done').hidden = true;
    byId('collection-title').focus();
    undo?.().catch((error: unknown) => showProblem(said(error)));
  };
}

class Page {
  readonly #db: DB;
  readonly #editor = new Editor(() => crypto.randomUUID());
  readonly #changes: Changes;
  readonly #records: RecordsView;
  readonly #activity: ActivityView;
  readonly #snapshots: SnapshotsView;

  constructor(db: DB, server: HttpAdapter) {
    this.#db = db;
    this.#changes = new Changes(db, showProblem);
    this.#records = new RecordsView({
      db,
      onOpen: (collection, record) => this.#edit(collection, record),
    });
    this.#activity = new ActivityView(server);
    this.#snapshots = new SnapshotsView({
      db,
      server,
      onRestored: (day) => showDone(`The document is that of ${day} again.`),
      onProblem: showProblem,
    });
    db.subscribe(() => {
      this.#records.render();
      this.#tellEditor();
    });
    db.watchStatus(() => this.#onStatus());
    db.queue.subscribe(() => this.#onStatus());
    addEventListener('hashchange', () => {
      byId('done').hidden = true;
      this.#route();
    });
    byId('add').addEventListener('click', () => this.#edit(this.#records.collection));
    byId('new-collection').addEventListener('click', () => this.#edit(undefined));
    byId('reload').addEventListener('click', () => void this.reload());
    this.#route();
    this.#onStatus();
  }

  async reload(): Promise<void> {
    showProblem('');
    this.#db.resume();
    await this.#db.refresh().catch(() => {}); // The status tells it.
    this.#onStatus();
  }

  #onStatus(): void {
    this.#changes.render();
    this.#records.render();
  }

  #route(): void {
    const [wanted = '', name] = location.hash.slice(1).split('/');
    const view = VIEWS.find((each) => each === wanted) ?? 'records';
    for (const each of VIEWS) byId(`${each}-view`).hidden = each !== view;
    for (const link of document.querySelectorAll<HTMLAnchorElement>('.tabs a')) {
      if (link.hash === `#${view}`) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    if (view === 'activity') this.#activity.show();
    else this.#activity.hide();
    if (view === 'snapshots') void this.#snapshots.show();
    if (view === 'records' && name !== undefined) this.#records.choose(decoded(name));
    else this.#records.render();
  }

  /** Others' changes of the record that is open. */
  #tellEditor(): void {
    const { collection, record } = this.#editor.subject ?? {};
    if (collection === undefined || typeof record?.id !== 'string') return;
    const now = this.#db.collection(collection).get(record.id);
    const gone = 'Somebody deleted this record meanwhile.';
    const changed = 'Somebody changed this record meanwhile. What you leave alone stays theirs.';
    this.#editor.note(now === undefined ? gone : equal(now, record) ? '' : changed);
  }

  #edit(collection: string | undefined, record?: DocumentRecord): void {
    const all = collection === undefined ? [] : this.#db.collection(collection).list();
    const usual = record === undefined ? usualFields([...all]) : [];
    this.#editor.open({ collection, record, usual }, (wish) => {
      showProblem('');
      return wish.action === 'delete' ? this.#delete(wish) : this.#save(wish, record ?? null);
    });
  }

  /** `base` is how the record was opened: what others changed since is merged, or reported. */
  async #save({ collection, record }: Wish, base: DocumentRecord | null): Promise<boolean> {
    if (base === null && this.#db.collection(collection).get(record.id) !== undefined) {
      throw new Error(`${collection} has a record with the id ${record.id} already`);
    }
    await this.#db.upsert(collection, record, { base });
    byId('done').hidden = true;
    location.hash = `#records/${encodeURIComponent(collection)}`;
    this.#records.choose(collection);
    return true;
  }

  async #delete({ collection, record }: Wish): Promise<boolean> {
    const names = this.#db.collections();
    const records = names.flatMap((name) => this.#db.collection(name).list());
    // The database asks before the last one goes, and the server wants to be told so.
    const options = { base: record, allowEmpty: records.length === 1 };
    const isGone = await this.#db.delete(collection, record.id, options);
    if (isGone) {
      const undo = () => this.#db.upsert(collection, record, { base: null });
      showDone(`Deleted ${record.id}.`, undo);
    }
    return isGone || this.#db.collection(collection).get(record.id) === undefined;
  }
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // Somebody typed it.
  }
}

async function start(): Promise<void> {
  const { app = 'default', user = '' } = byId('admin').dataset;
  const url = addressOf(app);
  const server = new HttpAdapter({ snapshotUrl: url, writeUrl: url });
  const db = await DB.open({
    adapter: server,
    store: indexedDbStore(storeName(user, app)),
    view: 'owner',
    confirm: ({ collection, id }) =>
      confirm({
        title: 'Delete the last record?',
        text: `${collection} / ${id} is the last record of the document. Nothing is left then.`,
        yes: 'Delete it',
      }),
  });
  await new Page(db, server).reload();
  // What nobody looks at is not read.
  const read = () => {
    if (!document.hidden) db.refresh().catch(() => {}); // The status tells it.
  };
  setInterval(read, READ_MS);
  document.addEventListener('visibilitychange', read);
  addEventListener('online', () => db.resume());
}

start().catch((error: unknown) => {
  byId('status').textContent = 'This page does not work here';
  showProblem(said(error));
});
