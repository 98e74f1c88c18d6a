// The script of the page at /viewer: an event log as it grows, read by the client of events and
// opened here with the key that the person has. It reads only; text goes into the page as text,
// never as HTML. Keys are in the memory of this tab, and nowhere else.

import type { SyncState } from '../../../client/events/sync/status.ts';
import { byId, make, tell } from './admin/dom.ts';
import { cleanAddress, fieldsOf, wantedOf } from './viewer/address.ts';
import { Entries } from './viewer/entries.ts';
import { KINDS, type Kind, type ShownEntry } from './viewer/entry.ts';
import { Feed } from './viewer/feed.ts';
import { List } from './viewer/list.ts';
import { guessedHeight, labelOf, rowOf } from './viewer/rows.ts';
import { Setup, type Target } from './viewer/setup.ts';
import { StatusLine } from './viewer/status.ts';

/** How often at most it is read out that something came. */
const ANNOUNCE_MS = 4_000;

const counted = (count: number, one: string, many: string): string =>
  count === 1 ? one : `${count.toLocaleString('en-US')} ${many}`;

class Page {
  readonly #status = new StatusLine();
  readonly #setup = new Setup(
    (target) => {
      this.follow(target);
      byId('log').focus();
    },
    () => {
      this.#showLog();
      byId('change').focus();
    },
  );
  readonly #list = new List({
    scroller: byId('log'),
    holder: byId('entries'),
    guess: guessedHeight,
    make: (entry) => this.#row(entry),
    onEnd: () => this.#onEnd(),
  });
  readonly #kinds = new Map<Kind, HTMLButtonElement>();
  readonly #open = new Set<number>();
  #entries = new Entries();
  #target: Target | null = null;
  #feed: Feed | null = null;
  #state: SyncState = 'disconnected';
  #unseen = 0;
  #unsaid = 0;
  #announcement = 0;
  #frame = 0;

  constructor() {
    for (const kind of KINDS) {
      const toggle = make('button', { type: 'button', class: `quiet ${kind}` });
      toggle.addEventListener('click', () => this.#toggle(kind));
      this.#kinds.set(kind, toggle);
    }
    byId('kinds').append(...this.#kinds.values());
    byId('newer').addEventListener('click', () => {
      this.#list.toEnd();
      byId('log').focus({ preventScroll: true });
    });
    byId('older').addEventListener('click', () => {
      this.#list.hold();
      this.#feed?.older();
    });
    byId('retry').addEventListener('click', () => this.#feed?.retry());
    byId('change').addEventListener('click', () => {
      this.ask();
      byId('setup-title').focus();
    });
  }

  /** Asks what to follow. */
  ask(problem = ''): void {
    byId('log-view').hidden = true;
    byId('change').hidden = true;
    if (this.#target === null) this.#status.none();
    this.#setup.open(this.#target, problem);
  }

  follow(target: Target): void {
    this.#feed?.close();
    this.#target = target;
    this.#anew();
    this.#name(target);
    this.#showLog();
    this.#feed = new Feed(target, {
      status: (status) => {
        this.#state = status.state;
        this.#status.show(status);
        this.#schedule();
      },
      entries: (batch) => this.#add(batch),
      anew: () => this.#anew(),
      hasOlder: (hasOlder) => {
        byId('older').hidden = !hasOlder;
        this.#schedule();
      },
    });
  }

  /** No entries, of the kinds that are not hidden. */
  #anew(): void {
    this.#entries = new Entries();
    for (const [kind, toggle] of this.#kinds) {
      if (toggle.ariaPressed === 'false') this.#entries.hide(kind, true);
    }
    this.#open.clear();
    this.#unseen = 0;
    this.#unsaid = 0;
    byId('older').hidden = true;
    this.#list.toEnd();
    this.#list.reset([]);
  }

  /** The address says the tenant; the public key is kept with it, and comes back on a reload. */
  #name({ tenant, publicKey }: Target): void {
    history.replaceState({ publicKey }, '', cleanAddress(tenant));
    byId('viewer').dataset.tenant = tenant;
    const name = document.querySelector('h1 span');
    if (name !== null) name.textContent = tenant;
  }

  #showLog(): void {
    byId('log-view').hidden = false;
    byId('change').hidden = false;
    this.#render();
  }

  #row(entry: ShownEntry): HTMLElement {
    return rowOf(entry, {
      isOpen: (sequence) => this.#open.has(sequence),
      onToggle: (sequence) => {
        if (!this.#open.delete(sequence)) {
          this.#open.add(sequence);
          this.#list.hold(); // What is read now does not go away.
          requestAnimationFrame(() => this.#list.reveal(sequence));
        }
      },
    });
  }

  #toggle(kind: Kind): void {
    this.#entries.hide(kind, !this.#entries.isHidden(kind));
    this.#list.reset(this.#entries.seen);
    this.#render();
  }

  #add(batch: ShownEntry[]): void {
    const change = this.#entries.add(batch);
    if (change.reset) this.#list.reset(this.#entries.seen);
    else this.#list.grown(this.#entries.seen, change);
    if (!this.#list.atEnd) this.#unseen += change.after;
    if (this.#state === 'connected') this.#unsaid += change.after;
    this.#announcement ||= setTimeout(() => this.#announce(), ANNOUNCE_MS);
    this.#schedule();
  }

  /** What came is read out as a number: the entries themselves are for who goes to them. */
  #announce(): void {
    this.#announcement = 0;
    if (this.#unsaid > 0) {
      byId('heard').textContent = counted(this.#unsaid, 'One new entry', 'new entries');
    }
    this.#unsaid = 0;
  }

  #onEnd(): void {
    if (this.#list.atEnd) this.#unseen = 0;
    this.#schedule();
  }

  #schedule(): void {
    this.#frame ||= requestAnimationFrame(() => this.#render());
  }

  /** All that is not the list itself. */
  #render(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const { counts, size, first, seen } = this.#entries;
    for (const [kind, toggle] of this.#kinds) {
      toggle.setAttribute('aria-pressed', String(!this.#entries.isHidden(kind)));
      const text = `${labelOf(kind)} ${counts[kind].toLocaleString('en-US')}`;
      if (toggle.textContent !== text) toggle.textContent = text;
    }
    const newer = byId('newer');
    newer.hidden = this.#list.atEnd || seen.length === 0;
    const came = counted(this.#unseen, 'One new entry', 'new entries');
    newer.textContent = this.#unseen === 0 ? 'To the end' : came;
    byId('log').setAttribute('aria-busy', String(this.#state === 'syncing'));
    const start = first === 1 ? 'The beginning of the log' : `From entry ${first} on`;
    tell(byId('start-text'), first === undefined ? '' : start);
    tell(byId('none'), this.#nothing(size, seen.length));
    tell(byId('note'), this.#note(counts.undecryptable, size));
  }

  #nothing(size: number, seen: number): string {
    if (seen > 0) return '';
    if (size > 0) return 'What is here is of kinds that are hidden.';
    return this.#state === 'connected' ? 'No entries yet. New ones come here by themselves.' : '';
  }

  #note(undecryptable: number, size: number): string {
    if (undecryptable === 0) return '';
    if (this.#target?.privateKey == null) {
      return 'Without the identity key of the writer there is metadata only.';
    }
    return undecryptable === size ? 'The identity key opens none of these entries.' : '';
  }
}

/** The public key of before a reload. */
function rememberedKey(): string {
  const state: unknown = history.state;
  const key = typeof state === 'object' && state !== null && 'publicKey' in state;
  return key && typeof state.publicKey === 'string' ? state.publicKey : '';
}

type Fields = ReturnType<typeof fieldsOf>;

const tenantOf = (): string => byId('viewer').dataset.tenant || 'default';

/** What the address says after its `#`, which is gone from it then. */
function takeFields(): Fields {
  const fields = fieldsOf(location.hash);
  if (fields !== null) history.replaceState(null, '', cleanAddress(tenantOf()));
  return fields;
}

function start(page: Page, fields: Fields): void {
  const none = { publicKey: rememberedKey(), privateKey: null, access: '' };
  try {
    const wanted = fields === null ? none : wantedOf(fields);
    if (wanted.publicKey === '') page.ask();
    else page.follow({ ...wanted, tenant: tenantOf() });
  } catch (error) {
    page.ask(error instanceof Error ? error.message : String(error));
  }
}

const fields = takeFields(); // Before anything else.
const page = new Page();
start(page, fields);
addEventListener('hashchange', () => {
  const given = takeFields();
  if (given !== null) start(page, given);
});
